/*
 * test_order.h - in which order finalists are tested on the confirm samples, and with which
 * share of the error that the verdict may make.
 *
 * From the surest and slowest to faster ones, by what the search samples say of the chance that
 * each is proven. The first is tested with half of the error, the others share the rest, and each
 * that is proven passes on what it had (interval.h): so the safe one is nearly as sure as alone,
 * and one that is not proven does not keep faster ones from it. But what it had is lost, so one
 * that is hardly surer than a faster one is not tested before it: it is worth a test only if the
 * search samples misled, and a tenth of the error is kept for such, as there are any. All this is
 * fixed before the confirm samples are looked at.
 */
#ifndef AMCT_TUNE_TEST_ORDER_H
#define AMCT_TUNE_TEST_ORDER_H

#include <stdint.h>

/* Of n finalists in order of cost, each to be proven with that chance: their numbers in the order
 * of the tests, and the shares in that order. Those slower than one nearly as sure come
 * last. */
void amct_test_order(uint32_t *order, double *shares, const double *chances, uint32_t n);

#endif
