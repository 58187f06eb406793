/* MindSpore's operators that compute: results of small networks against numbers worked out here. */
#include "unit/mindir_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mindir_file m;

static void begin(void)
{
    mi_begin(&m);
}

static void end(void)
{
    mi_end(&m);
}

#define F(...)                                                                                     \
    (const float[])                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define EXPECT(x, ...) mi_expect(&m, "y", x, sizeof(F(__VA_ARGS__)) / sizeof(float), F(__VA_ARGS__))

/* 1/16, 2/16 ... */
static float ramp[512];

static void begin_ramp(void)
{
    begin();
    for (int i = 0; i < 512; i++)
        ramp[i] = (float)(i + 1) / 16;
}

/* ---- Element by element ---------------------------------------------------------------------- */

static double identity(double x)
{
    return x;
}
static double relu(double x)
{
    return x > 0 ? x : 0;
}
static double relu6(double x)
{
    return fmin(relu(x), 6);
}
static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double hsigmoid(double x)
{
    return fmin(relu(x + 3), 6) / 6;
}
static double hswish(double x)
{
    return x * hsigmoid(x);
}
static double silu(double x)
{
    return x * sigmoid(x);
}
static double gelu(double x)
{
    return x * (1 + erf(x / sqrt(2))) / 2;
}
static double gelu_tanh(double x)
{
    return x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) / 2;
}
static double fast_gelu(double x)
{
    return x * sigmoid(1.702 * x);
}
static double elu(double x)
{
    return x > 0 ? x : exp(x) - 1;
}
static double celu(double x)
{
    return x > 0 ? x : exp(x) - 1;
}
static double selu(double x)
{
    return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1));
}
static double leaky(double x)
{
    return x > 0 ? x : 0.01 * x;
}
static double softplus(double x)
{
    return log1p(exp(x));
}
static double softsign(double x)
{
    return x / (1 + fabs(x));
}
static double mish(double x)
{
    return x * tanh(softplus(x));
}
static double hard_tanh(double x)
{
    return fmax(-1, fmin(1, x));
}
static double negative(double x)
{
    return -x;
}
static double square(double x)
{
    return x * x;
}
static double inverse(double x)
{
    return 1 / x;
}
static double rsqrt(double x)
{
    return 1 / sqrt(x);
}
static double sign(double x)
{
    return (x > 0) - (x < 0);
}

typedef struct unary {
    const char *op;
    double (*f)(double);
    bool positive; /* of positive numbers only */
} unary;

Test(ms_ops, functions_of_one_tensor)
{
    static const float numbers[] = {-3.5f, -1.25f, -0.25f, 0.25f, 1.75f, 7.5f};
    static const unary ops[] = {
        {"ReLU", relu, false},
        {"ReLU6", relu6, false},
        {"Sigmoid", sigmoid, false},
        {"Tanh", tanh, false},
        {"HSwish", hswish, false},
        {"HSigmoid", hsigmoid, false},
        {"SiLU", silu, false},
        {"Swish", silu, false},
        {"GeLU", gelu_tanh, false},
        {"GeluExt", gelu, false},
        {"FastGeLU", fast_gelu, false},
        {"Elu", elu, false},
        {"CeLU", celu, false},
        {"SeLU", selu, false},
        {"LeakyReLU", leaky, false},
        {"Softplus", softplus, false},
        {"Softsign", softsign, false},
        {"Mish", mish, false},
        {"Hardtanh", hard_tanh, false},
        {"Abs", fabs, false},
        {"Neg", negative, false},
        {"Exp", exp, false},
        {"Expm1", expm1, false},
        {"Log", log, true},
        {"Log1p", log1p, true},
        {"Sqrt", sqrt, true},
        {"Rsqrt", rsqrt, true},
        {"Square", square, false},
        {"Reciprocal", inverse, false},
        {"Inv", inverse, false},
        {"Floor", floor, false},
        {"Ceil", ceil, false},
        {"Rint", rint, false},
        {"Sign", sign, false},
        {"Erf", erf, false},
        {"Erfc", erfc, false},
        {"Sin", sin, false},
        {"Cos", cos, false},
        {"Tan", tan, false},
        {"StopGradient", identity, false},
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        float x[6], y[6];
        for (int k = 0; k < 6; k++) {
            x[k] = ops[i].positive ? fabsf(numbers[k]) : numbers[k];
            y[k] = (float)ops[i].f(x[k]);
        }
        begin();
        mi_input(&m, "x", N(1, 6));
        mi_node(&m, ops[i].op, "y", "x", N(1, 6));
        mi_expect(&m, "y", x, 6, y);
        end();
    }
}

Test(ms_ops, slopes_are_inputs_or_attributes, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_float(&m, "slope", 0.5f);
    mi_node(&m, "LeakyReLUExt", "a", "x slope", N(1, 2));
    mi_node(&m, "LeakyReLU", "y", "a", N(1, 2));
    mi_float(&m, "negative_slope", 0.25f);
    EXPECT(F(-4, 3), -0.5f, 3);
}

Test(ms_ops, a_slope_for_each_channel, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1, 2));
    mi_parameter(&m, "slopes", N(2), F(0.5f, 0.25f));
    mi_node(&m, "PReLU", "y", "x @slopes", N(1, 2, 1, 2));
    EXPECT(F(-4, 1, -4, 2), -2, 1, -1, 2);
}

Test(ms_ops, clamps_between_numbers_or_one_of_them, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 4));
    mi_const_none(&m, "none");
    mi_const_float(&m, "two", 2);
    mi_const_int(&m, "minus", -1);
    mi_node(&m, "ClampScalar", "a", "x minus none", N(1, 4));
    mi_node(&m, "ClampScalar", "y", "a none two", N(1, 4));
    EXPECT(F(-5, -0.5f, 1, 9), -1, -0.5f, 1, 2);
}

typedef struct pair {
    const char *op;
    float wanted[4];
} pair;

Test(ms_ops, functions_of_two_tensors)
{
    static const float x[] = {1, -2, 3, 8, 4, 2, 0.5f, -2};
    static const pair ops[] = {
        {"Add", {5, 0, 3.5f, 6}},        {"TensorAdd", {5, 0, 3.5f, 6}},
        {"Sub", {-3, -4, 2.5f, 10}},     {"Mul", {4, -4, 1.5f, -16}},
        {"RealDiv", {0.25f, -1, 6, -4}}, {"Div", {0.25f, -1, 6, -4}},
        {"Maximum", {4, 2, 3, 8}},       {"Minimum", {1, -2, 0.5f, -2}},
        {"FloorDiv", {0, -1, 6, -4}},    {"SquaredDifference", {9, 16, 6.25f, 100}},
        {"AddExt", {5, 0, 3.5f, 6}},     {"SubExt", {-3, -4, 2.5f, 10}},
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        begin();
        mi_input(&m, "a", N(1, 4));
        mi_input(&m, "b", N(1, 4));
        mi_node(&m, ops[i].op, "y", "a b", N(1, 4));
        mi_expect(&m, "y", x, 4, ops[i].wanted);
        end();
    }
}

Test(ms_ops, numbers_beside_tensors_take_their_type, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_int(&m, "two", 2);
    mi_const_float(&m, "half", 0.5f);
    mi_node(&m, "Muls", "a", "x two", N(1, 2));
    mi_node(&m, "Adds", "b", "a half", N(1, 2));
    mi_node(&m, "Pow", "c", "b two", N(1, 2));
    mi_node(&m, "Sub", "y", "half c", N(1, 2));
    EXPECT(F(1, -1), 0.5f - 6.25f, 0.5f - 2.25f);
}

Test(ms_ops, alpha_scales_the_second_tensor, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_int(&m, "alpha", 3);
    mi_node(&m, "AddExt", "y", "x x alpha", N(1, 2));
    EXPECT(F(1, -2), 4, -8);
}

Test(ms_ops, comparisons_choose, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3));
    mi_const_float(&m, "zero", 0);
    mi_node(&m, "Greater", "g", "x zero", -1, NULL);
    mi_result(&m, 9, N(1, 3));
    mi_node(&m, "NotEqual", "n", "x zero", -1, NULL);
    mi_result(&m, 9, N(1, 3));
    mi_node(&m, "LogicalAnd", "both", "g n", -1, NULL);
    mi_result(&m, 9, N(1, 3));
    mi_node(&m, "Neg", "minus", "x", N(1, 3));
    mi_node(&m, "Select", "y", "both minus x", N(1, 3));
    EXPECT(F(2, 0, -3), -2, 0, -3);
}

Test(ms_ops, masks_fill, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3));
    mi_const_float(&m, "zero", 0);
    mi_const_float(&m, "low", -100);
    mi_node(&m, "Less", "mask", "x zero", -1, NULL);
    mi_result(&m, 9, N(1, 3));
    mi_node(&m, "MaskedFill", "y", "x mask low", N(1, 3));
    EXPECT(F(2, 0, -3), 2, 0, -100);
}

Test(ms_ops, sums_of_tuples, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_node(&m, "Neg", "n", "x", N(1, 2));
    mi_node(&m, "MakeTuple", "t", "x x n", -1, NULL);
    mi_node(&m, "AddN", "y", "t", N(1, 2));
    EXPECT(F(3, 4), 3, 4);
}

Test(ms_ops, types_are_cast_to_what_the_file_says, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_int(&m, "int32", 34); /* MindSpore's number for the type */
    mi_const_int(&m, "float32", 43);
    mi_node(&m, "Cast", "whole", "x int32", -1, NULL);
    mi_node(&m, "Cast", "y", "whole float32", -1, NULL);
    EXPECT(F(2.75f, -1.5f), 2, -1);
}

/* ---- Convolution ----------------------------------------------------------------------------- */

/* Of one channel by a plain sum; outside of x there are zeros. */
static void convolve(const float *x, int h, int w, const float *k, int kh, int kw, int sh, int sw,
                     int dh, int dw, int top, int left, int oh, int ow, float *y)
{
    for (int i = 0; i < oh; i++)
        for (int j = 0; j < ow; j++) {
            double sum = 0;
            for (int a = 0; a < kh; a++)
                for (int b = 0; b < kw; b++) {
                    int r = i * sh + a * dh - top, c = j * sw + b * dw - left;
                    if (r >= 0 && r < h && c >= 0 && c < w)
                        sum += (double)x[r * w + c] * k[a * kw + b];
                }
            y[i * ow + j] = (float)sum;
        }
}

static void conv_case(const char *op, const char *mode, int top, int left, int oh, int ow)
{
    float y[64];
    begin_ramp();
    convolve(ramp, 5, 6, ramp, 3, 2, 2, 1, 1, 2, top, left, oh, ow, y);
    mi_input(&m, "x", N(1, 1, 5, 6));
    mi_parameter(&m, "w", N(1, 1, 3, 2), NULL);
    mi_node(&m, op, "y", "x @w", N(1, 1, oh, ow));
    mi_text(&m, "pad_mode", mode);
    mi_ints(&m, "pad_list", N(1, 0, 2, 1));
    mi_ints(&m, "stride", N(1, 1, 2, 1));
    mi_ints(&m, "dilation", N(1, 1, 1, 2));
    mi_int(&m, "group", 1);
    mi_text(&m, "format", "NCHW");
    mi_expect(&m, "y", ramp, (size_t)(oh * ow), y);
    end();
}

Test(ms_ops, convolutions_pad_as_they_are_told)
{
    conv_case("Conv2D", "valid", 0, 0, 2, 4);
    conv_case("Conv2D", "same", 1, 1, 3, 6);
    conv_case("Conv2D", "pad", 1, 2, 2, 7);
    conv_case("DepthwiseConv2dNative", "valid", 0, 0, 2, 4);
}

/* Weights are multiplier x channels, results channel by channel. */
Test(ms_ops, a_depthwise_convolution_makes_several_of_a_channel, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1, 1));
    mi_parameter(&m, "w", N(2, 2, 1, 1), F(10, 20, 30, 40));
    mi_node(&m, "DepthwiseConv2dNative", "y", "x @w", N(1, 4, 1, 1));
    mi_text(&m, "pad_mode", "valid");
    EXPECT(F(1, 2), 10, 30, 40, 80);
}

Test(ms_ops, a_bias_is_added_by_channel, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1, 2));
    mi_parameter(&m, "b", N(2), F(10, 20));
    mi_node(&m, "BiasAdd", "y", "x @b", N(1, 2, 1, 2));
    EXPECT(F(1, 2, 3, 4), 11, 12, 23, 24);
}

/* Every element of x puts the kernel somewhere. */
static void spread(const float *x, int h, int w, const float *k, int kh, int kw, int s, int top,
                   int left, int oh, int ow, float *y)
{
    memset(y, 0, (size_t)(oh * ow) * sizeof *y);
    for (int i = 0; i < h * w; i++)
        for (int a = 0; a < kh * kw; a++) {
            int r = i / w * s + a / kw - top, c = i % w * s + a % kw - left;
            if (r >= 0 && r < oh && c >= 0 && c < ow)
                y[r * ow + c] += x[i] * k[a];
        }
}

static void transposed_case(const char *mode, int top, int left, int oh, int ow)
{
    float y[128];
    begin_ramp();
    spread(ramp, 2, 3, ramp, 4, 3, 2, top, left, oh, ow, y);
    mi_input(&m, "x", N(1, 1, 2, 3));
    mi_parameter(&m, "w", N(1, 1, 4, 3), NULL);
    mi_const_ints(&m, "size", N(1, 1, oh, ow));
    mi_node(&m, "Conv2DTranspose", "y", "x @w size", N(1, 1, oh, ow));
    mi_text(&m, "pad_mode", mode);
    mi_ints(&m, "pad_list", N(1, 1, 1, 0));
    mi_ints(&m, "stride", N(1, 1, 2, 2));
    mi_expect(&m, "y", ramp, (size_t)(oh * ow), y);
    end();
}

Test(ms_ops, transposed_convolutions_have_the_size_of_the_file)
{
    transposed_case("PAD", 1, 1, 4, 6);
    transposed_case("PAD", 1, 1, 5, 7); /* one more row and column behind */
    transposed_case("VALID", 0, 0, 6, 7);
    transposed_case("SAME", 1, 0, 4, 6);
}

Test(ms_ops, convolutions_of_mint, .init = begin_ramp, .fini = end)
{
    float y[30];
    convolve(ramp, 5, 6, ramp, 3, 3, 1, 1, 1, 1, 1, 1, 5, 6, y);
    for (int i = 0; i < 30; i++)
        y[i] += 2;
    mi_input(&m, "x", N(1, 1, 5, 6));
    mi_parameter(&m, "w", N(1, 1, 3, 3), NULL);
    mi_parameter(&m, "b", N(1), F(2));
    mi_const_int(&m, "one", 1);
    mi_const_ints(&m, "pair", N(1, 1));
    mi_const_bool(&m, "no", false);
    mi_const_int(&m, "zero", 0);
    mi_node(&m, "Convolution", "y", "x @w @b pair pair pair no zero one", N(1, 1, 5, 6));
    mi_expect(&m, "y", ramp, 30, y);
}

Test(ms_ops, a_word_for_padding_of_mint, .init = begin_ramp, .fini = end)
{
    float y[30];
    convolve(ramp, 5, 6, ramp, 3, 3, 1, 1, 1, 1, 1, 1, 5, 6, y);
    mi_input(&m, "x", N(1, 1, 5, 6));
    mi_parameter(&m, "w", N(1, 1, 3, 3), NULL);
    mi_const_none(&m, "none");
    mi_const_int(&m, "one", 1);
    mi_const_text(&m, "same", "same");
    mi_node(&m, "Conv2DPadding", "y", "x @w none one same one one", N(1, 1, 5, 6));
    mi_expect(&m, "y", ramp, 30, y);
}

Test(ms_ops, convolutions_of_one_and_three_dims, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 4));
    mi_parameter(&m, "w", N(1, 1, 2), F(1, 10));
    mi_const_none(&m, "none");
    mi_const_int(&m, "one", 1);
    mi_const_int(&m, "zero", 0);
    mi_node(&m, "Conv1DExt", "a", "x @w none one zero one one", N(1, 1, 3));
    mi_const_ints(&m, "dims", N(1, 1, 1, 1, 3));
    mi_node(&m, "Reshape", "b", "a dims", N(1, 1, 1, 1, 3));
    mi_parameter(&m, "deep", N(1, 1, 1, 1, 3), F(1, 0, 1));
    mi_node(&m, "Conv3D", "y", "b @deep", N(1, 1, 1, 1, 1));
    mi_text(&m, "pad_mode", "valid");
    mi_ints(&m, "stride", N(1, 1, 1, 1, 1));
    EXPECT(F(1, 2, 3, 4), 21 + 43);
}

/* ---- Pooling --------------------------------------------------------------------------------- */

Test(ms_ops, pools_pad_as_they_are_told, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 1, 5));
    mi_node(&m, "MaxPool", "a", "x", N(1, 1, 1, 3));
    mi_ints(&m, "kernel_size", N(1, 1, 1, 2));
    mi_ints(&m, "strides", N(1, 1, 1, 2));
    mi_text(&m, "pad_mode", "SAME");
    mi_const_ints(&m, "window", N(1, 2));
    mi_const_int(&m, "same", 1);
    mi_const_int(&m, "nchw", 0);
    mi_const_ints(&m, "step", N(1, 1));
    mi_node(&m, "AvgPool", "y", "a window step same nchw", N(1, 1, 1, 3));
    /* the last window has one element only, which is not averaged with padding */
    EXPECT(F(1, 5, 2, 8, 4), 6.5f, 6, 4);
}

Test(ms_ops, explicit_padding_comes_as_pools_of_three_dims, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 1, 4));
    mi_const_int(&m, "two", 2);
    mi_node(&m, "ExpandDims", "deep", "x two", N(1, 1, 1, 1, 4));
    mi_node(&m, "AvgPool3D", "pool", "deep", N(1, 1, 1, 1, 3));
    mi_ints(&m, "kernel_size", N(1, 1, 1, 1, 2));
    mi_ints(&m, "strides", N(1, 1, 1, 1, 2));
    mi_ints(&m, "pad_list", N(0, 0, 0, 0, 1, 1));
    mi_text(&m, "pad_mode", "PAD");
    mi_bool(&m, "count_include_pad", true);
    mi_const_ints(&m, "axis", N(2));
    mi_node(&m, "Squeeze", "y", "pool axis", N(1, 1, 1, 3));
    EXPECT(F(2, 4, 6, 8), 1, 5, 4);
}

Test(ms_ops, pools_of_three_dims_stay_so, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 2, 1, 2));
    mi_node(&m, "MaxPool3D", "y", "x", N(1, 1, 1, 1, 2));
    mi_ints(&m, "kernel_size", N(1, 1, 2, 1, 1));
    mi_ints(&m, "strides", N(1, 1, 2, 1, 1));
    mi_text(&m, "pad_mode", "VALID");
    EXPECT(F(1, 5, 3, 4), 3, 5);
}

Test(ms_ops, pools_with_indices_give_the_values_first, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 1, 4));
    mi_const_ints(&m, "window", N(1, 2));
    mi_const_ints(&m, "none", N(0, 0));
    mi_const_ints(&m, "one", N(1, 1));
    mi_const_bool(&m, "no", false);
    mi_const_int(&m, "first", 0);
    mi_node(&m, "MaxPoolWithIndices", "p", "x window window none one no", -1, NULL);
    mi_node(&m, "TupleGetItem", "y", "p first", N(1, 1, 1, 2));
    EXPECT(F(1, 5, 3, 4), 5, 4);
}

Test(ms_ops, adaptive_pools_of_one_and_of_divisors, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 2, 4));
    mi_node(&m, "AdaptiveAvgPool2D", "a", "x", N(1, 1, 2, 2));
    mi_ints(&m, "output_size", N(-1, 2));
    mi_node(&m, "AdaptiveAvgPool2D", "y", "a", N(1, 1, 1, 1));
    mi_ints(&m, "output_size", N(1, 1));
    EXPECT(F(1, 2, 3, 4, 5, 6, 7, 8), 4.5f);
}

/* ---- Norms ----------------------------------------------------------------------------------- */

Test(ms_ops, batch_norm_is_that_of_inference, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1, 1));
    mi_parameter(&m, "scale", N(2), F(2, 3));
    mi_parameter(&m, "shift", N(2), F(1, 0));
    mi_parameter(&m, "mean", N(2), F(1, -1));
    mi_parameter(&m, "variance", N(2), F(3, 8));
    mi_const_int(&m, "first", 0);
    mi_node(&m, "BatchNorm", "n", "x @scale @shift @mean @variance", -1, NULL);
    mi_float(&m, "epsilon", 1);
    mi_bool(&m, "is_training", false);
    mi_node(&m, "TupleGetItem", "y", "n first", N(1, 2, 1, 1));
    EXPECT(F(5, 2), 5, 3);
}

Test(ms_ops, layer_norm_by_axes_and_by_shape, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_parameter(&m, "g", N(2), F(1, 2));
    mi_parameter(&m, "b", N(2), F(0, 1));
    mi_const_int(&m, "first", 0);
    mi_const_int(&m, "last", -1);
    mi_const_float(&m, "epsilon", 0);
    mi_node(&m, "LayerNorm", "n", "x @g @b last last epsilon", -1, NULL);
    mi_node(&m, "TupleGetItem", "a", "n first", N(1, 2));
    mi_const_ints(&m, "shape", N(2));
    mi_node(&m, "LayerNormExt", "k", "a shape @g @b epsilon", -1, NULL);
    mi_node(&m, "TupleGetItem", "y", "k first", N(1, 2));
    EXPECT(F(1, 5), -1, 3);
}

Test(ms_ops, group_norm_scales_by_channel, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 4, 1, 1));
    mi_parameter(&m, "g", N(4), F(1, 2, 3, 4));
    mi_parameter(&m, "b", N(4), F(0, 0, 0, 1));
    mi_const_int(&m, "groups", 2);
    mi_const_float(&m, "epsilon", 0);
    mi_const_int(&m, "first", 0);
    mi_node(&m, "GroupNorm", "n", "x groups @g @b epsilon", -1, NULL);
    mi_node(&m, "TupleGetItem", "y", "n first", N(1, 4, 1, 1));
    EXPECT(F(1, 3, 10, 20), -1, 2, -3, 5);
}

Test(ms_ops, rms_norm_and_l2, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_parameter(&m, "g", N(2), F(1, 2));
    mi_const_float(&m, "epsilon", 0);
    mi_const_int(&m, "first", 0);
    mi_node(&m, "RmsNorm", "n", "x @g epsilon", -1, NULL);
    mi_node(&m, "TupleGetItem", "a", "n first", N(1, 2));
    mi_node(&m, "L2Normalize", "y", "a", N(1, 2));
    mi_int(&m, "axis", 1);
    /* mean square 12.5; 3 and 8 after the scale, of length sqrt(73) */
    EXPECT(F(3, 4), (float)(3 / sqrt(73)), (float)(8 / sqrt(73)));
}

Test(ms_ops, local_response_norm, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3, 1, 1));
    mi_node(&m, "LRN", "y", "x", N(1, 3, 1, 1));
    mi_int(&m, "depth_radius", 1);
    mi_float(&m, "bias", 2);
    mi_float(&m, "alpha", 0.5f);
    mi_float(&m, "beta", 1);
    EXPECT(F(1, 2, 3), 1 / 4.5f, 2 / 9.0f, 3 / 8.5f);
}

/* ---- Products, reductions -------------------------------------------------------------------- */

Test(ms_ops, products_turn_their_factors, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(2, 1));
    mi_parameter(&m, "w", N(3, 2), F(1, 2, 3, 4, 5, 6));
    mi_const_bool(&m, "yes", true);
    mi_node(&m, "MatMul", "y", "x @w yes yes", N(1, 3));
    EXPECT(F(10, 1), 12, 34, 56);
}

Test(ms_ops, products_of_stacks_of_matrices, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1, 2));
    mi_parameter(&m, "w", N(1, 2, 1, 2), F(1, 2, 3, 4));
    mi_const_bool(&m, "yes", true);
    mi_const_bool(&m, "no", false);
    mi_node(&m, "BatchMatMul", "y", "x @w no yes", N(1, 2, 1, 1));
    EXPECT(F(1, 10, 1, 10), 21, 43);
}

Test(ms_ops, dense_layers_of_any_rank, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 2));
    mi_parameter(&m, "w", N(1, 2), F(1, 10));
    mi_parameter(&m, "b", N(1), F(5));
    mi_node(&m, "Dense", "y", "x @w @b", N(1, 2, 1));
    EXPECT(F(1, 2, 3, 4), 26, 48);
}

Test(ms_ops, reductions_keep_dims_or_not, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 3));
    mi_const_ints(&m, "axes", N(2));
    mi_const_bool(&m, "yes", true);
    mi_node(&m, "ReduceMax", "a", "x axes yes", N(1, 2, 1));
    mi_const_int(&m, "axis", 1);
    mi_node(&m, "ReduceSum", "b", "a axis", N(1, 1));
    mi_node(&m, "ReduceMean", "c", "x", -1, NULL);
    mi_node(&m, "Add", "y", "b c", N(1, 1));
    EXPECT(F(1, 2, 3, 4, 5, 12), 15 + 4.5f);
}

Test(ms_ops, positions_of_the_largest, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 4));
    mi_const_int(&m, "axis", -1);
    mi_node(&m, "Argmax", "a", "x axis", -1, NULL);
    mi_result(&m, 6, N(1));
    mi_node(&m, "ArgMaxWithValue", "both", "x", -1, NULL);
    mi_int(&m, "axis", 1);
    mi_bool(&m, "keep_dims", false);
    mi_const_int(&m, "second", 1);
    mi_node(&m, "TupleGetItem", "value", "both second", N(1));
    mi_const_int(&m, "float32", 43);
    mi_node(&m, "Cast", "number", "a float32", N(1));
    mi_node(&m, "Add", "y", "number value", N(1));
    EXPECT(F(1, 2, 9, 3), 11);
}

Test(ms_ops, softmax_along_an_axis, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 2));
    mi_const_ints(&m, "axis", N(1));
    mi_node(&m, "Softmax", "y", "x axis", N(1, 2, 2));
    EXPECT(F(0, 1, 0, 1), 0.5f, 0.5f, 0.5f, 0.5f);
}

Test(ms_ops, sums_that_run_on, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3));
    mi_const_int(&m, "axis", 1);
    mi_node(&m, "CumSum", "y", "x axis", N(1, 3));
    EXPECT(F(1, 2, 3), 1, 3, 6);
}

Test(ms_ops, dropout_is_nothing_at_inference, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_node(&m, "Dropout", "d", "x", -1, NULL);
    mi_float(&m, "keep_prob", 0.5f);
    mi_const_int(&m, "first", 0);
    mi_node(&m, "TupleGetItem", "a", "d first", N(1, 2));
    mi_node(&m, "ReLU", "y", "a", N(1, 2));
    EXPECT(F(1, 2), 1, 2);
}
