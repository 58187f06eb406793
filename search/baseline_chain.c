/*
 * The baseline "chain": one compressor after the other, as people do it by hand. First layers are
 * factorised, then channels dropped, then bits, each on top of what the one before left, and each
 * as far as its share of the budget goes: the first of three a third of it, the second two thirds
 * in all, the last the whole; kinds without a choice have no share. Within a stage levels are taken
 * in the order of the loss of the network with the gene alone at the level for the time that they
 * save, and how many of them is found by bisection over candidates measured whole.
 */
#include "search/greedy.h"

#include <stdlib.h>
#include <string.h>

enum { SETUP_CALLS = 4096 };
static const uint8_t order[AMCT_GENE_KINDS] = {AMCT_GENE_RANK, AMCT_GENE_CHANNELS, AMCT_GENE_BITS};
static const char *const names[AMCT_GENE_KINDS] = {"factorising", "pruning", "quantising"};

typedef struct chain {
    amct_greedy greedy;
    uint32_t stage;
    uint32_t n, done; /* stages that have something to choose */
    bool has[AMCT_GENE_KINDS];
    bool began;
} chain;

static void end(void *self)
{
    chain *c = self;
    amct_greedy_end(&c->greedy);
    free(c);
}

static void *start(const amct_search *search)
{
    const amct_space *space = &search->problem.space;
    amct_err err;
    chain *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    if (amct_greedy_start(&c->greedy, space, &err) != AMCT_OK) {
        free(c);
        return NULL;
    }
    for (uint32_t g = 0; g < space->n_genes; g++)
        c->has[space->kinds[g]] |= space->n_levels[g] > 1;
    for (uint32_t k = 0; k < AMCT_GENE_KINDS; k++)
        c->n += c->has[k];
    return c;
}

static amct_status ask_stage(chain *c, amct_search *search, amct_err *err)
{
    amct_greedy *greedy = &c->greedy;
    uint8_t kind = order[c->stage];
    bool over = !c->has[kind];
    search->phase = names[c->stage];
    if (!over && !c->began) {
        AMCT_TRY(amct_chain_build(&greedy->chain, &search->memo, greedy->base, SETUP_CALLS, err));
        amct_greedy_backwards(greedy, kind);
        amct_bisect_start(&greedy->bisect, greedy->n);
        c->began = true;
    }
    if (!over)
        AMCT_TRY(amct_bisect_next(&greedy->bisect, &over, search, (c->done + 1.0) / c->n,
                                  amct_greedy_make, greedy, greedy->genome, err));
    if (!over || search->ended != AMCT_SEARCH_RUNNING)
        return AMCT_OK;
    if (c->began) {
        AMCT_TRY(amct_greedy_make(greedy, search, greedy->bisect.good, greedy->genome, err));
        memcpy(greedy->base, greedy->genome, search->problem.space.n_genes);
        c->done++;
    }
    c->began = false;
    c->stage++;
    return AMCT_OK;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    chain *c = self;
    if (!c->greedy.probed)
        AMCT_TRY(amct_greedy_probe(&c->greedy, search, err));
    while (!search->n_asks && search->ended == AMCT_SEARCH_RUNNING) {
        if (c->stage == AMCT_GENE_KINDS)
            amct_engine_finish(search, AMCT_SEARCH_COMPLETE);
        else
            AMCT_TRY(ask_stage(c, search, err));
    }
    return AMCT_OK;
}

static void told(void *self, amct_search *search, const amct_slot *slot, const amct_score *score)
{
    chain *c = self;
    (void)search;
    amct_greedy_told(&c->greedy, slot, score);
}

const amct_algorithm amct_algorithm_chain = {
    .name = "chain",
    .summary = "ranks, then channels, then bits, each to its share of the budget",
    .start = start,
    .end = end,
    .next = next,
    .told = told,
};
