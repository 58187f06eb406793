#include "compress/least_squares.h"

#include "compress/linalg.h"
#include "compress/row_loops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEW_COLUMNS = 32, /* so few are known well enough without any test */
    STEPS = 4,        /* at most */
    CHUNK = 256       /* rows that are multiplied at once */
};

size_t amct_lsq_bytes(size_t columns, size_t outputs)
{
    return columns * columns * 4 * sizeof(double) +
           columns * outputs * (3 * sizeof(float) + 6 * sizeof(double)) +
           outputs * (2 * CHUNK * sizeof(float) + 5 * sizeof(double));
}

amct_status amct_lsq_new(amct_lsq *out, size_t columns, size_t outputs, amct_err *err)
{
    size_t square = columns * columns, all = columns * outputs;
    amct_lsq l = {.rows = {.columns = columns, .outputs = outputs}};
    bool room = true;
    for (int h = 0; h < 2; h++) {
        l.half_g[h] = malloc(square * sizeof(double));
        l.half_c[h] = malloc(all * sizeof(double));
        l.tried[h] = malloc(all * sizeof(double));
        l.middle[h] = malloc(outputs * sizeof(double));
        l.next[h] = malloc(outputs * sizeof(double));
        room = room && l.half_g[h] && l.half_c[h] && l.tried[h] && l.middle[h] && l.next[h];
    }
    l.g = malloc(square * sizeof(double));
    l.c = malloc(all * sizeof(double));
    l.factor = malloc(square * sizeof(double));
    l.old = malloc(all * sizeof(double));
    l.errors = malloc(outputs * sizeof(double));
    l.sums = malloc(all * sizeof(float));
    l.weights = malloc(2 * all * sizeof(float));
    l.have = malloc(2 * CHUNK * outputs * sizeof(float));
    *out = l;
    if (room && l.g && l.c && l.factor && l.old && l.errors && l.sums && l.weights && l.have)
        return AMCT_OK;
    amct_lsq_free(out);
    return amct_fail_nomem(err);
}

void amct_lsq_free(amct_lsq *l)
{
    for (int h = 0; h < 2; h++) {
        free(l->half_g[h]);
        free(l->half_c[h]);
        free(l->tried[h]);
        free(l->middle[h]);
        free(l->next[h]);
    }
    free(l->g);
    free(l->c);
    free(l->factor);
    free(l->old);
    free(l->errors);
    free(l->sums);
    free(l->weights);
    free(l->have);
    *l = (amct_lsq){0};
}

/* ---- Sums -----------------------------------------------------------------------------------
 */

/* Rows of samples: of a half, or of all. */
enum { FIRST, SECOND, ALL };

static size_t begin_of(const amct_lsq_rows *r, int half)
{
    return half == SECOND ? (r->n_samples + 1) / 2 * r->rows : 0;
}

static size_t count_of(const amct_lsq_rows *r, int half)
{
    size_t end = half == FIRST ? (r->n_samples + 1) / 2 : r->n_samples;
    return end * r->rows - begin_of(r, half);
}

/* g = sums / n, both triangles of it; of sums there is the upper one. */
static void take_gram(double *g, const float *sums, size_t k, size_t n)
{
    enum { BLOCK = 16 };
    double part = n ? 1.0 / (double)n : 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = i; j < k; j++)
            g[i * k + j] = sums[i * k + j] * part;
    for (size_t i0 = 0; i0 < k; i0 += BLOCK)
        for (size_t j0 = 0; j0 <= i0; j0 += BLOCK)
            for (size_t i = i0; i < k && i < i0 + BLOCK; i++)
                for (size_t j = j0; j < i && j < j0 + BLOCK; j++)
                    g[i * k + j] = g[j * k + i];
}

void amct_lsq_set(amct_lsq *l, const amct_lsq_rows *rows)
{
    l->rows = *rows;
    size_t k = rows->columns, m = rows->outputs, count = count_of(rows, ALL);
    float *gram = (float *)l->factor; /* which is not used yet */
    double part[2];
    for (int h = FIRST; h <= SECOND; h++) {
        size_t begin = begin_of(rows, h), n = count_of(rows, h);
        const float *x = rows->x + begin * rows->ld_x, *z = rows->z + begin * rows->ld_z;
        memset(gram, 0, k * k * sizeof *gram);
        memset(l->sums, 0, k * m * sizeof *l->sums);
        amct_linalg_gram(gram, k, x, rows->ld_x, n, k);
        amct_linalg_cross(l->sums, m, x, rows->ld_x, z, rows->ld_z, n, k, m);
        take_gram(l->half_g[h], gram, k, n);
        for (size_t i = 0; i < k * m; i++)
            l->half_c[h][i] = n ? l->sums[i] / (double)n : 0;
        part[h] = (double)n / (double)count;
    }
    for (size_t i = 0; i < k * k; i++)
        l->g[i] = l->half_g[0][i] * part[0] + l->half_g[1][i] * part[1];
    for (size_t i = 0; i < k * m; i++)
        l->c[i] = l->half_c[0][i] * part[0] + l->half_c[1][i] * part[1];
}

static double mean_diagonal(const double *g, size_t k)
{
    double mean = 0;
    for (size_t i = 0; i < k; i++)
        mean += g[i * k + i] / (double)k;
    return mean;
}

/* The factor of g + *add, which is ridge times the mean of the diagonal; false if it has none.
 * factor may be g. */
static bool make_factor(double *factor, double *add, const double *g, size_t k, double ridge)
{
    amct_err why;
    *add = ridge * mean_diagonal(g, k);
    if (factor != g)
        memcpy(factor, g, k * k * sizeof *g);
    for (size_t i = 0; i < k; i++)
        factor[i * k + i] += *add;
    return *add > 0 && amct_linalg_cholesky(factor, k, &why) == AMCT_OK;
}

/* to = (g + add)^-1 (c + add old), which is old + (g + add)^-1 (c - g old). to may be c. */
static void solve(double *to, const double *factor, double add, const double *c, const double *old,
                  const amct_lsq_rows *r)
{
    for (size_t i = 0; i < r->columns * r->outputs; i++)
        to[i] = c[i] + add * old[i];
    amct_linalg_solve(to, r->outputs, factor, r->columns, r->outputs);
}

/* ---- The ridge ------------------------------------------------------------------------------
 */

/* The mean square error of the results of w on a half, less a constant. */
static double error_of(amct_lsq *l, const double *w, int half)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    const double *c = l->half_c[half];
    double error = 0, *product = l->tried[1];
    amct_linalg_product(product, m, l->half_g[half], k, w, m, k, k, m);
    for (size_t i = 0; i < k * m; i++)
        error += w[i] * (product[i] - 2 * c[i]);
    return error;
}

/* The error on each half of what the other one gives; INFINITY: cannot be computed. */
static double crossed_error(amct_lsq *l, const double *w, double ridge)
{
    double error = 0, add;
    for (int h = FIRST; h <= SECOND; h++) {
        if (!make_factor(l->factor, &add, l->half_g[h], l->rows.columns, ridge))
            return INFINITY;
        solve(l->tried[0], l->factor, add, l->half_c[h], w, &l->rows);
        error += error_of(l, l->tried[0], !h);
    }
    return error;
}

/* Downhill from the usual ridge, in steps of half a decade; 0: none is better than w. */
static double choose_ridge(amct_lsq *l, const double *w)
{
    const double first = 0.03, step = sqrt(10), least = 1e-4, most = 1e2;
    double best = first, least_error = crossed_error(l, w, first);
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
    return least_error < error_of(l, w, FIRST) + error_of(l, w, SECOND) ? best : 0;
}

/* ---- Behind what cuts results off -----------------------------------------------------------
 */

/* The weights of `sets` sets side by side, as float32. */
static void set_weights(amct_lsq *l, int sets)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    for (size_t i = 0; i < k; i++)
        for (int s = 0; s < sets; s++)
            for (size_t o = 0; o < m; o++)
                l->weights[(i * (size_t)sets + (size_t)s) * m + o] = (float)l->tried[s][i * m + o];
}

enum { JUDGE = 1, AIM = 2 };

/* The rows of a half (or all), with the weights that are set. JUDGE: adds to *error that of the
 * other half's weights. AIM: the half's own (or the only ones) become what solves for what the rows
 * should aim at, and `next` their middles. */
static void take_rows(double *error, amct_lsq *l, int half, int what, const double *factor,
                      double add)
{
    const amct_lsq_rows *r = &l->rows;
    const amct_rows_wanted wanted = {r->z, r->t, r->middle, r->low, r->high, r->ld_z};
    size_t k = r->columns, m = r->outputs, sets = half == ALL ? 1 : 2, own = half == SECOND;
    size_t begin = begin_of(r, half), end = begin + count_of(r, half), ld = sets * m;
    size_t from = what == JUDGE ? !own : what == AIM ? own : 0; /* what is multiplied */
    size_t width = what == (JUDGE | AIM) ? ld : m;
    double *w = l->tried[own], *next = l->next[own], count = (double)(end - begin);
    memset(l->errors, 0, m * sizeof *l->errors);
    memset(l->sums, 0, k * m * sizeof *l->sums);
    if (what & AIM)
        memset(next, 0, m * sizeof *next);
    for (size_t at = begin, n; at < end; at += n) {
        const float *x = r->x + at * r->ld_x;
        float *have = l->have;
        n = end - at < CHUNK ? end - at : CHUNK;
        amct_linalg_apply(have + from * m, ld, x, r->ld_x, l->weights + from * m, ld, n, k, width);
        if (what & JUDGE)
            amct_rows_error(l->errors, have + !own * m, ld, l->middle[!own], &wanted, at, n, m);
        if (!(what & AIM))
            continue;
        amct_rows_aim(next, have + own * m, ld, l->middle[own], &wanted, at, n, m);
        amct_linalg_cross(l->sums, m, x, r->ld_x, have + own * m, ld, n, k, m);
    }
    for (size_t o = 0; o < m; o++)
        *error += l->errors[o];
    if (!(what & AIM))
        return;
    for (size_t o = 0; o < m; o++)
        next[o] = r->middle[o] + next[o] / count;
    for (size_t i = 0; i < k * m; i++)
        w[i] = l->sums[i] / count;
    solve(w, factor, add, w, l->old, r);
}

/* How many steps leave least on the halves that they were not made from. half_g become factors. */
static int choose_steps(amct_lsq *l, double ridge)
{
    const amct_lsq_rows *r = &l->rows;
    double least = INFINITY, add[2];
    for (int h = FIRST; h <= SECOND; h++) {
        if (!make_factor(l->half_g[h], &add[h], l->half_g[h], r->columns, ridge))
            return 0;
        solve(l->tried[h], l->half_g[h], add[h], l->half_c[h], l->old, r);
        memcpy(l->middle[h], r->middle, r->outputs * sizeof *r->middle);
    }
    for (int step = 0; step <= STEPS; step++) {
        double error = 0;
        set_weights(l, 2);
        for (int h = FIRST; h <= SECOND; h++) /* at first both at once, which is quicker */
            take_rows(&error, l, h, step ? JUDGE : JUDGE | AIM, l->half_g[h], add[h]);
        if (!(error < least))
            return step - 1;
        least = error;
        for (int h = FIRST; step && step < STEPS && h <= SECOND; h++)
            take_rows(&error, l, h, AIM, l->half_g[h], add[h]);
        for (int h = FIRST; h <= SECOND; h++)
            memcpy(l->middle[h], l->next[h], r->outputs * sizeof *r->middle);
    }
    return STEPS;
}

/* w: the solution of all rows without; l->factor and add are what solved it. */
static void aim_behind(amct_lsq *l, double *w, double ridge, double add)
{
    const amct_lsq_rows *r = &l->rows;
    int steps = choose_steps(l, ridge);
    double error = 0;
    memcpy(l->tried[0], w, r->columns * r->outputs * sizeof *w);
    memcpy(l->middle[0], r->middle, r->outputs * sizeof *r->middle);
    for (int i = 0; i < steps; i++) {
        set_weights(l, 1);
        take_rows(&error, l, ALL, AIM, l->factor, add);
        memcpy(l->middle[0], l->next[0], r->outputs * sizeof *r->middle);
    }
    memcpy(w, l->tried[0], r->columns * r->outputs * sizeof *w);
}

bool amct_lsq_solve(amct_lsq *l, double *w)
{
    size_t k = l->rows.columns, m = l->rows.outputs;
    if (!(mean_diagonal(l->g, k) > 0))
        return false;
    double ridge = k <= FEW_COLUMNS || l->rows.n_samples < 2 ? 0.03 : choose_ridge(l, w), add;
    if (!(ridge > 0) || !make_factor(l->factor, &add, l->g, k, ridge))
        return true;
    memcpy(l->old, w, k * m * sizeof *w);
    solve(w, l->factor, add, l->c, l->old, &l->rows);
    if (l->rows.n_samples > 1 && (isfinite(l->rows.low) || isfinite(l->rows.high)))
        aim_behind(l, w, ridge, add);
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
