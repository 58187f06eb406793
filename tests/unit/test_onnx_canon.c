/* Older forms of operators come out as those of opset 18. */
#include "unit/onnx_build.h"

#include <criterion/criterion.h>
#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static onnx_build b;
static amct_graph *g;
static const amct_node *n; /* the node that is looked at */

static void teardown(void)
{
    amct_graph_free(g);
    g = NULL;
    ob_end(&b);
}

/* x of 2x3x4 -> op -> y; add attributes, then run. */
static Onnx__NodeProto *begin(int64_t opset, const char *op, const char *src, const char *dst)
{
    if (b.arena)
        teardown();
    ob_begin(&b, opset);
    ob_input(&b, "x", 3, (const int64_t[]){2, 3, 4});
    ob_output(&b, "y");
    return ob_node(&b, op, src, dst);
}

static void run(const char *ops)
{
    cr_assert_eq(ob_import(&b, &g), AMCT_OK, "%s", b.err.text);
    cr_assert_str_eq(ob_ops(g), ops);
    n = &g->nodes[g->n_nodes - 1];
}

Test(onnx_canon, bounds_of_slice_become_inputs, .fini = teardown)
{
    Onnx__NodeProto *node = begin(9, "Slice", "x", "y");
    ob_ints(&b, node, "starts", 2, (const int64_t[]){0, 1});
    ob_ints(&b, node, "ends", 2, (const int64_t[]){2, -1});
    ob_ints(&b, node, "axes", 2, (const int64_t[]){0, 2});
    run("Slice");
    cr_assert_eq(n->n_src, 4);
    cr_assert_eq(n->n_attrs, 0);
    cr_assert_str_eq(ob_numbers(g, n, 1), "0,1");
    cr_assert_str_eq(ob_numbers(g, n, 2), "2,-1");
    cr_assert_str_eq(ob_numbers(g, n, 3), "0,2");
    cr_assert_eq(amct_node_src(g, n, 1)->dtype, AMCT_INT64);
    cr_assert_str_eq(amct_node_src(g, n, 1)->name, "Slice_0_starts");
}

Test(onnx_canon, pads_and_bounds_become_inputs_of_the_inputs_type, .fini = teardown)
{
    Onnx__NodeProto *node = begin(10, "Pad", "x", "y");
    ob_ints(&b, node, "pads", 6, (const int64_t[]){0, 0, 1, 0, 0, 2});
    ob_float(&b, node, "value", 1.5f);
    ob_text(&b, node, "mode", "constant");
    run("Pad");
    cr_assert_str_eq(ob_numbers(g, n, 1), "0,0,1,0,0,2");
    cr_assert_eq(ob_number(g, n, 2), 1.5);
    cr_assert_str_eq(amct_node_string(n, "mode", ""), "constant");

    ob_float(&b, begin(10, "Clip", "x", "y"), "max", 6);
    run("Clip");
    cr_assert_eq(n->n_src, 3);
    cr_assert_eq(n->src[1], AMCT_NO_TENSOR);
    cr_assert_eq(ob_number(g, n, 2), 6);
    cr_assert_eq(amct_node_src(g, n, 2)->shape.rank, 0);

    node = begin(10, "Clip", "r", "y");
    ob_float(&b, node, "min", -0.1f);
    ob_float(&b, node, "max", 65519);
    ob_node(&b, "Relu", "x", "r");
    b.graph.input[0]->type->tensor_type->elem_type = AMCT_FLOAT16;
    ob_value(&b, "r", -1, NULL);
    b.graph.value_info[0]->type->tensor_type->elem_type = AMCT_FLOAT16;
    run("Relu Clip");
    cr_assert_eq(amct_node_src(g, n, 1)->dtype, AMCT_FLOAT16);
    cr_assert_eq(ob_number(g, n, 1), amct_half_to_float(amct_float_to_half(-0.1f)));
    cr_assert_eq(ob_number(g, n, 2), 65504);
}

Test(onnx_canon, axes_become_inputs_and_no_axes_stay_none, .fini = teardown)
{
    ob_ints(&b, begin(12, "Unsqueeze", "x", "y"), "axes", 2, (const int64_t[]){0, 4});
    run("Unsqueeze");
    cr_assert_str_eq(ob_numbers(g, n, 1), "0,4");
    begin(12, "Squeeze", "x", "y");
    run("Squeeze");
    cr_assert_eq(n->n_src, 1);
    static const char *const reductions[] = {
        "ReduceL1",        "ReduceL2",   "ReduceLogSum", "ReduceMax",  "ReduceSum",
        "ReduceLogSumExp", "ReduceMean", "ReduceMin",    "ReduceProd", "ReduceSumSquare"};
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
        Onnx__NodeProto *node = begin(12, reductions[i], "x", "y");
        ob_ints(&b, node, "axes", 1, (const int64_t[]){-1});
        ob_int(&b, node, "keepdims", 0);
        run(reductions[i]);
        cr_assert_str_eq(ob_numbers(g, n, 1), "-1");
        cr_assert_eq(n->n_attrs, 1);
        cr_assert_eq(amct_node_int(n, "keepdims", 1), 0);
    }
    ob_ints(&b, begin(17, "ReduceMean", "x", "y"), "axes", 1, (const int64_t[]){1});
    run("ReduceMean");
    cr_assert_str_eq(ob_numbers(g, n, 1), "1");
    ob_ints(&b, begin(17, "ReduceMean", "x", "y"), "axes", 0, NULL);
    run("ReduceMean");
    cr_assert_eq(n->n_src, 1, "an empty list means all axes");
    cr_assert_eq(n->n_attrs, 0);
}

Test(onnx_canon, split_says_how_it_splits, .fini = teardown)
{
    Onnx__NodeProto *node = begin(11, "Split", "x", "a y");
    ob_ints(&b, node, "split", 2, (const int64_t[]){1, 2});
    ob_int(&b, node, "axis", 1);
    run("Split");
    cr_assert_str_eq(ob_numbers(g, n, 1), "1,2");
    cr_assert_null(amct_node_attr(n, "num_outputs"));
    begin(13, "Split", "x", "a y");
    run("Split");
    cr_assert_eq(amct_node_int(n, "num_outputs", 0), 2);
    begin(18, "Split", "x", "a y");
    run("Split");
    cr_assert_null(amct_node_attr(n, "num_outputs"));
}

Test(onnx_canon, ratio_and_k_become_inputs, .fini = teardown)
{
    ob_float(&b, begin(7, "Dropout", "x", "y"), "ratio", 0.5f);
    run("Dropout");
    cr_assert_eq(ob_number(g, n, 1), 0.5);
    Onnx__NodeProto *node = begin(9, "TopK", "x", "y i");
    ob_int(&b, node, "k", 3);
    ob_int(&b, node, "axis", 1);
    run("TopK");
    cr_assert_eq(ob_number(g, n, 1), 3);
    cr_assert_eq(amct_node_src(g, n, 1)->shape.rank, 1);
    cr_assert_eq(amct_node_int(n, "axis", 0), 1);
}

Test(onnx_canon, upsample_is_a_resize_of_the_old_kind, .fini = teardown)
{
    Onnx__NodeProto *node = begin(8, "Upsample", "x", "y");
    ob_floats(&b, node, "scales", 3, (const float[]){1, 2, 2});
    ob_text(&b, node, "mode", "nearest");
    run("Resize");
    cr_assert_eq(n->n_src, 3);
    cr_assert_eq(n->src[1], AMCT_NO_TENSOR);
    cr_assert_str_eq(ob_numbers(g, n, 2), "1,2,2");
    cr_assert_str_eq(amct_node_string(n, "mode", ""), "nearest");
    cr_assert_str_eq(amct_node_string(n, "coordinate_transformation_mode", ""), "asymmetric");
    cr_assert_str_eq(amct_node_string(n, "nearest_mode", ""), "floor");

    node = begin(9, "Upsample", "x s", "y");
    ob_text(&b, node, "mode", "linear");
    ob_weights(&b, "s", 3);
    run("Resize");
    cr_assert_str_eq(ob_numbers(g, n, 2), "1,2,3");
    cr_assert_str_eq(amct_node_string(n, "mode", ""), "linear");
}

Test(onnx_canon, resize_of_opset_10_rounds_up_where_it_shrinks, .fini = teardown)
{
    begin(10, "Resize", "x s", "y");
    Onnx__TensorProto *scales = ob_tensor(&b, "s", AMCT_FLOAT, 1, (const int64_t[]){3});
    ob_raw(&b, scales, (const float[]){1, 0.6f, 0.6f}, 12);
    ob_initializer(&b, scales);
    run("Resize");
    cr_assert_str_eq(amct_node_string(n, "nearest_mode", ""), "ceil");
    cr_assert_eq(n->n_src, 3);
}

Test(onnx_canon, empty_inputs_of_resize_are_left_out, .fini = teardown)
{
    begin(11, "Resize", "x e e sizes", "y");
    Onnx__TensorProto *empty = ob_tensor(&b, "e", AMCT_FLOAT, 1, (const int64_t[]){0});
    ob_raw(&b, empty, "", 0);
    ob_initializer(&b, empty);
    ob_weights(&b, "sizes", 3);
    run("Resize");
    cr_assert_eq(n->src[1], AMCT_NO_TENSOR);
    cr_assert_eq(n->src[2], AMCT_NO_TENSOR);
    cr_assert_str_eq(ob_numbers(g, n, 3), "1,2,3");
    cr_assert_null(amct_node_attr(n, "coordinate_transformation_mode"));
}

Test(onnx_canon, softmax_over_the_last_axis_is_that_of_now, .fini = teardown)
{
    ob_int(&b, begin(11, "Softmax", "x", "y"), "axis", 2);
    run("Softmax");
    cr_assert_eq(amct_node_int(n, "axis", 0), 2);
    ob_int(&b, begin(11, "LogSoftmax", "x", "y"), "axis", -1);
    run("LogSoftmax");
    cr_assert_eq(amct_node_int(n, "axis", 0), -1);
    begin(11, "GlobalAveragePool", "x", "g");
    ob_node(&b, "Hardmax", "g", "y"); /* the default axis is 1, the dims behind it are 1 */
    run("GlobalAveragePool Hardmax");
    cr_assert_eq(amct_node_int(n, "axis", 0), 1);
    begin(13, "Softmax", "x", "y");
    run("Softmax");
    cr_assert_eq(n->n_attrs, 0);
}

Test(onnx_canon, softmax_over_several_axes_goes_through_rows, .fini = teardown)
{
    begin(11, "Softmax", "x", "y");
    run("Shape Flatten Softmax Reshape");
    cr_assert_eq(amct_node_int(&g->nodes[1], "axis", 0), 1);
    cr_assert_eq(amct_node_int(&g->nodes[2], "axis", 0), -1);
    cr_assert_str_eq(g->nodes[2].name, "Softmax_0", "the node itself keeps its name");
    cr_assert_eq(n->src[0], g->nodes[2].dst[0]);
    cr_assert_eq(n->src[1], g->nodes[0].dst[0]);
    cr_assert_str_eq(g->tensors[n->dst[0]].name, "y");
    begin(11, "Softmax", "u", "y"); /* nobody knows how many dims u has */
    ob_node(&b, "Foo", "x", "u")->domain = (char *)"custom";
    run("Foo Shape Flatten Softmax Reshape");
}

Test(onnx_canon, batch_normalization_is_that_of_inference, .fini = teardown)
{
    const char *const sources = "x s b m v";
    ob_int(&b, begin(7, "BatchNormalization", sources, "y"), "spatial", 1);
    for (const char *p = "sbmv"; *p; p++)
        ob_weights(&b, (char[]){*p, 0}, 3);
    run("BatchNormalization");
    cr_assert_eq(n->n_attrs, 0);

    Onnx__NodeProto *node = begin(14, "BatchNormalization", sources, "y rm rv");
    ob_int(&b, node, "training_mode", 1);
    ob_float(&b, node, "epsilon", 0.5f);
    for (const char *p = "sbmv"; *p; p++)
        ob_weights(&b, (char[]){*p, 0}, 3);
    run("BatchNormalization");
    cr_assert_eq(n->n_dst, 1);
    cr_assert_eq(n->n_attrs, 1);

    node = begin(7, "BatchNormalization", sources, "y");
    ob_int(&b, node, "spatial", 0);
    ob_float(&b, node, "epsilon", 0.25f);
    for (const char *p = "sbmv"; *p; p++)
        ob_weights(&b, (char[]){*p, 0}, 4);
    run("Sub Add Sqrt Div Mul Add");
    cr_assert_eq(ob_number(g, &g->nodes[1], 1), 0.25);
    cr_assert_str_eq(g->tensors[n->dst[0]].name, "y");
}

Test(onnx_canon, renamed_and_changed_defaults, .fini = teardown)
{
    begin(9, "Scatter", "x i u", "y");
    ob_weights(&b, "i", 1);
    ob_weights(&b, "u", 1);
    run("ScatterElements");
    begin(10, "RoiAlign", "x x x", "y");
    run("RoiAlign");
    cr_assert_str_eq(amct_node_string(n, "coordinate_transformation_mode", ""),
                     "output_half_pixel");
    begin(16, "RoiAlign", "x x x", "y");
    run("RoiAlign");
    cr_assert_eq(n->n_attrs, 0);
    ob_text(&b, begin(20, "GridSample", "x x", "y"), "mode", "linear");
    run("GridSample");
    cr_assert_str_eq(amct_node_string(n, "mode", ""), "bilinear");
    ob_text(&b, begin(20, "GridSample", "x x", "y"), "mode", "cubic");
    run("GridSample");
    cr_assert_str_eq(amct_node_string(n, "mode", ""), "bicubic");
}

Test(onnx_canon, broadcasting_of_opset_6_is_made_plain, .fini = teardown)
{
    Onnx__NodeProto *node = begin(6, "Add", "x c", "y");
    ob_int(&b, node, "broadcast", 1);
    ob_int(&b, node, "axis", 1);
    ob_weights(&b, "c", 3);
    run("Unsqueeze Add");
    cr_assert_str_eq(ob_numbers(g, &g->nodes[0], 1), "1");
    cr_assert_eq(n->n_attrs, 0);
    ob_int(&b, begin(6, "Mul", "x c", "y"), "broadcast", 1);
    ob_weights(&b, "c", 4);
    run("Mul");
    begin(6, "PRelu", "x c", "y"); /* a slope per channel */
    ob_weights(&b, "c", 3);
    run("Unsqueeze PRelu");
    begin(6, "PRelu", "x c", "y"); /* one for all */
    ob_weights(&b, "c", 1);
    run("PRelu");
    ob_int(&b, begin(6, "Gemm", "x x x", "y"), "broadcast", 1);
    run("Gemm");
    cr_assert_eq(n->n_attrs, 0);
    node = begin(6, "Add", "u c", "y");
    ob_int(&b, node, "broadcast", 1);
    ob_int(&b, node, "axis", 1);
    ob_weights(&b, "c", 3);
    ob_node(&b, "Foo", "x", "u")->domain = (char *)"custom";
    cr_assert_eq(ob_import(&b, &g), AMCT_E_UNSUPPORTED);
    HAS(b.err.text, "node 0 'Add_0' (Add): the number of dims of its inputs must be known");
    g = NULL;
}

Test(onnx_canon, what_is_not_known_passes_as_it_is, .fini = teardown)
{
    ob_int(&b, begin(13, "AscendQuant", "x", "y"), "axes", 3);
    run("AscendQuant");
    cr_assert_eq(amct_node_int(n, "axes", 0), 3);
    Onnx__NodeProto *node = begin(9, "Slice", "x", "y"); /* of another domain */
    node->domain = (char *)"amct.customop";
    ob_ints(&b, node, "starts", 1, (const int64_t[]){1});
    run("Slice");
    cr_assert_eq(n->n_src, 1);
    cr_assert_str_eq(n->domain, "amct.customop");
}
