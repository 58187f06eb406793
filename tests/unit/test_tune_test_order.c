/* The order of tests against all orders there are. */
#include "tune/test_order.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N = 5 };

/* What a sequence of numbers costs on average, each a hurdle for those after it. */
static double expected(const uint32_t *sequence, uint32_t n, const double *costs,
                       const double *chances, double without)
{
    double sum = 0, reached = 1, have = without;
    for (uint32_t i = 0; i < n; i++) {
        sum += reached * (1 - chances[sequence[i]]) * have;
        reached *= chances[sequence[i]];
        have = fmin(have, costs[sequence[i]]);
    }
    return sum + reached * have;
}

/* The least of all sequences that begin so. */
static double least_of(uint32_t *sequence, uint32_t n, const double *costs, const double *chances,
                       double without)
{
    double least = expected(sequence, n, costs, chances, without);
    for (uint32_t next = 0; next < N; next++) {
        uint32_t i = 0;
        while (i < n && sequence[i] != next)
            i++;
        if (i < n)
            continue;
        sequence[n] = next;
        least = fmin(least, least_of(sequence, n + 1, costs, chances, without));
    }
    return least;
}

Test(tune_test_order, no_other_order_is_expected_to_end_faster)
{
    amct_pcg rng = amct_pcg_new(1, 1);
    for (int trial = 0; trial < 200; trial++) {
        double costs[N], chances[N];
        double shares[N], sum = 0;
        uint32_t order[N], sequence[N];
        for (int i = 0; i < N; i++) {
            costs[i] = (i ? costs[i - 1] : 1) + amct_pcg_unit(&rng);
            chances[i] = amct_pcg_unit(&rng);
        }
        double without = costs[N - 1] + amct_pcg_unit(&rng);
        amct_test_order(order, shares, costs, chances, N, without);
        for (int i = 0; i < N; i++)
            sum += shares[i];
        cr_assert_leq(sum, 1 + 1e-12);
        cr_assert_float_eq(expected(order, N, costs, chances, without),
                           least_of(sequence, 0, costs, chances, without), 1e-12, "trial %d",
                           trial);
    }
}

Test(tune_test_order, a_step_that_hardly_gains_is_no_hurdle)
{
    const double costs[] = {1, 1.01, 2}, chances[] = {0.6, 0.6, 0.99};
    double shares[3];
    uint32_t order[3];
    amct_test_order(order, shares, costs, chances, 3, 10);
    cr_expect_eq(order[0], 2);
    cr_expect_eq(order[1], 0);
    cr_expect_eq(order[2], 1);
    cr_expect(shares[0] == 0.5 && shares[1] == 0.5 && shares[2] == 0);
}

Test(tune_test_order, all_are_tested_where_none_has_a_chance)
{
    const double costs[] = {1, 2, 3}, chances[] = {0, 0, 0};
    double shares[3];
    uint32_t order[3], seen = 0;
    amct_test_order(order, shares, costs, chances, 3, 10);
    for (int i = 0; i < 3; i++)
        seen |= 1u << order[i];
    cr_expect_eq(seen, 7);
}
