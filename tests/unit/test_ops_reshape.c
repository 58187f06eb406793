#include "ops_case.h"

#include <criterion/criterion.h>

/* Shape of a float tensor after `op` with a list of integers as second input; n 0: without it. */
static ops_case *shaped(const char *op, amct_shape from, const double *list, size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, AMCT_FLOAT, from, NUMBERS(1, 2, 3, 4, 5, 6));
    if (list)
        ops_case_src(c, AMCT_INT64, DIMS((int64_t)n), list, n);
    return c;
}

static void gives_shape(ops_case *c, amct_shape want)
{
    char text[128];
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    cr_assert(amct_shape_equal(&c->dst[0].shape, &want), "%s",
              amct_shape_print(&c->dst[0].shape, text, sizeof text));
    for (int64_t i = 0; i < amct_shape_size(&want); i++)
        cr_assert_eq(amct_value_get(&c->dst[0], i), i % 6 + 1);
    ops_case_free(c);
}

Test(ops_reshape, zero_copies_and_minus_one_takes_what_is_left)
{
    gives_shape(shaped("Reshape", DIMS(2, 3), NUMBERS(3, 2)), DIMS(3, 2));
    gives_shape(shaped("Reshape", DIMS(2, 3, 4), NUMBERS(0, -1)), DIMS(2, 12));
    gives_shape(shaped("Reshape", DIMS(2, 3, 4), NUMBERS(0, 0, 2, -1)), DIMS(2, 3, 2, 2));
    gives_shape(shaped("Reshape", DIMS(1), (double[]){0}, 0), SCALAR);
    gives_shape(shaped("Reshape", SCALAR, NUMBERS(1, -1, 1)), DIMS(1, 1, 1));
    gives_shape(shaped("Reshape", DIMS(0, 3), NUMBERS(0, 7)), DIMS(0, 7));
    gives_shape(shaped("Reshape", DIMS(0, 3), NUMBERS(3, -1)), DIMS(3, 0));
}

Test(ops_reshape, allowzero_takes_zero_as_it_is)
{
    ops_case *c = shaped("Reshape", DIMS(0, 3), NUMBERS(3, 0));
    ops_case_int(c, "allowzero", 1);
    gives_shape(c, DIMS(3, 0));
    c = shaped("Reshape", DIMS(2, 3), NUMBERS(0, 6));
    ops_case_int(c, "allowzero", 1);
    ops_case_refuses(c, AMCT_E_INVALID, "Reshape: 2x3 cannot be reshaped to 0x6");
}

Test(ops_reshape, targets_that_do_not_fit_are_refused)
{
    ops_case_refuses(shaped("Reshape", DIMS(2, 3), NUMBERS(4, 2)), AMCT_E_INVALID,
                     "Reshape: 2x3 cannot be reshaped to 4x2");
    ops_case_refuses(shaped("Reshape", DIMS(2, 3), NUMBERS(4, -1)), AMCT_E_INVALID,
                     "Reshape: 2x3 cannot be reshaped to 4x?");
    ops_case_refuses(shaped("Reshape", DIMS(0, 3), NUMBERS(0, -1)), AMCT_E_INVALID,
                     "Reshape: 0x3 cannot be reshaped to 0x?");
    ops_case_refuses(shaped("Reshape", DIMS(2, 3), NUMBERS(-1, -1)), AMCT_E_INVALID,
                     "Reshape: dims 0 and 1 are both -1");
    ops_case_refuses(shaped("Reshape", DIMS(2, 3), NUMBERS(-2)), AMCT_E_INVALID,
                     "Reshape: dim 0 is -2");
    ops_case_refuses(shaped("Reshape", DIMS(6), NUMBERS(6, 0)), AMCT_E_INVALID,
                     "Reshape: dim 1 is to be copied from an input of 1 dims");
    ops_case_refuses(shaped("Reshape", DIMS(6), NULL, 0), AMCT_E_INVALID,
                     "Reshape: the input shape is missing");
    ops_case_refuses(shaped("Reshape", DIMS(6), NUMBERS(6, 1, 1, 1, 1, 1, 1, 1, 1)), AMCT_E_LIMIT,
                     "Reshape: shape has 9 numbers, more than 8");
    ops_case_refuses(shaped("Reshape", DIMS(6), NUMBERS(0x1p40, 0x1p40)), AMCT_E_LIMIT,
                     "Reshape: a tensor of shape 1099511627776x1099511627776 is too large");
}

Test(ops_reshape, a_variable_target_is_unknown)
{
    static const char *const ops[] = {"Reshape", "Squeeze", "Unsqueeze"};
    for (int i = 0; i < 3; i++) {
        ops_case *c = shaped(ops[i], DIMS(2, 3), NUMBERS(1));
        c->variable[1] = true;
        cr_assert_eq(ops_case_infer(c), AMCT_OK);
        cr_assert(c->dst[0].shape.rank == -1 && c->dst[0].dtype == AMCT_FLOAT);
        ops_case_free(c);
    }
}

Test(ops_reshape, flatten_makes_a_matrix)
{
    static const int64_t axes[] = {0, 1, 3, -1};
    const amct_shape want[] = {DIMS(1, 24), DIMS(2, 12), DIMS(24, 1), DIMS(6, 4)};
    for (int i = 0; i < 4; i++) {
        ops_case *c = shaped("Flatten", DIMS(2, 3, 4), NULL, 0);
        ops_case_int(c, "axis", axes[i]);
        gives_shape(c, want[i]);
    }
    gives_shape(shaped("Flatten", DIMS(2, 3, 2), NULL, 0), DIMS(2, 6));
    ops_case *c = shaped("Flatten", SCALAR, NULL, 0);
    ops_case_int(c, "axis", 0);
    gives_shape(c, DIMS(1, 1));
    c = shaped("Flatten", DIMS(2), NULL, 0);
    ops_case_int(c, "axis", 2);
    ops_case_refuses(c, AMCT_E_INVALID, "Flatten: axis 2 is outside of a tensor of 1 dims");
}

Test(ops_reshape, squeeze_drops_the_named_or_all_ones)
{
    const int64_t axes[] = {2};
    gives_shape(shaped("Squeeze", DIMS(1, 3, 1, 2), NULL, 0), DIMS(3, 2));
    gives_shape(shaped("Squeeze", DIMS(1, 3, 1, 2), NUMBERS(-2)), DIMS(1, 3, 2));
    gives_shape(shaped("Squeeze", DIMS(1, 3, 1), (double[]){0}, 0), DIMS(1, 3, 1));
    gives_shape(shaped("Squeeze", DIMS(1), NUMBERS(0)), SCALAR);
    ops_case *c = shaped("Squeeze", DIMS(1, 3, 1), NULL, 0);
    ops_case_ints(c, "axes", axes, 1);
    gives_shape(c, DIMS(1, 3));
    ops_case_refuses(shaped("Squeeze", DIMS(1, 3), NUMBERS(1)), AMCT_E_INVALID,
                     "Squeeze: axis 1 of size 3 cannot be squeezed");
    ops_case_refuses(shaped("Squeeze", DIMS(1, 3), NUMBERS(0, -2)), AMCT_E_INVALID,
                     "Squeeze: axis 0 is named twice");
    ops_case_refuses(shaped("Squeeze", DIMS(1, 3), NUMBERS(2)), AMCT_E_INVALID,
                     "Squeeze: axis 2 is outside of a tensor of 2 dims");
}

Test(ops_reshape, unsqueeze_counts_axes_of_the_result)
{
    gives_shape(shaped("Unsqueeze", DIMS(3, 2), NUMBERS(0, -1)), DIMS(1, 3, 2, 1));
    gives_shape(shaped("Unsqueeze", DIMS(3, 2), NUMBERS(2, 1)), DIMS(3, 1, 1, 2));
    gives_shape(shaped("Unsqueeze", SCALAR, NUMBERS(0)), DIMS(1));
    ops_case_refuses(shaped("Unsqueeze", DIMS(3), NUMBERS(0, -3)), AMCT_E_INVALID,
                     "Unsqueeze: axis 0 is named twice");
    ops_case_refuses(shaped("Unsqueeze", DIMS(3), NUMBERS(2)), AMCT_E_INVALID,
                     "Unsqueeze: axis 2 is outside of a tensor of 2 dims");
    ops_case_refuses(shaped("Unsqueeze", DIMS(1, 1, 1, 1, 1, 1), NUMBERS(0, 1, 2)), AMCT_E_LIMIT,
                     "Unsqueeze: the result has 9 dims, more than 8");
    ops_case_refuses(shaped("Unsqueeze", DIMS(3), NULL, 0), AMCT_E_INVALID,
                     "Unsqueeze: the input axes is missing");
}

Test(ops_reshape, types_and_zero_points_pass)
{
    static const char *const ops[] = {"Identity", "Flatten", "Squeeze", "Dropout"};
    for (int i = 0; i < 4; i++) {
        ops_case *c = ops_case_new(ops[i], 1);
        ops_case_src(c, AMCT_INT4, DIMS(3, 2), NUMBERS(-8, 7, 0, 1, -1, 5));
        c->src[0].zero_point = -3;
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        ops_case_expect(c, 0, AMCT_INT4, DIMS(3, 2), NUMBERS(-8, 7, 0, 1, -1, 5));
        cr_assert_eq(c->dst[0].zero_point, -3);
        ops_case_free(c);
    }
}

Test(ops_reshape, dropout_drops_nothing)
{
    ops_case *c = ops_case_new("Dropout", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1, -2, 3));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(0.5));
    ops_case_src(c, AMCT_BOOL, SCALAR, NUMBERS(1));
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_FLOAT, DIMS(3), NUMBERS(1, -2, 3));
    ops_case_expect(c, 1, AMCT_BOOL, DIMS(3), NUMBERS(1, 1, 1));
    ops_case_free(c);
}
