/*
 * refine_choice.h - which measured candidate to refine next, in the search "auto".
 */
#ifndef AMCT_SEARCH_REFINE_CHOICE_H
#define AMCT_SEARCH_REFINE_CHOICE_H

#include "search/engine.h"
#include "search/refining.h"
#include "search/surrogate.h"

/* The cheapest member that is foreseen to be good enough once refined, has not been refined and is
 * not in this batch for it, and is cheaper than all that were and are good enough;
 * AMCT_GENOMES_NONE: there is none. */
uint32_t amct_refine_cheapest(const amct_search *search);

/* The member whose chance of being good enough once refined, times the part that it is cheaper than
 * the best, is greatest. It may be foreseen not to be good enough: what refining leaves is known to
 * some 16 % only, and genes that have not been refined yet are known worse. shares is scratch, for
 * all genes.
 * AMCT_GENOMES_NONE: none is worth it. */
uint32_t amct_refine_chance(const amct_search *search, const amct_surrogate *surrogate,
                            const amct_refining *refining, double *shares);

#endif
