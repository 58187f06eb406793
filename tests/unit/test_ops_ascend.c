#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- AscendQuant ---------------------------------------------------------------------------- */

static ops_case *quant(float scale, float offset, const char *type)
{
    ops_case *c = ops_case_new("AscendQuant", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(6), NUMBERS(0, 0.25, 0.75, -0.5, 100, -100));
    ops_case_float(c, "scale", scale);
    ops_case_float(c, "offset", offset);
    if (type)
        ops_case_string(c, "dst_type", type);
    return c;
}

Test(ops_ascend, codes_are_rounded_half_to_even_before_the_offset)
{
    ops_case *c = quant(2, 3, NULL);
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_INT8, DIMS(6), NUMBERS(3, 3, 5, 2, 127, -128));
    cr_assert_eq(c->dst[0].zero_point, 3);
    ops_case_free(c);
}

Test(ops_ascend, four_bits_stay_in_an_int8_and_sixteen_get_their_own_type)
{
    ops_case_gives(quant(2, -2, "INT4"), AMCT_INT8, DIMS(6), NUMBERS(-2, -2, 0, -3, 7, -8));
    ops_case_gives(quant(1000, 0, "INT16"), AMCT_INT16, DIMS(6),
                   NUMBERS(0, 250, 750, -500, 32767, -32768));
    ops_case_gives(quant(2, 0, "INT8"), AMCT_INT8, DIMS(6), NUMBERS(0, 0, 2, -1, 127, -128));
}

Test(ops_ascend, the_product_is_a_float32_one)
{
    /* just above a half in double, the half itself in float32: to even */
    ops_case *c = ops_case_new("AscendQuant", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(0x1.000002p0f));
    ops_case_float(c, "scale", 0x1.3ffffep1f);
    cr_assert_gt((double)0x1.000002p0f * (double)0x1.3ffffep1f, 2.5);
    ops_case_gives(c, AMCT_INT8, DIMS(1), NUMBERS(2));
}

Test(ops_ascend, what_is_no_number_becomes_zero_or_a_limit)
{
    ops_case *c = ops_case_new("AscendQuant", 1);
    ops_case_src(c, AMCT_FLOAT16, DIMS(3), NUMBERS(INFINITY, -INFINITY, NAN));
    ops_case_float(c, "scale", 1);
    ops_case_gives(c, AMCT_INT8, DIMS(3), NUMBERS(127, -128, 0));
}

Test(ops_ascend, quant_refuses_what_the_compiler_would_not_take)
{
    ops_case_refuses(quant(0, 0, NULL), AMCT_E_INVALID,
                     "AscendQuant: scale is 0, wanted a number above 0");
    ops_case_refuses(quant(INFINITY, 0, NULL), AMCT_E_INVALID,
                     "AscendQuant: scale is inf, wanted a number above 0");
    ops_case_refuses(quant(NAN, 0, NULL), AMCT_E_INVALID,
                     "AscendQuant: scale is nan, wanted a number above 0");
    ops_case_refuses(quant(1, 0.5f, NULL), AMCT_E_INVALID,
                     "AscendQuant: offset is 0.5, wanted an integer from -128 to 127");
    ops_case_refuses(quant(1, 8, "INT4"), AMCT_E_INVALID,
                     "AscendQuant: offset is 8, wanted an integer from -8 to 7");
    ops_case_refuses(quant(1, NAN, "INT4"), AMCT_E_INVALID,
                     "AscendQuant: offset is nan, wanted an integer from -8 to 7");
    ops_case_refuses(quant(1, 0, "INT5"), AMCT_E_INVALID,
                     "AscendQuant: dst_type 'INT5' is not one of: INT8, INT4, INT16");
    ops_case *c = quant(1, 0, NULL);
    ops_case_int(c, "sqrt_mode", 1);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "AscendQuant: sqrt_mode is not supported");
    c = quant(1, 0, NULL);
    ops_case_string(c, "round_mode", "Floor");
    ops_case_refuses(c, AMCT_E_INVALID, "AscendQuant: round_mode 'Floor' is not one of: Round");
    c = ops_case_new("AscendQuant", 1);
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(1));
    ops_case_float(c, "scale", 1);
    ops_case_refuses(c, AMCT_E_INVALID, "AscendQuant: input 0 is int32, wanted a float type");
}

/* ---- AscendDequant -------------------------------------------------------------------------- */

static double scale_word(float scale)
{
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    return bits;
}

static ops_case *dequant(amct_shape x, int64_t n_scales)
{
    ops_case *c = ops_case_new("AscendDequant", 1);
    ops_case_src(c, AMCT_INT32, x, NUMBERS(100, -100, 7, 16777217));
    ops_case_src(c, AMCT_UINT64, DIMS(n_scales), NUMBERS(scale_word(0.5f), scale_word(2)));
    return c;
}

Test(ops_ascend, scales_belong_to_channels_where_they_fit)
{
    ops_case_gives(dequant(DIMS(4), 1), AMCT_FLOAT, DIMS(4), NUMBERS(50, -50, 3.5, 8388608));
    ops_case_gives(dequant(DIMS(1, 2, 2), 2), AMCT_FLOAT, DIMS(1, 2, 2),
                   NUMBERS(50, -50, 14, 33554432));
    ops_case_gives(dequant(DIMS(2, 1, 2), 2), AMCT_FLOAT, DIMS(2, 1, 2),
                   NUMBERS(50, -200, 3.5, 33554432));
    ops_case_gives(dequant(DIMS(2, 2), 2), AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(50, -200, 3.5, 33554432));
    ops_case_refuses(dequant(DIMS(1, 4), 3), AMCT_E_INVALID,
                     "AscendDequant: deq_scale has 3 elements, which fit neither dim 1 nor the "
                     "last of 1x4");
}

Test(ops_ascend, dequant_may_give_halves_and_cut_negatives)
{
    ops_case *c = dequant(DIMS(3), 1);
    ops_case_int(c, "dtype", 1);
    ops_case_int(c, "relu_flag", 1);
    ops_case_gives(c, AMCT_FLOAT16, DIMS(3), NUMBERS(50, 0, 3.5));
}

Test(ops_ascend, a_scale_word_with_a_high_half_is_refused_when_it_is_seen)
{
    ops_case *c = ops_case_new("AscendDequant", 1);
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_UINT64, DIMS(2), NUMBERS(1, 0x1p32));
    cr_assert_eq(ops_case_infer(c), AMCT_E_UNSUPPORTED);
    c->variable[1] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED,
                     "AscendDequant: deq_scale 1 is 0x100000000, wanted 0 in the high 32 bits");
}

Test(ops_ascend, dequant_refusals)
{
    ops_case *c = ops_case_new("AscendDequant", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_UINT64, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "AscendDequant: input 0 is float32, wanted int32");
    c = ops_case_new("AscendDequant", 1);
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "AscendDequant: input 1 is float32, wanted uint64");
    c = dequant(DIMS(2), 1);
    ops_case_int(c, "dtype", 2);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "AscendDequant: dtype is 2, wanted 0 or 1");
}

/* ---- AscendWeightQuant ---------------------------------------------------------------------- */

static ops_case *weight_quant(double last, double offset)
{
    ops_case *c = ops_case_new("AscendWeightQuant", 1);
    ops_case_src(c, AMCT_INT8, DIMS(3), NUMBERS(-8, 0, last));
    ops_case_src(c, AMCT_INT8, DIMS(1), NUMBERS(offset));
    ops_case_string(c, "dst_type", "INT4");
    return c;
}

Test(ops_ascend, weights_of_four_bits_are_what_they_were)
{
    ops_case_gives(weight_quant(7, 0), AMCT_INT8, DIMS(3), NUMBERS(-8, 0, 7));
    ops_case_refuses(weight_quant(8, 0), AMCT_E_INVALID,
                     "AscendWeightQuant: weight 2 is 8, wanted -8 to 7");
    ops_case_refuses(weight_quant(7, 1), AMCT_E_UNSUPPORTED,
                     "AscendWeightQuant: offset of weights is 1, wanted 0");
}

/* ---- AscendAntiQuant ------------------------------------------------------------------------ */

Test(ops_ascend, anti_quant_reverses_quant)
{
    for (int half = 0; half < 2; half++) {
        ops_case *c = ops_case_new("AscendAntiQuant", 1);
        ops_case_src(c, AMCT_INT8, DIMS(3), NUMBERS(-128, 3, 127));
        ops_case_float(c, "scale", 0.25);
        ops_case_float(c, "offset", 3);
        ops_case_int(c, "dtype", half);
        ops_case_gives(c, half ? AMCT_FLOAT16 : AMCT_FLOAT, DIMS(3), NUMBERS(-32.75, 0, 31));
    }
    ops_case *c = ops_case_new("AscendAntiQuant", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "AscendAntiQuant: input 0 is uint8, wanted int8");
    c = ops_case_new("AscendAntiQuant", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "AscendAntiQuant: scale is 0, wanted a number above 0");
}

/* ---- A quantised layer ---------------------------------------------------------------------- */

Test(ops_ascend, a_layer_in_codes_comes_close_to_the_float_one)
{
    double x[] = {-1, -0.5, 0, 0.25, 0.5, 1, 1.5, 2}, codes[8];
    ops_case *q = ops_case_new("AscendQuant", 1);
    ops_case_src(q, AMCT_FLOAT, DIMS(1, 2, 4), x, 8);
    ops_case_float(q, "scale", 85);   /* (2 - -1) / 255 per step */
    ops_case_float(q, "offset", -43); /* -128 stands for -1 */
    cr_assert_eq(ops_case_run(q), AMCT_OK, "%s", q->err.text);
    for (int i = 0; i < 8; i++)
        codes[i] = amct_value_get(&q->dst[0], i);
    ops_case *conv = ops_case_new("Conv", 1);
    ops_case_src(conv, AMCT_INT8, DIMS(1, 2, 4), codes, 8);
    ops_case_src(conv, AMCT_INT8, DIMS(1, 2, 3), NUMBERS(100, -50, 25, 10, 20, -30));
    ops_case_ints(conv, "pads", (int64_t[]){1, 1}, 2);
    conv->src[0].zero_point = q->dst[0].zero_point;
    cr_assert_eq(ops_case_run(conv), AMCT_OK, "%s", conv->err.text);
    double w[] = {1, -0.5, 0.25, 0.1, 0.2, -0.3}; /* one hundredth of the codes */
    for (int o = 0; o < 4; o++) {
        double sum = 0;
        for (int c = 0; c < 2; c++)
            for (int k = 0; k < 3; k++)
                if (o + k >= 1 && o + k <= 4)
                    sum += w[c * 3 + k] * x[c * 4 + o + k - 1];
        double y = amct_value_get(&conv->dst[0], o) * 0.01 / 85;
        cr_assert_float_eq(y, sum, 2.35 * 0.5 / 85 + 1e-6, "%g, wanted %g", y, sum);
    }
    ops_case_free(q);
    ops_case_free(conv);
}
