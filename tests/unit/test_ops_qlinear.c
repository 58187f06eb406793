#include "ops_case.h"

#include <criterion/criterion.h>

/* x 1 x 2 by weights of two output channels. */
static ops_case *conv(int64_t n_scales)
{
    ops_case *c = ops_case_new("QLinearConv", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(1, 1, 2), NUMBERS(130, 100));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(0.5));
    ops_case_src(c, AMCT_UINT8, SCALAR, NUMBERS(128));
    ops_case_src(c, AMCT_INT8, DIMS(2, 1, 1), NUMBERS(10, -20));
    ops_case_src(c, AMCT_FLOAT, DIMS(n_scales), NUMBERS(0.5, 0.25));
    ops_case_src(c, AMCT_INT8, DIMS(n_scales), NUMBERS(0));
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(2));
    ops_case_src(c, AMCT_UINT8, SCALAR, NUMBERS(100));
    return c;
}

Test(ops_qlinear, sums_come_to_the_scale_of_the_result)
{
    /* sums 20, -280, -40, 560 by 0.125, the second channel with its own scale by 0.0625 */
    ops_case_gives(conv(1), AMCT_UINT8, DIMS(1, 2, 2), NUMBERS(102, 65, 95, 170));
    ops_case_gives(conv(2), AMCT_UINT8, DIMS(1, 2, 2), NUMBERS(102, 65, 98, 135));
}

Test(ops_qlinear, bias_is_added_to_the_sums_and_codes_saturate)
{
    ops_case *c = conv(1);
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(4, -100000));
    ops_case_gives(c, AMCT_UINT8, DIMS(1, 2, 2), NUMBERS(103, 66, 0, 0));
}

static ops_case *matmul(uint32_t scale_type, int64_t n_columns)
{
    ops_case *c = ops_case_new("QLinearMatMul", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1, 2, 2), NUMBERS(1, 2, 3, 4));
    ops_case_src(c, scale_type, SCALAR, NUMBERS(0.5));
    ops_case_src(c, AMCT_INT8, SCALAR, NUMBERS(1));
    ops_case_src(c, AMCT_UINT8, DIMS(2, 2), NUMBERS(10, 20, 30, 40));
    ops_case_src(c, scale_type, DIMS(n_columns), NUMBERS(1, 2));
    ops_case_src(c, AMCT_UINT8, DIMS(n_columns), NUMBERS(10, 20));
    ops_case_src(c, scale_type, SCALAR, NUMBERS(4));
    ops_case_src(c, AMCT_INT8, SCALAR, NUMBERS(-3));
    return c;
}

Test(ops_qlinear, matrices_with_scales_for_all_or_for_columns)
{
    /* columns: (0, 20) and (0, 20) with a zero point each; rows (0, 1), (2, 3) */
    ops_case_gives(matmul(AMCT_FLOAT, 2), AMCT_INT8, DIMS(1, 2, 2), NUMBERS(-1, 2, 5, 12));
    ops_case_gives(matmul(AMCT_FLOAT16, 1), AMCT_INT8, DIMS(1, 2, 2), NUMBERS(-1, 1, 5, 11));
}

Test(ops_qlinear, scales_of_rows)
{
    ops_case *c = matmul(AMCT_FLOAT, 1);
    c->src[1].shape = DIMS(2, 1);
    static const float scales[] = {0.5f, 1};
    c->src[1].data = scales;
    ops_case_gives(c, AMCT_INT8, DIMS(1, 2, 2), NUMBERS(-1, 1, 12, 25));
}

Test(ops_qlinear, refusals)
{
    ops_case *c = conv(1);
    c->src[2].dtype = AMCT_INT8;
    ops_case_refuses(c, AMCT_E_INVALID, "QLinearConv: input 2 is int8, wanted uint8");
    c = conv(2);
    c->src[3].shape = DIMS(1, 1, 1);
    ops_case_refuses(c, AMCT_E_INVALID, "QLinearConv: input 4 has shape 2, wanted 1");
    c = conv(1);
    c->src[0].dtype = AMCT_BOOL;
    ops_case_refuses(c, AMCT_E_INVALID, "QLinearConv: input 0 is bool, wanted int8 or uint8");
    c = conv(1);
    c->src[6].shape = DIMS(2);
    ops_case_refuses(c, AMCT_E_INVALID, "QLinearConv: input 6 has shape 2, wanted one element");
    c = matmul(AMCT_FLOAT, 1);
    c->src[4].shape = DIMS(3);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED,
                     "QLinearMatMul: input 4 has shape 3, wanted one element or one for each of 2 "
                     "columns");
    c = matmul(AMCT_FLOAT, 1);
    c->src[4].dtype = AMCT_DOUBLE;
    ops_case_refuses(c, AMCT_E_INVALID, "QLinearMatMul: input 4 is float64, wanted float32");
}
