#include "compress/rebuild_layer.h"

#include "compress/least_squares.h"
#include "compress/linalg.h"
#include "compress/row_loops.h"
#include "compress/sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scale and middle stay near what they were as if so many samples had said so. */
enum { PRIOR_SAMPLES = 20 };

typedef struct rebuilding {
    amct_quantised *q;
    const amct_rebuild_rows *rows;
    const float *weights; /* of the original */
    int8_t *integers;
    float *scales;
    int32_t *bias;
    double *x_mean, *z_mean; /* of all columns, of all channels */
    size_t width, channels;
    /* of a group */
    double *target; /* columns x outputs */
    float *products, *y, *z, *t;
    amct_lsq lsq;
    amct_rounder *rounder;
} rebuilding;

/* What rounding leaves of a column that is constant, relative to its mean: nothing to fit to. */
static const double constant = 0x1p-22;

/* The means of columns, which are taken away. */
static amct_status centre_rows(double **means, float *rows, size_t n, size_t width, amct_err *err)
{
    double *mean = *means = calloc(width, sizeof *mean);
    float *largest = malloc(width * sizeof *largest);
    if (!mean || !largest) {
        free(largest);
        return amct_fail_nomem(err);
    }
    amct_rows_add(mean, rows, n, width);
    for (size_t k = 0; k < width; k++)
        mean[k] /= (double)n;
    amct_rows_take_away(rows, largest, mean, n, width);
    for (size_t k = 0; k < width; k++) /* those that are constant become 0 */
        for (size_t i = 0; i < n && largest[k] > 0 && largest[k] <= constant * fabs(mean[k]); i++)
            rows[i * width + k] = 0;
    free(largest);
    return AMCT_OK;
}

/* Takes away the means of the columns and of the wanted results. */
static amct_status centre(rebuilding *b, amct_err *err)
{
    const amct_rebuild_rows *r = b->rows;
    AMCT_TRY(centre_rows(&b->x_mean, r->x, r->n, b->width, err));
    return centre_rows(&b->z_mean, r->z, r->n, b->channels, err);
}

/* New integers and scales of a group; those of the level stay where its source is constant. Weights
 * are counted by steps of the source here. */
static amct_status round_group(rebuilding *b, int64_t g, amct_err *err)
{
    const amct_rebuild_rows *r = b->rows;
    const amct_columns *c = &r->columns;
    size_t columns = (size_t)c->columns, outputs = (size_t)c->outputs;
    float step = b->q->src.scale;
    amct_lsq_rows rows = {.x = r->x + g * c->columns,
                          .z = r->z + g * c->outputs,
                          .t = r->t ? r->t + g * c->outputs : NULL,
                          .middle = b->z_mean + g * c->outputs,
                          .low = r->aim.low,
                          .high = r->aim.high,
                          .ld_x = b->width,
                          .ld_z = b->channels,
                          .columns = columns,
                          .outputs = outputs,
                          .rows = (size_t)r->rows,
                          .n_samples = r->n_samples};
    for (size_t k = 0; k < columns; k++)
        for (size_t m = 0; m < outputs; m++)
            b->target[k * outputs + m] =
                (double)b->weights[amct_columns_weight(c, g, (int64_t)m, (int64_t)k)] * step;
    amct_lsq_set(&b->lsq, &rows);
    if (!amct_lsq_solve(&b->lsq, b->target))
        return AMCT_OK;
    AMCT_TRY(amct_lsq_shrink(&b->lsq, err));
    if (b->q->sparse)
        AMCT_TRY(amct_sparse_fit(b->target, columns, outputs, (size_t)c->taps, b->lsq.g, err));
    AMCT_TRY(amct_rounder_set_moments(b->rounder, 0, b->lsq.g, err));
    for (size_t i = 0; i < columns * outputs; i++)
        b->rounder->weights[i] = b->target[i] / step;
    for (size_t m = 0; m < outputs; m++) /* as in amct_quantise_layer */
        b->rounder->floors[m] =
            (float)(fabs(b->z_mean[(size_t)g * outputs + m]) / (0x1p24 * (double)step));
    amct_rounder_run(b->rounder);
    for (size_t k = 0; k < columns; k++)
        for (size_t m = 0; m < outputs; m++)
            b->integers[amct_columns_weight(c, g, (int64_t)m, (int64_t)k)] =
                b->rounder->integers[k * outputs + m];
    if (b->q->n_scales > 1 || !g)
        memcpy(b->scales + (b->q->n_scales > 1 ? (size_t)g * outputs : 0), b->rounder->scales,
               (b->q->n_scales > 1 ? outputs : 1) * sizeof *b->scales);
    return AMCT_OK;
}

/* Scale and bias of channel m of the group. y: the products of its rows, without the means; z and
 * t as in amct_rebuild_fit. */
static void fit_channel(rebuilding *b, int64_t g, size_t m, const float *y, const float *z,
                        const float *t)
{
    const amct_rebuild_rows *r = b->rows;
    const amct_columns *c = &r->columns;
    size_t at = (size_t)(g * c->outputs) + m;
    double scale, middle, mean = 0;
    bool many = b->q->n_scales > 1;
    amct_rebuild_fit(&scale, &middle, y, z, t, r->n, &r->aim, (double)PRIOR_SAMPLES / r->n_samples,
                     many);
    for (int64_t k = 0; k < c->columns; k++)
        mean +=
            b->x_mean[g * c->columns + k] * b->integers[amct_columns_weight(c, g, (int64_t)m, k)];
    if (many)
        b->scales[at] = (float)(b->scales[at] * scale);
    double units = rint(middle / amct_quantised_unit(b->q, (int64_t)at) - mean);
    if (fabs(units) < 0x1p31) /* else the level's stays */
        b->bias[at] = (int32_t)units;
}

/* Some channels' values are laid out one after the other at a time, for the sake of caches. */
static void fit_channels(rebuilding *b, int64_t g)
{
    const amct_rebuild_rows *r = b->rows;
    size_t outputs = (size_t)r->columns.outputs, n = r->n;
    for (size_t first = 0, many; first < outputs; first += many) {
        size_t at = (size_t)g * outputs + first;
        many = outputs - first < AMCT_REBUILD_SIDE ? outputs - first : AMCT_REBUILD_SIDE;
        for (size_t i = 0; i < n; i++)
            for (size_t m = 0; m < many; m++) {
                float unit = amct_quantised_unit(b->q, (int64_t)(at + m));
                b->y[m * n + i] = b->products[i * outputs + first + m] * unit;
                b->z[m * n + i] = r->z[i * b->channels + at + m] + (float)b->z_mean[at + m];
                if (r->t)
                    b->t[m * n + i] = r->t[i * b->channels + at + m];
            }
        for (size_t m = 0; m < many; m++)
            fit_channel(b, g, first + m, b->y + m * n, b->z + m * n, r->t ? b->t + m * n : NULL);
    }
}

static amct_status rebuild_group(rebuilding *b, int64_t g, amct_err *err)
{
    const amct_rebuild_rows *r = b->rows;
    const amct_columns *c = &r->columns;
    size_t columns = (size_t)c->columns, outputs = (size_t)c->outputs;
    if (b->rounder)
        AMCT_TRY(round_group(b, g, err));
    float *integers = malloc(columns * outputs * sizeof *integers);
    if (!integers)
        return amct_fail_nomem(err);
    for (size_t k = 0; k < columns; k++)
        for (size_t m = 0; m < outputs; m++)
            integers[k * outputs + m] =
                b->integers[amct_columns_weight(c, g, (int64_t)m, (int64_t)k)];
    amct_linalg_apply(b->products, outputs, r->x + g * c->columns, b->width, integers, outputs,
                      r->n, columns, outputs);
    free(integers);
    fit_channels(b, g);
    return AMCT_OK;
}

static amct_status start(rebuilding *b, amct_arena *arena, size_t limit_bytes, amct_err *err)
{
    const amct_quantised *level = b->rows->level;
    const amct_columns *c = &b->rows->columns;
    size_t columns = (size_t)c->columns, outputs = (size_t)c->outputs, n = b->rows->n;
    b->integers = amct_arena_copy(arena, level->weights, (size_t)level->n_weights);
    b->scales = amct_arena_copy(arena, level->scales, (size_t)level->n_scales * sizeof(float));
    b->bias = amct_arena_copy(arena, level->bias, (size_t)level->channels * sizeof(int32_t));
    b->target = malloc(columns * outputs * sizeof *b->target);
    b->products = malloc(n * outputs * sizeof *b->products);
    b->y = malloc(3 * AMCT_REBUILD_SIDE * n * sizeof *b->y);
    if (!b->integers || !b->scales || !b->bias || !b->target || !b->products || !b->y)
        return amct_fail_nomem(err);
    b->z = b->y + AMCT_REBUILD_SIDE * n;
    b->t = b->z + AMCT_REBUILD_SIDE * n;
    b->q->weights = b->integers;
    b->q->scales = b->scales;
    b->q->bias = b->bias;
    AMCT_TRY(centre(b, err));
    if (amct_lsq_bytes(columns, outputs) > limit_bytes)
        return AMCT_OK;
    amct_rounder_options options = {.columns = columns,
                                    .outputs = outputs,
                                    .parts = 1,
                                    .part_columns = columns,
                                    .bits = level->weight_bits,
                                    .per_output = level->n_scales > 1 || outputs == 1,
                                    .algo = AMCT_WEIGHTS_GPTQ,
                                    .keep_zeros = level->sparse};
    AMCT_TRY(amct_lsq_new(&b->lsq, columns, outputs, err));
    return amct_rounder_new(&b->rounder, &options, err);
}

amct_status amct_rebuild_layer(amct_quantised *q, amct_rebuild_rows *rows, const float *weights,
                               amct_arena *arena, size_t limit_bytes, amct_err *err)
{
    rebuilding b = {.q = q,
                    .rows = rows,
                    .weights = weights,
                    .width = (size_t)(rows->columns.groups * rows->columns.columns),
                    .channels = (size_t)rows->layer->channels};
    amct_status status = start(&b, arena, limit_bytes, err);
    for (int64_t g = 0; status == AMCT_OK && g < rows->columns.groups; g++)
        status = rebuild_group(&b, g, err);
    if (status == AMCT_OK)
        q->weights_hash = amct_hash_bytes((amct_hash){0}, q->weights, (size_t)q->n_weights);
    free(b.x_mean);
    free(b.z_mean);
    free(b.target);
    free(b.products);
    free(b.y);
    amct_lsq_free(&b.lsq);
    amct_rounder_free(b.rounder);
    return status;
}
