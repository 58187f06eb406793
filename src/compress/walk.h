/*
 * walk.h - runs of a graph over all samples that stop behind one layer after the other, so that
 * what is learnt there can change the layer's result before the runs go on.
 *
 * A walk has one or two streams, which are runs of the same graph that differ in what `finish` does
 * to them: the original network and the compressed one, side by side. There is one plan per
 * process; of each batch its state between two layers is kept. Where the states of all batches do
 * not fit into limit_bytes (in the first, large planes) the runs begin again at the last ones that
 * did, at worst with the samples.
 *
 * Batches are spread over processes. What callbacks learn goes into memory that those share, each
 * batch in its place, and is added up by the caller: the result does not depend on their number.
 */
#ifndef AMCT_COMPRESS_WALK_H
#define AMCT_COMPRESS_WALK_H

#include "compress/layer.h"
#include "exec/feed.h"

enum { AMCT_WALK_STREAMS = 2 };

/* A batch of a stream that has just computed the result of a layer. */
typedef struct amct_walk_stop {
    const amct_plan *plan; /* the layer's result is watched */
    uint32_t layer, stream;
    uint32_t first, count; /* samples */
} amct_walk_stop;

typedef amct_status amct_walk_call(void *ctx, const amct_walk_stop *stop, amct_err *err);

typedef struct amct_walk_options {
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    const bool *wanted;    /* per layer: the walk stops there */
    const uint32_t *watch; /* further tensors to look at, while they are needed */
    uint32_t n_watch;
    uint32_t n_streams;
    const amct_feed *feed;
    size_t limit_bytes; /* for states */
    uint32_t jobs;
    amct_walk_call *visit;  /* looks */
    amct_walk_call *finish; /* changes the result of a layer that has been visited */
    void *ctx;
} amct_walk_options;

typedef struct amct_walk amct_walk;

/* Begins before the first layer; everything in options outlives the walk. */
amct_status amct_walk_new(amct_walk **out, amct_exec *exec, const amct_walk_options *options,
                          amct_err *err);
void amct_walk_free(amct_walk *walk); /* NULL is allowed */

/* The layer at which the walk stops next; n_layers at the end. */
uint32_t amct_walk_layer(const amct_walk *walk);
/* Whether the tensor, a watched one, has its value there. */
bool amct_walk_has(const amct_walk *walk, uint32_t tensor);
/* Takes all batches there and visits them. */
amct_status amct_walk_visit(amct_walk *walk, amct_err *err);

#endif
