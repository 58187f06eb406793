#include "bench/latency/latency_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COVERED 0.9

typedef struct held_view {
    const latency_fitter *f;
    const latency_held *held;
    int without; /* fold whose points are not looked at, -1: none */
} held_view;

static bool looked_at(const held_view *v, uint32_t i)
{
    const latency_point *p = &v->f->points->points[i];
    return !isnan(v->held->seconds[i]) && !p->left_out && !p->doubted && !p->host &&
           v->held->folds[i] != v->without;
}

static double error_of(const held_view *v, uint32_t i)
{
    return fabs(log(v->held->seconds[i] / v->f->points->points[i].seconds));
}

/* The sum of spreads, each times the share of its part. */
static double width_of(const double *parts, const double *spread)
{
    double sum = 0, total = 0;
    for (int k = 0; k < ASCEND_PARTS; k++) {
        sum += parts[k] * spread[k];
        total += parts[k];
    }
    return sum / total;
}

static double unlikelihood(const held_view *v, const double *spread)
{
    double sum = 0;
    for (uint32_t i = 0; i < v->f->points->n; i++)
        if (looked_at(v, i)) {
            double b = log1p(width_of(v->held->parts[i], spread));
            sum += log(b) + error_of(v, i) / b;
        }
    return sum;
}

/* One spread after the other, in steps that shrink. */
static void find_spread(const held_view *v, double *spread)
{
    for (int k = 0; k < ASCEND_PARTS; k++)
        spread[k] = 0.2;
    double best = unlikelihood(v, spread);
    for (double factor = 1.6; factor > 1.02; factor = sqrt(factor))
        for (int round = 0; round < 20; round++) {
            double before = best;
            for (int k = 0; k < 2 * ASCEND_PARTS; k++) {
                double old = spread[k / 2];
                spread[k / 2] = fmax(0.05, fmin(2, k % 2 ? old * factor : old / factor));
                double value = unlikelihood(v, spread);
                if (value < best)
                    best = value;
                else
                    spread[k / 2] = old;
            }
            if (before - best < 1e-6)
                break;
        }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest factor that holds the wanted share of n needs, sorted here; split conformal
 * prediction: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World" (2005). */
static double quantile(double *needs, size_t n)
{
    qsort(needs, n, sizeof *needs, ascending);
    double rank = ceil(COVERED * (double)(n + 1));
    return n == 0 ? 1 : needs[rank > (double)n ? n - 1 : (size_t)rank - 1];
}

static void find_bands(const held_view *v, latency_bands *out, double *needs)
{
    find_spread(v, out->spread);
    for (int chip = 0; chip < LATENCY_CHIPS; chip++) {
        size_t n = 0;
        for (uint32_t i = 0; i < v->f->points->n; i++)
            if (v->f->points->points[i].chip == chip && looked_at(v, i))
                needs[n++] = expm1(error_of(v, i)) / width_of(v->held->parts[i], out->spread);
        out->band[chip] = quantile(needs, n);
    }
}

/* Every chip with the tuning of every other: the median of how much wider the band must be. */
static double find_unmeasured(latency_fitter *f, const latency_params *params,
                              const latency_bands *bands, double *needs)
{
    double ratios[LATENCY_CHIPS * LATENCY_CHIPS],
        *seconds = calloc(f->points->n + 1, sizeof *seconds);
    double *parts = calloc((f->points->n + (size_t)1) * ASCEND_PARTS, sizeof *parts);
    size_t n_ratios = 0;
    for (int shift = 1; shift < LATENCY_CHIPS && seconds && parts; shift++) {
        latency_params other = *params;
        for (int chip = 0; chip < LATENCY_CHIPS; chip++)
            other.tunings[chip] = params->tunings[(chip + shift) % LATENCY_CHIPS];
        latency_predict(f, &other, -1, seconds);
        latency_predict_parts(f, &other, parts);
        for (int chip = 0; chip < LATENCY_CHIPS; chip++) {
            size_t n = 0;
            for (uint32_t i = 0; i < f->points->n; i++) {
                const latency_point *p = &f->points->points[i];
                if (p->chip == chip && !isnan(seconds[i]) && !p->doubted && !p->left_out &&
                    !p->host)
                    needs[n++] = expm1(fabs(log(seconds[i] / p->seconds))) /
                                 width_of(parts + (size_t)i * ASCEND_PARTS, bands->spread);
            }
            ratios[n_ratios++] = quantile(needs, n) / bands->band[(chip + shift) % LATENCY_CHIPS];
        }
    }
    free(seconds);
    free(parts);
    qsort(ratios, n_ratios, sizeof *ratios, ascending);
    return n_ratios ? fmax(1, ratios[n_ratios / 2]) : 1;
}

amct_status latency_bands_find(latency_bands *out, latency_fitter *f, const latency_held *held,
                               const latency_params *params, amct_err *err)
{
    held_view v = {f, held, -1};
    double *needs = calloc(f->points->n + (size_t)1, sizeof *needs);
    if (!needs)
        return amct_fail_nomem(err);
    find_bands(&v, out, needs);
    out->unmeasured = find_unmeasured(f, params, out, needs);
    for (int fold = 0; fold < held->n_folds; fold++) {
        latency_bands bands;
        v.without = fold;
        find_bands(&v, &bands, needs);
        for (uint32_t i = 0; i < f->points->n; i++)
            if (held->folds[i] == fold && !isnan(held->seconds[i]))
                held->inside[i] =
                    expm1(error_of(&v, i)) <=
                    bands.band[f->points->points[i].chip] * width_of(held->parts[i], bands.spread);
    }
    free(needs);
    return AMCT_OK;
}
