/* Operators by their numbers, as TensorFlow's documentation defines them. */
#include "unit/tf_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define F(...)                                                                                     \
    (const float[])                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static tf_build b;

static void begin(void)
{
    tb_begin(&b);
}

static void end(void)
{
    tb_end(&b);
}

/* A picture of 1 x h x w x c, brought to the order of convolutions by one that changes nothing. */
static void picture(int h, int w, int c)
{
    float unit[16] = {0};
    for (int i = 0; i < c; i++)
        unit[i * c + i] = 1;
    tb_input(&b, "x", 4, D(1, h, w, c));
    tb_floats(&b, "unit", 4, D(1, 1, c, c), unit);
    tb_node(&b, "Conv2D", "p", "x unit");
    tb_text(&b, "padding", "SAME");
    tb_ints(&b, "strides", 4, D(1, 1, 1, 1));
}

Test(tf_ops, depth_to_space_takes_blocks_of_channels, .init = begin, .fini = end)
{
    picture(1, 2, 4);
    tb_node(&b, "DepthToSpace", "y", "p");
    tb_int(&b, "block_size", 2);
    tr_expect(&b, F(1, 2, 3, 4, 5, 6, 7, 8), 8, F(1, 2, 5, 6, 3, 4, 7, 8));
}

Test(tf_ops, space_to_depth_is_the_way_back, .init = begin, .fini = end)
{
    picture(2, 4, 1);
    tb_node(&b, "SpaceToDepth", "y", "p");
    tb_int(&b, "block_size", 2);
    tr_expect(&b, F(1, 2, 5, 6, 3, 4, 7, 8), 8, F(1, 2, 3, 4, 5, 6, 7, 8));
}

Test(tf_ops, mirror_pad_reflects, .init = begin, .fini = end)
{
    picture(1, 3, 1);
    tb_node(&b, "Const", "pads", "");
    tb_tensor(&b, "value", 3, 2, D(4, 2), I32(0, 0, 0, 0, 2, 1, 0, 0), 32);
    tb_node(&b, "MirrorPad", "y", "p pads");
    tb_text(&b, "mode", "REFLECT");
    tr_expect(&b, F(1, 2, 3), 6, F(3, 2, 1, 2, 3, 2));
}

Test(tf_ops, mirror_pad_by_one_may_be_symmetric, .init = begin, .fini = end)
{
    picture(1, 3, 1);
    tb_node(&b, "Const", "pads", "");
    tb_tensor(&b, "value", 3, 2, D(4, 2), I32(0, 0, 0, 0, 1, 1, 0, 0), 32);
    tb_node(&b, "MirrorPad", "y", "p pads");
    tb_text(&b, "mode", "SYMMETRIC");
    tr_expect(&b, F(1, 2, 3), 5, F(1, 1, 2, 3, 3));
}

Test(tf_ops, pad_v2_pads_with_its_number, .init = begin, .fini = end)
{
    picture(1, 2, 1);
    tb_node(&b, "Const", "pads", "");
    tb_tensor(&b, "value", 3, 2, D(4, 2), I32(0, 0, 0, 0, 1, 0, 0, 1), 32);
    tb_floats(&b, "seven", 0, NULL, F(7));
    tb_node(&b, "PadV2", "y", "p pads seven");
    tr_expect(&b, F(1, 2), 6, F(7, 7, 1, 7, 2, 7));
}

static void resize(const char *op, const char *flag, int width)
{
    picture(1, 4, 1);
    tb_list(&b, "size", 2, I32(1, width));
    tb_node(&b, op, "y", "p size");
    if (flag)
        tb_bool(&b, flag, true);
}

Test(tf_ops, nearest_floors, .init = begin, .fini = end)
{
    resize("ResizeNearestNeighbor", NULL, 6);
    /* floor(i * 4 / 6) */
    tr_expect(&b, F(0, 1, 2, 3), 6, F(0, 0, 1, 2, 2, 3));
}

Test(tf_ops, nearest_with_centers_takes_the_pixel_that_a_center_is_in, .init = begin, .fini = end)
{
    resize("ResizeNearestNeighbor", "half_pixel_centers", 6);
    /* floor((i + 0.5) * 4 / 6) */
    tr_expect(&b, F(0, 1, 2, 3), 6, F(0, 1, 1, 2, 3, 3));
}

Test(tf_ops, nearest_with_corners_rounds_halves_up, .init = begin, .fini = end)
{
    resize("ResizeNearestNeighbor", "align_corners", 7);
    /* round(i * 3 / 6) */
    tr_expect(&b, F(0, 1, 2, 3), 7, F(0, 1, 1, 2, 2, 3, 3));
}

Test(tf_ops, bilinear_of_three_kinds, .init = begin, .fini = end)
{
    resize("ResizeBilinear", NULL, 8);
    tr_expect(&b, F(0, 1, 2, 3), 8, F(0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3));
    tb_end(&b);
    begin();
    resize("ResizeBilinear", "half_pixel_centers", 8);
    tr_expect(&b, F(0, 1, 2, 3), 8, F(0, 0.25f, 0.75f, 1.25f, 1.75f, 2.25f, 2.75f, 3));
    tb_end(&b);
    begin();
    resize("ResizeBilinear", "align_corners", 7);
    tr_expect(&b, F(0, 1, 2, 3), 7, F(0, 0.5f, 1, 1.5f, 2, 2.5f, 3));
}

/* x / (bias + alpha * sum of squares of the neighbours) ^ beta */
/* The same nodes as for repeated pixels, but each row as a whole is repeated. */
Test(tf_ops, tiled_rows_are_no_repeated_pixels, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(1, 2));
    tb_node(&b, "Relu", "r", "x");
    tb_scalar(&b, "one", 1);
    tb_node(&b, "ExpandDims", "e", "r one");
    tb_list(&b, "times", 3, I32(1, 3, 1));
    tb_node(&b, "Tile", "t", "e times");
    tb_list(&b, "to", 2, I32(1, 6));
    tb_node(&b, "Reshape", "y", "t to");
    tr_expect(&b, F(1, 2), 6, F(1, 2, 1, 2, 1, 2));
}

Test(tf_ops, repeated_numbers_are_next_to_each_other, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(1, 2));
    tb_node(&b, "Relu", "r", "x");
    tb_scalar(&b, "two", 2);
    tb_node(&b, "ExpandDims", "e", "r two");
    tb_list(&b, "times", 3, I32(1, 1, 3));
    tb_node(&b, "Tile", "t", "e times");
    tb_list(&b, "to", 2, I32(1, 6));
    tb_node(&b, "Reshape", "y", "t to");
    tr_expect(&b, F(1, 2), 6, F(1, 1, 1, 2, 2, 2));
}

Test(tf_ops, lrn_sums_over_channels, .init = begin, .fini = end)
{
    float wanted[4];
    const float x[4] = {1, 2, 3, 4};
    picture(1, 1, 4);
    tb_node(&b, "LRN", "y", "p");
    tb_int(&b, "depth_radius", 1);
    tb_float(&b, "bias", 2);
    tb_float(&b, "alpha", 0.5f);
    tb_float(&b, "beta", 0.75f);
    for (int c = 0; c < 4; c++) {
        float sum = 0;
        for (int k = c - 1; k <= c + 1; k++)
            sum += k >= 0 && k < 4 ? x[k] * x[k] : 0;
        wanted[c] = x[c] / powf(2 + 0.5f * sum, 0.75f);
    }
    tr_expect(&b, x, 4, wanted);
}

Test(tf_ops, a_pool_without_room_leaves_the_padding_out, .init = begin, .fini = end)
{
    picture(1, 3, 1);
    tb_node(&b, "AvgPool", "y", "p");
    tb_ints(&b, "ksize", 4, D(1, 1, 2, 1));
    tb_ints(&b, "strides", 4, D(1, 1, 1, 1));
    tb_text(&b, "padding", "SAME");
    tr_expect(&b, F(1, 3, 8), 3, F(2, 5.5f, 8));
}

Test(tf_ops, splits_may_be_uneven, .init = begin, .fini = end)
{
    picture(1, 1, 4);
    tb_list(&b, "sizes", 2, I32(1, -1));
    tb_scalar(&b, "axis", 3);
    tb_node(&b, "SplitV", "s", "p sizes axis");
    tb_node(&b, "Mul", "y", "s:1 s");
    tr_expect(&b, F(2, 3, 4, 5), 3, F(6, 8, 10));
}

Test(tf_ops, packed_and_unpacked_again, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(1, 4));
    tb_node(&b, "Exp", "e", "x");
    tb_node(&b, "Pack", "p", "x e");
    tb_int(&b, "axis", 1);
    tb_node(&b, "Unpack", "u", "p");
    tb_int(&b, "axis", 1);
    tb_int(&b, "num", 2);
    tb_node(&b, "Sub", "y", "u:1 u");
    tr_expect(&b, F(0, 1, 2, 3), 4, F(1, expf(1) - 1, expf(2) - 2, expf(3) - 3));
}

Test(tf_ops, products_of_batches_may_be_transposed, .init = begin, .fini = end)
{
    tb_input(&b, "x", 3, D(1, 2, 3));
    tb_node(&b, "BatchMatMulV2", "y", "x x");
    tb_bool(&b, "adj_y", true);
    /* rows 1 2 3 and 4 5 6 with themselves */
    tr_expect(&b, F(1, 2, 3, 4, 5, 6), 4, F(14, 32, 32, 77));
}

Test(tf_ops, a_product_may_transpose_its_weights, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(1, 2));
    tb_floats(&b, "w", 2, D(3, 2), F(1, 2, 3, 4, 5, 6));
    tb_node(&b, "MatMul", "y", "x w");
    tb_bool(&b, "transpose_b", true);
    tr_expect(&b, F(1, 10), 3, F(21, 43, 65));
}

Test(tf_ops, gathering_takes_what_the_indices_say, .init = begin, .fini = end)
{
    picture(1, 1, 3);
    tb_list(&b, "indices", 2, I32(2, 0));
    tb_scalar(&b, "axis", 3);
    tb_node(&b, "GatherV2", "y", "p indices axis");
    tr_expect(&b, F(5, 6, 7), 2, F(7, 5));
}

Test(tf_ops, slices_of_pictures, .init = begin, .fini = end)
{
    picture(2, 3, 2);
    tb_list(&b, "from", 4, I32(0, 1, 0, 1));
    tb_list(&b, "size", 4, I32(-1, 1, 2, 1));
    tb_node(&b, "Slice", "y", "p from size");
    tr_expect(&b, F(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), 2, F(7, 9));
}

Test(tf_ops, indices_that_shrink_and_widen, .init = begin, .fini = end)
{
    picture(2, 2, 2);
    tb_list(&b, "from", 4, I32(0, 1, 0, 0));
    tb_list(&b, "to", 4, I32(0, 2, 0, 0));
    tb_list(&b, "step", 4, I32(1, 1, 1, -1));
    tb_node(&b, "StridedSlice", "y", "p from to step"); /* p[..., 1, newaxis, ::-1] of H x W x C */
    tb_int(&b, "ellipsis_mask", 1);
    tb_int(&b, "shrink_axis_mask", 2);
    tb_int(&b, "new_axis_mask", 4);
    tb_int(&b, "begin_mask", 8);
    tb_int(&b, "end_mask", 8);
    tr_expect(&b, F(0, 1, 2, 3, 4, 5, 6, 7), 4, F(3, 2, 7, 6));
}

Test(tf_ops, the_greatest_channel, .init = begin, .fini = end)
{
    picture(1, 2, 3);
    tb_scalar(&b, "axis", -1);
    tb_node(&b, "ArgMax", "a", "p axis");
    tb_type(&b, "output_type", 3);
    tb_node(&b, "Cast", "y", "a");
    tb_type(&b, "DstT", 1);
    tr_expect(&b, F(1, 5, 2, 9, 3, 4), 2, F(1, 0));
}

Test(tf_ops, softmax_is_over_channels, .init = begin, .fini = end)
{
    const float e = expf(1);
    picture(1, 2, 2);
    tb_node(&b, "Softmax", "y", "p");
    tr_expect(&b, F(0, 1, 5, 5), 4, F(1 / (1 + e), e / (1 + e), 0.5f, 0.5f));
}

Test(tf_ops, erfc_and_leaky_relu, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(1, 3));
    tb_node(&b, "LeakyRelu", "l", "x");
    tb_float(&b, "alpha", 0.5f);
    tb_node(&b, "Erfc", "y", "l");
    tr_expect(&b, F(-2, 0, 1), 3, F(erfcf(-1), 1, erfcf(1)));
}

Test(tf_ops, select_takes_from_two, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(1, 3));
    tb_floats(&b, "one", 0, NULL, F(1));
    tb_node(&b, "Greater", "g", "x one");
    tb_node(&b, "Neg", "n", "x");
    tb_node(&b, "SelectV2", "y", "g x n");
    tr_expect(&b, F(0.5f, 1, 2), 3, F(-0.5f, -1, 2));
}

Test(tf_ops, sums_keep_dims_or_not, .init = begin, .fini = end)
{
    picture(2, 2, 2);
    tb_list(&b, "rows", 1, I32(1));
    tb_node(&b, "Sum", "s", "p rows"); /* N x W x C */
    tb_list(&b, "channels", 1, I32(-1));
    tb_node(&b, "Max", "y", "s channels");
    tb_bool(&b, "keep_dims", true);
    tr_expect(&b, F(1, 2, 3, 4, 5, 6, 7, 8), 2, F(8, 12));
}

Test(tf_ops, nchw_graphs_stay_as_they_are, .init = begin, .fini = end)
{
    tb_input(&b, "in", 4, D(1, 2, 1, 3));
    tb_node(&b, "Relu", "x", "in");
    tb_floats(&b, "w", 4, D(1, 1, 2, 1), F(1, 10));
    tb_node(&b, "Conv2D", "c", "x w");
    tb_text(&b, "padding", "SAME");
    tb_text(&b, "data_format", "NCHW");
    tb_ints(&b, "strides", 4, D(1, 1, 1, 1));
    tb_floats(&b, "bias", 1, D(1), F(0.5f));
    tb_node(&b, "BiasAdd", "y", "c bias");
    tb_text(&b, "data_format", "NCHW");
    amct_graph *g = tr_import(&b, NULL, NULL);
    const amct_shape wanted = amct_shape_of(4, D(1, 2, 1, 3));
    cr_assert(amct_shape_equal(&g->tensors[g->inputs[0]].shape, &wanted));
    for (uint32_t i = 0; i < g->n_nodes; i++)
        cr_assert_not(amct_node_is(&g->nodes[i], "Transpose"));
    amct_graph_free(g);
}
