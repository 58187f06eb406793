/* Layers on single elements, sums of blobs, reductions: against their formulas. */
#include "unit/caffe_build.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 2048 };
#define N 6

static const float x[N] = {-2, -0.5f, 0, 0.25f, 1.5f, 8};

/* One layer of that type with the parameters on six numbers. */
static void check(const char *type, const char *params, double (*f)(double))
{
    char text[MOST];
    float wanted[N];
    for (int i = 0; i < N; i++)
        wanted[i] = (float)f(x[i]);
    snprintf(text, sizeof text,
             "input: 'x' input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 3 layer { name: 'l' "
             "type: '%s' bottom: 'x' top: 'y' %s }",
             type, params);
    caffe_expect(text, NULL, x, wanted, N);
}

#define F(name, formula)                                                                           \
    static double name(double v)                                                                   \
    {                                                                                              \
        return formula;                                                                            \
    }
F(relu, v > 0 ? v : 0)
F(leaky, v > 0 ? v : 0.25 * v)
F(relu6, fmin(fmax(v, 0), 6))
F(elu, v > 0 ? v : 0.5 * (exp(v) - 1))
F(sigmoid, 1 / (1 + exp(-v)))
F(absolute, fabs(v))
F(bnll, log(1 + exp(v)))
F(same, v)
F(power, pow(3 + 0.5 * v, 2))
F(power_scale, 2 * v)
F(exponential, exp(v))
F(exponential_2, pow(2, 1 - 0.5 * v))
F(logarithm, log(3 + v))
F(logarithm_10, log10(5 + 2 * v))
F(threshold, v > 0.25 ? 1 : 0)
F(clip, fmin(fmax(v, -1), 2))
F(swish, v / (1 + exp(-2 * v)))

Test(caffe_math, elements)
{
    check("ReLU", "", relu);
    check("ReLU", "relu_param { negative_slope: 0.25 }", leaky);
    check("ReLU6", "", relu6);
    check("ELU", "elu_param { alpha: 0.5 }", elu);
    check("Sigmoid", "", sigmoid);
    check("TanH", "", tanh);
    check("AbsVal", "", absolute);
    check("BNLL", "", bnll);
    check("Dropout", "dropout_param { dropout_ratio: 0.9 }", same);
    check("Power", "", same);
    check("Power", "power_param { power: 2 scale: 0.5 shift: 3 }", power);
    check("Power", "power_param { scale: 2 }", power_scale);
    check("Exp", "", exponential);
    check("Exp", "exp_param { base: 2 scale: -0.5 shift: 1 }", exponential_2);
    check("Log", "log_param { shift: 3 }", logarithm);
    check("Log", "log_param { base: 10 scale: 2 shift: 5 }", logarithm_10);
    check("Threshold", "threshold_param { threshold: 0.25 }", threshold);
    check("Clip", "clip_param { min: -1 max: 2 }", clip);
    check("Swish", "swish_param { beta: 2 }", swish);
}

static void two_inputs(const char *layer, const float *wanted)
{
    const float both[6] = {1, -2, 3, 10, 20, -30};
    char text[MOST];
    snprintf(text, sizeof text,
             "layer { name: 'in' type: 'Input' top: 'a' top: 'b' input_param { shape { dim: 1 dim: "
             "3 } } } layer { name: 'e' type: 'Eltwise' bottom: 'a' bottom: 'b' bottom: 'a' top: "
             "'y' %s }",
             layer);
    caffe_expect(text, NULL, both, wanted, 3);
}

Test(caffe_math, eltwise_of_three)
{
    two_inputs("", (const float[]){12, 16, -24});
    two_inputs("eltwise_param { operation: SUM coeff: 0.5 coeff: -1 coeff: 2 }",
               (const float[]){-7.5f, -25, 37.5f});
    two_inputs("eltwise_param { coeff: -1 coeff: 1 coeff: -1 }", (const float[]){8, 24, -36});
    two_inputs("eltwise_param { operation: PROD }", (const float[]){10, 80, -270});
    two_inputs("eltwise_param { operation: MAX }", (const float[]){10, 20, 3});
}

static void reduced(const char *layer, const float *wanted, size_t n)
{
    const float rows[8] = {1, -2, 3, 3, -5, 6, 7, -8};
    char text[MOST];
    snprintf(text, sizeof text,
             "input: 'x' input_shape { dim: 2 dim: 4 dim: 1 } layer { name: 'l' bottom: 'x' top: "
             "'y' %s }",
             layer);
    caffe_expect(text, NULL, rows, wanted, n);
}

Test(caffe_math, reductions)
{
    reduced("type: 'Reduction' reduction_param { axis: 1 }", (const float[]){5, 0}, 2);
    reduced("type: 'Reduction' reduction_param { axis: -2 operation: ASUM coeff: 2 }",
            (const float[]){18, 52}, 2);
    reduced("type: 'Reduction' reduction_param { axis: 1 operation: SUMSQ }",
            (const float[]){23, 174}, 2);
    reduced("type: 'Reduction' reduction_param { operation: MEAN }", (const float[]){0.625f}, 1);
}

Test(caffe_math, argmax_names_the_last_of_equals)
{
    reduced("type: 'ArgMax'", (const float[]){3, 2}, 2);
    reduced("type: 'ArgMax' argmax_param { out_max_val: true }", (const float[]){3, 3, 2, 7}, 4);
    reduced("type: 'ArgMax' argmax_param { axis: 0 }", (const float[]){0, 1, 1, 0}, 4);
    reduced("type: 'ArgMax' argmax_param { axis: 1 out_max_val: true }", (const float[]){3, 7}, 2);
}

Test(caffe_math, softmax_runs_along_its_axis)
{
    float wanted[8];
    const float rows[8] = {1, -2, 3, 3, -5, 6, 7, -8};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 2; k++)
            wanted[k * 4 + i] = (float)(1 / (1 + exp(rows[(1 - k) * 4 + i] - rows[k * 4 + i])));
    reduced("type: 'Softmax' softmax_param { axis: 0 }", wanted, 8);
}
