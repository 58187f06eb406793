#include "structure/restore_sums.h"

#include "structure/covariance.h"
#include "compress/linalg.h"
#include "compress/row_loops.h"

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 1 << 20 }; /* numbers that are multiplied at once, if a batch has no more */

double amct_restore_bytes(const amct_columns *c)
{
    double k = (double)c->columns, m = (double)c->outputs, each = k * (k + m) * sizeof(double);
    double aiming = (double)c->groups * k * m * (2 * sizeof(double) + sizeof(float));
    aiming += (double)(c->groups - 1) * k * k * sizeof(double); /* factors; one is of each */
    return AMCT_RESTORE_FOLDS * (double)c->groups * each + 2 * each + aiming;
}

void amct_restore_sums_free(amct_restore_sums *s)
{
    free(s->x);
    free(s->y);
    free(s->t);
    free(s->more);
    free(s->gram);
    free(s->cross);
    free(s->at);
    for (int f = 0; f < AMCT_RESTORE_FOLDS; f++) {
        free(s->folds[f].c);
        free(s->folds[f].b);
        free(s->folds[f].mean);
        free(s->folds[f].aim);
    }
}

static amct_status make(amct_restore_sums *s, const amct_restoring *r, const amct_pairs *pairs,
                        amct_err *err)
{
    const amct_columns *c = &r->columns;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs, groups = (size_t)c->groups, most = 0;
    for (uint32_t i = 0; i < pairs->n; i++)
        most = pairs->at[i].count > most ? pairs->at[i].count : most;
    s->rows = amct_columns_enough_rows(c, pairs->n_samples);
    s->width = groups * k;
    s->channels = groups * m;
    size_t rows = most * (size_t)s->rows, wide = (size_t)r->channels;
    wide = wide > s->channels ? wide : s->channels;
    s->room = rows > AT_ONCE / s->width ? rows : AT_ONCE / s->width;
    rows = s->room;
    s->x = malloc((rows * s->width + 1) * sizeof *s->x);
    s->y = malloc((rows * wide + 1) * sizeof *s->y);
    s->more = malloc((rows * wide + 1) * sizeof *s->more);
    if (r->other != AMCT_NO_TENSOR)
        s->t = malloc((rows * s->channels + 1) * sizeof *s->t);
    s->gram = malloc((k * k + 1) * sizeof *s->gram);
    s->cross = malloc((k * m + 1) * sizeof *s->cross);
    s->at = malloc((size_t)(s->rows + 1) * sizeof *s->at);
    bool all = s->x && s->y && s->more && (s->t || r->other == AMCT_NO_TENSOR) && s->gram &&
               s->cross && s->at;
    for (int i = 0; i < AMCT_RESTORE_FOLDS; i++) {
        amct_restore_fold *f = &s->folds[i];
        f->c = calloc(groups * k * k + 1, sizeof *f->c);
        f->b = calloc(groups * k * m + 1, sizeof *f->b);
        f->mean = calloc(s->width + 1, sizeof *f->mean);
        f->aim = calloc(s->channels + 1, sizeof *f->aim);
        all &= f->c && f->b && f->mean && f->aim;
    }
    return all ? AMCT_OK : amct_fail_nomem(err);
}

/* y += the candidate's or the original's values of a tensor, at the drawn rows. */
static void add_values(float *y, amct_restore_sums *s, const amct_restoring *r,
                       const amct_plan *plan, uint32_t tensor, uint32_t sample, bool original)
{
    amct_buffer b = amct_plan_watched(plan, tensor);
    amct_columns all = r->columns;
    all.groups = 1;
    all.outputs = original ? r->channels : (int64_t)s->channels;
    amct_columns_results(s->more, &all, &b, sample, s->at, (size_t)s->rows);
    for (int64_t i = 0; i < s->rows; i++)
        for (size_t m = 0; m < s->channels; m++) {
            int64_t from = original ? r->kept[m] : (int64_t)m;
            y[(size_t)i * s->channels + m] += s->more[i * all.outputs + from];
        }
}

static void read_sample(amct_restore_sums *s, const amct_restoring *r, const amct_pair *p,
                        uint32_t stream, uint32_t i, size_t to)
{
    amct_buffer src = amct_plan_watched(p->candidate, r->layer->src);
    size_t rows = (size_t)s->rows, size = rows * s->channels;
    float *y = s->y + to * s->channels, *t = s->t + (s->t ? to * s->channels : 0);
    amct_columns_draw(s->at, s->rows, &r->columns, p->first + i, stream);
    amct_columns_patches(s->x + to * s->width, &r->columns, &src, 0, i, s->at, rows);
    memset(y, 0, size * sizeof *y);
    add_values(y, s, r, p->original, r->result, i, true);
    if (!s->t)
        return;
    add_values(y, s, r, p->original, r->other, i, true);
    memset(t, 0, size * sizeof *t);
    add_values(t, s, r, p->candidate, r->other, i, false);
    for (size_t k = 0; k < size; k++)
        y[k] -= t[k];
}

size_t amct_restore_read(amct_restore_sums *s, const amct_restoring *r, const amct_pair *p,
                         uint32_t stream, int fold, size_t n)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (fold == AMCT_RESTORE_ALL || fold == amct_restore_fold_of(p->first + i)) {
            read_sample(s, r, p, stream, i, n);
            n += (size_t)s->rows;
        }
    return n;
}

/* Adds the first n rows that were read. */
static void add_rows(amct_restore_sums *s, amct_restore_fold *f, const amct_columns *c, size_t n)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    for (size_t g = 0; n && g < (size_t)c->groups; g++) {
        memset(s->gram, 0, k * k * sizeof *s->gram);
        memset(s->cross, 0, k * m * sizeof *s->cross);
        amct_linalg_gram(s->gram, k, s->x + g * k, s->width, n, k);
        amct_linalg_cross(s->cross, m, s->x + g * k, s->width, s->y + g * m, s->channels, n, k, m);
        for (size_t i = 0; i < k; i++)
            for (size_t j = i; j < k; j++)
                f->c[g * k * k + i * k + j] += (double)s->gram[i * k + j];
        amct_rows_add(f->b + g * k * m, s->cross, 1, k * m);
    }
    amct_rows_add(f->mean, s->x, n, s->width);
    amct_rows_add(f->aim, s->y, n, s->channels);
    f->n += n;
}

/* As many batches as there is room for are multiplied at once. */
static void add_fold(amct_restore_sums *s, const amct_restoring *r, const amct_pairs *pairs,
                     uint32_t stream, int fold)
{
    size_t n = 0;
    for (uint32_t i = 0; i < pairs->n; i++) {
        const amct_pair *p = &pairs->at[i];
        if (n + p->count * (size_t)s->rows > s->room) {
            add_rows(s, &s->folds[fold], &r->columns, n);
            n = 0;
        }
        n = amct_restore_read(s, r, p, stream, fold, n);
    }
    add_rows(s, &s->folds[fold], &r->columns, n);
}

static void add_up(amct_restore_sums *s, const amct_columns *c)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs, groups = (size_t)c->groups;
    amct_restore_fold *all = &s->folds[AMCT_RESTORE_ALL];
    for (int p = 0; p < AMCT_RESTORE_ALL; p++) {
        const amct_restore_fold *f = &s->folds[p];
        all->n += f->n;
        for (size_t i = 0; i < groups * k * k; i++)
            all->c[i] += f->c[i];
        for (size_t i = 0; i < groups * k * m; i++)
            all->b[i] += f->b[i];
        for (size_t i = 0; i < s->width; i++)
            all->mean[i] += f->mean[i];
        for (size_t i = 0; i < s->channels; i++)
            all->aim[i] += f->aim[i];
    }
}

/* Sums become means, and moments about given means. */
static void centre(amct_restore_fold *f, const amct_restore_fold *about, const amct_restore_sums *s,
                   const amct_columns *c)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    double n = f->n ? (double)f->n : 1;
    for (size_t i = 0; i < s->width; i++)
        f->mean[i] /= n;
    for (size_t i = 0; i < s->channels; i++)
        f->aim[i] /= n;
    for (size_t g = 0; g < (size_t)c->groups; g++) {
        double *cc = f->c + g * k * k, *b = f->b + g * k * m;
        const double *x = f->mean + g * k, *y = f->aim + g * m;
        const double *x0 = about->mean + g * k, *y0 = about->aim + g * m;
        for (size_t i = 0; i < k; i++) {
            for (size_t j = i; j < k; j++)
                cc[i * k + j] = cc[j * k + i] =
                    cc[i * k + j] / n - x[i] * x0[j] - x0[i] * x[j] + x0[i] * x0[j];
            for (size_t j = 0; j < m; j++)
                b[i * m + j] = b[i * m + j] / n - x[i] * y0[j] - x0[i] * y[j] + x0[i] * y0[j];
        }
        amct_moments_settle(cc, x0, k);
        for (size_t i = 0; i < k; i++)
            if (cc[i * k + i] == 0)
                memset(b + i * m, 0, m * sizeof *b);
    }
}

amct_status amct_restore_sums_make(amct_restore_sums *s, const amct_restoring *r,
                                   const amct_pairs *pairs, uint32_t stream, amct_err *err)
{
    const amct_columns *c = &r->columns;
    amct_restore_fold *folds = s->folds;
    AMCT_TRY(make(s, r, pairs, err));
    for (int f = 0; f < AMCT_RESTORE_ALL; f++)
        add_fold(s, r, pairs, stream, f);
    add_up(s, c);
    centre(&folds[AMCT_RESTORE_FITTED], &folds[AMCT_RESTORE_FITTED], s, c);
    centre(&folds[AMCT_RESTORE_TRIED], &folds[AMCT_RESTORE_FITTED], s, c);
    centre(&folds[AMCT_RESTORE_ALL], &folds[AMCT_RESTORE_ALL], s, c);
    return AMCT_OK;
}

amct_status amct_restore_factor(double *factor, double *lambda, const amct_restore_fold *f,
                                const amct_columns *c, size_t g, double ridge, amct_err *err)
{
    size_t k = (size_t)c->columns;
    return amct_covariance_factor(factor, lambda, f->c + g * k * k, k, ridge, err);
}

void amct_restore_solve_by(double *w, const double *old, const amct_restore_fold *f,
                           const amct_columns *c, size_t g, const double *factor, double lambda)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    for (size_t i = 0; i < k * m; i++)
        w[i] = f->b[g * k * m + i] + lambda * old[i];
    amct_linalg_solve(w, m, factor, k, m);
}

amct_status amct_restore_solve(double *w, const double *old, const amct_restore_fold *f,
                               const amct_columns *c, size_t g, double ridge, amct_err *err)
{
    size_t k = (size_t)c->columns;
    double *factor = malloc((k * k + 1) * sizeof *factor), lambda;
    if (!factor)
        return amct_fail_nomem(err);
    amct_status status = amct_restore_factor(factor, &lambda, f, c, g, ridge, err);
    if (status == AMCT_OK)
        amct_restore_solve_by(w, old, f, c, g, factor, lambda);
    free(factor);
    return status;
}

void amct_restore_multiply(float *y, const float *x, const float *w, const amct_columns *c,
                           size_t n)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs, groups = (size_t)c->groups;
    for (size_t g = 0; m > 1 && g < groups; g++)
        amct_linalg_apply(y + g * m, groups * m, x + g * k, groups * k, w + g * k * m, m, n, k, m);
    for (size_t i = 0; m == 1 && i < n; i++)
        for (size_t g = 0; g < groups; g++) {
            float sum = 0;
            for (size_t t = 0; t < k; t++)
                sum += x[(i * groups + g) * k + t] * w[g * k + t];
            y[i * groups + g] = sum;
        }
}
