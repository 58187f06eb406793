#include "base/paired.h"

#include "base/stats.h"

#include <math.h>

/* n times the variance of (lost - gained) / n if the drop is `drop` >= 0, from the likeliest rate
 * of gained samples under that condition: the positive root of 2n q^2 + b q + c = 0. */
static double variance_at(double n, double lost, double gained, double drop)
{
    double b = (2 * n - lost + gained) * drop - lost - gained;
    double c = -gained * drop * (1 - drop);
    double root = sqrt(fmax(b * b - 8 * n * c, 0));
    double q = b > 0 ? (c < 0 ? -2 * c / (b + root) : 0) : (root - b) / (4 * n);
    return fmax(2 * q + drop * (1 - drop), 0);
}

double amct_paired_score(double n, double lost, double gained, double drop)
{
    /* Mirrored for negative drops, so that exchanging the networks mirrors the interval exactly. */
    double variance =
        drop >= 0 ? variance_at(n, lost, gained, drop) : variance_at(n, gained, lost, -drop);
    double excess = lost - gained - n * drop;
    if (variance > 0)
        return excess / sqrt(n * variance);
    return excess > 0 ? INFINITY : excess < 0 ? -INFINITY : 0;
}

/* The D in [from, to] where the falling T(D) crosses `level`. */
static double crossing(double n, double lost, double gained, double level, double from, double to)
{
    for (int i = 0; i < 200; i++) {
        double middle = from + (to - from) / 2;
        if (middle <= from || middle >= to)
            break;
        if (amct_paired_score(n, lost, gained, middle) > level)
            from = middle;
        else
            to = middle;
    }
    return from + (to - from) / 2;
}

amct_interval amct_paired_interval(double n, double lost, double gained, double confidence)
{
    if (!(n > 0))
        return (amct_interval){-1, 1};
    double z = amct_normal_two_sided(confidence);
    double drop = (lost - gained) / n;
    amct_interval interval = {
        drop <= -1 ? -1 : crossing(n, lost, gained, z, -1, drop),
        drop >= 1 ? 1 : crossing(n, lost, gained, -z, drop, 1),
    };
    return interval;
}

/* sqrt(n) must be at least this over (limit - drop). */
static double needed(double drop, double churn, double limit, double confidence, double power)
{
    double lost = fmin(fmax(churn + drop, 0), 1), gained = fmin(churn, 1 - lost);
    double under_limit = variance_at(1, lost, gained, limit);
    double under_drop = fmax(lost + gained - (lost - gained) * (lost - gained), 0);
    return amct_normal_two_sided(confidence) * sqrt(under_limit) +
           amct_normal_quantile(power) * sqrt(under_drop);
}

double amct_paired_samples(double drop, double churn, double limit, double confidence, double power)
{
    if (!(drop < limit))
        return INFINITY;
    double root = needed(drop, churn, limit, confidence, power) / (limit - drop);
    return ceil(root * root - 1e-9);
}

static int provable(double n, double drop, double churn, double limit, double confidence,
                    double power)
{
    return sqrt(n) * (limit - drop) >= needed(drop, churn, limit, confidence, power);
}

double amct_paired_provable(double n, double churn, double limit, double confidence, double power)
{
    double from = -churn, to = limit;
    if (!provable(n, from, churn, limit, confidence, power))
        return -1;
    for (int i = 0; i < 60; i++) {
        double drop = from + (to - from) / 2;
        if (provable(n, drop, churn, limit, confidence, power))
            from = drop;
        else
            to = drop;
    }
    return from;
}

double amct_paired_half_width(double n, double drop, double churn, double confidence)
{
    double lost = fmin(fmax(churn + drop, 0), 1), gained = fmin(churn, 1 - lost);
    amct_interval interval = amct_paired_interval(n, lost * n, gained * n, confidence);
    return (interval.hi - interval.lo) / 2;
}
