#include "tune/stages.h"

#include <stdlib.h>
#include <string.h>

enum { STAGES = 6, MACS_PER_FLOAT = 100 };

typedef struct chooser {
    amct_stages *to;
    const amct_graph *graph;
    const double *node_macs;
    bool *before;   /* per node: fixed, or passed already */
    double each;    /* multiplications of a stage */
    double passed;  /* of the changing nodes so far */
    double at_last; /* the same at the last cut */
    size_t most_row_bytes;
    amct_cut best; /* of the window that is open */
    uint32_t best_node;
} chooser;

/* Tries the cut behind the nodes passed; the smallest of a window is taken. */
static amct_status consider(chooser *c, uint32_t node, amct_err *err)
{
    amct_cut cut;
    bool usable;
    AMCT_TRY(amct_cut_make(&cut, &usable, c->graph, c->before, err));
    if (!usable)
        return AMCT_OK;
    bool worth = (double)(cut.row_bytes / sizeof(float)) * MACS_PER_FLOAT <= c->passed - c->at_last;
    if (!worth || cut.row_bytes > c->most_row_bytes ||
        (c->best.tensors && c->best.row_bytes <= cut.row_bytes)) {
        amct_cut_free(&cut);
        return AMCT_OK;
    }
    amct_cut_free(&c->best);
    c->best = cut;
    c->best_node = node;
    return AMCT_OK;
}

/* Ends a stage behind best_node. */
static void take(chooser *c, uint8_t *stage_of_node, uint32_t *next)
{
    while (*next <= c->best_node)
        stage_of_node[(*next)++] = (uint8_t)(c->to->n - 1);
    c->to->ends[c->to->n++ - 1] = c->best;
    c->best = (amct_cut){0};
}

static amct_status choose(chooser *c, uint8_t *stage_of_node, amct_err *err)
{
    const amct_graph *g = c->graph;
    uint32_t next = 0; /* the first node without a stage */
    double best_passed = 0;
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        bool fixed = c->before[n];
        c->before[n] = true;
        c->passed += fixed ? 0 : c->node_macs[n];
        double due = c->to->n * c->each;
        if (c->passed < due || c->to->n == STAGES)
            continue;
        uint32_t had = c->best_node;
        bool open = c->best.tensors;
        AMCT_TRY(consider(c, n, err));
        if (c->best.tensors && (!open || c->best_node != had))
            best_passed = c->passed;
        if (c->best.tensors && c->passed >= due + c->each / 2) {
            take(c, stage_of_node, &next);
            c->at_last = best_passed;
        }
    }
    while (next < g->n_nodes)
        stage_of_node[next++] = (uint8_t)(c->to->n - 1);
    return AMCT_OK;
}

static void find_groups(amct_stages *to, const amct_groups *groups, const uint8_t *of_node)
{
    for (uint32_t g = 0; g < groups->n; g++) {
        to->of_group[g] = (uint8_t)(to->n - 1);
        for (uint32_t k = 0; k < groups->groups[g].n_members; k++) {
            uint32_t operand = groups->groups[g].members[k].operand;
            uint8_t at = of_node[groups->lanes->operands[operand].node];
            to->of_group[g] = at < to->of_group[g] ? at : to->of_group[g];
        }
    }
}

amct_status amct_stages_make(amct_stages *out, const amct_graph *graph, const bool *changing,
                             const double *node_macs, const amct_layer *layers, uint32_t n_layers,
                             const amct_groups *groups, uint32_t n_samples, size_t limit_bytes,
                             amct_err *err)
{
    amct_stages stages = {.n = 1, .n_layers = n_layers, .n_groups = groups ? groups->n : 0};
    chooser c = {.to = &stages,
                 .graph = graph,
                 .node_macs = node_macs,
                 .before = amct_prefix_fixed(graph, changing),
                 .most_row_bytes = limit_bytes / STAGES / (n_samples + 1)};
    uint8_t *of_node = calloc(graph->n_nodes + 1, 1);
    stages.of_layer = calloc(n_layers + 1, 1);
    stages.of_group = calloc(stages.n_groups + (size_t)1, 1);
    amct_status status =
        c.before && of_node && stages.of_layer && stages.of_group ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++)
        c.each += c.before[n] ? 0 : node_macs[n] / STAGES;
    if (status == AMCT_OK)
        status = choose(&c, of_node, err);
    for (uint32_t i = 0; status == AMCT_OK && i < n_layers; i++)
        stages.of_layer[i] = of_node[layers[i].node];
    if (status == AMCT_OK && groups)
        find_groups(&stages, groups, of_node);
    amct_cut_free(&c.best);
    free(c.before);
    free(of_node);
    if (status != AMCT_OK)
        amct_stages_free(&stages);
    else
        *out = stages;
    return status;
}

void amct_stages_free(amct_stages *stages)
{
    for (uint32_t i = 0; i + 1 < stages->n; i++)
        amct_cut_free(&stages->ends[i]);
    free(stages->of_layer);
    free(stages->of_group);
    *stages = (amct_stages){0};
}
