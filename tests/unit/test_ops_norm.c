#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static ops_case *with(const char *op, uint32_t dtype, amct_shape shape, const double *numbers,
                      size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, dtype, shape, numbers, n);
    return c;
}

static void vectors(ops_case *c, uint32_t count, int64_t length)
{
    for (uint32_t i = 0; i < count; i++)
        ops_case_src(c, AMCT_FLOAT, DIMS(length), NUMBERS(1, 2));
}

Test(ops_norm, batch_normalization_uses_given_moments)
{
    ops_case *c = with("BatchNormalization", AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(1, 2, 3, 4));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(2, 3));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(10, 20));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 5));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(0.75, 3.75));
    ops_case_float(c, "epsilon", 0.25);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(10, 12, 17, 18.5));
}

Test(ops_norm, instance_normalization_standardises_each_plane)
{
    ops_case *c = with("InstanceNormalization", AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(1, 3, 10, 30));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(0, 5));
    ops_case_float(c, "epsilon", 0);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(-1, 1, 3, 7));
}

Test(ops_norm, group_normalization_scales_by_channel_or_by_group)
{
    for (int by_group = 0; by_group < 2; by_group++) {
        ops_case *c = with("GroupNormalization", AMCT_FLOAT, DIMS(1, 4, 1), NUMBERS(1, 3, 5, 9));
        int64_t n = by_group ? 2 : 4;
        ops_case_src(c, AMCT_FLOAT, DIMS(n), NUMBERS(1, 2, 3, 4));
        ops_case_src(c, AMCT_FLOAT, DIMS(n), NUMBERS(0, 10, 0, 0));
        ops_case_int(c, "num_groups", 2);
        ops_case_float(c, "epsilon", 0);
        if (by_group)
            ops_case_gives(c, AMCT_FLOAT, DIMS(1, 4, 1), NUMBERS(-1, 1, 8, 12));
        else
            ops_case_gives(c, AMCT_FLOAT, DIMS(1, 4, 1), NUMBERS(-1, 12, -3, 4));
    }
}

Test(ops_norm, layer_normalization_gives_its_moments_too)
{
    ops_case *c = ops_case_new("LayerNormalization", 3);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(1, 3, 2, 10));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(10));
    ops_case_float(c, "epsilon", 0);
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_FLOAT, DIMS(2, 2), NUMBERS(9, 12, 9, 12));
    ops_case_expect(c, 1, AMCT_FLOAT, DIMS(2, 1), NUMBERS(2, 6));
    ops_case_expect(c, 2, AMCT_FLOAT, DIMS(2, 1), NUMBERS(1, 0.25));
    ops_case_free(c);
}

Test(ops_norm, layer_normalization_may_take_several_dims)
{
    ops_case *c = with("LayerNormalization", AMCT_DOUBLE, DIMS(1, 2, 2), NUMBERS(1, 3, 1, 3));
    ops_case_src(c, AMCT_DOUBLE, DIMS(2, 2), NUMBERS(1, 1, 5, 5));
    ops_case_int(c, "axis", 1);
    ops_case_float(c, "epsilon", 0);
    ops_case_gives(c, AMCT_DOUBLE, DIMS(1, 2, 2), NUMBERS(-1, 1, -5, 5));
}

Test(ops_norm, lrn_sums_over_neighbouring_channels)
{
    ops_case *c = with("LRN", AMCT_FLOAT, DIMS(1, 3, 1, 1), NUMBERS(1, 2, 3));
    ops_case_int(c, "size", 3);
    ops_case_float(c, "alpha", 3);
    ops_case_float(c, "beta", 1);
    ops_case_float(c, "bias", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 3, 1, 1), NUMBERS(1.0 / 6, 2.0 / 15, 3.0 / 14));
    /* an even size has its odd one behind; a huge one is all channels */
    c = with("LRN", AMCT_FLOAT, DIMS(1, 3, 1, 1), NUMBERS(1, 2, 3));
    ops_case_int(c, "size", 2);
    ops_case_float(c, "alpha", 2);
    ops_case_float(c, "beta", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 3, 1, 1), NUMBERS(1.0 / 6, 2.0 / 14, 3.0 / 10));
    c = with("LRN", AMCT_FLOAT, DIMS(1, 3, 1, 1), NUMBERS(1, 2, 3));
    ops_case_int(c, "size", INT64_MAX);
    ops_case_float(c, "alpha", 0);
    ops_case_float(c, "bias", 16);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 3, 1, 1), NUMBERS(0.125, 0.25, 0.375));
}

Test(ops_norm, lp_normalization_divides_rows_by_their_norm)
{
    ops_case *c = with("LpNormalization", AMCT_FLOAT, DIMS(2, 2), NUMBERS(3, 0, 4, 0));
    ops_case_int(c, "axis", 0);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(0.6, 0, 0.8, 0));
    c = with("LpNormalization", AMCT_FLOAT, DIMS(1, 2), NUMBERS(-3, 1));
    ops_case_int(c, "p", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 2), NUMBERS(-0.75, 0.25));
}

Test(ops_norm, mean_variance_normalization_reduces_over_its_axes)
{
    ops_case *c =
        with("MeanVarianceNormalization", AMCT_FLOAT, DIMS(2, 2, 1, 1), NUMBERS(1, 10, 3, 30));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2, 1, 1), NUMBERS(-1, -1, 1, 1));
    c = with("MeanVarianceNormalization", AMCT_FLOAT, DIMS(2, 2), NUMBERS(1, 3, 10, 30));
    ops_case_ints(c, "axes", (int64_t[]){-1}, 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(-1, 1, -1, 1));
}

Test(ops_norm, a_tensor_of_nothing_costs_nothing_whatever_its_dims)
{
    ops_case *c = with("BatchNormalization", AMCT_FLOAT, DIMS((int64_t)1 << 30, 2, 0), NUMBERS(1));
    vectors(c, 4, 2);
    ops_case_gives(c, AMCT_FLOAT, DIMS((int64_t)1 << 30, 2, 0), NULL, 0);
}

Test(ops_norm, refusals)
{
    ops_case *c = with("BatchNormalization", AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(1));
    vectors(c, 4, 2);
    ops_case_int(c, "training_mode", 1);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED,
                     "BatchNormalization: training_mode is not supported, only inference");
    c = with("BatchNormalization", AMCT_FLOAT, DIMS(1, 3, 2), NUMBERS(1));
    vectors(c, 4, 2);
    ops_case_refuses(c, AMCT_E_INVALID, "BatchNormalization: input 1 has shape 2, wanted 3");
    c = with("InstanceNormalization", AMCT_FLOAT, DIMS(1, 2), NUMBERS(1));
    vectors(c, 2, 2);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "InstanceNormalization: input 0 has 2 dims, wanted at least 3");
    c = with("GroupNormalization", AMCT_FLOAT, DIMS(1, 3, 2), NUMBERS(1));
    vectors(c, 2, 3);
    ops_case_int(c, "num_groups", 2);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "GroupNormalization: num_groups is 2, wanted a divisor of 3");
    c = with("LayerNormalization", AMCT_FLOAT, DIMS(1, 3), NUMBERS(1));
    vectors(c, 1, 2);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "LayerNormalization: input 1 of shape 2 does not broadcast to 1x3");
    c = with("LayerNormalization", AMCT_FLOAT, DIMS(1, 3), NUMBERS(1));
    vectors(c, 1, 3);
    ops_case_int(c, "stash_type", 7);
    ops_case_refuses(c, AMCT_E_INVALID, "LayerNormalization: stash_type is 7, wanted a float type");
    c = with("LayerNormalization", AMCT_FLOAT, DIMS(1, 3), NUMBERS(1));
    vectors(c, 1, 3);
    ops_case_int(c, "axis", 2);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "LayerNormalization: axis 2 is outside of a tensor of 2 dims");
    c = with("LRN", AMCT_FLOAT, DIMS(1, 3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "LRN: size is 0, wanted at least 1");
    c = with("LpNormalization", AMCT_FLOAT, DIMS(1, 3), NUMBERS(1));
    ops_case_int(c, "p", 3);
    ops_case_refuses(c, AMCT_E_INVALID, "LpNormalization: p is 3, wanted 1 or 2");
    c = with("MeanVarianceNormalization", AMCT_FLOAT, DIMS(1, 3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "MeanVarianceNormalization: axes 0, 2, 3 are outside of a tensor of 2 dims");
    c = with("LRN", AMCT_INT32, DIMS(1, 3), NUMBERS(1));
    ops_case_int(c, "size", 3);
    ops_case_refuses(c, AMCT_E_INVALID, "LRN: input 0 is int32, wanted a float type");
}
