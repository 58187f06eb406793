#include "structure/restore_aim.h"

#include "compress/linalg.h"
#include "compress/row_loops.h"

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
    double *zeros;           /* per channel */
    float *weights;          /* the same as w */
    double *b, *aim;         /* sums, of all groups */
    double *factors;         /* of every group: what solves the fold that is at work */
    double *lambdas;         /* of every group */
    amct_restore_fold aimed; /* what the rows aim at: b and aim; c and mean are those of a fold */
} aiming;

static void free_aiming(aiming *a)
{
    free(a->w);
    free(a->bias);
    free(a->zeros);
    free(a->weights);
    free(a->b);
    free(a->aim);
    free(a->factors);
    free(a->lambdas);
}

static amct_status make_aiming(aiming *a, amct_err *err)
{
    const amct_columns *c = &a->r->columns;
    size_t size = (size_t)(c->columns * c->outputs), all = size * (size_t)c->groups;
    size_t squares = (size_t)(c->groups * c->columns * c->columns);
    a->factors = malloc(squares * sizeof *a->factors);
    a->lambdas = malloc((size_t)c->groups * sizeof *a->lambdas);
    a->w = malloc(all * sizeof *a->w);
    a->b = malloc(all * sizeof *a->b);
    a->bias = malloc(a->s->channels * sizeof *a->bias);
    a->zeros = calloc(a->s->channels, sizeof *a->zeros);
    a->aim = malloc(a->s->channels * sizeof *a->aim);
    a->weights = malloc(all * sizeof *a->weights);
    return a->w && a->b && a->bias && a->zeros && a->aim && a->weights && a->factors && a->lambdas
               ? AMCT_OK
               : amct_fail_nomem(err);
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

static void add_rows(aiming *a, size_t n)
{
    const amct_columns *c = &a->r->columns;
    amct_restore_sums *s = a->s;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    for (size_t g = 0; n && g < (size_t)c->groups; g++) {
        memset(s->cross, 0, k * m * sizeof *s->cross);
        amct_linalg_cross(s->cross, m, s->x + g * k, s->width, s->more + g * m, s->channels, n, k,
                          m);
        amct_rows_add(a->b + g * k * m, s->cross, 1, k * m);
    }
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

/* From now on the weights are solved on this fold, whatever its rows aim at. */
static amct_status factor_all(aiming *a, int fold, amct_err *err)
{
    const amct_columns *c = &a->r->columns;
    size_t square = (size_t)(c->columns * c->columns);
    for (size_t g = 0; g < (size_t)c->groups; g++)
        AMCT_TRY(amct_restore_factor(a->factors + g * square, &a->lambdas[g], &a->s->folds[fold], c,
                                     g, a->ridge, err));
    return AMCT_OK;
}

static void solve_all(aiming *a, const amct_restore_fold *f)
{
    const amct_columns *c = &a->r->columns;
    size_t size = (size_t)(c->columns * c->outputs), square = (size_t)(c->columns * c->columns);
    for (size_t g = 0; g < (size_t)c->groups; g++)
        amct_restore_solve_by(a->w + g * size, a->old + g * size, f, c, g, a->factors + g * square,
                              a->lambdas[g]);
    set_bias(a, f);
}

static void set_weights(aiming *a)
{
    const amct_columns *c = &a->r->columns;
    for (size_t i = 0; i < (size_t)(c->groups * c->columns * c->outputs); i++)
        a->weights[i] = (float)a->w[i];
}

/* The results of the weights at the rows of a batch that are of a fold; how many these are. */
static size_t multiply(aiming *a, const amct_pair *p, int fold)
{
    size_t n = amct_restore_read(a->s, a->r, p, a->stream, fold, 0);
    amct_restore_multiply(a->s->more, a->s->x, a->weights, &a->r->columns, n);
    return n;
}

static amct_rows_wanted wanted_of(const aiming *a)
{
    return (amct_rows_wanted){a->s->y, a->s->t, a->zeros, a->r->low, a->r->high, a->s->channels};
}

/* What is left behind the cut on the samples that are tried on. */
static double judge(aiming *a)
{
    const amct_rows_wanted wanted = wanted_of(a);
    size_t channels = a->s->channels;
    double sum = 0;
    memset(a->aim, 0, channels * sizeof *a->aim); /* which is free here */
    set_weights(a);
    for (uint32_t i = 0; i < a->pairs->n; i++) {
        size_t n = multiply(a, &a->pairs->at[i], AMCT_RESTORE_TRIED);
        amct_rows_error(a->aim, a->s->more, channels, a->bias, &wanted, 0, n, channels);
    }
    for (size_t j = 0; j < channels; j++)
        sum += a->aim[j];
    return sum;
}

/* The rows of a fold aim behind the cut, and the weights become what solves that. */
static void take_step(aiming *a, int fold)
{
    const amct_columns *c = &a->r->columns;
    const amct_rows_wanted wanted = wanted_of(a);
    size_t channels = a->s->channels;
    memset(a->b, 0, (size_t)(c->groups * c->columns * c->outputs) * sizeof *a->b);
    memset(a->aim, 0, channels * sizeof *a->aim);
    set_weights(a);
    for (uint32_t i = 0; i < a->pairs->n; i++) {
        size_t n = multiply(a, &a->pairs->at[i], fold);
        amct_rows_aim(a->aim, a->s->more, channels, a->bias, &wanted, 0, n, channels);
        add_rows(a, n);
    }
    centre(a, &a->s->folds[fold]);
    solve_all(a, &a->aimed);
}

/* How many steps leave least on samples that they were not made from. */
static amct_status choose_steps(int *best, aiming *a, amct_err *err)
{
    AMCT_TRY(factor_all(a, AMCT_RESTORE_FITTED, err));
    solve_all(a, &a->s->folds[AMCT_RESTORE_FITTED]);
    double least = judge(a);
    for (*best = 0; *best < STEPS; ++*best) {
        take_step(a, AMCT_RESTORE_FITTED);
        double error = judge(a);
        if (!(error <= least))
            break;
        least = error;
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
    if (status == AMCT_OK && steps)
        status = factor_all(&a, AMCT_RESTORE_ALL, err);
    for (int i = 0; status == AMCT_OK && i < steps; i++)
        take_step(&a, AMCT_RESTORE_ALL);
    if (status == AMCT_OK && steps) {
        memcpy(w, a.w, size * sizeof *w);
        memcpy(all->aim, a.aim, s->channels * sizeof *all->aim);
    }
    free_aiming(&a);
    return status;
}
