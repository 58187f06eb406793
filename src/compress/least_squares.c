#include "compress/least_squares.h"

#include "compress/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_COLUMNS = 32 }; /* so few are known well enough without any test */

size_t amct_lsq_bytes(size_t columns, size_t outputs)
{
    return columns * columns * (2 * sizeof(float) + 3 * sizeof(double)) +
           columns * outputs * (2 * sizeof(float) + 4 * sizeof(double));
}

amct_status amct_lsq_new(amct_lsq *out, size_t columns, size_t outputs, amct_err *err)
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
    *out = l;
    if (room && l.g && l.half_g && l.factor && l.c && l.half_c && l.tried && l.product)
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

bool amct_lsq_solve(amct_lsq *l, double *w)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    if (!(mean_diagonal(l->g, k) > 0))
        return false;
    double ridge = k <= FEW_COLUMNS || l->rows.n_samples < 2 ? 0.03 : choose_ridge(l, w);
    if (ridge > 0 && solve(l->tried, l, w, l->g, l->c, ridge))
        memcpy(w, l->tried, k * m * sizeof *w);
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
