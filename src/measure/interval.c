#include "measure/interval.h"

#include "base/stats.h"

#include <math.h>

const char *amct_verdict_name(amct_verdict verdict)
{
    switch (verdict) {
    case AMCT_MET: return "MET";
    case AMCT_NOT_PROVEN: return "NOT_PROVEN";
    case AMCT_MISSED: return "MISSED";
    }
    return "unknown";
}

amct_interval amct_wilson_interval(uint32_t n, uint32_t successes, double confidence)
{
    if (n == 0)
        return (amct_interval){0, 1};
    double z = amct_normal_two_sided(confidence);
    double p = (double)successes / n, weight = z * z / n;
    double middle = (p + weight / 2) / (1 + weight);
    double half = sqrt(p * (1 - p) * weight + weight * weight / 4) / (1 + weight);
    /* The ends are exact where rounding would leave them just beside. */
    return (amct_interval){successes == 0 ? 0 : fmax(middle - half, 0),
                           successes >= n ? 1 : fmin(middle + half, 1)};
}

amct_drop_verdict amct_drop_judge(amct_paired_count count, double budget, double confidence)
{
    amct_interval drop = amct_paired_interval(count.n, count.lost, count.gained, confidence);
    amct_verdict verdict = drop.hi <= budget  ? AMCT_MET
                           : drop.lo > budget ? AMCT_MISSED
                                              : AMCT_NOT_PROVEN;
    return (amct_drop_verdict){verdict, drop, confidence};
}
