#include "compress/refine.h"

#include "exec/channels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The samples on their way: one plan per batch, all at the same step. */
typedef struct walk {
    amct_plan **plans;
    uint32_t *counts; /* samples of each */
    uint32_t n, step;
} walk;

static void free_walk(walk *w)
{
    for (uint32_t i = 0; w->plans && i < w->n; i++)
        amct_plan_free(w->plans[i]);
    free(w->plans);
    free(w->counts);
}

static amct_status start_walk(walk *w, amct_exec *exec, const amct_graph *graph,
                              const amct_plan_options *options, const amct_feed *feed,
                              size_t limit_bytes, amct_err *err)
{
    const amct_shape *in = &graph->tensors[graph->inputs[0]].shape;
    uint32_t batch = in->rank ? (uint32_t)in->dims[0] : 1, most = (feed->n + batch - 1) / batch;
    w->plans = calloc(most + 1, sizeof *w->plans);
    w->counts = calloc(most + 1, sizeof *w->counts);
    if (!w->plans || !w->counts)
        return amct_fail_nomem(err);
    while (w->n < most) {
        AMCT_TRY(amct_plan_new(&w->plans[w->n], exec, graph, options, err));
        w->n++;
        AMCT_TRY(amct_plan_load(w->plans[w->n - 1], feed, (w->n - 1) * batch, &w->counts[w->n - 1],
                                err));
        if ((w->n + 1) * amct_plan_bytes(w->plans[0]) > limit_bytes)
            break;
    }
    return AMCT_OK;
}

static amct_status walk_to(walk *w, uint32_t step, amct_err *err)
{
    for (uint32_t i = 0; i < w->n; i++)
        AMCT_TRY(amct_plan_run_steps(w->plans[i], w->step, step, err));
    w->step = step;
    return AMCT_OK;
}

/* Moves the difference of the means into the bias of q, and into what has been computed. */
static amct_status correct(walk *w, amct_quantised *q, const amct_layer *layer,
                           const double *wanted, amct_arena *arena, amct_err *err)
{
    int32_t *bias = amct_arena_copy(arena, q->bias, (size_t)q->channels * sizeof *bias);
    double *sums = calloc((size_t)q->channels + 1, sizeof *sums);
    float *shift = calloc((size_t)q->channels + 1, sizeof *shift);
    amct_status status = bias && sums && shift ? AMCT_OK : amct_fail_nomem(err);
    int64_t n = 0;
    for (uint32_t i = 0; status == AMCT_OK && i < w->n; i++) {
        amct_buffer b = amct_plan_watched(w->plans[i], layer->result);
        n += amct_channels_sum(sums, &b, amct_layer_axis(layer, &b.shape), w->counts[i]);
    }
    for (int64_t c = 0; status == AMCT_OK && n && c < q->channels; c++) {
        float unit = amct_quantised_unit(q, c);
        double units = rint((wanted[c] - sums[c] / (double)n) / unit);
        if (fabs(units + bias[c]) < 0x1p31) { /* what does not fit stays as it is */
            bias[c] += (int32_t)units;
            shift[c] = (float)units * unit;
        }
    }
    for (uint32_t i = 0; status == AMCT_OK && i < w->n; i++) {
        amct_buffer b = amct_plan_watched(w->plans[i], layer->result);
        amct_channels_shift(&b, amct_layer_axis(layer, &b.shape), w->counts[i], shift);
    }
    free(sums);
    free(shift);
    q->bias = bias;
    return status;
}

static amct_status correct_all(walk *w, const amct_quantised **refined, amct_arena *arena,
                               const amct_layer *layers, uint32_t n_layers,
                               const amct_calibration *calibration,
                               const amct_quantised *const *levels, amct_err *err)
{
    for (uint32_t done = 0; done < n_layers; done++) { /* in the order of their steps */
        uint32_t next = n_layers, step = UINT32_MAX;
        for (uint32_t i = 0; i < n_layers; i++)
            if (levels[i] && !refined[i]) {
                uint32_t s = amct_plan_steps_until(w->plans[0], layers[i].result);
                if (s < step)
                    step = s, next = i;
            }
        if (next == n_layers)
            break;
        amct_quantised *q = amct_arena_copy(arena, levels[next], sizeof *q);
        if (!q)
            return amct_fail_nomem(err);
        AMCT_TRY(walk_to(w, step, err));
        AMCT_TRY(correct(w, q, &layers[next], calibration->layers[next].result_mean, arena, err));
        refined[next] = q;
    }
    return AMCT_OK;
}

amct_status amct_refine_means(const amct_quantised **refined, amct_arena *arena, amct_exec *exec,
                              const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                              const amct_calibration *calibration,
                              const amct_quantised *const *levels, const amct_feed *feed,
                              size_t limit_bytes, amct_err *err)
{
    uint32_t *results = calloc(n_layers + 1, sizeof *results), n = 0;
    if (!results)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n_layers; i++) {
        refined[i] = NULL;
        if (levels[i])
            results[n++] = layers[i].result;
    }
    amct_plan_options options = {.watch = results, .n_watch = n, .briefly = true};
    amct_graph *stitched = NULL;
    walk w = {0};
    amct_status status = amct_stitch(&stitched, graph, layers, n_layers, levels, err);
    if (status == AMCT_OK)
        status = start_walk(&w, exec, stitched, &options, feed, limit_bytes, err);
    if (status == AMCT_OK)
        status = correct_all(&w, refined, arena, layers, n_layers, calibration, levels, err);
    free_walk(&w);
    amct_graph_free(stitched);
    free(results);
    return status;
}
