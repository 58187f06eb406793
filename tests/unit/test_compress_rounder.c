/* Rounding once: its scales by plain sums, its integers against plain rounding. */
#include "compress/rounder.h"

#include "base/pcg.h"
#include "compress/range.h"
#include "compress/round.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 40, OUTPUTS = 70 };

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

/* Weights with outliers, and second moments of columns that go together. */
static amct_rounder *rounded(double *moments, uint32_t bits, bool per_output, bool once,
                             size_t parts)
{
    amct_rounder_options options = {.columns = COLUMNS,
                                    .outputs = OUTPUTS,
                                    .parts = parts,
                                    .part_columns = parts ? COLUMNS : 0,
                                    .bits = bits,
                                    .per_output = per_output,
                                    .algo = AMCT_WEIGHTS_GPTQ,
                                    .once = once};
    amct_rounder *r;
    amct_pcg rng = amct_pcg_new(3, 4);
    OK(amct_rounder_new(&r, &options, &err));
    for (size_t i = 0; i < COLUMNS * OUTPUTS; i++) {
        double x = 2 * amct_pcg_unit(&rng) - 1;
        r->weights[i] = x * x * x * (double)(1 + i % OUTPUTS);
    }
    for (size_t i = 0; i < COLUMNS * COLUMNS; i++)
        moments[i] = exp(-fabs((double)(i / COLUMNS) - (double)(i % COLUMNS)) / 3);
    if (parts)
        OK(amct_rounder_set_moments(r, 0, moments, &err));
    amct_rounder_run(r);
    return r;
}

static double plain_error(const amct_rounder *r, size_t m, double scale)
{
    double sum = 0;
    for (size_t k = 0; k < COLUMNS; k++) {
        double w = r->weights[k * OUTPUTS + m];
        double e = w - fmax(-8, fmin(7, rint(w / scale))) * scale;
        sum += e * e;
    }
    return sum;
}

/* Of n outputs from the m-th on. */
static double full_scale(const amct_rounder *r, size_t m, size_t n)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < COLUMNS * n; i++) {
        double w = r->weights[i / n * OUTPUTS + m + i % n];
        low = fmin(low, w);
        high = fmax(high, w);
    }
    return (double)amct_qparams_of_range((float)low, (float)high, false, 4).scale;
}

Test(compress_rounder, once_takes_the_range_whose_plain_rounding_is_best)
{
    static double moments[COLUMNS * COLUMNS];
    for (size_t parts = 0; parts < 2; parts++) { /* without moments, too */
        amct_rounder *r = rounded(moments, 4, true, true, parts);
        size_t narrower = 0;
        for (size_t m = 0; m < OUTPUTS; m++) {
            double full = full_scale(r, m, 1), least = INFINITY;
            for (int percent = 100; percent >= 40; percent -= 4)
                least = fmin(least, plain_error(r, m, full * percent / 100));
            double is = plain_error(r, m, (double)r->scales[m]);
            cr_expect_float_eq(is, least, 1e-4 * least, "%zu: %g, least %g", m, is, least);
            narrower += (double)r->scales[m] < 0.99 * full;
        }
        cr_expect_gt(narrower, OUTPUTS / 2);
        amct_rounder_free(r);
    }
}

Test(compress_rounder, once_with_a_scale_for_all_takes_the_best_in_total)
{
    static double moments[COLUMNS * COLUMNS];
    amct_rounder *r = rounded(moments, 4, false, true, 1);
    double full = full_scale(r, 0, OUTPUTS), least = INFINITY, is = 0;
    for (size_t m = 0; m < OUTPUTS; m++) {
        is += plain_error(r, m, (double)r->scales[m]);
        cr_expect_eq(r->scales[m], r->scales[0]);
    }
    for (int percent = 100; percent >= 40; percent -= 4) {
        double sum = 0;
        for (size_t m = 0; m < OUTPUTS; m++)
            sum += plain_error(r, m, full * percent / 100);
        least = fmin(least, sum);
    }
    cr_expect_float_eq(is, least, 1e-4 * least, "%g, least %g", is, least);
    amct_rounder_free(r);
}

/* e^T H e over all outputs; of the integers, or of plain rounding to the same scales. */
static double result_error(const amct_rounder *r, const double *moments, bool plain)
{
    double sum = 0;
    for (size_t m = 0; m < OUTPUTS; m++) {
        double e[COLUMNS], scale = (double)r->scales[m];
        for (size_t k = 0; k < COLUMNS; k++) {
            double w = r->weights[k * OUTPUTS + m];
            double q = plain ? fmax(-8, fmin(7, rint(w / scale))) : r->integers[k * OUTPUTS + m];
            cr_assert(q >= -8 && q <= 7);
            e[k] = (w - q * scale) / (double)(1 + m);
        }
        for (size_t i = 0; i < COLUMNS * COLUMNS; i++)
            sum += e[i / COLUMNS] * moments[i] * e[i % COLUMNS];
    }
    return sum;
}

Test(compress_rounder, once_rounds_for_the_result)
{
    static double moments[COLUMNS * COLUMNS];
    amct_rounder *once = rounded(moments, 4, true, true, 1);
    amct_rounder *best = rounded(moments, 4, true, false, 1);
    double is = result_error(once, moments, false), plain = result_error(once, moments, true);
    double least = result_error(best, moments, false);
    cr_expect_lt(is, 0.7 * plain, "%g, plainly %g", is, plain);
    cr_expect_lt(least, is);
    cr_expect_lt(is, 2 * least, "%g, best %g", is, least);
    amct_rounder_free(once);
    amct_rounder_free(best);
}

Test(compress_rounder, once_changes_nothing_at_8_bits)
{
    static double moments[COLUMNS * COLUMNS];
    amct_rounder *a = rounded(moments, 8, true, true, 1), *b = rounded(moments, 8, true, false, 1);
    cr_expect_eq(memcmp(a->integers, b->integers, COLUMNS * OUTPUTS), 0);
    cr_expect_eq(memcmp(a->scales, b->scales, OUTPUTS * sizeof *a->scales), 0);
    amct_rounder_free(a);
    amct_rounder_free(b);
}

/* As rounding leaves second moments of columns that are nearly constant. */
Test(compress_rounder, moments_that_are_a_little_indefinite_can_be_rounded_with)
{
    static double moments[COLUMNS * COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t k = 0; k < COLUMNS; k++)
            moments[i * COLUMNS + k] = i == k ? 1 : -0.05; /* an eigenvalue of 1 - 0.05 * 40 */
    amct_factor f;
    OK(amct_factor_make(&f, moments, COLUMNS, AMCT_DAMPING, &err));
    for (size_t i = 0; i < COLUMNS; i++)
        cr_expect(isfinite(f.r[i * COLUMNS + i]) && f.r[i * COLUMNS + i] > 0);
    amct_factor_free(&f);
}
