#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

/* A column of three against a row of two. */
static ops_case *pair(const char *op, uint32_t dtype, const double *column, const double *row)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, dtype, DIMS(3, 1), column, 3);
    ops_case_src(c, dtype, DIMS(2), row, 2);
    return c;
}

Test(ops_compare, orders_broadcast_in_every_type)
{
    static const struct {
        const char *op;
        double y[6];
    } all[] = {{"Equal", {0, 0, 1, 0, 0, 0}},
               {"Greater", {0, 0, 0, 0, 1, 0}},
               {"GreaterOrEqual", {0, 0, 1, 0, 1, 0}},
               {"Less", {1, 1, 0, 1, 0, 1}},
               {"LessOrEqual", {1, 1, 1, 1, 0, 1}}};
    static const uint32_t types[] = {AMCT_FLOAT, AMCT_FLOAT16, AMCT_UINT8, AMCT_INT64, AMCT_UINT4};
    const double column[] = {1, 2, 3}, row[] = {2, 5};
    for (int i = 0; i < 5; i++)
        for (int t = 0; t < 5; t++)
            ops_case_gives(pair(all[i].op, types[t], column, row), AMCT_BOOL, DIMS(3, 2), all[i].y,
                           6);
}

Test(ops_compare, nan_is_in_no_order)
{
    const double column[] = {NAN, 1, 2}, row[] = {NAN, 1};
    static const char *const ops[] = {"Equal", "GreaterOrEqual", "LessOrEqual"};
    for (int i = 0; i < 3; i++) {
        double last = i == 1;
        ops_case_gives(pair(ops[i], AMCT_FLOAT, column, row), AMCT_BOOL, DIMS(3, 2),
                       NUMBERS(0, 0, 0, 1, 0, last));
    }
}

Test(ops_compare, large_unsigned_numbers_are_large)
{
    const double column[] = {1, 0x1p63, 2}, row[] = {2, 0x1p63};
    ops_case_gives(pair("Less", AMCT_UINT64, column, row), AMCT_BOOL, DIMS(3, 2),
                   NUMBERS(1, 1, 0, 0, 0, 1));
}

Test(ops_compare, logic_works_on_bool)
{
    const double column[] = {0, 1, 0}, row[] = {0, 1};
    ops_case_gives(pair("And", AMCT_BOOL, column, row), AMCT_BOOL, DIMS(3, 2),
                   NUMBERS(0, 0, 0, 1, 0, 0));
    ops_case_gives(pair("Or", AMCT_BOOL, column, row), AMCT_BOOL, DIMS(3, 2),
                   NUMBERS(0, 1, 1, 1, 0, 1));
    ops_case_gives(pair("Xor", AMCT_BOOL, column, row), AMCT_BOOL, DIMS(3, 2),
                   NUMBERS(0, 1, 1, 0, 0, 1));
    ops_case *c = ops_case_new("Not", 1);
    ops_case_src(c, AMCT_BOOL, DIMS(2), NUMBERS(1, 0));
    ops_case_gives(c, AMCT_BOOL, DIMS(2), NUMBERS(0, 1));
    ops_case_refuses(pair("And", AMCT_UINT8, column, row), AMCT_E_INVALID,
                     "And: input 0 must be bool, not uint8");
}

Test(ops_compare, empty_and_scalar_operands)
{
    ops_case *c = ops_case_new("Equal", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_gives(c, AMCT_BOOL, SCALAR, NUMBERS(1));
    c = ops_case_new("Equal", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(0, 1), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_gives(c, AMCT_BOOL, DIMS(0, 3), NULL, 0);
}

Test(ops_compare, unequal_types_and_shapes_are_refused)
{
    ops_case *c = ops_case_new("Equal", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_DOUBLE, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Equal: the inputs differ: float32 with zero point 0, float64 with 0");
    c = ops_case_new("Equal", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Equal: shapes 2 and 3 do not broadcast");
}

Test(ops_compare, where_chooses_elements)
{
    ops_case *c = ops_case_new("Where", 1);
    ops_case_src(c, AMCT_BOOL, DIMS(2, 1), NUMBERS(1, 0));
    ops_case_src(c, AMCT_INT4, DIMS(3), NUMBERS(1, 2, 3));
    ops_case_src(c, AMCT_INT4, SCALAR, NUMBERS(-8));
    c->src[1].zero_point = c->src[2].zero_point = 2;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_INT4, DIMS(2, 3), NUMBERS(1, 2, 3, -8, -8, -8));
    cr_assert_eq(c->dst[0].zero_point, 2);
    c->src[2].zero_point = 0;
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Where: the inputs differ: int4 with zero point 2, int4 with 0");
    c = ops_case_new("Where", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Where: input 0 must be bool, not float32");
}

Test(ops_compare, nan_and_infinities_are_told_apart)
{
    ops_case *c = ops_case_new("IsNaN", 1);
    ops_case_src(c, AMCT_FLOAT16, DIMS(3), NUMBERS(NAN, INFINITY, 1));
    ops_case_gives(c, AMCT_BOOL, DIMS(3), NUMBERS(1, 0, 0));
    for (int64_t mask = 0; mask < 4; mask++) {
        c = ops_case_new("IsInf", 1);
        ops_case_src(c, AMCT_FLOAT, DIMS(4), NUMBERS(INFINITY, -INFINITY, NAN, 0));
        ops_case_int(c, "detect_positive", mask & 1);
        ops_case_int(c, "detect_negative", mask >> 1);
        ops_case_gives(c, AMCT_BOOL, DIMS(4),
                       NUMBERS((double)(mask & 1), (double)(mask >> 1), 0, 0));
    }
    c = ops_case_new("IsNaN", 1);
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "IsNaN: the input must be of a float type, not int32");
}
