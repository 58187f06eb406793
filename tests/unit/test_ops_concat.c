#include "ops_case.h"

#include <criterion/criterion.h>

Test(ops_concat, rows_lie_side_by_side_along_the_axis)
{
    ops_case *c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(1, 2, 3, 4));
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 1), NUMBERS(5, 6));
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 0), NUMBERS(0));
    ops_case_int(c, "axis", -1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 5, 3, 4, 6));
    c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_INT64, DIMS(1, 2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_INT64, DIMS(2, 2), NUMBERS(3, 4, 5, 6));
    ops_case_int(c, "axis", 0);
    ops_case_gives(c, AMCT_INT64, DIMS(3, 2), NUMBERS(1, 2, 3, 4, 5, 6));
}

Test(ops_concat, nibbles_are_moved_across_byte_boundaries)
{
    ops_case *c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_INT4, DIMS(3), NUMBERS(-8, 7, -1));
    ops_case_src(c, AMCT_INT4, DIMS(2), NUMBERS(3, -4));
    ops_case_int(c, "axis", 0);
    ops_case_gives(c, AMCT_INT4, DIMS(5), NUMBERS(-8, 7, -1, 3, -4));
}

Test(ops_concat, equal_zero_points_pass_and_others_are_refused)
{
    ops_case *c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1), NUMBERS(3));
    ops_case_src(c, AMCT_INT8, DIMS(1), NUMBERS(4));
    ops_case_int(c, "axis", 0);
    c->src[0].zero_point = c->src[1].zero_point = -7;
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    cr_assert_eq(c->dst[0].zero_point, -7);
    c->src[1].zero_point = 2;
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Concat: input 1 is int8 with zero point 2, input 0 int8 with -7");
}

Test(ops_concat, what_does_not_fit_is_refused)
{
    ops_case *c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 2), NUMBERS(1));
    ops_case_int(c, "axis", 1);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Concat: input 1 of 3x2 does not continue input 0 of 2x2 along axis 1");
    c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Concat: the attribute axis is missing");
    c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_int(c, "axis", 0);
    ops_case_refuses(c, AMCT_E_INVALID, "Concat: axis 0 is outside of a tensor of 0 dims");
    c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_no_src(c);
    ops_case_int(c, "axis", 0);
    ops_case_refuses(c, AMCT_E_INVALID, "Concat: input 1 is left out but needed");
    c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_DOUBLE, DIMS(2), NUMBERS(1));
    ops_case_int(c, "axis", 0);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Concat: input 1 is float64 with zero point 0, input 0 float32 with 0");
}

Test(ops_concat, split_cuts_into_the_given_parts)
{
    ops_case *c = ops_case_new("Split", 3);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 4), NUMBERS(1, 2, 3, 4, 5, 6, 7, 8));
    ops_case_src(c, AMCT_INT64, DIMS(3), NUMBERS(1, 0, 3));
    ops_case_int(c, "axis", 1);
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_FLOAT, DIMS(2, 1), NUMBERS(1, 5));
    ops_case_expect(c, 1, AMCT_FLOAT, DIMS(2, 0), NULL, 0);
    ops_case_expect(c, 2, AMCT_FLOAT, DIMS(2, 3), NUMBERS(2, 3, 4, 6, 7, 8));
    ops_case_free(c);
}

Test(ops_concat, split_without_sizes_makes_the_last_part_smaller)
{
    ops_case *c = ops_case_new("Split", 3);
    ops_case_src(c, AMCT_UINT8, DIMS(5), NUMBERS(1, 2, 3, 4, 5));
    ops_case_int(c, "num_outputs", 3);
    c->src[0].zero_point = 9;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_UINT8, DIMS(2), NUMBERS(1, 2));
    ops_case_expect(c, 1, AMCT_UINT8, DIMS(2), NUMBERS(3, 4));
    ops_case_expect(c, 2, AMCT_UINT8, DIMS(1), NUMBERS(5));
    cr_assert_eq(c->dst[2].zero_point, 9);
    ops_case_free(c);
    c = ops_case_new("Split", 4);
    ops_case_src(c, AMCT_UINT8, DIMS(3), NUMBERS(1, 2, 3));
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 2, AMCT_UINT8, DIMS(1), NUMBERS(3));
    ops_case_expect(c, 3, AMCT_UINT8, DIMS(0), NULL, 0);
    ops_case_free(c);
}

Test(ops_concat, split_takes_the_older_attribute)
{
    const int64_t sizes[] = {1, 2};
    ops_case *c = ops_case_new("Split", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1, 2, 3));
    ops_case_ints(c, "split", sizes, 2);
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 1, AMCT_FLOAT, DIMS(2), NUMBERS(2, 3));
    ops_case_free(c);
}

Test(ops_concat, split_by_a_variable_is_unknown)
{
    ops_case *c = ops_case_new("Split", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    c->variable[ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, 2))] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert(c->dst[0].shape.rank == -1 && c->dst[1].shape.rank == -1);
    cr_assert_eq(c->dst[1].dtype, AMCT_FLOAT);
    ops_case_free(c);
}

static void refuse_split(const double *sizes, size_t n, amct_status code, const char *text)
{
    ops_case *c = ops_case_new("Split", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_src(c, AMCT_INT64, DIMS((int64_t)n), sizes, n);
    ops_case_refuses(c, code, text);
}

Test(ops_concat, split_sizes_must_add_up)
{
    refuse_split(NUMBERS(1, 1), AMCT_E_INVALID, "Split: the parts leave 1 of 3");
    refuse_split(NUMBERS(2, 2), AMCT_E_INVALID, "Split: part 1 of size 2: 1 of 3 are left");
    refuse_split(NUMBERS(-1, 4), AMCT_E_INVALID, "Split: part 0 of size -1: 3 of 3 are left");
    refuse_split(NUMBERS(1, 1, 1), AMCT_E_INVALID, "Split: split has 3 sizes for 2 results");
    ops_case *c = ops_case_new("Split", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_int(c, "num_outputs", 3);
    ops_case_refuses(c, AMCT_E_INVALID, "Split: num_outputs is 3, but there are 2 results");
    c = ops_case_new("Split", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
    ops_case_refuses(c, AMCT_E_INVALID, "Split: split must be int32 or int64, not float32");
}
