/*
 * batch_layout.h - where the samples of a batch lie in every tensor, and what has to be written
 * anew in a graph for another batch size. Internal to amct_set_batch.
 *
 * A prepared graph has numbers only, no symbols: models exported at a fixed batch carry it in
 * targets of Reshape, in sizes, in constants. So the samples are followed from the inputs, operator
 * by operator: a rule says where the samples lie in the results, that samples do not meet in it,
 * and which parameters hold the batch size.
 */
#ifndef AMCT_PASSES_BATCH_LAYOUT_H
#define AMCT_PASSES_BATCH_LAYOUT_H

#include "graph/graph.h"
#include "ops/param.h"

/* Samples lie along dim `dim`, whose size is before * batch * after: in C order each of `before`
 * outer parts has the samples one behind the other, `after` elements of the dim each. */
typedef struct amct_batch_at {
    int32_t dim; /* or one of the two below */
    int64_t before, after;
} amct_batch_at;

enum {
    AMCT_BATCH_NONE = -1, /* the same for all samples */
    /* Of unknown shape, made from samples; `before` is the first node that makes it so. */
    AMCT_BATCH_UNKNOWN = -2
};

/* Source `slot` of node `node` becomes tensor `id`; as_reshape: the node also becomes a Reshape of
 * its source 0 to that target. */
typedef struct amct_batch_edit {
    uint32_t node, slot, id;
    bool as_reshape;
    uint32_t from; /* the constant that id repeats, and along what: to share the copies */
    amct_batch_at along;
} amct_batch_edit;

typedef struct amct_batching {
    amct_graph *graph;
    int64_t from, to;
    uint32_t n_tensors; /* that the graph had when this was made */
    amct_batch_at *at;  /* per tensor */
    amct_batch_edit *edits;
    uint32_t n_edits;
    size_t cap_edits;
} amct_batching;

/* Follows the samples from the inputs, whose first dim is `from`. Adds constants to the graph, but
 * changes no node. AMCT_E_UNSUPPORTED, naming the node, where samples meet or cannot be followed.
 */
amct_status amct_batching_make(amct_batching *out, amct_graph *graph, int64_t from, int64_t to,
                               amct_err *err);
void amct_batching_free(amct_batching *b);

/* The shape of a tensor at batch `to`. */
amct_shape amct_batching_shape(const amct_batching *b, uint32_t tensor);

/* ---- Shared by the rules -------------------------------------------------------------------- */

typedef amct_status amct_batch_rule(amct_batching *b, uint32_t n, amct_err *err);
/* The rule of an operator, NULL if there is none. */
amct_batch_rule *amct_batch_rule_of(const amct_node *node);

/* Reshape, Flatten, Squeeze, Unsqueeze. */
amct_batch_rule amct_batch_reshape, amct_batch_flatten, amct_batch_squeeze, amct_batch_unsqueeze;
/* Parameters that hold sizes: Slice, Pad, Resize, Expand, Tile. */
amct_batch_rule amct_batch_slice, amct_batch_pad, amct_batch_resize, amct_batch_expand,
    amct_batch_tile;
/* Several sources may have samples: broadcasting operators, Concat and GatherElements; Gather;
 * products; LSTM and GRU. */
amct_batch_rule amct_batch_zip, amct_batch_concat, amct_batch_gather, amct_batch_gather_nd,
    amct_batch_matmul, amct_batch_qlinear_matmul, amct_batch_gemm, amct_batch_recurrent;

/* Where source i of a node has its samples; NONE if it is left out. */
amct_batch_at amct_batch_src(const amct_batching *b, const amct_node *node, uint32_t i);
static inline const amct_shape *amct_batch_shape(const amct_batching *b, const amct_node *node,
                                                 uint32_t i)
{
    return &b->graph->tensors[node->src[i]].shape;
}
/* Says it of result i, if there is one. */
void amct_batch_dst(amct_batching *b, const amct_node *node, uint32_t i, amct_batch_at at);
static inline bool amct_batch_same(amct_batch_at a, amct_batch_at b)
{
    return a.dim == b.dim && a.before == b.before && a.after == b.after;
}
/* Axes of a node, an attribute or constant source 1: of `rank` dims, given or not. */
amct_status amct_batch_axes(amct_ints *axes, const amct_batching *b, const amct_node *node,
                            int32_t rank, amct_err *err);

/* Fails: the samples lie along that axis, and meet there. */
amct_status amct_batch_meet(int32_t axis, amct_err *err);
/* Fails if others than the first n_with sources have samples, or the first of these has none. */
amct_status amct_batch_want_alone(const amct_batching *b, const amct_node *node, uint32_t n_with,
                                  amct_err *err);

/* Source `slot` becomes a constant of those integers. */
amct_status amct_batch_set_ints(amct_batching *b, uint32_t n, uint32_t slot, int32_t count,
                                const int64_t *numbers, bool as_reshape, amct_err *err);
/* Source `slot`, the same for all samples, is to lie `along` as the samples do: a constant with one
 * part for each. It is repeated for the new batch, if the parts are alike. */
amct_status amct_batch_repeat(amct_batching *b, uint32_t n, uint32_t slot, amct_batch_at along,
                              amct_err *err);

#endif
