/*
 * lanes.h - which channels of a network stand or fall together.
 *
 * A lane is the smallest set of channels that can be dropped at once without touching what is left:
 * a channel that a layer makes, what activations, pooling and depthwise convolutions make of it,
 * everything that is added to it or multiplied with it, and the elements of constants that go with
 * it. Layers that read it lose a column; their own channels belong to other lanes. A reshape that
 * splits channels into equal parts (channel shuffle) ties the parts to each other: such a lane has
 * several channels in one tensor. So does a convolution in groups: with many small groups a lane is
 * a whole group, its source and its result; with few large ones it is the same channel of each.
 *
 * Every tensor has at most one dim whose channels are followed. What cannot be followed, or must
 * stay as it is, blocks its lanes, with words.
 */
#ifndef AMCT_STRUCTURE_LANES_H
#define AMCT_STRUCTURE_LANES_H

#include "graph/graph.h"

typedef enum amct_lane_use {
    AMCT_LANE_MADE,    /* weights that make the lanes' channels */
    AMCT_LANE_TAKEN,   /* weights that read them */
    AMCT_LANE_THROUGH, /* weights of a convolution whose groups are lanes: both */
    AMCT_LANE_BESIDE   /* a bias or another constant with a number for each */
} amct_lane_use;

/* A dim of a constant that loses elements when lanes are dropped. */
typedef struct amct_lane_operand {
    uint32_t node, src; /* source `src` of a node, a constant */
    int32_t axis;
    amct_lane_use use;
    const uint32_t *lanes; /* of each index of that dim */
} amct_lane_operand;

typedef struct amct_lanes {
    uint32_t n;
    const char **blocked; /* per lane: why it must stay; NULL if it can go */
    uint32_t n_tensors;
    const int32_t *axis;       /* per tensor: the dim whose channels are followed, or -1 */
    const uint32_t *const *of; /* per tensor: lane of each index of that dim; NULL without */
    const amct_lane_operand *operands;
    uint32_t n_operands;
    amct_arena *arena;
} amct_lanes;

/* Of a prepared graph of known shapes, which must outlive the result. Lanes are numbered by where
 * their first channel is made. other: the same nodes over the same tensors, but for constants, at
 * another batch size; channels are followed only along dims that are the same there. NULL: none. */
amct_status amct_lanes_find(amct_lanes **out, const amct_graph *graph, const amct_graph *other,
                            amct_err *err);
void amct_lanes_free(amct_lanes *lanes); /* NULL is allowed */

/* The operand of a node with that use; NULL if it has none. */
const amct_lane_operand *amct_lanes_operand(const amct_lanes *lanes, uint32_t node,
                                            amct_lane_use use);

#endif
