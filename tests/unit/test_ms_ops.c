/* MindSpore's operators that compute, but for layers: results of small networks against numbers
 * worked out here. */
#include "unit/mindir_run.h"

#include <criterion/criterion.h>
#include <math.h>

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
