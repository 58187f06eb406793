/*
 * restore_layer.h - one layer of a sequential rebuild (restore.h): its moments, its new weights,
 * its results.
 */
#ifndef AMCT_COMPRESS_RESTORE_LAYER_H
#define AMCT_COMPRESS_RESTORE_LAYER_H

#include "compress/columns.h"
#include "compress/pairs.h"

typedef struct amct_restoring {
    const amct_layer *layer; /* of the candidate */
    amct_columns columns;
    uint32_t result;     /* the tensor that it aims at, in both */
    uint32_t other;      /* what is added to it, in both; AMCT_NO_TENSOR */
    int64_t channels;    /* of the original's result */
    const int64_t *kept; /* of these, the channels of the candidate's */
    const float *old_weights;
    float *weights, *bias; /* new ones, in the layer's layout */
} amct_restoring;

/* Fits weights and bias to what the pairs hold, which have run up to the layer's result. */
amct_status amct_restore_fit(amct_restoring *r, const amct_pairs *pairs, uint32_t stream,
                             double ridge, amct_err *err);
/* Makes the candidate's results anew. */
amct_status amct_restore_apply(const amct_restoring *r, const amct_pairs *pairs, amct_err *err);

#endif
