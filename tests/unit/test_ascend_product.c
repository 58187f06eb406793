/* What lies around matrix products. */
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

TestSuite(ascend_product, .init = setup, .fini = teardown);

static uint32_t status(uint32_t t)
{
    return net_cost(n, t)->status;
}

static bool fused(uint32_t t, uint32_t into)
{
    const amct_node_cost *c = net_cost(n, t);
    return c->status == AMCT_NODE_FUSED && c->fused_into == net_maker(n, into);
}

static uint32_t reshape(uint32_t x, size_t rank, const int64_t *dims)
{
    return net_node(n, "Reshape", net_tensor(n, AMCT_FLOAT16, (uint32_t)rank, dims), x,
                    net_constant(n, AMCT_INT64, DIMS((int64_t)rank)), NET_END);
}

static uint32_t transpose(uint32_t x, int64_t a, int64_t b, int64_t c, int64_t d)
{
    const int64_t *from = n->dims[x];
    uint32_t y = net_tensor(n, AMCT_FLOAT16, DIMS(from[a], from[b], from[c], from[d]));
    net_node(n, "Transpose", y, x, NET_END);
    net_ints(n, "perm", DIMS(a, b, c, d));
    return y;
}

static uint32_t product(uint32_t a, uint32_t b)
{
    const int64_t *x = n->dims[a], *y = n->dims[b];
    return net_node(n, "MatMul", net_tensor(n, AMCT_FLOAT16, DIMS(x[0], x[1], x[2], y[3])), a, b,
                    NET_END);
}

/* Attention over rows of 12 heads of 64: the tensors on its way. */
typedef struct attention {
    uint32_t q, q_split, q_heads, k, k_heads, scores, masked, context, joined, out;
} attention;

static uint32_t project(uint32_t x, int64_t rows, uint32_t *split)
{
    uint32_t y = net_matmul(n, x, 768);
    *split = reshape(y, DIMS(1, rows, 12, 64));
    return y;
}

static attention attend(int64_t rows)
{
    attention a;
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, rows, 768)), split;
    uint32_t mask = net_input(n, AMCT_FLOAT16, DIMS(1, 1, 1, rows));
    a.q = project(x, rows, &a.q_split);
    a.q_heads = transpose(a.q_split, 0, 2, 1, 3);
    a.k = project(x, rows, &split);
    a.k_heads = transpose(split, 0, 2, 3, 1);
    project(x, rows, &split);
    uint32_t v_heads = transpose(split, 0, 2, 1, 3);
    a.scores = product(a.q_heads, a.k_heads);
    a.masked = net_binary(n, "Add", a.scores, mask);
    a.context = product(net_unary(n, "Softmax", a.masked), v_heads);
    a.joined = transpose(a.context, 0, 2, 1, 3);
    a.out = reshape(a.joined, DIMS(1, rows, 768));
    net_output(n, a.out);
    return a;
}

Test(ascend_product, heads_that_fill_tiles_are_split_and_joined_by_the_products)
{
    attention a = attend(128);
    NET_ESTIMATE(n);
    cr_expect(fused(a.q_split, a.q));
    cr_expect(fused(a.q_heads, a.q));
    cr_expect(fused(a.k_heads, a.k));
    cr_expect(fused(a.joined, a.context));
}

Test(ascend_product, heads_of_rows_that_do_not_fill_tiles_are_moved)
{
    attention a = attend(197);
    NET_ESTIMATE(n);
    cr_expect(fused(a.q_split, a.q));
    cr_expect_eq(status(a.q_heads), AMCT_NODE_OK);
    cr_expect_eq(status(a.k_heads), AMCT_NODE_OK);
    cr_expect_eq(status(a.joined), AMCT_NODE_OK);
}

Test(ascend_product, a_mask_with_a_value_a_column_is_added_in_the_product)
{
    attention a = attend(128);
    NET_ESTIMATE(n);
    cr_expect(fused(a.masked, a.scores));
}

Test(ascend_product, a_mask_is_not_added_to_a_product_with_weights)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(8, 128, 64)), y = net_matmul(n, x, 128);
    uint32_t z = net_binary(n, "Add", y, net_input(n, AMCT_FLOAT16, DIMS(1, 1, 128)));
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect_eq(status(z), AMCT_NODE_OK);
}

Test(ascend_product, a_swap_of_the_last_axes_is_done_by_the_product_behind)
{
    uint32_t a = net_input(n, AMCT_FLOAT16, DIMS(1, 12, 197, 64));
    uint32_t b = net_input(n, AMCT_FLOAT16, DIMS(1, 12, 197, 64)), t = transpose(b, 0, 1, 3, 2);
    uint32_t y = product(a, t);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect(fused(t, y));
}

Test(ascend_product, a_swap_that_others_see_is_done)
{
    uint32_t a = net_input(n, AMCT_FLOAT16, DIMS(1, 12, 197, 64));
    uint32_t b = net_input(n, AMCT_FLOAT16, DIMS(1, 12, 197, 64)), t = transpose(b, 0, 1, 3, 2);
    net_output(n, product(a, t));
    net_output(n, t);
    NET_ESTIMATE(n);
    cr_expect_eq(status(t), AMCT_NODE_OK);
}

Test(ascend_product, a_residual_is_added_behind_the_view_of_a_product)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(8, 128, 768));
    uint32_t flat = reshape(x, DIMS(1024, 768)), y = net_matmul(n, flat, 768);
    uint32_t view = reshape(y, DIMS(8, 128, 768)), z = net_binary(n, "Add", view, x);
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(view, y));
    cr_expect(fused(z, y));
}

Test(ascend_product, a_view_that_is_an_output_is_written)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(4096, 64)), y = net_matmul(n, x, 4096);
    uint32_t z = reshape(y, DIMS(64, 64, 4096));
    net_output(n, z);
    NET_ESTIMATE(n);
    cr_expect(fused(z, y));
    /* 32 MiB through memory of 204.8 GB a second. */
    cr_expect_gt(net_cost(n, y)->latency_ns, 100e3);
}

Test(ascend_product, rows_of_softmax_that_fill_tiles_are_faster)
{
    uint32_t whole = net_unary(n, "Softmax", net_input(n, AMCT_FLOAT16, DIMS(1, 12, 512, 512)));
    uint32_t odd = net_unary(n, "Softmax", net_input(n, AMCT_FLOAT16, DIMS(1, 12, 512, 511)));
    net_output(n, whole);
    net_output(n, odd);
    NET_ESTIMATE(n);
    cr_expect_lt(net_cost(n, whole)->latency_ns, net_cost(n, odd)->latency_ns);
}

/* ---- Split --------------------------------------------------------------------------------- */

static uint32_t split_at(int64_t axis)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(3, 8, 12, 192));
    uint32_t first = net_tensor(n, AMCT_FLOAT16, DIMS(1, 8, 12, 192));
    n->dims[first][0] = axis == 0 ? 1 : 3;
    n->dims[first][axis] = n->dims[x][axis] / 3;
    net_node(n, "Split", first, net_unary(n, "Softmax", x), NET_END);
    net_int(n, "axis", axis);
    net_output(n, net_unary(n, "Softmax", first));
    return first;
}

Test(ascend_product, parts_along_the_outermost_axis_are_not_moved)
{
    uint32_t part = split_at(0);
    NET_ESTIMATE(n);
    cr_expect_eq(status(part), AMCT_NODE_REMOVED);
}

Test(ascend_product, parts_along_other_axes_are_moved)
{
    uint32_t part = split_at(3);
    NET_ESTIMATE(n);
    cr_expect_eq(status(part), AMCT_NODE_OK);
}
