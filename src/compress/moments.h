/*
 * moments.h - second moments of what layers read: for every group of a layer the Gram matrix of its
 * columns (columns.h), X^T X over the calibration samples, and the sums of the columns.
 *
 * Batches run in several processes. Each adds up its rows in float32 and then adds these sums to
 * shared ones. Those are integers, as rows are divided by the largest value that calibration has
 * seen, and integers add up to the same whatever the order.
 *
 * Memory. A layer with k columns takes 4 k^2 bytes per group, so not all layers need to fit at
 * once: the caller asks for those that do (amct_moments_fit), or for some at a time and frees them,
 * at the price of running the network again, which is less than that of spilling to disk. Of more
 * than AMCT_GRAM_COLUMNS columns only the blocks along the diagonal are kept: each part of the
 * columns stands for itself.
 *
 * Rows are those of amct_columns_draw.
 */
#ifndef AMCT_COMPRESS_MOMENTS_H
#define AMCT_COMPRESS_MOMENTS_H

#include "compress/calibrate.h"
#include "compress/columns.h"

enum { AMCT_GRAM_COLUMNS = 8192 };

/* The moments of one layer. The columns of each group are split into parts of part_columns (the
 * last may have fewer). */
typedef struct amct_gram {
    amct_columns columns;
    int64_t parts, part_columns;
    uint64_t rows;       /* that were added */
    const int64_t *sums; /* per group and part: the upper triangle by rows, then the column sums */
    double unit, mean_unit; /* what 1 stands for in a triangle, in a sum */
} amct_gram;

typedef struct amct_moments amct_moments;

/* What the moments of a layer look like, without rows and sums; false if it has none: it cannot be
 * quantised, or its rows do not divide into samples. */
bool amct_gram_shape(amct_gram *out, const amct_graph *graph, const amct_layer *layer);

/* What the sums of a layer take in total, and the work on it in each process; 0 if it has none: it
 * cannot be quantised, was not seen, or its rows do not divide into samples. */
size_t amct_moments_bytes(size_t *per_process, const amct_graph *graph, const amct_layer *layer,
                          const amct_layer_stats *stats);

/* Sets wanted[i] of those of the layers that have moments and whose moments, with the work on each
 * of them in `jobs` processes, fit into limit bytes, the first ones first. Returns their bytes. */
size_t amct_moments_fit(bool *wanted, const amct_graph *graph, const amct_layer *layers,
                        uint32_t n_layers, const amct_calibration *calibration, size_t limit,
                        uint32_t jobs);

/* Of the layers of which wanted[i] is true and amct_moments_bytes is not 0, in `jobs` processes;
 * the result does not depend on jobs. */
amct_status amct_moments_collect(amct_moments **out, const amct_graph *graph,
                                 const amct_layer *layers, uint32_t n_layers, const bool *wanted,
                                 const amct_calibration *calibration, const amct_feed *feed,
                                 uint32_t jobs, amct_err *err);
void amct_moments_free(amct_moments *moments); /* NULL is allowed */

/* NULL if they were not collected. Valid in processes forked later. */
const amct_gram *amct_moments_of(const amct_moments *moments, uint32_t layer);

/* Columns of a part. */
static inline int64_t amct_gram_width(const amct_gram *gram, int64_t part)
{
    int64_t left = gram->columns.columns - part * gram->part_columns;
    return left < gram->part_columns ? left : gram->part_columns;
}
/* The mean over the rows of x x^T into matrix (width x width, all of it), and of x into mean. */
void amct_gram_read(double *matrix, double *mean, const amct_gram *gram, int64_t group,
                    int64_t part);
/* The same about the means: the covariance of the columns, settled. */
void amct_gram_covariance(double *matrix, double *mean, const amct_gram *gram, int64_t group,
                          int64_t part);
/* Of n x n differences of second moments, summed up in float32, and products of means: what
 * rounding leaves of columns that are constant becomes 0, in their rows, too; no covariance is more
 * than its two variances allow. */
void amct_moments_settle(double *matrix, const double *mean, size_t n);

#endif
