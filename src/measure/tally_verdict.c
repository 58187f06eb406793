#include "measure/tally_verdict.h"

#include "base/stats.h"

#include <math.h>

bool amct_judge_counts(const amct_judge *judge)
{
    return !judge->detector && judge->metric != AMCT_METRIC_COSINE;
}

static amct_drop_verdict verdict(amct_interval drop, double budget, double confidence)
{
    amct_verdict v = drop.hi <= budget  ? AMCT_MET
                     : drop.lo > budget ? AMCT_MISSED
                                        : AMCT_NOT_PROVEN;
    return (amct_drop_verdict){v, drop, confidence};
}

/* The normal interval of a mean of numbers >= 0, each sample being one. */
static amct_interval mean_interval(double n, double sum, double sum_sq, double confidence)
{
    double mean = n ? sum / n : 0;
    double variance = n > 1 ? (sum_sq - n * mean * mean) / (n - 1) : 0;
    double half = n > 1 ? amct_normal_two_sided(confidence) * sqrt(fmax(variance, 0) / n) : 1;
    return (amct_interval){fmax(mean - half, 0), mean + half};
}

static amct_interval unlike_interval(const amct_judge *judge, const amct_tally *t,
                                     double confidence)
{
    return judge->metric == AMCT_METRIC_COSINE
               ? mean_interval(t->n, t->cosine, t->cosine_sq, confidence)
               : mean_interval(t->n, t->unlike, t->unlike_sq, confidence);
}

amct_interval amct_tally_interval(const amct_judge *judge, const amct_tally *t, double confidence)
{
    if (amct_metric_is_map(judge->metric))
        return t->ap.interval;
    if (amct_judge_counts(judge))
        return amct_wilson_interval(t->n, (uint32_t)(amct_metric_value(judge, t) * t->n + 0.5),
                                    confidence);
    amct_interval unlike = unlike_interval(judge, t, confidence);
    return (amct_interval){1 - unlike.hi, 1 - unlike.lo};
}

amct_drop_verdict amct_tally_judge(const amct_judge *judge, const amct_tally *t, double budget,
                                   double confidence)
{
    if (amct_metric_is_map(judge->metric))
        return verdict(t->ap.drop_interval, budget, confidence);
    if (amct_judge_counts(judge))
        return amct_drop_judge((amct_paired_count){t->n, t->lost, t->gained}, budget, confidence);
    return verdict(unlike_interval(judge, t, confidence), budget, confidence);
}
