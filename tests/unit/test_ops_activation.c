#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

/* One activation at -2, -0.25, 0 and 3, with up to two attributes, in all float types. */
typedef struct activation {
    const char *op;
    const char *attr[2];
    float value[2];
    double y[4];
} activation;

static void check(const activation *a)
{
    static const uint32_t types[] = {AMCT_FLOAT, AMCT_DOUBLE, AMCT_FLOAT16, AMCT_BFLOAT16};
    for (size_t t = 0; t < 4; t++) {
        ops_case *c = ops_case_new(a->op, 1);
        ops_case_src(c, types[t], DIMS(2, 2), NUMBERS(-2, -0.25, 0, 3));
        for (int i = 0; i < 2; i++)
            if (a->attr[i])
                ops_case_float(c, a->attr[i], a->value[i]);
        ops_case_gives(c, types[t], DIMS(2, 2), a->y, 4);
    }
}

Test(ops_activation, each_is_its_formula)
{
    double s2 = 1 / (1 + exp(2)), s25 = 1 / (1 + exp(0.25)), s3 = 1 / (1 + exp(-3));
    double selu = 1.0507009873554805 * 1.6732632423543772;
    const activation all[] = {
        {"Relu", {0}, {0}, {0, 0, 0, 3}},
        {"LeakyRelu", {0}, {0}, {-0.02, -0.0025, 0, 3}},
        {"LeakyRelu", {"alpha"}, {0.5}, {-1, -0.125, 0, 3}},
        {"Sigmoid", {0}, {0}, {s2, s25, 0.5, s3}},
        {"HardSigmoid", {0}, {0}, {0.1, 0.45, 0.5, 1}},
        {"HardSigmoid", {"alpha", "beta"}, {1, 1}, {0, 0.75, 1, 1}},
        {"HardSwish", {0}, {0}, {-2 * (0.5 - 2.0 / 6), -0.25 * (0.5 - 0.25 / 6), 0, 3}},
        {"Elu", {0}, {0}, {expm1(-2), expm1(-0.25), 0, 3}},
        {"Elu", {"alpha"}, {2}, {2 * expm1(-2), 2 * expm1(-0.25), 0, 3}},
        {"Selu", {"alpha", "gamma"}, {2, 3}, {6 * expm1(-2), 6 * expm1(-0.25), 0, 9}},
        {"Selu", {0}, {0}, {selu * expm1(-2), selu * expm1(-0.25), 0, 3 * 1.0507009873554805}},
        {"Celu", {"alpha"}, {0.5}, {0.5 * expm1(-4), 0.5 * expm1(-0.5), 0, 3}},
        {"Softplus", {0}, {0}, {log1p(exp(-2)), log1p(exp(-0.25)), log(2), log1p(exp(3))}},
        {"Softsign", {0}, {0}, {-2.0 / 3, -0.2, 0, 0.75}},
        {"Tanh", {0}, {0}, {tanh(-2), tanh(-0.25), 0, tanh(3)}},
        {"Mish",
         {0},
         {0},
         {-2 * tanh(log1p(exp(-2))), -0.25 * tanh(log1p(exp(-0.25))), 0, 3 * tanh(log1p(exp(3)))}},
        {"Swish", {0}, {0}, {-2 * s2, -0.25 * s25, 0, 3 * s3}},
        {"Swish", {"alpha"}, {0}, {-1, -0.125, 0, 1.5}},
        {"ThresholdedRelu", {0}, {0}, {0, 0, 0, 3}},
        {"ThresholdedRelu", {"alpha"}, {-1}, {0, -0.25, 0, 3}},
        {"Shrink", {0}, {0}, {-2, 0, 0, 3}},
        {"Shrink", {"lambd", "bias"}, {0.125, 0.125}, {-1.875, -0.125, 0, 2.875}},
        {"Gelu",
         {0},
         {0},
         {-1 - erf(-2 / sqrt(2)), -0.125 * (1 + erf(-0.25 / sqrt(2))), 0,
          1.5 * (1 + erf(3 / sqrt(2)))}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check(&all[i]);
}

Test(ops_activation, gelu_has_a_tanh_form)
{
    ops_case *c = ops_case_new("Gelu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, -2));
    ops_case_string(c, "approximate", "tanh");
    double a = tanh(sqrt(2 / M_PI) * 1.044715), b = tanh(sqrt(2 / M_PI) * (-2 - 8 * 0.044715));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(0.5 * (1 + a), -(1 + b)));
    c = ops_case_new("Gelu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_string(c, "approximate", "erf");
    ops_case_refuses(c, AMCT_E_INVALID, "Gelu: approximate 'erf' is not one of: none, tanh");
}

Test(ops_activation, extremes_stay_finite_and_nan_stays_nan)
{
    static const struct {
        const char *op;
        double low, high;
    } cases[] = {{"Sigmoid", 0, 1}, {"Softplus", 0, 1000}, {"Mish", 0, 1000}, {"Swish", 0, 1000}};
    for (int i = 0; i < 4; i++) {
        ops_case *c = ops_case_new(cases[i].op, 1);
        ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(-1000, 1000, NAN));
        ops_case_gives(c, AMCT_FLOAT, DIMS(3), NUMBERS(cases[i].low, cases[i].high, NAN));
    }
    ops_case *c = ops_case_new("Relu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(NAN));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1), NUMBERS(NAN));
}

Test(ops_activation, relu_and_clip_work_on_codes_and_keep_their_zero_point)
{
    ops_case *c = ops_case_new("Relu", 1);
    ops_case_src(c, AMCT_INT8, DIMS(3), NUMBERS(-128, 0, 127));
    c->src[0].zero_point = 5;
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    cr_assert_eq(c->dst[0].zero_point, 5);
    ops_case_expect(c, 0, AMCT_INT8, DIMS(3), NUMBERS(0, 0, 127));
    ops_case_free(c);
    c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_INT32, DIMS(3), NUMBERS(-9, 2, 9));
    ops_case_src(c, AMCT_INT32, SCALAR, NUMBERS(-3));
    ops_case_src(c, AMCT_INT32, SCALAR, NUMBERS(4));
    ops_case_gives(c, AMCT_INT32, DIMS(3), NUMBERS(-3, 2, 4));
    c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_UINT64, DIMS(3), NUMBERS(1, 0x1p40, 0x1p63));
    ops_case_src(c, AMCT_UINT64, SCALAR, NUMBERS(0x1p41));
    ops_case_gives(c, AMCT_UINT64, DIMS(3), NUMBERS(0x1p41, 0x1p41, 0x1p63));
}

Test(ops_activation, clip_bounds_are_optional_and_max_wins)
{
    ops_case *c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(-9, 2, NAN));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3), NUMBERS(-9, 2, NAN));
    c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(-9, 2, 9));
    ops_case_no_src(c);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(6));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3), NUMBERS(-9, 2, 6));
    c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(-9, 9));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(5));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 1));
}

Test(ops_activation, prelu_broadcasts_its_slope)
{
    ops_case *c = ops_case_new("PRelu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(-1, 1, -1, -2));
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 1), NUMBERS(0.5, 2));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 2, 2), NUMBERS(-0.5, 1, -2, -4));
}

Test(ops_activation, refusals)
{
    ops_case *c = ops_case_new("PRelu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "PRelu: a slope of shape 3x2 does not broadcast to 2");
    c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Clip: input 1 has shape 2, wanted one element");
    c = ops_case_new("Clip", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_INT32, SCALAR, NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Clip: input 1 is int32, wanted float32");
    c = ops_case_new("Sigmoid", 1);
    ops_case_src(c, AMCT_INT8, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Sigmoid: input 0 is int8, wanted a float type");
    c = ops_case_new("Relu", 1);
    ops_case_src(c, AMCT_BOOL, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Relu: input 0 is bool, wanted a number type");
}

Test(ops_activation, rows_longer_than_a_chunk_and_empty_ones)
{
    double x[1000], y[1000];
    for (int i = 0; i < 1000; i++)
        x[i] = i - 500, y[i] = i < 500 ? 0 : i - 500;
    ops_case *c = ops_case_new("Relu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1000), x, 1000);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1000), y, 1000);
    c = ops_case_new("Relu", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 0), NUMBERS(1));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 0), x, 0);
}
