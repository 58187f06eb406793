#include "ops_case.h"

#include <criterion/criterion.h>

/* 0 .. 11 as 3 x 4, sliced; lists of integers in the order of Slice's inputs, NULL left out. */
static ops_case *slice(size_t n, const double *starts, const double *ends, const double *axes,
                       const double *steps)
{
    const double *lists[] = {starts, ends, axes, steps};
    ops_case *c = ops_case_new("Slice", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 4), NUMBERS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    for (int i = 0; i < 4; i++)
        if (lists[i])
            ops_case_src(c, AMCT_INT64, DIMS((int64_t)n), lists[i], n);
        else
            ops_case_no_src(c);
    return c;
}

#define LIST(...) ((const double[]){__VA_ARGS__})

Test(ops_slice, takes_ranges_from_both_ends)
{
    ops_case_gives(slice(2, LIST(1, 0), LIST(3, 2), NULL, NULL), AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(4, 5, 8, 9));
    ops_case_gives(slice(1, LIST(-2), LIST(-1), LIST(-1), NULL), AMCT_FLOAT, DIMS(3, 1),
                   NUMBERS(2, 6, 10));
    ops_case_gives(slice(1, LIST(1), LIST(0x1p62), LIST(1), LIST(2)), AMCT_FLOAT, DIMS(3, 2),
                   NUMBERS(1, 3, 5, 7, 9, 11));
    ops_case_gives(slice(1, LIST(2), LIST(2), LIST(0), NULL), AMCT_FLOAT, DIMS(0, 4), NULL, 0);
    ops_case_gives(slice(1, LIST(9), LIST(20), LIST(0), NULL), AMCT_FLOAT, DIMS(0, 4), NULL, 0);
}

Test(ops_slice, steps_backwards_to_the_first_element)
{
    ops_case_gives(slice(2, LIST(-1, -1), LIST(-0x1p63, -0x1p63), NULL, LIST(-2, -3)), AMCT_FLOAT,
                   DIMS(2, 2), NUMBERS(11, 8, 3, 0));
    ops_case_gives(slice(1, LIST(100), LIST(0), LIST(0), LIST(-1)), AMCT_FLOAT, DIMS(2, 4),
                   NUMBERS(8, 9, 10, 11, 4, 5, 6, 7));
    ops_case_gives(slice(1, LIST(0), LIST(3), LIST(0), LIST(-1)), AMCT_FLOAT, DIMS(0, 4), NULL, 0);
    ops_case_gives(slice(1, LIST(1), LIST(-0x1p63), LIST(1), LIST(-0x1p63)), AMCT_FLOAT, DIMS(3, 1),
                   NUMBERS(1, 5, 9));
}

Test(ops_slice, contradictory_lists_are_refused)
{
    ops_case_refuses(slice(1, LIST(0), LIST(1), NULL, LIST(0)), AMCT_E_INVALID,
                     "Slice: step 0 is 0");
    ops_case_refuses(slice(2, LIST(0, 0), LIST(1, 1), LIST(0, -2), NULL), AMCT_E_INVALID,
                     "Slice: axis 0 is named twice");
    ops_case_refuses(slice(3, LIST(0, 0, 0), LIST(1, 1, 1), NULL, NULL), AMCT_E_INVALID,
                     "Slice: 3 starts for a tensor of 2 dims");
    ops_case_refuses(slice(1, LIST(0), NULL, NULL, NULL), AMCT_E_INVALID,
                     "Slice: the input ends is missing");
    ops_case *c = ops_case_new("Slice", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 4), NUMBERS(0));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(0, 0));
    ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Slice: starts, ends, axes and steps have 2, 1, 2 and 2 numbers");
    c = ops_case_new("Slice", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 4), NUMBERS(0));
    ops_case_src(c, AMCT_INT64, DIMS(1, 1), NUMBERS(0));
    ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Slice: starts must be a vector, not of 2 dims");
}

Test(ops_slice, variable_bounds_are_unknown_and_int32_ones_do)
{
    ops_case *c = ops_case_new("Slice", 1);
    ops_case_src(c, AMCT_INT8, DIMS(4), NUMBERS(1, 2, 3, 4));
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(1));
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(3));
    c->src[0].zero_point = 6;
    c->variable[2] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert_eq(c->dst[0].shape.rank, -1);
    c->variable[2] = false;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_INT8, DIMS(2), NUMBERS(2, 3));
    cr_assert_eq(c->dst[0].zero_point, 6);
    ops_case_free(c);
}

static ops_case *trilu(int64_t upper, double k)
{
    ops_case *c = ops_case_new("Trilu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_src(c, AMCT_INT64, SCALAR, &k, 1);
    ops_case_int(c, "upper", upper);
    return c;
}

Test(ops_slice, trilu_keeps_a_triangle)
{
    ops_case_gives(trilu(1, 0), AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 3, 0, 5, 6));
    ops_case_gives(trilu(1, 1), AMCT_FLOAT, DIMS(2, 3), NUMBERS(0, 2, 3, 0, 0, 6));
    ops_case_gives(trilu(0, 0), AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 0, 0, 4, 5, 0));
    ops_case_gives(trilu(0, -1), AMCT_FLOAT, DIMS(2, 3), NUMBERS(0, 0, 0, 4, 0, 0));
    ops_case_gives(trilu(1, -0x1p63), AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_gives(trilu(0, 0x1p62), AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case *c = ops_case_new("Trilu", 1);
    ops_case_src(c, AMCT_INT8, DIMS(2, 2), NUMBERS(1, 2, 3, 4));
    c->src[0].zero_point = -5;
    ops_case_gives(c, AMCT_INT8, DIMS(2, 2), NUMBERS(1, 2, -5, 4));
    c = ops_case_new("Trilu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Trilu: the input has 1 dims, wanted are at least 2");
}
