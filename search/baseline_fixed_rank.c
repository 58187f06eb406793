/*
 * The baseline "amct-fixed-rank": the tensor decomposition of Huawei's AMCT, which factorises every
 * layer that it can, each at a rank that a rule gives. The caller offers that rank as level 1 of
 * the layer's gene. One candidate is measured, nothing is searched.
 */
#include "search/engine.h"

#include <stdlib.h>

typedef struct fixed_rank {
    bool asked;
} fixed_rank;

static void *start(const amct_search *search)
{
    (void)search;
    return calloc(1, sizeof(fixed_rank));
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    fixed_rank *f = self;
    search->phase = "fixed ranks";
    if (f->asked) {
        amct_engine_finish(search, AMCT_SEARCH_COMPLETE);
        return AMCT_OK;
    }
    f->asked = true;
    uint8_t *genome = calloc(search->problem.space.n_genes, 1);
    if (!genome)
        return amct_fail_nomem(err);
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++)
        genome[g] = search->n_levels[g] > 1;
    amct_status status = amct_engine_propose(search, genome, AMCT_SLOT_UNRACED, NULL, err);
    free(genome);
    return status;
}

const amct_algorithm amct_algorithm_fixed_rank = {
    .name = "amct-fixed-rank",
    .summary = "AMCT's: every layer that its rule factorises, at the rank of that rule",
    .kinds = 1u << AMCT_GENE_RANK,
    .start = start,
    .end = free,
    .next = next,
};
