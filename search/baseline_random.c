/*
 * The baseline "random": each candidate changes a number of genes drawn evenly from 1 to all, each
 * of them to a level drawn evenly. Raced like others, since a race only spares samples.
 */
#include "search/engine.h"

#include "base/pcg.h"

#include <stdlib.h>
#include <string.h>

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

static void draw(random_search *r, const amct_space *space, amct_pcg *rng)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < space->n_genes; g++)
        if (space->n_levels[g] > 1)
            r->genes[n++] = g;
    memset(r->genome, 0, space->n_genes);
    uint32_t changed = n ? 1 + amct_pcg_below(rng, n) : 0;
    for (uint32_t i = 0; i < changed; i++) { /* the first steps of a shuffle */
        uint32_t k = i + amct_pcg_below(rng, n - i), g = r->genes[k];
        r->genes[k] = r->genes[i];
        r->genes[i] = g;
        r->genome[g] = (uint8_t)(1 + amct_pcg_below(rng, space->n_levels[g] - 1u));
    }
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    random_search *r = self;
    search->phase = "random";
    while (amct_engine_room(search)) {
        bool added = false;
        amct_pcg rng = amct_pcg_new(search->options.seed, search->n_asked + 1);
        for (int i = 0; i < ATTEMPTS && !added; i++) {
            draw(r, &search->problem.space, &rng);
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
