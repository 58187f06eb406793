/*
 * unit.h - what runs as one step: a layer with everything that can be done to its result before it
 * is stored (bias, dequantisation, residual addition, activations, quantisation), or a single node.
 */
#ifndef AMCT_EXEC_UNIT_H
#define AMCT_EXEC_UNIT_H

#include "exec/onednn.h"
#include "graph/graph.h"

typedef struct amct_link {
    uint32_t node;
    uint32_t other; /* of an Add: the tensor that is added, else AMCT_NO_TENSOR */
} amct_link;

enum { AMCT_MAX_LINKS = 6 };

typedef struct amct_unit {
    uint32_t node;    /* the layer, or the single node */
    bool layer;       /* Conv, ConvTranspose, Gemm or MatMul with constant weights */
    bool integer;     /* int8 source and weights */
    uint32_t bias;    /* MatMul only: the Add of a constant behind it, or AMCT_NO_TENSOR */
    uint32_t dequant; /* AscendDequant, or AMCT_NO_TENSOR */
    amct_link links[AMCT_MAX_LINKS]; /* activations and additions, in order */
    uint32_t n_links;
    uint32_t quant; /* AscendQuant at the end, or AMCT_NO_TENSOR */
    uint32_t dst;   /* the tensor that is stored (single nodes: the first) */
    uint32_t last;  /* the last node in it: where it stands in the order */
} amct_unit;

/* Groups the nodes of a sorted graph. Tensors of which keep[t] is true are stored even where they
 * could be skipped. With fuse false every node is a unit. *out is an array of *n in the order of
 * execution, freed with free. */
amct_status amct_units_make(amct_unit **out, uint32_t *n, const amct_graph *graph, const bool *keep,
                            bool fuse, amct_err *err);

/* The nodes of a unit in order; returns their number. */
enum { AMCT_MAX_UNIT_NODES = AMCT_MAX_LINKS + 4 };
uint32_t amct_unit_nodes(uint32_t nodes[AMCT_MAX_UNIT_NODES], const amct_unit *unit);

/* The posts of an activation node that oneDNN has (at most 2): their number, 0 if it has none. */
uint32_t amct_activation_posts(amct_post posts[2], const amct_graph *graph, const amct_node *node);

#endif
