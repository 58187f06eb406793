#include "structure/restore_aim.h"

#include "compress/cut_off.h"
#include "compress/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 3 };

typedef struct aiming {
    amct_restore_sums *s;
    const amct_restoring *r;
    const amct_pairs *pairs;
    uint32_t stream;
    double ridge;
    const double *old;
    double *w;               /* all groups */
    double *bias;            /* per channel */
    float *weights;          /* the same as w */
    double *b, *aim;         /* sums, of all groups */
    amct_restore_fold aimed; /* what the rows aim at: b and aim; c and mean are those of a fold */
} aiming;

static void free_aiming(aiming *a)
{
    free(a->w);
    free(a->bias);
    free(a->weights);
    free(a->b);
    free(a->aim);
}

static amct_status make_aiming(aiming *a, amct_err *err)
{
    const amct_columns *c = &a->r->columns;
    size_t size = (size_t)(c->columns * c->outputs), all = size * (size_t)c->groups;
    a->w = malloc(all * sizeof *a->w);
    a->b = malloc(all * sizeof *a->b);
    a->bias = malloc(a->s->channels * sizeof *a->bias);
    a->aim = malloc(a->s->channels * sizeof *a->aim);
    a->weights = malloc(all * sizeof *a->weights);
    return a->w && a->b && a->bias && a->aim && a->weights ? AMCT_OK : amct_fail_nomem(err);
}

static void set_bias(aiming *a, const amct_restore_fold *f)
{
    const amct_columns *c = &a->r->columns;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    for (size_t j = 0; j < a->s->channels; j++) {
        const double *w = a->w + j / m * k * m + j % m;
        a->bias[j] = f->aim[j];
        for (size_t i = 0; i < k; i++)
            a->bias[j] -= w[i * m] * f->mean[j / m * k + i];
    }
}

/* The square error behind the cut of a row; the row of `more` becomes what it should aim at. */
static double aim_row(aiming *a, size_t row)
{
    const amct_restoring *r = a->r;
    size_t n = a->s->channels;
    const float *y = a->s->y + row * n, *t = a->s->t ? a->s->t + row * n : NULL;
    float *result = a->s->more + row * n;
    double error = 0;
    for (size_t m = 0; m < n; m++) {
        double other = t ? t[m] : 0, have = result[m] + a->bias[m] + other, want = y[m] + other;
        double rest = amct_cut(have, r->low, r->high) - amct_cut(want, r->low, r->high);
        error += rest * rest;
        result[m] = (float)(amct_cut_aim(want, have, r->low, r->high) - other);
    }
    return error;
}

static void add_rows(aiming *a, size_t first, size_t n)
{
    const amct_columns *c = &a->r->columns;
    amct_restore_sums *s = a->s;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    for (size_t g = 0; g < (size_t)c->groups; g++) {
        memset(s->cross, 0, k * m * sizeof *s->cross);
        amct_linalg_cross(s->cross, m, s->x + first * s->width + g * k, s->width,
                          s->more + first * s->channels + g * m, s->channels, n, k, m);
        for (size_t i = 0; i < k * m; i++)
            a->b[g * k * m + i] += s->cross[i];
    }
    for (size_t i = first; i < first + n; i++)
        for (size_t j = 0; j < s->channels; j++)
            a->aim[j] += s->more[i * s->channels + j];
}

/* Sums become means and moments about them. */
static void centre(aiming *a, const amct_restore_fold *f)
{
    const amct_columns *c = &a->r->columns;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    double n = (double)f->n;
    for (size_t j = 0; j < a->s->channels; j++)
        a->aim[j] /= n;
    for (size_t g = 0; g < (size_t)c->groups; g++)
        for (size_t i = 0; i < k; i++) {
            bool constant = f->c[(g * k + i) * k + i] == 0;
            double *b = a->b + (g * k + i) * m;
            for (size_t j = 0; j < m; j++)
                b[j] = constant ? 0 : b[j] / n - f->mean[g * k + i] * a->aim[g * m + j];
        }
    a->aimed = (amct_restore_fold){f->n, f->c, a->b, f->mean, a->aim};
}

static amct_status solve_all(aiming *a, const amct_restore_fold *f, amct_err *err)
{
    const amct_columns *c = &a->r->columns;
    size_t size = (size_t)(c->columns * c->outputs);
    for (size_t g = 0; g < (size_t)c->groups; g++)
        AMCT_TRY(amct_restore_solve(a->w + g * size, a->old + g * size, f, c, g, a->ridge, err));
    set_bias(a, f);
    return AMCT_OK;
}

/* Adds to *error that on the samples that are tried on. If `again`, the rows of a fold aim behind
 * the cut, and the weights become what solves that. */
static amct_status take_step(double *error, aiming *a, int fold, bool again, amct_err *err)
{
    const amct_columns *c = &a->r->columns;
    size_t rows = (size_t)a->s->rows;
    for (size_t i = 0; i < (size_t)(c->groups * c->columns * c->outputs); i++)
        a->weights[i] = (float)a->w[i];
    memset(a->b, 0, (size_t)(c->groups * c->columns * c->outputs) * sizeof *a->b);
    memset(a->aim, 0, a->s->channels * sizeof *a->aim);
    for (uint32_t i = 0; i < a->pairs->n; i++) {
        const amct_pair *p = &a->pairs->at[i];
        amct_restore_read(a->s, a->r, p, a->stream);
        for (uint32_t s = 0; s < p->count; s++) {
            int of = amct_restore_fold_of(p->first + s);
            bool fitted = fold == AMCT_RESTORE_ALL || fold == of;
            if (fitted && !again)
                continue;
            double sum = 0;
            amct_restore_multiply(a->s->more + s * rows * a->s->channels,
                                  a->s->x + s * rows * a->s->width, a->weights, c, rows);
            for (size_t row = s * rows; row < (s + 1) * rows; row++)
                sum += aim_row(a, row);
            if (fitted)
                add_rows(a, s * rows, rows);
            else
                *error += sum;
        }
    }
    if (!again)
        return AMCT_OK;
    centre(a, &a->s->folds[fold]);
    return solve_all(a, &a->aimed, err);
}

/* How many steps leave least on samples that they were not made from. */
static amct_status choose_steps(int *best, aiming *a, amct_err *err)
{
    double errors[STEPS + 1] = {0};
    *best = 0;
    AMCT_TRY(solve_all(a, &a->s->folds[AMCT_RESTORE_FITTED], err));
    for (int i = 0; i <= STEPS; i++) {
        AMCT_TRY(take_step(&errors[i], a, AMCT_RESTORE_FITTED, i < STEPS, err));
        if (!(errors[i] <= errors[*best]))
            return AMCT_OK;
        *best = i;
    }
    return AMCT_OK;
}

amct_status amct_restore_aim(double *w, const double *old, amct_restore_sums *s,
                             const amct_restoring *r, const amct_pairs *pairs, uint32_t stream,
                             double ridge, amct_err *err)
{
    aiming a = {.s = s, .r = r, .pairs = pairs, .stream = stream, .ridge = ridge, .old = old};
    amct_restore_fold *all = &s->folds[AMCT_RESTORE_ALL];
    size_t size = (size_t)(r->columns.groups * r->columns.columns * r->columns.outputs);
    int steps = 0;
    if (!(isfinite(r->low) || isfinite(r->high)) || !s->folds[AMCT_RESTORE_FITTED].n ||
        !s->folds[AMCT_RESTORE_TRIED].n)
        return AMCT_OK;
    amct_status status = make_aiming(&a, err);
    if (status == AMCT_OK)
        status = choose_steps(&steps, &a, err);
    if (status == AMCT_OK) {
        memcpy(a.w, w, size * sizeof *w);
        set_bias(&a, all);
    }
    for (int i = 0; status == AMCT_OK && i < steps; i++)
        status = take_step(NULL, &a, AMCT_RESTORE_ALL, true, err);
    if (status == AMCT_OK && steps) {
        memcpy(w, a.w, size * sizeof *w);
        memcpy(all->aim, a.aim, s->channels * sizeof *all->aim);
    }
    free_aiming(&a);
    return status;
}
