#define _GNU_SOURCE /* qsort_r */
#include "compress/round.h"

#include "compress/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct diagonal {
    const double *matrix;
    size_t n;
} diagonal;

static int smaller_first(const void *a, const void *b, void *context)
{
    const diagonal *d = context;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    double x = d->matrix[i * d->n + i], y = d->matrix[k * d->n + k];
    return x != y ? (x > y) - (x < y) : (i > k) - (i < k);
}

amct_status amct_factor_make(amct_factor *out, const double *matrix, size_t n, double damping,
                             amct_err *err)
{
    amct_factor f = {n, malloc((n * n + 1) * sizeof *f.r), malloc((n + 1) * sizeof *f.order)};
    if (!f.r || !f.order) {
        amct_factor_free(&f);
        return amct_fail_nomem(err);
    }
    double mean = 0;
    for (size_t i = 0; i < n; i++) {
        f.order[i] = (uint32_t)i;
        mean += matrix[i * n + i] / (double)n;
    }
    diagonal d = {matrix, n};
    qsort_r(f.order, n, sizeof *f.order, smaller_first, &d);
    amct_status status;
    do { /* rounding may have left it a little indefinite */
        for (size_t i = 0; i < n; i++)
            for (size_t k = i; k < n; k++)
                f.r[i * n + k] = matrix[f.order[i] * n + f.order[k]];
        for (size_t i = 0; i < n; i++)
            f.r[i * n + i] += mean > 0 ? damping * mean : 1;
        status = amct_linalg_cholesky(f.r, n, err);
        damping *= 10;
    } while (status != AMCT_OK && damping > 0 && damping <= 10 * (double)n);
    if (status != AMCT_OK)
        amct_factor_free(&f);
    else
        *out = f;
    return status;
}

void amct_factor_free(amct_factor *factor)
{
    free(factor->r);
    free(factor->order);
    *factor = (amct_factor){0};
}

/* Rounds column i of the order, given what the columns behind it add to its row of R e. */
AMCT_ROUND_WIDE static void round_column(int8_t *restrict integers, double *restrict errors,
                                         double *restrict e, const double *restrict behind,
                                         const double *restrict weights,
                                         const float *restrict scales, size_t outputs, double pivot,
                                         double low, double high, bool keep_zeros)
{
    const double shift = 0x1.8p52; /* adding it leaves no places behind the point */
    double inverse = 1 / pivot, square = pivot * pivot;
    for (size_t m = 0; m < outputs; m++) {
        double scale = (double)scales[m], wanted = weights[m] + behind[m] * inverse;
        double q = wanted / scale;
        q = q < low ? low : q;
        q = q > high ? high : q;
        q = (q + shift) - shift;
        q = keep_zeros && weights[m] == 0 ? 0 : q;
        double rest = wanted - q * scale;
        errors[m] += square * rest * rest;
        e[m] = weights[m] - q * scale;
        integers[m] = (int8_t)q;
    }
}

AMCT_ROUND_WIDE void amct_round_add(double *restrict sum, const double *restrict row, double factor,
                                    size_t n)
{
    for (size_t m = 0; m < n; m++)
        sum[m] += factor * row[m];
}

void amct_round(int8_t *integers, double *errors, const double *weights, const float *scales,
                size_t outputs, const amct_factor *factor, int low, int high, bool keep_zeros,
                double *room)
{
    size_t n = factor->n;
    double *e = room, *behind = room + n * outputs; /* e in the factor's order */
    for (size_t end = n; end > 0;) {
        size_t begin = end > AMCT_ROUND_BLOCK ? end - AMCT_ROUND_BLOCK : 0;
        if (end < n)
            amct_linalg_product(behind, outputs, factor->r + begin * n + end, n, e + end * outputs,
                                outputs, end - begin, n - end, outputs);
        else
            memset(behind, 0, (end - begin) * outputs * sizeof *behind);
        for (size_t i = end; i-- > begin;) {
            const double *row = factor->r + i * n;
            double *sum = behind + (i - begin) * outputs;
            for (size_t k = i + 1; k < end; k++)
                amct_round_add(sum, e + k * outputs, row[k], outputs);
            size_t at = factor->order[i] * outputs;
            round_column(integers + at, errors, e + i * outputs, sum, weights + at, scales, outputs,
                         row[i], low, high, keep_zeros);
        }
        end = begin;
    }
}
