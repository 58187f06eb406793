/*
 * knapsack.h - the cheapest genome whose sum of terms is within a target: a multiple-choice
 * knapsack over the chain cost.
 *
 * amct_knapsack, for many calls: Lagrangian relaxation (minimise cost + price * sum by the shortest
 * path, bisect on the price), which finds the solutions on the convex hull.
 * amct_knapsack_exact, for few: dynamic programming over the sum in 1000 steps, where
 * that is at most 16 million operations; the former beyond, where many genes make the hull dense.
 * Both fill what room is left under the target greedily. Then amct_polish improves it.
 */
#ifndef AMCT_SEARCH_KNAPSACK_H
#define AMCT_SEARCH_KNAPSACK_H

#include "search/chaincost.h"

/* Tables of terms are laid out by amct_space_first, >= 0, 0 for level 0. */
double amct_terms_sum(const amct_chain *chain, const double *terms, const uint8_t *genome);

/* By chain cost. The original if nothing else is within target. penalty: scratch, as long as terms.
 * price: where to begin, 0 for no idea; on return where it ended. */
void amct_knapsack(amct_chain *chain, const double *terms, double target, double *penalty,
                   double *price, uint8_t *genome);

amct_status amct_knapsack_exact(amct_chain *chain, const double *terms, double target,
                                double *penalty, double *price, uint8_t *genome, amct_err *err);

/* Makes single genes cheaper, each time the one that saves most, as long as one fits. */
void amct_knapsack_fill(const amct_chain *chain, const double *terms, double target,
                        uint8_t *genome);

/*
 * Local search by screened cost (memo.h) from a genome within target, in at most `rounds` rounds. The moves:
 * a run of up to 16 genes goes to one level; one gene becomes cheaper and another dearer. A round
 * ranks all of them by chain cost, screens the best few, and takes the best; a move that costs
 * nothing and lowers the sum counts as better. *cost_ns is the exact cost of the result, which is
 * never above that of the beginning.
 */
amct_status amct_polish(const amct_chain *chain, amct_memo *memo, const double *terms,
                        double target, int rounds, uint8_t *genome, double *cost_ns, amct_err *err);

#endif
