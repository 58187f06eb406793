#include "ascend_net.h"
#include "plugins/estimators/ascend/ascend_chip.h"

#include <criterion/criterion.h>
#include <string.h>

static net *n;

static void setup(void)
{
    n = net_new();
}

static void teardown(void)
{
    net_free(n);
}

TestSuite(ascend_quant, .init = setup, .fini = teardown);

static uint32_t feature(int64_t channels)
{
    return net_input(n, AMCT_FLOAT16, DIMS(1, channels, 56, 56));
}

/* The integer convolution before its AscendDequant. */
static uint32_t accumulators(uint32_t dequantised)
{
    return n->nodes[net_maker(n, dequantised)].src[0];
}

static const amct_node_cost *conv_of(uint32_t dequantised)
{
    return net_cost(n, accumulators(dequantised));
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

static uint32_t relu(uint32_t x)
{
    return net_unary(n, "Relu", x);
}

Test(ascend_quant, dequantisation_activation_and_the_next_quantisation_are_one_kernel)
{
    uint32_t x = feature(64), q = net_quant(n, x, 8, 1);
    uint32_t a = net_quant_conv(n, q, 64, 3, 1, 1, 8), r = relu(a), q2 = net_quant(n, r, 8, 1);
    uint32_t b = net_quant_conv(n, q2, 64, 3, 1, 1, 8);
    net_output(n, b);
    NET_ESTIMATE(n);
    cr_expect_eq(status(q), AMCT_NODE_OK, "the boundary at the input is an operator");
    cr_expect_eq(conv_of(a)->status, AMCT_NODE_OK);
    cr_expect(fused(a, accumulators(a)));
    cr_expect(fused(r, accumulators(a)));
    cr_expect(fused(q2, accumulators(a)));
    cr_expect(fused(b, accumulators(b)));
    cr_expect_eq(conv_of(a)->flags, 0);
    /* It writes one byte an element where the last one writes two. */
    cr_expect_lt(conv_of(a)->latency_ns, conv_of(b)->latency_ns);
}

Test(ascend_quant, a_float_operator_between_quantised_layers_costs_a_quantisation)
{
    uint32_t x = feature(64), a = net_quant_conv(n, net_quant(n, x, 8, 1), 64, 3, 1, 1, 8);
    uint32_t s = net_unary(n, "Softmax", a), q = net_quant(n, s, 8, 1);
    uint32_t b = net_quant_conv(n, q, 64, 3, 1, 1, 8);
    net_output(n, b);
    NET_ESTIMATE(n);
    cr_expect_eq(status(s), AMCT_NODE_OK);
    cr_expect_eq(status(q), AMCT_NODE_OK);
}

Test(ascend_quant, pooling_and_elementwise_kernels_quantise_by_themselves)
{
    uint32_t x = feature(64), p = net_pool(n, "MaxPool", x, 3, 2), q = net_quant(n, p, 8, 1);
    uint32_t a = net_quant_conv(n, q, 64, 3, 1, 1, 8), e = net_unary(n, "Tanh", feature(64));
    uint32_t q2 = net_quant(n, e, 8, 1), b = net_quant_conv(n, q2, 64, 3, 1, 1, 8);
    net_output(n, a);
    net_output(n, b);
    NET_ESTIMATE(n);
    cr_expect(fused(q, p));
    cr_expect(fused(q2, e));
}

/* x -> conv -> t; t -> conv -> conv -> + t: the tensor t is needed in both forms. */
typedef struct block {
    uint32_t t, q, last, sum;
} block;

static block residual_block(void)
{
    block b;
    uint32_t x = feature(64);
    b.t = relu(net_quant_conv(n, net_quant(n, x, 8, 1), 256, 1, 1, 1, 8));
    b.q = net_quant(n, b.t, 8, 1);
    uint32_t y = relu(net_quant_conv(n, b.q, 64, 1, 1, 1, 8));
    b.last = net_quant_conv(n, net_quant(n, y, 8, 1), 256, 1, 1, 1, 8);
    b.sum = net_binary(n, "Add", b.last, b.t);
    net_output(n, relu(b.sum));
    return b;
}

Test(ascend_quant, residuals_in_int8_are_written_once_and_added_from_one_byte)
{
    block b = residual_block();
    NET_ESTIMATE(n, "residual=int8");
    cr_expect_eq(status(b.q), AMCT_NODE_FUSED);
    cr_expect(fused(b.sum, accumulators(b.last)));
    double add_int8 = conv_of(b.last)->latency_ns, total_int8 = n->total.latency_ns;
    double make_int8 = n->costs[net_cost(n, b.t)->fused_into].latency_ns;

    NET_ESTIMATE(n, "residual=both");
    cr_expect_eq(status(b.q), AMCT_NODE_FUSED);
    double add_both = conv_of(b.last)->latency_ns, total_both = n->total.latency_ns;
    double make_both = n->costs[net_cost(n, b.t)->fused_into].latency_ns;
    cr_expect_gt(add_both, add_int8, "two bytes are read");
    cr_expect_gt(make_both, make_int8, "three bytes are written instead of one");

    NET_ESTIMATE(n, "residual=float16");
    cr_expect_eq(status(b.q), AMCT_NODE_OK, "a kernel of its own");
    cr_expect_gt(conv_of(b.last)->latency_ns, add_int8, "two bytes are read");
    cr_expect_gt(n->total.latency_ns, total_both);
    cr_expect_gt(total_both, total_int8);

    NET_ESTIMATE(n);
    cr_expect_eq(n->total.latency_ns, total_int8, "the default");
}

Test(ascend_quant, a_float_user_other_than_an_addition_always_needs_the_float_form)
{
    uint32_t x = feature(64), t = relu(net_quant_conv(n, net_quant(n, x, 8, 1), 64, 1, 1, 1, 8));
    uint32_t q = net_quant(n, t, 8, 1), a = net_quant_conv(n, q, 64, 1, 1, 1, 8);
    uint32_t b = net_conv(n, t, 64, 1, 1, 1);
    net_output(n, a);
    net_output(n, b);
    NET_ESTIMATE(n, "residual=int8");
    cr_expect_eq(status(q), AMCT_NODE_OK);
    cr_expect_eq(status(b), AMCT_NODE_OK);
}

Test(ascend_quant, equal_quantisations_of_a_tensor_are_one)
{
    uint32_t x = feature(64), t = relu(net_quant_conv(n, net_quant(n, x, 8, 1), 64, 1, 1, 1, 8));
    uint32_t q1 = net_quant(n, t, 8, 1), q2 = net_quant(n, t, 8, 1);
    uint32_t a = net_quant_conv(n, q1, 64, 1, 1, 1, 8), b = net_quant_conv(n, q2, 64, 3, 1, 1, 8);
    net_output(n, a);
    net_output(n, b);
    NET_ESTIMATE(n);
    cr_expect_eq(status(q1), AMCT_NODE_FUSED);
    cr_expect_eq(status(q2), AMCT_NODE_FUSED);
    cr_expect_eq(net_cost(n, q1)->fused_into, net_cost(n, q2)->fused_into);
}

Test(ascend_quant, different_quantisations_of_a_tensor_are_operators_of_their_own)
{
    uint32_t x = feature(64), t = relu(net_quant_conv(n, net_quant(n, x, 8, 1), 64, 1, 1, 1, 8));
    uint32_t q1 = net_quant(n, t, 8, 1), q2 = net_quant(n, t, 8, 2), q3 = net_quant(n, t, 4, 1);
    net_output(n, net_quant_conv(n, q1, 64, 1, 1, 1, 8));
    net_output(n, net_quant_conv(n, q2, 64, 3, 1, 1, 8));
    net_output(n, net_quant_conv(n, q3, 64, 3, 1, 1, 4));
    NET_ESTIMATE(n);
    cr_expect_eq(status(q1), AMCT_NODE_OK);
    cr_expect_eq(status(q2), AMCT_NODE_OK);
    cr_expect_eq(status(q3), AMCT_NODE_OK);
}

static double first_conv(int64_t channels, bool quantised)
{
    *n = (net){0};
    uint32_t x = feature(channels), y;
    if (quantised) {
        uint32_t q = net_quant(n, x, 8, 1);
        y = net_quant_conv(n, q, 64, 3, 1, 1, 8);
        net_output(n, relu(y));
        NET_ESTIMATE(n);
        bool rolled = channels <= 16;
        cr_expect_eq(conv_of(y)->flags, rolled ? AMCT_NODE_ROLLED_BACK : 0);
        cr_expect_eq(status(q), rolled ? AMCT_NODE_REMOVED : AMCT_NODE_OK);
        cr_expect_eq(status(y), rolled ? AMCT_NODE_REMOVED : AMCT_NODE_FUSED);
        return conv_of(y)->latency_ns;
    }
    y = net_conv(n, x, 64, 3, 1, 1);
    net_output(n, relu(y));
    NET_ESTIMATE(n);
    return net_cost(n, y)->latency_ns;
}

Test(ascend_quant, layers_of_sixteen_channels_or_fewer_run_as_fp16)
{
    cr_expect_eq(first_conv(16, true), first_conv(16, false));
    cr_expect_eq(first_conv(3, true), first_conv(3, false));
    cr_expect_lt(first_conv(32, true), first_conv(32, false));
    first_conv(17, true);
}

Test(ascend_quant, a_rolled_back_layer_reads_fp16_although_others_read_integers)
{
    uint32_t x = feature(16), q = net_quant(n, x, 8, 1);
    uint32_t a = net_quant_conv(n, q, 64, 3, 1, 1, 8);
    uint32_t y = net_node(n, "AscendAntiQuant", net_tensor(n, AMCT_FLOAT16, DIMS(1, 16, 56, 56)), q,
                          NET_END);
    net_output(n, a);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(status(q), AMCT_NODE_OK);
    cr_expect_eq(conv_of(a)->flags, AMCT_NODE_ROLLED_BACK);
    cr_expect_eq(conv_of(a)->latency_ns, first_conv(16, false));
}

Test(ascend_quant, depthwise_layers_count_all_their_channels_for_the_rollback)
{
    uint32_t x = feature(32), a = net_quant_conv(n, net_quant(n, x, 8, 1), 32, 3, 1, 32, 8);
    net_output(n, a);
    NET_ESTIMATE(n);
    cr_expect_eq(conv_of(a)->flags, 0);
}

Test(ascend_quant, matmul_is_never_rolled_back)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(64, 12)), q = net_quant(n, x, 8, 1);
    uint32_t y = net_node(n, "MatMul", net_tensor(n, AMCT_INT32, DIMS(64, 64)), q,
                          net_constant(n, AMCT_INT8, DIMS(12, 64)), NET_END);
    uint32_t bias = net_binary(n, "Add", y, net_constant(n, AMCT_INT32, DIMS(64)));
    uint32_t z = net_node(n, "AscendDequant", net_tensor(n, AMCT_FLOAT16, DIMS(64, 64)), bias,
                          net_constant(n, AMCT_UINT64, DIMS(1)), NET_END);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(net_cost(n, y)->flags, 0);
    cr_expect_eq(status(q), AMCT_NODE_OK);
    cr_expect(fused(bias, y));
    cr_expect(fused(z, y));
}

Test(ascend_quant, quantised_average_pooling_follows_the_same_rules)
{
    uint32_t x = feature(64), q = net_quant(n, x, 8, 1), p = net_pool(n, "AveragePool", q, 2, 2);
    uint32_t y = net_node(n, "AscendDequant", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 28, 28)), p,
                          net_constant(n, AMCT_UINT64, DIMS(1)), NET_END);
    uint32_t s = feature(16), t = net_quant(n, s, 8, 1), u = net_pool(n, "AveragePool", t, 2, 2);
    uint32_t v = net_node(n, "AscendDequant", net_tensor(n, AMCT_FLOAT16, DIMS(1, 16, 28, 28)), u,
                          net_constant(n, AMCT_UINT64, DIMS(1)), NET_END);
    net_output(n, y);
    net_output(n, v);
    NET_ESTIMATE(n);
    cr_expect_eq(net_cost(n, p)->flags, 0);
    cr_expect(fused(y, p));
    cr_expect_eq(net_cost(n, u)->flags, AMCT_NODE_ROLLED_BACK);
    cr_expect_eq(status(t), AMCT_NODE_REMOVED);
    cr_expect_eq(status(v), AMCT_NODE_REMOVED);
}

/* Latency of the second of two convolutions of that precision. */
static double second_conv(const char *chip, int64_t cin, int64_t cout, int64_t window,
                          int64_t group, int bits, int weight_bits)
{
    *n = (net){0};
    uint32_t x = feature(cin), y;
    char option[64] = "chip=";
    strncat(option, chip, sizeof option - 6);
    if (bits == 16) {
        y = net_conv(n, net_unary(n, "Tanh", x), cout, window, 1, group);
        net_output(n, y);
        NET_ESTIMATE(n, option);
        return net_cost(n, y)->latency_ns;
    }
    uint32_t q = net_quant(n, net_unary(n, "Tanh", x), bits, 1);
    y = net_quant_conv(n, q, cout, window, 1, group, weight_bits);
    net_output(n, y);
    NET_ESTIMATE(n, option);
    return conv_of(y)->latency_ns;
}

Test(ascend_quant, fewer_bits_never_make_an_operator_dearer)
{
    const char *const *chips = net_estimator()->devices;
    static const int64_t shapes[][3] = {{32, 32, 3}, {64, 256, 1}, {256, 64, 1}, {512, 512, 3},
                                        {48, 40, 3}, {24, 17, 5},  {17, 33, 1},  {1024, 1024, 1}};
    for (int c = 0; chips[c] != NULL; c++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int64_t *s = shapes[i];
            double fp16 = second_conv(chips[c], s[0], s[1], s[2], 1, 16, 16);
            double w8a8 = second_conv(chips[c], s[0], s[1], s[2], 1, 8, 8);
            double w4a8 = second_conv(chips[c], s[0], s[1], s[2], 1, 8, 4);
            double w4a4 = second_conv(chips[c], s[0], s[1], s[2], 1, 4, 4);
            cr_expect_leq(w8a8, fp16, "%s %d", chips[c], (int)i);
            cr_expect_leq(w4a8, w8a8, "%s %d", chips[c], (int)i);
            cr_expect_leq(w4a4, w4a8, "%s %d", chips[c], (int)i);
        }
}

Test(ascend_quant, depthwise_convolutions_gain_only_bytes)
{
    double fp16 = second_conv("Ascend310P3", 256, 256, 3, 256, 16, 16);
    double w8a8 = second_conv("Ascend310P3", 256, 256, 3, 256, 8, 8);
    cr_expect_lt(w8a8, fp16);
    cr_expect_gt(w8a8, fp16 / 2);
}

Test(ascend_quant, four_bits_pay_on_310p_only)
{
    const char *const *chips = net_estimator()->devices;
    for (int c = 0; chips[c] != NULL; c++) {
        double w8a8 = second_conv(chips[c], 512, 512, 3, 1, 8, 8);
        double w4a4 = second_conv(chips[c], 512, 512, 3, 1, 4, 4);
        if (strncmp(chips[c], "Ascend310P", 10) == 0)
            cr_expect_lt(w4a4, w8a8, "%s", chips[c]);
        else
            cr_expect_eq(w4a4, w8a8, "%s", chips[c]);
    }
}

/* The same convolution with 4:2 sparse weights; *dense_ns without. */
static amct_node_cost sparse_conv(double *dense_ns, const char *chip, int64_t cin, int64_t group)
{
    char option[64] = "chip=";
    strncat(option, chip, sizeof option - 6);
    *dense_ns = second_conv(chip, cin, 512, 3, group, 8, 8);
    uint32_t sums = n->n_nodes - 2; /* before its AscendDequant */
    n->tensors[n->nodes[sums].src[1]].sparsity = AMCT_SPARSE_4_2;
    NET_ESTIMATE(n, option);
    return n->costs[sums];
}

Test(ascend_quant, zeros_are_skipped_on_310b_and_910b_only)
{
    const char *const *chips = net_estimator()->devices;
    for (int c = 0; chips[c] != NULL; c++) {
        double dense;
        amct_node_cost sparse = sparse_conv(&dense, chips[c], 512, 1);
        bool skips =
            strncmp(chips[c], "Ascend310B", 10) == 0 || strncmp(chips[c], "Ascend910B", 10) == 0;
        if (skips) {
            cr_expect_lt(sparse.latency_ns, 0.75 * dense, "%s", chips[c]);
            cr_expect_geq(sparse.latency_ns, 0.5 * dense, "%s", chips[c]);
            /* nobody has measured it: the band reaches to where nothing is gained */
            cr_expect_gt(sparse.spread_ns, dense - sparse.latency_ns, "%s", chips[c]);
        } else
            cr_expect_eq(sparse.latency_ns, dense, "%s", chips[c]);
    }
}

Test(ascend_quant, zeros_of_other_layers_are_not_skipped)
{
    double dense;
    cr_expect_eq(sparse_conv(&dense, "Ascend310B1", 512, 2).latency_ns, dense, "two groups");
    cr_expect_eq(sparse_conv(&dense, "Ascend310B1", 512, 512).latency_ns, dense, "depthwise");
    amct_node_cost narrow = sparse_conv(&dense, "Ascend310B1", 16, 1);
    cr_expect_eq(narrow.flags, AMCT_NODE_ROLLED_BACK);
    cr_expect_eq(narrow.latency_ns, dense, "it runs in FP16");
}

Test(ascend_quant, more_channels_are_never_cheaper)
{
    static const int bits[] = {16, 8, 4};
    const char *const *chips = net_estimator()->devices;
    for (int c = 0; chips[c] != NULL; c++)
        for (int b = 0; b < 3; b++) {
            double in = 0, out = 0;
            for (int64_t channels = 16; channels <= 512; channels += 16) {
                double more_in = second_conv(chips[c], channels, 64, 3, 1, bits[b], bits[b]);
                double more_out = second_conv(chips[c], 64, channels, 3, 1, bits[b], bits[b]);
                cr_expect_geq(more_in, in, "%s %d bits, %d in", chips[c], bits[b], (int)channels);
                cr_expect_geq(more_out, out, "%s %d bits, %d out", chips[c], bits[b],
                              (int)channels);
                in = more_in;
                out = more_out;
            }
        }
}

Test(ascend_quant, channels_are_paid_for_in_groups)
{
    cr_expect_eq(second_conv("Ascend310P3", 24, 64, 3, 1, 16, 16),
                 second_conv("Ascend310P3", 32, 64, 3, 1, 16, 16));
    cr_expect_eq(second_conv("Ascend310P3", 40, 64, 3, 1, 8, 8),
                 second_conv("Ascend310P3", 64, 64, 3, 1, 8, 8));
    cr_expect_gt(second_conv("Ascend310P3", 72, 64, 3, 1, 8, 8),
                 second_conv("Ascend310P3", 64, 64, 3, 1, 8, 8));
}

/* QuantizeLinear and DequantizeLinear round a convolution. */
static uint32_t qdq(uint32_t x, uint32_t dtype, bool quantise)
{
    uint32_t y = net_tensor(n, quantise ? dtype : AMCT_FLOAT16, n->tensors[x].rank, n->dims[x]);
    return net_node(n, quantise ? "QuantizeLinear" : "DequantizeLinear", y, x,
                    net_constant(n, AMCT_FLOAT, 0, NULL), NET_END);
}

Test(ascend_quant, qdq_graphs_cost_what_deploy_graphs_cost)
{
    uint32_t x = net_unary(n, "Softmax", feature(64)), q = qdq(x, AMCT_INT8, true);
    uint32_t d = qdq(q, AMCT_INT8, false), w = net_constant(n, AMCT_INT8, DIMS(64, 64, 3, 3));
    uint32_t dw = qdq(w, AMCT_INT8, false);
    uint32_t y =
        net_node(n, "Conv", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), d, dw, NET_END);
    uint32_t r = relu(y), q2 = qdq(r, AMCT_INT8, true), d2 = qdq(q2, AMCT_INT8, false);
    uint32_t z = net_unary(n, "Softmax", d2);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(q), AMCT_NODE_OK);
    cr_expect_eq(status(d), AMCT_NODE_REMOVED);
    cr_expect_eq(status(dw), AMCT_NODE_REMOVED);
    cr_expect(fused(r, y));
    cr_expect(fused(q2, y));
    cr_expect_eq(status(d2), AMCT_NODE_OK, "a float operator reads it");
    double got = net_cost(n, y)->latency_ns;

    *n = (net){0};
    x = net_unary(n, "Softmax", feature(64));
    y = net_quant_conv(n, net_quant(n, x, 8, 1), 64, 3, 1, 1, 8);
    q2 = net_quant(n, relu(y), 8, 1);
    net_output(n, q2);
    NET_ESTIMATE(n);
    cr_expect_eq(conv_of(y)->latency_ns, got);
}

Test(ascend_quant, qdq_layers_of_few_channels_roll_back)
{
    uint32_t x = feature(8), q = qdq(x, AMCT_INT8, true), d = qdq(q, AMCT_INT8, false);
    uint32_t dw = qdq(net_constant(n, AMCT_INT8, DIMS(64, 8, 3, 3)), AMCT_INT8, false);
    uint32_t y =
        net_node(n, "Conv", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), d, dw, NET_END);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(net_cost(n, y)->flags, AMCT_NODE_ROLLED_BACK);
    cr_expect_eq(status(q), AMCT_NODE_REMOVED);
    cr_expect_eq(status(d), AMCT_NODE_REMOVED);
}
