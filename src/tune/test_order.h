/*
 * test_order.h - which finalists are tested on the confirm samples, and in which order.
 *
 * They are tested one after the other until one is not proven (interval.h), so that each is a
 * hurdle for those after it. From the safest and slowest to faster ones: the sequence whose result
 * takes least time if each is proven with the chance that the search samples give it. Steps that
 * hardly gain are left out. It is fixed before the confirm samples are looked at.
 */
#ifndef AMCT_TUNE_TEST_ORDER_H
#define AMCT_TUNE_TEST_ORDER_H

#include <stdint.h>

/* Of n finalists in order of cost, each to be proven with that chance, the numbers: first the
 * sequence, then the others, the surest first. without: the cost if none is proven. */
void amct_test_order(uint32_t *order, const double *costs, const double *chances, uint32_t n,
                     double without);

#endif
