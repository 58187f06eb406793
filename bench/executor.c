/*
 * executor - images per second of a model here, and where the time goes.
 *
 *     executor MODEL [--batch N] [--processes N] [--int8] [--engine onednn|onednn-float|reference]
 *                    [--seconds S] [--profile] [--plugin-dir DIR]
 *
 * Runs the model on random inputs, in N processes at once with a plan each, and prints the images
 * per second of all together. With --int8 every layer that can be is W8A8, calibrated on the same
 * random inputs: the speed does not depend on the values. --profile prints the shortest time of
 * each step, which other work on the machine does not lengthen.
 */
#include "base/fork.h"
#include "base/pcg.h"
#include "compress/stitch.h"
#include "compress/level.h"
#include "exec/feed.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALIBRATION_BATCHES = 2, MAX_PROCESSES = 64 };

typedef struct options {
    const char *model, *plugin_dir;
    int64_t batch;
    uint32_t processes;
    amct_engine engine;
    double seconds;
    bool int8, profile;
} options;

/* What is run: the graph, and everything it borrows from. */
typedef struct subject {
    amct_plugins *plugins;
    amct_graph *graph, *stitched;
    amct_layer *layers;
    uint32_t n_layers;
    amct_calibration *calibration;
    amct_leveldb *levels;
} subject;

typedef struct work {
    const options *how;
    const amct_graph *graph;
    double *rates; /* shared, of each process: images per second, and per second of processor */
} work;

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void random_floats(float *to, size_t n, uint64_t seed, float scale)
{
    amct_pcg rng = amct_pcg_new(seed, 1);
    for (size_t i = 0; i < n; i++)
        to[i] = scale * (float)(2 * amct_pcg_unit(&rng) - 1);
}

/* ---- Preparing ---------------------------------------------------------------------------- */

static amct_status fetch_random(void *ctx, uint32_t first, uint32_t count, amct_layout layout,
                                float *dst, amct_err *err)
{
    size_t per_sample = *(size_t *)ctx;
    (void)layout, (void)err;
    for (uint32_t i = 0; i < count; i++)
        random_floats(dst + i * per_sample, per_sample, first + i, 1);
    return AMCT_OK;
}

static amct_status quantise(subject *s, uint32_t jobs, amct_err *err)
{
    const amct_tensor *in = &s->graph->tensors[s->graph->inputs[0]];
    int64_t batch = amct_batch_of(s->graph);
    size_t per_sample = (size_t)(amct_shape_size(&in->shape) / batch);
    amct_feed feed = {&per_sample, (uint32_t)(CALIBRATION_BATCHES * batch), fetch_random};
    amct_level_options level = {AMCT_WEIGHTS_ARQ, true};
    AMCT_TRY(amct_layers_find(&s->layers, &s->n_layers, s->graph, err));
    AMCT_TRY(amct_calibrate(&s->calibration, s->graph, s->layers, s->n_layers, &feed,
                            &amct_range_defaults, jobs, err));
    AMCT_TRY(amct_leveldb_new(&s->levels, s->graph, s->layers, s->calibration, &level, NULL, err));
    AMCT_TRY(amct_leveldb_fill_all(s->levels, 1u << AMCT_LEVEL_W8A8, &feed, jobs, SIZE_MAX, err));
    const amct_quantised **levels = calloc(s->n_layers + 1, sizeof *levels);
    amct_status status = levels ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < s->n_layers; i++)
        if (!s->layers[i].no_int8)
            status = amct_leveldb_get(&levels[i], s->levels, i, AMCT_LEVEL_W8A8, err);
    if (status == AMCT_OK)
        status = amct_stitch(&s->stitched, s->graph, s->layers, s->n_layers, levels, err);
    free(levels);
    return status;
}

static amct_status load(subject *s, const options *how, amct_err *err)
{
    AMCT_TRY(amct_plugins_new(&s->plugins, err));
    AMCT_TRY(amct_plugins_search(s->plugins, &how->plugin_dir, how->plugin_dir ? 1 : 0, err));
    double begin = now(CLOCK_MONOTONIC);
    AMCT_TRY(amct_import(&s->graph, s->plugins, how->model, NULL, err));
    double imported = now(CLOCK_MONOTONIC);
    AMCT_TRY(amct_prepare(s->graph, err));
    double prepared = now(CLOCK_MONOTONIC);
    AMCT_TRY(amct_set_batch(s->graph, how->batch, err));
    if (how->profile)
        printf("import %.1f ms, prepare %.1f ms\n", 1e3 * (imported - begin),
               1e3 * (prepared - imported));
    return how->int8 ? quantise(s, how->processes, err) : AMCT_OK;
}

static void release(subject *s)
{
    amct_graph_free(s->stitched);
    amct_leveldb_free(s->levels);
    amct_calibration_free(s->calibration);
    free(s->layers);
    amct_graph_free(s->graph);
    amct_plugins_free(s->plugins);
}

/* ---- Running ------------------------------------------------------------------------------ */

static amct_status make_plan(amct_exec **exec, amct_plan **plan, const work *w, amct_err *err)
{
    AMCT_TRY(amct_exec_new(exec, w->how->engine, err));
    amct_status status = amct_plan_new(plan, *exec, w->graph, NULL, err);
    if (status != AMCT_OK) {
        amct_exec_free(*exec);
        return status;
    }
    for (uint32_t i = 0; i < w->graph->n_inputs; i++) {
        amct_buffer in = amct_plan_input(*plan, i);
        if (in.dtype == AMCT_FLOAT)
            random_floats(in.data, in.bytes / 4, i, 1);
        else
            memset(in.data, 1, in.bytes);
    }
    return amct_plan_run(*plan, err); /* warm */
}

static amct_status measure(void *ctx, uint32_t worker, uint32_t i, amct_err *err)
{
    const work *w = ctx;
    amct_exec *exec = NULL;
    amct_plan *plan = NULL;
    (void)worker;
    AMCT_TRY(make_plan(&exec, &plan, w, err));
    amct_status status = AMCT_OK;
    uint64_t runs = 0;
    double begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), spent = 0;
    for (; status == AMCT_OK && spent < w->how->seconds;
         spent = now(CLOCK_MONOTONIC) - begin, runs++)
        status = amct_plan_run(plan, err);
    double images = (double)runs * (double)amct_batch_of(w->graph);
    w->rates[2 * i] = images / spent;
    w->rates[2 * i + 1] = images / (now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    amct_plan_free(plan);
    amct_exec_free(exec);
    return status;
}

static void print_step(const amct_plan *plan, const amct_graph *graph, uint32_t i, double us,
                       double total)
{
    amct_step_info info = amct_plan_step(plan, i);
    char shape[64] = "", from[64] = "";
    const char *name = "", *op = "change of form";
    if (info.node != AMCT_NO_TENSOR) {
        const amct_node *node = &graph->nodes[info.node];
        name = node->name, op = node->op;
        if (node->n_dst)
            amct_shape_print(&graph->tensors[node->dst[0]].shape, shape, sizeof shape);
        if (node->n_src > 1 && node->src[1] != AMCT_NO_TENSOR)
            amct_shape_print(&graph->tensors[node->src[1]].shape, from, sizeof from);
    }
    printf("%8.1f us %5.1f %%  %-28s %-16s %-18s %-16s +%u %.40s\n", us, 100 * us / total, info.how,
           op, shape, from, info.n_nodes - 1, name);
}

static amct_status profile(const work *w, amct_err *err)
{
    amct_exec *exec = NULL;
    amct_plan *plan = NULL;
    double begin = now(CLOCK_MONOTONIC);
    AMCT_TRY(make_plan(&exec, &plan, w, err));
    double first = now(CLOCK_MONOTONIC) - begin, again = first;
    for (int i = 0; i < 20; i++) {
        amct_plan *other;
        begin = now(CLOCK_MONOTONIC);
        AMCT_TRY(amct_plan_new(&other, exec, w->graph, NULL, err));
        double spent = now(CLOCK_MONOTONIC) - begin;
        again = spent < again ? spent : again;
        amct_plan_free(other);
    }
    printf("%s, %zu KiB of activations, first plan and run %.1f ms, another plan %.3f ms\n",
           amct_exec_name(exec), amct_plan_bytes(plan) >> 10, 1e3 * first, 1e3 * again);
    uint32_t n = amct_plan_n_steps(plan);
    double *spent = calloc(n + 1, sizeof *spent), total = 0;
    amct_status status = spent ? AMCT_OK : amct_fail_nomem(err);
    uint32_t runs = 0;
    for (begin = now(CLOCK_MONOTONIC);
         status == AMCT_OK && now(CLOCK_MONOTONIC) - begin < w->how->seconds; runs++)
        for (uint32_t i = 0; status == AMCT_OK && i < n; i++) {
            double at = now(CLOCK_MONOTONIC);
            status = amct_plan_run_steps(plan, i, i + 1, err);
            at = now(CLOCK_MONOTONIC) - at;
            spent[i] = runs == 0 || at < spent[i] ? at : spent[i];
        }
    for (uint32_t i = 0; i < n && status == AMCT_OK; i++)
        total += spent[i];
    for (uint32_t i = 0; i < n && status == AMCT_OK; i++)
        print_step(plan, w->graph, i, 1e6 * spent[i], 1e6 * total);
    printf("%8.1f us together: %.1f images/s at best\n", 1e6 * total,
           (double)amct_batch_of(w->graph) / total);
    free(spent);
    amct_plan_free(plan);
    amct_exec_free(exec);
    return status;
}

/* ---- Command line ------------------------------------------------------------------------- */

static bool read_options(options *o, int argc, char **argv)
{
    static const char *const engines[] = {"onednn", "onednn-float", "reference"};
    *o = (options){.batch = 1, .processes = 1, .seconds = 2};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (name[0] != '-')
            o->model = name;
        else if (strcmp(name, "--int8") == 0)
            o->int8 = true;
        else if (strcmp(name, "--profile") == 0)
            o->profile = true;
        else if (!value)
            return false;
        else if (strcmp(name, "--batch") == 0)
            o->batch = atoll(argv[++i]);
        else if (strcmp(name, "--processes") == 0)
            o->processes = (uint32_t)atoi(argv[++i]);
        else if (strcmp(name, "--seconds") == 0)
            o->seconds = atof(argv[++i]);
        else if (strcmp(name, "--plugin-dir") == 0)
            o->plugin_dir = argv[++i];
        else if (strcmp(name, "--engine") == 0) {
            i++;
            for (int k = 0; k < 3; k++)
                if (strcmp(value, engines[k]) == 0)
                    o->engine = (amct_engine)k;
        } else
            return false;
    }
    return o->model && o->batch > 0 && o->processes > 0 && o->processes <= MAX_PROCESSES;
}

int main(int argc, char **argv)
{
    options how;
    if (!read_options(&how, argc, argv)) {
        fprintf(stderr, "usage: executor MODEL [--batch N] [--processes N] [--int8] "
                        "[--engine onednn|onednn-float|reference] [--seconds S] [--profile] "
                        "[--plugin-dir DIR]\n");
        return 2;
    }
    subject s = {0};
    amct_err err;
    size_t bytes = how.processes * 2 * sizeof(double);
    work w = {.how = &how, .rates = amct_shared_alloc(bytes)};
    amct_status status = w.rates ? load(&s, &how, &err) : amct_fail_nomem(&err);
    w.graph = s.stitched ? s.stitched : s.graph;
    if (status == AMCT_OK && how.profile)
        status = profile(&w, &err);
    if (status == AMCT_OK)
        status = amct_parallel(how.processes, how.processes, measure, &w, &err);
    double rate = 0, per_cpu = 0;
    for (uint32_t i = 0; w.rates && i < how.processes; i++) {
        rate += w.rates[2 * i];
        per_cpu += w.rates[2 * i + 1] / how.processes;
    }
    if (status == AMCT_OK)
        printf("%.1f images/s, %.1f per second of a processor\n", rate, per_cpu);
    else
        fprintf(stderr, "executor: %s\n", err.text);
    release(&s);
    amct_shared_free(w.rates, bytes);
    return status == AMCT_OK ? 0 : 1;
}
