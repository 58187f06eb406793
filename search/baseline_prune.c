/*
 * The baseline "amct-greedy-prune": the automatic channel pruning of Huawei's AMCT. Channels only;
 * again and again those go whose sensitivity is least for the bit operations that they save. AMCT
 * stops at a ratio that its user gives and measures nothing. Here the length of that row of moves
 * is found by bisection over candidates measured whole. AMCT's sensitivity is the first term of a
 * Taylor series, which takes a backward pass; here it is the loss of the network with the gene
 * alone at the level. Which channels of a group go is not decided here.
 */
#include "search/greedy.h"

#include <stdlib.h>

static void end(void *self)
{
    amct_greedy_end(self);
    free(self);
}

static void *start(const amct_search *search)
{
    amct_err err;
    amct_greedy *greedy = calloc(1, sizeof *greedy);
    if (greedy && amct_greedy_start(greedy, &search->problem.space, &err) != AMCT_OK) {
        free(greedy);
        return NULL;
    }
    return greedy;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    amct_greedy *greedy = self;
    bool over;
    if (!greedy->probed) {
        AMCT_TRY(amct_greedy_probe(greedy, search, err));
        if (search->n_asks)
            return AMCT_OK;
        amct_greedy_count_bit_ops(greedy, search);
        amct_greedy_forwards(greedy, AMCT_GENE_CHANNELS);
        amct_bisect_start(&greedy->bisect, greedy->n);
    }
    search->phase = "pruning";
    AMCT_TRY(amct_bisect_next(&greedy->bisect, &over, search, 1, amct_greedy_make, greedy,
                              greedy->genome, err));
    if (over)
        amct_engine_finish(search, AMCT_SEARCH_COMPLETE);
    return AMCT_OK;
}

static void told(void *self, amct_search *search, const amct_slot *slot, const amct_score *score)
{
    (void)search;
    amct_greedy_told(self, slot, score);
}

const amct_algorithm amct_algorithm_greedy_prune = {
    .name = "amct-greedy-prune",
    .summary = "AMCT's: channels by least loss for the bit operations that they save",
    .kinds = 1u << AMCT_GENE_CHANNELS,
    .needs_bit_ops = true,
    .start = start,
    .end = end,
    .next = next,
    .told = told,
};
