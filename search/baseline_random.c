/*
 * The baseline "random": each candidate changes a number of genes drawn evenly from 1 to all, each
 * of them to a level drawn evenly. Raced like others, since a race only spares samples.
 */
#include "search/draw.h"
#include "search/engine.h"

#include <stdlib.h>

enum { ATTEMPTS = 1024 }; /* to find a genome not asked yet */

typedef struct random_search {
    uint8_t *genome;
    uint32_t *genes;
} random_search;

static void end(void *self)
{
    random_search *r = self;
    free(r->genome);
    free(r->genes);
    free(r);
}

static void *start(const amct_search *search)
{
    random_search *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->genome = calloc(search->problem.space.n_genes, 1);
    r->genes = calloc(search->problem.space.n_genes, sizeof *r->genes);
    if (!r->genome || !r->genes) {
        end(r);
        return NULL;
    }
    return r;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    random_search *r = self;
    search->phase = "random";
    while (amct_engine_room(search)) {
        bool added = false;
        amct_pcg rng = amct_pcg_new(search->options.seed, search->n_asked + 1);
        for (int i = 0; i < ATTEMPTS && !added; i++) {
            amct_draw_stratified(r->genome, &search->problem.space, r->genes, &rng);
            AMCT_TRY(amct_engine_propose(search, r->genome, AMCT_SLOT_RACED, &added, err));
        }
        if (!added)
            break;
    }
    if (!search->n_asks) {
        bool used = search->archive.genomes.count == search->options.evaluations;
        amct_engine_finish(search, used ? AMCT_SEARCH_EVALUATIONS : AMCT_SEARCH_EXHAUSTED);
    }
    return AMCT_OK;
}

const amct_algorithm amct_algorithm_random = {
    .name = "random",
    .summary = "random assignments, stratified by the number of changed genes",
    .start = start,
    .end = end,
    .next = next,
};
