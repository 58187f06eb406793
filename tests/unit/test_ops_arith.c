#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static ops_case *one(const char *op, uint32_t dtype, amct_shape shape, const double *x, size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, dtype, shape, x, n);
    return c;
}

static ops_case *two(const char *op, uint32_t dtype, const double *a, const double *b, size_t n)
{
    ops_case *c = one(op, dtype, DIMS((int64_t)n), a, n);
    ops_case_src(c, dtype, DIMS((int64_t)n), b, n);
    return c;
}

/* ---- One source ----------------------------------------------------------------------------- */

Test(ops_arith, functions_of_one_float)
{
    static const struct {
        const char *op;
        double x, y;
    } cases[] = {
        {"Ceil", -1.5, -1},
        {"Floor", -1.5, -2},
        {"Round", 2.5, 2},
        {"Round", -3.5, -4},
        {"Sqrt", 6.25, 2.5},
        {"Sqrt", -1, NAN},
        {"Reciprocal", 4, 0.25},
        {"Exp", 1, 2.718281828459045},
        {"Log", 8, 2.0794415416798357},
        {"Log", 0, -INFINITY},
        {"Erf", 0.5, 0.5204998778130465},
        {"Sin", 0.5, 0.479425538604203},
        {"Cos", 0.5, 0.8775825618903728},
        {"Tan", 0.5, 0.5463024898437905},
        {"Asin", 0.5, 0.5235987755982989},
        {"Acos", 0.5, 1.0471975511965979},
        {"Atan", 0.5, 0.4636476090008061},
        {"Sinh", 0.5, 0.5210953054937474},
        {"Cosh", 0.5, 1.1276259652063807},
        {"Asinh", 0.5, 0.48121182505960347},
        {"Acosh", 1.5, 0.9624236501192069},
        {"Atanh", 0.5, 0.5493061443340549},
        {"Abs", -2.5, 2.5},
        {"Neg", -2.5, 2.5},
        {"Sign", -2.5, -1},
        {"Sign", 0, 0},
        {"Sign", NAN, NAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int wide = 0; wide < 2; wide++) {
            uint32_t dtype = wide ? AMCT_DOUBLE : AMCT_FLOAT;
            ops_case_gives(one(cases[i].op, dtype, DIMS(1), &cases[i].x, 1), dtype, DIMS(1),
                           &cases[i].y, 1);
        }
}

Test(ops_arith, functions_of_one_integer_wrap)
{
    ops_case_gives(one("Abs", AMCT_INT8, DIMS(3), NUMBERS(-128, -3, 4)), AMCT_INT8, DIMS(3),
                   NUMBERS(-128, 3, 4));
    ops_case_gives(one("Neg", AMCT_INT64, DIMS(2), NUMBERS(-0x1p63, 5)), AMCT_INT64, DIMS(2),
                   NUMBERS(-0x1p63, -5));
    ops_case_gives(one("Abs", AMCT_UINT64, DIMS(1), NUMBERS(0x1p63)), AMCT_UINT64, DIMS(1),
                   NUMBERS(0x1p63));
    ops_case_gives(one("Sign", AMCT_UINT64, DIMS(2), NUMBERS(0x1p63, 0)), AMCT_UINT64, DIMS(2),
                   NUMBERS(1, 0));
    ops_case_gives(one("Sign", AMCT_INT32, DIMS(2), NUMBERS(-7, 7)), AMCT_INT32, DIMS(2),
                   NUMBERS(-1, 1));
}

/* ---- Two sources ---------------------------------------------------------------------------- */

Test(ops_arith, floats)
{
    static const struct {
        const char *op;
        double a, b, y;
    } cases[] = {
        {"Add", 1.5, 2, 3.5},  {"Sub", 1.5, 2, -0.5},   {"Mul", 1.5, 2, 3},
        {"Div", 1.5, 2, 0.75}, {"Div", 1, 0, INFINITY}, {"Pow", 2, 0.5, 1.4142135623730951},
        {"Mod", -5.5, 3, 0.5}, {"Mod", 5.5, -3, -0.5},  {"Min", 1, 2, 1},
        {"Max", 1, 2, 2},      {"Min", NAN, 2, NAN},    {"Max", 2, NAN, NAN},
        {"Sum", 1, 2, 3},      {"Mean", 1, 2, 1.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ops_case_gives(two(cases[i].op, AMCT_FLOAT, &cases[i].a, &cases[i].b, 1), AMCT_FLOAT,
                       DIMS(1), &cases[i].y, 1);
}

Test(ops_arith, integers)
{
    static const struct {
        const char *op;
        uint32_t dtype;
        double a, b, y;
    } cases[] = {
        {"Add", AMCT_INT8, 127, 1, -128},
        {"Sub", AMCT_UINT8, 0, 1, 255},
        {"Mul", AMCT_INT64, 0x1p62, 2, -0x1p63},
        {"Div", AMCT_INT32, -7, 2, -3},
        {"Div", AMCT_INT32, 7, 0, 0},
        {"Div", AMCT_INT64, -0x1p63, -1, -0x1p63},
        {"Div", AMCT_UINT64, 0x1p63, 2, 0x1p62},
        {"Mod", AMCT_INT32, -7, 3, 2},
        {"Mod", AMCT_INT32, 7, -3, -2},
        {"Mod", AMCT_INT32, 7, 0, 0},
        {"Mod", AMCT_INT64, -0x1p63, -1, 0},
        {"Mod", AMCT_UINT64, 0x1p63, 3, 2},
        {"Min", AMCT_UINT64, 0x1p63, 3, 3},
        {"Max", AMCT_UINT64, 0x1p63, 3, 0x1p63},
        {"Max", AMCT_INT8, -3, -4, -3},
        {"Pow", AMCT_INT32, -3, 3, -27},
        {"Pow", AMCT_INT32, 7, 0, 1},
        {"Pow", AMCT_INT32, 2, -1, 0},
        {"Pow", AMCT_INT32, -1, -3, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ops_case_gives(two(cases[i].op, cases[i].dtype, &cases[i].a, &cases[i].b, 1),
                       cases[i].dtype, DIMS(1), &cases[i].y, 1);
}

Test(ops_arith, fmod_has_the_sign_of_the_dividend)
{
    ops_case *c = two("Mod", AMCT_INT32, (double[]){-7, 7}, (double[]){3, -3}, 2);
    ops_case_int(c, "fmod", 1);
    ops_case_gives(c, AMCT_INT32, DIMS(2), NUMBERS(-1, 1));
    c = two("Mod", AMCT_FLOAT, (double[]){-5.5, 5.5}, (double[]){3, -3}, 2);
    ops_case_int(c, "fmod", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(-2.5, 2.5));
}

Test(ops_arith, powers_keep_the_type_of_the_base)
{
    ops_case *c = one("Pow", AMCT_INT32, DIMS(2), NUMBERS(2, 9));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(3, 0.5));
    ops_case_gives(c, AMCT_INT32, DIMS(2), NUMBERS(8, 3));
    c = one("Pow", AMCT_FLOAT, DIMS(2), NUMBERS(1.5, 4));
    ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(2));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(2.25, 16));
}

Test(ops_arith, both_sides_broadcast)
{
    ops_case *c = one("Sub", AMCT_FLOAT, DIMS(2, 1), NUMBERS(10, 20));
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1, 2, 3));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(9, 8, 7, 19, 18, 17));
}

Test(ops_arith, any_number_of_sources_fold)
{
    ops_case *c = one("Max", AMCT_FLOAT, DIMS(2), NUMBERS(1, 9));
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 1), NUMBERS(3, 5));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(4));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(4, 9, 5, 9));
    c = one("Mean", AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(3, 4));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(5));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(3, 11.0 / 3));
    ops_case_gives(one("Sum", AMCT_FLOAT, DIMS(1), NUMBERS(7)), AMCT_FLOAT, DIMS(1), NUMBERS(7));
}

Test(ops_arith, bits_shift_out)
{
    for (int right = 0; right < 2; right++) {
        ops_case *c =
            two("BitShift", AMCT_UINT8, (double[]){129, 16, 255}, (double[]){1, 2, 70}, 3);
        ops_case_string(c, "direction", right ? "RIGHT" : "LEFT");
        if (right)
            ops_case_gives(c, AMCT_UINT8, DIMS(3), NUMBERS(64, 4, 0));
        else
            ops_case_gives(c, AMCT_UINT8, DIMS(3), NUMBERS(2, 64, 0));
    }
}

/* ---- CumSum --------------------------------------------------------------------------------- */

static ops_case *cumsum(uint32_t dtype, int64_t axis, int exclusive, int reverse)
{
    ops_case *c = one("CumSum", dtype, DIMS(2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_src(c, AMCT_INT64, SCALAR, NUMBERS((double)axis));
    ops_case_int(c, "exclusive", exclusive);
    ops_case_int(c, "reverse", reverse);
    return c;
}

Test(ops_arith, running_sums_in_both_directions)
{
    ops_case_gives(cumsum(AMCT_FLOAT, 1, 0, 0), AMCT_FLOAT, DIMS(2, 3), NUMBERS(1, 3, 6, 4, 9, 15));
    ops_case_gives(cumsum(AMCT_INT32, -1, 1, 0), AMCT_INT32, DIMS(2, 3), NUMBERS(0, 1, 3, 0, 4, 9));
    ops_case_gives(cumsum(AMCT_FLOAT, 0, 0, 1), AMCT_FLOAT, DIMS(2, 3), NUMBERS(5, 7, 9, 4, 5, 6));
    ops_case_gives(cumsum(AMCT_INT32, 1, 1, 1), AMCT_INT32, DIMS(2, 3), NUMBERS(5, 3, 0, 11, 6, 0));
}

Test(ops_arith, a_bad_axis_is_seen_as_soon_as_it_is_known)
{
    ops_case *c = cumsum(AMCT_FLOAT, 2, 0, 0);
    cr_assert_eq(ops_case_infer(c), AMCT_E_INVALID);
    cr_assert_str_eq(c->err.text, "CumSum: axis 2 is outside of a tensor of 2 dims");
    c->variable[1] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    ops_case_refuses(c, AMCT_E_INVALID, "CumSum: axis 2 is outside of a tensor of 2 dims");
}

Test(ops_arith, refusals)
{
    ops_case *c = one("Add", AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Add: shapes 2 and 3 do not broadcast");
    c = one("Add", AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Add: input 1 is int32, wanted float32");
    c = one("Add", AMCT_BOOL, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_BOOL, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Add: input 0 is bool, wanted a number type");
    ops_case_refuses(one("Exp", AMCT_INT32, DIMS(2), NUMBERS(1)), AMCT_E_INVALID,
                     "Exp: input 0 is int32, wanted a float type");
    c = one("Max", AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_no_src(c);
    ops_case_refuses(c, AMCT_E_INVALID, "Max: input 1 is left out but needed");
    ops_case_refuses(one("Sum", AMCT_INT32, DIMS(2), NUMBERS(1)), AMCT_E_INVALID,
                     "Sum: input 0 is int32, wanted a float type");
    c = two("BitShift", AMCT_INT8, (double[]){1}, (double[]){1}, 1);
    ops_case_string(c, "direction", "LEFT");
    ops_case_refuses(c, AMCT_E_INVALID, "BitShift: input 0 is int8, wanted an unsigned type");
    c = two("BitShift", AMCT_UINT8, (double[]){1}, (double[]){1}, 1);
    ops_case_refuses(c, AMCT_E_INVALID, "BitShift: direction is missing, wanted LEFT or RIGHT");
    c = one("Pow", AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_BOOL, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Pow: input 1 is bool, wanted a number type");
}
