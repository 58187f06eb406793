#include "base/paired.h"

#include "base/pcg.h"
#include "base/stats.h"

#include <criterion/criterion.h>
#include <math.h>

Test(base_paired, interval_agrees_with_published_examples)
{
    static const struct {
        double n, lost, gained, confidence, lo, hi;
    } examples[] = {
        /* Complete response before and after therapy (Cavo 2012): the example of Fagerland,
         * Lydersen, Laake, "Statistical Analysis of Contingency Tables" (2017), ch. 8; numbers of
         * their R package contingencytables. */
        {161, 6, 16, 0.95, -0.1240, -0.0054},
        /* R package PropCIs, scoreci.mp(25, 28, 618), which counts the other way round. */
        {618, 28, 25, 0.90, -0.0148, 0.0247},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        amct_interval got = amct_paired_interval(examples[i].n, examples[i].lost,
                                                 examples[i].gained, examples[i].confidence);
        cr_assert_float_eq(got.lo, examples[i].lo, 0.6e-4, "example %zu: lo %.6f", i, got.lo);
        cr_assert_float_eq(got.hi, examples[i].hi, 0.6e-4, "example %zu: hi %.6f", i, got.hi);
    }
}

Test(base_paired, no_discordant_sample_leaves_finite_limits)
{
    for (double n = 10; n < 1e6; n *= 7) {
        double z = amct_normal_two_sided(0.95), expected = z * z / (n + z * z);
        amct_interval got = amct_paired_interval(n, 0, 0, 0.95);
        cr_assert_float_eq(got.hi, expected, 1e-12);
        cr_assert_float_eq(got.lo, -expected, 1e-12);
    }
}

Test(base_paired, interval_reaches_the_ends_when_every_sample_changed)
{
    amct_interval all = amct_paired_interval(20, 20, 0, 0.95);
    cr_assert_eq(all.hi, 1);
    cr_assert(all.lo > 0 && all.lo < 1);
    amct_interval none = amct_paired_interval(0, 0, 0, 0.95);
    cr_assert(none.lo == -1 && none.hi == 1);
}

Test(base_paired, exchanging_the_networks_mirrors_the_interval)
{
    amct_pcg rng = amct_pcg_new(3, 1);
    for (int i = 0; i < 300; i++) {
        double n = 1 + amct_pcg_below(&rng, 2000);
        double lost = amct_pcg_below(&rng, (uint32_t)n + 1);
        double gained = amct_pcg_below(&rng, (uint32_t)(n - lost) + 1);
        amct_interval a = amct_paired_interval(n, lost, gained, 0.9);
        amct_interval b = amct_paired_interval(n, gained, lost, 0.9);
        cr_assert_float_eq(a.lo, -b.hi, 1e-12);
        cr_assert_float_eq(a.hi, -b.lo, 1e-12);
        cr_assert_leq(a.lo, (lost - gained) / n + 1e-12);
        cr_assert_geq(a.hi, (lost - gained) / n - 1e-12);
    }
}

/* Log-likelihood of the three counts if the rate of gained is q and of lost q + drop. */
static double likelihood(double n, double lost, double gained, double q, double drop)
{
    double same = 1 - 2 * q - drop;
    if (q < 0 || q + drop < 0 || same < 0)
        return -INFINITY;
    double sum = 0;
    sum += lost > 0 ? lost * log(q + drop) : 0;
    sum += gained > 0 ? gained * log(q) : 0;
    sum += n - lost - gained > 0 ? (n - lost - gained) * log(same) : 0;
    return sum;
}

/* Tango's statistic by definition: maximise the likelihood by golden section, no formula. */
static double naive_score(double n, double lost, double gained, double drop)
{
    double from = fmax(0, -drop), to = (1 - drop) / 2, golden = (sqrt(5) - 1) / 2;
    for (int i = 0; i < 200; i++) {
        double a = to - golden * (to - from), b = from + golden * (to - from);
        if (likelihood(n, lost, gained, a, drop) < likelihood(n, lost, gained, b, drop))
            from = a;
        else
            to = b;
    }
    double q = (from + to) / 2;
    return (lost - gained - n * drop) / sqrt(n * (2 * q + drop - drop * drop));
}

Test(base_paired, interval_agrees_with_naive_root_finding)
{
    amct_pcg rng = amct_pcg_new(5, 1);
    double z = amct_normal_two_sided(0.95);
    for (int i = 0; i < 200; i++) {
        double n = 30 + amct_pcg_below(&rng, 1000);
        double lost = amct_pcg_below(&rng, (uint32_t)(n / 4));
        double gained = amct_pcg_below(&rng, (uint32_t)(n / 8));
        amct_interval got = amct_paired_interval(n, lost, gained, 0.95);
        /* Walk up in steps, then halve: the first crossing of each level. */
        double limit[2], level[2] = {z, -z};
        for (int end = 0; end < 2; end++) {
            double at = -0.999, step = 0.001;
            while (step > 1e-9) {
                while (at + step < 1 && naive_score(n, lost, gained, at + step) > level[end])
                    at += step;
                step /= 10;
            }
            limit[end] = at;
        }
        cr_assert_float_eq(got.lo, limit[0], 1e-6, "%g of %g lost, %g gained: lo %.9f, naive %.9f",
                           lost, n, gained, got.lo, limit[0]);
        cr_assert_float_eq(got.hi, limit[1], 1e-6, "%g of %g lost, %g gained: hi %.9f, naive %.9f",
                           lost, n, gained, got.hi, limit[1]);
    }
}

Test(base_paired, interval_covers_the_truth_as_often_as_it_says)
{
    static const struct {
        uint32_t n;
        double lost, gained;
    } truths[] = {{200, 0.01, 0.01}, {400, 0.012, 0.002}, {1000, 0.02, 0.01},
                  {1000, 0.003, 0},  {300, 0.1, 0.05},    {100, 0.02, 0.03}};
    enum { RUNS = 4000 };
    for (size_t t = 0; t < sizeof truths / sizeof *truths; t++) {
        amct_pcg rng = amct_pcg_new(7, t);
        int above = 0, below = 0;
        double drop = truths[t].lost - truths[t].gained;
        for (int run = 0; run < RUNS; run++) {
            uint32_t lost = 0, gained = 0;
            for (uint32_t i = 0; i < truths[t].n; i++) {
                double u = amct_pcg_unit(&rng);
                lost += u < truths[t].lost;
                gained += u >= truths[t].lost && u < truths[t].lost + truths[t].gained;
            }
            amct_interval got = amct_paired_interval(truths[t].n, lost, gained, 0.95);
            above += drop > got.hi;
            below += drop < got.lo;
        }
        /* Enumeration of all outcomes gives at most 2.9 % above (a budget called met wrongly) and,
         * where few gained samples are expected, up to 5.3 % below. Three standard errors of 4000
         * runs are 0.8 and 1.1 %. */
        cr_assert_lt(above, 0.037 * RUNS, "truth %zu: above the interval %d times", t, above);
        cr_assert_lt(below, 0.064 * RUNS, "truth %zu: below the interval %d times", t, below);
    }
}

Test(base_paired, samples_needed_without_discordance_are_those_of_the_formula)
{
    /* z^2 / (n + z^2) <= 1 % needs 381 samples. */
    double n = amct_paired_samples(0, 0, 0.01, 0.95, 0.5);
    cr_assert_eq(n, 381);
    cr_assert_leq(amct_paired_interval(n, 0, 0, 0.95).hi, 0.01);
    cr_assert_gt(amct_paired_interval(n - 1, 0, 0, 0.95).hi, 0.01);
    cr_assert_eq(amct_paired_samples(0.01, 0, 0.01, 0.95, 0.5), INFINITY);
}

Test(base_paired, planned_samples_prove_the_drop_with_the_planned_power)
{
    double churn = 0.008, drop = 0.004, limit = 0.012;
    double n = amct_paired_samples(drop, churn, limit, 0.95, 0.8);
    cr_assert(n > 500 && n < 10000, "%g", n);
    cr_assert_float_eq(amct_paired_provable(n, churn, limit, 0.95, 0.8), drop, 1e-4);
    amct_pcg rng = amct_pcg_new(11, 1);
    int proven = 0;
    for (int run = 0; run < 1000; run++) {
        int lost = 0, gained = 0;
        for (int i = 0; i < (int)n; i++) {
            double u = amct_pcg_unit(&rng);
            gained += u < churn;
            lost += u >= churn && u < 2 * churn + drop;
        }
        proven += amct_paired_interval(n, lost, gained, 0.95).hi <= limit;
    }
    cr_assert(proven > 760 && proven < 850, "%d of 1000", proven);
}

Test(base_paired, too_few_samples_prove_no_drop)
{
    cr_assert_lt(amct_paired_provable(300, 0, 0.01, 0.95, 0.5), 0);
    cr_assert_lt(amct_paired_provable(300, 0.01, 0.01, 0.95, 0.8), 0);
    cr_assert_gt(amct_paired_provable(5000, 0.005, 0.01, 0.95, 0.8), 0);
    cr_assert_eq(amct_paired_provable(10, 0, 0.01, 0.95, 0.8), -1);
}

Test(base_paired, half_width_falls_with_samples_and_rises_with_churn)
{
    double wide = amct_paired_half_width(1000, 0.005, 0.01, 0.95);
    cr_assert_float_eq(wide, 1.96 * sqrt(0.025 / 1000), 0.0008);
    cr_assert_lt(amct_paired_half_width(4000, 0.005, 0.01, 0.95), wide * 0.55);
    cr_assert_lt(amct_paired_half_width(1000, 0.005, 0.002, 0.95), wide);
}
