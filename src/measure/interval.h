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

enum { AMCT_VERDICTS_MAX = 64 };

/* The verdict on candidate i of several, alone, at that confidence. */
typedef amct_drop_verdict amct_verdict_fn(const void *ctx, size_t i, double confidence);

/*
 * Several candidates judged on the same samples, one of which will be picked for its verdict: with
 * probability `confidence` (as above) no MET among them is wrong. Each begins with its share of the
 * error; shares are >= 0, their sum is 1 at most, and they and the order were fixed before these
 * samples were looked at. One that is MET at its share passes it on: to the next in order that is
 * not MET yet, else to the first such (F. Bretz, W. Maurer, W. Brannath, M. Posch, "A graphical
 * approach to sequentially rejective multiple test procedures", Statistics in Medicine 28, 2009).
 * If the first has all of it this is a fixed sequence. What is MET alone but not so is NOT_PROVEN.
 * verdicts gets n, at most AMCT_VERDICTS_MAX; shares are used up.
 */
void amct_verdicts_share(amct_drop_verdict *verdicts, double *shares, size_t n,
                         amct_verdict_fn *judge, const void *ctx, double confidence);

#endif
