/*
 * window.h - the geometry of convolution and pooling: what a window covers, how far it moves, what
 * is padded, and how many results there are.
 */
#ifndef AMCT_OPS_WINDOW_H
#define AMCT_OPS_WINDOW_H

#include "graph/graph.h"

#define AMCT_WINDOW_DIMS 3 /* spatial dims at most */

/* Per spatial dim, in the order of the tensor's dims. Everything but the pads of ConvTranspose is
 * at least what its comment says; sums and products of one dim's numbers do not overflow. */
typedef struct amct_window {
    int32_t rank;                        /* spatial dims: 1 to AMCT_WINDOW_DIMS */
    int64_t in[AMCT_WINDOW_DIMS];        /* size of the source, >= 1 */
    int64_t kernel[AMCT_WINDOW_DIMS];    /* >= 1 */
    int64_t strides[AMCT_WINDOW_DIMS];   /* >= 1 */
    int64_t dilations[AMCT_WINDOW_DIMS]; /* >= 1 */
    /* >= 0, with auto_pad resolved. Of ConvTranspose they are what is cut off the result, may be
     * negative at the end (output_padding), and satisfy
     * out = (in - 1) * stride + extent - pad_begin - pad_end. */
    int64_t pad_begin[AMCT_WINDOW_DIMS];
    int64_t pad_end[AMCT_WINDOW_DIMS]; /* as declared: with ceil_mode a window may reach further */
    int64_t out[AMCT_WINDOW_DIMS];     /* size of the result, >= 1 */
} amct_window;

/* Reads kernel_shape, strides, dilations, pads, auto_pad, ceil_mode, output_padding and
 * output_shape of a convolution or pooling whose source is N x C x spatial. weights is the shape of
 * the convolution's weights (... x ... x kernel), NULL for pooling. A node named ConvTranspose is
 * reckoned backwards. Fails with AMCT_E_INVALID, naming the dim, where the numbers make no window;
 * AMCT_E_UNSUPPORTED beyond AMCT_WINDOW_DIMS spatial dims. */
amct_status amct_window_make(amct_window *out, const amct_node *node, const amct_shape *src,
                             const amct_shape *weights, amct_err *err);

/* What a window covers: (kernel - 1) * dilation + 1. */
static inline int64_t amct_window_extent(const amct_window *w, int32_t d)
{
    return (w->kernel[d] - 1) * w->dilations[d] + 1;
}

/* N x channels x out. */
amct_shape amct_window_result(const amct_window *w, const amct_shape *src, int64_t channels);

/* The same window with leading dims of size 1, so that all ranks share one nest of loops. */
amct_window amct_window_to_3d(const amct_window *w);

#endif
