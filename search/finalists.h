/*
 * finalists.h - which candidates a search leaves to be refined and confirmed.
 *
 * They are tested one after the other, from the slowest on, until one is not proven
 * (src/tune/finals.h); the fastest that was proven is the answer. As all are tested on the same
 * samples, and what is not known of the network (drop.h) is the same for all, luck is taken to be
 * common to them: of one draw u from 0 to 1, a candidate is proven if its chance is at least u. So
 * a sequence of chances c1 >= c2 >= ... and costs t1 > t2 > ... is expected to save
 *
 *     c1 (t0 - t1) + c2 (t1 - t2) + ...,                          t0 the cost of the original,
 *
 * and the sequence that is expected to save most is chosen, by dynamic programming over the
 * candidates in order of cost. One that is safe (chance 0.98) counts as sure: the first is safe, or
 * hardly less (where fewer finalists save all but 0.1 % of the cost, there are fewer), and if the
 * fastest is safe it is the only one.
 */
#ifndef AMCT_SEARCH_FINALISTS_H
#define AMCT_SEARCH_FINALISTS_H

#include "search/archive.h"

/*
 * Numbers of up to k members, in order of cost. If k is 1 it is the cheapest that is good enough,
 * else the one with the greatest chance. Only FULL members cheaper than below_ns, the cost of the
 * original, count. Returns how many there are.
 */
uint32_t amct_finalists(const amct_archive *archive, const amct_drop_model *model, double below_ns,
                        uint32_t *numbers, uint32_t k);

#endif
