/* 4:2 sparse weights, against plain loops in double precision. */
#include "compress/sparse.h"

#include "base/pcg.h"
#include "compress/round.h"
#include "compress/rounder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

enum { MOST = 48, MOST_OUTPUTS = 9 };

/* A layer: its weights, and second moments of columns that go together. */
typedef struct layer {
    size_t channels, taps, columns, outputs;
    double moments[MOST * MOST], weights[MOST * MOST_OUTPUTS], sparse[MOST * MOST_OUTPUTS];
} layer;

static double random_number(amct_pcg *rng)
{
    return amct_pcg_unit(rng) + amct_pcg_unit(rng) + amct_pcg_unit(rng) - 1.5;
}

/* Moments of `rows` rows, each a mix of fewer causes than there are columns. */
static layer *layer_new(size_t channels, size_t taps, size_t outputs, uint64_t seed)
{
    layer *l = calloc(1, sizeof *l);
    amct_pcg rng = amct_pcg_new(seed, 5);
    double mix[MOST * MOST], row[MOST];
    l->channels = channels;
    l->taps = taps;
    l->columns = channels * taps;
    l->outputs = outputs;
    cr_assert(l->columns <= MOST && outputs <= MOST_OUTPUTS);
    for (size_t i = 0; i < l->columns * l->columns; i++)
        mix[i] = random_number(&rng);
    for (size_t r = 0; r < 64; r++) {
        memset(row, 0, sizeof row);
        for (size_t c = 0; c < 1 + l->columns / 2; c++) {
            double cause = random_number(&rng);
            for (size_t i = 0; i < l->columns; i++)
                row[i] += cause * mix[c * l->columns + i];
        }
        for (size_t i = 0; i < l->columns; i++)
            row[i] += random_number(&rng);
        for (size_t i = 0; i < l->columns * l->columns; i++)
            l->moments[i] += row[i / l->columns] * row[i % l->columns] / 64;
    }
    for (size_t i = 0; i < l->columns * outputs; i++)
        l->weights[i] = random_number(&rng);
    return l;
}

static void fit(layer *l, bool with_moments)
{
    memcpy(l->sparse, l->weights, sizeof l->sparse);
    OK(amct_sparse_fit(l->sparse, l->columns, l->outputs, l->taps, with_moments ? l->moments : NULL,
                       &err));
}

static double damped(const layer *l, size_t i, size_t k)
{
    double mean = 0;
    for (size_t c = 0; c < l->columns; c++)
        mean += l->moments[c * l->columns + c] / (double)l->columns;
    return l->moments[i * l->columns + k] + (i == k ? AMCT_DAMPING * mean : 0);
}

/* e^T H e of output m. */
static double error_of(const layer *l, const double *weights, size_t m)
{
    double sum = 0;
    for (size_t i = 0; i < l->columns; i++)
        for (size_t k = 0; k < l->columns; k++)
            sum += (l->weights[i * l->outputs + m] - weights[i * l->outputs + m]) *
                   damped(l, i, k) * (l->weights[k * l->outputs + m] - weights[k * l->outputs + m]);
    return sum;
}

/* The least error of output m with the kept columns only: H_dd less what the kept ones can repair,
 * by elimination. */
static double least_error(const layer *l, const bool *kept, size_t m)
{
    size_t n = l->columns, order[MOST], n_kept = 0, at = 0;
    double a[MOST][MOST], sum = 0;
    for (size_t i = 0; i < n; i++)
        if (kept[i])
            order[n_kept++] = i;
    at = n_kept;
    for (size_t i = 0; i < n; i++)
        if (!kept[i])
            order[at++] = i;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            a[i][k] = damped(l, order[i], order[k]);
    for (size_t p = 0; p < n_kept; p++)
        for (size_t i = p + 1; i < n; i++) {
            double factor = a[i][p] / a[p][p];
            for (size_t k = p; k < n; k++)
                a[i][k] -= factor * a[p][k];
        }
    for (size_t i = n_kept; i < n; i++)
        for (size_t k = n_kept; k < n; k++)
            sum += l->weights[order[i] * l->outputs + m] * a[i][k] *
                   l->weights[order[k] * l->outputs + m];
    return sum;
}

/* Of all ways to keep two of each four, with one tap and channels that are a multiple of four. */
static double best_error(const layer *l, size_t m)
{
    static const uint8_t pairs[6] = {3, 5, 6, 9, 10, 12};
    size_t groups = l->channels / 4, n = 1;
    double least = INFINITY;
    bool kept[MOST];
    for (size_t g = 0; g < groups; g++)
        n *= 6;
    for (size_t i = 0; i < n; i++) {
        for (size_t g = 0, rest = i; g < groups; g++, rest /= 6)
            for (size_t k = 0; k < 4; k++)
                kept[4 * g + k] = pairs[rest % 6] >> k & 1;
        least = fmin(least, least_error(l, kept, m));
    }
    return least;
}

static size_t kept_in_group(const layer *l, const double *weights, size_t first, size_t tap,
                            size_t m)
{
    size_t kept = 0;
    for (size_t c = first; c < l->channels && c < first + 4; c++)
        kept += weights[(c * l->taps + tap) * l->outputs + m] != 0;
    return kept;
}

Test(compress_sparse, of_four_channels_the_best_two_are_kept)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        layer *l = layer_new(4, 1, 5, seed);
        fit(l, true);
        for (size_t m = 0; m < l->outputs; m++) {
            double is = error_of(l, l->sparse, m), best = best_error(l, m);
            cr_expect_float_eq(is, best, 1e-9 * (1 + best), "%g, best %g", is, best);
        }
        free(l);
    }
}

Test(compress_sparse, of_several_groups_the_error_is_close_to_the_best_of_all_choices)
{
    double sum = 0, best_sum = 0;
    size_t best_ones = 0, n = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        layer *l = layer_new(12, 1, 6, seed);
        fit(l, true);
        for (size_t m = 0; m < l->outputs; m++, n++) {
            double is = error_of(l, l->sparse, m), best = best_error(l, m);
            cr_assert_geq(is, best * (1 - 1e-9));
            sum += is;
            best_sum += best;
            best_ones += is < 1.02 * best;
        }
        free(l);
    }
    cr_expect_lt(sum, 1.06 * best_sum, "%g, best %g", sum, best_sum);
    cr_expect_gt(10 * best_ones, 7 * n, "%zu of %zu are the best", best_ones, n);
}

Test(compress_sparse, kept_weights_make_up_for_the_others)
{
    layer *l = layer_new(10, 3, 6, 1), *plain = layer_new(10, 3, 6, 1);
    double sum = 0, by_size = 0, least_sum = 0;
    bool kept[MOST];
    fit(l, true);
    fit(plain, false);
    for (size_t m = 0; m < l->outputs; m++) {
        for (size_t i = 0; i < l->columns; i++)
            kept[i] = l->sparse[i * l->outputs + m] != 0;
        sum += error_of(l, l->sparse, m);
        least_sum += least_error(l, kept, m);
        by_size += error_of(plain, plain->sparse, m);
    }
    cr_expect_lt(sum, 1.005 * least_sum, "%g, least squares %g", sum, least_sum);
    cr_expect_lt(sum, 0.4 * by_size, "%g, the largest weights %g", sum, by_size);
    free(l);
    free(plain);
}

Test(compress_sparse, each_four_channels_keep_two_at_each_tap)
{
    for (size_t channels = 1; channels <= 12; channels++) {
        layer *l = layer_new(channels, 3, 4, channels);
        for (int moments = 0; moments < 2; moments++) {
            fit(l, moments);
            for (size_t first = 0; first < channels; first += 4)
                for (size_t i = 0; i < l->taps * l->outputs; i++) {
                    size_t width = channels - first < 4 ? channels - first : 4;
                    cr_expect_eq(kept_in_group(l, l->sparse, first, i % l->taps, i / l->taps),
                                 width < 2 ? width : 2);
                }
        }
        free(l);
    }
}

Test(compress_sparse, without_moments_the_largest_weights_stay_as_they_are)
{
    layer *l = layer_new(8, 2, 3, 9);
    fit(l, false);
    for (size_t i = 0; i < l->columns * l->outputs; i++) {
        size_t m = i % l->outputs, tap = i / l->outputs % l->taps,
               channel = i / l->outputs / l->taps, larger = 0;
        for (size_t c = channel / 4 * 4; c < channel / 4 * 4 + 4; c++)
            larger += fabs(l->weights[(c * l->taps + tap) * l->outputs + m]) > fabs(l->weights[i]);
        cr_expect_eq(l->sparse[i], larger < 2 ? l->weights[i] : 0);
    }
    free(l);
}

Test(compress_sparse, sparse_weights_stay_as_they_are)
{
    layer *l = layer_new(11, 2, 7, 3);
    for (size_t i = 0; i < l->columns * l->outputs; i++) {
        size_t channel = i / l->outputs / l->taps;
        if ((channel + i % l->outputs) % 4 < 2 && channel < 8)
            l->weights[i] = 0;
        if (channel == 8)
            l->weights[i] = 0;
    }
    fit(l, true);
    cr_expect_arr_eq(l->sparse, l->weights, sizeof l->weights);
    free(l);
}

Test(compress_sparse, zeros_and_dead_columns_do_no_harm)
{
    layer *l = layer_new(8, 1, 4, 2);
    memset(l->weights, 0, sizeof l->weights);
    fit(l, true);
    cr_expect_arr_eq(l->sparse, l->weights, sizeof l->weights);
    free(l);
    l = layer_new(8, 1, 4, 2);
    for (size_t i = 0; i < l->columns; i++) /* a channel that is always zero */
        l->moments[i * l->columns + 2] = l->moments[2 * l->columns + i] = 0;
    fit(l, true);
    for (size_t i = 0; i < l->columns * l->outputs; i++)
        cr_expect(isfinite(l->sparse[i]));
    memset(l->moments, 0, sizeof l->moments);
    fit(l, true);
    for (size_t m = 0; m < l->outputs; m++)
        cr_expect_eq(kept_in_group(l, l->sparse, 0, 0, m), 2);
    free(l);
}

/* ---- Rounded as well ---------------------------------------------------------------------- */

static amct_rounder *rounded(const layer *l, const double *weights, bool keep_zeros)
{
    amct_rounder_options options = {.columns = l->columns,
                                    .outputs = l->outputs,
                                    .parts = 1,
                                    .part_columns = l->columns,
                                    .bits = 8,
                                    .per_output = true,
                                    .algo = AMCT_WEIGHTS_GPTQ,
                                    .keep_zeros = keep_zeros};
    amct_rounder *r;
    OK(amct_rounder_new(&r, &options, &err));
    memcpy(r->weights, weights, l->columns * l->outputs * sizeof *weights);
    OK(amct_rounder_set_moments(r, 0, l->moments, &err));
    amct_rounder_run(r);
    return r;
}

static double rounded_error(const layer *l, const amct_rounder *r)
{
    double weights[MOST * MOST_OUTPUTS], sum = 0;
    for (size_t i = 0; i < l->columns * l->outputs; i++)
        weights[i] = r->integers[i] * (double)r->scales[i % l->outputs];
    for (size_t m = 0; m < l->outputs; m++)
        sum += error_of(l, weights, m);
    return sum;
}

Test(compress_sparse, rounding_keeps_zeros_and_adds_little)
{
    layer *l = layer_new(16, 3, 9, 4);
    double unrounded = 0;
    fit(l, true);
    amct_rounder *r = rounded(l, l->sparse, true), *dense = rounded(l, l->weights, false);
    for (size_t i = 0; i < l->columns * l->outputs; i++)
        cr_expect(l->sparse[i] != 0 || r->integers[i] == 0);
    for (size_t m = 0; m < l->outputs; m++)
        unrounded += error_of(l, l->sparse, m);
    double is = rounded_error(l, r), of_dense = rounded_error(l, dense);
    cr_expect_lt(is, 1.005 * unrounded, "%g, before rounding %g", is, unrounded);
    cr_expect_gt(is, of_dense, "%g, dense %g", is, of_dense);
    amct_rounder_free(r);
    amct_rounder_free(dense);
    free(l);
}
