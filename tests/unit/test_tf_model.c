/* What becomes of TensorFlow's operators: small graphs, and their numbers. */
#include "unit/tf_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define D(...)                                                                                     \
    (const int64_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define I32(...)                                                                                   \
    (const int32_t[])                                                                              \
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

static uint32_t count(const amct_graph *g, const char *op)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        n += amct_node_is(&g->nodes[i], op);
    return n;
}

static const amct_node *only(const amct_graph *g, const char *op)
{
    cr_assert_eq(count(g, op), 1, "%u times %s", count(g, op), op);
    for (uint32_t i = 0;; i++)
        if (amct_node_is(&g->nodes[i], op))
            return &g->nodes[i];
}

static void assert_ints(const amct_node *node, const char *attr, size_t n, const int64_t *wanted)
{
    size_t found;
    const int64_t *ints = amct_node_ints(node, attr, &found);
    cr_assert_eq(found, n, "%s has %zu numbers", attr, found);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(ints[i], wanted[i], "%s[%zu] is %lld", attr, i, (long long)ints[i]);
}

static void assert_shape(const amct_graph *g, uint32_t tensor, int32_t rank, const int64_t *dims)
{
    const amct_shape wanted = amct_shape_of(rank, dims);
    char text[100];
    cr_assert(amct_shape_equal(&g->tensors[tensor].shape, &wanted), "'%s' is %s",
              g->tensors[tensor].name,
              amct_shape_print(&g->tensors[tensor].shape, text, sizeof text));
}

static float ramp(int64_t i)
{
    return (float)(i + 1) / 16; /* as tb_ramp */
}

static void add_conv(const char *name, const char *src, const char *padding, int stride)
{
    tb_node(&b, "Conv2D", name, src);
    tb_text(&b, "padding", padding);
    tb_ints(&b, "strides", 4, D(1, stride, stride, 1));
}

/* ---- Convolutions -------------------------------------------------------------------------- */

Test(tf_model, padding_same_with_stride_2_pads_the_end, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(-1, 6, 5, 1));
    tb_ramp(&b, "w", 4, D(3, 3, 1, 2));
    add_conv("c", "x w", "SAME", 2);
    tb_node(&b, "Relu", "r", "c");
    tb_list(&b, "axes", 2, I32(1, 2));
    tb_node(&b, "Mean", "m", "r axes");
    amct_graph *g = tr_prepare(&b);
    const amct_node *conv = only(g, "Conv");
    assert_ints(conv, "pads", 4, D(0, 1, 1, 1)); /* 6 rows: 1 below; 5 columns: 1 on each side */
    assert_shape(g, g->inputs[0], 4, D(1, 1, 6, 5));
    assert_shape(g, conv->dst[0], 4, D(1, 2, 3, 3));
    assert_shape(g, g->outputs[0], 2, D(1, 2));
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "m");
    cr_assert_eq(count(g, "Transpose"), 0);
    amct_graph_free(g);
}

/* y[o] = sum of relu(conv(x))[h][w][c] * v[(h, w, c)][o], all in TensorFlow's order. */
Test(tf_model, a_product_behind_a_flattened_picture_takes_it_as_it_is, .init = begin, .fini = end)
{
    enum { H = 4, W = 3, C = 2, F = 3, OH = 3, OW = 2, O = 2 };
    float x[H * W * C], y[O];
    tb_input(&b, "x", 4, D(-1, H, W, C));
    tb_ramp(&b, "w", 4, D(2, 2, C, F));
    add_conv("c", "x w", "VALID", 1);
    tb_node(&b, "Shape", "shape", "c");
    tb_list(&b, "zero", 1, I32(0));
    tb_list(&b, "one", 1, I32(1));
    tb_node(&b, "StridedSlice", "batch", "shape zero one one");
    tb_int(&b, "shrink_axis_mask", 1);
    tb_scalar(&b, "rest", OH * OW * F);
    tb_node(&b, "Pack", "to", "batch rest");
    tb_node(&b, "Reshape", "flat", "c to");
    tb_ramp(&b, "v", 2, D(OH * OW * F, O));
    tb_node(&b, "MatMul", "y", "flat v");
    amct_graph *g = tr_prepare(&b);
    cr_assert_eq(count(g, "Transpose"), 0);
    for (int i = 0; i < H * W * C; i++)
        x[i] = (float)((i * 7) % 11) / 4 - 1;
    tr_run(&b, g, x, y, O);
    for (int o = 0; o < O; o++) {
        double sum = 0;
        for (int h = 0; h < OH; h++)
            for (int w = 0; w < OW; w++)
                for (int f = 0; f < F; f++) {
                    double v = 0;
                    for (int k = 0; k < 2 * 2 * C; k++)
                        v += x[((h + k / C / 2) * W + w + k / C % 2) * C + k % C] * ramp(k * F + f);
                    sum += v * ramp(((h * OW + w) * F + f) * O + o);
                }
        cr_assert_float_eq(y[o], sum, 1e-4 * fabs(sum), "%g, wanted %g", y[o], sum);
    }
    cr_assert_eq(amct_set_batch(g, 4, &b.err), AMCT_OK, "%s", b.err.text);
    assert_shape(g, g->outputs[0], 2, D(4, O));
    amct_graph_free(g);
}

Test(tf_model, weights_that_fit_a_block_are_scaled_by_what_follows, .init = begin, .fini = end)
{
    static const float scale[2] = {2, -1}, offset[2] = {1, 3}, mean[2] = {0.5f, 1},
                       variance[2] = {4, 0.25f};
    const float x[1] = {2};
    float y[2];
    tb_input(&b, "x", 4, D(1, 1, 1, 1));
    tb_ramp(&b, "w", 4, D(1, 1, 1, 2));
    add_conv("c", "x w", "SAME", 1);
    tb_floats(&b, "s", 1, D(2), scale);
    tb_floats(&b, "o", 1, D(2), offset);
    tb_floats(&b, "m", 1, D(2), mean);
    tb_floats(&b, "v", 1, D(2), variance);
    tb_node(&b, "FusedBatchNormV3", "n", "c s o m v");
    tb_bool(&b, "is_training", false);
    tb_float(&b, "epsilon", 0);
    amct_graph *g = tr_prepare(&b);
    cr_assert_eq(count(g, "BatchNormalization"), 0);
    tr_run(&b, g, x, y, 2);
    for (int i = 0; i < 2; i++)
        cr_assert_float_eq(
            y[i], (2 * ramp(i) - mean[i]) / sqrtf(variance[i]) * scale[i] + offset[i], 1e-6);
    amct_graph_free(g);
}

Test(tf_model, depthwise_and_grouped_convolutions_have_groups, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(1, 4, 4, 4));
    tb_ramp(&b, "w", 4, D(3, 3, 4, 2));
    tb_node(&b, "DepthwiseConv2dNative", "d", "x w");
    tb_text(&b, "padding", "SAME");
    tb_ints(&b, "strides", 4, D(1, 1, 1, 1));
    tb_ramp(&b, "v", 4, D(1, 1, 4, 6));
    add_conv("c", "d v", "SAME", 1);
    amct_graph *g = tr_import(&b, NULL, NULL);
    const amct_node *deep = &g->nodes[0], *grouped = &g->nodes[1];
    assert_shape(g, deep->src[1], 4, D(8, 1, 3, 3));
    cr_assert_eq(amct_node_int(deep, "group", 1), 4);
    /* channel c * 2 + m is multiplier m of channel c */
    cr_assert_eq(amct_constant_number(&g->tensors[deep->src[1]], 3 * 9), ramp(1 * 2 + 1));
    assert_shape(g, grouped->src[1], 4, D(6, 4, 1, 1));
    cr_assert_eq(amct_node_int(grouped, "group", 1), 2);
    amct_graph_free(g);
}

Test(tf_model, a_dilated_convolution_is_known_by_its_spelling, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(1, 7, 8, 1));
    tb_list(&b, "block", 2, I32(2, 2));
    tb_node(&b, "Const", "pads", "");
    tb_tensor(&b, "value", 3, 2, D(2, 2), I32(2, 3, 2, 2), 16);
    tb_node(&b, "Const", "crops", "");
    tb_tensor(&b, "value", 3, 2, D(2, 2), I32(0, 1, 0, 0), 16);
    tb_node(&b, "SpaceToBatchND", "s", "x block pads");
    tb_ramp(&b, "w", 4, D(3, 3, 1, 1));
    add_conv("c", "s w", "VALID", 1);
    tb_node(&b, "BatchToSpaceND", "y", "c block crops");
    amct_graph *g = tr_import(&b, NULL, NULL);
    const amct_node *conv = only(g, "Conv");
    assert_ints(conv, "dilations", 2, D(2, 2));
    assert_ints(conv, "pads", 4, D(2, 2, 2, 2));
    assert_shape(g, conv->dst[0], 4, D(1, 1, 7, 8));
    amct_graph_free(g);
}

Test(tf_model, a_transposed_convolution_has_the_size_that_is_asked_for, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(1, 3, 3, 2));
    tb_list(&b, "size", 4, I32(1, 6, 5, 4));
    tb_ramp(&b, "w", 4, D(3, 3, 4, 2));
    tb_node(&b, "Conv2DBackpropInput", "t", "size w x");
    tb_ints(&b, "strides", 4, D(1, 2, 2, 1));
    tb_text(&b, "padding", "SAME");
    amct_graph *g = tr_prepare(&b);
    const amct_node *t = only(g, "ConvTranspose");
    assert_shape(g, t->dst[0], 4, D(1, 4, 6, 5));
    assert_ints(t, "pads", 4, D(0, 1, 1, 1));
    amct_graph_free(g);
}

/* ---- Order of dims ------------------------------------------------------------------------- */

Test(tf_model, a_channel_shuffle_is_one_transpose, .init = begin, .fini = end)
{
    enum { G = 2, N = 3, C = G * N };
    float x[4 * C], y[4 * C];
    tb_input(&b, "x", 4, D(1, 2, 2, C));
    tb_node(&b, "Relu", "r", "x");
    tb_list(&b, "five", 5, I32(1, 2, 2, G, N));
    tb_node(&b, "Reshape", "a", "r five");
    tb_list(&b, "order", 5, I32(0, 1, 2, 4, 3));
    tb_node(&b, "Transpose", "t", "a order");
    tb_list(&b, "four", 4, I32(1, 2, 2, C));
    tb_node(&b, "Reshape", "c", "t four");
    tb_ramp(&b, "w", 4, D(1, 1, C, 1));
    add_conv("y", "c w", "SAME", 1);
    amct_graph *g = tr_prepare(&b);
    /* one for the shuffle; the result of one channel needs none */
    cr_assert_eq(count(g, "Transpose"), 1);
    for (int i = 0; i < 4 * C; i++)
        x[i] = (float)(i % 5);
    tr_run(&b, g, x, y, 4);
    for (int p = 0; p < 4; p++) {
        float sum = 0;
        for (int k = 0; k < C; k++) /* channel n * G + g of the shuffled is g * N + n */
            sum += x[p * C + k % G * N + k / G] * ramp(k);
        cr_assert_float_eq(y[p], sum, 1e-5, "%g, wanted %g", y[p], sum);
    }
    amct_graph_free(g);
}

Test(tf_model, constants_go_with_the_order_of_what_they_meet, .init = begin, .fini = end)
{
    float x[2 * 2 * 3] = {0}, y[2 * 2 * 3];
    tb_input(&b, "x", 4, D(1, 2, 2, 3));
    tb_ramp(&b, "w", 4, D(1, 1, 3, 3));
    add_conv("c", "x w", "SAME", 1);
    tb_ramp(&b, "row", 2, D(2, 3)); /* W x C */
    tb_node(&b, "AddV2", "a", "row c");
    tb_ramp(&b, "one", 1, D(3));
    tb_node(&b, "Mul", "m", "a one");
    amct_graph *g = tr_prepare(&b);
    tr_run(&b, g, x, y, 12);
    for (int i = 0; i < 12; i++)
        cr_assert_float_eq(y[i], ramp(i % 6) * ramp(i % 3), 1e-6);
    amct_graph_free(g);
}

Test(tf_model, repeating_pixels_is_a_resize, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(-1, 2, 3, 4));
    tb_node(&b, "Relu", "r", "x");
    tb_scalar(&b, "two", 2);
    tb_node(&b, "ExpandDims", "e", "r two");
    tb_list(&b, "times", 5, I32(1, 1, 2, 1, 1));
    tb_node(&b, "Tile", "t", "e times");
    tb_list(&b, "to", 4, I32(-1, 4, 3, 4));
    tb_node(&b, "Reshape", "y", "t to");
    tb_ramp(&b, "w", 4, D(1, 1, 4, 1));
    add_conv("c", "y w", "SAME", 1);
    amct_graph *g = tr_prepare(&b);
    assert_shape(g, only(g, "Resize")->dst[0], 4, D(1, 4, 4, 3));
    cr_assert_eq(count(g, "Tile"), 0);
    cr_assert_eq(count(g, "Transpose"), 0);
    amct_graph_free(g);
}

Test(tf_model, option_layout_keeps_the_input_as_the_file_has_it, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(1, 4, 5, 3));
    tb_ramp(&b, "w", 4, D(1, 1, 3, 2));
    add_conv("c", "x w", "SAME", 1);
    amct_graph *g = tr_import(&b, "layout", "file");
    assert_shape(g, g->inputs[0], 4, D(1, 4, 5, 3));
    assert_shape(g, g->outputs[0], 4, D(1, 4, 5, 2));
    amct_graph_free(g);
    g = tr_import(&b, "layout", "NCHW");
    assert_shape(g, g->inputs[0], 4, D(1, 3, 4, 5));
    assert_shape(g, g->outputs[0], 4, D(1, 4, 5, 2));
    amct_graph_free(g);
}

Test(tf_model, option_shape_says_what_the_file_leaves_open, .init = begin, .fini = end)
{
    tb_input(&b, "x", 4, D(-1, -1, -1, 3));
    tb_ramp(&b, "w", 4, D(1, 1, 3, 2));
    add_conv("c", "x w", "SAME", 1);
    amct_graph *g = tr_import(&b, "shape", "?x4x5x3");
    assert_shape(g, g->inputs[0], 4, D(-1, 3, 4, 5));
    amct_graph_free(g);
}

Test(tf_model, option_shape_gives_an_input_its_dims, .init = begin, .fini = end)
{
    tb_input(&b, "x", -1, NULL);
    tb_node(&b, "Relu", "y", "x");
    amct_graph *g = tr_import(&b, "shape", "2x7");
    assert_shape(g, g->inputs[0], 2, D(2, 7));
    amct_graph_free(g);
}

static void refuse_shape(const char *value, const char *words)
{
    const wb_bytes *file = tb_frozen(&b);
    const amct_option option = {.struct_size = sizeof option, .key = "shape", .value = value};
    amct_graph *g = NULL;
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size, NULL, &option, 1, &b.err),
        AMCT_E_INVALID);
    cr_assert_not_null(strstr(b.err.text, words), "%s", b.err.text);
}

Test(tf_model, option_shape_must_make_sense, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(-1, 3));
    tb_node(&b, "Relu", "y", "x");
    refuse_shape("1x", "dims like 1x224x224x3 wanted");
    refuse_shape("0x3", "dims like 1x224x224x3 wanted");
    refuse_shape("", "dims like 1x224x224x3 wanted");
    refuse_shape("1x2x3x4x5x6x7x8x9", "dims like 1x224x224x3 wanted");
    refuse_shape("1x4", "option shape is 1x4, the file says ?x3");
}

/* ---- The rest ------------------------------------------------------------------------------ */

Test(tf_model, a_strided_slice_counts_as_python_does, .init = begin, .fini = end)
{
    const float x[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    float y[4];
    tb_input(&b, "x", 2, D(1, 10));
    tb_list(&b, "from", 2, I32(0, -2));
    tb_list(&b, "to", 2, I32(0, 0));
    tb_list(&b, "step", 2, I32(1, -2));
    tb_node(&b, "StridedSlice", "y", "x from to step");
    tb_int(&b, "begin_mask", 1);
    tb_int(&b, "end_mask", 1);
    amct_graph *g = tr_prepare(&b);
    tr_run(&b, g, x, y, 4);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(y[i], 8 - 2 * i);
    amct_graph_free(g);
}

Test(tf_model, functions_are_read_in_the_place_of_their_calls, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(-1, 4));
    tb_ramp(&b, "w", 2, D(4, 4));
    tb_function(&b, "inner", "a v", "r=p:product:0");
    tb_node(&b, "MatMul", "p", "a v");
    tb_function_end(&b);
    tb_function(&b, "outer", "a v", "s=c:output:0 t=a");
    tb_node(&b, "PartitionedCall", "block/PartitionedCall", "a v");
    tb_func(&b, "f", "inner");
    tb_node(&b, "Relu", "c", "block/PartitionedCall:output:0");
    tb_function_end(&b);
    tb_node(&b, "StatefulPartitionedCall", "net", "x w");
    tb_func(&b, "f", "outer");
    tb_node(&b, "AddV2", "sum", "net net:1");
    amct_graph *g = tr_prepare(&b);
    cr_assert_str_eq(only(g, "MatMul")->name, "net/block/p");
    cr_assert_str_eq(only(g, "Relu")->name, "net/c");
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "sum");
    amct_graph_free(g);
}

Test(tf_model, a_dropout_that_keeps_all_disappears, .init = begin, .fini = end)
{
    static const float one[1] = {1};
    tb_input(&b, "x", 2, D(-1, 4));
    tb_node(&b, "Shape", "shape", "x");
    tb_node(&b, "RandomUniform", "u", "shape");
    tb_type(&b, "dtype", 1);
    tb_floats(&b, "one", 0, NULL, one);
    tb_node(&b, "PlaceholderWithDefault", "keep", "one");
    tb_node(&b, "Add", "add", "keep u");
    tb_node(&b, "Floor", "floor", "add");
    tb_node(&b, "RealDiv", "div", "x keep");
    tb_node(&b, "Mul", "y", "div floor");
    amct_graph *g = tr_import(&b, NULL, NULL);
    cr_assert_eq(g->n_inputs, 1);
    cr_assert_eq(amct_constant_number(&g->tensors[only(g, "Mul")->src[1]], 0), 1);
    amct_graph_free(g);
}

Test(tf_model, option_outputs_ends_the_network_earlier, .init = begin, .fini = end)
{
    tb_input(&b, "x", 2, D(-1, 4));
    tb_node(&b, "Relu", "r", "x");
    tb_node(&b, "Exp", "e", "r");
    tb_node(&b, "NonMaxSuppressionV3", "n", "e");
    amct_graph *g = tr_import(&b, "outputs", "e,r");
    cr_assert_eq(g->n_outputs, 2);
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "e");
    cr_assert_str_eq(g->tensors[g->outputs[1]].name, "r");
    amct_graph_free(g);
}

Test(tf_model, a_layer_norm_spelt_out_gives_its_numbers, .init = begin, .fini = end)
{
    static const float epsilon[1] = {0.5f};
    const float x[4] = {1, 2, 4, 9};
    float y[4];
    tb_input(&b, "x", 2, D(1, 4));
    tb_list(&b, "axis", 1, I32(-1));
    tb_node(&b, "Mean", "m", "x axis");
    tb_bool(&b, "keep_dims", true);
    tb_node(&b, "StopGradient", "stop", "m");
    tb_node(&b, "SquaredDifference", "d", "x stop");
    tb_node(&b, "Mean", "v", "d axis");
    tb_bool(&b, "keep_dims", true);
    tb_floats(&b, "eps", 0, NULL, epsilon);
    tb_node(&b, "AddV2", "a", "v eps");
    tb_node(&b, "Rsqrt", "s", "a");
    tb_node(&b, "Sub", "c", "x m");
    tb_node(&b, "Mul", "y", "c s");
    amct_graph *g = tr_prepare(&b);
    tr_run(&b, g, x, y, 4);
    for (int i = 0; i < 4; i++) /* mean 4, variance 9.5 */
        cr_assert_float_eq(y[i], (x[i] - 4) / sqrtf(10), 1e-6);
    amct_graph_free(g);
}
