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

#include <stddef.h>
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
    double confidence;  /* of this interval alone; above the one asked for in a family */
} amct_drop_verdict;

/* "MET", "NOT_PROVEN", "MISSED": as in result.json. */
const char *amct_verdict_name(amct_verdict verdict);

/* E.B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
 * the American Statistical Association 22 (1927) 209: never outside [0, 1], not empty for 0 of n
 * or n of n. [0, 1] for n = 0. */
amct_interval amct_wilson_interval(uint32_t n, uint32_t successes, double confidence);

/* budget is the greatest allowed drop, a ratio in (0, 1). */
amct_drop_verdict amct_drop_judge(amct_paired_count count, double budget, double confidence);

/*
 * Several candidates judged on the same samples, one of which will be picked for its verdict: with
 * probability `confidence` (as above) no MET in the family is wrong. By S. Holm, "A simple
 * sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979) 65:
 * in order of evidence, the i-th of k is judged at 1 - (1 - confidence) / (k - i), i from 0, until
 * one is not MET; those after it share its level. Never weaker than Bonferroni's k-fold division
 * and, like it, valid although the candidates share samples. Intervals are those of the levels
 * used, so that interval and verdict agree. out[i] answers counts[i].
 */
void amct_drop_judge_family(const amct_paired_count *counts, size_t k, double budget,
                            double confidence, amct_drop_verdict *out);

#endif
