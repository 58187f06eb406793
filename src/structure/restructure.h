/*
 * restructure.h - a network of another shape inside: channels dropped, layers with other weights,
 * layers factorised into two. The network's inputs and outputs stay what they are, names, shapes
 * and types.
 *
 * What is done to one layer is composed in this order: its channels are dropped, then come the
 * weights or the factors of what is left; quantisation (stitch.h) follows on the result, in which
 * a factor is a layer like any other.
 */
#ifndef AMCT_STRUCTURE_RESTRUCTURE_H
#define AMCT_STRUCTURE_RESTRUCTURE_H

#include "structure/lanes.h"
#include "compress/layer.h"

/* How a layer is split in two, of which the first has `rank` channels and no bias. */
typedef enum amct_split_form {
    AMCT_SPLIT_AFTER,  /* the layer's window, then 1 x 1; of matrix products: the only form */
    AMCT_SPLIT_BEFORE, /* 1 x 1, then the layer's window */
    AMCT_SPLIT_ROWS,   /* k x 1, then 1 x k */
    AMCT_SPLIT_COLUMNS /* 1 x k, then k x 1 */
} amct_split_form;

typedef struct amct_factors {
    amct_split_form form;
    int64_t rank;
    /* As matrices by rows: rank x (channels * taps of the first window), and channels of the result
     * x (rank * taps of the second window). */
    const float *first, *second;
} amct_factors;

/* What becomes of a layer; what is NULL stays. Of a layer of which channels are dropped, these are
 * numbers for the channels that are kept. */
typedef struct amct_layer_form {
    const float *weights;        /* in the layout of the layer's own */
    const float *bias;           /* a number for each channel of the result */
    const amct_factors *factors; /* instead of weights */
} amct_layer_form;

/* A clone of graph without the lanes of which keep[] is false (NULL: all are kept), in which layer
 * i has forms[i] (forms NULL: all as they are). lanes and layers are those of graph. Weights and
 * bias are borrowed from forms, everything that is not touched from graph; node names are the
 * original's, of a factorised layer `<layer>.first` and `<layer>.second`; tensors that graph has
 * keep their numbers. AMCT_E_INVALID if a lane that is blocked, or all of a tensor's, would be
 * dropped; AMCT_E_UNSUPPORTED if a layer cannot have that form, naming it. */
amct_status amct_restructure(amct_graph **out, const amct_graph *graph, const amct_lanes *lanes,
                             const bool *keep, const amct_layer *layers, uint32_t n_layers,
                             const amct_layer_form *forms, amct_err *err);

/* The same for shapes alone: constants that lose elements lie at `blank`, which has the bytes of
 * the largest, and numbers in forms are not read. */
amct_status amct_restructure_shape(amct_graph **out, const amct_graph *graph,
                                   const amct_lanes *lanes, const bool *keep,
                                   const amct_layer *layers, uint32_t n_layers,
                                   const amct_layer_form *forms, const void *blank, amct_err *err);

#endif
