#include "ops_case.h"

#include <criterion/criterion.h>

static ops_case *gather(const char *op, amct_shape data, amct_shape indices, const double *at,
                        size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, AMCT_FLOAT, data, NUMBERS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    ops_case_src(c, AMCT_INT64, indices, at, n);
    return c;
}

Test(ops_gather, picks_slices_along_the_axis)
{
    ops_case *c = gather("Gather", DIMS(3, 2), DIMS(2, 2), NUMBERS(0, 1, 1, -1));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2, 2), NUMBERS(0, 1, 2, 3, 2, 3, 4, 5));
    c = gather("Gather", DIMS(3, 2), DIMS(1), NUMBERS(1));
    ops_case_int(c, "axis", -1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 1), NUMBERS(1, 3, 5));
    c = gather("Gather", DIMS(3, 2), SCALAR, NUMBERS(-3));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(0, 1));
    c = gather("Gather", DIMS(3), SCALAR, NUMBERS(2));
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(2));
    c = gather("Gather", DIMS(3, 2), DIMS(0), NUMBERS(0));
    ops_case_gives(c, AMCT_FLOAT, DIMS(0, 2), NULL, 0);
}

Test(ops_gather, passes_nibbles_and_the_zero_point)
{
    ops_case *c = ops_case_new("Gather", 1);
    ops_case_src(c, AMCT_UINT4, DIMS(3), NUMBERS(1, 8, 15));
    ops_case_src(c, AMCT_INT32, DIMS(3), NUMBERS(2, 0, 2));
    c->src[0].zero_point = 8;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_UINT4, DIMS(3), NUMBERS(15, 1, 15));
    cr_assert_eq(c->dst[0].zero_point, 8);
    ops_case_free(c);
}

Test(ops_gather, indices_outside_are_refused_when_run)
{
    ops_case *c = gather("Gather", DIMS(3, 2), DIMS(1), NUMBERS(3));
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    ops_case_refuses(c, AMCT_E_INVALID, "Gather: index 3 is outside of a dim of 3");
    ops_case_refuses(gather("Gather", DIMS(3, 2), DIMS(1), NUMBERS(-4)), AMCT_E_INVALID,
                     "Gather: index -4 is outside of a dim of 3");
    ops_case_refuses(gather("GatherElements", DIMS(3, 2), DIMS(1, 1), NUMBERS(3)), AMCT_E_INVALID,
                     "GatherElements: index 3 is outside of a dim of 3");
    ops_case_refuses(gather("GatherND", DIMS(3, 2), DIMS(1, 2), NUMBERS(0, -0x1p63)),
                     AMCT_E_INVALID,
                     "GatherND: index -9223372036854775808 is outside of a dim of 2");
}

Test(ops_gather, shapes_that_do_not_fit_are_refused)
{
    ops_case *c = gather("Gather", DIMS(3, 1, 1, 1, 1), DIMS(1, 1, 1, 1, 1), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_LIMIT, "Gather: the result has more than 8 dims");
    c = gather("Gather", SCALAR, DIMS(1), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID, "Gather: axis 0 is outside of a tensor of 0 dims");
    c = gather("GatherElements", DIMS(3, 2), DIMS(1, 3), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "GatherElements: indices of 1x3 do not lie within data of 3x2");
    c = gather("GatherElements", DIMS(3, 2), DIMS(3), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "GatherElements: indices of 3 do not lie within data of 3x2");
    c = gather("GatherND", DIMS(3, 2), DIMS(1, 3), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID, "GatherND: indices of 3 numbers for data of 2 dims");
    c = gather("GatherND", DIMS(3, 2), DIMS(1, 0), NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID, "GatherND: indices of 0 numbers for data of 2 dims");
    c = gather("GatherND", DIMS(3, 2), SCALAR, NUMBERS(0));
    ops_case_refuses(c, AMCT_E_INVALID, "GatherND: data and indices must not be scalars");
    c = gather("GatherND", DIMS(3, 2), DIMS(2, 1), NUMBERS(0));
    ops_case_int(c, "batch_dims", 1);
    ops_case_refuses(c, AMCT_E_INVALID, "GatherND: batch dim 0 is 3 in data, 2 in indices");
    c = gather("GatherND", DIMS(3, 2), DIMS(3, 1), NUMBERS(0));
    ops_case_int(c, "batch_dims", 2);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "GatherND: batch_dims 2 for data of 2 and indices of 2 dims");
    c = ops_case_new("Gather", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Gather: indices must be int32 or int64, not float32");
}

Test(ops_gather, elements_are_picked_one_by_one)
{
    ops_case *c = gather("GatherElements", DIMS(2, 2), DIMS(2, 2), NUMBERS(0, 0, 1, 0));
    ops_case_int(c, "axis", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(0, 0, 3, 2));
    c = gather("GatherElements", DIMS(3, 3), DIMS(2, 3), NUMBERS(1, 2, 0, 2, 0, -3));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(3, 7, 2, 6, 1, 2));
}

Test(ops_gather, tuples_of_indices_pick_what_is_behind_them)
{
    ops_case *c = gather("GatherND", DIMS(2, 2), DIMS(2, 2), NUMBERS(0, 0, 1, -1));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(0, 3));
    c = gather("GatherND", DIMS(2, 2), DIMS(2, 1), NUMBERS(1, 0));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(2, 3, 0, 1));
    c = gather("GatherND", DIMS(2, 3, 2), DIMS(2, 1), NUMBERS(1, 2));
    ops_case_int(c, "batch_dims", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(2, 3, 10, 11));
}
