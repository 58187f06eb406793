/*
 * nearness.h - which genes the latency of each node of the network depends on, found by trying.
 *
 * Of an estimator nothing is known but what it says of whole graphs. So each gene is put to each of
 * its levels in the company of a few genomes. Where that changes what a node takes, the gene is
 * near to the node: usually those of its own layer and channels, and of the layers before and
 * behind. Levels of a gene that make no difference to a node in any company are of one class: it is
 * all the same to a layer whether the one before it has 8 bits of weights or 4.
 *
 * Differences below a tolerance do not count. They are those of effects that the whole network
 * shares, such as how much of the weights a cache still holds. Of each level and node the mean that
 * was seen is kept, small_ns, relative to the first level of its class.
 */
#ifndef AMCT_TUNE_NEARNESS_H
#define AMCT_TUNE_NEARNESS_H

#include "tune/genes.h"

/* Genomes in whose company genes are tried. */
enum { AMCT_NEARNESS_COMPANIES = 4 };
/* Of the latency as a whole. */
#define AMCT_NEARNESS_TOLERANCE 1e-4

typedef struct amct_nearness {
    uint32_t n_genes, n_estimates; /* n_estimates: that it took */
    uint32_t *first;          /* of each gene's levels among those of all: amct_space_first */
    uint32_t n_levels;        /* of all genes */
    uint32_t n_places;        /* nodes that take any time */
    uint32_t *nodes;          /* per place, as amct_costing_nodes has them */
    uint32_t *n_near, **near; /* per place: the genes near to it */
    uint8_t *classes;         /* [place][n_levels]: the first level of the same class */
    float *small_ns;          /* the same */
    double *small_sums_ns;    /* [n_levels]: of all places */
} amct_nearness;

/* Takes AMCT_NEARNESS_COMPANIES estimates per level of a gene. */
amct_status amct_nearness_find(amct_nearness *out, const amct_genes *genes, amct_costing *costing,
                               amct_err *err);
void amct_nearness_free(amct_nearness *nearness); /* a zeroed one is allowed */

/* Makes a gene near to a place, or what is near already finer: its levels are of these classes, and
 * nothing small remains to be said of them. */
amct_status amct_nearness_add(amct_nearness *nearness, uint32_t place, uint32_t gene,
                              const uint8_t *classes, amct_err *err);

/* The sum of what is small for a genome at a place, and at all of them. */
double amct_nearness_small(const amct_nearness *nearness, uint32_t place, const uint8_t *genome);
double amct_nearness_small_sum(const amct_nearness *nearness, const uint8_t *genome);

#endif
