#include "compress/least_squares.h"

#include "compress/cut_off.h"
#include "compress/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_COLUMNS = 32 }; /* so few are known well enough without any test */

size_t amct_lsq_bytes(size_t columns, size_t outputs, size_t rows)
{
    return columns * columns * (2 * sizeof(float) + 3 * sizeof(double)) +
           columns * outputs * (4 * sizeof(float) + 5 * sizeof(double)) +
           rows * outputs * sizeof(float);
}

amct_status amct_lsq_new(amct_lsq *out, size_t columns, size_t outputs, size_t rows, amct_err *err)
{
    size_t square = columns * columns, all = columns * outputs;
    amct_lsq l = {.rows = {.columns = columns, .outputs = outputs}};
    bool room = true;
    for (int h = 0; h < 2; h++) {
        l.gram[h] = malloc(square * sizeof(float));
        l.cross[h] = malloc(all * sizeof(float));
        room = room && l.gram[h] && l.cross[h];
    }
    l.g = malloc(square * sizeof(double));
    l.half_g = malloc(square * sizeof(double));
    l.factor = malloc(square * sizeof(double));
    l.c = malloc(all * sizeof(double));
    l.half_c = malloc(all * sizeof(double));
    l.tried = malloc(all * sizeof(double));
    l.product = malloc(all * sizeof(double));
    l.old = malloc(all * sizeof(double));
    l.middle = malloc(outputs * sizeof(double));
    l.have = malloc(rows * outputs * sizeof(float));
    l.aimed = malloc(all * sizeof(float));
    l.weights = malloc(all * sizeof(float));
    *out = l;
    if (room && l.g && l.half_g && l.factor && l.c && l.half_c && l.tried && l.product && l.old &&
        l.middle && l.have && l.aimed && l.weights)
        return AMCT_OK;
    amct_lsq_free(out);
    return amct_fail_nomem(err);
}

void amct_lsq_free(amct_lsq *l)
{
    for (int h = 0; h < 2; h++) {
        free(l->gram[h]);
        free(l->cross[h]);
    }
    free(l->g);
    free(l->half_g);
    free(l->factor);
    free(l->c);
    free(l->half_c);
    free(l->tried);
    free(l->product);
    free(l->old);
    free(l->middle);
    free(l->have);
    free(l->aimed);
    free(l->weights);
    *l = (amct_lsq){0};
}

/* g and c from the sums of some halves. */
static void average(double *g, double *c, const amct_lsq *l, bool even, bool odd)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    size_t count = (even ? l->counts[0] : 0) + (odd ? l->counts[1] : 0);
    double part[2] = {even ? 1.0 / (double)count : 0, odd ? 1.0 / (double)count : 0};
    for (size_t i = 0; i < k; i++)
        for (size_t j = i; j < k; j++)
            g[i * k + j] = g[j * k + i] =
                l->gram[0][i * k + j] * part[0] + l->gram[1][i * k + j] * part[1];
    for (size_t i = 0; i < k * m; i++)
        c[i] = l->cross[0][i] * part[0] + l->cross[1][i] * part[1];
}

void amct_lsq_set(amct_lsq *l, const amct_lsq_rows *rows)
{
    l->rows = *rows;
    size_t k = rows->columns, m = rows->outputs;
    for (int h = 0; h < 2; h++) {
        memset(l->gram[h], 0, k * k * sizeof(float));
        memset(l->cross[h], 0, k * m * sizeof(float));
        l->counts[h] = 0;
    }
    for (size_t s = 0; s < rows->n_samples; s++) {
        const float *x = rows->x + s * rows->rows * rows->ld_x;
        const float *z = rows->z + s * rows->rows * rows->ld_z;
        amct_linalg_gram(l->gram[s % 2], k, x, rows->ld_x, rows->rows, k);
        amct_linalg_cross(l->cross[s % 2], m, x, rows->ld_x, z, rows->ld_z, rows->rows, k, m);
        l->counts[s % 2] += rows->rows;
    }
    average(l->g, l->c, l, true, true);
}

static double mean_diagonal(const double *g, size_t k)
{
    double mean = 0;
    for (size_t i = 0; i < k; i++)
        mean += g[i * k + i] / (double)k;
    return mean;
}

/* to = w + (g + ridge)^-1 (c - g w); false if that cannot be computed. */
static bool solve(double *to, amct_lsq *l, const double *w, const double *g, const double *c,
                  double ridge)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    double add = ridge * mean_diagonal(g, k);
    amct_err why;
    amct_linalg_product(to, m, g, k, w, m, k, k, m);
    for (size_t i = 0; i < k * m; i++)
        to[i] = c[i] - to[i];
    memcpy(l->factor, g, k * k * sizeof *g);
    for (size_t i = 0; i < k; i++)
        l->factor[i * k + i] += add;
    if (!(add > 0) || amct_linalg_cholesky(l->factor, k, &why) != AMCT_OK)
        return false;
    amct_linalg_solve(to, m, l->factor, k, m);
    for (size_t i = 0; i < k * m; i++)
        to[i] += w[i];
    return true;
}

/* The mean square error of the results of w, less a constant. */
static double error_of(amct_lsq *l, const double *w, const double *g, const double *c)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    double error = 0;
    amct_linalg_product(l->product, m, g, k, w, m, k, k, m);
    for (size_t i = 0; i < k * m; i++)
        error += w[i] * (l->product[i] - 2 * c[i]);
    return error;
}

/* The error on each half of what the other one gives; INFINITY: cannot be computed. */
static double crossed_error(amct_lsq *l, const double *w, double ridge)
{
    double error = 0;
    for (int h = 0; h < 2; h++) {
        average(l->half_g, l->half_c, l, !h, h);
        if (!solve(l->tried, l, w, l->half_g, l->half_c, ridge))
            return INFINITY;
        average(l->half_g, l->half_c, l, h, !h);
        error += error_of(l, l->tried, l->half_g, l->half_c);
    }
    return error;
}

/* Downhill from the usual ridge, in steps of half a decade; 0: none is better than w. */
static double choose_ridge(amct_lsq *l, const double *w)
{
    const double first = 0.03, step = sqrt(10), least = 1e-4, most = 1e2;
    double best = first, least_error = crossed_error(l, w, first), as_is = 0;
    for (int up = 1; up >= 0; up--) {
        for (double ridge = best; ridge > least && ridge < most;) {
            ridge = up ? ridge * step : ridge / step;
            double error = crossed_error(l, w, ridge);
            if (!(error < least_error))
                break;
            least_error = error;
            best = ridge;
        }
        if (best > first)
            break;
    }
    for (int h = 0; h < 2; h++) {
        average(l->half_g, l->half_c, l, h, !h);
        as_is += error_of(l, w, l->half_g, l->half_c);
    }
    return least_error < as_is ? best : 0;
}

/* ---- Behind what cuts results off -----------------------------------------------------------
 */

/* Rows of samples: of a half, or of all. */
enum { EVEN, ODD, ALL };

static bool is_of(int half, size_t sample)
{
    return half == ALL || sample % 2 == (size_t)half;
}

/* The square error behind the cut of what the weights give at the rows of a sample. */
static double error_behind(const amct_lsq *l, size_t sample)
{
    const amct_lsq_rows *r = &l->rows;
    double error = 0;
    for (size_t i = 0; i < r->rows; i++)
        for (size_t m = 0; m < r->outputs; m++) {
            size_t at = (sample * r->rows + i) * r->ld_z + m;
            double other = r->t ? r->t[at] : 0;
            double have = l->have[i * r->outputs + m] + l->middle[m] + other;
            double want = r->z[at] + r->middle[m] + other;
            double rest = amct_cut(have, r->low, r->high) - amct_cut(want, r->low, r->high);
            error += rest * rest;
        }
    return error;
}

/* Replaces what the weights give at the rows of a sample by what they should aim at. */
static void aim(amct_lsq *l, double *sums, size_t sample)
{
    const amct_lsq_rows *r = &l->rows;
    for (size_t i = 0; i < r->rows; i++)
        for (size_t m = 0; m < r->outputs; m++) {
            size_t at = (sample * r->rows + i) * r->ld_z + m;
            float *result = &l->have[i * r->outputs + m];
            double other = r->t ? r->t[at] : 0, have = *result + l->middle[m] + other;
            double want = r->z[at] + r->middle[m] + other;
            *result = (float)(amct_cut_aim(want, have, r->low, r->high) - other - r->middle[m]);
            sums[m] += *result;
        }
}

/* Adds to *error that of w on the rows that are not of the half. If `again`, the rows that are
 * aim behind the cut, and w and the middles become what solves that; false: cannot be computed. */
static bool take_step(double *w, double *error, amct_lsq *l, int half, bool again, double ridge)
{
    const amct_lsq_rows *r = &l->rows;
    size_t size = r->columns * r->outputs, count = 0;
    double *sums = l->product;
    for (size_t i = 0; i < size; i++)
        l->weights[i] = (float)w[i];
    memset(l->aimed, 0, size * sizeof *l->aimed);
    memset(sums, 0, r->outputs * sizeof *sums);
    for (size_t s = 0; s < r->n_samples; s++) {
        const float *x = r->x + s * r->rows * r->ld_x;
        if (is_of(half, s) && !again)
            continue;
        amct_linalg_apply(l->have, r->outputs, x, r->ld_x, l->weights, r->outputs, r->rows,
                          r->columns, r->outputs);
        if (!is_of(half, s)) {
            *error += error_behind(l, s);
            continue;
        }
        aim(l, sums, s);
        count += r->rows;
        amct_linalg_cross(l->aimed, r->outputs, x, r->ld_x, l->have, r->outputs, r->rows,
                          r->columns, r->outputs);
    }
    if (!again)
        return true;
    for (size_t m = 0; m < r->outputs; m++)
        l->middle[m] = r->middle[m] + sums[m] / (double)count;
    average(l->half_g, l->half_c, l, half != ODD, half != EVEN);
    for (size_t i = 0; i < size; i++)
        l->half_c[i] = l->aimed[i] / (double)count;
    return solve(w, l, l->old, l->half_g, l->half_c, ridge);
}

static void start_middle(amct_lsq *l)
{
    memcpy(l->middle, l->rows.middle, l->rows.outputs * sizeof *l->middle);
}

/* As many steps as leave least on the half that they were not made from; w: the solution of all
 * rows without. */
static void aim_behind(amct_lsq *l, double *w, double ridge)
{
    enum { STEPS = 4 };
    double errors[STEPS + 1] = {0};
    int best = 0;
    for (int h = EVEN; h <= ODD; h++) {
        start_middle(l);
        average(l->half_g, l->half_c, l, h == EVEN, h == ODD);
        if (!solve(l->tried, l, l->old, l->half_g, l->half_c, ridge))
            return;
        for (int i = 0; i <= STEPS; i++)
            if (!take_step(l->tried, &errors[i], l, h, i < STEPS, ridge))
                return;
    }
    for (int i = 1; i <= STEPS; i++)
        best = errors[i] < errors[best] ? i : best;
    memcpy(l->tried, w, l->rows.columns * l->rows.outputs * sizeof *w);
    start_middle(l);
    for (int i = 0; i < best; i++)
        if (!take_step(l->tried, NULL, l, ALL, true, ridge))
            return;
    memcpy(w, l->tried, l->rows.columns * l->rows.outputs * sizeof *w);
}

bool amct_lsq_solve(amct_lsq *l, double *w)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    if (!(mean_diagonal(l->g, k) > 0))
        return false;
    double ridge = k <= FEW_COLUMNS || l->rows.n_samples < 2 ? 0.03 : choose_ridge(l, w);
    memcpy(l->old, w, k * m * sizeof *w);
    if (ridge > 0 && solve(l->tried, l, w, l->g, l->c, ridge)) {
        memcpy(w, l->tried, k * m * sizeof *w);
        if (l->rows.n_samples > 1 && (isfinite(l->rows.low) || isfinite(l->rows.high)))
            aim_behind(l, w, ridge);
    }
    return true;
}

amct_status amct_lsq_shrink(amct_lsq *l, amct_err *err)
{
    const amct_lsq_rows *r = &l->rows;
    size_t k = r->columns, n = r->rows, samples = r->n_samples;
    double *g = l->g, off = 0, sum = 0;
    if (k <= FEW_COLUMNS || samples < 2)
        return AMCT_OK;
    /* |x^T x|^2 of a sample is |x x^T|^2, which is smaller. */
    float *room = malloc((n * n + n * k + 1) * sizeof *room), *turned = room + n * n;
    if (!room)
        return amct_fail_nomem(err);
    for (size_t s = 0; s < samples; s++) {
        const float *x = r->x + s * n * r->ld_x;
        double square = 0;
        for (size_t j = 0; j < k; j++) {
            double diagonal = 0;
            for (size_t i = 0; i < n; i++) {
                turned[j * n + i] = x[i * r->ld_x + j];
                diagonal += (double)turned[j * n + i] * turned[j * n + i];
            }
            square -= diagonal * diagonal;
        }
        memset(room, 0, n * n * sizeof *room);
        amct_linalg_gram(room, n, turned, n, k, n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                square += (i == j ? 1 : 2) * (double)room[i * n + j] * room[i * n + j];
        sum += square / ((double)n * (double)n);
    }
    free(room);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            off += i != j ? g[i * k + j] * g[i * k + j] : 0;
    double variance = (sum / (double)samples - off) / (double)(samples - 1);
    double part = off > 0 ? fmin(fmax(variance / off, 0), 1) : 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            g[i * k + j] *= i != j ? 1 - part : 1;
    return AMCT_OK;
}
