/*
 * test_order.h - which finalists are tested on the confirm samples, and in which order.
 *
 * From the safest and slowest to faster ones: the sequence whose result takes least time if each is
 * proven with the chance that the search samples give it, and is a hurdle for those after it. Steps
 * that hardly gain are left out. The first is tested with half of the error that may be made, the
 * others share the rest, and each that is proven passes on what it had (interval.h): so the safe
 * one is nearly as sure as alone, and one that is not proven does not keep faster ones from it. All
 * this is fixed before the confirm samples are looked at.
 */
#ifndef AMCT_TUNE_TEST_ORDER_H
#define AMCT_TUNE_TEST_ORDER_H

#include <stdint.h>

/* Of n finalists in order of cost, each to be proven with that chance, the numbers: first the
 * sequence, then the others, the surest first; and their shares of the error, in that order.
 * without: the cost if none is proven. */
void amct_test_order(uint32_t *order, double *shares, const double *costs, const double *chances,
                     uint32_t n, double without);

#endif
