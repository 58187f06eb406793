#include "tune/moment_work.h"

#include "compress/linalg.h"
#include "compress/moments.h"
#include "tune/loop.h"

#include <stdlib.h>

enum { COLUMNS = 512, ROWS = 256 };
static const double MEASURED = 0.05; /* seconds of each */

/* Multiplications a second of sums of products, and of factorisations. */
static amct_status measure(double *sums, double *factors, amct_err *err)
{
    size_t n = COLUMNS;
    float *rows = malloc(ROWS * n * sizeof *rows), *gram = calloc(n * n, sizeof *gram);
    double *a = malloc(n * n * sizeof *a), done = 0, taken = 0, begin;
    amct_status status = rows && gram && a ? AMCT_OK : amct_fail_nomem(err);
    for (size_t i = 0; status == AMCT_OK && i < ROWS * n; i++)
        rows[i] = (float)(i % 13) - 6;
    begin = amct_clock();
    for (; status == AMCT_OK && taken < MEASURED; done++, taken = amct_clock() - begin)
        amct_linalg_gram(gram, n, rows, n, ROWS, n);
    *sums = done * ROWS * (double)(n * n) / taken;
    begin = amct_clock(), done = taken = 0;
    for (; status == AMCT_OK && taken < MEASURED; done++, taken = amct_clock() - begin) {
        for (size_t i = 0; i < n * n; i++)
            a[i] = i / n == i % n ? 2 : 1 / (double)n;
        status = amct_linalg_cholesky(a, n, err);
    }
    *factors = done * (double)(n * n * n) / taken;
    free(rows);
    free(gram);
    free(a);
    return status;
}

amct_status amct_moment_work_find(amct_moment_work *out, const amct_graph *graph,
                                  const amct_layer *layers, uint32_t n_layers, uint32_t n_samples,
                                  amct_err *err)
{
    double sums, factors, pass = 0, factor = 0;
    amct_moment_work found = {.bytes = 0};
    AMCT_TRY(measure(&sums, &factors, err));
    for (uint32_t i = 0; i < n_layers; i++) {
        const amct_layer_stats seen = {.seen = true};
        amct_gram g;
        size_t work;
        if (!amct_gram_shape(&g, graph, &layers[i]))
            continue;
        double rows = (double)amct_columns_enough_rows(&g.columns, n_samples) * n_samples;
        double k = (double)g.part_columns, n = (double)(g.columns.groups * g.parts);
        pass += rows * n * k * k;
        factor += n * k * k * k;
        found.bytes += amct_moments_bytes(&work, graph, &layers[i], &seen);
    }
    found.pass_seconds = pass / sums;
    found.factor_seconds = factor / factors;
    *out = found;
    return AMCT_OK;
}
