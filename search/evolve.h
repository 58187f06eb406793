/*
 * evolve.h - breeds candidates from those measured: many are made, few are worth measuring.
 *
 * Level switches as in O. Sieberling et al., "EvoPress" (ICML 2025): some genes go one way, others
 * the other, so that the loss stays where it was. Made of parents from the archive by
 *   - switching one to three genes,
 *   - setting a run of genes to one level,
 *   - crossing two parents (a stretch, or gene by gene),
 * each then repaired (dearer levels until the predicted loss is within a target, cheaper ones while
 * there is room); and from no parent:
 *   - the knapsack solved for terms drawn from their posterior (Thompson sampling).
 * The target is drawn from safe to daring. Of all offspring of one candidate to be asked, the one
 * with the greatest expected gain, (incumbent - exact cost) x chance to be within the limit, is
 * polished (knapsack.h) and proposed, if it is worth it (amct_engine_hoped): less likely ones
 * mostly cost samples. The surrogate only proposes: what is good is measured.
 */
#ifndef AMCT_SEARCH_EVOLVE_H
#define AMCT_SEARCH_EVOLVE_H

#include "search/engine.h"
#include "search/knapsack.h"
#include "search/surrogate.h"

typedef struct amct_breeder {
    amct_chain *chain;
    const amct_surrogate *surrogate;
    uint32_t *genes;                  /* the gene of each place laid out by amct_space_first */
    double *penalty, *terms, *sds;    /* scratch, laid out by amct_space_first */
    uint8_t *child, *best, *polished; /* scratch genomes */
    double price;                     /* of the last knapsack */
    uint64_t attempts;                /* numbers the generators: (seed, attempt) */
} amct_breeder;

enum { AMCT_PARENTS = 16 };

typedef struct amct_parents {
    uint32_t numbers[AMCT_PARENTS]; /* of members, the best first */
    double keys[AMCT_PARENTS];
    uint32_t n;
} amct_parents;

/* Cheap members that were measured in full (or rejected), with a fine for losses beyond the limit:
 * they can be repaired. */
void amct_evolve_parents(const amct_search *search, bool rejected, amct_parents *parents);

/* Fills the batch with raced candidates; leaves it empty if nothing has a chance. At most `limit`
 * of them. */
amct_status amct_evolve(amct_breeder *breeder, amct_search *search, uint32_t limit, amct_err *err);

#endif
