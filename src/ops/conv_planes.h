/*
 * conv_planes.h - the loops that all convolutions share.
 *
 * Sums are kept in double: far more than a float result needs, and exact for integers of 8 bits.
 * Their order is that of the specification: input channel, then kernel position.
 */
#ifndef AMCT_OPS_CONV_PLANES_H
#define AMCT_OPS_CONV_PLANES_H

#include "ops/op.h"
#include "ops/window.h"

typedef struct amct_conv {
    amct_window window;
    bool transposed;
    int64_t samples, groups;
    int64_t src_channels, dst_channels; /* per group */
} amct_conv;

/* Geometry of a convolution with its channels checked against the groups; transposed if the node is
 * a ConvTranspose. *result is the shape of the result. */
amct_status amct_conv_make(amct_conv *out, amct_shape *result, const amct_node *node,
                           const amct_shape *src, const amct_shape *weights, amct_err *err);

/* What is subtracted before multiplying, and what a plane of sums begins with. */
typedef struct amct_conv_terms {
    double src_zero;
    const amct_value *weights_zero; /* one element or one per output channel; NULL: 0 */
    const amct_value *bias;         /* one element per output channel; NULL: 0 */
} amct_conv_terms;

/* Computes the sums of each output channel of each sample, lets `finish` (NULL: nothing) change
 * them, and stores them to dst. finish sees the output channel and the n sums of its plane. */
amct_status amct_conv_run(const amct_conv *conv, const amct_conv_terms *terms,
                          const amct_value *src, const amct_value *weights, const amct_value *dst,
                          void (*finish)(const void *ctx, int64_t channel, double *sums, int64_t n),
                          const void *ctx, amct_err *err);

#endif
