#include "tune/test_order.h"

#include <criterion/criterion.h>

static void check(uint32_t n, const double *chances, const uint32_t *order, const double *shares)
{
    uint32_t have[8];
    double parts[8];
    amct_test_order(have, parts, chances, n);
    for (uint32_t i = 0; i < n; i++) {
        cr_expect_eq(have[i], order[i], "%d: %d", (int)i, (int)have[i]);
        cr_expect_float_eq(parts[i], shares[i], 1e-12, "%d: %g", (int)i, parts[i]);
    }
}

Test(tune_test_order, the_surest_is_tested_first_and_the_fastest_last)
{
    check(3, (const double[]){0.2, 0.7, 0.9}, (const uint32_t[]){2, 1, 0},
          (const double[]){0.5, 0.25, 0.25});
    check(1, (const double[]){0.2}, (const uint32_t[]){0}, (const double[]){1});
}

Test(tune_test_order, who_is_slower_than_one_as_sure_comes_last_with_little)
{
    check(4, (const double[]){0.2, 0.7, 0.7, 0.6}, (const uint32_t[]){1, 0, 2, 3},
          (const double[]){0.45, 0.45, 0.05, 0.05});
    /* Hardly surer is not enough: what it has is lost to faster ones if it fails. */
    check(4, (const double[]){0.2, 0.8, 0.82, 0.97}, (const uint32_t[]){3, 1, 0, 2},
          (const double[]){0.45, 0.225, 0.225, 0.1});
    check(3, (const double[]){0, 0, 0}, (const uint32_t[]){0, 1, 2},
          (const double[]){0.9, 0.05, 0.05});
}
