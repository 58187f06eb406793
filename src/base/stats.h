/*
 * stats.h - the normal distribution.
 */
#ifndef AMCT_BASE_STATS_H
#define AMCT_BASE_STATS_H

/* P(Z <= x) of a standard normal Z, relative error about 1e-15 (by erfc). */
double amct_normal_cdf(double x);

/* The x with P(Z <= x) = p, by PPND16 of M.J. Wichura, "Algorithm AS 241: The percentage points of
 * the normal distribution", Applied Statistics 37 (1988) 477: relative error about 1e-16.
 * -INFINITY for p <= 0, INFINITY for p >= 1. */
double amct_normal_quantile(double p);

/* The z of a two-sided interval: 1.96 for confidence 0.95. */
double amct_normal_two_sided(double confidence);

#endif
