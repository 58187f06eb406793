/* The algorithm "auto": the fastest genomes by cost alone. */
#include "search/auto.h"
#include "search/cheapest.h"

#include <string.h>

static amct_status find_fastest(amct_auto *a, amct_search *search, amct_err *err)
{
    return amct_cheapest(&search->problem.space, &a->chain, &search->memo, search->options.seed,
                         AMCT_AUTO_SETUP_CALLS, a->fastest, &a->fastest_ns, err);
}

/* Proposes a->genome, unless it saves nothing. */
amct_status amct_auto_propose(amct_auto *a, amct_search *search, amct_err *err)
{
    double cost;
    AMCT_TRY(amct_memo_cost(&search->memo, a->genome, &cost, err));
    if (!(cost < search->original_ns))
        return AMCT_OK;
    return amct_engine_propose(search, a->genome, AMCT_SLOT_UNRACED, NULL, err);
}

bool amct_auto_has_kind(const amct_space *space, uint8_t kind)
{
    for (uint32_t g = 0; g < space->n_genes; g++)
        if (space->kinds[g] == kind && space->n_levels[g] > 1)
            return true;
    return false;
}

bool amct_auto_has_kinds(const amct_space *space)
{
    uint32_t n = 0;
    for (uint8_t kind = 0; kind < AMCT_GENE_KINDS; kind++)
        n += amct_auto_has_kind(space, kind);
    return n > 1;
}

/* The fastest with the genes of one kind alone. */
static amct_status propose_kind(amct_auto *a, amct_search *search, uint8_t kind, amct_err *err)
{
    amct_space space = search->problem.space;
    uint8_t n_levels[AMCT_GENES_MAX];
    amct_chain chain = {0};
    double cost;
    for (uint32_t g = 0; g < space.n_genes; g++)
        n_levels[g] = space.kinds[g] == kind ? space.n_levels[g] : 1;
    space.n_levels = n_levels;
    amct_status status = amct_chain_start(&chain, &space, err);
    if (status == AMCT_OK)
        status = amct_cheapest(&space, &chain, &search->memo, search->options.seed,
                               AMCT_AUTO_SETUP_CALLS / 4, a->genome, &cost, err);
    amct_chain_end(&chain);
    AMCT_TRY(status);
    uint32_t n = search->archive.genomes.count;
    AMCT_TRY(amct_auto_propose(a, search, err));
    a->fastest_of[kind] = search->archive.genomes.count > n ? n : 0;
    return AMCT_OK;
}

amct_status amct_auto_ask_fastest(amct_auto *a, amct_search *search, amct_err *err)
{
    search->phase = "fastest assignment";
    if (a->round++ == 0) {
        AMCT_TRY(find_fastest(a, search, err));
        if (!(a->fastest_ns < (1 - search->problem.least_gain_ratio) * search->original_ns)) {
            amct_engine_finish(search, AMCT_SEARCH_NOTHING_FASTER);
            return AMCT_OK;
        }
        return amct_engine_propose(search, a->fastest, AMCT_SLOT_UNRACED, NULL, err);
    }
    const amct_space *space = &search->problem.space;
    for (uint8_t kind = 0; amct_auto_has_kinds(space) && kind < AMCT_GENE_KINDS; kind++)
        if (amct_auto_has_kind(space, kind))
            AMCT_TRY(propose_kind(a, search, kind, err));
    amct_auto_enter(a, AMCT_AUTO_PROBES);
    return amct_probes_plan_all(&a->probes, search, err);
}
