#include "structure/restore_layer.h"

#include "base/pcg.h"
#include "structure/covariance.h"
#include "compress/linalg.h"

#include <stdlib.h>
#include <string.h>

enum {
    MIN_ROWS = 64,        /* per sample */
    ROWS_PER_COLUMN = 32, /* of all samples */
    CHUNK = 1 << 19       /* numbers that are multiplied at once */
};

/* ---- Moments ----------------------------------------------------------------------------------
 */

/* What was added up of some of the samples. */
typedef struct fold {
    size_t n;           /* rows */
    double *c, *b;      /* per group: columns x columns, columns x outputs */
    double *mean, *aim; /* of x, of y */
} fold;

/* Samples that weights are fitted to, those that they are tried on, and all of them. */
enum { FITTED, TRIED, ALL, FOLDS };

typedef struct sums {
    int64_t rows; /* per sample that are taken */
    size_t width, channels;
    float *x, *y, *more; /* rows of a batch */
    float *gram, *cross; /* of a group and a batch */
    uint32_t *at;
    fold folds[FOLDS];
} sums;

double amct_restore_bytes(const amct_columns *c)
{
    double k = (double)c->columns, m = (double)c->outputs, each = k * (k + m) * sizeof(double);
    return FOLDS * (double)c->groups * each + 2 * each;
}

static void free_sums(sums *s)
{
    free(s->x);
    free(s->y);
    free(s->more);
    free(s->gram);
    free(s->cross);
    free(s->at);
    for (int f = 0; f < FOLDS; f++) {
        free(s->folds[f].c);
        free(s->folds[f].b);
        free(s->folds[f].mean);
        free(s->folds[f].aim);
    }
}

static amct_status make_sums(sums *s, const amct_restoring *r, const amct_pairs *pairs,
                             amct_err *err)
{
    const amct_columns *c = &r->columns;
    size_t k = (size_t)c->columns, m = (size_t)c->outputs, groups = (size_t)c->groups, most = 0;
    for (uint32_t i = 0; i < pairs->n; i++)
        most = pairs->at[i].count > most ? pairs->at[i].count : most;
    s->rows = (c->columns * ROWS_PER_COLUMN + pairs->n_samples - 1) / pairs->n_samples;
    s->rows = s->rows < MIN_ROWS ? MIN_ROWS : s->rows;
    s->rows = s->rows < c->rows ? s->rows : c->rows;
    s->width = groups * k;
    s->channels = groups * m;
    size_t rows = most * (size_t)s->rows, wide = (size_t)r->channels;
    wide = wide > s->channels ? wide : s->channels;
    s->x = malloc((rows * s->width + 1) * sizeof *s->x);
    s->y = malloc((rows * wide + 1) * sizeof *s->y);
    s->more = malloc((rows * wide + 1) * sizeof *s->more);
    s->gram = malloc((k * k + 1) * sizeof *s->gram);
    s->cross = malloc((k * m + 1) * sizeof *s->cross);
    s->at = malloc((size_t)(s->rows + 1) * sizeof *s->at);
    bool all = s->x && s->y && s->more && s->gram && s->cross && s->at;
    for (int i = 0; i < FOLDS; i++) {
        fold *f = &s->folds[i];
        f->c = calloc(groups * k * k + 1, sizeof *f->c);
        f->b = calloc(groups * k * m + 1, sizeof *f->b);
        f->mean = calloc(s->width + 1, sizeof *f->mean);
        f->aim = calloc(s->channels + 1, sizeof *f->aim);
        all &= f->c && f->b && f->mean && f->aim;
    }
    return all ? AMCT_OK : amct_fail_nomem(err);
}

/* One from each of as many equal stretches. */
static void draw_rows(uint32_t *rows, int64_t n, int64_t of, uint32_t sample, uint32_t stream)
{
    amct_pcg rng = amct_pcg_new(sample, stream);
    for (int64_t i = 0; i < n; i++) {
        int64_t from = i * of / n, to = (i + 1) * of / n;
        rows[i] = (uint32_t)(from + amct_pcg_below(&rng, (uint32_t)(to - from)));
    }
}

/* y += sign times the candidate's or the original's values of a tensor, at the drawn rows. */
static void add_values(float *y, sums *s, const amct_restoring *r, const amct_plan *plan,
                       uint32_t tensor, uint32_t sample, bool original, float sign)
{
    amct_buffer b = amct_plan_watched(plan, tensor);
    amct_columns all = r->columns;
    all.groups = 1;
    all.outputs = original ? r->channels : (int64_t)s->channels;
    amct_columns_results(s->more, &all, &b, sample, s->at, (size_t)s->rows);
    for (int64_t i = 0; i < s->rows; i++)
        for (size_t m = 0; m < s->channels; m++) {
            int64_t from = original ? r->kept[m] : (int64_t)m;
            y[(size_t)i * s->channels + m] += sign * s->more[i * all.outputs + from];
        }
}

static void read_pair(sums *s, const amct_restoring *r, const amct_pair *p, uint32_t stream)
{
    amct_buffer src = amct_plan_watched(p->candidate, r->layer->src);
    size_t rows = (size_t)s->rows;
    memset(s->y, 0, p->count * rows * s->channels * sizeof *s->y);
    for (uint32_t i = 0; i < p->count; i++) {
        float *y = s->y + i * rows * s->channels;
        draw_rows(s->at, s->rows, r->columns.rows, p->first + i, stream);
        amct_columns_patches(s->x + i * rows * s->width, &r->columns, &src, 0, i, s->at, rows);
        add_values(y, s, r, p->original, r->result, i, true, 1);
        if (r->other != AMCT_NO_TENSOR) {
            add_values(y, s, r, p->original, r->other, i, true, 1);
            add_values(y, s, r, p->candidate, r->other, i, false, -1);
        }
    }
}

/* Adds n rows of the batch from a row on. */
static void add_rows(sums *s, fold *f, const amct_columns *c, size_t first, size_t n)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    const float *x = s->x + first * s->width, *y = s->y + first * s->channels;
    for (size_t g = 0; g < (size_t)c->groups; g++) {
        memset(s->gram, 0, k * k * sizeof *s->gram);
        memset(s->cross, 0, k * m * sizeof *s->cross);
        amct_linalg_gram(s->gram, k, x + g * k, s->width, n, k);
        amct_linalg_cross(s->cross, m, x + g * k, s->width, y + g * m, s->channels, n, k, m);
        for (size_t i = 0; i < k; i++)
            for (size_t j = i; j < k; j++)
                f->c[g * k * k + i * k + j] += (double)s->gram[i * k + j];
        for (size_t i = 0; i < k * m; i++)
            f->b[g * k * m + i] += (double)s->cross[i];
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < s->width; j++)
            f->mean[j] += (double)x[i * s->width + j];
        for (size_t j = 0; j < s->channels; j++)
            f->aim[j] += (double)y[i * s->channels + j];
    }
    f->n += n;
}

/* One sample in four is tried on. */
static int fold_of(uint32_t sample)
{
    return sample % 4 == 3 ? TRIED : FITTED;
}

static void add_pair(sums *s, const amct_restoring *r, const amct_pair *p)
{
    size_t rows = (size_t)s->rows;
    for (uint32_t i = 0, n; i < p->count; i += n) {
        int which = fold_of(p->first + i);
        for (n = 1; i + n < p->count && fold_of(p->first + i + n) == which;)
            n++;
        add_rows(s, &s->folds[which], &r->columns, i * rows, n * rows);
    }
}

static void add_up(sums *s, const amct_columns *c)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs, groups = (size_t)c->groups;
    fold *all = &s->folds[ALL];
    for (int p = 0; p < ALL; p++) {
        const fold *f = &s->folds[p];
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
static void centre(fold *f, const fold *about, const sums *s, const amct_columns *c)
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

/* ---- Weights ----------------------------------------------------------------------------------
 */

/* Weights of group g, k x m, drawn towards old ones. */
static amct_status solve(double *w, const double *old, const fold *f, const amct_columns *c,
                         size_t g, double ridge, amct_err *err)
{
    size_t k = (size_t)c->columns, m = (size_t)c->outputs;
    double *factor = malloc((k * k + 1) * sizeof *factor), lambda;
    if (!factor)
        return amct_fail_nomem(err);
    amct_status status = amct_covariance_factor(factor, &lambda, f->c + g * k * k, k, ridge, err);
    for (size_t i = 0; status == AMCT_OK && i < k * m; i++)
        w[i] = f->b[g * k * m + i] + lambda * old[i];
    if (status == AMCT_OK)
        amct_linalg_solve(w, m, factor, k, m);
    free(factor);
    return status;
}

/* The mean square of what weights leave on a fold, less that of what they aim at. room: k x m */
static double leave(const double *w, const fold *f, const amct_columns *c, size_t g, double *room)
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
                                const sums *s, const amct_columns *c, amct_err *err)
{
    size_t size = (size_t)(c->columns * c->outputs);
    double best = 0;
    *ridge = FEW_RIDGE;
    if (!s->folds[FITTED].n || !s->folds[TRIED].n)
        return AMCT_OK;
    *ridge = 0;
    for (int64_t g = 0; g < c->groups; g++)
        best += leave(old + (size_t)g * size, &s->folds[TRIED], c, (size_t)g, room);
    for (int i = 0; i < RIDGES; i++) {
        double left = 0;
        for (int64_t g = 0; g < c->groups; g++) {
            AMCT_TRY(
                solve(w, old + (size_t)g * size, &s->folds[FITTED], c, (size_t)g, ridges[i], err));
            left += leave(w, &s->folds[TRIED], c, (size_t)g, room);
        }
        if (left < best) {
            best = left;
            *ridge = ridges[i];
        }
    }
    return AMCT_OK;
}

static void write_group(amct_restoring *r, const double *w, const fold *f, size_t g)
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

static amct_status fit_all(amct_restoring *r, const sums *s, double ridge, amct_err *err)
{
    const amct_columns *c = &r->columns;
    size_t size = (size_t)(c->columns * c->outputs), groups = (size_t)c->groups;
    double *old = malloc((groups * size + 1) * sizeof *old);
    double *w = malloc((size + 1) * sizeof *w), *room = malloc((size + 1) * sizeof *room);
    amct_status status = old && w && room ? AMCT_OK : amct_fail_nomem(err);
    for (size_t g = 0; status == AMCT_OK && g < groups; g++)
        amct_covariance_weights(old + g * size, c, r->old_weights, (int64_t)g, 0,
                                (size_t)c->columns);
    if (status == AMCT_OK && ridge <= 0)
        status = choose_ridge(&ridge, old, w, room, s, c, err);
    for (size_t g = 0; status == AMCT_OK && g < groups; g++) {
        if (ridge > 0)
            status = solve(w, old + g * size, &s->folds[ALL], c, g, ridge, err);
        if (status == AMCT_OK)
            write_group(r, ridge > 0 ? w : old + g * size, &s->folds[ALL], g);
    }
    free(old);
    free(w);
    free(room);
    return status;
}

/* What was fitted to both becomes the first one's weights. */
static amct_status fit_first(amct_restoring *r, const fold *f, double ridge, amct_err *err)
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
    sums s = {0};
    amct_status status = make_sums(&s, r, pairs, err);
    for (uint32_t i = 0; status == AMCT_OK && i < pairs->n; i++) {
        read_pair(&s, r, &pairs->at[i], stream);
        add_pair(&s, r, &pairs->at[i]);
    }
    if (status == AMCT_OK) {
        add_up(&s, &r->columns);
        centre(&s.folds[FITTED], &s.folds[FITTED], &s, &r->columns);
        centre(&s.folds[TRIED], &s.folds[FITTED], &s, &r->columns);
        centre(&s.folds[ALL], &s.folds[ALL], &s, &r->columns);
        status = fit_all(r, &s, ridge, err);
    }
    if (status == AMCT_OK && r->first)
        status = fit_first(r, &s.folds[ALL], ridge > 0 ? ridge : BASIS_RIDGE, err);
    free_sums(&s);
    return status;
}

/* ---- Results ----------------------------------------------------------------------------------
 */

/* y = x w of all groups. w: per group columns x outputs. */
static void multiply(float *y, const float *x, const float *w, const amct_columns *c, size_t n)
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

static float *plain_weights(const amct_columns *c, const float *weights)
{
    float *w = malloc((size_t)(c->groups * c->columns * c->outputs + 1) * sizeof *w), *to = w;
    for (int64_t g = 0; w && g < c->groups; g++)
        for (int64_t i = 0; i < c->columns; i++)
            for (int64_t m = 0; m < c->outputs; m++)
                *to++ = weights[amct_columns_weight(c, g, m, i)];
    return w;
}

amct_status amct_restore_apply(const amct_restoring *r, const amct_pairs *pairs, amct_err *err)
{
    const amct_columns *c = r->first ? &r->first->columns : &r->columns;
    const float *bias = r->first ? r->first->bias : r->bias;
    size_t width = (size_t)(c->groups * c->columns), channels = (size_t)(c->groups * c->outputs);
    size_t chunk = CHUNK / width + 1;
    chunk = chunk < (size_t)c->rows ? chunk : (size_t)c->rows;
    float *w = plain_weights(c, r->first ? r->first->weights : r->weights),
          *x = malloc(chunk * width * sizeof *x);
    float *y = malloc(chunk * channels * sizeof *y);
    uint32_t *rows = malloc(chunk * sizeof *rows);
    amct_status status = w && x && y && rows ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < pairs->n; i++) {
        amct_buffer src = amct_plan_watched(pairs->at[i].candidate, r->layer->src);
        amct_buffer dst = amct_plan_watched(pairs->at[i].candidate, r->layer->result);
        for (uint32_t s = 0; s < pairs->at[i].count; s++)
            for (size_t at = 0, n; at < (size_t)c->rows; at += n) {
                n = (size_t)c->rows - at < chunk ? (size_t)c->rows - at : chunk;
                for (size_t k = 0; k < n; k++)
                    rows[k] = (uint32_t)(at + k);
                amct_columns_patches(x, c, &src, 0, s, rows, n);
                multiply(y, x, w, c, n);
                for (size_t k = 0; k < n * channels; k++)
                    y[k] += bias[k % channels];
                amct_columns_put_results(&dst, y, c, s, rows, n);
            }
    }
    free(w);
    free(x);
    free(y);
    free(rows);
    return status;
}
