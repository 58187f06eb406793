/* Operators that join channels, take some of them, or change the dims around them. */
#include "structure/lane_walk.h"
#include "ops/param.h"

#include <string.h>

/* Integers that source i of a node lists, as a constant. */
static amct_status read_ints(amct_ints *out, const amct_lane_walk *w, const amct_node *node,
                             uint32_t i, const char *name, amct_err *err)
{
    const amct_tensor *t = amct_node_src(w->graph, node, i);
    amct_value value = {.dtype = 0};
    if (t)
        value = (amct_value){t->dtype, 0, t->shape, (void *)t->data};
    return amct_param_ints(out, t ? &value : NULL, node, name, AMCT_MAX_INTS, err);
}

static bool all_constant(const amct_lane_walk *w, const amct_node *node, uint32_t first)
{
    for (uint32_t i = first; i < node->n_src; i++)
        if (node->src[i] != AMCT_NO_TENSOR && !w->graph->tensors[node->src[i]].data)
            return false;
    return true;
}

/* ---- Concat and Split -------------------------------------------------------------------------
 */

static amct_status concat_channels(amct_lane_walk *w, const amct_node *node, int32_t axis,
                                   amct_err *err)
{
    int64_t at = 0;
    uint32_t *given;
    AMCT_TRY(amct_lane_new_array(w, &given, w->graph->tensors[node->dst[0]].shape.dims[axis], err));
    for (uint32_t i = 0; i < node->n_src; i++) {
        int64_t n = w->graph->tensors[node->src[i]].shape.dims[axis];
        const uint32_t *lanes = w->of[node->src[i]];
        uint32_t *fixed;
        if (!amct_lane_has(w, node, i)) {
            AMCT_TRY(amct_lane_fixed(w, &fixed, n, node, "joins channels of no layer", err));
            lanes = fixed;
        }
        memcpy(given + at, lanes, (size_t)n * sizeof *given);
        at += n;
    }
    amct_lane_give(w, node, 0, axis, given);
    return AMCT_OK;
}

/* Channels that are followed meet others behind each other along another dim. */
static amct_status block_joined(amct_lane_walk *w, const amct_node *node, int32_t axis,
                                amct_err *err)
{
    bool plane = w->graph->tensors[node->dst[0]].shape.rank == 4;
    const char *words =
        plane && axis >= 2
            ? amct_arena_printf(w->arena, "joins channels along %s with fixed ones",
                                axis == 2 ? "height" : "width")
            : amct_arena_printf(w->arena, "joins channels along dim %d with fixed ones", axis);
    return words ? amct_lane_block_sources(w, node, words, err) : amct_fail_nomem(err);
}

amct_status amct_lane_concat(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t axis, followed = -1;
    const uint32_t *lanes = NULL;
    AMCT_TRY(
        amct_param_axis(&axis, node, "axis", 0, w->graph->tensors[node->dst[0]].shape.rank, err));
    for (uint32_t i = 0; i < node->n_src; i++) {
        if (!amct_lane_has(w, node, i))
            continue;
        if (followed >= 0 && w->axis[node->src[i]] != followed)
            return amct_lane_block_sources(w, node, "crosses channels", err);
        followed = w->axis[node->src[i]];
        lanes = lanes ? lanes : w->of[node->src[i]];
    }
    if (followed == axis)
        return concat_channels(w, node, axis, err);
    for (uint32_t i = 0; i < node->n_src; i++) {
        if (w->graph->tensors[node->src[i]].data)
            AMCT_TRY(amct_lane_add_operand(w, n, i, followed, AMCT_LANE_BESIDE, lanes, err));
        else if (!amct_lane_has(w, node, i))
            return block_joined(w, node, axis, err);
        else
            for (int64_t c = 0; c < amct_lane_count(w, node->src[i]); c++)
                amct_lane_unite(w, lanes[c], w->of[node->src[i]][c]);
    }
    amct_lane_give(w, node, 0, followed, lanes);
    return AMCT_OK;
}

amct_status amct_lane_split(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t axis, followed = w->axis[node->src[0]];
    const uint32_t *lanes = w->of[node->src[0]];
    AMCT_TRY(
        amct_param_axis(&axis, node, "axis", 0, w->graph->tensors[node->src[0]].shape.rank, err));
    for (uint32_t i = 0; i < node->n_dst; i++) {
        if (node->dst[i] == AMCT_NO_TENSOR && axis == followed)
            return amct_lane_block_sources(w, node, "has a result that is left out", err);
        int64_t count = node->dst[i] == AMCT_NO_TENSOR
                            ? 0
                            : w->graph->tensors[node->dst[i]].shape.dims[followed];
        uint32_t *part;
        AMCT_TRY(amct_lane_new_array(w, &part, count, err));
        memcpy(part, lanes, (size_t)count * sizeof *part);
        amct_lane_give(w, node, i, followed, part);
        lanes += axis == followed ? count : 0;
    }
    return AMCT_OK;
}

/* ---- Slice and Gather -------------------------------------------------------------------------
 */

amct_status amct_lane_slice(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *x = amct_node_src(w->graph, node, 0);
    if (!amct_lane_has(w, node, 0) || !all_constant(w, node, 1))
        return amct_lane_block_sources(w, node, "has bounds that are not constant", err);
    amct_ints starts, axes, steps;
    AMCT_TRY(read_ints(&starts, w, node, 1, "starts", err));
    AMCT_TRY(read_ints(&axes, w, node, 3, "axes", err));
    AMCT_TRY(read_ints(&steps, w, node, 4, "steps", err));
    int32_t followed = w->axis[node->src[0]];
    int64_t channels = x->shape.dims[followed], start = 0;
    int64_t count = w->graph->tensors[node->dst[0]].shape.dims[followed];
    for (int32_t i = 0; i < starts.n; i++) {
        int64_t axis = axes.given ? axes.at[i] : i;
        if (axis != followed && axis != followed - x->shape.rank)
            continue;
        if (steps.given && steps.at[i] != 1)
            return amct_lane_block_sources(w, node, "steps over channels", err);
        start = starts.at[i] + (starts.at[i] < 0 ? channels : 0);
        start = start < 0 ? 0 : start > channels ? channels : start;
    }
    if (count < 1 || count > channels - start)
        return amct_lane_block_sources(w, node, "takes no channels", err);
    uint32_t *given;
    AMCT_TRY(amct_lane_new_array(w, &given, count, err));
    memcpy(given, w->of[node->src[0]] + start, (size_t)count * sizeof *given);
    amct_lane_give(w, node, 0, followed, given);
    return AMCT_OK;
}

amct_status amct_lane_gather(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *x = amct_node_src(w->graph, node, 0), *at = amct_node_src(w->graph, node, 1);
    int32_t axis;
    if (!amct_lane_has(w, node, 0) || amct_lane_has(w, node, 1))
        return amct_lane_block_sources(w, node, "has channels as indices", err);
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, x->shape.rank, err));
    int32_t followed = w->axis[node->src[0]];
    if (axis != followed) {
        int32_t to = followed + (axis < followed ? at->shape.rank - 1 : 0);
        amct_lane_give(w, node, 0, to, w->of[node->src[0]]);
        return AMCT_OK;
    }
    if (!at->data || at->shape.rank != 1 || at->shape.dims[0] < 1)
        return amct_lane_block_sources(w, node, "picks channels", err);
    uint32_t *given;
    AMCT_TRY(amct_lane_new_array(w, &given, at->shape.dims[0], err));
    for (int64_t i = 0; i < at->shape.dims[0]; i++) {
        int64_t index = amct_constant_int(at, i);
        index += index < 0 ? x->shape.dims[axis] : 0;
        if (index < 0 || index >= x->shape.dims[axis])
            return amct_lane_block_sources(w, node, "picks channels that are not there", err);
        given[i] = w->of[node->src[0]][index];
    }
    amct_lane_give(w, node, 0, followed, given);
    return AMCT_OK;
}

/* ---- Dims beside the channels -----------------------------------------------------------------
 */

/* Passes lanes on if the dim that they lie along stays as it is; dims are counted from the end. */
static amct_status keep_dim(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (!amct_lane_has(w, node, 0) || !all_constant(w, node, 1))
        return amct_lane_block_sources(w, node, "has parameters that are not constant", err);
    const amct_shape *src = &w->graph->tensors[node->src[0]].shape,
                     *dst = &w->graph->tensors[node->dst[0]].shape;
    int32_t axis = w->axis[node->src[0]], to = axis + dst->rank - src->rank;
    if (dst->dims[to] != src->dims[axis])
        return amct_lane_block_sources(w, node, "changes the number of channels", err);
    amct_lane_give(w, node, 0, to, w->of[node->src[0]]);
    return AMCT_OK;
}

amct_status amct_lane_expand(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    return keep_dim(w, n, err);
}

amct_status amct_lane_tile(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    return keep_dim(w, n, err);
}

/* Channels of zeros, and then those that are followed, and zeros again. */
static amct_status pad_channels(amct_lane_walk *w, const amct_node *node, int64_t begin,
                                int64_t end, amct_err *err)
{
    int64_t channels = amct_lane_count(w, node->src[0]);
    if (begin < 0 || end < 0 || strcmp(amct_node_string(node, "mode", "constant"), "constant") != 0)
        return amct_lane_block_sources(w, node, "pads channels with copies, or cuts", err);
    uint32_t *given;
    AMCT_TRY(amct_lane_fixed(w, &given, begin + channels + end, node, "adds channels", err));
    memcpy(given + begin, w->of[node->src[0]], (size_t)channels * sizeof *given);
    amct_lane_give(w, node, 0, w->axis[node->src[0]], given);
    return AMCT_OK;
}

amct_status amct_lane_pad(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (!amct_lane_has(w, node, 0) || !all_constant(w, node, 1))
        return amct_lane_block_sources(w, node, "has parameters that are not constant", err);
    amct_ints pads, axes;
    AMCT_TRY(read_ints(&pads, w, node, 1, "pads", err));
    AMCT_TRY(read_ints(&axes, w, node, 3, "axes", err));
    int32_t rank = w->graph->tensors[node->src[0]].shape.rank, followed = w->axis[node->src[0]];
    for (int32_t i = 0; i < pads.n / 2; i++) {
        int64_t axis = axes.given ? axes.at[i] : i, end = pads.at[i + pads.n / 2];
        if ((axis == followed || axis == followed - rank) && (pads.at[i] || end))
            return pad_channels(w, node, pads.at[i], end, err);
    }
    return keep_dim(w, n, err);
}

amct_status amct_lane_resize(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *sizes =
        amct_node_is(node, "Resize") ? amct_node_src(w->graph, node, 3) : NULL;
    if (sizes && amct_node_attr(node, "keep_aspect_ratio_policy"))
        return amct_lane_block_sources(w, node, "chooses sizes by all dims", err);
    return keep_dim(w, n, err);
}
