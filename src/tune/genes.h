/*
 * genes.h - what the search may choose: a gene per layer that has more than one level worth trying
 * on the target.
 *
 * Dropped beforehand, each with its reason: layers that cannot be quantised, that the user skips,
 * levels that the device would compute in floating point anyway, and such that do not make the
 * network faster than a less lossy one, whatever the other layers are.
 */
#ifndef AMCT_TUNE_GENES_H
#define AMCT_TUNE_GENES_H

#include "tune/costing.h"

typedef struct amct_gene {
    uint32_t layer;
    uint32_t n_levels;
    uint8_t kinds[AMCT_N_LEVELS]; /* amct_level_kind of each level; kinds[0] is AMCT_LEVEL_16 */
} amct_gene;

typedef struct amct_skipped {
    uint32_t layer;
    uint32_t kind; /* amct_level_kind that it cannot have; AMCT_LEVEL_16: it has no choice */
    const char *reason;
} amct_skipped;

typedef struct amct_genes {
    amct_gene *genes;
    uint8_t *n_levels; /* per gene, as the search wants it */
    uint32_t n;
    amct_skipped *skipped;
    uint32_t n_skipped;
    uint32_t n_layers;
    amct_arena *arena;
} amct_genes;

/* AMCT_E_INVALID if a pattern of config->skip fits no layer. */
amct_status amct_genes_check_skips(const amct_config *config, const amct_layer *layers,
                                   uint32_t n_layers, amct_err *err);

amct_status amct_genes_make(amct_genes *out, const amct_config *config, const amct_layer *layers,
                            uint32_t n_layers, amct_costing *costing, amct_err *err);
void amct_genes_free(amct_genes *genes); /* a zeroed one is allowed */

/* wanted[layer]: the set of kinds that its gene has, for amct_leveldb_fill. */
void amct_genes_wanted(const amct_genes *genes, uint32_t *wanted);
/* Once they are filled: drops the levels that layers cannot have with the weights they have. */
amct_status amct_genes_drop_impossible(amct_genes *genes, const amct_leveldb *levels,
                                       amct_err *err);

/* Why a layer has no choice, or cannot have a kind; NULL if it can. */
const char *amct_genes_reason(const amct_genes *genes, uint32_t layer, amct_level_kind kind);
/* The gene of a layer; NULL if it has none. */
const amct_gene *amct_genes_of(const amct_genes *genes, uint32_t layer);

/* kinds[layer] of a genome. */
void amct_genes_express(const amct_genes *genes, const uint8_t *genome, uint8_t *kinds);

#endif
