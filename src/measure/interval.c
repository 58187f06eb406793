#include "measure/interval.h"

#include "base/stats.h"

#include <math.h>
#include <stdbool.h>

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

/* The first of those from i on that is not MET, else the first of all; n: there is none. */
static size_t heir(const bool *met, size_t i, size_t n)
{
    for (size_t k = i + 1; k < n; k++)
        if (!met[k])
            return k;
    for (size_t k = 0; k < n; k++)
        if (!met[k])
            return k;
    return n;
}

void amct_verdicts_share(amct_drop_verdict *verdicts, double *shares, size_t n,
                         amct_verdict_fn *judge, const void *ctx, double confidence)
{
    bool met[AMCT_VERDICTS_MAX] = {false};
    for (size_t i = 0; i < n;) {
        bool now = !met[i] && shares[i] > 0 &&
                   judge(ctx, i, 1 - (1 - confidence) * shares[i]).verdict == AMCT_MET;
        if (!now) {
            i++;
            continue;
        }
        met[i] = true;
        size_t next = heir(met, i, n);
        if (next < n)
            shares[next] += shares[i];
        i = 0; /* some may be MET now that were not */
    }
    for (size_t i = 0; i < n; i++) {
        verdicts[i] = judge(ctx, i, confidence);
        if (!met[i] && verdicts[i].verdict == AMCT_MET)
            verdicts[i].verdict = AMCT_NOT_PROVEN;
    }
}
