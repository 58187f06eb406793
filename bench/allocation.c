#include "bench/allocation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Genes ------------------------------------------------------------------------------------
 */

static bool wanted(amct_split_form form, allocation_what what)
{
    return (form >= AMCT_SPLIT_ROWS) == (what == WHAT_SPATIAL);
}

/* Ranks of the wanted form follow each other. */
static const amct_rank *ranks_of(const allocation *a, uint32_t layer, allocation_what what,
                                 uint32_t *n)
{
    amct_layer_ranks r = amct_structure_layer(a->structure, layer);
    const amct_rank *first = NULL;
    *n = 0;
    for (uint32_t i = 0; i < r.n; i++)
        if (wanted(r.ranks[i].form, what)) {
            first = first ? first : &r.ranks[i];
            ++*n;
        }
    return first;
}

static bool made_by_one(const amct_lanes *lanes, const amct_group *group)
{
    uint32_t makers = 0;
    for (uint32_t i = 0; i < group->n_members; i++)
        makers += lanes->operands[group->members[i].operand].use == AMCT_LANE_MADE;
    return makers == 1;
}

static amct_status add(allocation *a, gene g, amct_err *err)
{
    g.need = calloc(g.n_levels + (size_t)1, sizeof *g.need);
    a->genes[a->n_genes++] = g;
    return g.need ? AMCT_OK : amct_fail_nomem(err);
}

amct_status allocation_make(allocation *a, allocation_what what, amct_err *err)
{
    uint32_t n_groups = amct_structure_n_groups(a->structure);
    const amct_lanes *lanes = amct_structure_lanes(a->structure);
    a->genes = calloc(n_groups + a->n_layers + (size_t)1, sizeof *a->genes);
    a->level = calloc(n_groups + a->n_layers + (size_t)1, sizeof *a->level);
    a->kept = calloc(n_groups + (size_t)1, sizeof *a->kept);
    a->ranks = calloc(a->n_layers + (size_t)1, sizeof *a->ranks);
    a->gene_of_lane = malloc((lanes->n + (size_t)1) * sizeof *a->gene_of_lane);
    if (!a->genes || !a->level || !a->kept || !a->ranks || !a->gene_of_lane)
        return amct_fail_nomem(err);
    memset(a->gene_of_lane, 0xff, lanes->n * sizeof *a->gene_of_lane);
    for (uint32_t g = 0; what == WHAT_CHANNELS && g < n_groups; g++) {
        amct_group_levels l = amct_structure_group(a->structure, g);
        if (!l.n)
            continue;
        for (uint32_t i = 0; i < l.group->n_lanes; i++)
            a->gene_of_lane[l.group->lanes[i]] = a->n_genes;
        gene new = {.inner = made_by_one(lanes, l.group),
                    .id = g,
                    .n_levels = l.n + 1,
                    .name = l.group->name};
        AMCT_TRY(add(a, new, err));
    }
    for (uint32_t l = 0; what != WHAT_CHANNELS && l < a->n_layers; l++) {
        uint32_t n;
        gene new = {.is_layer = true,
                    .inner = true,
                    .id = l,
                    .name = a->layers[l].name,
                    .ranks = ranks_of(a, l, what, &n)};
        new.n_levels = n + 1;
        if (n)
            AMCT_TRY(add(a, new, err));
    }
    return AMCT_OK;
}

static amct_rank rank_at(const gene *g, uint32_t level)
{
    return level ? g->ranks[level - 1] : (amct_rank){.rank = 0};
}

static uint32_t kept_at(const allocation *a, const gene *g, uint32_t level)
{
    amct_group_levels l = amct_structure_group(a->structure, g->id);
    return level ? l.kept[level - 1] : l.group->n_lanes;
}

amct_structure_genome allocation_genome(allocation *a)
{
    for (uint32_t i = 0; i < a->n_genes; i++)
        if (a->genes[i].is_layer)
            a->ranks[a->genes[i].id] = rank_at(&a->genes[i], a->level[i]);
        else
            a->kept[a->genes[i].id] = kept_at(a, &a->genes[i], a->level[i]);
    return (amct_structure_genome){a->kept, a->ranks};
}

/* ---- Multiplications --------------------------------------------------------------------------
 */

/* The part of the channels that a node's weights still have for a use. */
static double share_of(const allocation *a, uint32_t node, amct_lane_use use)
{
    const amct_lane_operand *o = amct_lanes_operand(amct_structure_lanes(a->structure), node, use);
    if (!o)
        return 1;
    int64_t n = a->graph->tensors[a->graph->nodes[node].src[o->src]].shape.dims[o->axis];
    double kept = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t g = a->gene_of_lane[o->lanes[i]];
        kept += g == UINT32_MAX
                    ? 1
                    : (double)kept_at(a, &a->genes[g], a->level[g]) / kept_at(a, &a->genes[g], 0);
    }
    return kept / (double)n;
}

double allocation_macs(const allocation *a)
{
    double *part = malloc((a->n_layers + (size_t)1) * sizeof *part), sum = 0;
    for (uint32_t l = 0; part && l < a->n_layers; l++)
        part[l] = 1;
    for (uint32_t i = 0; part && i < a->n_genes; i++) {
        const gene *g = &a->genes[i];
        if (!g->is_layer || !a->level[i])
            continue;
        const amct_columns *c = &a->grams[g->id]->columns;
        amct_rank r = rank_at(g, a->level[i]);
        part[g->id] =
            (double)amct_factorise_macs(c, r.form, r.rank) / (double)(c->columns * c->outputs);
    }
    for (uint32_t l = 0; part && l < a->n_layers; l++) {
        uint32_t node = a->layers[l].node;
        sum += (double)a->layers[l].macs * part[l] * share_of(a, node, AMCT_LANE_MADE) *
               share_of(a, node, AMCT_LANE_TAKEN) * share_of(a, node, AMCT_LANE_THROUGH);
    }
    free(part);
    return sum;
}

/* ---- How much of which ------------------------------------------------------------------------
 */

/* What a level of a gene leaves of it. */
static double size_at(const allocation *a, const gene *g, uint32_t level)
{
    if (!level)
        return 1;
    if (!g->is_layer)
        return (double)kept_at(a, g, level) / kept_at(a, g, 0);
    const amct_columns *c = &a->grams[g->id]->columns;
    amct_rank r = rank_at(g, level);
    return (double)amct_factorise_macs(c, r.form, r.rank) / (double)(c->columns * c->outputs);
}

static void set_size(allocation *a, double size)
{
    for (uint32_t i = 0; i < a->n_genes; i++) {
        const gene *g = &a->genes[i];
        a->level[i] = 0;
        for (uint32_t l = 1; g->inner && l < g->n_levels; l++)
            if (fabs(size_at(a, g, l) - size) < fabs(size_at(a, g, a->level[i]) - size))
                a->level[i] = l;
    }
}

void allocation_uniform(allocation *a, double target)
{
    double low = 0, high = 1;
    for (int i = 0; i < 40; i++) {
        set_size(a, (low + high) / 2);
        if (allocation_macs(a) > target)
            high = (low + high) / 2;
        else
            low = (low + high) / 2;
    }
    set_size(a, low);
}

/* What a level instead of the present one adds in need, for each multiplication that it saves. */
static double price(allocation *a, uint32_t i, uint32_t level, double now)
{
    uint32_t before = a->level[i];
    a->level[i] = level;
    double saved = now - allocation_macs(a);
    a->level[i] = before;
    return saved > 0 ? (a->genes[i].need[level] - a->genes[i].need[before]) / saved : INFINITY;
}

/* Takes back what need not have gone. */
static void give_back(allocation *a, double target)
{
    for (;;) {
        uint32_t best = a->n_genes, best_level = 0;
        double most = 0;
        for (uint32_t i = 0; i < a->n_genes; i++) {
            uint32_t before = a->level[i];
            for (uint32_t l = 0; l < before; l++) {
                a->level[i] = l;
                double gain = a->genes[i].need[before] - a->genes[i].need[l];
                if (gain > most && allocation_macs(a) <= target)
                    most = gain, best = i, best_level = l;
            }
            a->level[i] = before;
        }
        if (best == a->n_genes)
            return;
        a->level[best] = best_level;
    }
}

void allocation_by_need(allocation *a, double target)
{
    memset(a->level, 0, a->n_genes * sizeof *a->level);
    for (double now = allocation_macs(a); now > target; now = allocation_macs(a)) {
        uint32_t best = a->n_genes, best_level = 0;
        double least = INFINITY;
        for (uint32_t i = 0; i < a->n_genes; i++)
            for (uint32_t l = a->level[i] + 1; l < a->genes[i].n_levels; l++) {
                double cost = price(a, i, l, now);
                if (cost < least)
                    least = cost, best = i, best_level = l;
            }
        if (best == a->n_genes)
            return;
        a->level[best] = best_level;
    }
    give_back(a, target);
}
