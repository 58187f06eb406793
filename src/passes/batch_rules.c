/* Where samples lie behind operators that compute of one source, and that they do not meet there;
 * the table of all operators. */
#include "passes/batch_layout.h"

#include <string.h>

amct_status amct_batch_meet(int32_t axis, amct_err *err)
{
    return amct_fail(err, AMCT_E_UNSUPPORTED, "the samples lie along axis %d, and meet there",
                     axis);
}

amct_status amct_batch_want_alone(const amct_batching *b, const amct_node *node, uint32_t n_with,
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

/* Element by element, or with parameters that all samples share. */
static amct_status map(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    AMCT_TRY(amct_batch_want_alone(b, node, 1, err));
    all_like(b, node, amct_batch_src(b, node, 0));
    return AMCT_OK;
}

/* With a parameter per index of an axis, unless it is one number. */
static amct_status quantize(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis = -1, rank = amct_batch_shape(b, node, 0)->rank;
    if (node->n_src > 1 && amct_shape_size(amct_batch_shape(b, node, 1)) != 1)
        AMCT_TRY(amct_param_axis(&axis, node, "axis", 1, rank, err));
    if (axis == amct_batch_src(b, node, 0).dim)
        return amct_batch_meet(axis, err);
    return map(b, n, err);
}

/* N x C x spatial. */
static amct_status planes(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    AMCT_TRY(amct_batch_want_alone(b, node, 1, err));
    if (at.dim > 0)
        return amct_batch_meet(at.dim, err);
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
    AMCT_TRY(
        amct_param_axis(&axis, node, "axis", otherwise, amct_batch_shape(b, node, 0)->rank, err));
    if (axis == amct_batch_src(b, node, 0).dim)
        return amct_batch_meet(axis, err);
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
    AMCT_TRY(amct_axis_normalise(&axis, amct_constant_int(t, 0), amct_batch_shape(b, node, 0)->rank,
                                 err));
    if (axis == amct_batch_src(b, node, 0).dim)
        return amct_batch_meet(axis, err);
    return map(b, n, err);
}

/* Axes from `axis` on. */
static amct_status layer_norm(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis, dim = amct_batch_src(b, node, 0).dim;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", -1, amct_batch_shape(b, node, 0)->rank, err));
    if (dim >= axis)
        return amct_batch_meet(dim, err);
    return map(b, n, err);
}

static amct_status mean_variance(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_ints axes;
    AMCT_TRY(amct_param_axes(&axes, NULL, node, amct_batch_shape(b, node, 0)->rank, err));
    if (!axes.given)
        axes = (amct_ints){.n = 3, .at = {0, 2, 3}};
    for (int32_t i = 0; i < axes.n; i++)
        if (axes.at[i] == amct_batch_src(b, node, 0).dim)
            return amct_batch_meet((int32_t)axes.at[i], err);
    return map(b, n, err);
}

static amct_status trilu(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t dim = amct_batch_src(b, node, 0).dim;
    if (dim >= amct_batch_shape(b, node, 0)->rank - 2)
        return amct_batch_meet(dim, err);
    return map(b, n, err);
}

static amct_status transpose(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    int32_t rank = amct_batch_shape(b, node, 0)->rank, to = rank - 1 - at.dim;
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
    AMCT_TRY(amct_batch_want_alone(b, node, 1, err));
    if (reduced[dim])
        return amct_batch_meet(dim, err);
    for (int32_t d = 0; d < dim && !amct_node_int(node, "keepdims", 1); d++)
        at.dim -= reduced[d];
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}

static amct_status reduce(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t rank = amct_batch_shape(b, node, 0)->rank;
    bool reduced[AMCT_MAX_RANK];
    amct_ints axes;
    AMCT_TRY(amct_batch_axes(&axes, b, node, rank, err));
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
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, amct_batch_shape(b, node, 0)->rank, err));
    reduced[axis] = true;
    return reduce_dims(b, node, reduced, err);
}

/* A scale for each index of dim 1, or of the last one. */
static amct_status dequant(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape *x = amct_batch_shape(b, node, 0);
    int32_t dim = amct_batch_src(b, node, 0).dim;
    int64_t scales = amct_shape_size(amct_batch_shape(b, node, 1));
    if (scales > 1 && (dim == 1 || dim == x->rank - 1) && x->dims[dim] == scales)
        return amct_batch_meet(dim, err);
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
    {amct_batch_zip,
     " Add And BitShift Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul "
     "Or PRelu Pow Sub Sum Where Xor CastLike "},
    {planes, " Conv ConvInteger ConvTranspose QLinearConv AveragePool MaxPool LpPool "
             "GlobalAveragePool GlobalMaxPool GlobalLpPool BatchNormalization LRN "
             "InstanceNormalization GroupNormalization DepthToSpace SpaceToDepth "},
    {softmax, " Softmax LogSoftmax Hardmax LpNormalization TopK "},
    {reduce, " ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin "
             "ReduceProd ReduceSum ReduceSumSquare "},
    {arg_max, " ArgMax ArgMin "},
    {amct_batch_concat, " Concat GatherElements "},
    {split, " Split "},
    {transpose, " Transpose "},
    {amct_batch_matmul, " MatMul MatMulInteger "},
    {amct_batch_qlinear_matmul, " QLinearMatMul "},
    {amct_batch_gemm, " Gemm "},
    {amct_batch_recurrent, " LSTM GRU "},
    {amct_batch_gather, " Gather "},
    {amct_batch_gather_nd, " GatherND "},
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
