/*
 * neighbours.h - candidates that differ from the best one in one or two genes.
 *
 * A space of bits, channels and ranks is rough: what the terms of a surrogate say of a genome far
 * from all that were measured is worth little. Of a neighbour it is worth much, as only the
 * difference to the measured loss is predicted: the logarithm of the ratio of both sums, with a
 * standard deviation of a third of itself, and 0.1 at least. Half of what the best one lost less
 * than the surrogate foresees is taken for luck that is not inherited, and what it gained more by
 * refining than others is not counted, as neighbours are judged before they are refined.
 */
#ifndef AMCT_SEARCH_NEIGHBOURS_H
#define AMCT_SEARCH_NEIGHBOURS_H

#include "search/evolve.h"

/* Fills the batch up to `limit` with the raced neighbours of the archive's best whose expected
 * gain, as of amct_evolve, is greatest; adds none if none has a chance or there is no best. */
amct_status amct_neighbours(amct_breeder *breeder, amct_search *search, uint32_t limit,
                            amct_err *err);

#endif
