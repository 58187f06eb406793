/* Every kind of single operator, on every engine, in both layouts: what puts elements elsewhere or
 * compares exactly as the reference has it, what computes within a limit. */
#include "exec_net.h"

#include <string.h>

static amct_shape any_shape(exec_net *n, int32_t least, int32_t greatest)
{
    amct_shape shape = {.rank = (int32_t)net_between(n, least, greatest)};
    for (int32_t d = 0; d < shape.rank; d++)
        shape.dims[d] = net_chance(n, 6) ? 1 : net_between(n, 1, d == 1 ? 19 : 6);
    return shape;
}

/* A convolution that multiplies by one number exactly, so that what is around it has its layout. */
static uint32_t exact_conv(exec_net *n, uint32_t t, double factor)
{
    const amct_shape *shape = net_shape(n, t);
    if (shape->rank < 3 || shape->rank > 5 || net_dtype(n, t) != AMCT_FLOAT ||
        amct_shape_size(shape) == 0)
        return t;
    amct_shape weights = *shape;
    for (int32_t d = 1; d < weights.rank; d++)
        weights.dims[d] = 1;
    weights.dims[0] = shape->dims[1];
    net_int(n, "group", shape->dims[1]);
    return net_node(n, "Conv", IDS(t, net_constant(n, AMCT_FLOAT, weights, NUMBERS(factor))));
}

static uint32_t begin(exec_net *n, amct_shape shape)
{
    uint32_t t = net_input(n, AMCT_FLOAT, shape);
    return net_chance(n, 2) ? exact_conv(n, t, 1) : t;
}

static void finish(exec_net *n, uint32_t t)
{
    if (net_chance(n, 2))
        net_output(n, exact_conv(n, t, 2));
    if (!n->graph->n_outputs || net_chance(n, 2))
        net_output(n, t);
}

/* ---- Elementwise ---------------------------------------------------------------------------- */

static const char *pick(exec_net *n, const char *const *names, size_t count)
{
    return names[net_between(n, 0, (int64_t)count - 1)];
}
#define PICK(n, ...)                                                                               \
    pick(n, (const char *const[]){__VA_ARGS__},                                                    \
         sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void smooth(exec_net *n)
{
    uint32_t t = begin(n, any_shape(n, 1, 5));
    const char *op =
        PICK(n, "Sigmoid", "Tanh", "Softplus", "HardSwish", "Mish", "Elu", "Selu", "HardSigmoid",
             "Gelu", "Softsign", "Erf", "Celu", "Exp", "Sqrt", "Log", "Reciprocal", "Swish", "Sin");
    if (strcmp(op, "Sqrt") == 0 || strcmp(op, "Log") == 0 || strcmp(op, "Reciprocal") == 0)
        t = net_node(n, "Add", IDS(net_node(n, "Abs", IDS(t)), net_float(n, 0.125)));
    if (strcmp(op, "Elu") == 0 || strcmp(op, "HardSigmoid") == 0)
        net_real_attr(n, "alpha", net_real(n, 0.1, 2));
    if (strcmp(op, "Gelu") == 0 && net_chance(n, 2))
        net_text(n, "approximate", "tanh");
    finish(n, net_node(n, op, IDS(t)));
    net_check(n, 2e-6, 0);
}

static void exact(exec_net *n)
{
    uint32_t t = begin(n, any_shape(n, 1, 5));
    const char *op = PICK(n, "Relu", "LeakyRelu", "Clip", "Abs", "Neg", "Ceil", "Floor", "Round",
                          "Sign", "PRelu", "ThresholdedRelu", "Identity", "Dropout", "Cast", "Not");
    const amct_shape shape = *net_shape(n, t);
    if (strcmp(op, "Clip") == 0) {
        t = net_node(n, op, IDS(t, net_float(n, net_real(n, -3, 0)), net_float(n, 1)));
    } else if (strcmp(op, "PRelu") == 0) {
        amct_shape slope = shape;
        for (int32_t d = 0; d < slope.rank; d++)
            slope.dims[d] = d == 1 || net_chance(n, 4) ? slope.dims[d] : 1;
        t = net_node(n, op, IDS(t, net_random(n, AMCT_FLOAT, slope, -1, 1)));
    } else if (strcmp(op, "Cast") == 0) {
        net_int(n, "to", net_chance(n, 2) ? AMCT_FLOAT16 : AMCT_INT32);
        t = net_node(n, op, IDS(t));
        net_int(n, "to", AMCT_FLOAT);
        t = net_node(n, op, IDS(t));
    } else if (strcmp(op, "Not") == 0) {
        t = net_node(n, op, IDS(net_node(n, "Less", IDS(t, net_float(n, 0.5)))));
    } else {
        t = net_node(n, op, IDS(t));
    }
    finish(n, t);
    net_check(n, 0, 0);
}

/* An operand that broadcasts to or with that shape. */
static uint32_t other_operand(exec_net *n, const amct_shape *shape)
{
    amct_shape other = *shape;
    if (net_chance(n, 3)) { /* fewer dims */
        int32_t cut = (int32_t)net_between(n, 0, shape->rank);
        other.rank = shape->rank - cut;
        memmove(other.dims, shape->dims + cut, (size_t)other.rank * sizeof *other.dims);
    }
    bool same = net_chance(n, 3);
    for (int32_t d = 0; d < other.rank && !same; d++)
        other.dims[d] = net_chance(n, 2) ? 1 : other.dims[d];
    if (net_chance(n, 3))
        return net_random(n, AMCT_FLOAT, other, 0.5, 4);
    uint32_t t = net_input(n, AMCT_FLOAT, other);
    return net_chance(n, 2) ? exact_conv(n, t, 1) : t;
}

static void binary(exec_net *n)
{
    uint32_t a = begin(n, any_shape(n, 1, 5)), b;
    const char *op = PICK(n, "Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "Greater", "Equal",
                          "Pow", "Where", "Sum", "Mean");
    amct_shape shape = *net_shape(n, a);
    b = other_operand(n, &shape);
    if (strcmp(op, "Div") == 0)
        b = net_node(n, "Add", IDS(net_node(n, "Abs", IDS(b)), net_float(n, 0.25)));
    if (strcmp(op, "Pow") == 0) {
        a = net_node(n, "Add", IDS(net_node(n, "Abs", IDS(a)), net_float(n, 0.25)));
        b = net_float(n, net_chance(n, 2) ? 2 : 0.5);
    }
    bool swap = net_chance(n, 2) && strcmp(op, "Pow") != 0 && strcmp(op, "Div") != 0;
    uint32_t t;
    if (strcmp(op, "Where") == 0)
        t = net_node(n, op,
                     IDS(net_node(n, "Less", IDS(a, net_float(n, 0))), swap ? a : b, swap ? b : a));
    else
        t = net_node(n, op, IDS(swap ? b : a, swap ? a : b));
    if (net_dtype(n, t) == AMCT_BOOL) {
        net_int(n, "to", AMCT_FLOAT);
        t = net_node(n, "Cast", IDS(t));
    }
    finish(n, t);
    net_check(n, 2e-7, 0);
}

Test(exec_node, smooth_functions_agree_with_the_reference)
{
    net_seeds(300, smooth);
}

Test(exec_node, exact_functions_equal_the_reference)
{
    net_seeds(300, exact);
}

Test(exec_node, two_operands_broadcast_as_in_the_reference)
{
    net_seeds(500, binary);
}

/* ---- Pooling -------------------------------------------------------------------------------- */

static void pool(exec_net *n)
{
    amct_shape shape = any_shape(n, 3, 5);
    int32_t rank = shape.rank - 2;
    int64_t kernel[3], strides[3], pads[6], dilations[3];
    const char *op = PICK(n, "MaxPool", "AveragePool", "MaxPool", "AveragePool", "LpPool");
    bool dilated = op[0] == 'M' && net_chance(n, 4);
    for (int32_t d = 0; d < rank; d++) {
        kernel[d] = net_between(n, 1, 4);
        strides[d] = net_between(n, 1, 3);
        dilations[d] = dilated ? 2 : 1;
        pads[d] = net_between(n, 0, kernel[d] - 1),
        pads[rank + d] = net_between(n, 0, kernel[d] - 1);
        if (net_chance(n, 2))
            pads[d] = pads[rank + d] = 0;
        int64_t extent = (kernel[d] - 1) * dilations[d] + 1;
        shape.dims[2 + d] = net_between(n, extent, extent + 6);
    }
    uint32_t t = begin(n, shape);
    net_list(n, "kernel_shape", rank, kernel);
    net_list(n, "strides", rank, strides);
    if (dilated)
        net_list(n, "dilations", rank, dilations);
    if (net_chance(n, 5))
        net_text(n, "auto_pad", net_chance(n, 2) ? "SAME_UPPER" : "SAME_LOWER");
    else
        net_list(n, "pads", 2 * rank, pads);
    if (net_chance(n, 3))
        net_int(n, "ceil_mode", 1);
    if (op[0] == 'A' && net_chance(n, 2))
        net_int(n, "count_include_pad", 1);
    finish(n, net_node(n, op, IDS(t)));
    net_check(n, op[0] == 'M' ? 0 : 1e-6, 0);
}

static void global_pool(exec_net *n)
{
    uint32_t t = begin(n, any_shape(n, 3, 5));
    amct_shape shape = *net_shape(n, t);
    const char *op = PICK(n, "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "GlobalLpPool");
    if (strcmp(op, "ReduceMean") == 0) {
        double axes[3];
        for (int32_t d = 2; d < shape.rank; d++)
            axes[d - 2] = net_chance(n, 2) ? d : d - shape.rank;
        if (net_chance(n, 3))
            net_int(n, "keepdims", 0);
        t = net_node(n, op, IDS(t, net_ints(n, (size_t)shape.rank - 2, axes)));
    } else {
        t = net_node(n, op, IDS(t));
    }
    finish(n, t);
    net_check(n, 1e-6, 0);
}

Test(exec_node, pooling_agrees_with_the_reference)
{
    net_seeds(400, pool);
}

Test(exec_node, global_pooling_agrees_with_the_reference)
{
    net_seeds(100, global_pool);
}

/* ---- Reductions and norms ------------------------------------------------------------------- */

static void reduce(exec_net *n)
{
    uint32_t t = begin(n, any_shape(n, 1, 5));
    int32_t rank = net_shape(n, t)->rank;
    const char *op = PICK(n, "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2",
                          "ReduceSumSquare", "Softmax", "LogSoftmax", "CumSum");
    double axis = (double)net_between(n, -rank, rank - 1);
    if (op[0] == 'R') {
        if (net_chance(n, 2))
            net_int(n, "keepdims", 0);
        t = net_node(n, op, IDS(t, net_chance(n, 4) ? AMCT_NO_TENSOR : net_ints(n, 1, &axis)));
    } else if (op[0] == 'C') {
        t = net_node(n, op, IDS(t, net_constant(n, AMCT_INT64, SCALAR, 1, &axis)));
    } else {
        net_int(n, "axis", (int64_t)axis);
        t = net_node(n, op, IDS(t));
    }
    finish(n, t);
    net_check(n, 1e-6, 0);
}

static void norm(exec_net *n)
{
    amct_shape shape = any_shape(n, 3, 5);
    shape.dims[1] = 2 * net_between(n, 1, 9);
    uint32_t t = begin(n, shape), one = net_random(n, AMCT_FLOAT, DIMS(shape.dims[1]), 0.5, 2),
             two = net_random(n, AMCT_FLOAT, DIMS(shape.dims[1]), -1, 1);
    switch (net_between(n, 0, 4)) {
    case 0: t = net_node(n, "BatchNormalization", IDS(t, one, two, two, one)); break;
    case 1: t = net_node(n, "InstanceNormalization", IDS(t, one, two)); break;
    case 2:
        net_int(n, "num_groups", 2);
        t = net_node(n, "GroupNormalization", IDS(t, one, two));
        break;
    case 3: {
        amct_shape last = DIMS(shape.dims[shape.rank - 1]);
        t = net_node(n, "LayerNormalization",
                     IDS(t, net_random(n, AMCT_FLOAT, last, 0.5, 2),
                         net_random(n, AMCT_FLOAT, last, -1, 1)));
        break;
    }
    default: net_int(n, "size", net_between(n, 1, 5)); t = net_node(n, "LRN", IDS(t));
    }
    finish(n, t);
    net_check(n, 4e-6, 0);
}

Test(exec_node, reductions_agree_with_the_reference)
{
    net_seeds(200, reduce);
}

Test(exec_node, norms_agree_with_the_reference)
{
    net_seeds(100, norm);
}

/* ---- Moves ---------------------------------------------------------------------------------- */

static uint32_t concat(exec_net *n, uint32_t t, amct_shape shape)
{
    uint32_t parts[5] = {t};
    int64_t count = net_between(n, 1, 5), axis = net_between(n, 0, shape.rank - 1);
    for (int64_t i = 1; i < count; i++) {
        amct_shape other = shape;
        other.dims[axis] = net_between(n, 1, 5);
        parts[i] = begin(n, other);
        if (net_chance(n, 6))
            parts[i] = net_random(n, AMCT_FLOAT, other, -1, 1);
    }
    net_int(n, "axis", net_chance(n, 2) ? axis : axis - shape.rank);
    return net_node(n, "Concat", (size_t)count, parts);
}

static uint32_t split(exec_net *n, uint32_t t, amct_shape shape)
{
    int64_t axis = net_between(n, 0, shape.rank - 1), size = shape.dims[axis];
    double lengths[3] = {(double)(size / 3), (double)(size - 2 * (size / 3)), (double)(size / 3)};
    net_int(n, "axis", axis);
    uint32_t first = net_nodes(n, "Split", IDS(t, net_ints(n, 3, lengths)), 3);
    net_output(n, first + 1);
    net_output(n, exact_conv(n, first + 2, 2));
    return first;
}

static uint32_t slice(exec_net *n, uint32_t t, amct_shape shape)
{
    double starts[2], ends[2], axes[2], steps[2];
    size_t count = shape.rank > 1 ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        axes[i] = (double)(shape.rank - 1) - (double)i;
        bool back = net_chance(n, 3);
        int64_t size = shape.dims[(int)axes[i]];
        starts[i] =
            back ? (double)net_between(n, 0, size + 2) : (double)net_between(n, -size - 1, size);
        ends[i] = back               ? -(double)size - 5
                  : net_chance(n, 2) ? 1e9
                                     : (double)net_between(n, -1, size);
        steps[i] = (double)net_between(n, 1, 3) * (back ? -1 : 1);
        if (net_chance(n, 2))
            axes[i] -= shape.rank;
    }
    return net_node(n, "Slice",
                    IDS(t, net_ints(n, count, starts), net_ints(n, count, ends),
                        net_ints(n, count, axes), net_ints(n, count, steps)));
}

static uint32_t pad(exec_net *n, uint32_t t, amct_shape shape)
{
    double pads[10];
    const char *mode = PICK(n, "constant", "constant", "constant", "edge", "reflect");
    for (int32_t d = 0; d < shape.rank; d++)
        for (int side = 0; side < 2; side++) {
            int64_t most = mode[0] == 'r' ? shape.dims[d] - 1 : 2, least = mode[0] == 'c' ? -1 : 0;
            least = shape.dims[d] < 3 ? 0 : least;
            pads[d + side * shape.rank] = (double)net_between(n, least, most < 2 ? most : 2);
        }
    net_text(n, "mode", mode);
    return net_node(n, "Pad",
                    IDS(t, net_ints(n, 2 * (size_t)shape.rank, pads),
                        mode[0] == 'c' && net_chance(n, 2) ? net_float(n, 1.5) : AMCT_NO_TENSOR));
}

static uint32_t transpose(exec_net *n, uint32_t t, amct_shape shape)
{
    int64_t perm[5] = {0, 1, 2, 3, 4};
    for (int32_t d = shape.rank - 1; d > 0; d--) {
        int64_t k = net_between(n, 0, d), kept = perm[d];
        perm[d] = perm[k], perm[k] = kept;
    }
    if (!net_chance(n, 5))
        net_list(n, "perm", shape.rank, perm);
    return net_node(n, "Transpose", IDS(t));
}

static uint32_t resize(exec_net *n, uint32_t t, amct_shape shape)
{
    double scales[5] = {1, 1, 1, 1, 1};
    for (int32_t d = 2; d < shape.rank; d++)
        scales[d] = net_chance(n, 4) ? 1.5 : (double)net_between(n, 1, 3);
    net_text(n, "mode", "nearest");
    net_text(n, "coordinate_transformation_mode",
             PICK(n, "asymmetric", "half_pixel", "align_corners"));
    net_text(n, "nearest_mode",
             PICK(n, "floor", "round_prefer_floor", "round_prefer_ceil", "ceil"));
    return net_node(n, "Resize",
                    IDS(t, AMCT_NO_TENSOR,
                        net_constant(n, AMCT_FLOAT, DIMS(shape.rank), (size_t)shape.rank, scales)));
}

static uint32_t expand(exec_net *n, uint32_t t, amct_shape shape)
{
    double target[5];
    for (int32_t d = 0; d < shape.rank; d++)
        target[d] = shape.dims[d] == 1 ? (double)net_between(n, 1, 4) : (double)shape.dims[d];
    if (net_chance(n, 2))
        return net_node(n, "Expand", IDS(t, net_ints(n, (size_t)shape.rank, target)));
    for (int32_t d = 0; d < shape.rank; d++)
        target[d] = (double)net_between(n, 1, 2);
    return net_node(n, "Tile", IDS(t, net_ints(n, (size_t)shape.rank, target)));
}

static uint32_t reshape(exec_net *n, uint32_t t, amct_shape shape)
{
    double all[] = {(double)shape.dims[0], -1};
    switch (net_between(n, 0, 3)) {
    case 0: return net_node(n, "Flatten", IDS(t));
    case 1: return net_node(n, "Reshape", IDS(t, net_ints(n, 2, all)));
    case 2:
        return net_node(n, "Squeeze",
                        IDS(net_node(n, "Unsqueeze", IDS(t, net_ints(n, NUMBERS(1))))));
    default: return net_node(n, "Reshape", IDS(t, net_ints(n, NUMBERS(-1))));
    }
}

static uint32_t blocks(exec_net *n, uint32_t t, amct_shape shape)
{
    bool to_space = shape.dims[1] % 4 == 0;
    net_int(n, "blocksize", 2);
    if (to_space && net_chance(n, 2))
        net_text(n, "mode", "CRD");
    return net_node(n, to_space ? "DepthToSpace" : "SpaceToDepth", IDS(t));
}

static uint32_t gather(exec_net *n, uint32_t t, amct_shape shape)
{
    int64_t axis = net_between(n, 0, shape.rank - 1);
    double places[3];
    for (int i = 0; i < 3; i++)
        places[i] = (double)net_between(n, -shape.dims[axis], shape.dims[axis] - 1);
    net_int(n, "axis", axis);
    return net_node(n, "Gather", IDS(t, net_ints(n, 3, places)));
}

static uint32_t (*const moves[])(exec_net *, uint32_t, amct_shape) = {
    concat, split, slice, pad, transpose, resize, expand, reshape, blocks, gather};
enum { N_MOVES = sizeof moves / sizeof *moves };

static void move(exec_net *n)
{
    int64_t which = net_between(n, 0, N_MOVES - 1);
    bool block = moves[which] == blocks;
    amct_shape shape = block ? DIMS(net_between(n, 1, 2), net_between(n, 1, 9),
                                    2 * net_between(n, 1, 4), 2 * net_between(n, 1, 4))
                             : any_shape(n, moves[which] == resize ? 3 : 2, 5);
    finish(n, moves[which](n, begin(n, shape), shape));
    net_check(n, 0, 0);
}

/* The same of 8-bit integers, between a quantisation and a layer that takes it. */
static void integer_move(exec_net *n)
{
    int64_t which = net_between(n, 0, N_MOVES - 1);
    amct_shape shape = DIMS(net_between(n, 1, 2), net_between(n, 1, 9), 2 * net_between(n, 1, 4),
                            2 * net_between(n, 1, 4));
    uint32_t t = net_quant(n, begin(n, shape), 20, (double)net_between(n, -128, 127));
    if (moves[which] == concat || moves[which] == split || moves[which] == pad) {
        net_list(n, "kernel_shape", 2, (const int64_t[]){2, 1});
        t = net_node(n, "MaxPool", IDS(t));
    } else {
        t = moves[which](n, t, shape);
    }
    amct_shape after = *net_shape(n, t);
    if (after.rank == 4 && amct_shape_size(&after)) {
        uint32_t w = net_random(n, AMCT_INT8, DIMS(5, after.dims[1], 1, 1), -100, 100);
        net_output(n, net_dequant(n, net_node(n, "Conv", IDS(t, w)), 5, 1e4, false));
    } else if (after.rank == 2 && amct_shape_size(&after)) {
        uint32_t w = net_random(n, AMCT_INT8, DIMS(after.dims[1], 5), -100, 100);
        net_output(n, net_dequant(n, net_node(n, "MatMul", IDS(t, w)), 1, 1e4, false));
    }
    if (!n->graph->n_outputs || net_chance(n, 2))
        net_output(n, t);
    net_check(n, 0, 0);
}

Test(exec_node, moves_equal_the_reference)
{
    net_seeds(600, move);
}

Test(exec_node, moves_of_integers_equal_the_reference)
{
    net_seeds(200, integer_move);
}

/* ---- Quantisation alone --------------------------------------------------------------------- */

static void quantisation(exec_net *n)
{
    uint32_t t = begin(n, any_shape(n, 1, 5));
    uint32_t q = net_quant(n, t, net_real(n, 0.1, 300), (double)net_between(n, -128, 127));
    if (net_chance(n, 2)) {
        net_real_attr(n, "scale", 0.5);
        net_real_attr(n, "offset", net_between(n, -128, 127));
        finish(n, net_node(n, "AscendAntiQuant", IDS(q)));
    } else {
        net_output(n, q);
    }
    net_check(n, 0, 0);
}

Test(exec_node, quantisation_equals_the_reference)
{
    net_seeds(200, quantisation);
}
