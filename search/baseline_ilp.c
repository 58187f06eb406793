/*
 * The baseline "amct-ilp": the mixed-precision search of Huawei's AMCT. Bits only; the sum of
 * single sensitivities is held below a bound, and the bit operations (multiplications x bits of
 * weights x bits of inputs) are least within it: an integer program, solved as a multiple-choice
 * knapsack. AMCT leaves the bound to its user and measures nothing. Here it is found by bisection
 * over solutions measured whole, the most daring within the budget being the answer. AMCT's
 * sensitivity is the error of the layer's own result; here it is the loss of the network with the
 * gene alone at the level, which is at least as good.
 */
#include "search/greedy.h"
#include "search/knapsack.h"

#include <math.h>
#include <stdlib.h>

enum { BOUNDS = 64 }; /* spread evenly in their logarithm */

typedef struct ilp {
    amct_greedy greedy;
    double least, most; /* bounds */
    double price;
} ilp;

static void end(void *self)
{
    ilp *p = self;
    amct_greedy_end(&p->greedy);
    free(p);
}

static void *start(const amct_search *search)
{
    amct_err err;
    ilp *p = calloc(1, sizeof *p);
    if (p && amct_greedy_start(&p->greedy, &search->problem.space, &err) != AMCT_OK) {
        free(p);
        return NULL;
    }
    return p;
}

/* From what only the least lossy level fits to what all fit. */
static void find_bounds(ilp *p)
{
    const amct_chain *chain = &p->greedy.chain;
    p->least = INFINITY;
    p->most = 0;
    for (uint32_t g = 0; g < chain->space.n_genes; g++) {
        double largest = 0;
        for (uint32_t i = chain->first[g] + 1; i < chain->first[g + 1]; i++) {
            largest = fmax(largest, p->greedy.losses[i]);
            p->least = fmin(p->least, p->greedy.losses[i]);
        }
        p->most += largest;
    }
    p->most *= 1.001 + 1e-3 * chain->space.n_genes; /* the knapsack rounds losses up */
    amct_bisect_start(&p->greedy.bisect, BOUNDS);
}

static amct_status make(void *self, amct_search *search, uint32_t k, uint8_t *genome, amct_err *err)
{
    ilp *p = self;
    (void)search;
    double bound = p->least * pow(p->most / p->least, (k - 1) / (BOUNDS - 1.0));
    return amct_knapsack_exact(&p->greedy.chain, p->greedy.losses, bound, p->greedy.penalty,
                               &p->price, genome, err);
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    ilp *p = self;
    bool over;
    if (!p->greedy.probed) {
        AMCT_TRY(amct_greedy_probe(&p->greedy, search, err));
        if (search->n_asks)
            return AMCT_OK;
        amct_greedy_count_bit_ops(&p->greedy, search);
        find_bounds(p);
    }
    search->phase = "integer programs";
    AMCT_TRY(amct_bisect_next(&p->greedy.bisect, &over, search, 1, make, p, p->greedy.genome, err));
    if (over)
        amct_engine_finish(search, AMCT_SEARCH_COMPLETE);
    return AMCT_OK;
}

static void told(void *self, amct_search *search, const amct_slot *slot, const amct_score *score)
{
    ilp *p = self;
    (void)search;
    amct_greedy_told(&p->greedy, slot, score);
}

const amct_algorithm amct_algorithm_ilp = {
    .name = "amct-ilp",
    .summary = "AMCT's: bits of fewest bit operations within a bound on single losses",
    .kinds = 1u << AMCT_GENE_BITS,
    .needs_bit_ops = true,
    .start = start,
    .end = end,
    .next = next,
    .told = told,
};
