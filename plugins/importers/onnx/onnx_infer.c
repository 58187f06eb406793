/*
 * Element types and ranks of results where the file gives no hint: only what the rewriting of old
 * forms needs (which axis is the last one, which dims are 1). The host infers all shapes later.
 */
#include "onnx_reader.h"

#include <string.h>

/* What a result is like, seen from the sources. */
enum like {
    SAME,     /* the first source */
    RANK,     /* its rank; other dims than those of batch are not known */
    ONES,     /* its first two dims, then ones */
    WIDEST,   /* broadcast of all sources */
    MATRIX,   /* two dims */
    RESHAPED, /* as the constant second source says */
    GROWN,    /* rank of the first plus number of axes */
    SHRUNK,   /* rank of the first minus number of axes */
    REDUCED   /* rank of the first if dims are kept */
};

static const struct rule {
    const char *op;
    enum like like;
} rules[] = {
    {"Abs", SAME},
    {"BatchNormalization", SAME},
    {"Ceil", SAME},
    {"Clip", SAME},
    {"Dropout", SAME},
    {"Elu", SAME},
    {"Erf", SAME},
    {"Exp", SAME},
    {"Floor", SAME},
    {"HardSigmoid", SAME},
    {"HardSwish", SAME},
    {"Identity", SAME},
    {"InstanceNormalization", SAME},
    {"LRN", SAME},
    {"LeakyRelu", SAME},
    {"Log", SAME},
    {"LogSoftmax", SAME},
    {"Neg", SAME},
    {"PRelu", SAME},
    {"Reciprocal", SAME},
    {"Relu", SAME},
    {"Selu", SAME},
    {"Sigmoid", SAME},
    {"Softmax", SAME},
    {"Softplus", SAME},
    {"Softsign", SAME},
    {"Sqrt", SAME},
    {"Tanh", SAME},
    {"AveragePool", RANK},
    {"Concat", RANK},
    {"Conv", RANK},
    {"ConvTranspose", RANK},
    {"DepthToSpace", RANK},
    {"LpPool", RANK},
    {"MaxPool", RANK},
    {"Pad", RANK},
    {"Resize", RANK},
    {"Slice", RANK},
    {"SpaceToDepth", RANK},
    {"Split", RANK},
    {"Tile", RANK},
    {"Transpose", RANK},
    {"GlobalAveragePool", ONES},
    {"GlobalMaxPool", ONES},
    {"Add", WIDEST},
    {"Div", WIDEST},
    {"MatMul", WIDEST},
    {"Max", WIDEST},
    {"Mean", WIDEST},
    {"Min", WIDEST},
    {"Mul", WIDEST},
    {"Pow", WIDEST},
    {"Sub", WIDEST},
    {"Sum", WIDEST},
    {"Flatten", MATRIX},
    {"Gemm", MATRIX},
    {"Reshape", RESHAPED},
    {"Unsqueeze", GROWN},
    {"Squeeze", SHRUNK},
    {"ReduceMean", REDUCED},
    {"ReduceSum", REDUCED},
    {"ReduceMax", REDUCED},
    {"ReduceMin", REDUCED},
};

static void set_rank(onnx_type *type, int64_t rank)
{
    if (rank < 0 || rank > AMCT_MAX_RANK)
        return;
    type->rank = (uint32_t)rank;
    for (uint32_t i = 0; i < type->rank; i++)
        type->dims[i] = AMCT_DIM_UNKNOWN;
}

/* Dims that a constant of int64 spells out: 0 is a dim of x, -1 what is left over. */
static void reshape(onnx_type *to, const onnx_value *shape)
{
    if (!shape || !shape->data || shape->type.dtype != AMCT_INT64 || shape->type.rank != 1)
        return;
    set_rank(to, shape->type.dims[0]);
    for (uint32_t i = 0; to->rank <= AMCT_MAX_RANK && i < to->rank; i++) {
        int64_t dim;
        memcpy(&dim, (const char *)shape->data + i * sizeof dim, sizeof dim);
        if (dim > 0)
            to->dims[i] = dim;
    }
}

static int64_t number_of_axes(const onnx_value *axes)
{
    return axes && axes->kind == AMCT_TENSOR_CONSTANT && axes->type.rank == 1 ? axes->type.dims[0]
                                                                              : -1;
}

static void widest(const onnx_node *node, onnx_type *to)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < node->n_src; i++) {
        if (!node->src[i] || node->src[i]->type.rank > AMCT_MAX_RANK)
            return;
        rank = node->src[i]->type.rank > rank ? node->src[i]->type.rank : rank;
    }
    if (strcmp(node->op, "MatMul") == 0 && rank < 2)
        return;
    set_rank(to, rank);
}

static void infer_dims(const onnx_node *node, enum like like, const onnx_type *x, onnx_type *to)
{
    bool known = x->rank <= AMCT_MAX_RANK;
    int64_t axes = number_of_axes(onnx_src(node, 1));
    switch (like) {
    case WIDEST: widest(node, to); return;
    case MATRIX: set_rank(to, 2); return;
    case RESHAPED: reshape(to, onnx_src(node, 1)); return;
    default: break;
    }
    if (!known)
        return;
    switch (like) {
    case SAME:
        to->rank = x->rank;
        memcpy(to->dims, x->dims, sizeof to->dims);
        break;
    case ONES:
        set_rank(to, x->rank);
        for (uint32_t i = 2; i < x->rank; i++)
            to->dims[i] = 1;
        break;
    case GROWN:
        if (axes > 0)
            set_rank(to, x->rank + axes);
        break;
    case SHRUNK:
        if (axes > 0)
            set_rank(to, x->rank - axes);
        break;
    case REDUCED:
        if (onnx_attr_int(node, "keepdims", 1) != 0)
            set_rank(to, x->rank);
        break;
    default: set_rank(to, x->rank);
    }
}

void onnx_infer(const onnx_node *node)
{
    const onnx_value *x = onnx_src(node, 0);
    if (!x || node->domain[0])
        return;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (strcmp(rules[i].op, node->op) != 0)
            continue;
        for (uint32_t k = 0; k < node->n_dst; k++) {
            onnx_value *y = node->dst[k];
            if (!y || (k > 0 && strcmp(node->op, "Split") != 0))
                continue; /* masks and indices are of other types */
            if (y->type.dtype == AMCT_UNDEFINED)
                y->type.dtype = x->type.dtype;
            if (y->type.rank == AMCT_RANK_UNKNOWN)
                infer_dims(node, rules[i].like, &x->type, &y->type);
        }
        return;
    }
}
