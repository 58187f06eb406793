#include "ops/rows.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(ops_rows, every_type_goes_to_doubles_and_back)
{
    static const uint32_t types[] = {
        AMCT_FLOAT,  AMCT_DOUBLE, AMCT_FLOAT16, AMCT_BFLOAT16, AMCT_INT8,   AMCT_UINT8, AMCT_INT16,
        AMCT_UINT16, AMCT_INT32,  AMCT_UINT32,  AMCT_INT64,    AMCT_UINT64, AMCT_INT4,  AMCT_UINT4};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        unsigned char memory[64] = {0};
        amct_value v = {.dtype = types[t], .shape = {1, {7}}, .data = memory};
        double in[3] = {1, 5, 7}, out[3];
        int64_t ints[3];
        amct_row_store(&v, 1, 2, in, 3);
        amct_row_load(out, &v, 1, 2, 3);
        amct_row_load_int(ints, &v, 5, -2, 3);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(out[i], in[i], "%s", amct_dtype_name(types[t]));
            cr_assert_eq(ints[2 - i], (int64_t)in[i], "%s", amct_dtype_name(types[t]));
            cr_assert_eq(amct_value_get(&v, 2 * i), 0, "a neighbour was written");
        }
    }
}

Test(ops_rows, floats_may_lie_at_any_address)
{
    unsigned char memory[16];
    float numbers[3] = {1.5f, -2, 0.25f};
    double out[3];
    memcpy(memory + 1, numbers, sizeof numbers);
    amct_value v = {.dtype = AMCT_FLOAT, .shape = {1, {3}}, .data = memory + 1};
    amct_row_load(out, &v, 0, 1, 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(out[i], numbers[i]);
    amct_row_store(&v, 0, 1, (double[]){7, 8, 9}, 3);
    cr_assert_eq(amct_value_get(&v, 2), 9);
}

Test(ops_rows, a_step_of_zero_repeats)
{
    float x = 3;
    double out[2];
    amct_value v = {.dtype = AMCT_FLOAT, .data = &x};
    amct_row_load(out, &v, 0, 0, 2);
    cr_assert_eq(out[1], 3);
}

Test(ops_rows, room_is_zeroed_and_never_overflows)
{
    double *rows = amct_rows_new(2, 3);
    cr_assert_eq(rows[5], 0);
    free(rows);
    rows = amct_rows_new(0, INT64_MAX);
    cr_assert_not_null(rows);
    free(rows);
    cr_assert_null(amct_rows_new(INT64_MAX, INT64_MAX));
}

Test(ops_rows, limits_of_integer_types)
{
    double least, greatest;
    amct_dtype_limits(AMCT_INT4, &least, &greatest);
    cr_assert(least == -8 && greatest == 7);
    amct_dtype_limits(AMCT_UINT16, &least, &greatest);
    cr_assert(least == 0 && greatest == 65535);
    amct_dtype_limits(AMCT_INT32, &least, &greatest);
    cr_assert(least == INT32_MIN && greatest == INT32_MAX);
}

Test(ops_rows, numbers_are_rounded_to_a_type)
{
    cr_assert_eq(amct_round_to(AMCT_FLOAT16, 2049), 2048);
    cr_assert_eq(amct_round_to(AMCT_FLOAT, 0.1), (double)0.1f);
    cr_assert_eq(amct_round_to(AMCT_DOUBLE, 0.1), 0.1);
}
