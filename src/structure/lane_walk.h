/*
 * lane_walk.h - shared by the rules that say what each operator does to lanes (lanes.h). A rule
 * looks at the lanes of a node's sources, unites or blocks them, and gives lanes to its results.
 */
#ifndef AMCT_STRUCTURE_LANE_WALK_H
#define AMCT_STRUCTURE_LANE_WALK_H

#include "structure/lanes.h"

typedef struct amct_lane_walk {
    const amct_graph *graph, *other;
    amct_arena *arena;
    int32_t *axis; /* per tensor, as in amct_lanes */
    const uint32_t **of;
    int32_t *batch; /* per tensor: the dim of the samples, or -1 */
    /* per lane: another one that it was united with, of a lower number, or itself; and if it is
     * itself, why it is blocked */
    uint32_t *parent;
    const char **why;
    uint32_t n;
    size_t cap;
    amct_lane_operand *operands;
    uint32_t n_operands;
    size_t cap_operands;
    struct amct_lane_array {
        uint32_t *lanes;
        int64_t n;
    } * arrays; /* all that were made */
    uint32_t n_arrays;
    size_t cap_arrays;
    int64_t total; /* numbers in them */
} amct_lane_walk;

typedef amct_status amct_lane_rule(amct_lane_walk *w, uint32_t node, amct_err *err);

/* The rule of an operator of the standard domain; NULL: nothing is known of it. *makes: it makes
 * lanes of its own, so that it is of use without any at its sources. */
amct_lane_rule *amct_lane_rule_find(const char *op, bool *makes);
amct_lane_rule amct_lane_conv, amct_lane_gemm, amct_lane_matmul;
amct_lane_rule amct_lane_reshape, amct_lane_transpose, amct_lane_depth_to_space,
    amct_lane_space_to_depth;
amct_lane_rule amct_lane_concat, amct_lane_split, amct_lane_slice, amct_lane_gather, amct_lane_pad,
    amct_lane_resize, amct_lane_expand, amct_lane_tile;

/* ---- Lanes ------------------------------------------------------------------------------------
 */

/* An array of n numbers to be filled. */
amct_status amct_lane_new_array(amct_lane_walk *w, uint32_t **lanes, int64_t n, amct_err *err);
/* An array of n new lanes, besides. */
amct_status amct_lane_fresh(amct_lane_walk *w, uint32_t **lanes, int64_t n, amct_err *err);
/* The same, blocked: they are what a node adds, or made of. */
amct_status amct_lane_fixed(amct_lane_walk *w, uint32_t **lanes, int64_t n, const amct_node *node,
                            const char *words, amct_err *err);
void amct_lane_unite(amct_lane_walk *w, uint32_t a, uint32_t b);

/* Blocks all lanes of a tensor, if it has any: "<operator> '<name>' <words>". */
amct_status amct_lane_block(amct_lane_walk *w, uint32_t tensor, const amct_node *node,
                            const char *words, amct_err *err);
/* The same for all sources of a node. */
amct_status amct_lane_block_sources(amct_lane_walk *w, const amct_node *node, const char *words,
                                    amct_err *err);
amct_status amct_lane_add_operand(amct_lane_walk *w, uint32_t node, uint32_t src, int32_t axis,
                                  amct_lane_use use, const uint32_t *lanes, amct_err *err);

/* ---- Tensors ----------------------------------------------------------------------------------
 */

/* Whether the channels of source i are followed. */
static inline bool amct_lane_has(const amct_lane_walk *w, const amct_node *node, uint32_t i)
{
    return i < node->n_src && node->src[i] != AMCT_NO_TENSOR && w->axis[node->src[i]] >= 0;
}
static inline int64_t amct_lane_count(const amct_lane_walk *w, uint32_t tensor)
{
    return w->graph->tensors[tensor].shape.dims[w->axis[tensor]];
}
/* Result i has these lanes along an axis. */
static inline void amct_lane_give(amct_lane_walk *w, const amct_node *node, uint32_t i,
                                  int32_t axis, const uint32_t *lanes)
{
    if (i < node->n_dst && node->dst[i] != AMCT_NO_TENSOR) {
        w->axis[node->dst[i]] = axis;
        w->of[node->dst[i]] = lanes;
    }
}

#endif
