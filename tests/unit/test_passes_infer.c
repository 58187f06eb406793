/* Shapes, constants, and the whole preparation, on the chains that exporters write. */
#include "exec_net.h"

#include "passes/pass.h"

#include <stdio.h>
#include <string.h>

static void assert_shape(exec_net *n, uint32_t tensor, const char *wanted)
{
    char text[80];
    amct_shape_print(&n->graph->tensors[tensor].shape, text, sizeof text);
    cr_assert_str_eq(text, wanted);
}

static void infer(exec_net *n, bool fold)
{
    cr_assert_eq(amct_pass_infer(n->graph, fold, &n->err), AMCT_OK, "%s", n->err.text);
}

static void prepare(exec_net *n)
{
    cr_assert_eq(amct_prepare(n->graph, &n->err), AMCT_OK, "%s", n->err.text);
}

static const char *ops(const exec_net *n)
{
    static char text[400];
    text[0] = 0;
    for (uint32_t i = 0; i < n->graph->n_nodes; i++) {
        strncat(text, i ? " " : "", sizeof text - strlen(text) - 1);
        strncat(text, n->graph->nodes[i].op, sizeof text - strlen(text) - 1);
    }
    return text;
}

/* x.view(x.size(0), -1) as PyTorch writes it for opset 9: Shape, Gather, Unsqueeze, Concat. */
static uint32_t flatten_by_shape(exec_net *n, uint32_t x)
{
    uint32_t shape = net_node(n, "Shape", IDS(x));
    net_int(n, "axis", 0);
    double zero = 0;
    uint32_t size =
        net_node(n, "Gather", IDS(shape, net_constant(n, AMCT_INT64, SCALAR, 1, &zero)));
    size = net_node(n, "Unsqueeze", IDS(size, net_ints(n, NUMBERS(0))));
    net_int(n, "axis", 0);
    uint32_t target = net_node(n, "Concat", IDS(size, net_ints(n, NUMBERS(-1))));
    return net_node(n, "Reshape", IDS(x, target));
}

/* Zeros padded to the shape (C, 2 (pads of 2 dims)), turned round as PyTorch does for F.pad. */
static uint32_t pads_as_exported(exec_net *n)
{
    net_int(n, "axis", 0);
    uint32_t zeros = net_node(n, "ConstantOfShape", IDS(net_ints(n, NUMBERS(4))));
    n->graph->nodes[n->graph->n_nodes - 1].n_attrs = 0;
    uint32_t given = net_ints(n, NUMBERS(1, 2, 0, 1)); /* left, right, top, bottom */
    net_int(n, "to", AMCT_INT64);
    zeros = net_node(n, "Cast", IDS(zeros));
    net_int(n, "axis", 0);
    uint32_t all = net_node(n, "Concat", IDS(given, zeros));
    all = net_node(n, "Reshape", IDS(all, net_ints(n, NUMBERS(-1, 2))));
    all = net_node(n, "Slice",
                   IDS(all, net_ints(n, NUMBERS(-1)), net_ints(n, NUMBERS(-9223372036854775807.0)),
                       net_ints(n, NUMBERS(0)), net_ints(n, NUMBERS(-1))));
    net_list(n, "perm", 2, (const int64_t[]){1, 0});
    all = net_node(n, "Transpose", IDS(all));
    all = net_node(n, "Reshape", IDS(all, net_ints(n, NUMBERS(-1))));
    net_int(n, "to", AMCT_INT64);
    return net_node(n, "Cast", IDS(all));
}

Test(passes_infer, shape_arithmetic_folds_away)
{
    exec_net n;
    net_begin(&n, 1);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3, 4, 5)), y = flatten_by_shape(&n, x);
    net_output(&n, y);
    infer(&n, true);
    assert_shape(&n, y, "2x60");
    cr_assert_str_eq(ops(&n), "Reshape");
    net_end(&n);
}

Test(passes_infer, padding_as_exporters_write_it_goes_into_the_convolution)
{
    exec_net n;
    net_result before[1], now[1];
    net_begin(&n, 2);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 2, 5, 5));
    uint32_t padded = net_node(&n, "Pad", IDS(x, pads_as_exported(&n)));
    net_list(&n, "strides", 2, (const int64_t[]){2, 2});
    uint32_t w = net_random(&n, AMCT_FLOAT, DIMS(3, 2, 3, 3), -1, 1);
    net_output(&n, net_node(&n, "Conv", IDS(padded, w)));
    net_shape(&n, x);
    infer(&n, true); /* the plain one needs constant pads too */
    net_run(&n, AMCT_ENGINE_REFERENCE, NULL, before);
    prepare(&n);
    net_run(&n, AMCT_ENGINE_REFERENCE, NULL, now);
    net_compare(&n, now, before, 0, 0, "prepared");
    cr_assert_str_eq(ops(&n), "Conv");
    size_t count;
    const int64_t *pads = amct_node_ints(&n.graph->nodes[0], "pads", &count);
    cr_assert_eq(pads[0] * 1000 + pads[1] * 100 + pads[2] * 10 + pads[3], 112);
    net_end(&n);
}

Test(passes_infer, without_folding_nothing_is_lost)
{
    exec_net n;
    net_begin(&n, 3);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3)), c = net_float(&n, 2);
    uint32_t y = net_node(&n, "Mul", IDS(c, net_float(&n, 3)));
    net_output(&n, net_node(&n, "Mul", IDS(x, y)));
    infer(&n, false);
    cr_assert_str_eq(ops(&n), "Mul Mul");
    infer(&n, true);
    cr_assert_str_eq(ops(&n), "Mul");
    cr_assert_eq(amct_constant_number(&n.graph->tensors[y], 0), 6);
    net_end(&n);
}

Test(passes_infer, an_output_that_is_constant_stays_computed)
{
    exec_net n;
    net_begin(&n, 4);
    net_input(&n, AMCT_FLOAT, DIMS(2));
    net_output(&n, net_node(&n, "Neg", IDS(net_float(&n, 2))));
    infer(&n, true);
    cr_assert_str_eq(ops(&n), "Neg");
    net_end(&n);
}

Test(passes_infer, weights_that_a_network_fills_itself_share_their_bytes)
{
    exec_net n;
    net_begin(&n, 5);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 40, 8, 8));
    uint32_t large = net_node(&n, "ConstantOfShape", IDS(net_ints(&n, NUMBERS(40, 40, 3, 3))));
    uint32_t small = net_node(&n, "ConstantOfShape", IDS(net_ints(&n, NUMBERS(20, 40, 3, 3))));
    uint32_t t = net_node(&n, "Conv", IDS(x, large));
    net_output(&n, net_node(&n, "Conv", IDS(t, small)));
    infer(&n, true);
    cr_assert_str_eq(ops(&n), "Conv Conv");
    cr_assert_eq(n.graph->tensors[large].data, n.graph->tensors[small].data);
    cr_assert_eq(n.graph->tensors[small].bytes, 20 * 40 * 9 * 4);
    net_end(&n);
}

Test(passes_infer, constants_beyond_all_measure_are_refused)
{
    exec_net n;
    net_begin(&n, 6);
    uint32_t big = net_node(&n, "ConstantOfShape", IDS(net_ints(&n, NUMBERS(1 << 20, 1 << 10))));
    net_output(&n, net_node(&n, "Neg", IDS(big)));
    cr_assert_eq(amct_pass_infer(n.graph, true, &n.err), AMCT_E_LIMIT);
    cr_assert_str_eq(n.err.text,
                     "node 'n0' (ConstantOfShape): constants made by the network itself "
                     "take 4096 MiB, more than the 1024 MiB allowed");
    net_end(&n);
}

Test(passes_infer, an_unknown_operator_leaves_what_the_file_says)
{
    exec_net n;
    net_begin(&n, 7);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3)), y = net_node(&n, "Frobnicate", IDS(x));
    uint32_t z = net_node(&n, "Relu", IDS(y));
    net_output(&n, z);
    prepare(&n);
    cr_assert_eq(n.graph->tensors[z].shape.rank, -1);
    n.graph->tensors[y].shape = DIMS(2, 4);
    n.graph->tensors[y].dtype = AMCT_FLOAT;
    infer(&n, false);
    assert_shape(&n, z, "2x4");
    net_end(&n);
}

Test(passes_infer, a_contradiction_names_the_node)
{
    exec_net n;
    net_begin(&n, 8);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3)), y = net_input(&n, AMCT_FLOAT, DIMS(4, 5));
    net_output(&n, net_node(&n, "MatMul", IDS(x, y)));
    cr_assert_eq(amct_prepare(n.graph, &n.err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(n.err.text, "node 'n0' (MatMul): "), "%s", n.err.text);
    net_end(&n);
}

/* ---- Preparation ---------------------------------------------------------------------------- */

Test(passes_infer, preparing_twice_changes_nothing_more)
{
    exec_net n;
    net_begin(&n, 9);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3, 6, 6));
    uint32_t one = net_random(&n, AMCT_FLOAT, DIMS(4), 0.5, 2);
    uint32_t t = net_node(&n, "Conv", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(4, 3, 3, 3), -1, 1)));
    t = net_node(&n, "BatchNormalization", IDS(t, one, one, one, one));
    t = flatten_by_shape(&n, net_node(&n, "Relu", IDS(net_node(&n, "Identity", IDS(t)))));
    net_output(&n, t);
    prepare(&n);
    cr_assert_str_eq(ops(&n), "Conv Relu Reshape");
    uint32_t tensors = n.graph->n_tensors;
    prepare(&n);
    cr_assert_str_eq(ops(&n), "Conv Relu Reshape");
    cr_assert_eq(n.graph->n_tensors, tensors);
    net_end(&n);
}

Test(passes_infer, a_free_first_dim_becomes_one_and_others_are_refused)
{
    exec_net n;
    net_begin(&n, 10);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(-1, 3));
    net_output(&n, net_node(&n, "Relu", IDS(x)));
    prepare(&n);
    assert_shape(&n, x, "1x3");
    n.graph->tensors[x].shape = DIMS(1, -1);
    cr_assert_eq(amct_prepare(n.graph, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_str_eq(n.err.text, "input 't0' has the shape 1x?: dims other than the first must be "
                                 "fixed in the file");
    n.graph->tensors[x].shape.rank = -1;
    cr_assert_eq(amct_prepare(n.graph, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_str_eq(n.err.text, "input 't0' has no shape");
    net_end(&n);
}

Test(passes_infer, names_become_unique)
{
    exec_net n;
    net_begin(&n, 11);
    uint32_t t = net_node(&n, "Relu", IDS(net_input(&n, AMCT_FLOAT, DIMS(3))));
    net_output(&n, net_node(&n, "Neg", IDS(t)));
    n.graph->nodes[0].name = n.graph->nodes[1].name = "";
    prepare(&n);
    cr_assert_neq(n.graph->nodes[0].name[0], 0);
    cr_assert_str_neq(n.graph->nodes[0].name, n.graph->nodes[1].name);
    net_end(&n);
}

Test(passes_infer, constants_are_hashed_by_content)
{
    exec_net n;
    net_begin(&n, 12);
    uint32_t a = net_ints(&n, NUMBERS(1, 2)), b = net_ints(&n, NUMBERS(1, 2));
    uint32_t c = net_ints(&n, NUMBERS(1, 3));
    amct_hash_constants(n.graph);
    const amct_tensor *t = n.graph->tensors;
    cr_assert(amct_hash_equal(t[a].hash, t[b].hash));
    cr_assert_not(amct_hash_equal(t[a].hash, t[c].hash));
    net_end(&n);
}

/* ---- Batch ---------------------------------------------------------------------------------- */

Test(passes_infer, another_batch_reaches_every_shape)
{
    exec_net n;
    net_begin(&n, 13);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4, 6, 6));
    double sizes[] = {1, 4, 12, 12};
    net_text(&n, "mode", "nearest");
    uint32_t t =
        net_node(&n, "Resize", IDS(x, AMCT_NO_TENSOR, AMCT_NO_TENSOR, net_ints(&n, 4, sizes)));
    uint32_t fixed = net_node(&n, "Reshape", IDS(t, net_ints(&n, NUMBERS(1, -1))));
    net_output(&n, fixed);
    net_int(&n, "allowzero", 1); /* as the current exporter of PyTorch writes it */
    uint32_t zeros = net_node(&n, "Reshape", IDS(t, net_ints(&n, NUMBERS(1, 2, -1))));
    net_output(&n, zeros);
    net_output(&n, flatten_by_shape(&n, t));
    prepare(&n);
    cr_assert_eq(amct_batch_of(n.graph), 1);
    for (int64_t batch = 5; batch > 0; batch -= 2) {
        char two[20], three[20];
        snprintf(two, sizeof two, "%dx576", (int)batch);
        snprintf(three, sizeof three, "%dx2x288", (int)batch);
        cr_assert_eq(amct_set_batch(n.graph, batch, &n.err), AMCT_OK, "%s", n.err.text);
        cr_assert_eq(amct_batch_of(n.graph), batch);
        assert_shape(&n, fixed, two);
        assert_shape(&n, zeros, three);
        assert_shape(&n, n.graph->outputs[2], two);
        net_check(&n, 0, 0);
    }
    net_end(&n);
}

Test(passes_infer, a_network_that_cannot_be_batched_says_so_and_stays_as_it_was)
{
    exec_net n;
    net_begin(&n, 14);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    uint32_t t = net_node(&n, "Reshape", IDS(x, net_ints(&n, NUMBERS(-1))));
    uint32_t w = net_random(&n, AMCT_FLOAT, DIMS(4, 3), -1, 1);
    net_output(&n, net_node(&n, "MatMul", IDS(t, w)));
    prepare(&n);
    cr_assert_eq(amct_set_batch(n.graph, 2, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(n.err.text, "the network cannot be run at batch 2"), "%s",
                       n.err.text);
    assert_shape(&n, x, "1x4");
    assert_shape(&n, t, "4");
    net_check(&n, 1e-6, 0);
    cr_assert_eq(amct_set_batch(n.graph, 0, &n.err), AMCT_E_INVALID);
    net_end(&n);
}

Test(passes_infer, a_node_where_samples_meet_is_named)
{
    exec_net n;
    net_begin(&n, 15);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_int(&n, "keepdims", 1);
    net_output(&n, net_node(&n, "ReduceSum", IDS(x, net_ints(&n, NUMBERS(0)))));
    prepare(&n);
    cr_assert_eq(amct_set_batch(n.graph, 3, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(
        strstr(n.err.text, "(ReduceSum): the samples lie along axis 0, and meet there"), "%s",
        n.err.text);
    net_end(&n);
}
