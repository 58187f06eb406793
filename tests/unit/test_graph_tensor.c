#include "graph/tensor.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static amct_err err;

Test(graph_tensor, every_half_survives_the_way_to_float_and_back)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = amct_half_to_float((uint16_t)h);
        if (isnan(f))
            cr_assert(isnan(amct_half_to_float(amct_float_to_half(f))));
        else
            cr_assert_eq(amct_float_to_half(f), h, "half %04x is %a", h, f);
    }
}

Test(graph_tensor, floats_round_to_the_nearest_even_half)
{
    cr_assert_eq(amct_float_to_half(1.0f + 0x1p-11f), 0x3c00);     /* tie to even */
    cr_assert_eq(amct_float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02); /* tie to even, up */
    cr_assert_eq(amct_float_to_half(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
    cr_assert_eq(amct_float_to_half(65519.99f), 0x7bff);
    cr_assert_eq(amct_float_to_half(65520.0f), 0x7c00);
    cr_assert_eq(amct_float_to_half(-INFINITY), 0xfc00);
    cr_assert_eq(amct_float_to_half(0x1p-25f), 0);
    cr_assert_eq(amct_float_to_half(0x1.8p-25f), 1);
    cr_assert_eq(amct_float_to_half(-0.0f), 0x8000);
}

Test(graph_tensor, bfloats_round_to_the_nearest_even)
{
    cr_assert_eq(amct_float_to_bfloat(1.0f), 0x3f80);
    cr_assert_eq(amct_float_to_bfloat(1.0f + 0x1p-8f), 0x3f80);
    cr_assert_eq(amct_float_to_bfloat(1.0f + 3 * 0x1p-8f), 0x3f82);
    cr_assert(isnan(amct_bfloat_to_float(amct_float_to_bfloat(NAN))));
    cr_assert_eq(amct_bfloat_to_float(0xc000), -2.0f);
}

Test(graph_tensor, bytes_count_packed_nibbles_and_refuse_what_overflows)
{
    size_t bytes = 77;
    amct_shape shape = amct_shape_of(2, (int64_t[]){3, 5});
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_INT4, &shape, &err), AMCT_OK);
    cr_assert_eq(bytes, 8);
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_DOUBLE, &shape, &err), AMCT_OK);
    cr_assert_eq(bytes, 120);
    shape = amct_shape_of(3, (int64_t[]){INT64_MAX, INT64_MAX, 0});
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_FLOAT, &shape, &err), AMCT_E_LIMIT);
    shape = amct_shape_of(2, (int64_t[]){1 << 30, 1 << 30});
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_FLOAT, &shape, &err), AMCT_E_LIMIT);
    cr_assert_str_eq(err.text, "a tensor of shape 1073741824x1073741824 is too large");
    shape = amct_shape_of(2, (int64_t[]){2, -1});
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_FLOAT, &shape, &err), AMCT_E_LIMIT);
    shape = amct_shape_of(0, NULL);
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_STRING, &shape, &err), AMCT_E_UNSUPPORTED);
    cr_assert_eq(amct_tensor_bytes(&bytes, AMCT_FLOAT, &shape, &err), AMCT_OK);
    cr_assert_eq(bytes, 4);
}

Test(graph_tensor, axes_count_from_both_ends)
{
    int32_t axis = 9;
    cr_assert_eq(amct_axis_normalise(&axis, -4, 4, &err), AMCT_OK);
    cr_assert_eq(axis, 0);
    cr_assert_eq(amct_axis_normalise(&axis, 3, 4, &err), AMCT_OK);
    cr_assert_eq(axis, 3);
    cr_assert_eq(amct_axis_normalise(&axis, 4, 4, &err), AMCT_E_INVALID);
    cr_assert_eq(amct_axis_normalise(&axis, INT64_MIN, 4, &err), AMCT_E_INVALID);
    cr_assert_eq(axis, 3);
}

Test(graph_tensor, shapes_print)
{
    char text[64];
    amct_shape shape = amct_shape_of(3, (int64_t[]){1, -1, 224});
    cr_assert_str_eq(amct_shape_print(&shape, text, sizeof text), "1x?x224");
    cr_assert_str_eq(amct_shape_print(&(amct_shape){0}, text, sizeof text), "scalar");
    cr_assert_str_eq(amct_shape_print(&(amct_shape){.rank = -1}, text, sizeof text), "?");
    cr_assert_str_eq(amct_shape_print(&shape, text, 4), "1x?");
}
