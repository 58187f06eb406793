#include "ops_case.h"

#include <criterion/criterion.h>

/* 1 .. 6 as 2 x 3, padded; pads are begins of both axes, then ends. */
static ops_case *pad(const char *mode, const double *pads, size_t n)
{
    ops_case *c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_src(c, AMCT_INT64, DIMS((int64_t)n), pads, n);
    if (mode)
        ops_case_string(c, "mode", mode);
    return c;
}

Test(ops_pad, constant_surrounds_with_zero_or_the_given_value)
{
    ops_case *c = pad(NULL, NUMBERS(1, 0, 0, 2));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 5), NUMBERS(0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0));
    c = pad("constant", NUMBERS(0, 1, 1, 0));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(9));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 4), NUMBERS(9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9));
}

Test(ops_pad, reflect_edge_and_wrap_repeat_the_source)
{
    ops_case_gives(pad("reflect", NUMBERS(0, 2, 1, 1)), AMCT_FLOAT, DIMS(3, 6),
                   NUMBERS(3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2));
    ops_case_gives(pad("edge", NUMBERS(1, 1, 0, 2)), AMCT_FLOAT, DIMS(3, 6),
                   NUMBERS(1, 1, 2, 3, 3, 3, 1, 1, 2, 3, 3, 3, 4, 4, 5, 6, 6, 6));
    ops_case_gives(pad("wrap", NUMBERS(0, 1, 1, 1)), AMCT_FLOAT, DIMS(3, 5),
                   NUMBERS(3, 1, 2, 3, 1, 6, 4, 5, 6, 4, 3, 1, 2, 3, 1));
}

Test(ops_pad, reflections_go_back_and_forth_when_the_pad_is_longer_than_the_source)
{
    ops_case *c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1, 2, 3));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(5, 4));
    ops_case_string(c, "mode", "reflect");
    ops_case_gives(c, AMCT_FLOAT, DIMS(12), NUMBERS(2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3));
    c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(7));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(2, 1));
    ops_case_string(c, "mode", "reflect");
    ops_case_gives(c, AMCT_FLOAT, DIMS(4), NUMBERS(7, 7, 7, 7));
}

Test(ops_pad, negative_pads_cut_before_others_add)
{
    ops_case_gives(pad(NULL, NUMBERS(-1, 1, 1, -1)), AMCT_FLOAT, DIMS(2, 3),
                   NUMBERS(0, 4, 5, 0, 0, 0));
    ops_case_gives(pad("wrap", NUMBERS(0, -1, 0, 2)), AMCT_FLOAT, DIMS(2, 4),
                   NUMBERS(2, 3, 2, 3, 5, 6, 5, 6));
    ops_case_gives(pad(NULL, NUMBERS(0, -1, 0, -2)), AMCT_FLOAT, DIMS(2, 0), NULL, 0);
    ops_case_refuses(pad(NULL, NUMBERS(0, -2, 0, -2)), AMCT_E_INVALID,
                     "Pad: pads -2 and -2 cut more than axis 1 has: 3");
    ops_case_refuses(pad(NULL, NUMBERS(-0x1p63, 0, 0, 0)), AMCT_E_INVALID,
                     "Pad: pads -9223372036854775808 and 0 cut more than axis 0 has: 2");
}

Test(ops_pad, axes_name_what_is_padded)
{
    ops_case *c = pad(NULL, NUMBERS(1, 0));
    ops_case_no_src(c);
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(-2));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 3), NUMBERS(0, 0, 0, 1, 2, 3, 4, 5, 6));
}

Test(ops_pad, integers_are_padded_with_their_zero_point)
{
    ops_case *c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_INT8, DIMS(2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, 1));
    c->src[0].zero_point = -128;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_INT8, DIMS(4), NUMBERS(-128, 1, 2, -128));
    cr_assert_eq(c->dst[0].zero_point, -128);
    ops_case_src(c, AMCT_INT8, SCALAR, NUMBERS(4));
    ops_case_gives(c, AMCT_INT8, DIMS(4), NUMBERS(4, 1, 2, 4));
    c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_INT4, DIMS(3), NUMBERS(1, 2, 3));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(2, 1));
    c->src[0].zero_point = -2;
    ops_case_gives(c, AMCT_INT4, DIMS(6), NUMBERS(-2, -2, 1, 2, 3, -2));
}

Test(ops_pad, scalars_and_empty_tensors_can_be_padded)
{
    ops_case *c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(5));
    ops_case_src(c, AMCT_INT64, DIMS(0), NUMBERS(0));
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(5));
    c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(0), NUMBERS(0));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, 1));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(0, 0));
    c = ops_case_new("Pad", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(0), NUMBERS(0));
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, 1));
    ops_case_string(c, "mode", "edge");
    ops_case_refuses(c, AMCT_E_INVALID, "Pad: axis 0 is empty: nothing to pad it with");
}

Test(ops_pad, bad_parameters_are_refused)
{
    ops_case_refuses(pad(NULL, NUMBERS(1, 1)), AMCT_E_INVALID,
                     "Pad: pads has 2 numbers for 2 axes");
    ops_case_refuses(pad("mirror", NUMBERS(0, 0, 0, 0)), AMCT_E_INVALID,
                     "Pad: mode 'mirror' is not one of: constant, reflect, edge, wrap");
    ops_case_refuses(pad(NULL, NUMBERS(0x1p62, 0, 0, 0)), AMCT_E_LIMIT,
                     "Pad: pads 4611686018427387904 and 0 of axis 0 are too large");
    ops_case *c = pad(NULL, NUMBERS(0, 0, 0, 0));
    ops_case_src(c, AMCT_DOUBLE, SCALAR, NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Pad: constant_value must be one float32");
}

Test(ops_pad, variable_pads_are_unknown_but_a_variable_value_is_not)
{
    ops_case *c = pad(NULL, NUMBERS(0, 1, 0, 0));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(8));
    c->variable[2] = true;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_FLOAT, DIMS(2, 4), NUMBERS(8, 1, 2, 3, 8, 4, 5, 6));
    c->variable[1] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert_eq(c->dst[0].shape.rank, -1);
    ops_case_free(c);
}
