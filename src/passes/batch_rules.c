/* Where samples lie behind operators that compute, and that they do not meet there. */
#include "ops/param.h"
#include "passes/batch_layout.h"

#include <string.h>

static const amct_batch_at NONE = {.dim = AMCT_BATCH_NONE};

static const amct_shape *src_shape(const amct_batching *b, const amct_node *node, uint32_t i)
{
    return &b->graph->tensors[node->src[i]].shape;
}

static amct_status meet(int32_t axis, amct_err *err)
{
    return amct_fail(err, AMCT_E_UNSUPPORTED, "the samples lie along axis %d, and meet there",
                     axis);
}

/* Only the sources before `n_with` may have samples. */
static amct_status want_alone(const amct_batching *b, const amct_node *node, uint32_t n_with,
                              amct_err *err)
{
    for (uint32_t i = n_with; i < node->n_src; i++)
        if (amct_batch_src(b, node, i).dim != AMCT_BATCH_NONE)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "its input %u is another for every sample",
                             i);
    return n_with && amct_batch_src(b, node, 0).dim == AMCT_BATCH_NONE
               ? amct_fail(err, AMCT_E_UNSUPPORTED, "its input 0 is the same for all samples")
               : AMCT_OK;
}

static void all_like(amct_batching *b, const amct_node *node, amct_batch_at at)
{
    for (uint32_t i = 0; i < node->n_dst; i++)
        amct_batch_dst(b, node, i, at);
}

/* ---- Aligned sources --------------------------------------------------------------------------
 */

/* Where the samples of sources `first` to before `last` lie in a result of `rank` dims, to which
 * they are aligned at their ends. */
static amct_status common_place(amct_batch_at *out, const amct_batching *b, const amct_node *node,
                                uint32_t first, uint32_t last, int32_t rank, amct_err *err)
{
    amct_batch_at common = NONE;
    for (uint32_t i = first; i < last && i < node->n_src; i++) {
        amct_batch_at at = amct_batch_src(b, node, i);
        if (at.dim < 0)
            continue;
        at.dim += rank - src_shape(b, node, i)->rank;
        if (common.dim >= 0 && !amct_batch_same(common, at))
            return amct_fail(
                err, AMCT_E_UNSUPPORTED,
                "its inputs have the samples along axes %d and %d, or in another order", common.dim,
                at.dim);
        common = at;
    }
    *out = common;
    return AMCT_OK;
}

/* Repeats the sources that have no samples but a dim where the others have theirs. With `always`
 * also dims of 1: nothing is broadcast there. */
static amct_status repeat_others(amct_batching *b, uint32_t n, uint32_t first, uint32_t last,
                                 amct_batch_at at, int32_t rank, bool always, amct_err *err)
{
    int64_t full = at.before * at.after * b->from;
    for (uint32_t i = first; i < last && i < b->graph->nodes[n].n_src; i++) {
        const amct_node *node = &b->graph->nodes[n];
        if (!amct_node_src(b->graph, node, i) || amct_batch_src(b, node, i).dim >= 0)
            continue;
        const amct_shape *shape = src_shape(b, node, i);
        amct_batch_at own = at;
        own.dim += shape->rank - rank;
        if (own.dim < 0 || (shape->dims[own.dim] == 1 && !always))
            continue;
        if (shape->dims[own.dim] != full)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "axis %d, along which the samples lie, is broadcast", at.dim);
        AMCT_TRY(amct_batch_repeat(b, n, i, own, err));
    }
    return AMCT_OK;
}

/* Broadcasting operators. */
static amct_status zip(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape to = b->graph->tensors[node->dst[0]].shape;
    amct_batch_at at;
    AMCT_TRY(common_place(&at, b, node, 0, node->n_src, to.rank, err));
    for (uint32_t i = 0; i < node->n_src; i++) /* a batch of 1 beside a dim that is larger */
        if (amct_batch_src(b, node, i).dim >= 0 &&
            to.dims[at.dim] != at.before * at.after * b->from)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "axis %d, along which the samples lie, is broadcast", at.dim);
    amct_batch_dst(b, node, 0, at);
    return repeat_others(b, n, 0, node->n_src, at, to.rank, false, err);
}

/* Concat, and GatherElements: dims but that of the axis are shared one by one. */
static amct_status concat(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis, rank = src_shape(b, node, 0)->rank;
    amct_batch_at at;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, rank, err));
    AMCT_TRY(common_place(&at, b, node, 0, node->n_src, rank, err));
    if (at.dim == axis)
        return meet(axis, err);
    amct_batch_dst(b, node, 0, at);
    return repeat_others(b, n, 0, node->n_src, at, rank, true, err);
}

/* ---- One source with samples ------------------------------------------------------------------
 */

/* Element by element, or with parameters that all samples share. */
static amct_status map(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    AMCT_TRY(want_alone(b, node, 1, err));
    all_like(b, node, amct_batch_src(b, node, 0));
    return AMCT_OK;
}

/* With a parameter per index of an axis, unless it is one number. */
static amct_status quantize(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis = -1, rank = src_shape(b, node, 0)->rank;
    if (node->n_src > 1 && amct_shape_size(src_shape(b, node, 1)) != 1)
        AMCT_TRY(amct_param_axis(&axis, node, "axis", 1, rank, err));
    if (axis == amct_batch_src(b, node, 0).dim)
        return meet(axis, err);
    return map(b, n, err);
}

/* N x C x spatial. */
static amct_status planes(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    AMCT_TRY(want_alone(b, node, 1, err));
    if (at.dim > 0)
        return meet(at.dim, err);
    if (amct_node_is(node, "MaxPool") && node->n_dst > 1 && node->dst[1] != AMCT_NO_TENSOR)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its indices count samples");
    all_like(b, node, at);
    return AMCT_OK;
}

/* Along one axis. */
static amct_status along_axis(amct_batching *b, uint32_t n, int64_t otherwise, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", otherwise, src_shape(b, node, 0)->rank, err));
    if (axis == amct_batch_src(b, node, 0).dim)
        return meet(axis, err);
    return map(b, n, err);
}

static amct_status softmax(amct_batching *b, uint32_t n, amct_err *err)
{
    return along_axis(b, n, -1, err);
}

static amct_status split(amct_batching *b, uint32_t n, amct_err *err)
{
    return along_axis(b, n, 0, err);
}

static amct_status cumsum(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_tensor *t = amct_node_src(b->graph, node, 1);
    int32_t axis;
    if (!t || !t->data || amct_shape_size(&t->shape) != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its axis is computed");
    AMCT_TRY(amct_axis_normalise(&axis, amct_constant_int(t, 0), src_shape(b, node, 0)->rank, err));
    if (axis == amct_batch_src(b, node, 0).dim)
        return meet(axis, err);
    return map(b, n, err);
}

/* Axes from `axis` on. */
static amct_status layer_norm(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis, dim = amct_batch_src(b, node, 0).dim;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", -1, src_shape(b, node, 0)->rank, err));
    if (dim >= axis)
        return meet(dim, err);
    return map(b, n, err);
}

static amct_status mean_variance(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_ints axes;
    AMCT_TRY(amct_param_axes(&axes, NULL, node, src_shape(b, node, 0)->rank, err));
    if (!axes.given)
        axes = (amct_ints){.n = 3, .at = {0, 2, 3}};
    for (int32_t i = 0; i < axes.n; i++)
        if (axes.at[i] == amct_batch_src(b, node, 0).dim)
            return meet((int32_t)axes.at[i], err);
    return map(b, n, err);
}

static amct_status trilu(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t dim = amct_batch_src(b, node, 0).dim;
    if (dim >= src_shape(b, node, 0)->rank - 2)
        return meet(dim, err);
    return map(b, n, err);
}

static amct_status transpose(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    int32_t rank = src_shape(b, node, 0)->rank, to = rank - 1 - at.dim;
    size_t count;
    const int64_t *perm = amct_node_ints(node, "perm", &count);
    (void)err;
    for (size_t d = 0; d < count; d++)
        if (perm[d] == at.dim)
            to = (int32_t)d;
    at.dim = to;
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}

/* Dims that are reduced disappear, unless they are kept as 1. */
static amct_status reduce_dims(amct_batching *b, const amct_node *node, const bool *reduced,
                               amct_err *err)
{
    amct_batch_at at = amct_batch_src(b, node, 0);
    int32_t dim = at.dim;
    AMCT_TRY(want_alone(b, node, 1, err));
    if (reduced[dim])
        return meet(dim, err);
    for (int32_t d = 0; d < dim && !amct_node_int(node, "keepdims", 1); d++)
        at.dim -= reduced[d];
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}

static amct_status reduce(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_tensor *t = amct_node_src(b->graph, node, 1);
    int32_t rank = src_shape(b, node, 0)->rank;
    bool reduced[AMCT_MAX_RANK];
    amct_value value;
    amct_ints axes;
    if (t && !t->data)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its axes are computed");
    if (t)
        value = (amct_value){t->dtype, 0, t->shape, (void *)(uintptr_t)t->data};
    AMCT_TRY(amct_param_axes(&axes, t ? &value : NULL, node, rank, err));
    for (int32_t d = 0; d < rank; d++)
        reduced[d] = axes.n == 0 && !amct_node_int(node, "noop_with_empty_axes", 0);
    for (int32_t i = 0; i < axes.n; i++)
        reduced[axes.at[i]] = true;
    return reduce_dims(b, node, reduced, err);
}

static amct_status arg_max(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    bool reduced[AMCT_MAX_RANK] = {false};
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, src_shape(b, node, 0)->rank, err));
    reduced[axis] = true;
    return reduce_dims(b, node, reduced, err);
}

/* ---- Gather -----------------------------------------------------------------------------------
 */

static amct_status gather(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at data = amct_batch_src(b, node, 0), index = amct_batch_src(b, node, 1);
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, src_shape(b, node, 0)->rank, err));
    if (data.dim == axis)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it takes some of the samples, along axis %d",
                         axis);
    if (data.dim >= 0 && index.dim >= 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its data and its indices have samples");
    if (index.dim >= 0)
        index.dim += axis;
    else if (data.dim > axis)
        data.dim += src_shape(b, node, 1)->rank - 1;
    amct_batch_dst(b, node, 0, index.dim >= 0 ? index : data);
    return AMCT_OK;
}

static amct_status gather_nd(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at data = amct_batch_src(b, node, 0), index = amct_batch_src(b, node, 1);
    int64_t shared = amct_node_int(node, "batch_dims", 0);
    bool both = data.dim >= 0 && data.dim < shared && amct_batch_same(data, index);
    bool alone = data.dim < 0 && index.dim >= shared && index.dim < src_shape(b, node, 1)->rank - 1;
    if (!both && !alone)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it takes some of the samples");
    amct_batch_dst(b, node, 0, index);
    return AMCT_OK;
}

/* ---- Products ---------------------------------------------------------------------------------
 */

/* a is source 0, b source `other`; vectors are not followed. */
static amct_status product(amct_batching *b, uint32_t n, uint32_t other, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at left = amct_batch_src(b, node, 0), right = amct_batch_src(b, node, other);
    int32_t rank_a = src_shape(b, node, 0)->rank, rank_b = src_shape(b, node, other)->rank;
    int32_t rank = rank_a > rank_b ? rank_a : rank_b;
    for (uint32_t i = 1; i < node->n_src; i++)
        if (i != other && amct_batch_src(b, node, i).dim != AMCT_BATCH_NONE)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "its input %u is another for every sample",
                             i);
    if (left.dim == rank_a - 1 || (right.dim >= 0 && right.dim == (rank_b > 1 ? rank_b - 2 : 0)))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it sums over the axis along which samples lie");
    if (rank_a < 2 || rank_b < 2) { /* a vector is a dim less in the result */
        if (left.dim >= 0 && right.dim >= 0)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "a product of vectors and samples");
        if (right.dim == rank_b - 1)
            right.dim -= rank_a < 2;
        amct_batch_dst(b, node, 0, left.dim >= 0 ? left : right);
        return AMCT_OK;
    }
    bool rows = left.dim == rank_a - 2, columns = right.dim >= 0 && right.dim == rank_b - 1;
    if ((rows || columns) && left.dim >= 0 && right.dim >= 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "samples meet in the products of rows");
    amct_batch_at at = left.dim >= 0 ? left : right, aligned = right;
    at.dim += rank - (left.dim >= 0 ? rank_a : rank_b);
    aligned.dim += rank - rank_b;
    if (left.dim >= 0 && right.dim >= 0 && !amct_batch_same(at, aligned))
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "its inputs have the samples along axes %d and %d, or in another order",
                         at.dim, aligned.dim);
    amct_batch_dst(b, node, 0, at);
    if (rows || columns)
        return AMCT_OK;
    const amct_shape to = b->graph->tensors[node->dst[0]].shape;
    if (to.dims[at.dim] != at.before * at.after * b->from)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "axis %d, along which the samples lie, is broadcast", at.dim);
    AMCT_TRY(repeat_others(b, n, 0, 1, at, rank, false, err));
    return repeat_others(b, n, other, other + 1, at, rank, false, err);
}

static amct_status matmul(amct_batching *b, uint32_t n, amct_err *err)
{
    return product(b, n, 1, err);
}

static amct_status qlinear_matmul(amct_batching *b, uint32_t n, amct_err *err)
{
    return product(b, n, 3, err);
}

static amct_status gemm(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    AMCT_TRY(want_alone(b, node, 1, err));
    if (at.dim != (amct_node_int(node, "transA", 0) != 0))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it sums over the axis along which samples lie");
    at.dim = 0;
    amct_batch_dst(b, node, 0, at);
    return repeat_others(b, n, 2, 3, at, 2, false, err);
}

/* Sources: X of steps x batch x inputs, W, R, B, lengths, first h, first c, P. */
static amct_status recurrent(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    for (uint32_t i = 0; i < node->n_src; i++) {
        int32_t dim = amct_batch_src(b, node, i).dim;
        if (dim >= 0 && (i == 0 || i == 5 || i == 6 ? dim != 1 : i != 4))
            return i == 0 && dim == 0
                       ? amct_fail(err, AMCT_E_UNSUPPORTED,
                                   "its steps lie along axis 0, where the network's batch is")
                       : amct_fail(err, AMCT_E_UNSUPPORTED,
                                   "the samples of input %u lie along axis %d", i, dim);
        if (dim >= 0 && !(amct_batch_src(b, node, i).before == at.before &&
                          amct_batch_src(b, node, i).after == at.after))
            return amct_fail(err, AMCT_E_UNSUPPORTED, "its input %u has samples in another order",
                             i);
    }
    if (at.dim != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its input 0 is the same for all samples");
    for (uint32_t i = 4; i < 7 && i < b->graph->nodes[n].n_src; i++) {
        node = &b->graph->nodes[n];
        amct_batch_at own = {.dim = i > 4, .before = at.before, .after = at.after};
        if (node->src[i] != AMCT_NO_TENSOR && amct_batch_src(b, node, i).dim < 0)
            AMCT_TRY(amct_batch_repeat(b, n, i, own, err));
    }
    node = &b->graph->nodes[n];
    for (uint32_t i = 0; i < node->n_dst; i++)
        amct_batch_dst(b, node, i,
                       (amct_batch_at){.dim = i ? 1 : 2, .before = at.before, .after = at.after});
    return AMCT_OK;
}

/* A scale for each index of dim 1, or of the last one. */
static amct_status dequant(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape *x = src_shape(b, node, 0);
    int32_t dim = amct_batch_src(b, node, 0).dim;
    int64_t scales = amct_shape_size(src_shape(b, node, 1));
    if (scales > 1 && (dim == 1 || dim == x->rank - 1) && x->dims[dim] == scales)
        return meet(dim, err);
    return map(b, n, err);
}

static amct_status dynamic_quantize(amct_batching *b, uint32_t n, amct_err *err)
{
    (void)b, (void)n;
    return amct_fail(err, AMCT_E_UNSUPPORTED, "its scale comes from all samples together");
}

/* ---- The table --------------------------------------------------------------------------------
 */

/* Names apart by spaces, with one in front and behind. */
static const struct {
    amct_batch_rule *rule;
    const char *ops;
} rules[] = {
    {map, " Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu "
          "HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu "
          "Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh "
          "ThresholdedRelu Clip Cast Dropout AscendQuant AscendAntiQuant "},
    {zip,
     " Add And BitShift Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul "
     "Or PRelu Pow Sub Sum Where Xor CastLike "},
    {planes, " Conv ConvInteger ConvTranspose QLinearConv AveragePool MaxPool LpPool "
             "GlobalAveragePool GlobalMaxPool GlobalLpPool BatchNormalization LRN "
             "InstanceNormalization GroupNormalization DepthToSpace SpaceToDepth "},
    {softmax, " Softmax LogSoftmax Hardmax LpNormalization TopK "},
    {reduce, " ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin "
             "ReduceProd ReduceSum ReduceSumSquare "},
    {arg_max, " ArgMax ArgMin "},
    {concat, " Concat GatherElements "},
    {split, " Split "},
    {transpose, " Transpose "},
    {matmul, " MatMul MatMulInteger "},
    {qlinear_matmul, " QLinearMatMul "},
    {gemm, " Gemm "},
    {recurrent, " LSTM GRU "},
    {gather, " Gather "},
    {gather_nd, " GatherND "},
    {layer_norm, " LayerNormalization "},
    {mean_variance, " MeanVarianceNormalization "},
    {cumsum, " CumSum "},
    {trilu, " Trilu "},
    {quantize, " QuantizeLinear DequantizeLinear "},
    {dequant, " AscendDequant "},
    {dynamic_quantize, " DynamicQuantizeLinear "},
    {amct_batch_reshape, " Reshape "},
    {amct_batch_flatten, " Flatten "},
    {amct_batch_squeeze, " Squeeze "},
    {amct_batch_unsqueeze, " Unsqueeze "},
    {amct_batch_slice, " Slice "},
    {amct_batch_pad, " Pad "},
    {amct_batch_resize, " Resize Upsample "},
    {amct_batch_expand, " Expand "},
    {amct_batch_tile, " Tile "},
};

amct_batch_rule *amct_batch_rule_of(const amct_node *node)
{
    size_t length = strlen(node->op);
    if (node->domain[0] || !length || strchr(node->op, ' '))
        return NULL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (const char *at = rules[i].ops; (at = strstr(at, node->op)); at += length)
            if (at[-1] == ' ' && at[length] == ' ')
                return rules[i].rule;
    return NULL;
}
