/*
 * ptq - what post-training quantisation costs in accuracy, without a search.
 *
 *     ptq CALIBRATION.yaml N [SCORED.yaml] [--levels w8a8|w4a8|w4a4|w8a8-2of4|mixed|edges]
 *
 * Both are search files: model, data, preprocessing, quantise. The first N samples of the first one
 * calibrate; all samples of the second one (of the first one, if there is no second) are scored.
 * Prints top-1 and the KL divergence to the float network for the float network, for every layer
 * that can be at a level (w8a8 if none is said) with the static correction of means (what
 * candidates get inside a search), after the sequential one and rebuilt layer by layer (what
 * finalists choose from). mixed: W4A4 with the first, the last and all depthwise layers at W8A8;
 * edges: only the first and the last; w8a8-2of4: layers that cannot have it are at W8A8, and a row
 * more has the sparse layers in floats and all others as they were. Samples
 * behind the first N are also scored on their own, as those before are not unseen. Plugins are
 * found through AMCT_PLUGIN_PATH.
 */
#include "base/fork.h"
#include "compress/rebuild.h"
#include "compress/refine.h"
#include "ops/weights.h"
#include "passes/prepare.h"
#include "tune/evaluator.h"
#include "tune/model.h"
#include "tune/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMIT = 1 << 30 }; /* memory, as in a search */

typedef struct ptq {
    amct_config *config, *scored_config;
    amct_plugins *plugins;
    amct_model model;
    amct_dataset *data, *scored;
    amct_outputs outputs;
    amct_calibration *calibration;
    amct_leveldb *levels;
    uint32_t n_calibration, jobs;
    float *rows;      /* of the float network */
    const char *name; /* of the levels */
} ptq;

static bool is_depthwise(const amct_layer *layer, const amct_graph *graph)
{
    return layer->groups > 1 && graph->tensors[layer->src].shape.dims[1] == layer->groups;
}

/* The level of layer i, which is the at-th of n that can have one. */
static amct_level_kind kind_of(const ptq *p, uint32_t i, uint32_t at, uint32_t n)
{
    bool mixed = strcmp(p->name, "mixed") == 0, edges = mixed || strcmp(p->name, "edges") == 0;
    if ((edges && (at == 0 || at == n - 1)) ||
        (mixed && is_depthwise(&p->model.layers[i], p->model.graph)))
        return AMCT_LEVEL_W8A8;
    for (int k = 0; k < AMCT_N_LEVELS; k++)
        if (strcmp(p->name, amct_level_name((amct_level_kind)k)) == 0)
            return amct_level_sparse((amct_level_kind)k) && p->model.layers[i].no_sparse
                       ? AMCT_LEVEL_W8A8
                       : (amct_level_kind)k;
    return AMCT_LEVEL_W4A4;
}

static bool is_known(const char *name)
{
    bool known = strcmp(name, "mixed") == 0 || strcmp(name, "edges") == 0;
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        known |= strcmp(name, amct_level_name((amct_level_kind)k)) == 0;
    return known;
}

/* A form of the network on all scored samples, spread over processes. */
typedef struct scoring {
    const ptq *p;
    const amct_graph *graph;
    uint32_t batch;
    amct_feed feed;
    float *rows; /* shared */
    amct_exec *exec;
    amct_plan *plan;
} scoring;

static amct_status score_batch(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    scoring *s = ctx;
    uint32_t count;
    (void)worker;
    if (!s->plan) {
        AMCT_TRY(amct_exec_new(&s->exec, AMCT_ENGINE_ONEDNN, err));
        AMCT_TRY(amct_plan_new(&s->plan, s->exec, s->graph, NULL, err));
    }
    AMCT_TRY(amct_plan_run_samples(s->plan, &s->feed, task * s->batch, &count, err));
    amct_outputs_copy(s->rows + (size_t)task * s->batch * s->p->outputs.row, &s->p->outputs,
                      s->plan, s->graph, count);
    return AMCT_OK;
}

static amct_status run_all(float *rows, const ptq *p, const amct_graph *graph, amct_err *err)
{
    amct_selection all = {p->scored, NULL, p->scored->n};
    scoring s = {.p = p,
                 .graph = graph,
                 .batch = (uint32_t)graph->tensors[graph->inputs[0]].shape.dims[0],
                 .feed = amct_selection_feed(&all),
                 .rows = rows};
    amct_status status =
        amct_parallel(p->jobs, (all.n + s.batch - 1) / s.batch, score_batch, &s, err);
    amct_plan_free(s.plan);
    amct_exec_free(s.exec);
    return status;
}

static void print_range(const ptq *p, const float *rows, uint32_t from, uint32_t to)
{
    amct_judge judge = {.outputs = p->outputs,
                        .metric = AMCT_METRIC_TOP1,
                        .labels = p->scored->labels,
                        .original = p->rows};
    amct_tally t = {0};
    for (uint32_t i = from; i < to; i++)
        amct_judge_add(&judge, i, rows + (size_t)i * p->outputs.row, &t);
    printf("  %u..%u: top1 %.2f agreement %.2f KL %.5f", from, to - 1, 100.0 * t.right / t.n,
           100.0 * t.agree / t.n, t.kl / t.n);
}

static void print_row(const ptq *p, const char *what, const float *rows)
{
    printf("%-34s", what);
    print_range(p, rows, 0, p->scored->n);
    if (p->scored == p->data)
        print_range(p, rows, p->n_calibration, p->scored->n);
    printf("\n");
    fflush(stdout);
}

static amct_status score_levels(const ptq *p, const char *what, const amct_quantised *const *levels,
                                float *rows, amct_err *err)
{
    amct_graph *graph;
    AMCT_TRY(amct_stitch(&graph, p->model.graph, p->model.layers, p->model.n_layers, levels, err));
    amct_status status = run_all(rows, p, graph, err);
    if (status == AMCT_OK)
        print_row(p, what, rows);
    amct_graph_free(graph);
    return status;
}

/* The sparse layers of the levels in floats: what the zeros alone cost. (Their weights have been
 * rounded to 8 bits, which matters a thousandth of that.) */
static amct_status score_zeros(const ptq *p, const amct_quantised *const *levels, float *rows,
                               amct_err *err)
{
    amct_graph *graph;
    uint32_t n = 0;
    AMCT_TRY(amct_graph_clone(&graph, p->model.graph, err));
    for (uint32_t i = 0; i < p->model.n_layers; i++) {
        const amct_layer *l = &p->model.layers[i];
        const amct_quantised *q = levels[i];
        if (!q || !q->sparse || l->bias == AMCT_NO_TENSOR)
            continue;
        const amct_tensor *w = &p->model.graph->tensors[l->weights];
        const amct_node *node = &p->model.graph->nodes[l->node];
        float *weights = amct_arena_array(graph->arena, (size_t)q->n_weights, sizeof *weights);
        float *bias = amct_arena_array(graph->arena, (size_t)q->channels, sizeof *bias);
        AMCT_TRY(weights && bias ? AMCT_OK : amct_fail_nomem(err));
        for (int64_t k = 0; k < q->n_weights; k++) {
            int64_t c = q->n_scales > 1 ? amct_weights_channel(node, &w->shape, k) : 0;
            weights[k] = (float)q->weights[k] * q->scales[c];
        }
        for (int64_t c = 0; c < q->channels; c++)
            bias[c] = (float)q->bias[c] * amct_quantised_unit(q, c);
        graph->tensors[l->weights].data = weights;
        graph->tensors[l->bias].data = bias;
        graph->tensors[l->weights].hash = graph->tensors[l->bias].hash = (amct_hash){0};
        n++;
    }
    amct_status status = n ? run_all(rows, p, graph, err) : AMCT_OK;
    if (n && status == AMCT_OK)
        print_row(p, "sparse layers in floats", rows);
    amct_graph_free(graph);
    return status;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static amct_status calibrate(ptq *p, amct_err *err)
{
    amct_selection first = {p->data, NULL, p->n_calibration};
    amct_feed feed = amct_selection_feed(&first);
    amct_level_options options = {p->config->weights, true};
    AMCT_TRY(amct_calibrate(&p->calibration, p->model.graph, p->model.layers, p->model.n_layers,
                            &feed, &p->config->range, p->jobs, err));
    AMCT_TRY(amct_leveldb_new(&p->levels, p->model.graph, p->model.layers, p->calibration, &options,
                              NULL, err));
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < p->model.n_layers; i++)
        kinds |= 1u << kind_of(p, i, 0, 9) | 1u << kind_of(p, i, 1, 9);
    double from = seconds();
    AMCT_TRY(amct_leveldb_fill_all(p->levels, kinds, &feed, p->jobs, (size_t)4 << 30, err));
    printf("levels: %.2f s in %u processes\n", seconds() - from, p->jobs);
    return AMCT_OK;
}

static amct_status quantise(ptq *p, float *rows, amct_err *err)
{
    uint32_t n = p->model.n_layers;
    amct_selection first = {p->data, NULL, p->n_calibration};
    amct_feed feed = amct_selection_feed(&first);
    const amct_quantised **levels = calloc(n + 1, sizeof *levels);
    const amct_quantised **refined = calloc(n + 1, sizeof *refined);
    amct_arena *arena = amct_arena_new();
    amct_exec *exec = NULL;
    amct_status status = levels && refined && arena ? AMCT_OK : amct_fail_nomem(err);
    uint32_t n_able = 0, at = 0;
    for (uint32_t i = 0; i < n; i++)
        n_able += !p->model.layers[i].no_int8;
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++)
        if (!p->model.layers[i].no_int8)
            status = amct_leveldb_get(&levels[i], p->levels, i, kind_of(p, i, at++, n_able), err);
    if (status == AMCT_OK)
        status = score_levels(p, "static mean correction", levels, rows, err);
    if (status == AMCT_OK)
        status = score_zeros(p, levels, rows, err);
    if (status == AMCT_OK)
        status = amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err);
    double begin = seconds();
    if (status == AMCT_OK)
        status = amct_refine_means(refined, arena, exec, p->model.graph, p->model.layers, n,
                                   p->calibration, levels, &feed, LIMIT, p->jobs, err);
    printf("means: %.2f s\n", seconds() - begin);
    if (status == AMCT_OK)
        status = score_levels(p, "sequential mean correction", refined, rows, err);
    begin = seconds();
    if (status == AMCT_OK)
        status = amct_rebuild(refined, arena, exec, p->model.graph, p->model.layers, n, levels,
                              &feed, LIMIT, p->jobs, err);
    printf("rebuilding: %.2f s\n", seconds() - begin);
    if (status == AMCT_OK)
        status = score_levels(p, "rebuilt", refined, rows, err);
    amct_exec_free(exec);
    amct_arena_free(arena);
    free(levels);
    free(refined);
    return status;
}

static amct_status run(ptq *p, amct_err *err)
{
    p->jobs = amct_cpu_count();
    AMCT_TRY(amct_plugins_open(&p->plugins, p->config, err));
    AMCT_TRY(
        amct_model_load(&p->model, p->plugins, p->config->model, &p->config->model_source, err));
    if (p->config->equalise)
        AMCT_TRY(amct_model_equalise(&p->model, err));
    AMCT_TRY(amct_model_set_eval_batch(&p->model, err));
    amct_hash_constants(p->model.graph);
    AMCT_TRY(amct_outputs_of(&p->outputs, p->model.graph, err));
    AMCT_TRY(amct_samples_open(&p->data, p->config, p->model.graph, p->outputs.classes, NULL,
                               p->jobs, err));
    p->scored = p->data;
    if (p->scored_config)
        AMCT_TRY(amct_samples_open(&p->scored, p->scored_config, p->model.graph, p->outputs.classes,
                                   NULL, p->jobs, err));
    if (p->n_calibration > p->data->n)
        return amct_fail(err, AMCT_E_INVALID, "there are %u samples only", p->data->n);
    size_t bytes = (size_t)(p->scored->n + 16) * p->outputs.row * sizeof(float);
    float *rows = amct_shared_alloc(bytes);
    p->rows = amct_shared_alloc(bytes);
    if (!rows || !p->rows)
        return amct_fail_nomem(err);
    AMCT_TRY(run_all(p->rows, p, p->model.graph, err));
    print_row(p, "float", p->rows);
    AMCT_TRY(calibrate(p, err));
    return quantise(p, rows, err);
}

int main(int argc, char **argv)
{
    ptq p = {0};
    amct_err err = {0};
    p.name = "w8a8";
    if (argc > 4 && strcmp(argv[argc - 2], "--levels") == 0) {
        p.name = argv[argc - 1];
        argc -= 2;
    }
    if (argc < 3 || argc > 4 || !is_known(p.name)) {
        if (!is_known(p.name))
            fprintf(stderr, "ptq: there are no levels '%s'\n", p.name);
        fprintf(stderr, "usage: ptq CALIBRATION.yaml N [SCORED.yaml] "
                        "[--levels w8a8|w4a8|w4a4|w8a8-2of4|mixed|edges]\n");
        return 2;
    }
    p.n_calibration = (uint32_t)strtoul(argv[2], NULL, 10);
    amct_status status = amct_config_new(&p.config, &err);
    if (status == AMCT_OK)
        status = amct_config_read(p.config, argv[1], &err);
    if (status == AMCT_OK && argc == 4) {
        status = amct_config_new(&p.scored_config, &err);
        if (status == AMCT_OK)
            status = amct_config_read(p.scored_config, argv[3], &err);
    }
    if (status == AMCT_OK)
        status = run(&p, &err);
    if (status != AMCT_OK) /* the system takes back what it held */
        fprintf(stderr, "ptq: %s\n", err.text);
    return status == AMCT_OK ? 0 : 1;
}
