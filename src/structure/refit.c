#define _GNU_SOURCE /* qsort_r */
#include "structure/refit.h"

#include "structure/covariance.h"
#include "compress/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A part of the columns of a group of the layer. Matrices are in the order of keeping. */
typedef struct block {
    int64_t group;
    size_t n;
    uint32_t *column; /* of the group, at each place */
    double *r;        /* n x n, upper: R^T R = C + lambda I */
    double *w, *b;    /* n x outputs: old weights, and (C + lambda I) w */
    double *mean;     /* of the columns */
    double lambda;
    double whole;  /* trace of w^T b */
    double energy; /* variance of the result, over its channels */
} block;

struct amct_refit {
    const amct_graph *graph;
    const amct_layer *layer;
    amct_columns columns;
    const uint32_t *taken, *made; /* lanes of channels; NULL: all stay */
    block *blocks;
    size_t n_blocks;
    double energy;
};

double amct_refit_ridge(uint32_t samples)
{
    return samples < 500 ? 0.1 : 0.01;
}

/* ---- Making ready -----------------------------------------------------------------------------
 */

typedef struct keeping {
    const uint32_t *lanes, *place;
    int64_t taps;
} keeping;

static int earlier(const void *a, const void *b, void *context)
{
    const keeping *k = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    uint32_t x = k->place[k->lanes[i / k->taps]], y = k->place[k->lanes[j / k->taps]];
    return x != y ? (x > y) - (x < y) : (i > j) - (i < j);
}

/* Reads moments and weights in the order of b->column. */
static amct_status fill_block(block *b, const amct_refit *f, const amct_gram *gram, int64_t part,
                              double ridge, amct_err *err)
{
    size_t n = b->n, outputs = (size_t)f->columns.outputs;
    int64_t first = part * gram->part_columns;
    double *plain = malloc((n * n + 1) * sizeof *plain), *c = malloc((n * n + 1) * sizeof *c);
    double *mean = malloc((n + 1) * sizeof *mean);
    const float *weights = f->graph->tensors[f->layer->weights].data;
    amct_status status = plain && c && mean ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        amct_gram_covariance(plain, mean, gram, b->group, part);
        for (size_t i = 0; i < n; i++) {
            size_t from = (size_t)(b->column[i] - first);
            b->mean[i] = mean[from];
            for (size_t k = 0; k < n; k++)
                c[i * n + k] = plain[from * n + (size_t)(b->column[k] - first)];
            amct_covariance_weights(b->w + i * outputs, &f->columns, weights, b->group,
                                    b->column[i], 1);
        }
        status = amct_covariance_factor(b->r, &b->lambda, c, n, ridge, err);
    }
    if (status == AMCT_OK) {
        amct_linalg_product(b->b, outputs, c, n, b->w, outputs, n, n, outputs);
        b->energy = amct_covariance_dot(b->w, b->b, n * outputs);
        for (size_t i = 0; i < n * outputs; i++)
            b->b[i] += b->lambda * b->w[i];
        b->whole = amct_covariance_dot(b->w, b->b, n * outputs);
    }
    free(plain);
    free(c);
    free(mean);
    return status;
}

static amct_status make_block(block *b, const amct_refit *f, const amct_gram *gram, int64_t group,
                              int64_t part, const uint32_t *place, double ridge, amct_err *err)
{
    size_t n = (size_t)amct_gram_width(gram, part), outputs = (size_t)f->columns.outputs;
    keeping order = {f->taken, place, f->columns.taps};
    b->group = group;
    b->n = n;
    b->column = malloc((n + 1) * sizeof *b->column);
    b->r = malloc((n * n + 1) * sizeof *b->r);
    b->w = malloc((n * outputs + 1) * sizeof *b->w);
    b->b = malloc((n * outputs + 1) * sizeof *b->b);
    b->mean = malloc((n + 1) * sizeof *b->mean);
    if (!b->column || !b->r || !b->w || !b->b || !b->mean)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        b->column[i] = (uint32_t)(part * gram->part_columns + (int64_t)i);
    if (f->taken)
        qsort_r(b->column, n, sizeof *b->column, earlier, &order);
    return fill_block(b, f, gram, part, ridge, err);
}

amct_status amct_refit_new(amct_refit **out, const amct_graph *graph, const amct_layer *layer,
                           const amct_gram *gram, const amct_lanes *lanes, const uint32_t *place,
                           double ridge, amct_err *err)
{
    const amct_lane_operand *taken = amct_lanes_operand(lanes, layer->node, AMCT_LANE_TAKEN);
    const amct_lane_operand *made = amct_lanes_operand(lanes, layer->node, AMCT_LANE_MADE);
    if (amct_lanes_operand(lanes, layer->node, AMCT_LANE_THROUGH))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its groups are channels");
    amct_refit *f = calloc(1, sizeof *f);
    if (!f)
        return amct_fail_nomem(err);
    *f = (amct_refit){.graph = graph,
                      .layer = layer,
                      .columns = gram->columns,
                      .taken = taken ? taken->lanes : NULL,
                      .made = made ? made->lanes : NULL};
    f->blocks = calloc((size_t)(gram->columns.groups * gram->parts), sizeof *f->blocks);
    amct_status status = f->blocks ? AMCT_OK : amct_fail_nomem(err);
    for (int64_t g = 0; status == AMCT_OK && g < gram->columns.groups; g++)
        for (int64_t p = 0; status == AMCT_OK && p < gram->parts; p++) {
            block *b = &f->blocks[f->n_blocks++];
            status = make_block(b, f, gram, g, p, place, ridge, err);
            f->energy += b->energy;
        }
    if (status != AMCT_OK)
        amct_refit_free(f);
    else
        *out = f;
    return status;
}

void amct_refit_free(amct_refit *refit)
{
    if (!refit)
        return;
    for (size_t i = 0; i < refit->n_blocks; i++) {
        block *b = &refit->blocks[i];
        free(b->column);
        free(b->r);
        free(b->w);
        free(b->b);
        free(b->mean);
    }
    free(refit->blocks);
    free(refit);
}

/* ---- Fitting ----------------------------------------------------------------------------------
 */

static bool keeps(const uint32_t *lanes, const bool *keep, int64_t channel)
{
    return !lanes || keep[lanes[channel]];
}

/* What of a block is kept: its places, and the matrices that belong to them. */
typedef struct part {
    uint32_t *at;
    size_t n;
    double *w; /* n x outputs */
} part;

static amct_status begin_part(part *p, const amct_refit *f, const block *b, const bool *keep,
                              amct_err *err)
{
    *p = (part){malloc((b->n + 1) * sizeof *p->at), 0,
                malloc((b->n * (size_t)f->columns.outputs + 1) * sizeof *p->w)};
    if (!p->at || !p->w)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < b->n; i++)
        if (keeps(f->taken, keep, b->column[i] / f->columns.taps))
            p->at[p->n++] = (uint32_t)i;
    return AMCT_OK;
}

static void take_rows(double *to, const double *from, const part *p, size_t columns)
{
    for (size_t i = 0; i < p->n; i++)
        memcpy(to + i * columns, from + p->at[i] * columns, columns * sizeof *to);
}

/* The columns of R that are kept (b->n x p->n), or turned by it. */
static void take_columns(double *to, const block *b, const part *p, bool turned)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < p->n; k++)
            to[turned ? k * b->n + i : i * p->n + k] = b->r[i * b->n + p->at[k]];
}

/* The factor of what is kept: the beginning of R, or one of its own. */
static amct_status factor_of(double *factor, const block *b, const part *p, amct_err *err)
{
    if (!p->n || p->at[p->n - 1] == p->n - 1) {
        for (size_t i = 0; i < p->n; i++)
            memcpy(factor + i * p->n, b->r + i * b->n, p->n * sizeof *factor);
        return AMCT_OK;
    }
    double *r = malloc((b->n * p->n + 1) * sizeof *r),
           *turned = malloc((b->n * p->n + 1) * sizeof *r);
    amct_status status = r && turned ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        take_columns(r, b, p, false);
        take_columns(turned, b, p, true);
        amct_linalg_product(factor, p->n, turned, b->n, r, p->n, p->n, b->n, p->n);
        status = amct_linalg_cholesky(factor, p->n, err);
    }
    free(r);
    free(turned);
    return status;
}

static amct_status fit(part *p, double *wrong, const amct_refit *f, const block *b, amct_err *err)
{
    size_t outputs = (size_t)f->columns.outputs;
    double *factor = malloc((p->n * p->n + 1) * sizeof *factor);
    if (!factor)
        return amct_fail_nomem(err);
    amct_status status = factor_of(factor, b, p, err);
    if (status == AMCT_OK) {
        take_rows(p->w, b->b, p, outputs);
        amct_linalg_solve(p->w, outputs, factor, p->n, outputs);
    }
    free(factor);
    AMCT_TRY(status);
    double left = b->whole,
           drawn = 0; /* the least of what was minimised, of which lambda's share */
    for (size_t i = 0, k = 0; i < b->n; i++) {
        bool kept = k < p->n && p->at[k] == i;
        for (size_t m = 0; m < outputs; m++) {
            double now = kept ? p->w[k * outputs + m] : 0, away = b->w[i * outputs + m] - now;
            left -= now * b->b[i * outputs + m];
            drawn += b->lambda * away * away;
        }
        k += kept;
    }
    *wrong += left > drawn ? left - drawn : 0;
    return AMCT_OK;
}

/* y: b->n x outputs: R times the weights of what is kept. */
static amct_status project(double *y, const amct_refit *f, const block *b, const part *p,
                           amct_err *err)
{
    size_t outputs = (size_t)f->columns.outputs;
    double *r = malloc((b->n * p->n + 1) * sizeof *r);
    if (!r)
        return amct_fail_nomem(err);
    take_columns(r, b, p, false);
    amct_linalg_product(y, outputs, r, p->n, p->w, outputs, b->n, p->n, outputs);
    free(r);
    return AMCT_OK;
}

static amct_status scale(part *p, double *wrong, const amct_refit *f, const block *b, amct_err *err)
{
    size_t outputs = (size_t)f->columns.outputs;
    double *y = malloc((b->n * outputs + 1) * sizeof *y);
    if (!y)
        return amct_fail_nomem(err);
    take_rows(p->w, b->w, p, outputs);
    amct_status status = project(y, f, b, p, err);
    for (size_t m = 0; status == AMCT_OK && m < outputs; m++) {
        double before = 0, now = 0, both = 0;
        for (size_t i = 0; i < b->n; i++) {
            double w = b->w[i * outputs + m];
            before += w * (b->b[i * outputs + m] - b->lambda * w);
            now += y[i * outputs + m] * y[i * outputs + m];
        }
        for (size_t i = 0; i < p->n; i++) {
            double *w = &p->w[i * outputs + m];
            now -= b->lambda * *w * *w;
            both += *w * (b->b[p->at[i] * outputs + m] - b->lambda * *w);
        }
        double s = now > 0 && before > 0 ? sqrt(before / now) : 1;
        for (size_t i = 0; i < p->n; i++)
            p->w[i * outputs + m] *= s;
        double rest = before - 2 * s * both + s * s * now;
        *wrong += rest > 0 ? rest : 0;
    }
    free(y);
    return status;
}

/* ---- The layer --------------------------------------------------------------------------------
 */

/* Numbers the channels that are kept, of a group: to[i] is -1 for others. */
static int64_t number(int64_t *to, const uint32_t *lanes, const bool *keep, int64_t first,
                      int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        to[i] = keeps(lanes, keep, first + i) ? kept++ : -1;
    return kept;
}

/* How weights lie when channels are gone. */
amct_columns amct_refit_smaller(const amct_columns *whole, int64_t channels, int64_t outputs)
{
    amct_columns c = *whole;
    bool by_rows = !c.plane && c.channel_step == 1;
    c.channels = channels;
    c.outputs = outputs;
    c.columns = channels * c.taps;
    if (c.plane) {
        c.channel_step = c.transposed ? outputs * c.taps : c.taps;
        c.output_step = c.transposed ? c.taps : c.columns;
        c.group_step = c.columns * outputs;
    } else {
        c.channel_step = by_rows ? 1 : outputs;
        c.output_step = by_rows ? channels : 1;
    }
    return c;
}

typedef struct layout {
    amct_columns columns;      /* of what is left */
    int64_t *channel, *output; /* new numbers, or -1 */
} layout;

static amct_status lay_out(layout *l, const amct_refit *f, const bool *keep, amct_err *err)
{
    const amct_columns *c = &f->columns;
    *l = (layout){.channel = malloc((size_t)(c->channels + 1) * sizeof *l->channel),
                  .output = malloc((size_t)(c->outputs + 1) * sizeof *l->output)};
    if (!l->channel || !l->output)
        return amct_fail_nomem(err);
    int64_t channels = number(l->channel, f->taken, keep, 0, c->channels);
    l->columns = amct_refit_smaller(c, channels, number(l->output, f->made, keep, 0, c->outputs));
    return AMCT_OK;
}

static void write_part(float *weights, double *shift, const amct_refit *f, const block *b,
                       const part *p, const layout *l)
{
    int64_t outputs = f->columns.outputs, taps = f->columns.taps;
    for (size_t i = 0; i < b->n; i++)
        for (int64_t m = 0; m < outputs; m++)
            shift[b->group * outputs + m] += b->w[i * (size_t)outputs + (size_t)m] * b->mean[i];
    for (size_t i = 0; i < p->n; i++) {
        int64_t column = b->column[p->at[i]];
        int64_t now = l->channel[column / taps] * taps + column % taps;
        for (int64_t m = 0; m < outputs; m++) {
            double w = p->w[i * (size_t)outputs + (size_t)m];
            shift[b->group * outputs + m] -= w * b->mean[p->at[i]];
            if (l->output[m] >= 0)
                weights[amct_columns_weight(&l->columns, b->group, l->output[m], now)] = (float)w;
        }
    }
}

static void write_bias(float *bias, const double *shift, const amct_refit *f, const layout *l)
{
    const amct_tensor *old =
        f->layer->bias == AMCT_NO_TENSOR ? NULL : &f->graph->tensors[f->layer->bias];
    for (int64_t i = 0; i < f->layer->channels; i++)
        if (l->output[i % f->columns.outputs] >= 0)
            *bias++ = (float)((old ? amct_constant_number(old, i) : 0) + shift[i]);
}

typedef amct_status fit_fn(part *p, double *wrong, const amct_refit *f, const block *b,
                           amct_err *err);

static amct_status run(float *weights, float *bias, double *error, const amct_refit *f,
                       const bool *keep, fit_fn *how, amct_err *err)
{
    layout l = {0};
    double *shift = calloc((size_t)f->layer->channels + 1, sizeof *shift), wrong = 0;
    amct_status status = shift ? lay_out(&l, f, keep, err) : amct_fail_nomem(err);
    for (size_t i = 0; status == AMCT_OK && i < f->n_blocks; i++) {
        part p = {0};
        status = begin_part(&p, f, &f->blocks[i], keep, err);
        if (status == AMCT_OK)
            status = how(&p, &wrong, f, &f->blocks[i], err);
        if (status == AMCT_OK)
            write_part(weights, shift, f, &f->blocks[i], &p, &l);
        free(p.at);
        free(p.w);
    }
    if (status == AMCT_OK) {
        write_bias(bias, shift, f, &l);
        *error = f->energy > 0 ? wrong / f->energy : 0;
    }
    free(shift);
    free(l.channel);
    free(l.output);
    return status;
}

amct_status amct_refit_run(float *weights, float *bias, double *error, const amct_refit *refit,
                           const bool *keep, amct_err *err)
{
    return run(weights, bias, error, refit, keep, fit, err);
}

amct_status amct_refit_scale(float *weights, float *bias, double *error, const amct_refit *refit,
                             const bool *keep, amct_err *err)
{
    return run(weights, bias, error, refit, keep, scale, err);
}

amct_columns amct_refit_columns(const amct_refit *refit, const bool *keep)
{
    const amct_columns *c = &refit->columns;
    int64_t channels = 0, outputs = 0;
    for (int64_t i = 0; i < c->channels; i++)
        channels += keeps(refit->taken, keep, i);
    for (int64_t i = 0; i < c->outputs; i++)
        outputs += keeps(refit->made, keep, i);
    return amct_refit_smaller(c, channels, outputs);
}

amct_refit_size amct_refit_size_of(const amct_refit *refit, const bool *keep)
{
    amct_columns c = amct_refit_columns(refit, keep);
    return (amct_refit_size){c.groups * c.columns * c.outputs, c.groups * c.outputs};
}
