/*
 * ptq - what post-training quantisation costs in accuracy, without a search.
 *
 *     ptq CALIBRATION.yaml N [SCORED.yaml] [--levels LEVEL[,PART]...]
 *
 * Both are search files: model, data, preprocessing, quantise. The first N samples of the first one
 * calibrate; all samples of the second one (of the first one, if there is no second) are scored.
 * Prints top-1 and the KL divergence to the float network for the float network, for every layer
 * that can be at a level (w8a8 if none is said) with the static correction of means (what
 * candidates get inside a search), after the sequential one and rebuilt layer by layer (what
 * finalists choose from). LEVEL is w8a8, w4a8, w4a4 or w8a8-2of4; each PART, of first, last,
 * depthwise and others, stays at W8A8. Of w8a8-2of4 layers that cannot have it are at W8A8, too,
 * and a row more has the sparse layers in floats and all others as they were. Samples behind the
 * first N are also scored on their own, as those before are not unseen. Plugins are found through
 * AMCT_PLUGIN_PATH.
 */
#include "bench/scoring.h"

#include "compress/rebuild.h"
#include "compress/refine.h"
#include "ops/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 30 }; /* memory, as in a search */

typedef struct ptq {
    scoring s;
    amct_calibration *calibration;
    amct_leveldb *levels;
    amct_level_kind kind;
    int w8a8; /* parts that have that level instead */
} ptq;

static bool is_depthwise(const amct_layer *layer, const amct_graph *graph)
{
    return layer->groups > 1 && graph->tensors[layer->src].shape.dims[1] == layer->groups;
}

/* Parts of a network. */
enum { FIRST = 1, LAST = 2, DEPTHWISE = 4, OTHERS = 8 };

/* Of layer i, which is the at-th of n that can have a level. */
static int part_of(const ptq *p, uint32_t i, uint32_t at, uint32_t n)
{
    int part = (at == 0 ? FIRST : 0) | (at == n - 1 ? LAST : 0) |
               (is_depthwise(&p->s.model.layers[i], p->s.model.graph) ? DEPTHWISE : 0);
    return part ? part : OTHERS;
}

static amct_level_kind kind_of(const ptq *p, uint32_t i, uint32_t at, uint32_t n)
{
    bool never = amct_level_sparse(p->kind) && p->s.model.layers[i].no_sparse;
    return never || (part_of(p, i, at, n) & p->w8a8) ? AMCT_LEVEL_W8A8 : p->kind;
}

static bool set_level(ptq *p, const char *name)
{
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        if (strcmp(name, amct_level_name((amct_level_kind)k)) == 0) {
            p->kind = (amct_level_kind)k;
            return true;
        }
    return false;
}

static bool set_part(ptq *p, const char *name)
{
    static const char *const parts[] = {"first", "last", "depthwise", "others"};
    for (int k = 0; k < 4; k++)
        if (strcmp(name, parts[k]) == 0) {
            p->w8a8 |= 1 << k;
            return true;
        }
    return false;
}

/* LEVEL[,PART]...; says what is not known. */
static bool parse_levels(ptq *p, char *text)
{
    char *rest, *name = strtok_r(text, ",", &rest);
    bool known = name && set_level(p, name);
    if (!known)
        fprintf(stderr, "ptq: there are no levels '%s'\n", name ? name : "");
    while (known && (name = strtok_r(NULL, ",", &rest)))
        if (!(known = set_part(p, name)))
            fprintf(stderr, "ptq: there is no part '%s'\n", name);
    return known;
}

static void print_range(const ptq *p, const float *rows, uint32_t first)
{
    amct_tally t = scoring_tally(&p->s, rows, first);
    printf("  %u..%u: top1 %.2f agreement %.2f KL %.5f", first, p->s.scored->n - 1,
           100.0 * t.right / t.n, 100.0 * t.agree / t.n, t.kl / t.n);
}

static void print_row(const ptq *p, const char *what, const float *rows)
{
    printf("%-34s", what);
    print_range(p, rows, 0);
    if (p->s.scored == p->s.data)
        print_range(p, rows, p->s.n_calibration);
    printf("\n");
    fflush(stdout);
}

static amct_status score_levels(const ptq *p, const char *what, const amct_quantised *const *levels,
                                amct_err *err)
{
    amct_graph *graph;
    AMCT_TRY(
        amct_stitch(&graph, p->s.model.graph, p->s.model.layers, p->s.model.n_layers, levels, err));
    amct_status status = scoring_rows(p->s.rows, &p->s, graph, err);
    if (status == AMCT_OK)
        print_row(p, what, p->s.rows);
    amct_graph_free(graph);
    return status;
}

/* The sparse layers of the levels in floats: what the zeros alone cost. (Their weights have been
 * rounded to 8 bits, which matters a thousandth of that.) */
static amct_status score_zeros(const ptq *p, const amct_quantised *const *levels, amct_err *err)
{
    amct_graph *graph;
    uint32_t n = 0;
    AMCT_TRY(amct_graph_clone(&graph, p->s.model.graph, err));
    for (uint32_t i = 0; i < p->s.model.n_layers; i++) {
        const amct_layer *l = &p->s.model.layers[i];
        const amct_quantised *q = levels[i];
        if (!q || !q->sparse || l->bias == AMCT_NO_TENSOR)
            continue;
        const amct_tensor *w = &p->s.model.graph->tensors[l->weights];
        const amct_node *node = &p->s.model.graph->nodes[l->node];
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
    amct_status status = n ? scoring_rows(p->s.rows, &p->s, graph, err) : AMCT_OK;
    if (n && status == AMCT_OK)
        print_row(p, "sparse layers in floats", p->s.rows);
    amct_graph_free(graph);
    return status;
}

static amct_status calibrate(ptq *p, amct_err *err)
{
    amct_selection first;
    amct_feed feed = scoring_feed(&p->s, &first);
    amct_level_options options = {p->s.config->weights, true};
    AMCT_TRY(amct_calibrate(&p->calibration, p->s.model.graph, p->s.model.layers,
                            p->s.model.n_layers, &feed, &p->s.config->range, p->s.jobs, err));
    AMCT_TRY(amct_leveldb_new(&p->levels, p->s.model.graph, p->s.model.layers, p->calibration,
                              &options, NULL, err));
    uint32_t kinds = 1u << AMCT_LEVEL_W8A8 | 1u << p->kind;
    double from = scoring_now();
    AMCT_TRY(amct_leveldb_fill_all(p->levels, kinds, &feed, p->s.jobs, (size_t)4 << 30, err));
    printf("levels: %.2f s in %u processes\n", scoring_now() - from, p->s.jobs);
    return AMCT_OK;
}

static amct_status quantise(ptq *p, amct_err *err)
{
    uint32_t n = p->s.model.n_layers;
    amct_selection first;
    amct_feed feed = scoring_feed(&p->s, &first);
    const amct_quantised **levels = calloc(n + 1, sizeof *levels);
    const amct_quantised **refined = calloc(n + 1, sizeof *refined);
    amct_arena *arena = amct_arena_new();
    amct_exec *exec = NULL;
    amct_status status = levels && refined && arena ? AMCT_OK : amct_fail_nomem(err);
    uint32_t n_able = 0, at = 0;
    for (uint32_t i = 0; i < n; i++)
        n_able += !p->s.model.layers[i].no_int8;
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++)
        if (!p->s.model.layers[i].no_int8)
            status = amct_leveldb_get(&levels[i], p->levels, i, kind_of(p, i, at++, n_able), err);
    if (status == AMCT_OK)
        status = score_levels(p, "static mean correction", levels, err);
    if (status == AMCT_OK)
        status = score_zeros(p, levels, err);
    if (status == AMCT_OK)
        status = amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err);
    double begin = scoring_now();
    if (status == AMCT_OK)
        status = amct_refine_means(refined, arena, exec, p->s.model.graph, p->s.model.layers, n,
                                   p->calibration, levels, &feed, LIMIT, p->s.jobs, err);
    printf("means: %.2f s\n", scoring_now() - begin);
    if (status == AMCT_OK)
        status = score_levels(p, "sequential mean correction", refined, err);
    begin = scoring_now();
    if (status == AMCT_OK)
        status = amct_rebuild(refined, arena, exec, p->s.model.graph, p->s.model.layers, n, levels,
                              &feed, LIMIT, p->s.jobs, err);
    printf("rebuilding: %.2f s\n", scoring_now() - begin);
    if (status == AMCT_OK)
        status = score_levels(p, "rebuilt", refined, err);
    amct_exec_free(exec);
    amct_arena_free(arena);
    free(levels);
    free(refined);
    return status;
}

int main(int argc, char **argv)
{
    ptq p = {0};
    amct_err err = {0};
    bool known = true;
    p.kind = AMCT_LEVEL_W8A8;
    if (argc > 4 && strcmp(argv[argc - 2], "--levels") == 0) {
        known = parse_levels(&p, argv[argc - 1]);
        argc -= 2;
    }
    if (argc < 3 || argc > 4 || !known) {
        fprintf(stderr,
                "usage: ptq CALIBRATION.yaml N [SCORED.yaml] [--levels LEVEL[,PART]...]; "
                "levels: w8a8, w4a8, w4a4, w8a8-2of4; parts that stay at w8a8: first, last, "
                "depthwise, others\n");
        return 2;
    }
    uint32_t n = (uint32_t)strtoul(argv[2], NULL, 10);
    amct_status status = scoring_open(&p.s, argv[1], n, argc == 4 ? argv[3] : NULL, &err);
    if (status == AMCT_OK) {
        print_row(&p, "float", p.s.original);
        status = calibrate(&p, &err);
    }
    if (status == AMCT_OK)
        status = quantise(&p, &err);
    if (status != AMCT_OK) /* the system takes back what it held */
        fprintf(stderr, "ptq: %s\n", err.text);
    return status == AMCT_OK ? 0 : 1;
}
