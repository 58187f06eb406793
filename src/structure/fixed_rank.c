#include "structure/fixed_rank.h"

#include "compress/linalg.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 400, REFINED = 60 }; /* of the search for the variance */

/* ---- Bayesian rank ----------------------------------------------------------------------------
 */

/* The free energy of a noise variance, given by its logarithm, up to constants. */
static double free_energy(double log_variance, const double *values, size_t l, size_t m,
                          double bound)
{
    double alpha = (double)l / (double)m, variance = exp(log_variance), sum = 0;
    for (size_t i = 0; i < l; i++) {
        double x = values[i] * values[i] / ((double)m * variance);
        if (x <= bound) {
            sum += x - log(x > 1e-300 ? x : 1e-300);
            continue;
        }
        double a = x - 1 - alpha, tau = 0.5 * (a + sqrt(a * a - 4 * alpha));
        sum += x - tau + log((tau + 1) / x) + alpha * log(tau / alpha + 1);
    }
    return sum;
}

static double least(double low, double high, const double *values, size_t l, size_t m, double bound)
{
    double best = low, found = INFINITY, step = (high - low) / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        double e = free_energy(low + i * step, values, l, m, bound);
        if (e < found)
            found = e, best = low + i * step;
    }
    double from = fmax(best - step, low), to = fmin(best + step, high);
    for (int i = 0; i < REFINED; i++) {
        double a = from + (to - from) * 0.382, b = from + (to - from) * 0.618;
        if (free_energy(a, values, l, m, bound) < free_energy(b, values, l, m, bound))
            to = b;
        else
            from = a;
    }
    return (from + to) / 2;
}

size_t amct_fixed_rank_evbmf(const double *values, size_t l, size_t m)
{
    double alpha = (double)l / (double)m, tau = 2.5129 * sqrt(alpha), sum = 0;
    double bound = (1 + tau) * (1 + alpha / tau), tail = 0;
    size_t rank = 0;
    for (size_t i = 0; i < l; i++)
        sum += values[i] * values[i];
    if (l == 0 || sum <= 0)
        return 0;
    size_t most = (size_t)ceil((double)l / (1 + alpha)); /* this many stand out at most */
    most = most > 1 && most < l ? most - 1 : 0;
    for (size_t i = most; i < l; i++)
        tail += values[i] * values[i] / (double)(l - most);
    double high = sum / ((double)l * (double)m);
    double low = fmax(values[most] * values[most] / ((double)m * bound), tail / (double)m);
    low = fmin(fmax(low, high * 1e-9), high);
    double variance = exp(least(log(low), log(high), values, l, m, bound));
    while (rank < l && values[rank] > sqrt((double)m * variance * bound))
        rank++;
    return rank;
}

/* ---- The rule ---------------------------------------------------------------------------------
 */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool amct_fixed_rank_applies(const amct_columns *c)
{
    const amct_window *w = &c->window;
    if (!c->plane || c->transposed || c->groups > 1 || w->kernel[0] > 1)
        return false;
    int64_t k = smaller(w->kernel[1], w->kernel[2]), channels = smaller(c->channels, c->outputs);
    for (int d = 1; d < 3; d++)
        if (w->dilations[d] > 1 || w->strides[d] > 2)
            return false;
    return k >= 3 && k * channels >= 16 && (k >= 7 || channels >= 64);
}

/* Which of the two dims the first layer has. */
static amct_split_form form_of(const amct_columns *c)
{
    bool wide = c->window.kernel[1] <= c->window.kernel[2];
    return (c->outputs < c->channels) == wide ? AMCT_SPLIT_COLUMNS : AMCT_SPLIT_ROWS;
}

/* Singular values of the weights, their rows the channels of the source and the places of the first
 * window, descending. */
static amct_status singular_values(double **out, size_t *l, size_t *m, const amct_columns *c,
                                   const float *weights, amct_split_form form, amct_err *err)
{
    size_t height = (size_t)c->window.kernel[1], width = (size_t)c->window.kernel[2];
    size_t a = form == AMCT_SPLIT_ROWS ? height : width, b = height * width / a;
    size_t rows = (size_t)c->channels * a, columns = (size_t)c->outputs * b;
    size_t n = rows < columns ? rows : columns, other = rows + columns - n;
    double *x = malloc(n * other * sizeof *x), *turned = malloc(n * other * sizeof *turned);
    double *h = malloc(n * n * sizeof *h), *values = malloc(n * sizeof *values);
    amct_status status = x && turned && h && values ? AMCT_OK : amct_fail_nomem(err);
    for (int64_t i = 0; status == AMCT_OK && i < c->columns; i++)
        for (int64_t o = 0; o < c->outputs; o++) {
            size_t tap = (size_t)(i % c->taps), y = tap / width, z = tap % width;
            size_t row = (size_t)(i / c->taps) * a + (form == AMCT_SPLIT_ROWS ? y : z);
            size_t column = (form == AMCT_SPLIT_ROWS ? z : y) * (size_t)c->outputs + (size_t)o;
            size_t p = rows <= columns ? row : column, q = rows <= columns ? column : row;
            x[p * other + q] = turned[q * n + p] = (double)weights[amct_columns_weight(c, 0, o, i)];
        }
    if (status == AMCT_OK) {
        amct_linalg_product(h, n, x, other, turned, n, n, other, n);
        status = amct_linalg_eigen(h, values, n, err);
    }
    for (size_t i = 0; status == AMCT_OK && i < n; i++)
        values[i] = values[i] > 0 ? sqrt(values[i]) : 0;
    free(x);
    free(turned);
    free(h);
    if (status != AMCT_OK) {
        free(values);
        return status;
    }
    *out = values;
    *l = n;
    *m = other;
    return AMCT_OK;
}

amct_status amct_fixed_rank(amct_rank *out, const amct_columns *c, const float *weights,
                            amct_err *err)
{
    if (!amct_fixed_rank_applies(c)) {
        *out = (amct_rank){.rank = 0};
        return AMCT_OK;
    }
    double *values;
    size_t l, m;
    amct_split_form form = form_of(c);
    AMCT_TRY(singular_values(&values, &l, &m, c, weights, form, err));
    double rank = (double)amct_fixed_rank_evbmf(values, l, m);
    free(values);
    int64_t channels = smaller(c->channels, c->outputs), d = channels >= 256 ? 4 : 6;
    int64_t size = smaller(c->window.kernel[1], c->window.kernel[2]) * channels;
    rank = fmin(fmax(rank, (double)(size / (d + 1))), (double)(size / d));
    *out = (amct_rank){form, (int64_t)fmax(rint(rank / 16), 1) * 16};
    return AMCT_OK;
}
