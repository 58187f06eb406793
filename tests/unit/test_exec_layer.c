/* Random layers with everything that may be fused behind them, on every engine: floats within a
 * limit, integers bit for bit. */
#include "exec_net.h"

#include <stdlib.h>
#include <string.h>

typedef enum layer_kind { CONV, DECONV, GEMM, MATMUL } layer_kind;

/* A layer to be made: all but the operators behind it. */
typedef struct random_layer {
    layer_kind kind;
    bool integer;
    amct_shape src, weights;
    int64_t channels, sums; /* of the result; products in each */
} random_layer;

/* Geometry of a convolution; its attributes are those of the next node. */
static random_layer random_conv(exec_net *n, bool transposed)
{
    random_layer l = {.kind = transposed ? DECONV : CONV};
    int32_t rank = (int32_t)net_between(n, 1, 3);
    int64_t groups = 1, in = net_between(n, 1, 20), out = net_between(n, 1, 20);
    int64_t strides[3], dilations[3], pads[6], more[3];
    switch (net_between(n, 0, 3)) {
    case 0: groups = net_between(n, 2, 3), in *= groups, out *= groups; break;
    case 1: groups = out = in = net_between(n, 1, 35); break; /* depthwise */
    default: break;
    }
    l.src.rank = l.weights.rank = rank + 2;
    l.src.dims[0] = net_between(n, 1, 3);
    l.src.dims[1] = in;
    l.weights.dims[0] = transposed ? in : out;
    l.weights.dims[1] = (transposed ? out : in) / groups;
    l.sums = in / groups;
    l.channels = out;
    for (int32_t d = 0; d < rank; d++) {
        int64_t kernel = net_between(n, 1, rank == 3 ? 3 : 4);
        dilations[d] = net_chance(n, 3) ? 2 : 1;
        int64_t extent = (kernel - 1) * dilations[d] + 1;
        strides[d] = net_between(n, 1, 3);
        pads[d] = net_between(n, 0, kernel > 1 ? 2 : 1);
        pads[rank + d] = net_between(n, 0, kernel > 1 ? 2 : 1);
        if (net_chance(n, 3))
            pads[d] = pads[rank + d] = 0;
        int64_t least = transposed ? 1 : extent - pads[d] - pads[rank + d];
        if (transposed && extent <= pads[d] + pads[rank + d])
            pads[d] = pads[rank + d] = 0;
        l.src.dims[2 + d] = net_between(n, least < 1 ? 1 : least, (least < 1 ? 1 : least) + 8);
        l.weights.dims[2 + d] = kernel;
        more[d] = strides[d] > 1 ? net_between(n, 0, strides[d] - 1) : 0;
        l.sums *= kernel;
    }
    net_int(n, "group", groups);
    net_list(n, "strides", rank, strides);
    net_list(n, "dilations", rank, dilations);
    if (net_chance(n, 6))
        net_text(n, "auto_pad", net_chance(n, 2) ? "SAME_UPPER" : "SAME_LOWER");
    else
        net_list(n, "pads", 2 * rank, pads);
    if (transposed && net_chance(n, 3))
        net_list(n, "output_padding", rank, more);
    return l;
}

static random_layer random_inner(exec_net *n, bool gemm)
{
    random_layer l = {.kind = gemm ? GEMM : MATMUL};
    int64_t rows = net_between(n, 1, 9);
    l.sums = net_between(n, 1, 70);
    l.channels = net_between(n, 1, 40);
    bool transposed = gemm && net_chance(n, 2);
    l.weights = transposed ? DIMS(l.channels, l.sums) : DIMS(l.sums, l.channels);
    l.src = gemm || net_chance(n, 2) ? DIMS(rows, l.sums) : DIMS(2, rows, l.sums);
    if (transposed)
        net_int(n, "transB", 1);
    return l;
}

static const char *const ops[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};

/* The layer on src and its bias, if it gets one; for integers the sums. */
static uint32_t add_layer(exec_net *n, const random_layer *l, uint32_t src)
{
    double most = 2 / (double)l->sums;
    uint32_t weights = l->integer ? net_random(n, AMCT_INT8, l->weights, -128, 127)
                                  : net_random(n, AMCT_FLOAT, l->weights, -most, most);
    if (net_chance(n, 3))
        return net_node(n, ops[l->kind], IDS(src, weights));
    uint32_t bias = l->integer ? net_random(n, AMCT_INT32, DIMS(l->channels), -300000, 300000)
                               : net_random(n, AMCT_FLOAT, DIMS(l->channels), -1, 1);
    if (l->kind != MATMUL)
        return net_node(n, ops[l->kind], IDS(src, weights, bias));
    uint32_t product = net_node(n, "MatMul", IDS(src, weights));
    return net_chance(n, 2) ? net_node(n, "Add", IDS(product, bias))
                            : net_node(n, "Add", IDS(bias, product));
}

static random_layer any_layer(exec_net *n, bool integer)
{
    static const layer_kind kinds[] = {CONV, CONV, CONV, CONV, CONV, DECONV, GEMM, MATMUL};
    layer_kind kind = kinds[net_between(n, 0, 7)];
    random_layer l = kind == CONV || kind == DECONV ? random_conv(n, kind == DECONV)
                                                    : random_inner(n, kind == GEMM);
    l.integer = integer;
    return l;
}

/* A residual: a graph input, or something that another layer makes. */
static uint32_t add_residual(exec_net *n, uint32_t t)
{
    amct_shape shape = *net_shape(n, t);
    uint32_t other = net_input(n, AMCT_FLOAT, shape);
    if (shape.rank == 4 && net_chance(n, 2)) {
        uint32_t w = net_random(n, AMCT_FLOAT, DIMS(shape.dims[1], 1, 1, 1), -1, 1);
        net_int(n, "group", shape.dims[1]);
        other = net_node(n, "Conv", IDS(other, w));
    }
    return net_chance(n, 2) ? net_node(n, "Add", IDS(t, other)) : net_node(n, "Add", IDS(other, t));
}

/* Activations whose results are exact: comparisons and one product. */
static uint32_t exact_activation(exec_net *n, uint32_t t)
{
    switch (net_between(n, 0, 4)) {
    case 0:
    case 1: return net_node(n, "Relu", IDS(t));
    case 2: return net_node(n, "Clip", IDS(t, net_float(n, 0), net_float(n, net_real(n, 0.5, 3))));
    case 3:
        net_real_attr(n, "alpha", net_real(n, 0.05, 0.3));
        return net_node(n, "LeakyRelu", IDS(t));
    default: return net_node(n, "Clip", IDS(t, net_float(n, net_real(n, -2, 0)), AMCT_NO_TENSOR));
    }
}

static uint32_t float_activation(exec_net *n, uint32_t t)
{
    static const char *const names[] = {"Sigmoid", "Tanh", "Softplus",    "HardSwish", "Mish",
                                        "Elu",     "Selu", "HardSigmoid", "Gelu",      "Softsign",
                                        "Abs",     "Erf",  "Identity",    "Celu"};
    if (net_chance(n, 3))
        return exact_activation(n, t);
    const char *name = names[net_between(n, 0, 13)];
    if (strcmp(name, "Gelu") == 0 && net_chance(n, 2))
        net_text(n, "approximate", "tanh");
    if (strcmp(name, "Elu") == 0)
        net_real_attr(n, "alpha", net_real(n, 0.3, 2));
    return net_node(n, name, IDS(t));
}

/* ---- Floats --------------------------------------------------------------------------------- */

static void float_layer(exec_net *n)
{
    random_layer l = any_layer(n, false);
    /* the layer's attributes wait, so nothing is added before it */
    uint32_t src = net_input(n, AMCT_FLOAT, l.src), t = add_layer(n, &l, src);
    for (int64_t i = net_between(n, 0, 4); i > 0; i--) {
        t = net_chance(n, 4) ? add_residual(n, t) : float_activation(n, t);
        if (net_chance(n, 8))
            net_output(n, t); /* needed by others as well */
    }
    net_output(n, t);
    net_check(n, 4e-6, 0);
}

Test(exec_layer, float_layers_with_what_follows_agree_with_the_reference)
{
    net_seeds(600, float_layer);
}

/* ---- Integers ------------------------------------------------------------------------------- */

/* Behind the sums: dequantisation, additions, activations, and quantisation again. */
static uint32_t finish_integer(exec_net *n, const random_layer *l, uint32_t sums)
{
    double range = 64.0 * 100 * (double)l->sums / 4;
    if (l->kind == MATMUL)
        net_int(n, "axis", -1);
    uint32_t t = net_dequant(n, sums, net_chance(n, 3) ? 1 : l->channels, range, net_chance(n, 4));
    for (int64_t i = net_between(n, 0, 3); i > 0; i--)
        t = net_chance(n, 3) ? add_residual(n, t) : exact_activation(n, t);
    if (net_chance(n, 8))
        net_output(n, t);
    if (net_chance(n, 4))
        return t;
    return net_quant(n, t, net_real(n, 10, 100), (double)net_between(n, -128, 127));
}

static void integer_layer(exec_net *n)
{
    random_layer l = any_layer(n, true);
    amct_attr attrs[EXEC_MAX_ATTRS];
    uint32_t n_attrs = n->n_attrs;
    memcpy(attrs, n->attrs, sizeof attrs);
    n->n_attrs = 0;
    uint32_t src = net_input(n, AMCT_FLOAT, l.src);
    double offset = net_chance(n, 4)   ? -128
                    : net_chance(n, 4) ? 0
                                       : (double)net_between(n, -128, 127);
    uint32_t q = net_quant(n, src, net_real(n, 10, 60), offset);
    memcpy(n->attrs, attrs, sizeof attrs);
    n->n_attrs = n_attrs;
    uint32_t t = finish_integer(n, &l, add_layer(n, &l, q));
    net_output(n, t);
    if (net_chance(n, 6))
        net_output(n, q);
    net_check(n, 0, 0);
}

Test(exec_layer, integer_layers_with_what_follows_equal_the_reference_bit_for_bit)
{
    net_seeds(900, integer_layer);
}

/* Two in a row: the activation between them stays 8 bits wide, or is read twice. */
static void integer_chain(exec_net *n)
{
    int64_t a = net_between(n, 1, 40), b = net_between(n, 1, 40), size = net_between(n, 1, 9);
    bool depthwise = net_chance(n, 3);
    uint32_t src = net_input(n, AMCT_FLOAT, DIMS(net_between(n, 1, 3), a, size, size));
    uint32_t q = net_quant(n, src, net_real(n, 10, 60), (double)net_between(n, -128, 127));
    random_layer l = {CONV,
                      true,
                      DIMS(0),
                      DIMS(depthwise ? a : b, depthwise ? 1 : a, 3, 3),
                      depthwise ? a : b,
                      depthwise ? 9 : 9 * a};
    if (depthwise)
        net_int(n, "group", a);
    net_list(n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    uint32_t t = add_layer(n, &l, q);
    double range = 64.0 * 100 * (double)l.sums / 4;
    t = exact_activation(n, net_dequant(n, t, l.channels, range, false));
    if (net_chance(n, 3)) { /* a pool in between, of integers */
        t = net_quant(n, t, 20, (double)net_between(n, -128, 127));
        net_list(n, "kernel_shape", 2, (const int64_t[]){2, 2});
        net_list(n, "pads", 4, (const int64_t[]){1, 0, 0, 1});
        t = net_node(n, "MaxPool", IDS(t));
    } else {
        t = net_quant(n, t, net_real(n, 10, 60), (double)net_between(n, -128, 127));
    }
    random_layer second = {CONV, true, DIMS(0), DIMS(b, l.channels, 1, 1), b, l.channels};
    uint32_t u = net_dequant(n, add_layer(n, &second, t), b, 1600.0 * (double)second.sums, false);
    if (net_chance(n, 3))
        net_output(n, net_dequant(n, add_layer(n, &second, t), 1, 100, true));
    if (net_chance(n, 2) && amct_shape_equal(net_shape(n, u), &n->graph->tensors[src].shape))
        u = net_node(n, "Add", IDS(src, u));
    net_output(n, u);
    net_check(n, 0, 0);
}

Test(exec_layer, integer_layers_in_a_row_equal_the_reference_bit_for_bit)
{
    net_seeds(200, integer_chain);
}

/* Smooth activations may move a value over the edge to the next integer, not further. */
static void rounded_layer(exec_net *n)
{
    random_layer l = {CONV, true, DIMS(0), DIMS(24, 9, 3, 3), 24, 81};
    uint32_t src = net_input(n, AMCT_FLOAT, DIMS(2, 9, 6, 7));
    uint32_t q = net_quant(n, src, 30, (double)net_between(n, -128, 127));
    uint32_t t = net_dequant(n, add_layer(n, &l, q), 24, 1600.0 * 81, false);
    t = float_activation(n, t);
    net_output(n, net_quant(n, t, 40, (double)net_between(n, -100, 100)));
    net_check(n, 4e-6, 1);
}

Test(exec_layer, integer_layers_behind_smooth_activations_are_at_most_one_step_off)
{
    net_seeds(60, rounded_layer);
}

/* ---- What is fused -------------------------------------------------------------------------- */

Test(exec_layer, a_whole_integer_block_is_one_step)
{
    exec_net n;
    net_begin(&n, 2);
    random_layer l = {CONV, true, DIMS(0), DIMS(16, 16, 3, 3), 16, 144};
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 16, 8, 8)), q = net_quant(&n, x, 30, 3);
    net_list(&n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    uint32_t t = net_dequant(&n, add_layer(&n, &l, q), 16, 1e5, false);
    t = net_node(&n, "Relu", IDS(net_node(&n, "Add", IDS(t, x))));
    net_output(&n, net_quant(&n, t, 20, -128));
    /* the input in the layer's layout, quantise, the layer, the result as int8, and in C order */
    cr_assert_leq(net_steps(&n, AMCT_ENGINE_ONEDNN), 5);
    cr_assert_not(net_runs_by(&n, AMCT_ENGINE_ONEDNN, "reference"));
    net_end(&n);
}
