/*
 * neighbours.h - candidates that differ in one or two genes from one that was measured.
 *
 * A space of bits, channels and ranks is rough: what the terms of a surrogate say of a genome far
 * from all that were measured is worth little. Of a neighbour it is worth much, as only the
 * difference to the measured loss is predicted: the logarithm of the ratio of both sums, with a
 * standard deviation of a third of itself, and 0.1 at least. Half of what the measured one lost
 * less than the surrogate foresees is taken for luck that is not inherited, and what it gained more
 * by refining than others is not counted, as neighbours are judged before they are refined.
 *
 * Not only the best one has neighbours that may be better: one that is cheaper and loses hardly too
 * much may need but one gene less. So those of eight parents (evolve.h) are looked at.
 */
#ifndef AMCT_SEARCH_NEIGHBOURS_H
#define AMCT_SEARCH_NEIGHBOURS_H

#include "search/evolve.h"

/* Fills the batch up to `limit` with those raced neighbours of which the expected gain, as of
 * amct_evolve, is greatest; adds none if none has a chance or there is no best. */
amct_status amct_neighbours(amct_breeder *breeder, amct_search *search, uint32_t limit,
                            amct_err *err);

#endif
