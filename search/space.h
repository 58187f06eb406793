/*
 * space.h - what can be chosen: n genes, each at one of a few levels. Level 0 of a gene is the
 * original, without loss; what the others are is nobody's business here. Their order is free.
 *
 * Genes that touch each other in the network should be neighbours (topological order does it):
 * the search knows that neighbours share costs and tries runs of genes, but works without.
 */
#ifndef AMCT_SEARCH_SPACE_H
#define AMCT_SEARCH_SPACE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { AMCT_GENES_MAX = 2048, AMCT_LEVELS_MAX = 32 };

/* What a gene is about. Some algorithms know only one kind, and chain takes them in turn. */
typedef enum amct_gene_kind {
    AMCT_GENE_BITS,
    AMCT_GENE_CHANNELS,
    AMCT_GENE_RANK,
    AMCT_GENE_KINDS
} amct_gene_kind;

/* A genome is n_genes bytes: genome[i] < n_levels[i]. */
typedef struct amct_space {
    uint32_t n_genes;        /* 1..AMCT_GENES_MAX */
    const uint8_t *n_levels; /* each 1..AMCT_LEVELS_MAX; 1 means nothing to choose */
    const uint8_t *kinds;    /* amct_gene_kind of each; NULL: all are AMCT_GENE_BITS */
} amct_space;

amct_status amct_space_check(const amct_space *space, amct_err *err);
/* The number of genomes, or cap if there are more. */
uint64_t amct_space_size(const amct_space *space, uint64_t cap);
/* Tables with a place for every level of every gene hold those of gene 0, then of gene 1 and so on:
 * gene i begins at first[i], first[n_genes] is the size. malloc'd; NULL when out of memory. */
uint32_t *amct_space_first(const amct_space *space);
/* The genome after this one when counting through the space; false after the last. */
int amct_space_next(const amct_space *space, uint8_t *genome);

#endif
