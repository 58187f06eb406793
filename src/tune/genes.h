/*
 * genes.h - what the search may choose: a gene per layer that has more than one level of bits worth
 * trying on the target, per channel group and per layer that can be factorised (structure.h).
 *
 * Dropped beforehand, each with its reason: layers that cannot be quantised, that the user skips,
 * levels that the device would compute in floating point anyway, and such that do not make the
 * network faster than a less lossy one, whatever the other layers are. Sparse levels (sparse.h) of
 * which the device takes no notice are dropped without a word.
 *
 * A layer that is sparse neither loses channels nor is factorised, as AMCT has it: where a genome
 * asks for both, the layer has the level before the sparse one in its gene.
 */
#ifndef AMCT_TUNE_GENES_H
#define AMCT_TUNE_GENES_H

#include "search/space.h"
#include "tune/costing.h"

enum { AMCT_GENE_LEVELS = 8 };

typedef struct amct_gene {
    amct_gene_kind kind;
    uint32_t index; /* of the layer, or of the group */
    uint32_t slot;  /* its place in a candidate's choices (candidate.h) */
    uint32_t n_levels;
    uint8_t values[AMCT_GENE_LEVELS]; /* choices[slot] at each level; values[0] is 0 */
    const bool *touched; /* of channels: per layer, whether it makes or reads them; else NULL */
} amct_gene;

typedef struct amct_skipped {
    amct_gene_kind kind;
    uint32_t index;
    uint32_t value; /* that it cannot have; 0: it has no choice */
    const char *reason;
} amct_skipped;

typedef struct amct_genes {
    amct_gene *genes;
    uint8_t *n_levels; /* per gene, as the search wants it */
    uint32_t n;
    amct_skipped *skipped;
    uint32_t n_skipped;
    uint32_t n_layers, n_choices;
    bool any; /* choices that the space and the network leave, whether or not they gain */
    amct_arena *arena;
} amct_genes;

/* AMCT_E_INVALID if a pattern of config->skip fits no layer. */
amct_status amct_genes_check_skips(const amct_config *config, const amct_layer *layers,
                                   uint32_t n_layers, amct_err *err);

/* The genes of bits. costing knows no structure. */
amct_status amct_genes_make(amct_genes *out, const amct_config *config, const amct_layer *layers,
                            uint32_t n_layers, amct_costing *costing, amct_err *err);
/* Adds those of channels and ranks. costing knows the structure. */
amct_status amct_genes_add_structure(amct_genes *genes, const amct_config *config,
                                     const amct_layer *layers, const amct_structure *structure,
                                     amct_costing *costing, amct_err *err);
void amct_genes_free(amct_genes *genes); /* a zeroed one is allowed */

/* wanted[layer]: the set of kinds that its gene has, for amct_leveldb_fill. */
void amct_genes_wanted(const amct_genes *genes, uint32_t *wanted);
/* Once they are filled: drops the levels that layers cannot have with the weights they have. */
amct_status amct_genes_drop_impossible(amct_genes *genes, const amct_leveldb *levels,
                                       amct_err *err);

/* Why there is no choice, or a value cannot be had; NULL if it can. */
const char *amct_genes_reason(const amct_genes *genes, amct_gene_kind kind, uint32_t index,
                              uint32_t value);
/* The gene of a layer or group; NULL if it has none. */
const amct_gene *amct_genes_of(const amct_genes *genes, amct_gene_kind kind, uint32_t index);

/* The last value of a gene of bits that is not sparse. */
uint8_t amct_gene_dense(const amct_gene *gene);
/* Takes the sparse level from layers whose channels or rank are others than the original's. */
void amct_genes_exclude(const amct_genes *genes, uint8_t *choices);
/* The choices of a genome, n_choices of them, after that. */
void amct_genes_express(const amct_genes *genes, const uint8_t *genome, uint8_t *choices);

#endif
