#include "compress/moments.h"

#include "base/fork.h"
#include "compress/linalg.h"
#include "compress/row_loops.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20 }; /* numbers that are added at once */

/* A column that varies by less, relative to its mean square, is constant: sums of equal numbers in
 * float32 are off by up to 7e-6 in blocks of some hundred rows, as BLAS adds them. */
static const double constant = 0x1p-14;

struct amct_moments {
    uint32_t n_layers;
    amct_gram *grams; /* sums NULL: not collected */
    int64_t *block;   /* shared memory of all sums */
    size_t bytes;
};

typedef struct layer_work {
    uint32_t layer, source;
    int64_t rows;  /* per sample that are taken */
    float inverse; /* of the largest value */
    double fixed;  /* what 1 of a row's product becomes */
} layer_work;

typedef struct run {
    const amct_graph *graph;
    const amct_feed *feed;
    uint32_t batch;
    bool alone; /* only this process adds, which is quicker then */
    amct_moments *to;
    layer_work *work;
    uint32_t n;
    uint32_t *keep;
    size_t matrix_floats, chunk_floats;
    int64_t most_rows, most_columns; /* taken per sample; of all groups */
    /* of a child */
    amct_exec *exec;
    amct_plan *plan;
    float *matrix, *chunk;
    double *means;
    uint32_t *rows;
} run;

/* ---- Geometry ----------------------------------------------------------------------------- */

bool amct_gram_shape(amct_gram *out, const amct_graph *graph, const amct_layer *layer)
{
    amct_err why;
    amct_gram g = {.parts = 1};
    if (layer->no_int8 ||
        amct_columns_make(&g.columns, graph, layer, amct_batch_of(graph), &why) != AMCT_OK)
        return false;
    int64_t k = g.columns.columns;
    g.parts = (k + AMCT_GRAM_COLUMNS - 1) / AMCT_GRAM_COLUMNS;
    g.part_columns = g.parts ? (k + g.parts - 1) / g.parts : 0;
    *out = g;
    return true;
}

static bool shape_gram(amct_gram *to, const amct_graph *graph, const amct_layer *layer,
                       const amct_layer_stats *stats)
{
    return stats->seen && amct_gram_shape(to, graph, layer);
}

/* Numbers of the sums of a whole part. */
static size_t part_size(const amct_gram *g)
{
    size_t k = (size_t)g->part_columns;
    return k * (k + 1) / 2 + k;
}

static size_t sums_size(const amct_gram *g)
{
    return (size_t)(g->columns.groups * g->parts) * part_size(g);
}

static size_t matrix_size(const amct_gram *g)
{
    return (size_t)(g->columns.groups * g->parts * g->part_columns * g->part_columns);
}

static size_t chunk_size(const amct_gram *g)
{
    size_t row = (size_t)(g->columns.groups * g->columns.columns);
    return row > CHUNK ? row : CHUNK;
}

size_t amct_moments_bytes(size_t *per_process, const amct_graph *graph, const amct_layer *layer,
                          const amct_layer_stats *stats)
{
    amct_gram g;
    if (!shape_gram(&g, graph, layer, stats))
        return 0;
    *per_process = (matrix_size(&g) + chunk_size(&g)) * sizeof(float);
    return sums_size(&g) * sizeof(int64_t);
}

/* ---- Adding up ---------------------------------------------------------------------------- */

static amct_status start(run *r, amct_err *err)
{
    if (r->plan)
        return AMCT_OK;
    amct_plan_options options = {.watch = r->keep, .n_watch = r->n, .briefly = true};
    r->matrix = malloc(r->matrix_floats * sizeof *r->matrix);
    r->chunk = malloc(r->chunk_floats * sizeof *r->chunk);
    r->means = malloc((size_t)r->most_columns * sizeof *r->means);
    r->rows = malloc((size_t)r->most_rows * sizeof *r->rows);
    if (!r->matrix || !r->chunk || !r->means || !r->rows)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_exec_new(&r->exec, AMCT_ENGINE_ONEDNN, err));
    return amct_plan_new(&r->plan, r->exec, r->graph, &options, err);
}

static void stop(run *r)
{
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    free(r->matrix);
    free(r->chunk);
    free(r->means);
    free(r->rows);
}

/* Adds a chunk of n rows to matrix and means. */
static void add_chunk(run *r, const amct_gram *g, const layer_work *w, size_t n)
{
    const amct_columns *c = &g->columns;
    size_t width = (size_t)(c->groups * c->columns), ld = (size_t)g->part_columns;
    float *matrix = r->matrix;
    for (size_t i = 0; i < n * width; i++)
        r->chunk[i] *= w->inverse;
    amct_rows_add(r->means, r->chunk, n, width);
    for (int64_t i = 0; i < c->groups; i++)
        for (int64_t p = 0; p < g->parts; p++, matrix += ld * ld)
            amct_linalg_gram(matrix, ld, r->chunk + i * c->columns + p * g->part_columns, width, n,
                             (size_t)amct_gram_width(g, p));
}

static void add_shared(int64_t *to, double number)
{
    atomic_fetch_add_explicit((_Atomic int64_t *)to, (int64_t)rint(number), memory_order_relaxed);
}

static void publish(const run *r, const amct_gram *g, const layer_work *w)
{
    int64_t *to = (int64_t *)g->sums;
    const float *matrix = r->matrix;
    const double *means = r->means;
    int64_t ld = g->part_columns;
    for (int64_t i = 0; i < g->columns.groups; i++)
        for (int64_t p = 0; p < g->parts; p++, matrix += ld * ld) {
            int64_t k = amct_gram_width(g, p), *at = to;
            for (int64_t row = 0; row < k; row++) {
                const float *from = matrix + row * ld + row;
                if (r->alone)
                    amct_rows_add_whole(at, from, w->fixed, (size_t)(k - row));
                for (int64_t col = 0; !r->alone && col < k - row; col++)
                    add_shared(at + col, from[col] * w->fixed);
                at += k - row;
            }
            for (int64_t col = 0; col < k; col++)
                add_shared(at++, *means++ * w->fixed);
            to += part_size(g);
        }
}

static void add_layer(run *r, const layer_work *w, uint32_t first, uint32_t count)
{
    const amct_gram *g = &r->to->grams[w->layer];
    const amct_columns *c = &g->columns;
    amct_buffer src = amct_plan_watched(r->plan, w->source);
    size_t width = (size_t)(c->groups * c->columns), room = r->chunk_floats / width, n = 0;
    memset(r->matrix, 0, matrix_size(g) * sizeof *r->matrix);
    memset(r->means, 0, width * sizeof *r->means);
    for (uint32_t s = 0; s < count; s++) {
        amct_columns_draw(r->rows, w->rows, c, first + s, w->layer);
        for (int64_t done = 0; done < w->rows;) {
            size_t part = room - n < (size_t)(w->rows - done) ? room - n : (size_t)(w->rows - done);
            amct_columns_patches(r->chunk + n * width, c, &src, 0, s, r->rows + done, part);
            n += part;
            done += (int64_t)part;
            if (n == room) {
                add_chunk(r, g, w, n);
                n = 0;
            }
        }
    }
    add_chunk(r, g, w, n);
    publish(r, g, w);
}

static amct_status add_batch(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    run *r = ctx;
    uint32_t count, done = 0;
    (void)worker;
    AMCT_TRY(start(r, err));
    AMCT_TRY(amct_plan_load(r->plan, r->feed, task * r->batch, &count, err));
    for (uint32_t i = 0; i < r->n; i++) { /* in the order in which their sources are made */
        uint32_t step = amct_plan_steps_until(r->plan, r->work[i].source);
        AMCT_TRY(amct_plan_run_steps(r->plan, done, step, err));
        done = step;
        add_layer(r, &r->work[i], task * r->batch, count);
    }
    return AMCT_OK;
}

/* ---- Collecting --------------------------------------------------------------------------- */

static void plan_layer(run *r, uint32_t i, const amct_layer *layer, const amct_layer_stats *stats)
{
    amct_gram *g = &r->to->grams[i];
    const amct_columns *c = &g->columns;
    layer_work *w = &r->work[r->n];
    *w = (layer_work){i, layer->src, amct_columns_enough_rows(c, r->feed->n), 0, 0};
    double largest = fmax(fabs(stats->src_max), fabs(stats->src_min));
    w->inverse = largest > FLT_MIN ? (float)(1 / largest) : 0;
    g->rows = (uint64_t)w->rows * r->feed->n;
    w->fixed = exp2(61 - ceil(log2((double)g->rows)));
    g->mean_unit = w->inverse ? 1 / ((double)w->inverse * w->fixed) : 0;
    g->unit = w->inverse ? g->mean_unit / (double)w->inverse : 0;
    r->keep[r->n++] = layer->src;
    r->to->bytes += sums_size(g) * sizeof(int64_t);
    size_t matrix = matrix_size(g), chunk = chunk_size(g);
    int64_t columns = c->groups * c->columns;
    r->matrix_floats = matrix > r->matrix_floats ? matrix : r->matrix_floats;
    r->chunk_floats = chunk > r->chunk_floats ? chunk : r->chunk_floats;
    r->most_columns = columns > r->most_columns ? columns : r->most_columns;
    r->most_rows = w->rows > r->most_rows ? w->rows : r->most_rows;
}

/* Sorts the work by when a plan makes its source. */
static amct_status order_work(run *r, amct_err *err)
{
    AMCT_TRY(start(r, err));
    for (uint32_t i = 1; i < r->n; i++) {
        layer_work w = r->work[i];
        uint32_t k = i, step = amct_plan_steps_until(r->plan, w.source);
        for (; k && amct_plan_steps_until(r->plan, r->work[k - 1].source) > step; k--)
            r->work[k] = r->work[k - 1];
        r->work[k] = w;
    }
    return AMCT_OK;
}

static amct_status collect(run *r, uint32_t jobs, amct_err *err)
{
    int64_t *at = r->to->block = amct_shared_alloc(r->to->bytes);
    if (!at)
        return amct_fail(err, AMCT_E_NOMEM, "out of memory for %zu MiB of Gram matrices",
                         r->to->bytes >> 20);
    for (uint32_t i = 0; i < r->n; i++) {
        amct_gram *g = &r->to->grams[r->work[i].layer];
        g->sums = at;
        at += sums_size(g);
    }
    r->alone = jobs == 1;
    amct_status status = order_work(r, err);
    if (status == AMCT_OK)
        status = amct_parallel(jobs, (r->feed->n + r->batch - 1) / r->batch, add_batch, r, err);
    stop(r);
    return status;
}

size_t amct_moments_fit(bool *wanted, const amct_graph *graph, const amct_layer *layers,
                        uint32_t n_layers, const amct_calibration *calibration, size_t limit,
                        uint32_t jobs)
{
    size_t used = 0;
    for (uint32_t i = 0; i < n_layers; i++) {
        size_t work = 0;
        size_t bytes = amct_moments_bytes(&work, graph, &layers[i], &calibration->layers[i]);
        wanted[i] = bytes && used + bytes + work * jobs <= limit;
        used += wanted[i] ? bytes : 0;
    }
    return used;
}

amct_status amct_moments_collect(amct_moments **out, const amct_graph *graph,
                                 const amct_layer *layers, uint32_t n_layers, const bool *wanted,
                                 const amct_calibration *calibration, const amct_feed *feed,
                                 uint32_t jobs, amct_err *err)
{
    amct_moments *to = calloc(1, sizeof *to);
    run r = {.graph = graph, .feed = feed, .batch = (uint32_t)amct_batch_of(graph), .to = to};
    r.work = calloc(n_layers + 1, sizeof *r.work);
    r.keep = calloc(n_layers + 1, sizeof *r.keep);
    if (to)
        to->grams = calloc(n_layers + 1, sizeof *to->grams);
    amct_status status = to && to->grams && r.work && r.keep ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        to->n_layers = n_layers;
        for (uint32_t i = 0; i < n_layers; i++)
            if (wanted[i] && shape_gram(&to->grams[i], graph, &layers[i], &calibration->layers[i]))
                plan_layer(&r, i, &layers[i], &calibration->layers[i]);
        if (r.n && feed->n)
            status = collect(&r, jobs, err);
    }
    free(r.work);
    free(r.keep);
    if (status != AMCT_OK)
        amct_moments_free(to);
    else
        *out = to;
    return status;
}

void amct_moments_free(amct_moments *moments)
{
    if (!moments)
        return;
    amct_shared_free(moments->block, moments->bytes);
    free(moments->grams);
    free(moments);
}

const amct_gram *amct_moments_of(const amct_moments *moments, uint32_t layer)
{
    const amct_gram *gram = &moments->grams[layer];
    return gram->sums ? gram : NULL;
}

void amct_gram_read(double *matrix, double *mean, const amct_gram *gram, int64_t group,
                    int64_t part)
{
    int64_t k = amct_gram_width(gram, part);
    const int64_t *from = gram->sums + (size_t)(group * gram->parts + part) * part_size(gram);
    double unit = gram->unit / (double)gram->rows, mean_unit = gram->mean_unit / (double)gram->rows;
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = i; j < k; j++)
            matrix[i * k + j] = matrix[j * k + i] = (double)*from++ * unit;
    for (int64_t i = 0; i < k; i++)
        mean[i] = (double)*from++ * mean_unit;
}

void amct_moments_settle(double *matrix, const double *mean, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double *variance = &matrix[i * n + i];
        if (!(*variance > constant * mean[i] * mean[i]))
            *variance = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            double most = sqrt(matrix[i * n + i]) * sqrt(matrix[k * n + k]);
            double c = fmin(fmax(matrix[i * n + k], -most), most);
            matrix[i * n + k] = matrix[k * n + i] = c;
        }
}

void amct_gram_covariance(double *matrix, double *mean, const amct_gram *gram, int64_t group,
                          int64_t part)
{
    int64_t n = amct_gram_width(gram, part);
    amct_gram_read(matrix, mean, gram, group, part);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++)
            matrix[i * n + k] -= mean[i] * mean[k];
    amct_moments_settle(matrix, mean, (size_t)n);
}
