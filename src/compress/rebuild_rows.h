/*
 * rebuild_rows.h - the samples' rows that a layer is rebuilt from: what it reads in the compressed
 * network, and what it should make of it.
 *
 * If an addition of another tensor of the same shape follows (the end of a residual block), the
 * result should make the sum right, so that it also repairs what is wrong with the other operand.
 */
#ifndef AMCT_COMPRESS_REBUILD_ROWS_H
#define AMCT_COMPRESS_REBUILD_ROWS_H

#include "compress/quantise.h"
#include "compress/walk.h"

/* What follows a layer. */
typedef struct amct_aim {
    uint32_t other;   /* what is added to its result, AMCT_NO_TENSOR: nothing */
    double low, high; /* then all is cut off to this range; infinite: not */
} amct_aim;

amct_aim amct_aim_none(void);
amct_aim amct_aim_find(const amct_graph *graph, const amct_links *links, const amct_layer *layer);

/* Channels whose rows are worked on together. */
enum { AMCT_REBUILD_SIDE = 4 };

typedef struct amct_rebuild_rows {
    const amct_layer *layer;
    uint32_t index; /* of the layer */
    amct_columns columns;
    amct_aim aim;
    int64_t rows; /* per sample */
    uint32_t n_samples;
    size_t n;                    /* rows in total */
    const amct_quantised *level; /* how the source is quantised */
    /* shared memory; rows of even samples first, then those of odd ones: */
    float *x; /* n x (groups * columns): the compressed source, in steps from zero */
    float *z; /* n x channels: the wanted result */
    float *t; /* n x channels: the compressed network's other operand; NULL: none */
} amct_rebuild_rows;

/* How many rows of each of n_samples are taken: as many as are enough (columns.h), or as fit. */
int64_t amct_rebuild_rows_within(const amct_columns *columns, uint32_t n_samples,
                                 size_t limit_bytes);
/* What all of them take that are enough. */
size_t amct_rebuild_rows_bytes(const amct_columns *columns, uint32_t n_samples);
/* Makes room for them, of at most limit_bytes; all but rows, n, x, z and t is set. */
amct_status amct_rebuild_rows_new(amct_rebuild_rows *rows, size_t limit_bytes, amct_err *err);
void amct_rebuild_rows_free(amct_rebuild_rows *rows); /* a zeroed one is allowed */

/* Takes the rows of a batch: of stream 0, the original, first, then of stream 1. */
amct_status amct_rebuild_rows_take(amct_rebuild_rows *rows, const amct_walk_stop *stop,
                                   amct_err *err);

/* Replaces the layer's result by what the integers make of its source. */
amct_status amct_rebuild_rows_compute(const amct_quantised *q, const amct_layer *layer,
                                      const amct_columns *columns, const amct_walk_stop *stop,
                                      amct_err *err);

#endif
