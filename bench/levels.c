/*
 * levels - what the level database costs: seconds per layer and in total, and peak memory.
 *
 *     levels SEARCH.yaml N [--random-weights] [--quiet]
 *
 * The search file gives model, data, levels, ratios and ranks; the first N samples calibrate. With
 * --random-weights the weights of all layers are drawn anew, uniform and of unit gain, for networks
 * whose files hold structure only. The passes over the samples (ranges, then second moments of all
 * layers that fit into half the memory limit) run in as many processes as there are processors.
 * Then every layer by itself, in one process: its levels of bits, and, where the file asks for
 * ratios or ranks, the network with it alone at its lowest rank, from whose decomposition all ranks
 * come. Last, every group of channels at its first ratio. Plugins are found through
 * AMCT_PLUGIN_PATH.
 */
#include "base/fork.h"
#include "base/pcg.h"
#include "compress/level.h"
#include "compress/moments.h"
#include "passes/prepare.h"
#include "structure/structure.h"
#include "tune/model.h"
#include "tune/samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct bench {
    amct_config *config;
    amct_model model;
    amct_dataset *data;
    amct_calibration *calibration;
    amct_moments *moments;
    const amct_gram **grams;
    amct_leveldb *levels;
    amct_structure *structure;
    uint32_t n_samples, jobs;
    bool quiet;
} bench;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static amct_status draw_weights(amct_model *model, amct_err *err)
{
    amct_pcg rng = amct_pcg_new(1, 0);
    for (uint32_t i = 0; i < model->n_layers; i++) {
        amct_tensor *w = &model->graph->tensors[model->layers[i].weights];
        amct_gram shape;
        if (!amct_gram_shape(&shape, model->graph, &model->layers[i]))
            continue;
        int64_t n = amct_shape_size(&w->shape);
        float gain = sqrtf(6 / (float)shape.columns.columns);
        float *data = amct_arena_array(model->graph->arena, (size_t)n, sizeof *data);
        if (!data)
            return amct_fail_nomem(err);
        for (int64_t k = 0; k < n; k++)
            data[k] = gain * (float)(2 * amct_pcg_unit(&rng) - 1);
        w->data = data;
        w->hash = (amct_hash){0};
    }
    return AMCT_OK;
}

static amct_status open_all(bench *b, bool random_weights, amct_err *err)
{
    amct_plugins *plugins;
    amct_outputs outputs;
    b->jobs = amct_cpu_count();
    AMCT_TRY(amct_plugins_open(&plugins, b->config, err));
    AMCT_TRY(amct_model_load(&b->model, plugins, b->config->model, &b->config->model_source, err));
    if (random_weights)
        AMCT_TRY(draw_weights(&b->model, err));
    AMCT_TRY(amct_model_set_eval_batch(&b->model, err));
    amct_hash_constants(b->model.graph);
    AMCT_TRY(amct_outputs_of(&outputs, b->model.graph, err));
    AMCT_TRY(amct_samples_open(&b->data, b->config, b->model.graph, outputs.classes, NULL, b->jobs,
                               err));
    if (b->n_samples > b->data->n)
        return amct_fail(err, AMCT_E_INVALID, "there are %u samples only", b->data->n);
    return AMCT_OK;
}

static amct_status run_samples(bench *b, amct_err *err)
{
    const amct_model *m = &b->model;
    amct_selection first = {b->data, NULL, b->n_samples};
    amct_feed feed = amct_selection_feed(&first);
    bool *wanted = calloc(m->n_layers + 1, sizeof *wanted);
    b->grams = calloc(m->n_layers + 1, sizeof *b->grams);
    if (!wanted || !b->grams)
        return amct_fail_nomem(err);
    double from = seconds();
    AMCT_TRY(amct_calibrate(&b->calibration, m->graph, m->layers, m->n_layers, &feed,
                            &b->config->range, b->jobs, err));
    printf("ranges: %.2f s in %u processes\n", seconds() - from, b->jobs);
    size_t used = amct_moments_fit(wanted, m->graph, m->layers, m->n_layers, b->calibration,
                                   b->config->memory_limit_bytes / 2, b->jobs);
    from = seconds();
    AMCT_TRY(amct_moments_collect(&b->moments, m->graph, m->layers, m->n_layers, wanted,
                                  b->calibration, &feed, b->jobs, err));
    printf("second moments: %.2f s in %u processes, %.0f MB\n", seconds() - from, b->jobs,
           1e-6 * (double)used);
    for (uint32_t i = 0; i < m->n_layers; i++)
        b->grams[i] = amct_moments_of(b->moments, i);
    free(wanted);
    return AMCT_OK;
}

/* Levels of bits of one layer. */
static amct_status fill_layer(bench *b, uint32_t layer, amct_err *err)
{
    amct_selection first = {b->data, NULL, b->n_samples};
    amct_feed feed = amct_selection_feed(&first);
    uint32_t *wanted = calloc(b->model.n_layers + 1, sizeof *wanted);
    if (!wanted)
        return amct_fail_nomem(err);
    for (uint32_t k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        if (b->config->levels[k])
            wanted[layer] |= 1u << k;
    amct_status status =
        amct_leveldb_fill(b->levels, wanted, &feed, 1, b->config->memory_limit_bytes / 2, err);
    free(wanted);
    return status;
}

static amct_status build(bench *b, const uint32_t *kept, const amct_rank *ranks, amct_err *err)
{
    amct_structured made;
    amct_structure_genome genome = {kept, ranks};
    AMCT_TRY(amct_structure_build(&made, b->structure, &genome, err));
    amct_structured_free(&made);
    return AMCT_OK;
}

static amct_status do_layers(bench *b, amct_err *err)
{
    uint32_t n = b->model.n_layers;
    amct_rank *ranks = calloc(n + 1, sizeof *ranks);
    double all_bits = 0, all_ranks = 0, longest = 0;
    if (!ranks)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        double from = seconds(), bits, rank = 0;
        AMCT_TRY(fill_layer(b, i, err));
        bits = seconds() - from;
        amct_layer_ranks choice = {0};
        if (b->config->rank_levels)
            choice = amct_structure_layer(b->structure, i);
        if (choice.n) {
            from = seconds();
            ranks[i] = choice.ranks[choice.n - 1];
            AMCT_TRY(build(b, NULL, ranks, err));
            ranks[i] = (amct_rank){0};
            rank = seconds() - from;
        }
        all_bits += bits;
        all_ranks += rank;
        longest = fmax(longest, bits + rank);
        if (!b->quiet)
            printf("%-50s bits %.3f s  ranks %.3f s\n", b->model.layers[i].name, bits, rank);
    }
    printf("%u layers in one process: bits %.2f s, ranks %.2f s; the longest %.2f s\n", n, all_bits,
           all_ranks, longest);
    free(ranks);
    return AMCT_OK;
}

static amct_status do_groups(bench *b, amct_err *err)
{
    uint32_t n = amct_structure_n_groups(b->structure), used = 0;
    uint32_t *kept = calloc(n + 1, sizeof *kept);
    double from = seconds();
    if (!kept)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; b->config->n_ratios && i < n; i++) {
        amct_group_levels levels = amct_structure_group(b->structure, i);
        if (!levels.n)
            continue;
        kept[i] = levels.kept[0];
        AMCT_TRY(build(b, kept, NULL, err));
        kept[i] = 0;
        used++;
    }
    printf("%u groups of channels in one process: %.2f s\n", used, seconds() - from);
    free(kept);
    return AMCT_OK;
}

static amct_status run(bench *b, bool random_weights, amct_err *err)
{
    AMCT_TRY(open_all(b, random_weights, err));
    double from = seconds();
    AMCT_TRY(run_samples(b, err));
    amct_level_options level = {b->config->weights, true};
    AMCT_TRY(amct_leveldb_new(&b->levels, b->model.graph, b->model.layers, b->calibration, &level,
                              NULL, err));
    amct_leveldb_know(b->levels, b->moments);
    amct_structure_options options = {.choice = AMCT_CHOOSE_ENERGY,
                                      .multiple = b->config->multiple,
                                      .limit_bytes = b->config->memory_limit_bytes / 4};
    AMCT_TRY(amct_structure_new(&b->structure, b->model.graph, b->model.layers, b->model.n_layers,
                                b->grams, b->n_samples, &options, err));
    AMCT_TRY(do_layers(b, err));
    AMCT_TRY(do_groups(b, err));
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    printf("in total %.1f s; peak %.0f MB, of a process that it started %.0f MB\n",
           seconds() - from, 1e-3 * (double)own.ru_maxrss, 1e-3 * (double)children.ru_maxrss);
    return AMCT_OK;
}

int main(int argc, char **argv)
{
    bench b = {0};
    amct_err err = {0};
    bool random_weights = false;
    while (argc > 3 && argv[argc - 1][0] == '-') {
        random_weights |= strcmp(argv[argc - 1], "--random-weights") == 0;
        b.quiet |= strcmp(argv[argc - 1], "--quiet") == 0;
        argc--;
    }
    if (argc != 3) {
        fprintf(stderr, "usage: levels SEARCH.yaml N [--random-weights] [--quiet]\n");
        return 2;
    }
    b.n_samples = (uint32_t)strtoul(argv[2], NULL, 10);
    amct_status status = amct_config_new(&b.config, &err);
    if (status == AMCT_OK)
        status = amct_config_read(b.config, argv[1], &err);
    if (status == AMCT_OK)
        status = run(&b, random_weights, &err);
    if (status != AMCT_OK) /* the system takes back what it held */
        fprintf(stderr, "levels: %s\n", err.text);
    return status == AMCT_OK ? 0 : 1;
}
