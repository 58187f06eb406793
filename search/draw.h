/*
 * draw.h - random genomes.
 */
#ifndef AMCT_SEARCH_DRAW_H
#define AMCT_SEARCH_DRAW_H

#include "base/pcg.h"
#include "search/space.h"

/* Changes a number of genes drawn evenly from 1 to all that have a choice, each of them to a level
 * drawn evenly. scratch: n_genes numbers. */
void amct_draw_stratified(uint8_t *genome, const amct_space *space, uint32_t *scratch,
                          amct_pcg *rng);

#endif
