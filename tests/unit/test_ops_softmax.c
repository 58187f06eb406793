#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static ops_case *square(const char *op, int64_t axis)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 2), NUMBERS(0, log(3), log(4), log(3)));
    ops_case_int(c, "axis", axis);
    return c;
}

Test(ops_softmax, rows_sum_to_one_along_the_axis)
{
    ops_case_gives(square("Softmax", -1), AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(0.25, 0.75, 4.0 / 7, 3.0 / 7));
    ops_case_gives(square("Softmax", 0), AMCT_FLOAT, DIMS(2, 2), NUMBERS(0.2, 0.5, 0.8, 0.5));
    ops_case_gives(square("LogSoftmax", 0), AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(log(0.2), log(0.5), log(0.8), log(0.5)));
}

Test(ops_softmax, hardmax_marks_the_first_greatest)
{
    ops_case_gives(square("Hardmax", 1), AMCT_FLOAT, DIMS(2, 2), NUMBERS(0, 1, 1, 0));
    ops_case_gives(square("Hardmax", 0), AMCT_FLOAT, DIMS(2, 2), NUMBERS(0, 1, 1, 0));
}

Test(ops_softmax, large_numbers_do_not_overflow)
{
    static const char *const ops[] = {"Softmax", "LogSoftmax"};
    for (int i = 0; i < 2; i++) {
        ops_case *c = ops_case_new(ops[i], 1);
        ops_case_src(c, AMCT_DOUBLE, DIMS(1, 2), NUMBERS(10000, 10000));
        double half = i ? log(0.5) : 0.5;
        ops_case_gives(c, AMCT_DOUBLE, DIMS(1, 2), NUMBERS(half, half));
    }
}

Test(ops_softmax, refusals)
{
    ops_case_refuses(square("Softmax", 2), AMCT_E_INVALID,
                     "Softmax: axis 2 is outside of a tensor of 2 dims");
    ops_case *c = ops_case_new("Softmax", 1);
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Softmax: input 0 is int32, wanted a float type");
}
