#include "structure/restore_layer.h"

#include "structure/covariance.h"
#include "structure/restore_aim.h"
#include "compress/columns_product.h"
#include "compress/linalg.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 19 }; /* numbers that are multiplied at once */

/* ---- Weights ----------------------------------------------------------------------------------
 */

/* The mean square of what weights leave on a fold, less that of what they aim at. room: k x m */
static double leave(const double *w, const amct_restore_fold *f, const amct_columns *c, size_t g,
                    double *room)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    amct_linalg_product(room, m, f->c + g * k * k, k, w, m, k, k, m);
    return amct_covariance_dot(w, room, k * m) -
           2 * amct_covariance_dot(w, f->b + g * k * m, k * m);
}

static const double FEW_RIDGE = 1;      /* of too few samples to try any */
static const double BASIS_RIDGE = 0.01; /* of the metric of a basis, where none is given */
static const double ridges[] = {0.001, 0.01, 0.1, 1, 10};
enum { RIDGES = sizeof ridges / sizeof *ridges };

/* The ridge, of those above and 0: the old weights, whose fit to some samples is best on others. */
static amct_status choose_ridge(double *ridge, const double *old, double *w, double *room,
                                const amct_restore_sums *s, const amct_columns *c, amct_err *err)
{
    size_t size = (size_t)(c->columns * c->outputs);
    double best = 0;
    *ridge = FEW_RIDGE;
    if (!s->folds[AMCT_RESTORE_FITTED].n || !s->folds[AMCT_RESTORE_TRIED].n)
        return AMCT_OK;
    *ridge = 0;
    for (int64_t g = 0; g < c->groups; g++)
        best += leave(old + (size_t)g * size, &s->folds[AMCT_RESTORE_TRIED], c, (size_t)g, room);
    for (int i = 0; i < RIDGES; i++) {
        double left = 0;
        for (int64_t g = 0; g < c->groups; g++) {
            AMCT_TRY(amct_restore_solve(w, old + (size_t)g * size, &s->folds[AMCT_RESTORE_FITTED],
                                        c, (size_t)g, ridges[i], err));
            left += leave(w, &s->folds[AMCT_RESTORE_TRIED], c, (size_t)g, room);
        }
        if (left < best) {
            best = left;
            *ridge = ridges[i];
        }
    }
    return AMCT_OK;
}

static void write_group(amct_restoring *r, const double *w, const amct_restore_fold *f, size_t g)
{
    const amct_columns *c = &r->columns;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    for (size_t j = 0; j < m; j++) {
        double bias = f->aim[g * m + j];
        for (size_t i = 0; i < k; i++) {
            bias -= w[i * m + j] * f->mean[g * k + i];
            r->weights[amct_columns_weight(c, (int64_t)g, (int64_t)j, (int64_t)i)] =
                (float)w[i * m + j];
        }
        r->bias[g * m + j] = (float)bias;
    }
}

static amct_status fit_all(amct_restoring *r, amct_restore_sums *s, const amct_pairs *pairs,
                           uint32_t stream, double ridge, amct_err *err)
{
    const amct_columns *c = &r->columns;
    const amct_restore_fold *all = &s->folds[AMCT_RESTORE_ALL];
    size_t size = (size_t)(c->columns * c->outputs), groups = (size_t)c->groups;
    double *old = malloc((groups * size + 1) * sizeof *old);
    double *w = malloc((groups * size + 1) * sizeof *w), *room = malloc((size + 1) * sizeof *room);
    amct_status status = old && w && room ? AMCT_OK : amct_fail_nomem(err);
    for (size_t g = 0; status == AMCT_OK && g < groups; g++)
        amct_covariance_weights(old + g * size, c, r->old_weights, (int64_t)g, 0,
                                (size_t)c->columns);
    if (status == AMCT_OK && ridge <= 0)
        status = choose_ridge(&ridge, old, w, room, s, c, err);
    for (size_t g = 0; status == AMCT_OK && ridge > 0 && g < groups; g++)
        status = amct_restore_solve(w + g * size, old + g * size, all, c, g, ridge, err);
    if (status == AMCT_OK && ridge > 0)
        status = amct_restore_aim(w, old, s, r, pairs, stream, ridge, err);
    for (size_t g = 0; status == AMCT_OK && g < groups; g++)
        write_group(r, (ridge > 0 ? w : old) + g * size, all, g);
    free(old);
    free(w);
    free(room);
    return status;
}

/* What was fitted to both becomes the first one's weights. */
static amct_status fit_first(amct_restoring *r, const amct_restore_fold *f, double ridge,
                             amct_err *err)
{
    amct_restoring_first *first = r->first;
    const amct_columns *c = &first->columns;
    amct_factor_source source = {
        .columns = &r->columns, .weights = r->weights, .c = f->c, .ridge = ridge};
    amct_factoring *factoring;
    int64_t rank = c->outputs;
    AMCT_TRY(amct_factorise(&factoring, &source, first->form, rank, err));
    float *matrix = malloc((size_t)amct_factorise_first(factoring, rank) * sizeof *matrix);
    float *second = malloc((size_t)amct_factorise_second(factoring, rank) * sizeof *second);
    double error;
    amct_status status =
        matrix && second ? amct_factorise_get(matrix, second, r->bias, &error, factoring, rank, err)
                         : amct_fail_nomem(err);
    for (int64_t t = 0; status == AMCT_OK && t < rank; t++)
        for (int64_t i = 0; i < c->columns; i++)
            first->weights[amct_columns_weight(c, 0, t, i)] = matrix[t * c->columns + i];
    free(matrix);
    free(second);
    amct_factorise_free(factoring);
    return status;
}

amct_status amct_restore_fit(amct_restoring *r, const amct_pairs *pairs, uint32_t stream,
                             double ridge, amct_err *err)
{
    amct_restore_sums s = {0};
    amct_status status = amct_restore_sums_make(&s, r, pairs, stream, err);
    if (status == AMCT_OK)
        status = fit_all(r, &s, pairs, stream, ridge, err);
    if (status == AMCT_OK && r->first)
        status = fit_first(r, &s.folds[AMCT_RESTORE_ALL], ridge > 0 ? ridge : BASIS_RIDGE, err);
    amct_restore_sums_free(&s);
    return status;
}

/* ---- Results ----------------------------------------------------------------------------------
 */

amct_status amct_restore_apply(const amct_restoring *r, const amct_pairs *pairs, amct_err *err)
{
    const amct_columns *c = r->first ? &r->first->columns : &r->columns;
    const float *bias = r->first ? r->first->bias : r->bias;
    size_t width = (size_t)(c->groups * c->columns), channels = (size_t)(c->groups * c->outputs);
    size_t chunk = CHUNK / width + 1;
    chunk = chunk < (size_t)c->rows ? chunk : (size_t)c->rows;
    float *w = malloc((width * (size_t)c->outputs + 1) * sizeof *w);
    float *x = malloc(chunk * width * sizeof *x);
    float *y = malloc(chunk * channels * sizeof *y);
    uint32_t *rows = malloc(chunk * sizeof *rows);
    amct_status status = w && x && y && rows ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        amct_columns_lay_out(w, c, r->first ? r->first->weights : r->weights);
    for (uint32_t i = 0; status == AMCT_OK && i < pairs->n; i++) {
        amct_buffer src = amct_plan_watched(pairs->at[i].candidate, r->layer->src);
        amct_buffer dst = amct_plan_watched(pairs->at[i].candidate, r->layer->result);
        for (uint32_t s = 0; s < pairs->at[i].count; s++)
            for (size_t at = 0, n; at < (size_t)c->rows; at += n) {
                n = (size_t)c->rows - at < chunk ? (size_t)c->rows - at : chunk;
                for (size_t k = 0; k < n; k++)
                    rows[k] = (uint32_t)(at + k);
                amct_columns_multiply(y, x, w, c, &src, s, rows, n);
                for (size_t k = 0; k < n; k++)
                    for (size_t m = 0; m < channels; m++)
                        y[k * channels + m] += bias[m];
                amct_columns_put_results(&dst, y, c, s, rows, n);
            }
    }
    free(w);
    free(x);
    free(y);
    free(rows);
    return status;
}
