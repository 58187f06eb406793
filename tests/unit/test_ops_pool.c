#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

/* 1 .. 9 in a 3 x 3 plane. */
static ops_case *square(const char *op, uint32_t n_dst)
{
    ops_case *c = ops_case_new(op, n_dst);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 3, 3), NUMBERS(1, 2, 3, 4, 5, 6, 7, 8, 9));
    ops_case_ints(c, "kernel_shape", (int64_t[]){2, 2}, 2);
    return c;
}

Test(ops_pool, max_of_each_window)
{
    ops_case_gives(square("MaxPool", 1), AMCT_FLOAT, DIMS(1, 1, 2, 2), NUMBERS(5, 6, 8, 9));
}

Test(ops_pool, max_never_sees_the_padding)
{
    ops_case *c = ops_case_new("MaxPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 2), NUMBERS(-5, -7));
    ops_case_ints(c, "kernel_shape", (int64_t[]){2}, 1);
    ops_case_ints(c, "pads", (int64_t[]){1, 1}, 2);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 3), NUMBERS(-5, -5, -7));
}

Test(ops_pool, indices_count_over_the_whole_tensor_in_either_order)
{
    for (int order = 0; order < 2; order++) {
        ops_case *c = ops_case_new("MaxPool", 2);
        ops_case_src(c, AMCT_FLOAT, DIMS(1, 2, 2, 3), NUMBERS(1, 9, 3, 4, 5, 6, 7, 8, 9, 10, 9, 1));
        ops_case_ints(c, "kernel_shape", (int64_t[]){2, 2}, 2);
        ops_case_int(c, "storage_order", order);
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        ops_case_expect(c, 0, AMCT_FLOAT, DIMS(1, 2, 1, 2), NUMBERS(9, 9, 10, 9));
        if (order)
            ops_case_expect(c, 1, AMCT_INT64, DIMS(1, 2, 1, 2), NUMBERS(2, 2, 7, 10));
        else
            ops_case_expect(c, 1, AMCT_INT64, DIMS(1, 2, 1, 2), NUMBERS(1, 1, 9, 8));
        ops_case_free(c);
    }
}

Test(ops_pool, the_first_of_equal_values_is_the_maximum)
{
    ops_case *c = ops_case_new("MaxPool", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 3), NUMBERS(4, 4, 4));
    ops_case_ints(c, "kernel_shape", (int64_t[]){3}, 1);
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    ops_case_expect(c, 1, AMCT_INT64, DIMS(1, 1, 1), NUMBERS(0));
    ops_case_free(c);
}

Test(ops_pool, max_keeps_codes_and_their_zero_point)
{
    ops_case *c = ops_case_new("MaxPool", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1, 1, 4), NUMBERS(-128, -100, 3, 127));
    ops_case_ints(c, "kernel_shape", (int64_t[]){2}, 1);
    ops_case_ints(c, "strides", (int64_t[]){2}, 1);
    c->src[0].zero_point = -7;
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    cr_assert_eq(c->dst[0].zero_point, -7);
    ops_case_expect(c, 0, AMCT_INT8, DIMS(1, 1, 2), NUMBERS(-100, 127));
    ops_case_free(c);
    c = ops_case_new("MaxPool", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(1, 1, 2, 1, 2), NUMBERS(200, 3, 4, 255));
    ops_case_ints(c, "kernel_shape", (int64_t[]){1, 1, 2}, 3);
    ops_case_gives(c, AMCT_UINT8, DIMS(1, 1, 2, 1, 1), NUMBERS(200, 255));
}

Test(ops_pool, dilated_windows_skip)
{
    ops_case *c = ops_case_new("MaxPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 5), NUMBERS(1, 9, 2, 8, 3));
    ops_case_ints(c, "kernel_shape", (int64_t[]){2}, 1);
    ops_case_ints(c, "dilations", (int64_t[]){2}, 1);
    ops_case_ints(c, "pads", (int64_t[]){1, 1}, 2);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 5), NUMBERS(9, 2, 9, 3, 8));
}

Test(ops_pool, average_divides_by_what_is_inside)
{
    ops_case *c = square("AveragePool", 1);
    ops_case_ints(c, "pads", (int64_t[]){1, 1, 0, 0}, 4);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 3, 3), NUMBERS(1, 1.5, 2.5, 2.5, 3, 4, 5.5, 6, 7));
}

Test(ops_pool, average_may_count_the_padding_as_zeros)
{
    ops_case *c = square("AveragePool", 1);
    ops_case_ints(c, "pads", (int64_t[]){1, 1, 0, 0}, 4);
    ops_case_int(c, "count_include_pad", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 3, 3),
                   NUMBERS(0.25, 0.75, 1.25, 1.25, 3, 4, 2.75, 6, 7));
}

Test(ops_pool, a_window_over_the_edge_counts_only_declared_padding)
{
    for (int64_t pad = 0; pad < 2; pad++) {
        ops_case *c = ops_case_new("AveragePool", 1);
        ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 5), NUMBERS(1, 2, 3, 4, 8));
        ops_case_ints(c, "kernel_shape", (int64_t[]){3}, 1);
        ops_case_ints(c, "strides", (int64_t[]){4}, 1);
        ops_case_ints(c, "pads", (int64_t[]){0, pad}, 2);
        ops_case_int(c, "ceil_mode", 1);
        ops_case_int(c, "count_include_pad", 1);
        /* the second window covers the 8, the declared padding, and nothing */
        ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 2), NUMBERS(2, pad ? 4 : 8));
    }
}

Test(ops_pool, lp_is_the_norm_of_each_window)
{
    ops_case *c = ops_case_new("LpPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 4), NUMBERS(3, -4, 0, 12));
    ops_case_ints(c, "kernel_shape", (int64_t[]){2}, 1);
    ops_case_ints(c, "strides", (int64_t[]){2}, 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 2), NUMBERS(5, 12));
    c = ops_case_new("LpPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 4), NUMBERS(3, -4, 0, 12));
    ops_case_ints(c, "kernel_shape", (int64_t[]){4}, 1);
    ops_case_int(c, "p", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(19));
}

Test(ops_pool, global_pooling_leaves_one_element_per_channel)
{
    static const struct {
        const char *op;
        double first, second;
    } cases[] = {{"GlobalAveragePool", 2.5, 0}, {"GlobalMaxPool", 4, 12}, {"GlobalLpPool", 0, 0}};
    for (int i = 0; i < 3; i++) {
        ops_case *c = ops_case_new(cases[i].op, 1);
        ops_case_src(c, AMCT_FLOAT, DIMS(1, 2, 2, 2), NUMBERS(1, 2, 3, 4, -12, 0, 12, 0));
        double first = i == 2 ? sqrt(30) : cases[i].first;
        double second = i == 2 ? sqrt(288) : cases[i].second;
        ops_case_gives(c, AMCT_FLOAT, DIMS(1, 2, 1, 1), NUMBERS(first, second));
    }
}

Test(ops_pool, a_dilated_window_may_miss_the_source)
{
    for (int codes = 0; codes < 2; codes++) {
        ops_case *c = ops_case_new("MaxPool", 2);
        ops_case_src(c, codes ? AMCT_INT8 : AMCT_FLOAT, DIMS(1, 2, 1), NUMBERS(5, 6));
        ops_case_ints(c, "kernel_shape", (int64_t[]){2}, 1);
        ops_case_ints(c, "dilations", (int64_t[]){4}, 1);
        ops_case_ints(c, "pads", (int64_t[]){2, 2}, 2);
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        double none = codes ? -128 : -INFINITY;
        ops_case_expect(c, 0, codes ? AMCT_INT8 : AMCT_FLOAT, DIMS(1, 2, 1), NUMBERS(none, none));
        ops_case_expect(c, 1, AMCT_INT64, DIMS(1, 2, 1), NUMBERS(-1, -1));
        ops_case_free(c);
    }
}

Test(ops_pool, refusals)
{
    ops_case *c = ops_case_new("AveragePool", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1, 1, 4), NUMBERS(1));
    ops_case_ints(c, "kernel_shape", (int64_t[]){2}, 1);
    ops_case_refuses(
        c, AMCT_E_UNSUPPORTED,
        "AveragePool: in integers it is not supported: the input is int8, wanted a float type");
    c = ops_case_new("MaxPool", 1);
    ops_case_src(c, AMCT_INT32, DIMS(1, 1, 4), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "MaxPool: input 0 is int32, wanted a float type");
    c = square("MaxPool", 1);
    c->node.n_attrs = 0;
    ops_case_ints(c, "kernel_shape", (int64_t[]){0, 2}, 2);
    ops_case_refuses(c, AMCT_E_INVALID, "MaxPool: kernel height is 0, wanted 1 to 2147483647");
    c = square("LpPool", 1);
    ops_case_int(c, "p", 0);
    ops_case_refuses(c, AMCT_E_INVALID, "LpPool: p is 0, wanted at least 1");
    c = ops_case_new("GlobalMaxPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 2, 0), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "GlobalMaxPool: dim 2 of the input is 0: nothing to pool");
    c = ops_case_new("GlobalMaxPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "GlobalMaxPool: input 0 has 1 dims, wanted at least 2");
}

Test(ops_pool, a_huge_window_costs_no_more_than_the_source)
{
    ops_case *c = ops_case_new("MaxPool", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 3), NUMBERS(1, 7, 3));
    ops_case_ints(c, "kernel_shape", (int64_t[]){INT32_MAX}, 1);
    ops_case_ints(c, "pads", (int64_t[]){INT32_MAX - 2, 0}, 2);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 2), NUMBERS(7, 7));
}
