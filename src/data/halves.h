/*
 * halves.h - an order of samples whose beginnings are small copies of the whole.
 */
#ifndef AMCT_DATA_HALVES_H
#define AMCT_DATA_HALVES_H

#include "base/err.h"

/* Writes 0 .. n-1 to order so that each of the first n/2, n/4, n/8 ... (rounded down) has the same
 * spread of `by` as the half that it was taken from: of every two neighbours there, sorted by that,
 * the one with the lower number. A mean over such a beginning varies only as far as `by` does not
 * tell the samples apart (systematic sampling from a sorted list: W.G. Cochran, "Sampling
 * Techniques", 1977, chapter 8). by has n numbers, not NaN. */
amct_status amct_halves_order(uint32_t *order, const double *by, uint32_t n, amct_err *err);

#endif
