#include "ops/window.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static amct_attr attrs[8];
static amct_node node;

static void begin(const char *op)
{
    node = (amct_node){.name = "", .op = op, .domain = "", .attrs = attrs};
}

static void ints(const char *name, const int64_t *values, size_t n)
{
    attrs[node.n_attrs++] =
        (amct_attr){.name = name, .type = AMCT_ATTR_INTS, .data = values, .count = n};
}
#define INTS(name, ...)                                                                            \
    ints(name, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void word(const char *name, const char *value)
{
    attrs[node.n_attrs++] =
        (amct_attr){.name = name, .type = AMCT_ATTR_STRING, .data = value, .count = strlen(value)};
}

static amct_shape parse(const char *text)
{
    amct_shape shape = {0};
    for (char *end; *text; text = *end ? end + 1 : end)
        shape.dims[shape.rank++] = strtoll(text, &end, 10);
    return shape;
}

/* Shapes as "1x3x8x8"; weights "" for pooling. */
static amct_status try_make(amct_window *w, const char *src, const char *weights)
{
    amct_shape x = parse(src), k = parse(weights);
    return amct_window_make(w, &node, &x, *weights ? &k : NULL, &err);
}

static amct_window make(const char *src, const char *weights)
{
    amct_window w = {0};
    cr_assert_eq(try_make(&w, src, weights), AMCT_OK, "%s", err.text);
    return w;
}

static void refuses(const char *src, const char *weights, amct_status code, const char *text)
{
    amct_window w = {.rank = 77};
    cr_assert_eq(try_make(&w, src, weights), code);
    cr_assert_str_eq(err.text, text);
    cr_assert_eq(w.rank, 77, "written on failure");
}

Test(ops_window, kernel_and_steps_default_to_the_weights_and_one)
{
    begin("Conv");
    amct_window w = make("1x3x8x9", "4x3x3x2");
    cr_assert_eq(w.rank, 2);
    cr_assert_eq(w.kernel[0], 3);
    cr_assert_eq(w.kernel[1], 2);
    cr_assert_eq(w.out[0], 6);
    cr_assert_eq(w.out[1], 8);
    cr_assert_eq(w.pad_begin[0] + w.pad_end[1], 0);
}

Test(ops_window, pads_are_begins_then_ends)
{
    begin("Conv");
    INTS("pads", 1, 0, 2, 3);
    INTS("strides", 2, 1);
    INTS("dilations", 2, 1);
    amct_window w = make("1x3x8x9", "4x3x3x2");
    cr_assert_eq(w.pad_begin[0], 1);
    cr_assert_eq(w.pad_end[0], 2);
    cr_assert_eq(w.pad_begin[1], 0);
    cr_assert_eq(w.pad_end[1], 3);
    cr_assert_eq(w.out[0], (8 + 3 - 5) / 2 + 1);
    cr_assert_eq(w.out[1], (9 + 3 - 2) + 1);
}

Test(ops_window, same_padding_puts_the_odd_one_where_its_name_says)
{
    for (int lower = 0; lower < 2; lower++) {
        begin("Conv");
        word("auto_pad", lower ? "SAME_LOWER" : "SAME_UPPER");
        INTS("strides", 2);
        amct_window w = make("1x1x7", "1x1x4"); /* 4 results, 3 to pad */
        cr_assert_eq(w.out[0], 4);
        cr_assert_eq(w.pad_begin[0], lower ? 2 : 1);
        cr_assert_eq(w.pad_end[0], lower ? 1 : 2);
    }
    begin("Conv");
    word("auto_pad", "SAME_UPPER");
    INTS("strides", 3);
    amct_window w = make("1x1x7", "1x1x1"); /* the stride passes over the rest: nothing to pad */
    cr_assert_eq(w.out[0], 3);
    cr_assert_eq(w.pad_begin[0] + w.pad_end[0], 0);
}

Test(ops_window, valid_padding_ignores_pads)
{
    begin("Conv");
    word("auto_pad", "VALID");
    INTS("pads", 5, 5);
    cr_assert_eq(make("1x1x7", "1x1x3").out[0], 5);
}

Test(ops_window, ceil_mode_adds_a_window_that_begins_inside)
{
    begin("MaxPool");
    INTS("kernel_shape", 3);
    INTS("strides", 2);
    attrs[node.n_attrs++] = (amct_attr){.name = "ceil_mode", .type = AMCT_ATTR_INT, .i = 1};
    cr_assert_eq(make("1x1x6", "").out[0], 3); /* 0..2, 2..4, 4..6 */
    cr_assert_eq(make("1x1x7", "").out[0], 3);
}

Test(ops_window, ceil_mode_leaves_out_a_window_that_would_begin_in_the_end_padding)
{
    begin("MaxPool");
    INTS("kernel_shape", 2);
    INTS("strides", 3);
    INTS("pads", 1, 1);
    attrs[node.n_attrs++] = (amct_attr){.name = "ceil_mode", .type = AMCT_ATTR_INT, .i = 1};
    /* 5 + 2: windows at -1, 2 and (5) */
    cr_assert_eq(make("1x1x5", "").out[0], 2);
    cr_assert_eq(make("1x1x6", "").out[0], 3);
}

Test(ops_window, transposed_sizes_reverse_those_of_a_convolution)
{
    begin("ConvTranspose");
    INTS("strides", 2);
    INTS("pads", 1, 0);
    INTS("output_padding", 1);
    amct_window w = make("1x1x4", "1x1x3");
    cr_assert_eq(w.out[0], 3 * 2 + 3 - 1 + 1);
    cr_assert_eq(w.pad_end[0], -1);
    begin("ConvTranspose");
    INTS("strides", 2);
    INTS("output_shape", 8);
    w = make("1x1x4", "1x1x3"); /* 9 whole: one to cut, at the beginning unless upper */
    cr_assert_eq(w.out[0], 8);
    cr_assert_eq(w.pad_begin[0], 1);
    cr_assert_eq(w.pad_end[0], 0);
    word("auto_pad", "SAME_UPPER");
    w = make("1x1x4", "1x1x3");
    cr_assert_eq(w.pad_begin[0], 0);
    cr_assert_eq(w.pad_end[0], 1);
}

Test(ops_window, numbers_that_make_no_window_are_named)
{
    begin("Conv");
    INTS("strides", 1, 0);
    refuses("1x1x4x4", "1x1x3x3", AMCT_E_INVALID, "stride width is 0, wanted 1 to 2147483647");
    begin("Conv");
    refuses("1x1x4x4", "1x1x0x3", AMCT_E_INVALID, "kernel height of the weights is 0");
    INTS("kernel_shape", 3, 2);
    refuses("1x1x4x4", "1x1x3x3", AMCT_E_INVALID, "kernel width is 2, but 3 in the weights");
    begin("MaxPool");
    refuses("1x1x4x4", "", AMCT_E_INVALID, "kernel_shape is missing");
    INTS("kernel_shape", 0, 3);
    refuses("1x1x4x4", "", AMCT_E_INVALID, "kernel height is 0, wanted 1 to 2147483647");
    begin("Conv");
    INTS("dilations", INT64_MAX);
    refuses("1x1x4", "1x1x3", AMCT_E_INVALID,
            "dilation width is 9223372036854775807, wanted 1 to 2147483647");
    begin("Conv");
    INTS("pads", 1, -1);
    refuses("1x1x4", "1x1x3", AMCT_E_INVALID, "padding width is -1, wanted 0 to 2147483647");
    begin("Conv");
    INTS("pads", 1, 1, 1);
    refuses("1x1x4x4", "1x1x3x3", AMCT_E_INVALID, "pads has 3 numbers, wanted 4");
    begin("Conv");
    INTS("dilations", 2);
    refuses("1x1x4", "1x1x3", AMCT_E_INVALID,
            "a window of width 5 does not fit into 4 (with padding)");
    begin("Conv");
    word("auto_pad", "same");
    refuses("1x1x4", "1x1x3", AMCT_E_INVALID,
            "auto_pad 'same' is not one of: NOTSET, VALID, SAME_UPPER, SAME_LOWER");
}

Test(ops_window, ranks_and_sizes_are_checked)
{
    begin("Conv");
    refuses("1x1", "1x1", AMCT_E_INVALID, "the input has 2 dims, wanted 3 to 5");
    refuses("1x1x2x2x2x2", "1x1x1x1x1x1", AMCT_E_UNSUPPORTED,
            "the input has 6 dims, at most 5 are supported");
    refuses("1x1x4x4", "1x1x3", AMCT_E_INVALID, "the weights have 3 dims, wanted 4 as the input");
    refuses("1x1x4x0", "1x1x3x3", AMCT_E_INVALID,
            "width of the input is 0, wanted 1 to 2147483647");
}

Test(ops_window, pooling_takes_no_padding_of_a_whole_window)
{
    begin("MaxPool");
    INTS("kernel_shape", 2);
    INTS("pads", 0, 2);
    refuses("1x1x4", "", AMCT_E_INVALID,
            "padding width 0 and 2 is not smaller than the window's 2");
}

Test(ops_window, output_padding_and_shape_stay_within_reason)
{
    begin("ConvTranspose");
    INTS("output_padding", 2);
    INTS("strides", 2);
    refuses("1x1x4", "1x1x3", AMCT_E_INVALID,
            "output padding width is 2, wanted less than stride or dilation (2)");
    begin("ConvTranspose");
    INTS("pads", 3, 3);
    refuses("1x1x4", "1x1x3", AMCT_E_INVALID, "width of the result is 0");
}

Test(ops_window, extreme_numbers_do_not_overflow)
{
    begin("ConvTranspose");
    INTS("strides", INT32_MAX);
    INTS("dilations", INT32_MAX);
    INTS("output_padding", INT32_MAX - 1);
    amct_window w = make("1x1x2147483647", "1x1x2147483647");
    cr_assert_eq(w.out[0], 2 * (((int64_t)INT32_MAX - 1) * INT32_MAX) + 1 + INT32_MAX - 1);
    begin("MaxPool");
    INTS("kernel_shape", INT32_MAX);
    INTS("dilations", INT32_MAX);
    INTS("pads", INT32_MAX, INT32_MAX);
    refuses("1x1x2147483647", "", AMCT_E_INVALID,
            "a window of width 4611686011984936963 does not fit into 6442450941 (with padding)");
}

Test(ops_window, the_3d_view_leads_with_dims_of_one)
{
    begin("Conv");
    INTS("pads", 1, 1);
    amct_window w = make("1x3x8", "4x3x3"), wide = amct_window_to_3d(&w);
    cr_assert_eq(wide.rank, 3);
    for (int d = 0; d < 2; d++) {
        cr_assert_eq(wide.in[d] * wide.out[d] * wide.kernel[d] * wide.strides[d], 1);
        cr_assert_eq(wide.pad_begin[d] + wide.pad_end[d], 0);
        cr_assert_eq(wide.dilations[d], 1);
    }
    cr_assert_eq(wide.out[2], 8);
    cr_assert_eq(wide.pad_begin[2], 1);
    amct_shape src = amct_shape_of(3, (int64_t[]){5, 3, 8});
    amct_shape result = amct_window_result(&w, &src, 4);
    cr_assert(amct_shape_equal(&result, &(amct_shape){3, {5, 4, 8}}));
}
