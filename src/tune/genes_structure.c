/* The genes of channels and ranks. */
#include "tune/candidate.h"
#include "tune/genes.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct adder {
    amct_genes *to;
    const amct_config *config;
    const amct_layer *layers;
    const amct_structure *structure;
    amct_costing *costing;
    uint8_t *company[2]; /* the other choices: none, and every layer at its deepest dense level */
} adder;

static void skip(adder *a, amct_gene_kind kind, uint32_t index, uint32_t value, const char *reason)
{
    a->to->skipped[a->to->n_skipped++] = (amct_skipped){kind, index, value, reason};
}

/* *faster: whether value gains over `less`, in some company. */
static amct_status is_faster(bool *faster, adder *a, uint32_t slot, uint8_t value, uint8_t less,
                             amct_err *err)
{
    *faster = false;
    for (int c = 0; c < 2 && !*faster; c++) {
        amct_graph_cost with, without;
        uint8_t *company = a->company[c];
        company[slot] = less;
        amct_status status = amct_costing_total(a->costing, company, &without, err);
        company[slot] = value;
        if (status == AMCT_OK)
            status = amct_costing_total(a->costing, company, &with, err);
        company[slot] = 0;
        AMCT_TRY(status);
        *faster = with.latency_ns < without.latency_ns;
    }
    return AMCT_OK;
}

/* A gene of those values, in the order of what they lose, that gain over the one before. */
static amct_status add(adder *a, amct_gene gene, const uint8_t *values, uint32_t n, amct_err *err)
{
    gene.n_levels = 1;
    a->to->any |= n > 0;
    for (uint32_t i = 0; i < n && gene.n_levels < AMCT_GENE_LEVELS; i++) {
        bool faster = a->config->amct_ranks; /* AMCT does not ask */
        if (!faster)
            AMCT_TRY(
                is_faster(&faster, a, gene.slot, values[i], gene.values[gene.n_levels - 1], err));
        if (faster)
            gene.values[gene.n_levels++] = values[i];
        else
            skip(a, gene.kind, gene.index, values[i],
                 "it is not faster on the target than a level that loses less");
    }
    if (gene.n_levels == 1) {
        a->to->n_skipped -= n; /* one reason for all of them */
        skip(a, gene.kind, gene.index, 0, "it is not faster on the target");
        return AMCT_OK;
    }
    a->to->n_levels[a->to->n] = (uint8_t)gene.n_levels;
    a->to->genes[a->to->n++] = gene;
    return AMCT_OK;
}

static bool is_skipped(const adder *a, const char *name)
{
    for (uint32_t k = 0; k < a->config->n_skip; k++)
        if (fnmatch(a->config->skip[k], name, 0) == 0)
            return true;
    return false;
}

/* The layers that make or read the group's channels. */
static void find_touched(bool *touched, const adder *a, const amct_group *group)
{
    const amct_lanes *lanes = amct_structure_lanes(a->structure);
    for (uint32_t m = 0; m < group->n_members; m++) {
        uint32_t node = lanes->operands[group->members[m].operand].node;
        for (uint32_t l = 0; l < a->to->n_layers; l++)
            touched[l] |= a->layers[l].node == node;
    }
}

/* A layer that is to stay as it is neither makes nor reads fewer channels. */
static bool any_is_skipped(const adder *a, const bool *touched)
{
    for (uint32_t l = 0; l < a->to->n_layers; l++)
        if (touched[l] && is_skipped(a, a->layers[l].name))
            return true;
    return false;
}

/* Of each ratio that is asked for, the nearest level. */
static amct_status add_group(adder *a, uint32_t g, amct_err *err)
{
    amct_group_levels levels = amct_structure_group(a->structure, g);
    amct_gene gene = {
        .kind = AMCT_GENE_CHANNELS, .index = g, .slot = a->to->n_layers + g, .n_levels = 1};
    uint8_t values[AMCT_GENE_LEVELS];
    uint32_t n = 0;
    bool *touched = amct_arena_array(a->to->arena, a->to->n_layers, sizeof *touched);
    if (!touched)
        return amct_fail_nomem(err);
    find_touched(touched, a, levels.group);
    gene.touched = touched;
    const char *why = levels.why                   ? levels.why
                      : any_is_skipped(a, touched) ? "skipped as asked"
                                                   : NULL;
    if (why) {
        skip(a, gene.kind, g, 0, why);
        return AMCT_OK;
    }
    for (uint32_t r = 0; r < a->config->n_ratios && n < AMCT_GENE_LEVELS; r++) {
        double wanted = (1 - a->config->ratios[r]) * levels.group->n_lanes;
        uint32_t best = 0;
        for (uint32_t k = 1; k < levels.n; k++)
            if (fabs(levels.kept[k] - wanted) < fabs(levels.kept[best] - wanted))
                best = k;
        bool new = best < UINT8_MAX && a->config->ratios[r] > 0;
        for (uint32_t i = 0; i < n; i++)
            new = new &&values[i] < best + 1;
        if (new)
            values[n++] = (uint8_t)(best + 1);
    }
    return add(a, gene, values, n, err);
}

/* The largest rank in begin .. end - 1 that gains over the whole layer, by bisection, as latency
 * falls with the rank but for steps of the hardware; end - 1 if not even the smallest one does. */
static amct_status find_first_faster(uint32_t *first, adder *a, uint32_t slot, uint32_t begin,
                                     uint32_t end, amct_err *err)
{
    while (begin + 1 < end) {
        uint32_t middle = begin + (end - begin - 1) / 2;
        bool faster = true; /* beyond what a choice can say */
        if (middle < UINT8_MAX)
            AMCT_TRY(is_faster(&faster, a, slot, (uint8_t)(middle + 1), 0, err));
        if (faster)
            end = middle + 1;
        else
            begin = middle + 1;
    }
    *first = begin;
    return AMCT_OK;
}

/* Ranks of the form that is faster at about half the multiplications, spread evenly over those that
 * gain. */
static amct_status add_ranks(adder *a, uint32_t l, amct_err *err)
{
    amct_layer_ranks ranks = amct_structure_layer(a->structure, l);
    amct_gene gene = {.kind = AMCT_GENE_RANK,
                      .index = l,
                      .slot = a->to->n_choices - a->to->n_layers + l,
                      .n_levels = 1};
    uint8_t values[AMCT_GENE_LEVELS];
    uint32_t n = 0, begin = 0, end = ranks.n;
    const char *why = ranks.why                          ? ranks.why
                      : is_skipped(a, a->layers[l].name) ? "skipped as asked"
                                                         : NULL;
    if (why) {
        skip(a, gene.kind, l, 0, why);
        return AMCT_OK;
    }
    uint32_t second = 0; /* where the other form begins */
    while (second < ranks.n && ranks.ranks[second].form == ranks.ranks[0].form)
        second++;
    if (second && second < ranks.n) {
        bool faster;
        uint32_t other = second + (ranks.n - second) / 2;
        if (other >= UINT8_MAX)
            other = second;
        AMCT_TRY(
            is_faster(&faster, a, gene.slot, (uint8_t)(other + 1), (uint8_t)(second / 2 + 1), err));
        begin = faster ? second : 0;
        end = faster ? ranks.n : second;
    }
    a->to->any |= ranks.n && a->config->rank_levels;
    if (!a->config->amct_ranks)
        AMCT_TRY(find_first_faster(&begin, a, gene.slot, begin, end, err));
    uint32_t wanted = a->config->rank_levels;
    wanted = wanted < AMCT_GENE_LEVELS - 1 ? wanted : AMCT_GENE_LEVELS - 1;
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t k = begin + (end - begin) * i / wanted;
        if (k < UINT8_MAX && (!n || values[n - 1] < k + 1))
            values[n++] = (uint8_t)(k + 1);
    }
    return add(a, gene, values, n, err);
}

static amct_status begin(adder *a, amct_err *err)
{
    amct_genes *to = a->to;
    uint32_t n_groups = amct_structure_n_groups(a->structure);
    to->n_choices = amct_parts_choices(to->n_layers, a->structure);
    size_t most = to->n + n_groups + to->n_layers + (size_t)1;
    size_t skips = to->n_skipped + (n_groups + to->n_layers) * (size_t)AMCT_GENE_LEVELS +
                   to->n_layers * (size_t)AMCT_N_LEVELS;
    amct_gene *genes = amct_arena_array(to->arena, most, sizeof *genes);
    uint8_t *n_levels = amct_arena_array(to->arena, most, 1);
    amct_skipped *skipped = amct_arena_array(to->arena, skips, sizeof *skipped);
    for (int c = 0; c < 2; c++)
        a->company[c] = amct_arena_array(to->arena, to->n_choices, 1);
    if (!genes || !n_levels || !skipped || !a->company[0] || !a->company[1])
        return amct_fail_nomem(err);
    memcpy(genes, to->genes, to->n * sizeof *genes);
    memcpy(n_levels, to->n_levels, to->n);
    memcpy(skipped, to->skipped, to->n_skipped * sizeof *skipped);
    to->genes = genes;
    to->n_levels = n_levels;
    to->skipped = skipped;
    for (uint32_t g = 0; g < to->n; g++)
        a->company[1][genes[g].slot] = amct_gene_dense(&genes[g]);
    return AMCT_OK;
}

amct_status amct_genes_add_structure(amct_genes *genes, const amct_config *config,
                                     const amct_layer *layers, const amct_structure *structure,
                                     amct_costing *costing, amct_err *err)
{
    adder a = {genes, config, layers, structure, costing, {NULL, NULL}};
    AMCT_TRY(begin(&a, err));
    for (uint32_t g = 0; config->n_ratios && g < amct_structure_n_groups(structure); g++)
        AMCT_TRY(add_group(&a, g, err));
    for (uint32_t l = 0; config->rank_levels && l < genes->n_layers; l++)
        AMCT_TRY(add_ranks(&a, l, err));
    return AMCT_OK;
}
