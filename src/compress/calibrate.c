#include "compress/calibrate.h"

#include "base/fork.h"
#include "exec/channels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A tensor that is looked at; sources are shared by layers. */
typedef struct watched {
    uint32_t tensor;
    int32_t axis; /* that counts its channels */
    bool range;   /* its extremes and histogram are wanted, not only means */
    int64_t channels;
    size_t sums_at; /* of its channels in a task's row of sums */
    uint64_t total; /* values on all samples */
    uint32_t tail;
    size_t extremes_at; /* of its 2 * tail floats in a worker's row */
    float min, max;
} watched;

typedef struct run {
    const amct_graph *graph;
    const amct_feed *feed;
    uint32_t batch;
    watched *tensors;
    uint32_t n, n_ranges;
    uint32_t *keep;
    /* shared: a row per task of sums, per worker of extremes and counts */
    double *sums;
    size_t n_sums;
    float *extremes;
    uint32_t *n_extremes; /* per worker and tensor */
    size_t n_floats;
    uint64_t *counts;
    bool second_pass;
    /* of a child */
    amct_exec *exec;
    amct_plan *plan;
} run;

static amct_extremes extremes_of(const run *r, uint32_t worker, uint32_t i)
{
    const watched *t = &r->tensors[i];
    float *at = r->extremes + worker * r->n_floats + t->extremes_at;
    return (amct_extremes){t->tail, r->n_extremes[worker * r->n + i], at, at + t->tail};
}

static amct_status start(run *r, amct_err *err)
{
    if (r->plan)
        return AMCT_OK;
    AMCT_TRY(amct_exec_new(&r->exec, AMCT_ENGINE_ONEDNN, err));
    return amct_plan_new(&r->plan, r->exec, r->graph,
                         &(amct_plan_options){.watch = r->keep, .n_watch = r->n}, err);
}

static void stop(run *r)
{
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    r->plan = NULL;
    r->exec = NULL;
}

static amct_status look(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    run *r = ctx;
    uint32_t count;
    AMCT_TRY(start(r, err));
    AMCT_TRY(amct_plan_run_samples(r->plan, r->feed, task * r->batch, &count, err));
    uint32_t range = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        const watched *t = &r->tensors[i];
        amct_buffer b = amct_plan_watched(r->plan, t->tensor);
        size_t n = b.bytes / sizeof(float) / r->batch * count;
        if (r->second_pass && t->range) {
            uint64_t *counts = r->counts + ((size_t)worker * r->n_ranges + range) * AMCT_RANGE_BINS;
            amct_histogram_add(counts, t->min, t->max, b.data, n);
        } else if (!r->second_pass) {
            amct_channels_sum(r->sums + task * r->n_sums + t->sums_at, &b, t->axis, count);
            if (t->range) {
                amct_extremes e = extremes_of(r, worker, i);
                amct_extremes_add(&e, b.data, n);
                r->n_extremes[worker * r->n + i] = e.n;
            }
        }
        range += t->range;
    }
    return AMCT_OK;
}

/* The place of a layer's source or result among the watched tensors; r->n if it is not there. */
static uint32_t place_of(const run *r, const amct_layer *layer, uint32_t tensor)
{
    int32_t axis = amct_layer_axis(layer, &r->graph->tensors[tensor].shape);
    uint32_t i = 0;
    while (i < r->n && (r->tensors[i].tensor != tensor || r->tensors[i].axis != axis))
        i++;
    return i;
}

static void watch(run *r, const amct_layer *layer, uint32_t tensor, bool range)
{
    uint32_t i = place_of(r, layer, tensor);
    r->n += i == r->n;
    r->tensors[i].tensor = r->keep[i] = tensor;
    r->tensors[i].axis = amct_layer_axis(layer, &r->graph->tensors[tensor].shape);
    r->tensors[i].range |= range;
}

static void measure_rows(run *r, const amct_range_options *options)
{
    for (uint32_t i = 0; i < r->n; i++) {
        watched *t = &r->tensors[i];
        const amct_shape *shape = &r->graph->tensors[t->tensor].shape;
        t->channels = shape->dims[t->axis];
        t->sums_at = r->n_sums;
        r->n_sums += (size_t)t->channels;
        if (!t->range)
            continue;
        t->total = (uint64_t)amct_shape_size(shape) / r->batch * r->feed->n;
        t->tail = amct_extremes_tail(t->total, options->percentile);
        t->extremes_at = r->n_floats;
        r->n_floats += 2 * (size_t)t->tail;
        r->n_ranges++;
    }
}

/* Merges the workers' extremes into row 0. */
static amct_status gather_extremes(run *r, uint32_t jobs, amct_err *err)
{
    for (uint32_t i = 0; i < r->n; i++) {
        watched *t = &r->tensors[i];
        if (!t->range)
            continue;
        amct_extremes all = extremes_of(r, 0, i);
        for (uint32_t w = 1; w < jobs; w++) {
            amct_extremes part = extremes_of(r, w, i);
            amct_extremes_merge(&all, &part);
        }
        r->n_extremes[i] = all.n;
        amct_extremes_sort(&all);
        t->min = amct_extremes_low(&all, 1);
        t->max = amct_extremes_high(&all, 1);
        if (!isfinite(t->min) || !isfinite(t->max))
            return amct_fail(err, AMCT_E_FORMAT,
                             "tensor '%s' is not finite on the calibration samples",
                             r->graph->tensors[t->tensor].name);
    }
    return AMCT_OK;
}

/* The mean per channel over all tasks, added up in their order. */
static const double *mean_of(const run *r, amct_arena *arena, uint32_t i, uint32_t n_tasks)
{
    const watched *t = &r->tensors[i];
    double *mean = amct_arena_array(arena, (size_t)t->channels, sizeof *mean);
    const amct_shape *shape = &r->graph->tensors[t->tensor].shape;
    double n = (double)amct_shape_size(shape) / r->batch * r->feed->n / (double)t->channels;
    for (uint32_t k = 0; mean && k < n_tasks; k++)
        for (int64_t c = 0; c < t->channels; c++)
            mean[c] += r->sums[k * r->n_sums + t->sums_at + (size_t)c];
    for (int64_t c = 0; mean && c < t->channels; c++)
        mean[c] /= n;
    return mean;
}

static amct_status conclude(amct_calibration *to, const run *r, const amct_layer *layers,
                            const amct_range_options *options, uint32_t jobs, uint32_t n_tasks,
                            amct_err *err)
{
    amct_qparams(*params)[2] = amct_arena_array(to->arena, r->n, sizeof *params);
    if (!params)
        return amct_fail_nomem(err);
    uint32_t range = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        const watched *t = &r->tensors[i];
        if (!t->range)
            continue;
        uint64_t *counts = r->counts + (size_t)range * AMCT_RANGE_BINS;
        for (uint32_t w = 1; w < jobs; w++) {
            const uint64_t *part = r->counts + ((size_t)w * r->n_ranges + range) * AMCT_RANGE_BINS;
            for (int k = 0; k < AMCT_RANGE_BINS; k++)
                counts[k] += part[k];
        }
        amct_extremes e = extremes_of(r, 0, i);
        params[i][0] = amct_range_search(options, 8, counts, &e, t->total);
        params[i][1] = amct_range_search(options, 4, counts, &e, t->total);
        range++;
    }
    for (uint32_t l = 0; l < to->n_layers; l++) {
        amct_layer_stats *s = &to->layers[l];
        if (layers[l].no_int8)
            continue;
        uint32_t src = place_of(r, &layers[l], layers[l].src);
        s->src = params[src][0];
        s->src4 = params[src][1];
        s->src_min = r->tensors[src].min, s->src_max = r->tensors[src].max;
        s->n_src_channels = r->tensors[src].channels;
        s->src_mean = mean_of(r, to->arena, src, n_tasks);
        s->result_mean = mean_of(r, to->arena, place_of(r, &layers[l], layers[l].result), n_tasks);
        if (!s->src_mean || !s->result_mean)
            return amct_fail_nomem(err);
        s->seen = true;
    }
    return AMCT_OK;
}

static amct_status passes(amct_calibration *to, run *r, const amct_layer *layers,
                          const amct_range_options *options, uint32_t jobs, amct_err *err)
{
    uint32_t n_tasks = (r->feed->n + r->batch - 1) / r->batch;
    jobs = jobs > n_tasks ? n_tasks : jobs;
    measure_rows(r, options);
    size_t sums_bytes = n_tasks * r->n_sums * sizeof *r->sums;
    size_t extremes_bytes = jobs * r->n_floats * sizeof *r->extremes;
    size_t lengths_bytes = (size_t)jobs * r->n * sizeof *r->n_extremes;
    size_t counts_bytes = (size_t)jobs * r->n_ranges * AMCT_RANGE_BINS * sizeof *r->counts;
    r->sums = amct_shared_alloc(sums_bytes);
    r->extremes = amct_shared_alloc(extremes_bytes);
    r->n_extremes = amct_shared_alloc(lengths_bytes);
    r->counts = amct_shared_alloc(counts_bytes);
    amct_status status =
        r->sums && r->extremes && r->n_extremes && r->counts ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_parallel(jobs, n_tasks, look, r, err);
    if (status == AMCT_OK)
        status = gather_extremes(r, jobs, err);
    r->second_pass = true;
    if (status == AMCT_OK)
        status = amct_parallel(jobs, n_tasks, look, r, err);
    stop(r);
    if (status == AMCT_OK)
        status = conclude(to, r, layers, options, jobs, n_tasks, err);
    amct_shared_free(r->sums, sums_bytes);
    amct_shared_free(r->extremes, extremes_bytes);
    amct_shared_free(r->n_extremes, lengths_bytes);
    amct_shared_free(r->counts, counts_bytes);
    return status;
}

amct_status amct_calibrate(amct_calibration **out, const amct_graph *graph,
                           const amct_layer *layers, uint32_t n_layers, const amct_feed *feed,
                           const amct_range_options *options, uint32_t jobs, amct_err *err)
{
    amct_calibration *to = calloc(1, sizeof *to);
    run r = {.graph = graph, .feed = feed, .batch = (uint32_t)amct_batch_of(graph)};
    r.tensors = calloc(2 * n_layers + 1, sizeof *r.tensors);
    r.keep = calloc(2 * n_layers + 1, sizeof *r.keep);
    amct_status status = to && r.tensors && r.keep ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK && !(to->arena = amct_arena_new()))
        status = amct_fail_nomem(err);
    if (status == AMCT_OK) {
        to->n_layers = n_layers;
        to->n_samples = feed->n;
        to->layers = amct_arena_array(to->arena, n_layers, sizeof *to->layers);
        if (!to->layers)
            status = amct_fail_nomem(err);
    }
    for (uint32_t l = 0; status == AMCT_OK && l < n_layers; l++)
        if (!layers[l].no_int8) {
            watch(&r, &layers[l], layers[l].src, true);
            watch(&r, &layers[l], layers[l].result, false);
        }
    if (status == AMCT_OK && feed->n && r.n)
        status = passes(to, &r, layers, options, jobs, err);
    free(r.tensors);
    free(r.keep);
    if (status != AMCT_OK)
        amct_calibration_free(to);
    else
        *out = to;
    return status;
}

void amct_calibration_free(amct_calibration *calibration)
{
    if (!calibration)
        return;
    amct_arena_free(calibration->arena);
    free(calibration);
}
