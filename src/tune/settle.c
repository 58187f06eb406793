#include "tune/settle.h"

#include "search/search.h"
#include "structure/fixed_rank.h"
#include "structure/groups.h"

#include <string.h>

enum {
    BITS = 1u << AMCT_GENE_BITS,
    CHANNELS = 1u << AMCT_GENE_CHANNELS,
    RANK = 1u << AMCT_GENE_RANK,
    ALL = BITS | CHANNELS | RANK,
};

amct_status amct_settle(amct_config *out, const amct_config *config, amct_err *err)
{
    AMCT_TRY(amct_search_check_algorithm(config->algorithm, err));
    uint32_t kinds = amct_search_algorithm_kinds(config->algorithm);
    amct_config c = *config;
    bool bits = false;
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++) {
        c.levels[k] &= (kinds & BITS) != 0;
        bits |= c.levels[k];
    }
    if (!(kinds & CHANNELS))
        c.n_ratios = 0;
    if (!(kinds & RANK))
        c.rank_levels = 0;
    if (!bits && !c.n_ratios && !c.rank_levels && kinds != ALL)
        return amct_fail(err, AMCT_E_INVALID,
                         "algorithm %s: space: %s, and it searches nothing else", c.algorithm,
                         kinds == BITS       ? "bits has 16 alone"
                         : kinds == CHANNELS ? "sparsity: ratios is empty"
                                             : "rank: levels is 0");
    c.amct_channels = strcmp(c.algorithm, "amct-greedy-prune") == 0;
    c.amct_ranks = strcmp(c.algorithm, "amct-fixed-rank") == 0;
    *out = c;
    return AMCT_OK;
}

static amct_status has_channels(bool *has, const amct_config *c, const amct_graph *graph,
                                amct_err *err)
{
    amct_groups *groups;
    AMCT_TRY(amct_groups_find(&groups, graph, NULL, err));
    for (uint32_t g = 0; g < groups->n; g++) {
        const amct_group *group = &groups->groups[g];
        *has |= !group->blocked && group->n_members &&
                amct_group_step(groups, group, c->multiple) < group->n_lanes;
    }
    amct_groups_free(groups);
    return AMCT_OK;
}

static bool has_ranks(const amct_config *c, const amct_graph *graph, const amct_layer *layer)
{
    amct_columns columns;
    amct_err ignored;
    if (layer->no_int8 ||
        amct_columns_make(&columns, graph, layer, amct_batch_of(graph), &ignored) != AMCT_OK)
        return false;
    if (c->amct_ranks)
        return amct_fixed_rank_applies(&columns);
    for (int form = AMCT_SPLIT_AFTER; form <= AMCT_SPLIT_COLUMNS; form++)
        if (!amct_factorise_why(&columns, (amct_split_form)form) &&
            amct_factorise_most(&columns, (amct_split_form)form) >= c->multiple)
            return true;
    return false;
}

amct_status amct_settle_check(const amct_config *c, const amct_graph *graph,
                              const amct_layer *layers, uint32_t n_layers, uint32_t n_bits,
                              amct_err *err)
{
    uint32_t kinds = amct_search_algorithm_kinds(c->algorithm);
    const char *what = "can have fewer bits and is faster for it";
    bool has = n_bits > 0;
    if (kinds == CHANNELS) {
        has = false;
        what = "makes channels of which some could be dropped";
        AMCT_TRY(has_channels(&has, c, graph, err));
    } else if (kinds == RANK) {
        has = false;
        what = "can be factorised at a rank that saves anything";
        for (uint32_t i = 0; i < n_layers; i++)
            has |= has_ranks(c, graph, &layers[i]);
    } else if (kinds != BITS) {
        return AMCT_OK;
    }
    return has ? AMCT_OK
               : amct_fail(err, AMCT_E_INVALID, "algorithm %s: no layer of the network %s",
                           c->algorithm, what);
}
