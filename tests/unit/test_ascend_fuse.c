#include "ascend_net.h"

#include <criterion/criterion.h>

static net *n;

static void setup(void)
{
    n = net_new();
}

static void teardown(void)
{
    net_free(n);
}

TestSuite(ascend_fuse, .init = setup, .fini = teardown);

static uint32_t feature(int64_t channels)
{
    return net_input(n, AMCT_FLOAT16, DIMS(1, channels, 56, 56));
}

static uint32_t status(uint32_t t)
{
    return net_cost(n, t)->status;
}

static bool fused(uint32_t t, uint32_t into)
{
    const amct_node_cost *c = net_cost(n, t);
    return c->status == AMCT_NODE_FUSED && c->fused_into == net_maker(n, into);
}

static double latency(uint32_t t)
{
    return net_cost(n, t)->latency_ns;
}

Test(ascend_fuse, a_convolution_takes_the_activation_behind_it)
{
    static const char *const ops[] = {"Relu", "Clip", "LeakyRelu", "PRelu"};
    double alone = 0;
    for (int i = 0; i < 4; i++) {
        *n = (net){0};
        uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
        uint32_t z = i == 3
                         ? net_binary(n, ops[i], y, net_constant(n, AMCT_FLOAT16, DIMS(64, 1, 1)))
                         : net_unary(n, ops[i], y);
        net_output(n, z);
        NET_ESTIMATE(n);
        cr_expect_eq(status(y), AMCT_NODE_OK);
        cr_expect(fused(z, y), "%s", ops[i]);
        if (i == 0)
            alone = latency(y);
        cr_expect_eq(latency(y), alone, "%s is free", ops[i]);
    }
}

Test(ascend_fuse, batch_normalization_behind_a_convolution_is_folded)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    uint32_t c[4];
    for (int i = 0; i < 4; i++)
        c[i] = net_constant(n, AMCT_FLOAT16, DIMS(64));
    uint32_t bn =
        net_node(n, "BatchNormalization", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), y, c[0],
                 c[1], c[2], c[3], NET_END);
    uint32_t z = net_unary(n, "Relu", bn);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(bn, y));
    cr_expect(fused(z, y));
    double folded = latency(y);

    *n = (net){0};
    x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(latency(y), folded);
}

Test(ascend_fuse, batch_normalization_before_a_convolution_is_an_operator_of_its_own)
{
    uint32_t x = feature(64), c = net_constant(n, AMCT_FLOAT16, DIMS(64));
    uint32_t bn =
        net_node(n, "BatchNormalization", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), x, c, c,
                 c, c, NET_END);
    uint32_t relu = net_unary(n, "Relu", bn), y = net_conv(n, relu, 64, 1, 1, 1);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(status(bn), AMCT_NODE_OK);
    cr_expect(fused(relu, bn));
    cr_expect_eq(status(y), AMCT_NODE_OK);
}

Test(ascend_fuse, a_residual_addition_costs_the_later_convolution_a_read_and_a_pass)
{
    uint32_t x = feature(64), a = net_conv(n, x, 64, 3, 1, 1), r = net_unary(n, "Relu", a);
    uint32_t b = net_conv(n, r, 64, 3, 1, 1), sum = net_binary(n, "Add", b, x);
    uint32_t z = net_unary(n, "Relu", sum);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(sum, b));
    cr_expect(fused(z, b));
    cr_expect_gt(latency(b), latency(a));
}

Test(ascend_fuse, of_two_added_convolutions_the_later_takes_the_addition)
{
    uint32_t x = feature(64), a = net_conv(n, x, 128, 1, 1, 1), b = net_conv(n, x, 128, 3, 1, 1);
    uint32_t sum = net_binary(n, "Add", a, b);
    net_output(n, sum);
    NET_ESTIMATE(n);
    cr_expect_eq(status(a), AMCT_NODE_OK);
    cr_expect(fused(sum, b));
}

Test(ascend_fuse, a_result_that_others_need_ends_the_kernel)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1), z = net_unary(n, "Relu", y);
    net_output(n, y);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(z), AMCT_NODE_OK);
    cr_expect_eq(net_cost(n, z)->bound, AMCT_BOUND_OVERHEAD);
}

Test(ascend_fuse, silu_behind_a_convolution_is_part_of_it)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1), s = net_unary(n, "Sigmoid", y);
    uint32_t z = net_binary(n, "Mul", y, s);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(s, y));
    cr_expect(fused(z, y));
}

Test(ascend_fuse, silu_of_a_result_that_others_need_is_one_vector_operator)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1), s = net_unary(n, "Sigmoid", y);
    uint32_t z = net_binary(n, "Mul", y, s), w = net_conv(n, y, 64, 1, 1, 1);
    net_output(n, z);
    net_output(n, w);
    NET_ESTIMATE(n);
    cr_expect_eq(status(s), AMCT_NODE_OK);
    cr_expect(fused(z, s));
}

Test(ascend_fuse, gelu_behind_a_matmul_is_part_of_it)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 196, 768)), y = net_matmul(n, x, 3072);
    uint32_t bias = net_binary(n, "Add", y, net_constant(n, AMCT_FLOAT16, DIMS(3072)));
    uint32_t scalar = net_constant(n, AMCT_FLOAT16, 0, NULL);
    uint32_t div = net_binary(n, "Div", bias, scalar), erf = net_unary(n, "Erf", div);
    uint32_t add = net_binary(n, "Add", erf, scalar), mul = net_binary(n, "Mul", bias, add);
    uint32_t half = net_binary(n, "Mul", mul, scalar), z = net_matmul(n, half, 768);
    net_output(n, z);
    NET_ESTIMATE(n);
    uint32_t inner[] = {bias, div, erf, add, mul, half};
    for (int i = 0; i < 6; i++)
        cr_expect(fused(inner[i], y), "%d", i);
    cr_expect_eq(status(z), AMCT_NODE_OK);
}

Test(ascend_fuse, a_written_out_layer_normalization_is_one_operator)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 196, 768)),
             c = net_constant(n, AMCT_FLOAT16, DIMS(768));
    uint32_t one = net_constant(n, AMCT_FLOAT16, 0, NULL);
    uint32_t mean =
        net_node(n, "ReduceMean", net_tensor(n, AMCT_FLOAT16, DIMS(1, 196, 1)), x, NET_END);
    uint32_t diff = net_binary(n, "Sub", x, mean), sq = net_binary(n, "Pow", diff, one);
    uint32_t var =
        net_node(n, "ReduceMean", net_tensor(n, AMCT_FLOAT16, DIMS(1, 196, 1)), sq, NET_END);
    uint32_t eps = net_binary(n, "Add", var, one), root = net_unary(n, "Sqrt", eps);
    uint32_t norm = net_binary(n, "Div", diff, root), scaled = net_binary(n, "Mul", norm, c);
    uint32_t shifted = net_binary(n, "Add", scaled, c), y = net_matmul(n, shifted, 768);
    uint32_t sum = net_binary(n, "Add", y, x);
    net_output(n, sum);
    NET_ESTIMATE(n);
    cr_expect_eq(status(mean), AMCT_NODE_OK);
    uint32_t inner[] = {diff, sq, var, eps, root, norm, scaled, shifted};
    for (int i = 0; i < 8; i++)
        cr_expect(fused(inner[i], mean), "%d", i);
    cr_expect(fused(sum, y));
}

Test(ascend_fuse, an_open_group_of_elementwise_operators_stays_apart)
{
    /* Both branches leave the group: nothing closes it. */
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    uint32_t a = net_unary(n, "Sigmoid", y), b = net_unary(n, "Tanh", y);
    net_output(n, a);
    net_output(n, b);
    NET_ESTIMATE(n);
    cr_expect_eq(status(a), AMCT_NODE_OK);
    cr_expect_eq(status(b), AMCT_NODE_OK);
}

Test(ascend_fuse, at_most_five_elementwise_operators_follow_in_one_kernel)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1), t[8];
    for (int i = 0; i < 8; i++)
        t[i] = net_unary(n, "Tanh", i == 0 ? y : t[i - 1]);
    net_output(n, t[7]);
    NET_ESTIMATE(n);
    for (int i = 0; i < 5; i++)
        cr_expect(fused(t[i], y), "%d", i);
    cr_expect_eq(status(t[5]), AMCT_NODE_OK);
    cr_expect(fused(t[6], t[5]));
    cr_expect(fused(t[7], t[5]));
}

Test(ascend_fuse, scaling_by_channel_after_squeeze_and_excite_is_a_vector_operator)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    uint32_t pool = net_node(n, "GlobalAveragePool", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 1, 1)),
                             y, NET_END);
    uint32_t gate = net_conv(n, pool, 64, 1, 1, 1), s = net_unary(n, "Sigmoid", gate);
    uint32_t z = net_binary(n, "Mul", y, s);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(pool), AMCT_NODE_OK);
    cr_expect(fused(s, gate));
    cr_expect_eq(status(z), AMCT_NODE_OK);
}

Test(ascend_fuse, pooling_and_softmax_are_operators_of_their_own)
{
    uint32_t x = feature(256), y = net_conv(n, x, 256, 3, 1, 1), z = net_unary(n, "Relu", y);
    uint32_t a = net_pool(n, "MaxPool", z, 3, 2), b = net_pool(n, "AveragePool", a, 2, 2);
    uint32_t s = net_unary(n, "Softmax", b);
    net_output(n, s);
    NET_ESTIMATE(n);
    cr_expect_eq(status(a), AMCT_NODE_OK);
    cr_expect_eq(net_cost(n, a)->bound, AMCT_BOUND_VECTOR);
    cr_expect_eq(status(b), AMCT_NODE_OK);
    cr_expect_eq(status(s), AMCT_NODE_OK);
}

Test(ascend_fuse, attention_matmuls_of_two_computed_operands_have_no_weights)
{
    uint32_t q = net_input(n, AMCT_FLOAT16, DIMS(1, 12, 196, 64));
    uint32_t k = net_input(n, AMCT_FLOAT16, DIMS(1, 12, 64, 196));
    uint32_t y =
        net_node(n, "MatMul", net_tensor(n, AMCT_FLOAT16, DIMS(1, 12, 196, 196)), q, k, NET_END);
    uint32_t scale = net_binary(n, "Mul", y, net_constant(n, AMCT_FLOAT16, 0, NULL));
    uint32_t s = net_unary(n, "Softmax", scale);
    net_output(n, s);
    NET_ESTIMATE(n);
    cr_expect_eq(status(y), AMCT_NODE_OK);
    cr_expect(fused(scale, y));
    cr_expect_eq(status(s), AMCT_NODE_OK);
    /* 13 x 13 tiles of 12 matrices, 4 steps, over 8 cores. */
    cr_expect_gt(latency(y), 12 * 13 * 13 * 4 / 8 / 1.06);
}

Test(ascend_fuse, what_is_known_at_compile_time_is_removed)
{
    uint32_t x = feature(64),
             shape = net_node(n, "Shape", net_tensor(n, AMCT_INT64, DIMS(4)), x, NET_END);
    uint32_t part = net_node(n, "Gather", net_tensor(n, AMCT_INT64, DIMS(1)), shape,
                             net_constant(n, AMCT_INT64, DIMS(1)), NET_END);
    uint32_t w = net_node(n, "ConstantOfShape", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 1, 1)),
                          net_constant(n, AMCT_INT64, DIMS(4)), NET_END);
    uint32_t s = net_unary(n, "Sqrt", w), y = net_binary(n, "Mul", net_conv(n, x, 64, 1, 1, 1), s);
    net_output(n, y);
    net_output(n, part);
    NET_ESTIMATE(n);
    cr_expect_eq(status(shape), AMCT_NODE_REMOVED);
    cr_expect_eq(status(part), AMCT_NODE_REMOVED);
    cr_expect_eq(status(w), AMCT_NODE_REMOVED);
    cr_expect_eq(status(s), AMCT_NODE_REMOVED);
    cr_expect_eq(status(y), AMCT_NODE_FUSED);
}

Test(ascend_fuse, unknown_operators_and_what_cannot_be_told_behind_them_are_unsupported)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    uint32_t odd = net_node(n, "NonMaxSuppression", net_unknown(n), y, NET_END);
    uint32_t relu = net_node(n, "Relu", net_unknown(n), odd, NET_END);
    uint32_t known =
        net_node(n, "Frobnicate", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), y, NET_END);
    uint32_t z = net_conv(n, known, 64, 3, 1, 1);
    net_output(n, relu);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(y), AMCT_NODE_OK);
    cr_expect_eq(status(odd), AMCT_NODE_UNSUPPORTED);
    cr_expect_eq(status(relu), AMCT_NODE_UNSUPPORTED);
    cr_expect_eq(status(known), AMCT_NODE_UNSUPPORTED);
    cr_expect_eq(status(z), AMCT_NODE_OK);
}

Test(ascend_fuse, depthwise_convolutions_use_a_sixteenth_of_the_cube)
{
    uint32_t x = feature(256), dw = net_conv(n, x, 256, 3, 1, 256);
    uint32_t dense = net_conv(n, x, 256, 3, 1, 1), grouped = net_conv(n, x, 256, 3, 1, 4);
    net_output(n, dw);
    net_output(n, dense);
    net_output(n, grouped);
    NET_ESTIMATE(n);
    cr_expect_lt(latency(dw), latency(grouped));
    cr_expect_lt(latency(grouped), latency(dense));
}

/* ---- What vector operators are made of ----------------------------------------------------- */

/* A product, f of it, g of that, times the product: one kernel. */
static double gated_ns(const char *f, const char *g)
{
    *n = (net){0};
    uint32_t y = net_matmul(n, net_input(n, AMCT_FLOAT16, DIMS(512, 64)), 512);
    uint32_t gate = net_unary(n, g, net_unary(n, f, y));
    net_output(n, net_binary(n, "Mul", y, gate));
    NET_ESTIMATE(n, "chip=Ascend310B1");
    cr_assert(fused(gate, y));
    return net_cost(n, y)->latency_ns;
}

Test(ascend_fuse, mish_written_out_is_one_exponential)
{
    double mish = gated_ns("Softplus", "Tanh"), two = gated_ns("Exp", "Tanh");
    cr_expect_lt(mish, two);
    cr_expect_float_eq(mish, gated_ns("Neg", "Tanh"), 1e-6 * mish);
}

/* HardSwish written out behind x: the product by x is its third or its fourth operator. */
static uint32_t hard_swish(uint32_t x, bool divides_last, uint32_t *gate)
{
    uint32_t c = net_constant(n, AMCT_FLOAT16, DIMS(1));
    *gate = net_unary(n, "Clip", net_binary(n, "Add", x, c));
    if (divides_last)
        return net_binary(n, "Div", net_binary(n, "Mul", x, *gate), c);
    return net_binary(n, "Mul", x, net_binary(n, "Div", *gate, c));
}

Test(ascend_fuse, convolutions_take_hard_swish_in_the_order_that_has_a_pattern)
{
    uint32_t gate, y = net_conv(n, feature(64), 64, 3, 1, 1), z = hard_swish(y, true, &gate);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(gate, y));
    cr_expect(fused(z, y));
}

Test(ascend_fuse, other_groups_behind_a_convolution_are_one_kernel_of_their_own)
{
    uint32_t gate, y = net_conv(n, feature(64), 64, 3, 1, 1), z = hard_swish(y, false, &gate);
    uint32_t first = net_maker(n, gate) - 1;
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(n->costs[first].status, AMCT_NODE_OK);
    cr_expect_eq(net_cost(n, gate)->fused_into, first);
    cr_expect_eq(net_cost(n, z)->fused_into, first);
}

/* GELU by erf; its half is its last operator, or in the weights behind it. */
static double gelu_ns(bool half, bool whole)
{
    *n = (net){0};
    uint32_t y = net_matmul(n, net_input(n, AMCT_FLOAT16, DIMS(512, 64)), 512);
    uint32_t c = net_constant(n, AMCT_FLOAT16, DIMS(1)), z = y;
    if (whole)
        z = net_unary(n, "Gelu", y);
    else {
        uint32_t erf = net_unary(n, "Erf", net_binary(n, "Div", y, c));
        z = net_binary(n, "Mul", y, net_binary(n, "Add", erf, c));
        if (half)
            z = net_binary(n, "Mul", z, c);
    }
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_assert(fused(z, y));
    return net_cost(n, y)->latency_ns;
}

Test(ascend_fuse, gelu_written_out_is_one_operator)
{
    double whole = gelu_ns(false, true);
    cr_expect_float_eq(gelu_ns(true, false), whole, 1e-3 * whole);
    cr_expect_float_eq(gelu_ns(false, false), whole, 1e-3 * whole);
}

static double behind_sigmoid_ns(const char *op, bool constant)
{
    *n = (net){0};
    uint32_t y = net_conv(n, feature(64), 64, 3, 1, 1), act = net_unary(n, "Sigmoid", y);
    uint32_t by = constant ? net_constant(n, AMCT_FLOAT16, DIMS(1)) : feature(64);
    net_output(n, net_binary(n, op, act, by));
    NET_ESTIMATE(n, "chip=Ascend310B1");
    return n->total.latency_ns - n->total.fixed_ns;
}

Test(ascend_fuse, division_by_a_constant_is_a_multiplication)
{
    cr_expect_eq(behind_sigmoid_ns("Div", true), behind_sigmoid_ns("Mul", true));
    cr_expect_gt(behind_sigmoid_ns("Div", false), behind_sigmoid_ns("Mul", false));
}

/* ---- Recurrent layers ---------------------------------------------------------------------- */

static double lstm_ns(int64_t steps, bool weights)
{
    *n = (net){0};
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(steps, 1, 512));
    uint32_t w = net_constant(n, AMCT_FLOAT16, DIMS(2, 1024, 512));
    uint32_t r = weights ? net_constant(n, AMCT_FLOAT16, DIMS(2, 1024, 256))
                         : net_input(n, AMCT_FLOAT16, DIMS(2, 1024, 256));
    uint32_t y =
        net_node(n, "LSTM", net_tensor(n, AMCT_FLOAT16, DIMS(steps, 2, 1, 256)), x, w, r, NET_END);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(status(y), weights ? AMCT_NODE_OK : AMCT_NODE_UNSUPPORTED);
    return net_cost(n, y)->latency_ns;
}

Test(ascend_fuse, a_recurrent_layer_pays_for_every_step)
{
    double ten = lstm_ns(10, true), twenty = lstm_ns(20, true), thirty = lstm_ns(30, true);
    cr_expect_gt(ten, 0);
    cr_expect_float_eq(thirty - twenty, twenty - ten, 0.05 * ten);
    cr_expect_gt(twenty, 1.5 * ten);
}

Test(ascend_fuse, recurrent_weights_that_are_computed_are_not_supported)
{
    cr_expect_eq(lstm_ns(10, false), 0);
}
