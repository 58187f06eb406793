/*
 * least_squares.h - the weights of one group of a layer that come closest to a wanted result, given
 * the rows that the layer really reads (the "shift form"): W = W0 + (G + l D I)^-1 (C - G W0) with
 * G = x x^T and C = x z^T on average, D the mean of G's diagonal. The weights stay near W0 as far
 * as the rows do not say otherwise.
 *
 * l is chosen on rows of other samples: the half of even samples is solved and judged on the odd
 * ones and the other way round. If no l makes that error less than W0's, W0 stays.
 *
 * Where an activation cuts results off, those that are wanted beyond the cut only have to stay
 * there: z is replaced by the result itself where that is so (cut_off.h), and all is solved again,
 * as often as it makes the error behind the cut less on the other half, 4 times at most. Zhang,
 * Zou, He, Sun, "Accelerating Very Deep Convolutional Networks for Classification and Detection",
 * 2015, aim at results behind ReLU as well.
 */
#ifndef AMCT_COMPRESS_LEAST_SQUARES_H
#define AMCT_COMPRESS_LEAST_SQUARES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Rows: n_samples times `rows`; x: ld_x numbers apart, of which `columns` are used; z likewise,
 * `outputs` of them. The means of all are zero; middle has what z's were.
 * What follows: t (as z, NULL: nothing) is added, and all below low and above high is cut off. */
typedef struct amct_lsq_rows {
    const float *x, *z, *t;
    const double *middle;
    double low, high; /* infinite: nothing is cut off */
    size_t ld_x, ld_z, columns, outputs, rows, n_samples;
} amct_lsq_rows;

typedef struct amct_lsq {
    amct_lsq_rows rows;
    size_t counts[2];          /* rows of even samples, of odd ones */
    float *gram[2], *cross[2]; /* sums over them: upper triangle, columns x outputs */
    double *g;                 /* columns x columns, of all rows on average */
    double *c;                 /* columns x outputs */
    double *half_g, *factor, *half_c, *tried, *product, *old, *middle; /* work */
    float *have, *aimed, *weights;                                     /* work */
} amct_lsq;

/* Memory that it takes. */
size_t amct_lsq_bytes(size_t columns, size_t outputs, size_t rows);
/* Used for one group after the other, all of one size; rows: of a sample. */
amct_status amct_lsq_new(amct_lsq *out, size_t columns, size_t outputs, size_t rows, amct_err *err);
void amct_lsq_free(amct_lsq *lsq);

/* Computes g and c of a group. */
void amct_lsq_set(amct_lsq *lsq, const amct_lsq_rows *rows);
/* w: W0 on entry, W on return; columns x outputs. False if g is zero. */
bool amct_lsq_solve(amct_lsq *lsq, double *w);
/* Makes g a better guess of what rows of other samples would give, by shrinking all but its
 * diagonal: Ledoit and Wolf, "A Well-Conditioned Estimator for Large-Dimensional Covariance
 * Matrices", 2004; Schäfer and Strimmer, "A Shrinkage Approach to Large-Scale Covariance Matrix
 * Estimation", 2005; independent are samples, not rows. */
amct_status amct_lsq_shrink(amct_lsq *lsq, amct_err *err);

#endif
