#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static ops_case *cast(uint32_t from, uint32_t to, const double *numbers, size_t n)
{
    ops_case *c = ops_case_new("Cast", 1);
    ops_case_src(c, from, DIMS((int64_t)n), numbers, n);
    ops_case_int(c, "to", to);
    return c;
}

Test(ops_cast, floats_are_cut_to_integers)
{
    ops_case_gives(cast(AMCT_FLOAT, AMCT_INT32, NUMBERS(-1.9, 0.5, 2.9)), AMCT_INT32, DIMS(3),
                   NUMBERS(-1, 0, 2));
    ops_case_gives(cast(AMCT_FLOAT, AMCT_INT8, NUMBERS(300, -1)), AMCT_INT8, DIMS(2),
                   NUMBERS(44, -1));
    ops_case_gives(cast(AMCT_FLOAT, AMCT_BOOL, NUMBERS(0, -0.25, 3)), AMCT_BOOL, DIMS(3),
                   NUMBERS(0, 1, 1));
    ops_case_gives(cast(AMCT_FLOAT, AMCT_INT4, NUMBERS(-8, 7, 3)), AMCT_INT4, DIMS(3),
                   NUMBERS(-8, 7, 3));
}

Test(ops_cast, integers_keep_all_their_bits)
{
    ops_case *c = cast(AMCT_INT64, AMCT_UINT64, NUMBERS(0));
    ((int64_t *)(uintptr_t)c->src[0].data)[0] = INT64_MAX - 1;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    cr_assert_eq(amct_value_get_int(&c->dst[0], 0), INT64_MAX - 1);
    ops_case_free(c);
    ops_case_gives(cast(AMCT_UINT64, AMCT_FLOAT, NUMBERS(0x1p63)), AMCT_FLOAT, DIMS(1),
                   NUMBERS(0x1p63));
}

Test(ops_cast, narrow_floats_round_to_nearest_even)
{
    ops_case_gives(cast(AMCT_FLOAT, AMCT_FLOAT16, NUMBERS(65520, 2049, NAN)), AMCT_FLOAT16, DIMS(3),
                   NUMBERS(INFINITY, 2048, NAN));
    ops_case_gives(cast(AMCT_BFLOAT16, AMCT_DOUBLE, NUMBERS(-2.5)), AMCT_DOUBLE, DIMS(1),
                   NUMBERS(-2.5));
    ops_case_gives(cast(AMCT_BOOL, AMCT_FLOAT, NUMBERS(1, 0)), AMCT_FLOAT, DIMS(2), NUMBERS(1, 0));
}

Test(ops_cast, long_tensors_are_cast_to_their_end)
{
    double numbers[1000];
    for (int i = 0; i < 1000; i++)
        numbers[i] = i - 500;
    ops_case_gives(cast(AMCT_FLOAT, AMCT_INT16, numbers, 1000), AMCT_INT16, DIMS(1000), numbers,
                   1000);
    ops_case_gives(cast(AMCT_INT32, AMCT_INT64, numbers, 1000), AMCT_INT64, DIMS(1000), numbers,
                   1000);
}

Test(ops_cast, the_zero_point_stays_only_with_the_type)
{
    ops_case *c = cast(AMCT_INT8, AMCT_INT8, NUMBERS(1));
    c->src[0].zero_point = 3;
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    cr_assert_eq(c->dst[0].zero_point, 3);
    ops_case_free(c);
    c = cast(AMCT_INT8, AMCT_INT32, NUMBERS(1));
    c->src[0].zero_point = 3;
    cr_assert_eq(ops_case_run(c), AMCT_OK);
    cr_assert_eq(c->dst[0].zero_point, 0);
    ops_case_free(c);
}

Test(ops_cast, cast_like_takes_the_type_of_its_second_input)
{
    ops_case *c = ops_case_new("CastLike", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(2.75));
    ops_case_src(c, AMCT_UINT8, DIMS(5), NUMBERS(0));
    ops_case_gives(c, AMCT_UINT8, SCALAR, NUMBERS(2));
}

Test(ops_cast, types_without_numbers_are_refused)
{
    ops_case_refuses(cast(AMCT_FLOAT, AMCT_STRING, NUMBERS(1)), AMCT_E_UNSUPPORTED,
                     "Cast: element type 8 cannot be computed with");
    ops_case_refuses(cast(AMCT_FLOAT, 99, NUMBERS(1)), AMCT_E_UNSUPPORTED,
                     "Cast: element type 99 cannot be computed with");
    ops_case *c = ops_case_new("Cast", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Cast: the attribute to is missing");
    c = ops_case_new("Cast", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_int(c, "to", -1);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "Cast: element type -1 cannot be computed with");
}
