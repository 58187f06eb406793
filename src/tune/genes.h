/*
 * genes.h - what the search may choose: a gene per layer that has more than one level worth trying
 * on the target.
 *
 * Dropped beforehand, each with its reason: layers that cannot be quantised, that the user skips,
 * that the device would compute in floating point anyway, and levels that do not make the network
 * faster, whatever the other layers are.
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
    const char *name; /* of the layer */
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

/* levels, if given, tells which layers cannot have a level with the weights they have. */
amct_status amct_genes_make(amct_genes *out, const amct_config *config, const amct_layer *layers,
                            uint32_t n_layers, amct_costing *costing, amct_leveldb *levels,
                            amct_err *err);
void amct_genes_free(amct_genes *genes); /* a zeroed one is allowed */

/* kinds[layer] of a genome. */
void amct_genes_express(const amct_genes *genes, const uint8_t *genome, uint8_t *kinds);

#endif
