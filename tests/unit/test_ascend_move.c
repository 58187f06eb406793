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

TestSuite(ascend_move, .init = setup, .fini = teardown);

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

static uint32_t concat(uint32_t a, uint32_t b)
{
    const int64_t *d = n->dims[a];
    uint32_t y = net_tensor(n, AMCT_FLOAT16, DIMS(d[0], d[1] + n->dims[b][1], d[2], d[3]));
    net_node(n, "Concat", y, a, b, NET_END);
    net_int(n, "axis", 1);
    return y;
}

Test(ascend_move, convolutions_write_their_parts_of_a_concat_in_place)
{
    uint32_t x = feature(64), a = net_unary(n, "Relu", net_conv(n, x, 64, 1, 1, 1));
    uint32_t b = net_conv(n, x, 32, 3, 1, 1), y = concat(a, b), z = net_conv(n, y, 64, 1, 1, 1);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(y, b));
}

Test(ascend_move, parts_that_do_not_fill_groups_of_channels_are_copied)
{
    uint32_t x = feature(64), a = net_conv(n, x, 24, 1, 1, 1), b = net_conv(n, x, 40, 3, 1, 1);
    uint32_t y = concat(a, b);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(status(y), AMCT_NODE_OK);
}

Test(ascend_move, parts_that_others_need_are_copied)
{
    /* As in DenseNet: what is concatenated once is concatenated again. */
    uint32_t x = feature(64), a = net_conv(n, x, 32, 3, 1, 1), y = concat(x, a);
    uint32_t b = net_conv(n, y, 32, 3, 1, 1), z = concat(y, b);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(y), AMCT_NODE_OK);
    cr_expect_eq(status(z), AMCT_NODE_OK);
}

Test(ascend_move, parts_of_a_quantised_concat_are_quantised_where_they_are_made)
{
    uint32_t x = feature(64), a = net_conv(n, x, 64, 1, 1, 1), b = net_conv(n, x, 64, 3, 1, 1);
    uint32_t y = concat(a, b), q = net_quant(n, y, 8, 1);
    net_output(n, net_quant_conv(n, q, 64, 1, 1, 1, 8));
    NET_ESTIMATE(n);
    cr_expect(fused(y, b));
    cr_expect(fused(q, b));
    double int8 = net_cost(n, a)->latency_ns;

    *n = (net){0};
    x = feature(64), a = net_conv(n, x, 64, 1, 1, 1), b = net_conv(n, x, 64, 3, 1, 1);
    net_output(n, concat(a, b));
    NET_ESTIMATE(n);
    cr_expect_lt(int8, net_cost(n, a)->latency_ns);
}

Test(ascend_move, parts_of_sixteen_channels_cannot_be_quantised_in_place)
{
    uint32_t x = feature(64), a = net_conv(n, x, 48, 1, 1, 1), b = net_conv(n, x, 16, 3, 1, 1);
    uint32_t y = concat(a, b), q = net_quant(n, y, 8, 1);
    net_output(n, net_quant_conv(n, q, 64, 1, 1, 1, 8));
    NET_ESTIMATE(n);
    cr_expect(fused(y, b));
    cr_expect_eq(status(q), AMCT_NODE_OK);
}

static uint32_t pad(uint32_t x, int64_t by)
{
    const int64_t *d = n->dims[x];
    uint32_t y = net_tensor(n, n->tensors[x].dtype, DIMS(d[0], d[1], d[2] + by, d[3] + by));
    return net_node(n, "Pad", y, x, net_constant(n, AMCT_INT64, DIMS(8)), NET_END);
}

Test(ascend_move, a_convolution_pads_by_itself)
{
    uint32_t x = feature(64), r = net_unary(n, "Tanh", x), p = pad(r, 2);
    uint32_t y = net_conv(n, p, 64, 3, 1, 1);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect(fused(p, y));
}

Test(ascend_move, a_quantised_convolution_pads_by_itself_too)
{
    uint32_t x = feature(64), a = net_quant_conv(n, net_quant(n, x, 8, 1), 64, 1, 1, 1, 8);
    uint32_t q = net_quant(n, pad(a, 2), 8, 1), b = net_quant_conv(n, q, 64, 3, 1, 1, 8);
    uint32_t q2 = net_quant(n, b, 8, 1), p2 = pad(q2, 2), c = net_quant_conv(n, p2, 64, 3, 1, 1, 8);
    net_output(n, c);
    NET_ESTIMATE(n);
    cr_expect_eq(status(n->nodes[net_maker(n, q)].src[0]), AMCT_NODE_FUSED);
    cr_expect_eq(status(q), AMCT_NODE_FUSED);
    cr_expect_eq(status(q2), AMCT_NODE_FUSED);
    cr_expect_eq(status(p2), AMCT_NODE_FUSED);
}

Test(ascend_move, other_pads_are_operators)
{
    uint32_t x = feature(64), r = net_unary(n, "Tanh", x), reflect = pad(r, 2);
    net_string(n, "mode", "reflect");
    uint32_t y = net_conv(n, reflect, 64, 3, 1, 1), pooled = pad(y, 1);
    net_output(n, net_pool(n, "MaxPool", pooled, 2, 2));
    NET_ESTIMATE(n);
    cr_expect_eq(status(reflect), AMCT_NODE_OK);
    cr_expect_eq(status(pooled), AMCT_NODE_OK);
}

Test(ascend_move, views_cost_nothing_where_the_order_of_elements_is_the_same)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    uint32_t pool = net_node(n, "GlobalAveragePool", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 1, 1)),
                             y, NET_END);
    uint32_t flat = net_node(n, "Flatten", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64)), pool, NET_END);
    uint32_t drop = net_unary(n, "Dropout", flat), fc = net_matmul(n, drop, 10);
    uint32_t same = net_unary(n, "Identity", fc);
    uint32_t up = net_node(n, "Unsqueeze", net_tensor(n, AMCT_FLOAT16, DIMS(1, 10, 1)), same,
                           net_constant(n, AMCT_INT64, DIMS(1)), NET_END);
    net_output(n, up);
    NET_ESTIMATE(n);
    cr_expect_eq(status(flat), AMCT_NODE_REMOVED);
    cr_expect_eq(status(drop), AMCT_NODE_REMOVED);
    cr_expect_eq(status(same), AMCT_NODE_REMOVED);
    cr_expect_eq(status(up), AMCT_NODE_REMOVED);
}

Test(ascend_move, views_that_break_groups_of_channels_are_conversions)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 3, 1, 1);
    uint32_t flat =
        net_node(n, "Flatten", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64 * 56 * 56)), y, NET_END);
    net_output(n, flat);
    NET_ESTIMATE(n);
    cr_expect_eq(status(flat), AMCT_NODE_OK);
}

Test(ascend_move, a_convolution_pays_for_bringing_its_input_into_groups)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 64, 3136));
    uint32_t r = net_node(n, "Reshape", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), x,
                          net_constant(n, AMCT_INT64, DIMS(4)), NET_END);
    uint32_t y = net_conv(n, r, 64, 3, 1, 1), again = net_conv(n, r, 64, 3, 1, 1);
    uint32_t plain = net_conv(n, feature(64), 64, 3, 1, 1);
    net_output(n, y);
    net_output(n, again);
    net_output(n, plain);
    NET_ESTIMATE(n);
    cr_expect_eq(status(r), AMCT_NODE_REMOVED);
    cr_expect_gt(net_cost(n, y)->latency_ns, net_cost(n, plain)->latency_ns + 1940);
    cr_expect_eq(net_cost(n, again)->latency_ns, net_cost(n, plain)->latency_ns,
                 "converted once for all");
}

Test(ascend_move, a_channel_shuffle_is_one_operator)
{
    uint32_t x = feature(64), y = net_conv(n, x, 64, 1, 1, 2);
    uint32_t shape = net_constant(n, AMCT_INT64, DIMS(5));
    uint32_t split = net_node(n, "Reshape", net_tensor(n, AMCT_FLOAT16, DIMS(1, 2, 32, 56, 56)), y,
                              shape, NET_END);
    uint32_t swap = net_node(n, "Transpose", net_tensor(n, AMCT_FLOAT16, DIMS(1, 32, 2, 56, 56)),
                             split, NET_END);
    net_ints(n, "perm", DIMS(0, 2, 1, 3, 4));
    uint32_t back = net_node(n, "Reshape", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), swap,
                             shape, NET_END);
    uint32_t z = net_conv(n, back, 64, 1, 1, 2);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(swap), AMCT_NODE_OK);
    cr_expect(fused(split, swap));
    cr_expect(fused(back, swap));
}

static uint32_t transpose(uint32_t x, int64_t a, int64_t b, int64_t c)
{
    const int64_t *d = n->dims[x];
    uint32_t y = net_tensor(n, AMCT_FLOAT16, DIMS(d[a], d[b], d[c]));
    net_node(n, "Transpose", y, x, NET_END);
    net_ints(n, "perm", DIMS(a, b, c));
    return y;
}

Test(ascend_move, transposes_cost_their_bytes_unless_only_axes_of_one_move)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 196, 768));
    uint32_t moved = transpose(x, 0, 2, 1), kept = transpose(x, 1, 0, 2);
    net_output(n, moved);
    net_output(n, kept);
    NET_ESTIMATE(n);
    cr_expect_eq(status(moved), AMCT_NODE_OK);
    cr_expect_eq(status(kept), AMCT_NODE_REMOVED);
}

Test(ascend_move, slices_and_gathers_pay_for_what_they_pass_on)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(64, 1024, 768)),
             i = net_constant(n, AMCT_INT64, DIMS(1));
    uint32_t little =
        net_node(n, "Slice", net_tensor(n, AMCT_FLOAT16, DIMS(64, 1, 768)), x, i, i, NET_END);
    uint32_t much =
        net_node(n, "Slice", net_tensor(n, AMCT_FLOAT16, DIMS(64, 1023, 768)), x, i, i, NET_END);
    uint32_t table = net_constant(n, AMCT_FLOAT16, DIMS(30000, 768));
    uint32_t ids = net_input(n, AMCT_INT64, DIMS(1, 128));
    uint32_t words =
        net_node(n, "Gather", net_tensor(n, AMCT_FLOAT16, DIMS(1, 128, 768)), table, ids, NET_END);
    net_output(n, little);
    net_output(n, much);
    net_output(n, words);
    NET_ESTIMATE(n);
    cr_expect_gt(net_cost(n, much)->latency_ns, 10 * net_cost(n, little)->latency_ns);
    cr_expect_eq(status(words), AMCT_NODE_OK);
    cr_expect_lt(net_cost(n, words)->latency_ns, net_cost(n, much)->latency_ns / 10);
}
