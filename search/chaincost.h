/*
 * chaincost.h - the cost of a genome as a sum over genes and over pairs of neighbours.
 *
 * The exact cost is not additive: where an 8-bit layer follows a 16-bit one the device converts, so
 * one such layer alone rarely pays and a run of them does. Measured around a base genome: what one
 * gene changes, and what two neighbours change together beyond that, as screened (memo.h). Exact if
 * only neighbours interact, a proposal otherwise: whatever comes of it is asked of the exact cost.
 */
#ifndef AMCT_SEARCH_CHAINCOST_H
#define AMCT_SEARCH_CHAINCOST_H

#include "search/memo.h"
#include "search/space.h"

typedef struct amct_chain {
    amct_space space;
    uint32_t *first;      /* amct_space_first */
    uint32_t *pair_first; /* gene g: its pairs with g + 1, [level of g][level of g + 1] */
    double base_ns;
    double *single, *pair;
    /* of the shortest path */
    double *best;
    uint8_t *from;
} amct_chain;

/* For any space; all costs 0 until it is built. */
amct_status amct_chain_start(amct_chain *chain, const amct_space *space, amct_err *err);
void amct_chain_end(amct_chain *chain);

/* Asks the cost of every genome that differs from base in one gene, and in two neighbours unless
 * that takes more than max_calls (amct_memo_spent). */
amct_status amct_chain_build(amct_chain *chain, amct_memo *memo, const uint8_t *base,
                             uint64_t max_calls, amct_err *err);

double amct_chain_cost(const amct_chain *chain, const uint8_t *genome);
/* What the cost changes if the gene goes to the level. */
double amct_chain_change(const amct_chain *chain, const uint8_t *genome, uint32_t gene,
                         uint8_t level);

/* The genome of least cost + penalty, penalties laid out by amct_space_first: Viterbi's algorithm,
 * exact, (levels of a gene x levels of the next) steps a gene. */
void amct_chain_cheapest(amct_chain *chain, const double *penalty, uint8_t *genome);

#endif
