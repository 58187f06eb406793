/*
 * canonical.h - one genome for all that make the same network: levels that come to nothing beside
 * the other choices become those that they come to. A rank that saves nothing in the channels that
 * are left of its layer is no rank (structure.h); a sparse level beside channels or ranks is the
 * dense one before it (genes.h).
 */
#ifndef AMCT_TUNE_CANONICAL_H
#define AMCT_TUNE_CANONICAL_H

#include "tune/genes.h"

typedef struct amct_canonical amct_canonical;

/* genes and structure must outlive it; structure may be NULL. NULL when out of memory. */
amct_canonical *amct_canonical_new(const amct_genes *genes, const amct_structure *structure);
void amct_canonical_free(amct_canonical *canonical); /* NULL is allowed */

/* In place. One thread at a time. */
void amct_canonical_make(amct_canonical *canonical, uint8_t *genome);

#endif
