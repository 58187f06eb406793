#include "compress/refine.h"

#include "base/fork.h"
#include "compress/walk.h"
#include "exec/channels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct means {
    const amct_layer *layers;
    double *sums;   /* shared, per batch: of the layer's channels, then the number of values */
    size_t width;   /* of a batch */
    uint32_t batch; /* samples */
    float **shifts; /* per layer: what its results move by */
} means;

static amct_status look(void *ctx, const amct_walk_stop *stop, amct_err *err)
{
    const means *m = ctx;
    const amct_layer *layer = &m->layers[stop->layer];
    amct_buffer b = amct_plan_watched(stop->plan, layer->result);
    double *sums = m->sums + stop->first / m->batch * m->width;
    (void)err;
    memset(sums, 0, (size_t)layer->channels * sizeof *sums);
    sums[layer->channels] =
        (double)amct_channels_sum(sums, &b, amct_layer_axis(layer, &b.shape), stop->count);
    return AMCT_OK;
}

static amct_status shift(void *ctx, const amct_walk_stop *stop, amct_err *err)
{
    const means *m = ctx;
    const amct_layer *layer = &m->layers[stop->layer];
    amct_buffer b = amct_plan_watched(stop->plan, layer->result);
    (void)err;
    amct_channels_shift(&b, amct_layer_axis(layer, &b.shape), stop->count, m->shifts[stop->layer]);
    return AMCT_OK;
}

/* Moves the difference of the means into the bias of q. */
static amct_status correct(amct_quantised *q, means *m, uint32_t layer, uint32_t n_batches,
                           const double *wanted, amct_arena *arena, amct_err *err)
{
    int32_t *bias = amct_arena_copy(arena, q->bias, (size_t)q->channels * sizeof *bias);
    float *shifts = m->shifts[layer] = calloc((size_t)q->channels + 1, sizeof *shifts);
    if (!bias || !shifts)
        return amct_fail_nomem(err);
    for (int64_t c = 0; c < q->channels; c++) {
        double sum = 0, n = 0;
        for (uint32_t b = 0; b < n_batches; b++) {
            sum += m->sums[b * m->width + (size_t)c];
            n += m->sums[b * m->width + (size_t)q->channels];
        }
        float unit = amct_quantised_unit(q, c);
        double units = n > 0 ? rint((wanted[c] - sum / n) / unit) : 0;
        if (fabs(units + bias[c]) < 0x1p31) { /* what does not fit stays as it is */
            bias[c] += (int32_t)units;
            shifts[c] = (float)units * unit;
        }
    }
    q->bias = bias;
    return AMCT_OK;
}

static amct_status correct_all(amct_walk *walk, means *m, const amct_quantised **refined,
                               amct_arena *arena, uint32_t n_layers, uint32_t n_batches,
                               const amct_calibration *calibration,
                               const amct_quantised *const *levels, amct_err *err)
{
    for (uint32_t i; (i = amct_walk_layer(walk)) < n_layers;) {
        AMCT_TRY(amct_walk_visit(walk, err));
        amct_quantised *q = amct_arena_copy(arena, levels[i], sizeof *q);
        if (!q)
            return amct_fail_nomem(err);
        AMCT_TRY(correct(q, m, i, n_batches, calibration->layers[i].result_mean, arena, err));
        refined[i] = q;
    }
    return AMCT_OK;
}

amct_status amct_refine_means(const amct_quantised **refined, amct_arena *arena, amct_exec *exec,
                              const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                              const amct_calibration *calibration,
                              const amct_quantised *const *levels, const amct_feed *feed,
                              size_t limit_bytes, uint32_t jobs, amct_err *err)
{
    means m = {.layers = layers, .batch = (uint32_t)amct_batch_of(graph)};
    uint32_t n_batches = (feed->n + m.batch - 1) / m.batch;
    bool *wanted = calloc(n_layers + 1, sizeof *wanted);
    m.shifts = calloc(n_layers + 1, sizeof *m.shifts);
    amct_status status = wanted && m.shifts ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < n_layers; i++) {
        refined[i] = NULL;
        wanted[i] = levels[i] != NULL;
        if (levels[i] && (size_t)layers[i].channels + 1 > m.width)
            m.width = (size_t)layers[i].channels + 1;
    }
    size_t bytes = n_batches * m.width * sizeof *m.sums + 1;
    amct_graph *stitched = NULL;
    amct_walk *walk = NULL;
    m.sums = amct_shared_alloc(bytes);
    if (status == AMCT_OK)
        status = m.sums ? amct_stitch(&stitched, graph, layers, n_layers, levels, err)
                        : amct_fail_nomem(err);
    amct_walk_options options = {.graph = stitched,
                                 .layers = layers,
                                 .n_layers = n_layers,
                                 .wanted = wanted,
                                 .n_streams = 1,
                                 .feed = feed,
                                 .limit_bytes = limit_bytes,
                                 .jobs = jobs,
                                 .visit = look,
                                 .finish = shift,
                                 .ctx = &m};
    if (status == AMCT_OK)
        status = amct_walk_new(&walk, exec, &options, err);
    if (status == AMCT_OK)
        status =
            correct_all(walk, &m, refined, arena, n_layers, n_batches, calibration, levels, err);
    amct_walk_free(walk);
    amct_graph_free(stitched);
    amct_shared_free(m.sums, bytes);
    for (uint32_t i = 0; m.shifts && i < n_layers; i++)
        free(m.shifts[i]);
    free(m.shifts);
    free(wanted);
    return status;
}
