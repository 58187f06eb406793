/*
 * restore_layer.h - one layer of a sequential rebuild (restore.h): its moments, its new weights,
 * its results.
 */
#ifndef AMCT_STRUCTURE_RESTORE_LAYER_H
#define AMCT_STRUCTURE_RESTORE_LAYER_H

#include "structure/factorise.h"
#include "structure/pairs.h"

/* The first one of a layer in two: both are fitted as one, of which it becomes the basis
 * (factorise.h). */
typedef struct amct_restoring_first {
    amct_split_form form;
    amct_columns columns; /* its own */
    float *weights;       /* new ones */
    float *bias;          /* zeros */
} amct_restoring_first;

typedef struct amct_restoring {
    const amct_layer *layer; /* of the candidate */
    amct_columns columns;    /* of both, if it is the first of two */
    uint32_t result;         /* the tensor that it aims at, in both */
    uint32_t other;          /* what is added to it, in both; AMCT_NO_TENSOR */
    double low, high;        /* then all is cut off to this range; infinite: not */
    int64_t channels;        /* of the original's result */
    const int64_t *kept;     /* of these, the channels of the candidate's */
    const float *old_weights;
    float *weights, *bias;       /* new ones, in the layout of columns */
    amct_restoring_first *first; /* NULL: it is whole, or the second one */
} amct_restoring;

/* Bytes that fitting takes. */
double amct_restore_bytes(const amct_columns *columns);
/* Fits weights and bias to what the pairs hold, which have run up to the layer's result. */
amct_status amct_restore_fit(amct_restoring *r, const amct_pairs *pairs, uint32_t stream,
                             double ridge, amct_err *err);
/* Makes the candidate's results anew. */
amct_status amct_restore_apply(const amct_restoring *r, const amct_pairs *pairs, amct_err *err);

#endif
