/*
 * candidate.h - a candidate's network: what is left of the original's channels and layers, and the
 * form of each layer of it.
 *
 * A candidate is an array of choices, bytes that are 0 where the original stays as it is:
 *
 *     n_layers   the amct_level_kind of each layer; both factors of a factorised one have it
 *     n_groups   of each channel group, which of its levels (structure.h), counted from 1
 *     n_layers   of each layer, which of its ranks, counted from 1
 */
#ifndef AMCT_TUNE_CANDIDATE_H
#define AMCT_TUNE_CANDIDATE_H

#include "structure/derived_levels.h"

/* What candidates are made of; all of it outlives them. */
typedef struct amct_parts {
    const amct_graph *graph; /* the original, at the batch size of evaluation */
    const amct_layer *layers;
    uint32_t n_layers;
    amct_leveldb *levels;
    amct_structure *structure; /* NULL: channels and ranks stay; it has no groups then */
    amct_derived *derived;     /* of structure */
} amct_parts;

static inline uint32_t amct_parts_groups(const amct_structure *structure)
{
    return structure ? amct_structure_n_groups(structure) : 0;
}
static inline uint32_t amct_parts_choices(uint32_t n_layers, const amct_structure *structure)
{
    return 2 * n_layers + amct_parts_groups(structure);
}

/* Whether channels are dropped or layers factorised. */
bool amct_choices_are_structured(const uint8_t *choices, uint32_t n_layers,
                                 const amct_structure *structure);
/* The channels that each group keeps and the rank of each layer, for amct_structure_genome. */
void amct_choices_structure(uint32_t *kept, amct_rank *ranks, const uint8_t *choices,
                            uint32_t n_layers, const amct_structure *structure);
/* The same as a genome; *out is freed with amct_choices_free. */
amct_status amct_choices_genome(amct_structure_genome *out, const uint8_t *choices,
                                uint32_t n_layers, const amct_structure *structure, amct_err *err);
void amct_choices_free(amct_structure_genome *genome);

typedef struct amct_candidate {
    amct_structured structured; /* graph NULL: the original's structure */
    amct_graph *restored;       /* that with other weights (restore.h); NULL: it was not */
    const amct_graph *graph;    /* in floats: restored, structured's or the original */
    const amct_layer *layers;   /* of graph */
    uint32_t n_layers;
    const amct_quantised **levels; /* per layer; NULL: 16 bits */
} amct_candidate;

/* AMCT_E_UNSUPPORTED if a layer cannot have its level. */
amct_status amct_candidate_make(amct_candidate *out, const amct_parts *parts,
                                const uint8_t *choices, amct_err *err);
void amct_candidate_free(amct_candidate *candidate); /* a zeroed one is allowed */

/* From now on a candidate of another structure has these weights: `restored` is its structured
 * graph with other ones, and becomes the candidate's, also after a failure. */
amct_status amct_candidate_restore(amct_candidate *candidate, amct_graph *restored, amct_err *err);

/* The network that is run. */
amct_status amct_candidate_stitch(amct_graph **out, const amct_candidate *candidate, amct_err *err);

#endif
