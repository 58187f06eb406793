/*
 * columns.h - a layer as products of matrices, one per group:
 *
 *     result (rows x outputs) = patches of the source (rows x columns) * weights (columns x
 * outputs)
 *
 * A row is a position of the result; its patch is what the layer reads there (im2col), zero where
 * it reads padding. A column is a channel of the group's source at a tap of the kernel, in this
 * order. Transposed convolutions are the same: at a tap that meets no source the patch is zero.
 */
#ifndef AMCT_COMPRESS_COLUMNS_H
#define AMCT_COMPRESS_COLUMNS_H

#include "compress/layer.h"
#include "exec/plan.h"
#include "ops/window.h"

typedef struct amct_columns {
    int64_t groups;
    int64_t outputs;        /* channels of the result in a group */
    int64_t channels, taps; /* of the source in a group, of the kernel */
    int64_t columns;        /* channels * taps */
    int64_t rows;           /* per sample */
    bool depthwise;         /* one channel of the source per group */
    /* where weights lie; taps follow each other */
    int64_t group_step, output_step, channel_step;
    bool plane, transposed; /* Conv or ConvTranspose, with a window of 3 dims */
    amct_window window;
} amct_columns;

/* For a layer that can be quantised, in a graph whose batch is `batch`. AMCT_E_UNSUPPORTED if the
 * rows of the source do not divide into samples. */
amct_status amct_columns_make(amct_columns *out, const amct_graph *graph, const amct_layer *layer,
                              int64_t batch, amct_err *err);

/* The index of a weight in C order. */
static inline int64_t amct_columns_weight(const amct_columns *c, int64_t group, int64_t output,
                                          int64_t column)
{
    return group * c->group_step + output * c->output_step + column / c->taps * c->channel_step +
           column % c->taps;
}

/* Writes the patches of n rows of a sample, of all groups side by side: n x (groups * columns).
 * src holds the layer's source as the plan stores it: floats, or integers of 8 bits, whose zero
 * point is subtracted (the caller multiplies by their scale). */
void amct_columns_patches(float *dst, const amct_columns *c, const amct_buffer *src,
                          int32_t zero_point, uint32_t sample, const uint32_t *rows, size_t n);
/* The same in another order, which is quicker: tap by tap, all channels of all groups. */
void amct_columns_patches_by_tap(float *dst, const amct_columns *c, const amct_buffer *src,
                                 uint32_t sample, const uint32_t *rows, size_t n);
/* Writes the layer's result at those rows: n x (groups * outputs). The buffer is float. */
void amct_columns_results(float *dst, const amct_columns *c, const amct_buffer *result,
                          uint32_t sample, const uint32_t *rows, size_t n);

/* Neighbouring positions see almost the same, so that of large planes a part of the rows is enough:
 * how many each sample gives. At least 64, and as many as give 32 rows for each column in total. */
int64_t amct_columns_enough_rows(const amct_columns *c, uint32_t n_samples);
/* Which: one from each of n equal stretches; the same ones always. layer is any number. */
void amct_columns_draw(uint32_t *rows, int64_t n, const amct_columns *c, uint32_t sample,
                       uint32_t layer);

/* Writes such results back. */
void amct_columns_put_results(const amct_buffer *result, const float *src, const amct_columns *c,
                              uint32_t sample, const uint32_t *rows, size_t n);

#endif
