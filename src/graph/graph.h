/*
 * graph.h - a network: nodes with ONNX's operators over numbered tensors.
 *
 * Pure data. Tensors and nodes live in the graph's arena; the bytes of constants are borrowed from
 * mappings or blocks that the arena also owns. A clone shares constants with its parent, which must
 * outlive it. Not for several threads while it changes.
 *
 * The invariants of a valid graph (amct_graph_validate): every tensor is an input, a constant, or
 * made by exactly one node; nodes stand in topological order; outputs exist.
 */
#ifndef AMCT_GRAPH_GRAPH_H
#define AMCT_GRAPH_GRAPH_H

#include "base/arena.h"
#include "graph/element.h"
#include "graph/tensor.h"

/* Memory that a large constant lies in, not always at its beginning; given back when nothing needs
 * it any more. */
typedef struct amct_block {
    void *data;
} amct_block;

typedef struct amct_tensor {
    const char *name; /* never NULL, not always unique */
    uint32_t dtype;   /* amct_dtype; AMCT_UNDEFINED if not known */
    amct_shape shape;
    const void *data;  /* constants: elements in C order, 16-byte aligned or mapped; else NULL */
    size_t bytes;      /* of data */
    amct_block *block; /* that holds data and nothing else, if it is this graph's own */
    /* Of integer tensors behind AscendQuant: the integer that stands for 0.0. What Conv, Gemm and
     * MatMul subtract, and pad with, when they compute in integers. */
    int32_t zero_point;
    bool int4;      /* INT8 whose values are 4-bit integers: the device packs two in a byte */
    bool sparse;    /* INT8 weights of which each output has two of four input channels (4:2) */
    bool input;     /* fed by the user */
    amct_hash hash; /* of data, once somebody has reckoned it; else zero */
} amct_tensor;

typedef struct amct_attr {
    const char *name;
    uint32_t type; /* amct_attr_type */
    int64_t i;     /* also the id of an attribute tensor */
    float f;
    const void *data; /* bytes (zero-terminated as well), int64_t, float or const char * */
    size_t count;
} amct_attr;

typedef struct amct_node {
    const char *name;   /* unique within a prepared graph */
    const char *op;     /* "Conv" */
    const char *domain; /* "" */
    uint32_t n_src, n_dst, n_attrs;
    uint32_t *src; /* tensor ids, AMCT_NO_TENSOR where left out */
    uint32_t *dst;
    amct_attr *attrs;
} amct_node;

typedef struct amct_graph {
    amct_arena *arena;
    const char *name;
    const char *format; /* "ONNX": what the importer calls it */
    const char *producer;
    int64_t opset;   /* of the file, 0 if it has none */
    bool no_weights; /* constants are zeros, because nobody knows their values */
    amct_tensor *tensors;
    uint32_t n_tensors;
    amct_node *nodes;
    uint32_t n_nodes;
    uint32_t *inputs, *outputs;
    uint32_t n_inputs, n_outputs;
    size_t cap_tensors, cap_nodes, cap_inputs, cap_outputs;
} amct_graph;

/* ---- Life ---------------------------------------------------------------------------------- */

amct_status amct_graph_new(amct_graph **out, amct_err *err);
void amct_graph_free(amct_graph *graph); /* NULL is allowed */
/* A graph of its own nodes and tensors that shares the constants' bytes. */
amct_status amct_graph_clone(amct_graph **out, const amct_graph *graph, amct_err *err);

/* ---- Building ------------------------------------------------------------------------------ */

/* Each copies names, dims, ids and attributes; constants' bytes are borrowed. */
amct_status amct_graph_add_tensor(amct_graph *graph, const amct_tensor *tensor, uint32_t *id,
                                  amct_err *err);
/* Makes a tensor that nobody makes a constant of its dtype and shape, with zeroed bytes of its own,
 * writable through *data until the graph is used. */
amct_status amct_tensor_make_constant(amct_graph *graph, uint32_t id, void **data, amct_err *err);
/* Memory from malloc as the block of a constant of the arena's graph; NULL, with the memory freed,
 * when out of memory. */
amct_block *amct_block_new(amct_arena *arena, void *memory);
/* Adds such a constant. */
amct_status amct_graph_add_constant(amct_graph *graph, const char *name, uint32_t dtype,
                                    const amct_shape *shape, uint32_t *id, void **data,
                                    amct_err *err);
amct_status amct_graph_add_input(amct_graph *graph, uint32_t id, amct_err *err);
amct_status amct_graph_add_output(amct_graph *graph, uint32_t id, amct_err *err);
/* Appends; the order of nodes is restored by amct_graph_sort. */
amct_status amct_graph_add_node(amct_graph *graph, const amct_node *node, amct_err *err);
/* Sets or replaces an attribute of a node that is in the graph. */
amct_status amct_node_set_attr(amct_graph *graph, amct_node *node, const amct_attr *attr,
                               amct_err *err);

/* ---- Order and validity -------------------------------------------------------------------- */

/* Sorts the nodes topologically, keeping the given order where it is free; refuses cycles, naming a
 * node of one, tensors made twice, and sources that nobody makes. */
amct_status amct_graph_sort(amct_graph *graph, amct_err *err);
amct_status amct_graph_validate(const amct_graph *graph, amct_err *err);
/* Removes nodes whose results nobody needs, and leaves dead tensors without data. */
amct_status amct_graph_prune(amct_graph *graph, amct_err *err);
/* Makes the names of nodes and of the tensors they make unique and not empty. */
amct_status amct_graph_name_uniquely(amct_graph *graph, amct_err *err);

/* ---- Looking around ------------------------------------------------------------------------ */

static inline bool amct_tensor_is_constant(const amct_tensor *t)
{
    return t->data != NULL;
}
/* The first dim of the first input; 1 if there is none. */
int64_t amct_batch_of(const amct_graph *graph);
/* Attribute by name, NULL if absent. */
const amct_attr *amct_node_attr(const amct_node *node, const char *name);
/* Value by name, or the default if it is absent or of another type. Strings are zero-terminated. */
int64_t amct_node_int(const amct_node *node, const char *name, int64_t otherwise);
float amct_node_float(const amct_node *node, const char *name, float otherwise);
const char *amct_node_string(const amct_node *node, const char *name, const char *otherwise);
/* Integers by name; *n is 0 and NULL is returned if absent. */
const int64_t *amct_node_ints(const amct_node *node, const char *name, size_t *n);
const float *amct_node_floats(const amct_node *node, const char *name, size_t *n);

static inline bool amct_node_is(const amct_node *node, const char *op)
{
    return __builtin_strcmp(node->op, op) == 0 && node->domain[0] == 0;
}
/* Source i, or NULL if it is left out or beyond the end. */
static inline const amct_tensor *amct_node_src(const amct_graph *g, const amct_node *node,
                                               uint32_t i)
{
    return i < node->n_src && node->src[i] != AMCT_NO_TENSOR ? &g->tensors[node->src[i]] : NULL;
}

/* Who makes and who uses each tensor. */
typedef struct amct_links {
    uint32_t *producer;  /* per tensor: node index or AMCT_NO_TENSOR */
    uint32_t *n_uses;    /* per tensor: nodes' sources that name it, plus 1 per graph output */
    uint32_t *use_begin; /* per tensor (n_tensors + 1): where its users begin in users */
    uint32_t *users;     /* node indices in ascending order; a node appears once per source */
} amct_links;
amct_status amct_links_make(amct_links *out, const amct_graph *graph, amct_err *err);
void amct_links_free(amct_links *links);
/* The one node that uses tensor t, if it is used once and is no output; else AMCT_NO_TENSOR. */
uint32_t amct_links_only_user(const amct_links *links, uint32_t t);

/* Element i of a constant as a number; the tensor must be a constant with more than i elements. */
static inline double amct_constant_number(const amct_tensor *tensor, int64_t i)
{
    return amct_element_get(tensor->dtype, tensor->data, i);
}
static inline int64_t amct_constant_int(const amct_tensor *tensor, int64_t i)
{
    return amct_element_get_int(tensor->dtype, tensor->data, i);
}

#endif
