/*
 * paired.h - the difference of two proportions measured on the same samples.
 *
 * Two networks answer the same n samples; `lost` are right with the first and wrong with the
 * second, `gained` the reverse. The drop is (lost - gained) / n, in [-1, 1]. Counts are doubles,
 * because planning asks about expected counts; lost, gained >= 0 and lost + gained <= n.
 *
 * The interval is Tango's score interval: T. Tango, "Equivalence test and confidence interval for
 * the difference in proportions for the paired-sample design", Statistics in Medicine 17 (1998)
 * 891-908. It holds all drops D with |T(D)| <= z,
 *     T(D) = (lost - gained - n D) / sqrt(n (2 q + D (1 - D))),
 * q being the rate of gained samples that is likeliest if the drop is D. Chosen over Wald's
 * interval, because with few discordant samples (the usual case: a good candidate changes one
 * answer in a hundred) that one is far too narrow, and of length 0 with none; here no discordant
 * sample in n still leaves an upper limit, z^2 / (n + z^2). Its coverage is near nominal for small
 * counts too (compared by Newcombe 1998, Statistics in Medicine 17:2635, and Fagerland, Lydersen,
 * Laake 2014, Statistics in Medicine 33:2850), and it needs no enumeration as exact ones do.
 *
 * Without labels "right" means "as the first network": then gained is 0.
 */
#ifndef AMCT_BASE_PAIRED_H
#define AMCT_BASE_PAIRED_H

typedef struct amct_interval {
    double lo, hi;
} amct_interval;

/* Tango's statistic: > 0 where the data show a greater drop than `drop`; -1 < drop < 1. */
double amct_paired_score(double n, double lost, double gained, double drop);

/* The two-sided interval of the drop, e.g. confidence 0.95; [-1, 1] for n <= 0. */
amct_interval amct_paired_interval(double n, double lost, double gained, double confidence);

/*
 * Planning. Of samples that come, a rate of `churn` will be gained and `churn + drop` be lost;
 * "proven" means that the upper end of the interval is at most `limit`. By the normal
 * approximation, a drop is proven with probability `power` on n samples if
 *     sqrt(n) (limit - drop) >= z sqrt(V0) + z_power sqrt(V1),
 * V1 the variance of one sample's change, V0 the same if the drop were `limit` (as in T).
 * power 0.5 asks about the expected outcome. 0 < limit < 1, churn >= 0.
 */

/* Samples needed to prove the drop; INFINITY if drop >= limit. */
double amct_paired_samples(double drop, double churn, double limit, double confidence,
                           double power);

/* The greatest drop that n samples would prove. Negative if not even that of an equally good
 * network would be; -1 if no drop at all. */
double amct_paired_provable(double n, double churn, double limit, double confidence, double power);

/* Half the length of the interval to expect on n samples. */
double amct_paired_half_width(double n, double drop, double churn, double confidence);

#endif
