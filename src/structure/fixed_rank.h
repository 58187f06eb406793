/*
 * fixed_rank.h - the rank at which AMCT would factorise a layer, whatever that costs in accuracy:
 * the baseline of ranks that are searched.
 *
 * The number of components that stand out from noise, by the global solution of empirical
 * variational Bayesian matrix factorisation (Nakajima, Sugiyama, Babacan and Tomioka, "Global
 * analytic solution of fully-observed variational Bayesian matrix factorization", 2013), is brought
 * into l / (d + 1) .. l / d, with l the smaller kernel size times the smaller number of channels
 * and d 6, or 4 from 256 channels on, and rounded to a multiple of 16.
 */
#ifndef AMCT_STRUCTURE_FIXED_RANK_H
#define AMCT_STRUCTURE_FIXED_RANK_H

#include "structure/factorise.h"

/* Whether AMCT factorises such a layer at all: convolutions in the spatial forms only, without
 * groups or dilation, with kernels of 3 and more, strides of up to 2, and 64 channels and more
 * unless the kernel is of 7 and more. */
bool amct_fixed_rank_applies(const amct_columns *columns);
/* out->rank is 0 if it does not. */
amct_status amct_fixed_rank(amct_rank *out, const amct_columns *columns, const float *weights,
                            amct_err *err);

/* How many of the l singular values, descending, of an l x m matrix (l <= m) stand out from noise,
 * whose variance is estimated as well. */
size_t amct_fixed_rank_evbmf(const double *values, size_t l, size_t m);

#endif
