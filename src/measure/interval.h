/*
 * interval.h - from counts to a verdict on accuracy.
 *
 * A proportion (accuracy) gets Wilson's interval, a drop Tango's paired one (base/paired.h, which
 * also plans how many samples a proof needs). All intervals are two-sided: a verdict at confidence
 * 0.95 errs in the user's disfavour, saying MET above the budget, in at most 2.5 % of the cases.
 */
#ifndef AMCT_MEASURE_INTERVAL_H
#define AMCT_MEASURE_INTERVAL_H

#include "base/paired.h"

#include <stdint.h>

typedef enum amct_verdict {
    AMCT_MET,        /* the whole interval is within the budget */
    AMCT_NOT_PROVEN, /* the budget lies inside the interval */
    AMCT_MISSED,     /* the whole interval is beyond the budget */
} amct_verdict;

/* Changes of one candidate against the original on the samples kept for the verdict. */
typedef struct amct_paired_count {
    uint32_t n, lost, gained; /* lost + gained <= n */
} amct_paired_count;

typedef struct amct_drop_verdict {
    amct_verdict verdict;
    amct_interval drop; /* of (lost - gained) / n */
    double confidence;  /* of this interval */
} amct_drop_verdict;

/* "MET", "NOT_PROVEN", "MISSED": as in result.json. */
const char *amct_verdict_name(amct_verdict verdict);

/* E.B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
 * the American Statistical Association 22 (1927) 209: never outside [0, 1], not empty for 0 of n
 * or n of n. [0, 1] for n = 0. */
amct_interval amct_wilson_interval(uint32_t n, uint32_t successes, double confidence);

/* budget is the greatest allowed drop, a ratio in (0, 1). */
amct_drop_verdict amct_drop_judge(amct_paired_count count, double budget, double confidence);

#endif
