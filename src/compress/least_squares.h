/*
 * least_squares.h - the weights of one group of a layer that come closest to a wanted result, given
 * the rows that the layer really reads (the "shift form"): W = W0 + (G + l D I)^-1 (C - G W0) with
 * G = x x^T and C = x z^T on average, D the mean of G's diagonal. The weights stay near W0 as far
 * as the rows do not say otherwise.
 *
 * l is chosen on rows of other samples: each half of the samples is solved and judged on the other
 * one. If no l makes that error less than W0's, W0 stays.
 *
 * Where an activation cuts results off, those that are wanted beyond the cut only have to stay
 * there: z is replaced by the result itself where that is so (cut_off.h), and all is solved again,
 * until the error behind the cut does not get less on the other halves, 4 times at most. Zhang,
 * Zou, He, Sun, "Accelerating Very Deep Convolutional Networks for Classification and Detection",
 * 2015, aim at results behind ReLU as well.
 */
#ifndef AMCT_COMPRESS_LEAST_SQUARES_H
#define AMCT_COMPRESS_LEAST_SQUARES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Rows: n_samples times `rows`; x: ld_x numbers apart, of which `columns` are used; z likewise,
 * `outputs` of them. The means of all are zero; middle has what z's were. The halves are samples
 * before and behind n_samples / 2, rounded up, so their order should mean nothing.
 * What follows: t (as z, NULL: nothing) is added, and all below low and above high is cut off. */
typedef struct amct_lsq_rows {
    const float *x, *z, *t;
    const double *middle;
    double low, high; /* infinite: nothing is cut off */
    size_t ld_x, ld_z, columns, outputs, rows, n_samples;
} amct_lsq_rows;

typedef struct amct_lsq {
    amct_lsq_rows rows;
    double *g, *c; /* of all rows on average: columns x columns, columns x outputs */
    double *half_g[2], *half_c[2]; /* of the halves */
    /* work */
    double *factor, *tried[2], *old, *middle[2], *next[2], *errors;
    float *sums, *weights, *have;
} amct_lsq;

/* Memory that it takes. */
size_t amct_lsq_bytes(size_t columns, size_t outputs);
/* Used for one group after the other, all of one size. */
amct_status amct_lsq_new(amct_lsq *out, size_t columns, size_t outputs, amct_err *err);
void amct_lsq_free(amct_lsq *lsq);

/* Computes g, c and those of the halves. */
void amct_lsq_set(amct_lsq *lsq, const amct_lsq_rows *rows);
/* w: W0 on entry, W on return; columns x outputs. False if g is zero. Once after amct_lsq_set: the
 * halves are used up. */
bool amct_lsq_solve(amct_lsq *lsq, double *w);
/* Makes g a better guess of what rows of other samples would give, by shrinking all but its
 * diagonal: Ledoit and Wolf, "A Well-Conditioned Estimator for Large-Dimensional Covariance
 * Matrices", 2004; Schäfer and Strimmer, "A Shrinkage Approach to Large-Scale Covariance Matrix
 * Estimation", 2005; independent are samples, not rows. */
amct_status amct_lsq_shrink(amct_lsq *lsq, amct_err *err);

#endif
