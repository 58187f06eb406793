#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static ops_case *reduce(const char *op, uint32_t dtype, amct_shape shape, const double *numbers,
                        size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, dtype, shape, numbers, n);
    return c;
}

Test(ops_reduce, each_is_its_formula_over_the_axes)
{
    const struct {
        const char *op;
        double y[2];
    } all[] = {
        {"ReduceSum", {6, 3}},
        {"ReduceMean", {2, 1}},
        {"ReduceMax", {3, 4}},
        {"ReduceMin", {1, -2}},
        {"ReduceProd", {6, -8}},
        {"ReduceL1", {6, 7}},
        {"ReduceL2", {sqrt(14), sqrt(21)}},
        {"ReduceLogSum", {log(6), log(3)}},
        {"ReduceLogSumExp", {log(exp(1) + exp(2) + exp(3)), log(exp(-2) + exp(1) + exp(4))}},
        {"ReduceSumSquare", {14, 21}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ops_case *c = reduce(all[i].op, AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 3, -2, 1, 4));
        ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(-1));
        ops_case_gives(c, AMCT_FLOAT, DIMS(2, 1), all[i].y, 2);
    }
}

Test(ops_reduce, axes_are_input_attribute_or_all)
{
    const int64_t axes[] = {0, 2};
    ops_case *c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2, 2, 2), NUMBERS(1, 2, 3, 4, 5, 6, 7, 8));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(36));
    c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2, 2, 2), NUMBERS(1, 2, 3, 4, 5, 6, 7, 8));
    ops_case_ints(c, "axes", axes, 2);
    ops_case_int(c, "keepdims", 0);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(14, 22));
    c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2, 2, 2), NUMBERS(1, 2, 3, 4, 5, 6, 7, 8));
    ops_case_src(c, AMCT_INT64, DIMS(0), NUMBERS(0));
    ops_case_int(c, "keepdims", 0);
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(36));
    c = reduce("ReduceSum", AMCT_FLOAT, SCALAR, NUMBERS(3));
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(3));
}

Test(ops_reduce, without_axes_noop_reduces_nothing)
{
    ops_case *c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2), NUMBERS(1, -2));
    ops_case_int(c, "noop_with_empty_axes", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, -2));
    c = reduce("ReduceL2", AMCT_FLOAT, DIMS(2), NUMBERS(1, -2));
    ops_case_int(c, "noop_with_empty_axes", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
}

Test(ops_reduce, nothing_reduces_to_the_neutral_element)
{
    static const struct {
        const char *op;
        double y;
    } all[] = {{"ReduceSum", 0},
               {"ReduceProd", 1},
               {"ReduceMax", -INFINITY},
               {"ReduceMin", INFINITY},
               {"ReduceMean", NAN},
               {"ReduceL2", 0},
               {"ReduceLogSum", -INFINITY},
               {"ReduceLogSumExp", -INFINITY}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ops_case *c = reduce(all[i].op, AMCT_FLOAT, DIMS(1, 0), NUMBERS(0));
        ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(1));
        ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1), &all[i].y, 1);
    }
    ops_case_gives(reduce("ReduceMax", AMCT_INT8, DIMS(0), NUMBERS(0)), AMCT_INT8, DIMS(1),
                   NUMBERS(-128));
    ops_case_gives(reduce("ReduceMin", AMCT_UINT64, DIMS(0), NUMBERS(0)), AMCT_UINT64, DIMS(1),
                   NUMBERS(0x1p64));
    ops_case_gives(reduce("ReduceMean", AMCT_INT32, DIMS(0), NUMBERS(0)), AMCT_INT32, DIMS(1),
                   NUMBERS(0));
}

Test(ops_reduce, sums_of_many_floats_are_exact_in_double)
{
    double tenth = (float)0.1;
    ops_case_gives(reduce("ReduceMean", AMCT_FLOAT, DIMS(100000), &tenth, 1), AMCT_FLOAT, DIMS(1),
                   &tenth, 1);
}

Test(ops_reduce, log_sum_exp_survives_extremes)
{
    ops_case_gives(reduce("ReduceLogSumExp", AMCT_FLOAT, DIMS(2), NUMBERS(1000, 1000)), AMCT_FLOAT,
                   DIMS(1), NUMBERS(1000 + log(2)));
    ops_case_gives(reduce("ReduceLogSumExp", AMCT_FLOAT, DIMS(2), NUMBERS(-1000, -INFINITY)),
                   AMCT_FLOAT, DIMS(1), NUMBERS(-1000));
    ops_case_gives(reduce("ReduceLogSumExp", AMCT_FLOAT, DIMS(2), NUMBERS(1, INFINITY)), AMCT_FLOAT,
                   DIMS(1), NUMBERS(INFINITY));
}

Test(ops_reduce, nan_is_not_passed_over)
{
    static const char *const ops[] = {"ReduceMax", "ReduceMin", "ReduceSum", "ReduceLogSumExp"};
    for (int i = 0; i < 4; i++)
        for (int at = 0; at < 3; at++) {
            double x[] = {1, 2, 3};
            x[at] = NAN;
            ops_case_gives(reduce(ops[i], AMCT_FLOAT, DIMS(3), x, 3), AMCT_FLOAT, DIMS(1),
                           NUMBERS(NAN));
        }
}

Test(ops_reduce, integers_are_exact_and_wrap)
{
    ops_case_gives(reduce("ReduceSum", AMCT_INT8, DIMS(2), NUMBERS(100, 100)), AMCT_INT8, DIMS(1),
                   NUMBERS(-56));
    ops_case_gives(reduce("ReduceMean", AMCT_INT32, DIMS(2), NUMBERS(-4, 1)), AMCT_INT32, DIMS(1),
                   NUMBERS(-1));
    ops_case_gives(reduce("ReduceL1", AMCT_INT16, DIMS(2), NUMBERS(-4, 1)), AMCT_INT16, DIMS(1),
                   NUMBERS(5));
    ops_case_gives(reduce("ReduceL2", AMCT_INT32, DIMS(2), NUMBERS(-4, 3)), AMCT_INT32, DIMS(1),
                   NUMBERS(5));
    ops_case_gives(reduce("ReduceMax", AMCT_UINT64, DIMS(3), NUMBERS(1, 0x1p63, 2)), AMCT_UINT64,
                   DIMS(1), NUMBERS(0x1p63));
    ops_case_gives(reduce("ReduceMin", AMCT_UINT64, DIMS(3), NUMBERS(5, 0x1p63, 3)), AMCT_UINT64,
                   DIMS(1), NUMBERS(3));
    ops_case_gives(reduce("ReduceMax", AMCT_BOOL, DIMS(2), NUMBERS(0, 1)), AMCT_BOOL, DIMS(1),
                   NUMBERS(1));
    ops_case *c = reduce("ReduceSum", AMCT_INT64, DIMS(2), NUMBERS(0, 1));
    ((int64_t *)(uintptr_t)c->src[0].data)[0] = INT64_MAX;
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    cr_assert_eq(amct_value_get_int(&c->dst[0], 0), INT64_MIN);
    ops_case_free(c);
}

Test(ops_reduce, zero_points_pass_where_the_scale_stays)
{
    static const char *const ops[] = {"ReduceMax", "ReduceMean", "ReduceSum", "ReduceL1"};
    static const int32_t want[] = {4, 4, 0, 0};
    for (int i = 0; i < 4; i++) {
        ops_case *c = reduce(ops[i], AMCT_INT8, DIMS(2), NUMBERS(4, 6));
        c->src[0].zero_point = 4;
        cr_assert_eq(ops_case_infer(c), AMCT_OK);
        cr_assert_eq(c->dst[0].zero_point, want[i], "%s", ops[i]);
        ops_case_free(c);
    }
}

Test(ops_reduce, bad_axes_are_refused_and_variable_ones_unknown)
{
    ops_case *c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2, 2), NUMBERS(1));
    ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(2));
    ops_case_refuses(c, AMCT_E_INVALID, "ReduceSum: axis 2 is outside of a tensor of 2 dims");
    c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2, 2), NUMBERS(1));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, -1));
    ops_case_refuses(c, AMCT_E_INVALID, "ReduceSum: axis 1 is named twice");
    c = reduce("ReduceSum", AMCT_FLOAT, DIMS(2, 2), NUMBERS(1));
    c->variable[ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(1))] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert_eq(c->dst[0].shape.rank, -1);
    ops_case_free(c);
}

static ops_case *arg(const char *op, int64_t axis, int64_t last)
{
    ops_case *c = reduce(op, AMCT_FLOAT, DIMS(2, 3), NUMBERS(5, 1, 5, 2, 2, 9));
    ops_case_int(c, "axis", axis);
    ops_case_int(c, "select_last_index", last);
    return c;
}

Test(ops_reduce, arg_finds_the_first_or_the_last)
{
    ops_case_gives(arg("ArgMax", 1, 0), AMCT_INT64, DIMS(2, 1), NUMBERS(0, 2));
    ops_case_gives(arg("ArgMax", -1, 1), AMCT_INT64, DIMS(2, 1), NUMBERS(2, 2));
    ops_case_gives(arg("ArgMin", 1, 0), AMCT_INT64, DIMS(2, 1), NUMBERS(1, 0));
    ops_case_gives(arg("ArgMin", 1, 1), AMCT_INT64, DIMS(2, 1), NUMBERS(1, 1));
    ops_case *c = arg("ArgMax", 0, 0);
    ops_case_int(c, "keepdims", 0);
    ops_case_gives(c, AMCT_INT64, DIMS(3), NUMBERS(0, 1, 1));
    c = reduce("ArgMax", AMCT_UINT64, DIMS(3), NUMBERS(1, 0x1p63, 2));
    ops_case_gives(c, AMCT_INT64, DIMS(1), NUMBERS(1));
    c = reduce("ArgMax", AMCT_FLOAT, DIMS(0), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID, "ArgMax: axis 0 is empty");
    c = reduce("ArgMax", AMCT_FLOAT, SCALAR, NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID, "ArgMax: axis 0 is outside of a tensor of 0 dims");
}
