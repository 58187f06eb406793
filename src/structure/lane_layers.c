/* Layers: they read lanes and make new ones. */
#include "structure/lane_walk.h"
#include "ops/weights.h"

/* A convolution with groups narrower than this loses whole groups: to take channels from each would
 * leave them too narrow for the chip. */
enum { NARROW = 16 };

static const amct_tensor *weights_of(const amct_lane_walk *w, const amct_node *node)
{
    const amct_tensor *t = amct_node_src(w->graph, node, 1);
    return t && t->data && t->dtype == AMCT_FLOAT ? t : NULL;
}

/* Every lane is a whole group: its channels of the source and of the result. */
static amct_status whole_groups(amct_lane_walk *w, uint32_t n, const uint32_t *made, int64_t groups,
                                int64_t in, int64_t out, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (!amct_lane_has(w, node, 0))
        return amct_lane_block(w, node->dst[0], node, "has groups of channels that are fixed", err);
    const uint32_t *taken = w->of[node->src[0]];
    for (int64_t g = 0; g < groups; g++) {
        for (int64_t i = 1; i < in; i++)
            amct_lane_unite(w, taken[g * in], taken[g * in + i]);
        for (int64_t i = 0; i < out; i++)
            amct_lane_unite(w, taken[g * in], made[g * out + i]);
    }
    bool conv = amct_node_is(node, "Conv");
    return amct_lane_add_operand(w, n, 1, 0, AMCT_LANE_THROUGH, conv ? made : taken, err);
}

/* Every lane is the same channel of each group. */
static amct_status same_of_groups(amct_lane_walk *w, uint32_t n, const uint32_t *made,
                                  int64_t groups, int64_t in, int64_t out, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t made_axis = amct_node_is(node, "Conv") ? 0 : 1;
    for (int64_t i = out; i < groups * out; i++)
        amct_lane_unite(w, made[i % out], made[i]);
    AMCT_TRY(amct_lane_add_operand(w, n, 1, made_axis, AMCT_LANE_MADE, made, err));
    if (!amct_lane_has(w, node, 0))
        return AMCT_OK;
    const uint32_t *taken = w->of[node->src[0]];
    for (int64_t i = in; i < groups * in; i++)
        amct_lane_unite(w, taken[i % in], taken[i]);
    return amct_lane_add_operand(w, n, 1, 1 - made_axis, AMCT_LANE_TAKEN, taken, err);
}

amct_status amct_lane_conv(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *x = amct_node_src(w->graph, node, 0), *weights = weights_of(w, node),
                      *bias = amct_node_src(w->graph, node, 2);
    if (!weights || !x || x->data || (bias && !bias->data))
        return amct_lane_block_sources(w, node, "has no constant float weights", err);
    if (amct_lane_has(w, node, 0) && w->axis[node->src[0]] != 1)
        return amct_lane_block_sources(w, node, "moves over these channels", err);
    int64_t channels = amct_weights_channels(node, &weights->shape);
    int64_t groups = amct_node_int(node, "group", 1), in = x->shape.dims[1] / groups;
    int64_t out = channels / groups;
    uint32_t *made;
    AMCT_TRY(amct_lane_fresh(w, &made, channels, err));
    amct_lane_give(w, node, 0, 1, made);
    if (bias)
        AMCT_TRY(amct_lane_add_operand(w, n, 2, 0, AMCT_LANE_BESIDE, made, err));
    bool whole = groups > 1 && (in < NARROW || out < NARROW);
    return whole ? whole_groups(w, n, made, groups, in, out, err)
                 : same_of_groups(w, n, made, groups, in, out, err);
}

/* x (... x columns) times constant weights: both dims of them. */
static amct_status product(amct_lane_walk *w, uint32_t n, uint32_t **made,
                           const amct_tensor *weights, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t axis = amct_weights_axis(node, &weights->shape);
    AMCT_TRY(amct_lane_fresh(w, made, weights->shape.dims[axis], err));
    amct_lane_give(w, node, 0, w->graph->tensors[node->dst[0]].shape.rank - 1, *made);
    AMCT_TRY(amct_lane_add_operand(w, n, 1, axis, AMCT_LANE_MADE, *made, err));
    if (!amct_lane_has(w, node, 0))
        return AMCT_OK;
    return amct_lane_add_operand(w, n, 1, 1 - axis, AMCT_LANE_TAKEN, w->of[node->src[0]], err);
}

amct_status amct_lane_gemm(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *x = amct_node_src(w->graph, node, 0), *weights = weights_of(w, node),
                      *bias = amct_node_src(w->graph, node, 2);
    if (!weights || !x || x->data || (bias && !bias->data))
        return amct_lane_block_sources(w, node, "has no constant float weights", err);
    if (amct_node_int(node, "transA", 0) ||
        (amct_lane_has(w, node, 0) && w->axis[node->src[0]] != 1))
        return amct_lane_block_sources(w, node, "has these channels as rows", err);
    uint32_t *made;
    AMCT_TRY(product(w, n, &made, weights, err));
    int32_t last = bias ? bias->shape.rank - 1 : -1;
    if (last < 0 || bias->shape.dims[last] == 1)
        return AMCT_OK;
    return amct_lane_add_operand(w, n, 2, last, AMCT_LANE_BESIDE, made, err);
}

amct_status amct_lane_matmul(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *x = amct_node_src(w->graph, node, 0), *weights = weights_of(w, node);
    if (!weights || weights->shape.rank != 2 || !x || x->data || x->shape.rank < 2)
        return amct_lane_block_sources(w, node, "has no constant matrix of weights", err);
    if (amct_lane_has(w, node, 0) && w->axis[node->src[0]] != x->shape.rank - 1) {
        amct_lane_give(w, node, 0, w->axis[node->src[0]], w->of[node->src[0]]);
        return AMCT_OK; /* each row for itself, whatever the rows are */
    }
    uint32_t *made;
    return product(w, n, &made, weights, err);
}
