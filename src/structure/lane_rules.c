/* Which operator follows which rule, and the rules of operators that leave channels where they are.
 */
#include "structure/lane_walk.h"
#include "ops/param.h"

#include <stdlib.h>
#include <string.h>

/* The result is like source 0; other sources have nothing to do with channels. */
static amct_status same(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    for (uint32_t i = 1; i < node->n_src; i++)
        if (node->src[i] != AMCT_NO_TENSOR)
            AMCT_TRY(amct_lane_block(w, node->src[i], node, "has channels as a parameter", err));
    for (uint32_t i = 0; amct_lane_has(w, node, 0) && i < node->n_dst; i++)
        amct_lane_give(w, node, i, w->axis[node->src[0]], w->of[node->src[0]]);
    return AMCT_OK;
}

static amct_status pool(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (w->axis[node->src[0]] != 1)
        return amct_lane_block_sources(w, node, "moves over these channels", err);
    if (node->n_dst > 1 && node->dst[1] != AMCT_NO_TENSOR)
        return amct_lane_block_sources(w, node, "gives positions that count channels", err);
    return same(w, n, err);
}

/* ---- Several sources, element by element ------------------------------------------------------
 */

/* The dim of the result that source i's channels lie along, if they are not repeated; else -1. */
static int32_t result_axis(const amct_lane_walk *w, const amct_node *node, uint32_t i)
{
    const amct_shape *dst = &w->graph->tensors[node->dst[0]].shape;
    if (!amct_lane_has(w, node, i))
        return -1;
    uint32_t t = node->src[i];
    int32_t axis = w->axis[t] + dst->rank - w->graph->tensors[t].shape.rank;
    return amct_lane_count(w, t) == dst->dims[axis] ? axis : -1;
}

static amct_status zip_with(amct_lane_walk *w, uint32_t n, uint32_t i, int32_t axis,
                            const uint32_t *lanes, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *t = amct_node_src(w->graph, node, i);
    const amct_shape *dst = &w->graph->tensors[node->dst[0]].shape;
    if (!t)
        return AMCT_OK;
    int32_t own = axis - dst->rank + t->shape.rank; /* dim of t along the result's channels */
    bool each = own >= 0 && t->shape.dims[own] == dst->dims[axis];
    if (amct_lane_has(w, node, i)) {
        if (own == w->axis[node->src[i]] && !each)
            return amct_lane_block(w, node->src[i], node, "spreads one channel over many", err);
        if (own != w->axis[node->src[i]])
            return amct_lane_block_sources(w, node, "crosses channels", err);
        for (int64_t c = 0; c < dst->dims[axis]; c++)
            amct_lane_unite(w, lanes[c], w->of[node->src[i]][c]);
        return AMCT_OK;
    }
    if (!each || dst->dims[axis] == 1)
        return AMCT_OK;
    if (t->data)
        return amct_lane_add_operand(w, n, i, own, AMCT_LANE_BESIDE, lanes, err);
    const char *why = amct_arena_printf(
        w->arena, "joins channels with '%s', of which none can be dropped", t->name);
    return why ? amct_lane_block_sources(w, node, why, err) : amct_fail_nomem(err);
}

static amct_status zip(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t axis = -1;
    const uint32_t *lanes = NULL;
    for (uint32_t i = 0; axis < 0 && i < node->n_src; i++) {
        axis = result_axis(w, node, i);
        lanes = axis < 0 ? NULL : w->of[node->src[i]];
    }
    if (axis < 0)
        return amct_lane_block_sources(w, node, "spreads one channel over many", err);
    for (uint32_t i = 0; i < node->n_src; i++)
        AMCT_TRY(zip_with(w, n, i, axis, lanes, err));
    amct_lane_give(w, node, 0, axis, lanes);
    return AMCT_OK;
}

/* ---- Normalisation and reduction --------------------------------------------------------------
 */

/* Constants with a number for each channel behind source 0. */
static amct_status per_channel(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (!amct_lane_has(w, node, 0) || w->axis[node->src[0]] != 1)
        return amct_lane_block_sources(w, node, "works across these channels", err);
    for (uint32_t i = 1; i < node->n_src; i++) {
        const amct_tensor *t = amct_node_src(w->graph, node, i);
        if (!t || !t->data)
            return amct_lane_block_sources(w, node, "has parameters that are not constant", err);
        AMCT_TRY(amct_lane_add_operand(w, n, i, 0, AMCT_LANE_BESIDE, w->of[node->src[0]], err));
    }
    amct_lane_give(w, node, 0, 1, w->of[node->src[0]]);
    return AMCT_OK;
}

/* The operators that work along the dims marked, and leave others apart. */
static amct_status along(amct_lane_walk *w, uint32_t n, const bool *marked, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (!amct_lane_has(w, node, 0) || marked[w->axis[node->src[0]]])
        return amct_lane_block_sources(w, node, "works across channels", err);
    return same(w, n, err);
}

static amct_status softmax(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t axis, rank = w->graph->tensors[node->src[0]].shape.rank;
    bool marked[AMCT_MAX_RANK] = {false};
    AMCT_TRY(amct_param_axis(&axis, node, "axis", -1, rank, err));
    marked[axis] = true;
    return along(w, n, marked, err);
}

static amct_status layer_norm(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t axis, rank = w->graph->tensors[node->src[0]].shape.rank;
    bool marked[AMCT_MAX_RANK] = {false};
    AMCT_TRY(amct_param_axis(&axis, node, "axis", -1, rank, err));
    for (int32_t d = axis; d < rank; d++)
        marked[d] = true;
    return along(w, n, marked, err);
}

static amct_status cum_sum(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *axis = amct_node_src(w->graph, node, 1);
    int32_t rank = w->graph->tensors[node->src[0]].shape.rank;
    bool marked[AMCT_MAX_RANK] = {false};
    for (int32_t d = 0; d < rank; d++)
        marked[d] = !axis->data || amct_constant_int(axis, 0) == d ||
                    amct_constant_int(axis, 0) == d - rank;
    return along(w, n, marked, err);
}

static amct_status trilu(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    int32_t rank = w->graph->tensors[w->graph->nodes[n].src[0]].shape.rank;
    bool marked[AMCT_MAX_RANK] = {false};
    marked[rank - 1] = marked[rank - 2] = true;
    return along(w, n, marked, err);
}

static amct_status reduce(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    const amct_tensor *x = amct_node_src(w->graph, node, 0),
                      *list = amct_node_src(w->graph, node, 1);
    const amct_shape *dst = &w->graph->tensors[node->dst[0]].shape;
    bool marked[AMCT_MAX_RANK] = {false}, arg = strncmp(node->op, "Arg", 3) == 0;
    amct_ints axes = {.given = false};
    int32_t axis;
    if (!amct_lane_has(w, node, 0) || (list && !list->data))
        return amct_lane_block_sources(w, node, "has channels as a parameter", err);
    if (arg) {
        AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, x->shape.rank, err));
        marked[axis] = true;
    } else {
        amct_value value = {.dtype = 0};
        if (list)
            value = (amct_value){list->dtype, 0, list->shape, (void *)list->data};
        AMCT_TRY(amct_param_axes(&axes, list ? &value : NULL, node, x->shape.rank, err));
        bool all = axes.n == 0 && !amct_node_int(node, "noop_with_empty_axes", 0);
        for (int32_t d = 0; d < x->shape.rank; d++)
            marked[d] = all;
        for (int32_t i = 0; i < axes.n; i++)
            marked[axes.at[i]] = true;
    }
    AMCT_TRY(along(w, n, marked, err));
    axis = w->axis[node->src[0]];
    if (marked[axis])
        return AMCT_OK;
    int32_t to = 0;
    for (int32_t d = 0; d < axis; d++)
        to += !marked[d] || dst->rank == x->shape.rank;
    amct_lane_give(w, node, 0, to, w->of[node->src[0]]);
    return AMCT_OK;
}

/* ---- The table --------------------------------------------------------------------------------
 */

static int compare(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

/* Whether a list, sorted, has the operator. */
#define HAS(list, op) (bsearch(op, list, sizeof list / sizeof *list, sizeof *list, compare) != NULL)

static const char *const likes[] = {
    "Abs",       "Acos",     "Acosh", "Asin",     "Asinh",
    "Atan",      "Atanh",    "Cast",  "Ceil",     "Celu",
    "Clip",      "Cos",      "Cosh",  "Dropout",  "Elu",
    "Erf",       "Exp",      "Floor", "Gelu",     "HardSigmoid",
    "HardSwish", "Identity", "IsInf", "IsNaN",    "LeakyRelu",
    "Log",       "Mish",     "Neg",   "Not",      "Reciprocal",
    "Relu",      "Round",    "Selu",  "Shrink",   "Sigmoid",
    "Sign",      "Sin",      "Sinh",  "Softplus", "Softsign",
    "Sqrt",      "Swish",    "Tan",   "Tanh",     "ThresholdedRelu"};
static const char *const zips[] = {
    "Add",  "And",         "BitShift", "Div",  "Equal", "Greater", "GreaterOrEqual",
    "Less", "LessOrEqual", "Max",      "Mean", "Min",   "Mod",     "Mul",
    "Or",   "PRelu",       "Pow",      "Sub",  "Sum",   "Where",   "Xor"};

static const struct {
    const char *op;
    amct_lane_rule *rule;
    bool makes;
} rules[] = {
    {"Conv", amct_lane_conv, true},
    {"ConvTranspose", amct_lane_conv, true},
    {"Gemm", amct_lane_gemm, true},
    {"MatMul", amct_lane_matmul, true},
    {"AveragePool", pool, false},
    {"GlobalAveragePool", pool, false},
    {"GlobalLpPool", pool, false},
    {"GlobalMaxPool", pool, false},
    {"LpPool", pool, false},
    {"MaxPool", pool, false},
    {"BatchNormalization", per_channel, false},
    {"InstanceNormalization", per_channel, false},
    {"LayerNormalization", layer_norm, false},
    {"LpNormalization", softmax, false},
    {"Hardmax", softmax, false},
    {"LogSoftmax", softmax, false},
    {"Softmax", softmax, false},
    {"CumSum", cum_sum, false},
    {"Trilu", trilu, false},
    {"ArgMax", reduce, false},
    {"ArgMin", reduce, false},
    {"ReduceL1", reduce, false},
    {"ReduceL2", reduce, false},
    {"ReduceLogSum", reduce, false},
    {"ReduceLogSumExp", reduce, false},
    {"ReduceMax", reduce, false},
    {"ReduceMean", reduce, false},
    {"ReduceMin", reduce, false},
    {"ReduceProd", reduce, false},
    {"ReduceSum", reduce, false},
    {"ReduceSumSquare", reduce, false},
    {"Flatten", amct_lane_reshape, false},
    {"Reshape", amct_lane_reshape, false},
    {"Squeeze", amct_lane_reshape, false},
    {"Unsqueeze", amct_lane_reshape, false},
    {"Transpose", amct_lane_transpose, false},
    {"DepthToSpace", amct_lane_depth_to_space, false},
    {"SpaceToDepth", amct_lane_space_to_depth, false},
    {"Concat", amct_lane_concat, false},
    {"Split", amct_lane_split, false},
    {"Slice", amct_lane_slice, false},
    {"Gather", amct_lane_gather, false},
    {"Pad", amct_lane_pad, false},
    {"Resize", amct_lane_resize, false},
    {"Upsample", amct_lane_resize, false},
    {"Expand", amct_lane_expand, false},
    {"Tile", amct_lane_tile, false},
};

amct_lane_rule *amct_lane_rule_find(const char *op, bool *makes)
{
    *makes = false;
    if (HAS(likes, op))
        return same;
    if (HAS(zips, op))
        return zip;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].op, op) == 0) {
            *makes = rules[i].makes;
            return rules[i].rule;
        }
    return NULL;
}
