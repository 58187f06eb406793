/*
 * split.h - which samples calibrate, which ones the search looks at, and which confirm its result.
 *
 * All samples are put into one order, random but for this: each class is spread evenly over it, so
 * that any run of samples holds every class in its proportion. The three lists are cut from it one
 * behind the other, and keep it: the first k of a list are a fair sample of it.
 */
#ifndef AMCT_DATA_SPLIT_H
#define AMCT_DATA_SPLIT_H

#include "base/err.h"

#define AMCT_SPLIT_DEFAULT UINT32_MAX
#define AMCT_SPLIT_REST    (UINT32_MAX - 1)

/* Counts of samples. At most one may be AMCT_SPLIT_REST: what the others leave. By default
 * calibration is n/5 but at most 256, search 2n/5 but at most 1024, each at least 1 and never more
 * than its share (calibration a third, search a half) of what the counts that are given leave;
 * confirm is the rest. */
typedef struct amct_split_options {
    uint32_t calibration, search, confirm;
    uint64_t seed;
} amct_split_options;

typedef struct amct_split {
    uint32_t *calibration, *search, *confirm; /* indices of samples, without one twice */
    uint32_t n_calibration, n_search, n_confirm;
} amct_split;

/* Splits n samples; labels may be NULL. The same arguments give the same lists everywhere. Fewer
 * samples than asked for, or none left for a list that is not given as 0: AMCT_E_INVALID. */
amct_status amct_split_make(amct_split *out, uint32_t n, const int32_t *labels,
                            const amct_split_options *options, amct_err *err);
void amct_split_free(amct_split *split); /* a zeroed one is allowed */

#endif
