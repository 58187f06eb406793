#include "graph/element.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(graph_element, nibbles_are_packed_low_first)
{
    unsigned char bytes[2] = {0};
    int64_t values[4] = {-8, 7, -1, 3};
    for (int i = 0; i < 4; i++)
        amct_element_put_int(AMCT_INT4, bytes, i, values[i]);
    cr_assert_eq(bytes[0], 0x78);
    cr_assert_eq(bytes[1], 0x3f);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(amct_element_get_int(AMCT_INT4, bytes, i), values[i]);
    cr_assert_eq(amct_element_get_int(AMCT_UINT4, bytes, 0), 8);
}

Test(graph_element, every_type_gives_back_what_it_can_hold)
{
    static const uint32_t types[] = {AMCT_FLOAT,  AMCT_UINT8,  AMCT_INT8,   AMCT_UINT16,
                                     AMCT_INT16,  AMCT_INT32,  AMCT_INT64,  AMCT_FLOAT16,
                                     AMCT_DOUBLE, AMCT_UINT32, AMCT_UINT64, AMCT_BFLOAT16};
    unsigned char bytes[33];
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int i = 0; i < 3; i++) {
            amct_element_put(types[t], bytes + 1, i, 100 + i); /* unaligned on purpose */
            cr_assert_eq(amct_element_get(types[t], bytes + 1, i), 100 + i, "type %u", types[t]);
            cr_assert_eq(amct_element_get_int(types[t], bytes + 1, i), 100 + i);
        }
}

Test(graph_element, numbers_out_of_range_are_defined)
{
    double d = NAN;
    int64_t i64;
    uint8_t byte;
    cr_assert_eq(amct_element_get_int(AMCT_DOUBLE, &d, 0), 0);
    d = 1e300;
    cr_assert_eq(amct_element_get_int(AMCT_DOUBLE, &d, 0), INT64_MAX);
    d = -INFINITY;
    cr_assert_eq(amct_element_get_int(AMCT_DOUBLE, &d, 0), INT64_MIN);
    amct_element_put(AMCT_INT64, &i64, 0, -2.9);
    cr_assert_eq(i64, -2);
    amct_element_put(AMCT_UINT8, &byte, 0, 258.0);
    cr_assert_eq(byte, 2);
    amct_element_put(AMCT_BOOL, &byte, 0, 0.25);
    cr_assert_eq(byte, 1);
    uint64_t u64;
    amct_element_put(AMCT_UINT64, &u64, 0, 0x1p63);
    cr_assert_eq(u64, (uint64_t)1 << 63);
    cr_assert_eq(amct_element_get(AMCT_UINT64, &u64, 0), 0x1p63);
}
