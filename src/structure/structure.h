/*
 * structure.h - what the shape of a network can become: how many channels of each group are kept,
 * at which rank each layer runs; and for a choice of these, a genome, the network that they make.
 *
 * Order of composition, layer by layer: channels are dropped, what a layer still reads is refitted
 * to what it made before (refit.h), then the refitted layer is factorised (factorise.h). What comes
 * out is a float graph like any other, in which both factors are layers: quantisation (level.h,
 * stitch.h), or a sequential rebuild (restore.h) and then quantisation, follow on it.
 *
 * Weights are reckoned once for each layer and each set of channels that it can have left, a
 * decomposition once for each of these and form, and shared by all candidates: after the first
 * time, a candidate costs a clone of the graph. They lie in memory and are not bound to the order
 * of the calls; processes forked later share what is there by then. Not for several threads at a
 * time.
 */
#ifndef AMCT_STRUCTURE_STRUCTURE_H
#define AMCT_STRUCTURE_STRUCTURE_H

#include "structure/choose.h"
#include "structure/factorise.h"
#include "structure/groups.h"

typedef struct amct_structure amct_structure;

typedef struct amct_structure_options {
    amct_choice choice; /* of channels */
    uint32_t multiple;  /* of the channels that a layer keeps, and of ranks: 16, 32 for 8 bits */
    bool amct_ranks;    /* layers have AMCT's rank to choose only (fixed_rank.h) */
    double ridge;       /* as of refit.h; 0: its default for the samples that moments are of */
    size_t limit_bytes; /* of factors of moments; weights come on top */
    const amct_graph *other; /* that amct_structure_shape will be asked of (lanes.h), or NULL */
} amct_structure_options;

/* What can be chosen for a group: kept[], descending, all below the number of its lanes. */
typedef struct amct_group_levels {
    const amct_group *group;
    const char *why; /* there is no choice; else NULL */
    uint32_t step;   /* kept counts are multiples of it */
    const uint32_t *kept;
    uint32_t n;
} amct_group_levels;

/* What can be chosen for a layer: all multiples that save multiplications, of the cheaper channel
 * form, then of the cheaper spatial one; within each descending. */
typedef struct amct_layer_ranks {
    const char *why; /* there is no choice; else NULL */
    const amct_rank *ranks;
    uint32_t n;
} amct_layer_ranks;

/* grams[i]: moments of layer i or NULL: then it is not factorised, and what it reads is cut without
 * making up for it. graph, layers and moments must outlive it. */
amct_status amct_structure_new(amct_structure **out, const amct_graph *graph,
                               const amct_layer *layers, uint32_t n_layers,
                               const amct_gram *const *grams, uint32_t n_samples,
                               const amct_structure_options *options, amct_err *err);
/* The same before any sample was run, for shapes alone: all layers count as having moments, and the
 * first channels of a group as those that are kept. amct_structure_build fails on it. */
amct_status amct_structure_outline(amct_structure **out, const amct_graph *graph,
                                   const amct_layer *layers, uint32_t n_layers,
                                   const amct_structure_options *options, amct_err *err);
void amct_structure_free(amct_structure *structure); /* NULL is allowed */

uint32_t amct_structure_n_groups(const amct_structure *structure);
amct_group_levels amct_structure_group(const amct_structure *structure, uint32_t group);
amct_layer_ranks amct_structure_layer(const amct_structure *structure, uint32_t layer);
/* The group of the first channel that a layer makes; -1: its channels are not followed. */
int64_t amct_structure_group_of(const amct_structure *structure, uint32_t layer);
const amct_groups *amct_structure_groups(const amct_structure *structure);
const amct_lanes *amct_structure_lanes(const amct_structure *structure);

/* Both may be NULL: nothing is chosen. */
typedef struct amct_structure_genome {
    const uint32_t *kept;   /* per group; 0: all of it */
    const amct_rank *ranks; /* per layer */
} amct_structure_genome;

typedef enum amct_part { AMCT_PART_WHOLE, AMCT_PART_FIRST, AMCT_PART_SECOND } amct_part;

/* Where a layer of a candidate comes from. */
typedef struct amct_layer_origin {
    uint32_t layer; /* of the original */
    amct_part part;
} amct_layer_origin;

typedef struct amct_structured {
    amct_graph *graph; /* new constants are not hashed */
    amct_layer *layers;
    amct_layer_origin *origins; /* per layer */
    uint32_t n_layers;
    bool *keep;     /* per lane of the original */
    double *errors; /* per layer of the original: what is wrong with its result alone, on right
                     * inputs, in units of its variance */
} amct_structured;

/* The network of a genome. A kept count or a rank need not be one of the levels. A rank that saves
 * nothing in what is left of its layer is ignored. The graph borrows from structure, which must
 * outlive it. AMCT_E_INVALID for more lanes than there are, or lanes of a blocked group. */
amct_status amct_structure_build(amct_structured *out, amct_structure *structure,
                                 const amct_structure_genome *genome, amct_err *err);
/* The shape of that network alone, made of the graph itself or of options.other, the model at
 * another batch size. Nothing is reckoned: constants that change are zeros, of the shapes that they
 * would have, and errors are 0. What latency is estimated of. */
amct_status amct_structure_shape(amct_structured *out, const amct_structure *structure,
                                 const amct_graph *graph, const amct_structure_genome *genome,
                                 amct_err *err);
void amct_structured_free(amct_structured *structured);

/* Takes ranks from the genome that would be ignored for what channels are kept. kept NULL: of all
 * layers as they are. keep: room for a number per lane of the original. The genome is one that
 * amct_structure_build takes. */
void amct_structure_drop_ignored(const amct_structure *structure, const uint32_t *kept,
                                 amct_rank *ranks, bool *keep);

#endif
