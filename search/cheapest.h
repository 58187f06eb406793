/*
 * cheapest.h - the fastest genome of the space, whatever it loses.
 */
#ifndef AMCT_SEARCH_CHEAPEST_H
#define AMCT_SEARCH_CHEAPEST_H

#include "search/chaincost.h"

/*
 * Descent by screened cost (memo.h), over single genes and over runs of 2, 4, 8 ... genes at one
 * level, from the shortest path of the chain (built around the original), from every uniform genome
 * and from two random ones, as long as the calls last (amct_memo_spent) and until two in a row
 * bring no gain of 0.01 %; the first descent always ends. Where they end, exact costs are compared,
 * and what saves nothing is given back. Ties go to the genome nearer to the original.
 */
amct_status amct_cheapest(const amct_space *space, amct_chain *chain, amct_memo *memo,
                          uint64_t seed, uint64_t max_calls, uint8_t *genome, double *cost_ns,
                          amct_err *err);

#endif
