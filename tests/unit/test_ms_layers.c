/* MindSpore's convolutions, pools and norms: results of small networks against numbers worked out
 * here.
 */
#include "unit/mindir_run.h"

#include <criterion/criterion.h>
#include <math.h>
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

Test(ms_layers, convolutions_pad_as_they_are_told)
{
    conv_case("Conv2D", "valid", 0, 0, 2, 4);
    conv_case("Conv2D", "same", 1, 1, 3, 6);
    conv_case("Conv2D", "pad", 1, 2, 2, 7);
    conv_case("DepthwiseConv2dNative", "valid", 0, 0, 2, 4);
}

/* Weights are multiplier x channels, results channel by channel. */
Test(ms_layers, a_depthwise_convolution_makes_several_of_a_channel, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1, 1));
    mi_parameter(&m, "w", N(2, 2, 1, 1), F(10, 20, 30, 40));
    mi_node(&m, "DepthwiseConv2dNative", "y", "x @w", N(1, 4, 1, 1));
    mi_text(&m, "pad_mode", "valid");
    EXPECT(F(1, 2), 10, 30, 40, 80);
}

Test(ms_layers, a_bias_is_added_by_channel, .init = begin, .fini = end)
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

Test(ms_layers, transposed_convolutions_have_the_size_of_the_file)
{
    transposed_case("PAD", 1, 1, 4, 6);
    transposed_case("PAD", 1, 1, 5, 7); /* one more row and column behind */
    transposed_case("VALID", 0, 0, 6, 7);
    transposed_case("SAME", 1, 0, 4, 6);
}

Test(ms_layers, convolutions_of_mint, .init = begin_ramp, .fini = end)
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

Test(ms_layers, a_word_for_padding_of_mint, .init = begin_ramp, .fini = end)
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

Test(ms_layers, convolutions_of_one_and_three_dims, .init = begin, .fini = end)
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

Test(ms_layers, pools_pad_as_they_are_told, .init = begin, .fini = end)
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

Test(ms_layers, explicit_padding_comes_as_pools_of_three_dims, .init = begin, .fini = end)
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

Test(ms_layers, pools_of_three_dims_stay_so, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 2, 1, 2));
    mi_node(&m, "MaxPool3D", "y", "x", N(1, 1, 1, 1, 2));
    mi_ints(&m, "kernel_size", N(1, 1, 2, 1, 1));
    mi_ints(&m, "strides", N(1, 1, 2, 1, 1));
    mi_text(&m, "pad_mode", "VALID");
    EXPECT(F(1, 5, 3, 4), 3, 5);
}

Test(ms_layers, pools_with_indices_give_the_values_first, .init = begin, .fini = end)
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

Test(ms_layers, adaptive_pools_of_one_and_of_divisors, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 2, 4));
    mi_node(&m, "AdaptiveAvgPool2D", "a", "x", N(1, 1, 2, 2));
    mi_ints(&m, "output_size", N(-1, 2));
    mi_node(&m, "AdaptiveAvgPool2D", "y", "a", N(1, 1, 1, 1));
    mi_ints(&m, "output_size", N(1, 1));
    EXPECT(F(1, 2, 3, 4, 5, 6, 7, 8), 4.5f);
}

/* ---- Norms ----------------------------------------------------------------------------------- */

Test(ms_layers, batch_norm_is_that_of_inference, .init = begin, .fini = end)
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

Test(ms_layers, layer_norm_by_axes_and_by_shape, .init = begin, .fini = end)
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

Test(ms_layers, group_norm_scales_by_channel, .init = begin, .fini = end)
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

Test(ms_layers, rms_norm_and_l2, .init = begin, .fini = end)
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

Test(ms_layers, local_response_norm, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3, 1, 1));
    mi_node(&m, "LRN", "y", "x", N(1, 3, 1, 1));
    mi_int(&m, "depth_radius", 1);
    mi_float(&m, "bias", 2);
    mi_float(&m, "alpha", 0.5f);
    mi_float(&m, "beta", 1);
    EXPECT(F(1, 2, 3), 1 / 4.5f, 2 / 9.0f, 3 / 8.5f);
}
