#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

enum { SCALES = 2, SIZES = 3 };

/* Resize of float numbers; the list is put in the place of scales or sizes. */
static ops_case *resize(amct_shape shape, const double *numbers, size_t n_numbers, int place,
                        const double *list, size_t n)
{
    ops_case *c = ops_case_new("Resize", 1);
    ops_case_src(c, AMCT_FLOAT, shape, numbers, n_numbers);
    ops_case_no_src(c);
    if (place == SIZES)
        ops_case_no_src(c);
    ops_case_src(c, place == SIZES ? AMCT_INT64 : AMCT_FLOAT, DIMS((int64_t)n), list, n);
    return c;
}

/* 1, 2, 3, 4 to `size` elements. */
static ops_case *row(double size, const char *mode, const char *coordinates)
{
    ops_case *c = resize(DIMS(4), NUMBERS(1, 2, 3, 4), SIZES, &size, 1);
    ops_case_string(c, "mode", mode);
    if (coordinates)
        ops_case_string(c, "coordinate_transformation_mode", coordinates);
    return c;
}

Test(ops_resize, nearest_repeats_pixels)
{
    ops_case *c = resize(DIMS(1, 2, 2, 1), NUMBERS(1, 2, 3, 4), SCALES, NUMBERS(1, 2, 3, 1));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 4, 6, 1),
                   NUMBERS(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4));
    c = resize(DIMS(1, 1, 2, 2), NUMBERS(1, 2, 3, 4), SIZES, NUMBERS(1, 2, 2, 4));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 2, 2, 4),
                   NUMBERS(1, 1, 2, 2, 3, 3, 4, 4, 1, 1, 2, 2, 3, 3, 4, 4));
}

Test(ops_resize, nearest_moves_every_type_and_keeps_the_zero_point)
{
    static const uint32_t types[] = {AMCT_INT4, AMCT_INT8, AMCT_FLOAT16, AMCT_DOUBLE, AMCT_INT64};
    for (int t = 0; t < 5; t++) {
        ops_case *c = ops_case_new("Resize", 1);
        ops_case_src(c, types[t], DIMS(2, 3), NUMBERS(1, -2, 3, 4, -5, 6));
        ops_case_no_src(c);
        ops_case_no_src(c);
        ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(4, 3));
        c->src[0].zero_point = 7;
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        ops_case_expect(c, 0, types[t], DIMS(4, 3),
                        NUMBERS(1, -2, 3, 1, -2, 3, 4, -5, 6, 4, -5, 6));
        cr_assert_eq(c->dst[0].zero_point, 7);
        ops_case_free(c);
    }
}

Test(ops_resize, nearest_rounds_as_told)
{
    static const struct {
        const char *rounding;
        double half[2], third[3]; /* at 0.5, 2.5; at 0, 4/3, 8/3 */
    } all[] = {{"round_prefer_floor", {1, 3}, {1, 2, 4}},
               {"round_prefer_ceil", {2, 4}, {1, 2, 4}},
               {"floor", {1, 3}, {1, 2, 3}},
               {"ceil", {2, 4}, {1, 3, 4}}};
    for (int i = 0; i < 4; i++) {
        ops_case *c = row(2, "nearest", "half_pixel");
        ops_case_string(c, "nearest_mode", all[i].rounding);
        ops_case_gives(c, AMCT_FLOAT, DIMS(2), all[i].half, 2);
        c = row(3, "nearest", "asymmetric");
        ops_case_string(c, "nearest_mode", all[i].rounding);
        ops_case_gives(c, AMCT_FLOAT, DIMS(3), all[i].third, 3);
    }
}

Test(ops_resize, linear_follows_the_coordinates)
{
    ops_case_gives(row(8, "linear", NULL), AMCT_FLOAT, DIMS(8),
                   NUMBERS(1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4));
    ops_case_gives(row(7, "linear", "align_corners"), AMCT_FLOAT, DIMS(7),
                   NUMBERS(1, 1.5, 2, 2.5, 3, 3.5, 4));
    ops_case_gives(row(8, "linear", "asymmetric"), AMCT_FLOAT, DIMS(8),
                   NUMBERS(1, 1.5, 2, 2.5, 3, 3.5, 4, 4));
    ops_case_gives(row(2, "linear", "pytorch_half_pixel"), AMCT_FLOAT, DIMS(2), NUMBERS(1.5, 3.5));
    ops_case_gives(row(1, "linear", "pytorch_half_pixel"), AMCT_FLOAT, DIMS(1), NUMBERS(1));
    ops_case_gives(row(1, "linear", "align_corners"), AMCT_FLOAT, DIMS(1), NUMBERS(1));
    ops_case_gives(row(1, "linear", "half_pixel"), AMCT_FLOAT, DIMS(1), NUMBERS(2.5));
    ops_case_gives(row(8, "nearest", "tf_half_pixel_for_nn"), AMCT_FLOAT, DIMS(8),
                   NUMBERS(1, 2, 2, 3, 3, 4, 4, 4));
    ops_case *c = resize(DIMS(4), NUMBERS(1, 2, 3, 4), SCALES, NUMBERS(0.6));
    ops_case_string(c, "mode", "linear");
    ops_case_string(c, "coordinate_transformation_mode", "half_pixel_symmetric");
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(5.0 / 3, 10.0 / 3));
}

Test(ops_resize, a_crop_may_reach_beyond_the_source)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const double want[3][3] = {{2, 4, 9}, {2.5, 4, 9}, {2.5, 4, 9}};
    for (int i = 0; i < 3; i++) {
        ops_case *c = ops_case_new("Resize", 1);
        ops_case_src(c, AMCT_FLOAT, DIMS(4), NUMBERS(1, 2, 3, 4));
        ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(0.5, 1.5));
        ops_case_no_src(c);
        ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(3));
        ops_case_string(c, "mode", modes[i]);
        ops_case_string(c, "coordinate_transformation_mode", "tf_crop_and_resize");
        ops_case_float(c, "extrapolation_value", 9);
        ops_case_gives(c, AMCT_FLOAT, DIMS(3), want[i], 3);
    }
    ops_case *c = row(3, "linear", "tf_crop_and_resize");
    ops_case_refuses(c, AMCT_E_INVALID, "Resize: roi must have 2 numbers for tf_crop_and_resize");
}

Test(ops_resize, cubic_weighs_four_neighbours)
{
    ops_case_gives(row(2, "cubic", NULL), AMCT_FLOAT, DIMS(2), NUMBERS(1.40625, 3.59375));
    ops_case *c = row(2, "cubic", NULL);
    ops_case_int(c, "exclude_outside", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1.5 / 1.09375, 5 - 1.5 / 1.09375));
    c = row(2, "cubic", NULL);
    ops_case_float(c, "cubic_coeff_a", -0.5);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1.4375, 3.5625));
}

Test(ops_resize, antialias_widens_the_filter_when_shrinking)
{
    ops_case *c = row(2, "linear", NULL);
    ops_case_int(c, "antialias", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1.625, 3.375));
    c = row(2, "linear", NULL);
    ops_case_int(c, "antialias", 1);
    ops_case_int(c, "exclude_outside", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(12 / 7.0, 23 / 7.0));
    c = row(8, "linear", NULL);
    ops_case_int(c, "antialias", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(8), NUMBERS(1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4));
    c = row(2, "nearest", NULL);
    ops_case_int(c, "antialias", 1);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Resize: antialias is for linear and cubic, not for nearest");
}

/* Weights of one axis, `out` rows of `in`, as the operator gives them for unit vectors. */
static void axis_weights(double *weights, const char *mode, int64_t in, double out)
{
    for (int64_t i = 0; i < in; i++) {
        double unit[16] = {0};
        unit[i] = 1;
        ops_case *c = resize(DIMS(in), unit, (size_t)in, SIZES, &out, 1);
        ops_case_string(c, "mode", mode);
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        for (int64_t o = 0; o < (int64_t)out; o++)
            weights[o * in + i] = amct_value_get(&c->dst[0], o);
        ops_case_free(c);
    }
}

Test(ops_resize, several_axes_are_resized_independently)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    double x[2 * 5 * 3 * 4 * 2], h[8 * 5], w[3 * 4], y[2 * 8 * 3 * 3 * 2];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (double)(i * 7 % 31);
    for (int m = 0; m < 3; m++) { /* dims 1 and 3 of five: one grows, the other shrinks */
        axis_weights(h, modes[m], 5, 8);
        axis_weights(w, modes[m], 4, 3);
        for (int i = 0; i < 2 * 8 * 3 * 3 * 2; i++) {
            int n = i / 144, o = i / 18 % 8, c = i / 6 % 3, p = i / 2 % 3, k = i % 2;
            y[i] = 0;
            for (int a = 0; a < 5; a++)
                for (int b = 0; b < 4; b++)
                    y[i] +=
                        h[o * 5 + a] * w[p * 4 + b] * x[(((n * 5 + a) * 3 + c) * 4 + b) * 2 + k];
        }
        ops_case *c = resize(DIMS(2, 5, 3, 4, 2), x, sizeof x / sizeof *x, SIZES, NUMBERS(3, 8));
        ops_case_ints(c, "axes", (int64_t[]){-2, 1}, 2);
        ops_case_string(c, "mode", modes[m]);
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        for (size_t i = 0; i < sizeof y / sizeof *y; i++)
            cr_assert_float_eq(amct_value_get(&c->dst[0], (int64_t)i), y[i], 2e-5, "%s %zu",
                               modes[m], i);
        ops_case_free(c);
    }
}

Test(ops_resize, integers_are_rounded_and_saturate)
{
    ops_case *c = ops_case_new("Resize", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(2), NUMBERS(0, 255));
    ops_case_no_src(c);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(2));
    ops_case_string(c, "mode", "cubic");
    ops_case_gives(c, AMCT_UINT8, DIMS(4), NUMBERS(0, 58, 197, 255));
    c = ops_case_new("Resize", 1);
    ops_case_src(c, AMCT_INT8, DIMS(2), NUMBERS(-10, -21));
    ops_case_no_src(c);
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(2));
    ops_case_string(c, "mode", "linear");
    ops_case_string(c, "coordinate_transformation_mode", "asymmetric");
    ops_case_gives(c, AMCT_INT8, DIMS(4), NUMBERS(-10, -16, -21, -21));
}

Test(ops_resize, the_aspect_ratio_can_be_kept)
{
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    const amct_shape want[] = {DIMS(1, 7, 8), DIMS(1, 4, 8), DIMS(1, 7, 14)};
    for (int i = 0; i < 3; i++) {
        ops_case *c = resize(DIMS(1, 2, 4), NUMBERS(1), SIZES, NUMBERS(7, 8));
        ops_case_ints(c, "axes", (int64_t[]){1, 2}, 2);
        ops_case_string(c, "keep_aspect_ratio_policy", policies[i]);
        cr_assert_eq(ops_case_infer(c), AMCT_OK, "%s", c->err.text);
        cr_assert(amct_shape_equal(&c->dst[0].shape, &want[i]), "%s", policies[i]);
        ops_case_free(c);
    }
}

Test(ops_resize, lengths_are_cut_in_single_precision)
{
    ops_case *c = resize(DIMS(10), NUMBERS(1), SCALES, NUMBERS(0.7));
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert_eq(c->dst[0].shape.dims[0], 7);
    ops_case_free(c);
    c = resize(DIMS(3), NUMBERS(1), SCALES, NUMBERS(0.3));
    ops_case_gives(c, AMCT_FLOAT, DIMS(0), NULL, 0);
    c = resize(DIMS(0), NUMBERS(1), SIZES, NUMBERS(0));
    ops_case_gives(c, AMCT_FLOAT, DIMS(0), NULL, 0);
}

Test(ops_resize, infinities_stay_where_they_are)
{
    ops_case *c = resize(DIMS(3), NUMBERS(1, INFINITY, 3), SIZES, NUMBERS(5));
    ops_case_string(c, "mode", "linear");
    ops_case_string(c, "coordinate_transformation_mode", "align_corners");
    ops_case_gives(c, AMCT_FLOAT, DIMS(5), NUMBERS(1, INFINITY, INFINITY, INFINITY, 3));
}

Test(ops_resize, contradictions_are_refused)
{
    ops_case *c = resize(DIMS(2, 2), NUMBERS(1), SCALES, NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Resize: 1 scales or sizes for 2 axes");
    c = resize(DIMS(2), NUMBERS(1), SCALES, NUMBERS(2));
    ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(4));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Resize: both are given, wanted is one of scales and sizes");
    c = ops_case_new("Resize", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Resize: neither is given, wanted is one of scales and sizes");
    ops_case_refuses(resize(DIMS(2), NUMBERS(1), SCALES, NUMBERS(-1)), AMCT_E_INVALID,
                     "Resize: scale 0 is -1");
    ops_case_refuses(resize(DIMS(2), NUMBERS(1), SCALES, NUMBERS(NAN)), AMCT_E_INVALID,
                     "Resize: scale 0 is nan");
    ops_case_refuses(resize(DIMS(2), NUMBERS(1), SCALES, NUMBERS(1e30)), AMCT_E_LIMIT,
                     "Resize: 2 times 1e+30 is too large");
    ops_case_refuses(resize(DIMS(2), NUMBERS(1), SIZES, NUMBERS(-3)), AMCT_E_INVALID,
                     "Resize: axis 0 of size 2 cannot become -3");
    ops_case_refuses(resize(DIMS(0), NUMBERS(1), SIZES, NUMBERS(3)), AMCT_E_INVALID,
                     "Resize: axis 0 of size 0 cannot become 3");
    ops_case_refuses(row(2, "quintic", NULL), AMCT_E_INVALID,
                     "Resize: mode 'quintic' is not one of: nearest, linear, cubic");
}

Test(ops_resize, variable_targets_are_unknown_and_an_empty_list_is_left_out)
{
    ops_case *c = resize(DIMS(2), NUMBERS(1), SIZES, NUMBERS(4));
    c->variable[3] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert_eq(c->dst[0].shape.rank, -1);
    ops_case_free(c);
    c = ops_case_new("Resize", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_FLOAT, DIMS(0), NUMBERS(0));
    ops_case_src(c, AMCT_FLOAT, DIMS(0), NUMBERS(0));
    ops_case_src(c, AMCT_INT64, DIMS(1), NUMBERS(4));
    ops_case_gives(c, AMCT_FLOAT, DIMS(4), NUMBERS(1, 1, 2, 2));
}

Test(ops_resize, upsample_is_asymmetric_and_rounds_down)
{
    ops_case *c = ops_case_new("Upsample", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 3), NUMBERS(1, 2, 3));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 1.5));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 4), NUMBERS(1, 1, 2, 3));
    c = ops_case_new("Upsample", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1, 2));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(2));
    ops_case_string(c, "mode", "linear");
    ops_case_gives(c, AMCT_FLOAT, DIMS(4), NUMBERS(1, 1.5, 2, 2));
}
