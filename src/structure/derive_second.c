/* What a second factor reads: z = V x. */
#include "structure/derive_parts.h"
#include "compress/linalg.h"
#include "structure/refit.h"

#include <math.h>
#include <stdlib.h>

enum { PANEL = 256 }; /* rows of C that are unpacked at a time */

typedef struct between {
    const amct_deriving *d;
    size_t rank, p;
    double *v, *turned; /* rank x p, p x rank */
    double *panel, *cv; /* PANEL x p, p x rank */
    double *block;      /* rank x rank: moments of z between two places */
    double *mean;       /* s x rank */
    double *moments;    /* rank s x rank s, in the order of the layer's columns; or NULL */
    double *square;     /* rank: at the centre */
    double lambda;      /* what the variances of x grow by */
} between;

static amct_status begin(between *b, const amct_deriving *d, const amct_layer *first,
                         const amct_columns *columns, amct_err *err)
{
    const float *weights = d->candidate->graph->tensors[first->weights].data;
    size_t r = (size_t)columns->outputs, p = d->p, n = r * d->s;
    *b = (between){.d = d, .rank = r, .p = p};
    b->v = malloc((r * p + 1) * sizeof *b->v);
    b->turned = malloc((p * r + 1) * sizeof *b->turned);
    b->panel = malloc((PANEL * p + 1) * sizeof *b->panel);
    b->cv = malloc((p * r + 1) * sizeof *b->cv);
    b->block = malloc((r * r + 1) * sizeof *b->block);
    b->mean = calloc(n + 1, sizeof *b->mean);
    b->square = malloc((r + 1) * sizeof *b->square);
    if (d->want_gram)
        b->moments = malloc((n * n + 1) * sizeof *b->moments);
    if (!b->v || !b->turned || !b->panel || !b->cv || !b->block || !b->mean || !b->square ||
        (d->want_gram && !b->moments))
        return amct_fail_nomem(err);
    for (size_t t = 0; t < r; t++)
        for (size_t i = 0; i < p; i++)
            b->v[t * p + i] = b->turned[i * r + t] =
                (double)weights[amct_columns_weight(columns, 0, (int64_t)t, (int64_t)i)];
    return AMCT_OK;
}

static void end(between *b)
{
    free(b->v);
    free(b->turned);
    free(b->panel);
    free(b->cv);
    free(b->block);
    free(b->mean);
    free(b->square);
    free(b->moments);
}

/* A part of the mean variance of x. Few rows see nothing of many directions, but the next ones
 * will: without it, rounding would hide its errors there. */
static double find_lambda(const between *b)
{
    const amct_gram *gram = b->d->gram;
    const double given = b->d->source->ridge;
    int64_t k = gram->columns.columns;
    size_t n = b->p * b->d->s;
    double sum = 0, rows = (double)gram->rows;
    for (size_t i = 0; i < n; i++) {
        int64_t at = b->d->at[i];
        double mean = (double)gram->sums[k * (k + 1) / 2 + at] * gram->mean_unit / rows;
        sum += amct_derive_sum(gram->sums, k, at, at) * gram->unit / rows - mean * mean;
    }
    double ridge = given > 0 ? given : amct_refit_ridge(b->d->source->calibration->n_samples);
    return sum > 0 ? ridge * sum / (double)n : 0;
}

/* block = V C_jl V^T */
static void reckon_block(between *b, size_t j, size_t l)
{
    const amct_gram *gram = b->d->gram;
    int64_t k = gram->columns.columns;
    const int64_t *rows = b->d->at + j * b->p, *columns = b->d->at + l * b->p;
    double unit = gram->unit / (double)gram->rows;
    for (size_t from = 0; from < b->p; from += PANEL) {
        size_t n = b->p - from < PANEL ? b->p - from : PANEL;
        for (size_t i = 0; i < n; i++)
            for (size_t m = 0; m < b->p; m++)
                b->panel[i * b->p + m] =
                    unit * amct_derive_sum(gram->sums, k, rows[from + i], columns[m]);
        for (size_t i = 0; j == l && i < n; i++)
            b->panel[i * b->p + from + i] += b->lambda;
        amct_linalg_product(b->cv + from * b->rank, b->rank, b->panel, b->p, b->turned, b->rank, n,
                            b->p, b->rank);
    }
    amct_linalg_product(b->block, b->rank, b->v, b->p, b->cv, b->rank, b->rank, b->p, b->rank);
}

static void reckon_means(between *b)
{
    const amct_gram *gram = b->d->gram;
    int64_t k = gram->columns.columns;
    const int64_t *sums = gram->sums + k * (k + 1) / 2;
    double unit = gram->mean_unit / (double)gram->rows;
    for (size_t j = 0; j < b->d->s; j++)
        for (size_t t = 0; t < b->rank; t++)
            for (size_t i = 0; i < b->p; i++)
                b->mean[j * b->rank + t] +=
                    b->v[t * b->p + i] * unit * (double)sums[b->d->at[j * b->p + i]];
}

static void reckon(between *b)
{
    size_t s = b->d->s, n = b->rank * s, centre = s / 2;
    b->lambda = find_lambda(b);
    reckon_means(b);
    for (size_t j = 0; j < s; j++)
        for (size_t l = j; l < s; l++) {
            if (!b->moments && (j != centre || l != centre))
                continue;
            reckon_block(b, j, l);
            for (size_t t = 0; t < b->rank && j == centre && l == centre; t++)
                b->square[t] = b->block[t * b->rank + t];
            for (size_t t = 0; b->moments && t < b->rank; t++)
                for (size_t u = 0; u < b->rank; u++)
                    b->moments[(t * s + j) * n + u * s + l] =
                        b->moments[(u * s + l) * n + t * s + j] = b->block[t * b->rank + u];
        }
}

/* ---- What comes out ---------------------------------------------------------------------------
 */

static amct_qparams params_of(const between *b, double deviations, uint32_t bits, float *low,
                              float *high)
{
    const double *mean = b->mean + b->d->s / 2 * b->rank;
    double min = 0, max = 0;
    for (size_t t = 0; t < b->rank; t++) {
        double reach = deviations * sqrt(fmax(b->square[t] - mean[t] * mean[t], 0));
        min = fmin(min, mean[t] - reach);
        max = fmax(max, mean[t] + reach);
    }
    *low = (float)min;
    *high = (float)max;
    return amct_qparams_of_range(*low, *high, b->d->source->asymmetric, bits);
}

static amct_status set_stats(amct_layer_stats *stats, const between *b, amct_err *err)
{
    double *mean = malloc((b->rank + 1) * sizeof *mean);
    float low, high;
    if (!mean)
        return amct_fail_nomem(err);
    for (size_t t = 0; t < b->rank; t++)
        mean[t] = b->mean[b->d->s / 2 * b->rank + t];
    *stats = (amct_layer_stats){.seen = true, .n_src_channels = (int64_t)b->rank, .src_mean = mean};
    stats->src4 = params_of(b, 3, 4, &low, &high);
    stats->src = params_of(b, 4, 8, &low, &high);
    stats->src_min = low;
    stats->src_max = high;
    return AMCT_OK;
}

/* What 1 stands for, so that the largest of the numbers fills an integer, nearly. */
static double unit_of(const double *numbers, size_t n, uint64_t rows)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(numbers[i]));
    return most > 0 ? most * (double)rows / 0x1p60 : 1;
}

static amct_status pack(amct_derivation *out, const between *b, amct_err *err)
{
    size_t s = b->d->s, n = b->rank * s;
    amct_gram *gram = out->gram = amct_derive_new_gram(b->d);
    if (!gram)
        return amct_fail_nomem(err);
    double rows = (double)gram->rows;
    int64_t *to = (int64_t *)gram->sums;
    gram->unit = unit_of(b->moments, n * n, gram->rows);
    gram->mean_unit = unit_of(b->mean, n, gram->rows);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k < n; k++)
            *to++ = (int64_t)rint(b->moments[i * n + k] * rows / gram->unit);
    for (size_t t = 0; t < b->rank; t++)
        for (size_t j = 0; j < s; j++)
            *to++ = (int64_t)rint(b->mean[j * b->rank + t] * rows / gram->mean_unit);
    return AMCT_OK;
}

amct_status amct_derive_second(amct_derivation *out, const amct_deriving *d,
                               const amct_layer *first, const amct_columns *first_columns,
                               amct_err *err)
{
    between b;
    amct_status status = begin(&b, d, first, first_columns, err);
    if (status == AMCT_OK &&
        (d->columns.groups != 1 || (size_t)d->columns.columns != b.rank * d->s))
        status = amct_fail(err, AMCT_E_INTERNAL, "it does not come from '%s'", d->from->name);
    if (status == AMCT_OK) {
        reckon(&b);
        status = set_stats(&out->stats, &b, err);
    }
    if (status == AMCT_OK && d->want_gram)
        status = pack(out, &b, err);
    end(&b);
    return status;
}
