/* Which operator is translated by what. */
#include "tf_reader.h"

#include <stdlib.h>
#include <string.h>

#include "tf_rules.h"

/* Sorted by name, for bsearch. */
static const tf_rule rules[] = {
    {"Abs", 1, 1, tf_unary, "Abs"},
    {"Add", 2, 2, tf_binary, "Add"},
    {"AddN", 1, 4096, tf_add_n, NULL},
    {"AddV2", 2, 2, tf_binary, "Add"},
    {"ArgMax", 1, 2, tf_arg, "ArgMax"},
    {"ArgMin", 1, 2, tf_arg, "ArgMin"},
    {"AvgPool", 1, 1, tf_pool, "AveragePool"},
    {"AvgPool3D", 1, 1, tf_pool, "AveragePool"},
    {"BatchMatMul", 2, 2, tf_matmul, NULL},
    {"BatchMatMulV2", 2, 2, tf_matmul, NULL},
    {"BatchMatMulV3", 2, 2, tf_matmul, NULL},
    {"BatchToSpaceND", 3, 3, tf_batch_to_space, NULL},
    {"BiasAdd", 2, 2, tf_bias_add, NULL},
    {"Cast", 1, 1, tf_cast, NULL},
    {"Ceil", 1, 1, tf_unary, "Ceil"},
    {"CheckNumerics", 1, 1, tf_alias, NULL},
    {"Concat", 2, 4096, tf_concat, NULL},
    {"ConcatV2", 2, 4096, tf_concat, NULL},
    {"Const", 0, 0, tf_const, NULL},
    {"Conv2D", 2, 2, tf_conv, NULL},
    {"Conv2DBackpropInput", 3, 3, tf_conv_transpose, NULL},
    {"Conv3D", 2, 2, tf_conv, NULL},
    {"Cos", 1, 1, tf_unary, "Cos"},
    {"DepthToSpace", 1, 1, tf_depth_to_space, "DepthToSpace"},
    {"DepthwiseConv2dNative", 2, 2, tf_conv, NULL},
    {"Div", 2, 2, tf_binary, "Div"},
    {"Elu", 1, 1, tf_unary, "Elu"},
    {"EnsureShape", 1, 1, tf_alias, NULL},
    {"Equal", 2, 2, tf_compare, "Equal"},
    {"Erf", 1, 1, tf_unary, "Erf"},
    {"Erfc", 1, 1, tf_erfc, NULL},
    {"Exp", 1, 1, tf_unary, "Exp"},
    {"ExpandDims", 2, 2, tf_expand_dims, NULL},
    {"Fill", 2, 2, tf_fill, NULL},
    {"Floor", 1, 1, tf_floor, "Floor"},
    {"FloorDiv", 2, 2, tf_only_known, NULL},
    {"FloorMod", 2, 2, tf_only_known, NULL},
    {"FusedBatchNorm", 5, 5, tf_batch_norm, NULL},
    {"FusedBatchNormV2", 5, 5, tf_batch_norm, NULL},
    {"FusedBatchNormV3", 5, 5, tf_batch_norm, NULL},
    {"Gather", 2, 2, tf_gather, NULL},
    {"GatherV2", 3, 3, tf_gather, NULL},
    {"Greater", 2, 2, tf_compare, "Greater"},
    {"GreaterEqual", 2, 2, tf_compare, "GreaterOrEqual"},
    {"Identity", 1, 1, tf_alias, NULL},
    {"IdentityN", 1, 4096, tf_alias, NULL},
    {"Inv", 1, 1, tf_unary, "Reciprocal"},
    {"LRN", 1, 1, tf_lrn, NULL},
    {"LeakyRelu", 1, 1, tf_leaky_relu, NULL},
    {"Less", 2, 2, tf_compare, "Less"},
    {"LessEqual", 2, 2, tf_compare, "LessOrEqual"},
    {"Log", 1, 1, tf_unary, "Log"},
    {"LogSoftmax", 1, 1, tf_softmax, "LogSoftmax"},
    {"LogicalAnd", 2, 2, tf_compare, "And"},
    {"LogicalNot", 1, 1, tf_unary, "Not"},
    {"LogicalOr", 2, 2, tf_compare, "Or"},
    {"MatMul", 2, 2, tf_matmul, NULL},
    {"Max", 2, 2, tf_reduce, "ReduceMax"},
    {"MaxPool", 1, 1, tf_pool, "MaxPool"},
    {"MaxPool3D", 1, 1, tf_pool, "MaxPool"},
    {"MaxPoolV2", 3, 3, tf_pool, "MaxPool"},
    {"Maximum", 2, 2, tf_binary, "Max"},
    {"Mean", 2, 2, tf_reduce, "ReduceMean"},
    {"Min", 2, 2, tf_reduce, "ReduceMin"},
    {"Minimum", 2, 2, tf_binary, "Min"},
    {"MirrorPad", 2, 2, tf_pad, NULL},
    {"Mul", 2, 2, tf_binary, "Mul"},
    {"Neg", 1, 1, tf_unary, "Neg"},
    {"NotEqual", 2, 2, tf_only_known, NULL},
    {"OnesLike", 1, 1, tf_only_known, NULL},
    {"Pack", 1, 4096, tf_pack, NULL},
    {"Pad", 2, 2, tf_pad, NULL},
    {"PadV2", 3, 3, tf_pad, NULL},
    {"PartitionedCall", 0, UINT32_MAX, tf_call_function, NULL},
    {"Placeholder", 0, 0, tf_placeholder, NULL},
    {"PlaceholderWithDefault", 1, 1, tf_alias, NULL},
    {"Pow", 2, 2, tf_binary, "Pow"},
    {"PreventGradient", 1, 1, tf_alias, NULL},
    {"Prod", 2, 2, tf_reduce, "ReduceProd"},
    {"RandomUniform", 1, 1, tf_random, NULL},
    {"Range", 3, 3, tf_only_known, NULL},
    {"Rank", 1, 1, tf_only_known, NULL},
    {"ReadVariableOp", 1, 1, tf_read_variable, NULL},
    {"RealDiv", 2, 2, tf_binary, "Div"},
    {"Reciprocal", 1, 1, tf_unary, "Reciprocal"},
    {"Relu", 1, 1, tf_unary, "Relu"},
    {"Relu6", 1, 1, tf_relu6, NULL},
    {"Reshape", 2, 2, tf_reshape, NULL},
    {"ResizeBicubic", 2, 2, tf_resize, "cubic"},
    {"ResizeBilinear", 2, 2, tf_resize, "linear"},
    {"ResizeNearestNeighbor", 2, 2, tf_resize, "nearest"},
    {"Round", 1, 1, tf_unary, "Round"},
    {"Rsqrt", 1, 1, tf_rsqrt, NULL},
    {"Select", 3, 3, tf_select, NULL},
    {"SelectV2", 3, 3, tf_select, NULL},
    {"Selu", 1, 1, tf_unary, "Selu"},
    {"Shape", 1, 1, tf_shape_of, NULL},
    {"Sigmoid", 1, 1, tf_unary, "Sigmoid"},
    {"Sign", 1, 1, tf_unary, "Sign"},
    {"Sin", 1, 1, tf_unary, "Sin"},
    {"Size", 1, 1, tf_shape_of, NULL},
    {"Slice", 3, 3, tf_slice, NULL},
    {"Snapshot", 1, 1, tf_alias, NULL},
    {"Softmax", 1, 1, tf_softmax, "Softmax"},
    {"Softplus", 1, 1, tf_unary, "Softplus"},
    {"Softsign", 1, 1, tf_unary, "Softsign"},
    {"SpaceToBatchND", 3, 3, tf_space_to_batch, NULL},
    {"SpaceToDepth", 1, 1, tf_depth_to_space, "SpaceToDepth"},
    {"Split", 2, 2, tf_split, NULL},
    {"SplitV", 3, 3, tf_split, NULL},
    {"Sqrt", 1, 1, tf_unary, "Sqrt"},
    {"Square", 1, 1, tf_square, NULL},
    {"SquaredDifference", 2, 2, tf_squared_difference, NULL},
    {"Squeeze", 1, 1, tf_squeeze, NULL},
    {"StatefulPartitionedCall", 0, UINT32_MAX, tf_call_function, NULL},
    {"StopGradient", 1, 1, tf_alias, NULL},
    {"StridedSlice", 4, 4, tf_strided_slice, NULL},
    {"Sub", 2, 2, tf_binary, "Sub"},
    {"Sum", 2, 2, tf_reduce, "ReduceSum"},
    {"Tan", 1, 1, tf_unary, "Tan"},
    {"Tanh", 1, 1, tf_unary, "Tanh"},
    {"Tile", 2, 2, tf_tile, NULL},
    {"Transpose", 2, 2, tf_transpose, NULL},
    {"Unpack", 1, 1, tf_unpack, NULL},
    {"VarHandleOp", 0, 0, tf_variable, NULL},
    {"Variable", 0, 0, tf_variable, NULL},
    {"VariableV2", 0, 0, tf_variable, NULL},
    {"ZerosLike", 1, 1, tf_only_known, NULL},
};

static int compare_rules(const void *name, const void *rule)
{
    return strcmp(name, ((const tf_rule *)rule)->op);
}

const tf_rule *tf_rule_find(const char *op)
{
    return bsearch(op, rules, sizeof rules / sizeof *rules, sizeof *rules, compare_rules);
}

enum { MAX_NAME = 1024 };

/* Control flow, by both generations' names. */
static bool is_control(const char *op)
{
    static const char *const names[] = {"While", "StatelessWhile", "If",      "StatelessIf",
                                        "Case",  "StatelessCase",  "Switch",  "RefSwitch",
                                        "Merge", "RefMerge",       "Enter",   "RefEnter",
                                        "Exit",  "NextIteration",  "LoopCond"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(op, names[i]) == 0)
            return true;
    return false;
}

int32_t tf_call_results(tf_reader *r, tf_call *call, uint32_t n)
{
    call->dst = import_alloc(&r->memory, (size_t)n + 1, sizeof *call->dst);
    call->n_dst = n;
    return call->dst ? AMCT_OK : tf_nomem(r);
}

int32_t tf_translate_node(tf_reader *r, tf_scope *scope, const tf_node *node, tf_value **src,
                          tf_result *result)
{
    const tf_rule *rule = tf_rule_find(node->op);
    tf_call call = {.node = node, .scope = scope, .src = src, .n_src = node->n_src};
    bool done = false;
    if (is_control(node->op))
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "control flow is not supported: freeze the network, or end it before this "
                       "node with the option outputs");
    if (!rule)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "this operator is not supported; the option outputs ends the network before "
                       "it");
    if (node->n_src < rule->min_src || node->n_src > rule->max_src)
        return tf_fail(r, AMCT_E_FORMAT, "has %u inputs, %u%s wanted", node->n_src, rule->min_src,
                       rule->max_src > rule->min_src ? " or more" : "");
    call.name =
        scope->prefix[0] ? import_text(&r->memory, "%s%s", scope->prefix, node->name) : node->name;
    if (!call.name)
        return tf_nomem(r);
    if (strlen(call.name) > MAX_NAME)
        return tf_fail(r, AMCT_E_LIMIT, "a name of more than %d bytes", MAX_NAME);
    if (rule->translate != tf_call_function)
        TF_TRY(tf_call_results(r, &call, rule->translate == tf_alias ? node->n_src : 1));
    TF_TRY(tf_fold(r, &call, &done));
    if (!done)
        TF_TRY(rule->translate(r, &call));
    result->values = call.dst;
    result->n = call.n_dst;
    return AMCT_OK;
}

int32_t tf_axis(tf_reader *r, int64_t axis, uint32_t rank, uint32_t *out)
{
    if (axis < -(int64_t)rank || axis >= (int64_t)rank)
        return tf_fail(r, AMCT_E_FORMAT, "axis %lld is not one of %u dims", (long long)axis, rank);
    *out = (uint32_t)(axis < 0 ? axis + rank : axis);
    return AMCT_OK;
}
