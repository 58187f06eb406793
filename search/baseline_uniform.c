/*
 * The baseline "uniform": one level for all genes, each level in turn; genes with fewer levels take
 * their last one.
 */
#include "search/engine.h"

#include <stdlib.h>

typedef struct uniform {
    uint32_t level;
    uint8_t *genome;
} uniform;

static void end(void *self)
{
    uniform *u = self;
    free(u->genome);
    free(u);
}

static void *start(const amct_search *search)
{
    uniform *u = calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->genome = calloc(search->problem.space.n_genes, 1);
    if (!u->genome) {
        end(u);
        return NULL;
    }
    return u;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    uniform *u = self;
    const amct_space *space = &search->problem.space;
    search->phase = "uniform";
    while (u->level + 1 < AMCT_LEVELS_MAX && amct_engine_room(search)) {
        u->level++;
        for (uint32_t g = 0; g < space->n_genes; g++)
            u->genome[g] =
                (uint8_t)(u->level < space->n_levels[g] ? u->level : space->n_levels[g] - 1u);
        AMCT_TRY(amct_engine_propose(search, u->genome, AMCT_SLOT_UNRACED, NULL, err));
    }
    if (!search->n_asks)
        amct_engine_finish(search, AMCT_SEARCH_COMPLETE);
    return AMCT_OK;
}

const amct_algorithm amct_algorithm_uniform = {
    .name = "uniform",
    .summary = "one level for all genes, each level in turn",
    .start = start,
    .end = end,
    .next = next,
};
