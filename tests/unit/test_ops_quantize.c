#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static ops_case *quantize(amct_shape x, amct_shape scale, uint32_t code)
{
    ops_case *c = ops_case_new("QuantizeLinear", 1);
    ops_case_src(c, AMCT_FLOAT, x, NUMBERS(1, -1, 2.5, -3, 1000, -1000));
    ops_case_src(c, AMCT_FLOAT, scale, NUMBERS(2, 1, 0.5));
    if (code)
        ops_case_src(c, code, scale, NUMBERS(1, 0, 2));
    return c;
}

Test(ops_quantize, one_scale_rounds_half_to_even_and_saturates)
{
    ops_case_gives(quantize(DIMS(6), SCALAR, AMCT_INT8), AMCT_INT8, DIMS(6),
                   NUMBERS(1, 1, 2, -1, 127, -128));
    ops_case_gives(quantize(DIMS(6), DIMS(1), AMCT_UINT8), AMCT_UINT8, DIMS(6),
                   NUMBERS(1, 1, 2, 0, 255, 0));
    ops_case_gives(quantize(DIMS(6), SCALAR, AMCT_INT16), AMCT_INT16, DIMS(6),
                   NUMBERS(1, 1, 2, -1, 501, -499));
    ops_case_gives(quantize(DIMS(6), SCALAR, AMCT_UINT16), AMCT_UINT16, DIMS(6),
                   NUMBERS(1, 1, 2, 0, 501, 0));
    ops_case_gives(quantize(DIMS(6), SCALAR, AMCT_INT4), AMCT_INT4, DIMS(6),
                   NUMBERS(1, 1, 2, -1, 7, -8));
    ops_case_gives(quantize(DIMS(6), SCALAR, AMCT_UINT4), AMCT_UINT4, DIMS(6),
                   NUMBERS(1, 1, 2, 0, 15, 0));
}

Test(ops_quantize, a_scale_for_each_slice_of_an_axis)
{
    ops_case *c = quantize(DIMS(2, 3), DIMS(3), AMCT_INT8);
    ops_case_int(c, "axis", -1);
    ops_case_gives(c, AMCT_INT8, DIMS(2, 3), NUMBERS(1, -1, 7, -1, 127, -128));
    c = quantize(DIMS(3, 2), DIMS(3), AMCT_INT8);
    ops_case_int(c, "axis", 0);
    ops_case_gives(c, AMCT_INT8, DIMS(3, 2), NUMBERS(1, 1, 2, -3, 127, -128));
}

Test(ops_quantize, a_scale_for_each_block_of_an_axis)
{
    /* blocks of 2 along 3: columns 0 and 1, then 2 */
    ops_case *c = ops_case_new("QuantizeLinear", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(8, 8, 8, 8, 8, 8));
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(1, 2, 4, 8));
    ops_case_src(c, AMCT_INT8, DIMS(2, 2), NUMBERS(0, 10, 20, 30));
    ops_case_int(c, "block_size", 2);
    ops_case_gives(c, AMCT_INT8, DIMS(2, 3), NUMBERS(8, 8, 14, 22, 22, 31));
    c = ops_case_new("DequantizeLinear", 1);
    ops_case_src(c, AMCT_INT4, DIMS(3, 1), NUMBERS(1, 2, -3));
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 1), NUMBERS(1, 10));
    ops_case_int(c, "block_size", 2);
    ops_case_int(c, "axis", 0);
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 1), NUMBERS(1, 2, -30));
}

Test(ops_quantize, the_type_comes_from_zero_point_attribute_or_default)
{
    ops_case_gives(quantize(DIMS(2), SCALAR, 0), AMCT_UINT8, DIMS(2), NUMBERS(0, 0));
    ops_case *c = quantize(DIMS(2), SCALAR, 0);
    ops_case_int(c, "output_dtype", AMCT_INT16);
    ops_case_gives(c, AMCT_INT16, DIMS(2), NUMBERS(0, 0));
}

Test(ops_quantize, the_quotient_is_rounded_to_the_type_of_the_scale)
{
    /* 2049 is no float16: the quotient becomes 2048 (exactly 2049 stays in float32) */
    for (int half = 0; half < 2; half++) {
        ops_case *c = ops_case_new("QuantizeLinear", 1);
        ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(2049));
        ops_case_src(c, half ? AMCT_FLOAT16 : AMCT_FLOAT, SCALAR, NUMBERS(1));
        ops_case_int(c, "output_dtype", AMCT_INT16);
        ops_case_gives(c, AMCT_INT16, DIMS(1), NUMBERS(half ? 2048 : 2049));
    }
}

Test(ops_quantize, what_is_no_number_becomes_zero_or_a_limit)
{
    ops_case *c = ops_case_new("QuantizeLinear", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(INFINITY, -INFINITY, NAN));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_int(c, "output_dtype", AMCT_INT8);
    ops_case_gives(c, AMCT_INT8, DIMS(3), NUMBERS(127, -128, 0));
}

Test(ops_quantize, dequantising_subtracts_then_scales)
{
    ops_case *c = ops_case_new("DequantizeLinear", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(3), NUMBERS(0, 128, 255));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(0.5));
    ops_case_src(c, AMCT_UINT8, SCALAR, NUMBERS(128));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3), NUMBERS(-64, 0, 63.5));
    c = ops_case_new("DequantizeLinear", 1);
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(-100000, 3));
    ops_case_src(c, AMCT_FLOAT16, DIMS(1), NUMBERS(0.25));
    ops_case_int(c, "output_dtype", AMCT_FLOAT);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(-25000, 0.75));
    c = ops_case_new("DequantizeLinear", 1);
    ops_case_src(c, AMCT_INT8, DIMS(2, 2), NUMBERS(1, 2, 3, 4));
    ops_case_src(c, AMCT_FLOAT16, DIMS(2), NUMBERS(1, 0.5));
    ops_case_gives(c, AMCT_FLOAT16, DIMS(2, 2), NUMBERS(1, 1, 3, 2));
}

Test(ops_quantize, dynamic_quantisation_covers_the_range_and_zero)
{
    ops_case *c = ops_case_new("DynamicQuantizeLinear", 3);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(-1, 0, 1.55));
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_UINT8, DIMS(3), NUMBERS(0, 100, 255));
    ops_case_expect(c, 1, AMCT_FLOAT, SCALAR, NUMBERS(0.01));
    ops_case_expect(c, 2, AMCT_UINT8, SCALAR, NUMBERS(100));
    ops_case_free(c);
    c = ops_case_new("DynamicQuantizeLinear", 3);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(0, 0));
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    ops_case_expect(c, 0, AMCT_UINT8, DIMS(2), NUMBERS(0, 0));
    ops_case_expect(c, 1, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_free(c);
}

Test(ops_quantize, refusals)
{
    ops_case *c = quantize(DIMS(2, 2), DIMS(3), AMCT_INT8);
    ops_case_refuses(c, AMCT_E_INVALID, "QuantizeLinear: the scale has shape 3, wanted 2");
    c = quantize(DIMS(2, 2), DIMS(2), AMCT_INT8);
    ops_case_int(c, "axis", 2);
    ops_case_refuses(c, AMCT_E_INVALID, "QuantizeLinear: axis 2 is outside of a tensor of 2 dims");
    c = quantize(DIMS(2, 2), DIMS(2), AMCT_INT8);
    ops_case_int(c, "block_size", 2);
    ops_case_refuses(c, AMCT_E_INVALID, "QuantizeLinear: the scale has shape 2, wanted 2x1");
    c = quantize(DIMS(2, 2), DIMS(2), AMCT_INT8);
    ops_case_int(c, "block_size", -1);
    ops_case_refuses(c, AMCT_E_INVALID, "QuantizeLinear: block_size is -1, wanted at least 0");
    c = quantize(DIMS(2, 2), DIMS(2), AMCT_INT8);
    ops_case_int(c, "output_dtype", AMCT_UINT8);
    ops_case_refuses(c, AMCT_E_INVALID, "QuantizeLinear: input 2 is int8, wanted uint8");
    c = quantize(DIMS(2, 2), SCALAR, AMCT_FLOAT);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED,
                     "QuantizeLinear: the result is float32, wanted an integer of 4, 8 or 16 bits");
    c = quantize(DIMS(2, 2), DIMS(2), 0);
    ops_case_src(c, AMCT_UINT8, DIMS(3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "QuantizeLinear: the zero point has shape 3, wanted 2");
    c = ops_case_new("DequantizeLinear", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "DequantizeLinear: input 0 is float32, wanted an integer of 4 to 32 bits");
    c = ops_case_new("DynamicQuantizeLinear", 1);
    ops_case_src(c, AMCT_DOUBLE, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "DynamicQuantizeLinear: input 0 is float64, wanted float32");
}
