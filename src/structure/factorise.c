#include "structure/factorise.h"

#include "compress/linalg.h"
#include "structure/covariance.h"
#include "structure/factor_form.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double NOTHING = 1e-12; /* of the largest eigenvalue */

/* Matrices are in the order of places: column (i, j) of the layer is row j * p + i here. */
struct amct_factoring {
    amct_factor_source source;
    amct_split_form form;
    size_t p, s, m;  /* places of the first and of the second window, outputs */
    size_t most;     /* rank; */
    size_t q;        /* of the basis, where weights have less */
    double *w;       /* s p x m */
    double *v;       /* p x q: the basis */
    double *r;       /* q s x q s, upper: factor of (V x I)^T D (V x I), by rank, then j */
    double *b;       /* q s x m: (V x I)^T D w */
    double *mean;    /* s p: of the columns */
    double *between; /* q s: (V x I)^T of these */
    double *even;    /* q x q, upper: V = Q even, Q^T Q = I; then v is Q */
    double whole;    /* tr(w^T D w) */
};

/* ---- Matrices ---------------------------------------------------------------------------------
 */

static size_t place_of(const amct_factoring *f, int64_t column)
{
    const amct_columns *c = f->source.columns;
    int64_t first, second;
    int64_t taps = amct_factor_tap(&first, &second, c, f->form, column % c->taps);
    return (size_t)(second * (int64_t)f->p + column / c->taps * taps + first);
}

/* D and w in the order of places. */
static amct_status read_source(double *d, amct_factoring *f, amct_err *err)
{
    const amct_columns *c = f->source.columns;
    size_t k = f->p * f->s;
    double variance = 0; /* their mean */
    size_t *place = malloc((k + 1) * sizeof *place);
    if (!place)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < k; i++) {
        place[i] = place_of(f, (int64_t)i);
        variance += f->source.c ? f->source.c[i * k + i] / (double)k : 0;
    }
    double ratio = f->source.ridge > 1e-9 ? f->source.ridge : 1e-9;
    memset(d, 0, k * k * sizeof *d);
    for (int64_t i = 0; i < c->columns; i++) {
        size_t at = place[i];
        for (size_t j = 0; variance > 0 && j < k; j++)
            d[at * k + place[j]] = f->source.c[(size_t)i * k + j];
        d[at * k + at] += variance > 0 ? ratio * variance : 1;
        f->mean[at] = f->source.mean ? f->source.mean[i] : 0;
        for (size_t o = 0; o < f->m; o++)
            f->w[at * f->m + o] =
                (double)f->source.weights[amct_columns_weight(c, 0, (int64_t)o, i)];
    }
    free(place);
    return AMCT_OK;
}

static void turn(double *to, const double *from, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            to[j * rows + i] = from[i * columns + j];
}

/* Keeps as many vectors as have something and are wanted: rows of `vectors`, n long. */
static void count_basis(amct_factoring *f, const double *values, size_t n)
{
    while (f->q < n && f->q < f->most && values[f->q] > NOTHING * values[0])
        f->q++;
}

/* The basis from few columns (s m <= p): a = p x s m, metric p x p. Room: 3 matrices of p * p. */
static amct_status from_columns(amct_factoring *f, const double *metric, double *a, double *x,
                                double *h, double *values, amct_err *err)
{
    size_t p = f->p, n = f->s * f->m;
    amct_linalg_product(x, n, metric, p, a, n, p, p, n);
    double *turned = malloc((p * n + 1) * sizeof *turned);
    if (!turned)
        return amct_fail_nomem(err);
    turn(turned, a, p, n);
    amct_linalg_product(h, n, turned, p, x, n, n, p, n);
    free(turned);
    AMCT_TRY(amct_linalg_eigen(h, values, n, err));
    count_basis(f, values, n);
    for (size_t i = 0; i < f->q; i++) /* as columns, of length 1 in the metric */
        for (size_t k = 0; k < n; k++)
            x[k * f->q + i] = h[i * n + k] / sqrt(values[i]);
    amct_linalg_product(f->v, f->q, a, n, x, f->q, p, n, f->q);
    return AMCT_OK;
}

/* From few rows: with metric = R^T R, singular vectors P of R a; V = R^-1 P. As (R^T R)^-1 R^T P is
 * the same, the solver that there is does. */
static amct_status from_rows(amct_factoring *f, const double *metric, const double *a, double *x,
                             double *h, double *values, amct_err *err)
{
    size_t p = f->p, n = f->s * f->m;
    double *r = malloc((p * p + 1) * sizeof *r), *t = malloc((p * n + 1) * sizeof *t);
    double *turned = malloc((p * (n > p ? n : p) + 1) * sizeof *turned), lambda;
    amct_status status = r && t && turned ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_covariance_factor(r, &lambda, metric, p, 0, err);
    if (status == AMCT_OK) {
        amct_linalg_product(t, n, r, p, a, n, p, p, n);
        turn(turned, t, p, n);
        amct_linalg_product(h, p, t, n, turned, p, p, n, p);
        status = amct_linalg_eigen(h, values, p, err);
    }
    if (status == AMCT_OK) {
        count_basis(f, values, p);
        for (size_t i = 0; i < f->q; i++)
            for (size_t k = 0; k < p; k++)
                x[k * f->q + i] = h[i * p + k];
        turn(turned, r, p, p);
        amct_linalg_product(f->v, f->q, turned, p, x, f->q, p, p, f->q);
        amct_linalg_solve(f->v, f->q, r, p, f->q);
    }
    free(r);
    free(t);
    free(turned);
    return status;
}

static amct_status find_basis(amct_factoring *f, const double *d, amct_err *err)
{
    size_t p = f->p, s = f->s, n = s * f->m, k = p * s, small = n < p ? n : p;
    double *metric = calloc(p * p + 1, sizeof *metric), *a = malloc((p * n + 1) * sizeof *a);
    double *x = malloc((p * (n > p ? n : p) + 1) * sizeof *x);
    double *h = malloc((small * small + 1) * sizeof *h);
    double *values = malloc((small + 1) * sizeof *values);
    amct_status status = metric && a && x && h && values ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        for (size_t j = 0; j < s; j++)
            for (size_t i = 0; i < p; i++) {
                for (size_t l = 0; l < p; l++)
                    metric[i * p + l] += d[(j * p + i) * k + j * p + l] / (double)s;
                memcpy(a + i * n + j * f->m, f->w + (j * p + i) * f->m, f->m * sizeof *a);
            }
        status = (n <= p ? from_columns(f, metric, a, x, h, values, err)
                         : from_rows(f, metric, a, x, h, values, err));
    }
    free(metric);
    free(a);
    free(x);
    free(h);
    free(values);
    return status;
}

/* r, b and between, from D and D w. */
static amct_status set_up(amct_factoring *f, const double *d, const double *dw, amct_err *err)
{
    size_t p = f->p, q = f->q, s = f->s, k = p * s, n = q * s, m = f->m;
    double *turned = malloc((p * q + 1) * sizeof *turned), *x = malloc((p * q + 1) * sizeof *x);
    double *block = malloc((q * (q > m ? q : m) + 1) * sizeof *block), lambda;
    double *normal = malloc((n * n + 1) * sizeof *normal);
    f->r = malloc((n * n + 1) * sizeof *f->r);
    f->b = malloc((n * m + 1) * sizeof *f->b);
    f->between = malloc((n + 1) * sizeof *f->between);
    bool all = turned && x && block && normal && f->r && f->b && f->between;
    amct_status status = all ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        turn(turned, f->v, p, q);
    for (size_t j = 0; status == AMCT_OK && j < s; j++) {
        for (size_t l = 0; l < s; l++) {
            amct_linalg_product(x, q, d + j * p * k + l * p, k, f->v, q, p, p, q);
            amct_linalg_product(block, q, turned, p, x, q, q, p, q);
            for (size_t i = 0; i < q; i++)
                for (size_t t = 0; t < q; t++)
                    normal[(i * s + j) * n + t * s + l] = block[i * q + t];
        }
        amct_linalg_product(block, m, turned, p, dw + j * p * m, m, q, p, m);
        for (size_t i = 0; i < q; i++) {
            memcpy(f->b + (i * s + j) * m, block + i * m, m * sizeof *block);
            f->between[i * s + j] = amct_covariance_dot(turned + i * p, f->mean + j * p, p);
        }
    }
    if (status == AMCT_OK && n)
        status = amct_covariance_factor(f->r, &lambda, normal, n, 0, err);
    free(turned);
    free(x);
    free(block);
    free(normal);
    return status;
}

static amct_status decompose(amct_factoring *f, amct_err *err)
{
    size_t k = f->p * f->s;
    double *d = malloc((k * k + 1) * sizeof *d), *dw = malloc((k * f->m + 1) * sizeof *dw);
    f->w = malloc((k * f->m + 1) * sizeof *f->w);
    f->v = malloc((f->p * (f->most < f->p ? f->most : f->p) + 1) * sizeof *f->v);
    f->mean = malloc((k + 1) * sizeof *f->mean);
    amct_status status =
        d && dw && f->w && f->v && f->mean ? read_source(d, f, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = find_basis(f, d, err);
    if (status == AMCT_OK) {
        amct_linalg_product(dw, f->m, d, k, f->w, f->m, k, k, f->m);
        f->whole = amct_covariance_dot(f->w, dw, k * f->m);
        status = set_up(f, d, dw, err);
    }
    free(d);
    free(dw);
    return status;
}

/* The first factor's weights become orthogonal and of length 1, the second one's make up for it.
 * The product stays. In the metric of C, weights of directions in which little is seen are large,
 * and what integers do to them would be, too. With V^T V = R^T R, Q^T = R (R^T R)^-1 V^T. */
static amct_status even_out(amct_factoring *f, amct_err *err)
{
    size_t p = f->p, q = f->q;
    double *turned = malloc((p * q + 1) * sizeof *turned), *x = malloc((p * q + 1) * sizeof *x);
    f->even = malloc((q * q + 1) * sizeof *f->even);
    amct_status status = turned && x && f->even ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        turn(turned, f->v, p, q);
        amct_linalg_product(f->even, q, turned, p, f->v, q, q, p, q);
        if (q && amct_linalg_cholesky(f->even, q, err) != AMCT_OK) { /* V stays */
            memset(f->even, 0, q * q * sizeof *f->even);
            for (size_t i = 0; i < q; i++)
                f->even[i * q + i] = 1;
            q = 0;
        }
    }
    if (status == AMCT_OK && q) {
        amct_linalg_solve(turned, p, f->even, q, p);
        for (size_t i = 0; i < q; i++)
            memset(f->even + i * q, 0, i * sizeof *f->even);
        amct_linalg_product(x, p, f->even, q, turned, p, q, q, p);
        turn(f->v, x, q, p);
    }
    free(turned);
    free(x);
    return status;
}

amct_status amct_factorise(amct_factoring **out, const amct_factor_source *source,
                           amct_split_form form, int64_t most, amct_err *err)
{
    const amct_columns *c = source->columns;
    const char *why = amct_factorise_why(c, form);
    if (why)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "%s", why);
    if (most < 1)
        return amct_fail(err, AMCT_E_INVALID, "rank %lld: 1 or more is wanted", (long long)most);
    amct_factoring *f = calloc(1, sizeof *f);
    if (!f)
        return amct_fail_nomem(err);
    size_t taps = (size_t)amct_factor_taps(c, form);
    *f = (amct_factoring){.source = *source,
                          .form = form,
                          .p = (size_t)c->channels * taps,
                          .s = (size_t)c->taps / taps,
                          .m = (size_t)c->outputs,
                          .most = (size_t)most};
    amct_status status = decompose(f, err);
    if (status == AMCT_OK)
        status = even_out(f, err);
    if (status != AMCT_OK)
        amct_factorise_free(f);
    else
        *out = f;
    return status;
}

void amct_factorise_free(amct_factoring *f)
{
    if (!f)
        return;
    free(f->w);
    free(f->mean);
    free(f->between);
    free(f->even);
    free(f->v);
    free(f->r);
    free(f->b);
    free(f);
}

size_t amct_factorise_bytes(const amct_factoring *f)
{
    size_t n = f->q * f->s;
    return (n * n + f->q * f->q + f->p * f->s * f->m + f->p * f->q + n * f->m) * sizeof(double);
}

/* ---- A rank -----------------------------------------------------------------------------------
 */

int64_t amct_factorise_first(const amct_factoring *f, int64_t rank)
{
    return rank * (int64_t)f->p;
}

int64_t amct_factorise_second(const amct_factoring *f, int64_t rank)
{
    return rank * (int64_t)(f->s * f->m);
}

/* u: q s x m of the rank's own q. */
static amct_status fit_second(double *u, const amct_factoring *f, size_t q, amct_err *err)
{
    size_t n = q * f->s, all = f->q * f->s;
    double *r = malloc((n * n + 1) * sizeof *r);
    if (!r)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        memcpy(r + i * n, f->r + i * all, n * sizeof *r);
    memcpy(u, f->b, n * f->m * sizeof *u);
    if (n)
        amct_linalg_solve(u, f->m, r, n, f->m);
    free(r);
    return AMCT_OK;
}

/* What the mean of the result loses: (w - (V x I) u)^T E x. */
static void move_mean(float *bias, const amct_factoring *f, const double *u, size_t q)
{
    size_t p = f->p, s = f->s, m = f->m;
    for (size_t o = 0; o < m; o++) {
        double now = f->source.bias ? (double)f->source.bias[o] : 0;
        for (size_t i = 0; i < p * s; i++)
            now += f->w[i * m + o] * f->mean[i];
        for (size_t i = 0; i < q * s; i++)
            now -= u[i * m + o] * f->between[i];
        bias[o] = (float)now;
    }
}

amct_status amct_factorise_get(float *first, float *second, float *bias, double *error,
                               const amct_factoring *f, int64_t rank, amct_err *err)
{
    if (rank < 1 || (size_t)rank > f->most)
        return amct_fail(err, AMCT_E_INVALID, "rank %lld is not between 1 and %zu", (long long)rank,
                         f->most);
    size_t all = (size_t)rank, q = all < f->q ? all : f->q, s = f->s, m = f->m;
    double *u = malloc((q * s * m + 1) * sizeof *u), *even = malloc((q * s * m + 1) * sizeof *even);
    amct_status status = u && even ? fit_second(u, f, q, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        double left = f->whole - amct_covariance_dot(u, f->b, q * s * m);
        *error = f->whole > 0 && left > 0 ? left / f->whole : 0;
        for (size_t t = 0; t < all; t++)
            for (size_t i = 0; i < f->p; i++)
                first[t * f->p + i] = t < q ? (float)f->v[i * f->q + t] : 0;
        amct_linalg_product(even, s * m, f->even, f->q, u, s * m, q, q, s * m);
        for (size_t o = 0; o < m; o++)
            for (size_t i = 0; i < all * s; i++)
                second[o * all * s + i] = i < q * s ? (float)even[i * m + o] : 0;
        move_mean(bias, f, u, q);
    }
    free(u);
    free(even);
    return status;
}

void amct_factorise_product(float *weights, const amct_columns *c, const amct_factors *factors)
{
    int64_t taps = amct_factor_taps(c, factors->form), s = c->taps / taps;
    for (int64_t i = 0; i < c->columns; i++) {
        int64_t a, b;
        amct_factor_tap(&a, &b, c, factors->form, i % c->taps);
        const float *first = factors->first + i / c->taps * taps + a;
        for (int64_t o = 0; o < c->outputs; o++) {
            const float *second = factors->second + o * factors->rank * s + b;
            double sum = 0;
            for (int64_t t = 0; t < factors->rank; t++)
                sum += (double)first[t * c->channels * taps] * (double)second[t * s];
            weights[amct_columns_weight(c, 0, o, i)] = (float)sum;
        }
    }
}
