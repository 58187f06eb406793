/*
 * allocation.h - which groups keep how many channels, or which layers run at which rank, so that a
 * network has no more multiplications than wanted: the same part everywhere, or by need.
 */
#ifndef BENCH_ALLOCATION_H
#define BENCH_ALLOCATION_H

#include "structure/structure.h"

/* A group or a layer, and its levels from the largest on; level 0 is all of it. */
typedef struct gene {
    bool is_layer, inner; /* inner: a group that one layer makes, which no addition ties */
    uint32_t id, n_levels;
    const char *name;
    const amct_rank *ranks; /* of a layer: per level from 1 on */
    double *need;           /* per level */
} gene;

typedef enum allocation_what { WHAT_CHANNELS, WHAT_SPATIAL, WHAT_CHANNEL_FORM } allocation_what;

typedef struct allocation {
    const amct_structure *structure;
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    const amct_gram *const *grams;
    gene *genes;
    uint32_t n_genes, *level; /* per gene */
    uint32_t *kept;           /* the genome: per group */
    amct_rank *ranks;         /* per layer */
    uint32_t *gene_of_lane;   /* UINT32_MAX: none */
} allocation;

amct_status allocation_make(allocation *a, allocation_what what, amct_err *err);
/* The genome of a->level. */
amct_structure_genome allocation_genome(allocation *a);
/* Multiplications of a->level. */
double allocation_macs(const allocation *a);
/* Set a->level: at most `target` multiplications, if it can be. */
void allocation_uniform(allocation *a, double target);
void allocation_by_need(allocation *a, double target);

#endif
