/* Passes that change a network: everything computes what it did before, with fewer nodes. */
#include "exec_net.h"

#include "passes/pass.h"

#include <math.h>
#include <string.h>

/* Runs the network as it is and after `change`, and compares; returns what is left as "Conv Relu".
 */
static const char *after(exec_net *n, amct_status (*change)(amct_graph *, amct_err *), double limit)
{
    static char ops[400];
    net_result before[4], now[4];
    net_shape(n, 0);
    net_run(n, AMCT_ENGINE_REFERENCE, NULL, before);
    cr_assert_eq(change(n->graph, &n->err), AMCT_OK, "%s", n->err.text);
    cr_assert_eq(amct_pass_infer(n->graph, false, &n->err), AMCT_OK, "%s", n->err.text);
    cr_assert_eq(amct_graph_validate(n->graph, &n->err), AMCT_OK, "%s", n->err.text);
    net_run(n, AMCT_ENGINE_REFERENCE, NULL, now);
    net_compare(n, now, before, limit, 0, "after the pass");
    ops[0] = 0;
    for (uint32_t i = 0; i < n->graph->n_nodes; i++) {
        strncat(ops, i ? " " : "", sizeof ops - strlen(ops) - 1);
        strncat(ops, n->graph->nodes[i].op, sizeof ops - strlen(ops) - 1);
    }
    return ops;
}

static uint32_t weights(exec_net *n, int64_t out, int64_t in, int64_t k)
{
    return net_random(n, AMCT_FLOAT, DIMS(out, in, k, k), -1, 1);
}

static uint32_t numbers(exec_net *n, amct_shape shape)
{
    return net_random(n, AMCT_FLOAT, shape, 0.5, 2);
}

/* ---- Scale ---------------------------------------------------------------------------------- */

static uint32_t batch_norm(exec_net *n, uint32_t t, int64_t channels)
{
    uint32_t scale = numbers(n, DIMS(channels)), bias = numbers(n, DIMS(channels));
    uint32_t mean = numbers(n, DIMS(channels)), variance = numbers(n, DIMS(channels));
    net_real_attr(n, "epsilon", 1e-3);
    return net_node(n, "BatchNormalization", IDS(t, scale, bias, mean, variance));
}

Test(passes_fold, batch_normalisation_goes_into_every_kind_of_layer)
{
    for (int kind = 0; kind < 5; kind++) {
        exec_net n;
        net_begin(&n, (uint64_t)kind + 1);
        uint32_t x, t;
        switch (kind) {
        case 0: /* no bias */
            x = net_input(&n, AMCT_FLOAT, DIMS(2, 3, 5, 5));
            t = net_node(&n, "Conv", IDS(x, weights(&n, 4, 3, 3)));
            break;
        case 1: /* groups and a bias */
            x = net_input(&n, AMCT_FLOAT, DIMS(2, 4, 5, 5));
            net_int(&n, "group", 2);
            t = net_node(&n, "Conv", IDS(x, weights(&n, 4, 2, 3), numbers(&n, DIMS(4))));
            break;
        case 2: /* channels of a transposed one stand second, within groups */
            x = net_input(&n, AMCT_FLOAT, DIMS(2, 4, 5, 5));
            net_int(&n, "group", 2);
            t = net_node(&n, "ConvTranspose", IDS(x, weights(&n, 4, 2, 3), numbers(&n, DIMS(4))));
            break;
        case 3:
            x = net_input(&n, AMCT_FLOAT, DIMS(2, 7));
            net_int(&n, "transB", 1);
            t = net_node(&n, "Gemm", IDS(x, numbers(&n, DIMS(4, 7)), numbers(&n, DIMS(4))));
            break;
        default:
            x = net_input(&n, AMCT_FLOAT, DIMS(2, 7));
            t = net_node(&n, "Gemm", IDS(x, numbers(&n, DIMS(7, 4))));
        }
        net_output(&n, net_node(&n, "Relu", IDS(batch_norm(&n, t, 4))));
        const char *layer = kind == 2 ? "ConvTranspose Relu" : kind < 2 ? "Conv Relu" : "Gemm Relu";
        cr_assert_str_eq(after(&n, amct_pass_scale, 2e-6), layer);
        net_end(&n);
    }
}

Test(passes_fold, chains_of_constant_products_and_sums_are_worked_in)
{
    exec_net n;
    net_begin(&n, 6);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3, 5, 5));
    uint32_t t = net_node(&n, "Conv", IDS(x, weights(&n, 4, 3, 3)));
    t = net_node(&n, "Mul", IDS(t, numbers(&n, DIMS(4, 1, 1))));
    t = net_node(&n, "Add", IDS(numbers(&n, DIMS(1, 4, 1, 1)), t));
    t = net_node(&n, "Sub", IDS(t, net_float(&n, 0.25)));
    t = net_node(&n, "Div", IDS(t, numbers(&n, DIMS(1, 4, 1, 1))));
    net_output(&n, batch_norm(&n, t, 4));
    cr_assert_str_eq(after(&n, amct_pass_scale, 2e-6), "Conv");
    net_end(&n);
}

Test(passes_fold, what_is_no_map_of_one_layer_stays)
{
    exec_net n;
    net_begin(&n, 7);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 4, 5, 4)), w = weights(&n, 4, 4, 1);
    /* used twice: the other reader needs the layer's own result */
    uint32_t t = net_node(&n, "Conv", IDS(x, w)), both = batch_norm(&n, t, 4);
    net_output(&n, net_node(&n, "Add", IDS(t, both)));
    /* an output itself */
    t = net_node(&n, "Conv", IDS(x, w));
    net_output(&n, t);
    net_output(&n, net_node(&n, "Mul", IDS(t, net_float(&n, 3))));
    /* one number per column, not per channel; and a constant divided by it */
    t = net_node(&n, "Conv", IDS(x, w));
    t = net_node(&n, "Mul", IDS(t, numbers(&n, DIMS(4))));
    t = net_node(&n, "Conv", IDS(t, w));
    net_output(&n, net_node(&n, "Div", IDS(net_float(&n, 3), t)));
    cr_assert_str_eq(after(&n, amct_pass_scale, 0),
                     "Conv BatchNormalization Add Conv Mul Conv Mul Conv Div");
    net_end(&n);
}

Test(passes_fold, a_sum_that_broadcasts_the_layer_wider_stays)
{
    exec_net n;
    net_begin(&n, 8);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 1, 1));
    uint32_t t = net_node(&n, "Conv", IDS(x, weights(&n, 1, 3, 1)));
    net_output(&n, net_node(&n, "Add", IDS(t, numbers(&n, DIMS(1, 4, 1, 1)))));
    cr_assert_str_eq(after(&n, amct_pass_scale, 0), "Conv Add");
    net_end(&n);
}

Test(passes_fold, weights_shared_with_another_layer_are_not_changed_for_it)
{
    exec_net n;
    net_begin(&n, 9);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 4, 4)), w = weights(&n, 3, 3, 1);
    net_output(&n, batch_norm(&n, net_node(&n, "Conv", IDS(x, w)), 3));
    net_output(&n, net_node(&n, "Conv", IDS(x, w)));
    cr_assert_str_eq(after(&n, amct_pass_scale, 2e-6), "Conv Conv");
    net_end(&n);
}

Test(passes_fold, a_scale_that_is_not_finite_stays)
{
    exec_net n;
    net_begin(&n, 10);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 2, 4, 4));
    uint32_t t = net_node(&n, "Conv", IDS(x, weights(&n, 2, 2, 1)));
    double zeros[] = {1, 0};
    uint32_t divisor = net_constant(&n, AMCT_FLOAT, DIMS(2, 1, 1), 2, zeros);
    net_output(&n, net_node(&n, "Div", IDS(t, divisor)));
    cr_assert_str_eq(after(&n, amct_pass_scale, 0), "Conv Div");
    net_end(&n);
}

/* ---- Pad ------------------------------------------------------------------------------------ */

static uint32_t pad(exec_net *n, uint32_t t, size_t count, const double *pads)
{
    return net_node(n, "Pad", IDS(t, net_ints(n, count, pads)));
}

Test(passes_fold, zeros_around_a_convolution_become_its_padding)
{
    exec_net n;
    net_begin(&n, 11);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 6, 7));
    net_list(&n, "pads", 4, (const int64_t[]){1, 0, 2, 1});
    uint32_t padded = pad(&n, x, NUMBERS(0, 0, 1, 2, 0, 0, 3, 0));
    n.n_attrs = 0;
    net_list(&n, "pads", 4, (const int64_t[]){1, 0, 2, 1});
    uint32_t t = net_node(&n, "Conv", IDS(padded, weights(&n, 4, 3, 3)));
    net_output(&n, t);
    cr_assert_str_eq(after(&n, amct_pass_pad, 0), "Conv");
    size_t count;
    const int64_t *pads = amct_node_ints(&n.graph->nodes[0], "pads", &count);
    cr_assert_eq(count, 4);
    cr_assert_eq(pads[0], 2);
    cr_assert_eq(pads[1], 2);
    cr_assert_eq(pads[2], 5);
    cr_assert_eq(pads[3], 1);
    net_end(&n);
}

Test(passes_fold, padding_by_the_same_rule_counts_the_zeros)
{
    exec_net n;
    net_begin(&n, 12);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 6, 7));
    uint32_t padded = pad(&n, x, NUMBERS(0, 0, 1, 0, 0, 0, 0, 1));
    net_text(&n, "auto_pad", "SAME_UPPER");
    net_list(&n, "strides", 2, (const int64_t[]){2, 2});
    net_output(&n, net_node(&n, "Conv", IDS(padded, weights(&n, 4, 3, 3))));
    cr_assert_str_eq(after(&n, amct_pass_pad, 0), "Conv");
    net_end(&n);
}

Test(passes_fold, averages_count_the_zeros_that_pad_put_there)
{
    exec_net n;
    net_begin(&n, 13);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 6, 7));
    uint32_t padded = pad(&n, x, NUMBERS(0, 0, 1, 1, 0, 0, 1, 1));
    net_list(&n, "kernel_shape", 2, (const int64_t[]){3, 3});
    net_output(&n, net_node(&n, "AveragePool", IDS(padded)));
    cr_assert_str_eq(after(&n, amct_pass_pad, 1e-6), "AveragePool");
    net_end(&n);
}

Test(passes_fold, other_padding_stays)
{
    exec_net n;
    net_begin(&n, 14);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 6, 7)), w = weights(&n, 4, 3, 3), t;
    double ones[] = {0, 0, 1, 1, 0, 0, 1, 1};
    t = net_node(&n, "Pad", IDS(x, net_ints(&n, 8, ones), net_float(&n, 1))); /* of ones */
    net_output(&n, net_node(&n, "Conv", IDS(t, w)));
    net_text(&n, "mode", "reflect");
    t = pad(&n, x, 8, ones);
    net_output(&n, net_node(&n, "Conv", IDS(t, w)));
    t = pad(&n, x, NUMBERS(0, 0, 1, 1, 0, 0, -1, 1)); /* and cuts */
    net_output(&n, net_node(&n, "Conv", IDS(t, w)));
    t = pad(&n, x, NUMBERS(0, 1, 0, 0, 0, 0, 0, 0)); /* channels */
    net_output(&n, net_node(&n, "Conv", IDS(t, weights(&n, 4, 4, 3))));
    cr_assert_str_eq(after(&n, amct_pass_pad, 0), "Pad Conv Pad Conv Pad Conv Pad Conv");
    net_end(&n);
}

Test(passes_fold, padding_that_others_read_as_well_stays_for_them)
{
    exec_net n;
    net_begin(&n, 15);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 3, 6, 7));
    uint32_t padded = pad(&n, x, NUMBERS(0, 0, 1, 1, 0, 0, 1, 1));
    net_output(&n, net_node(&n, "Conv", IDS(padded, weights(&n, 4, 3, 3))));
    net_output(&n, net_node(&n, "Relu", IDS(padded)));
    cr_assert_str_eq(after(&n, amct_pass_pad, 0), "Pad Conv Relu");
    net_end(&n);
}

/* ---- Identity ------------------------------------------------------------------------------- */

Test(passes_fold, what_does_nothing_disappears)
{
    exec_net n;
    net_begin(&n, 16);
    uint32_t t = net_node(&n, "Relu", IDS(net_input(&n, AMCT_FLOAT, DIMS(2, 3, 4))));
    t = net_node(&n, "Identity", IDS(t));
    t = net_node(&n, "Dropout", IDS(t));
    t = net_node(&n, "Reshape", IDS(t, net_ints(&n, NUMBERS(2, -1, 4))));
    t = net_node(&n, "Pad", IDS(t, net_ints(&n, NUMBERS(0, 0, 0, 0, 0, 0))));
    net_list(&n, "perm", 3, (const int64_t[]){0, 1, 2});
    t = net_node(&n, "Transpose", IDS(t));
    net_int(&n, "to", AMCT_FLOAT);
    t = net_node(&n, "Cast", IDS(t));
    t = net_node(&n, "Slice", IDS(t, net_ints(&n, NUMBERS(0)), net_ints(&n, NUMBERS(99))));
    t = net_node(&n, "Expand", IDS(t, net_ints(&n, NUMBERS(1))));
    t = net_node(&n, "Tile", IDS(t, net_ints(&n, NUMBERS(1, 1, 1))));
    net_int(&n, "axis", 0);
    t = net_node(&n, "Concat", IDS(t));
    t = net_node(&n, "Max", IDS(t));
    net_output(&n, net_node(&n, "Neg", IDS(t)));
    cr_assert_str_eq(after(&n, amct_pass_identity, 0), "Relu Neg");
    net_end(&n);
}

Test(passes_fold, what_changes_something_stays)
{
    exec_net n;
    net_begin(&n, 17);
    uint32_t t = net_node(&n, "Relu", IDS(net_input(&n, AMCT_FLOAT, DIMS(3, 3))));
    t = net_node(&n, "Transpose", IDS(t)); /* of the same shape */
    t = net_node(&n, "Slice",
                 IDS(t, net_ints(&n, NUMBERS(-1)), net_ints(&n, NUMBERS(-9)),
                     net_ints(&n, NUMBERS(0)), net_ints(&n, NUMBERS(-1)))); /* backwards */
    t = net_node(&n, "Pad", IDS(t, net_ints(&n, NUMBERS(1, 0, -1, 0))));    /* moves */
    net_int(&n, "to", AMCT_INT32);
    net_output(&n, net_node(&n, "Cast", IDS(t)));
    cr_assert_str_eq(after(&n, amct_pass_identity, 0), "Relu Transpose Slice Pad Cast");
    net_end(&n);
}

Test(passes_fold, outputs_keep_their_names)
{
    exec_net n;
    net_begin(&n, 18);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(3)), t = net_node(&n, "Relu", IDS(x));
    uint32_t out = net_node(&n, "Identity", IDS(t));
    n.graph->tensors[out].name = "logits";
    net_output(&n, out);
    net_output(&n, net_node(&n, "Identity", IDS(x))); /* an input keeps its own */
    cr_assert_str_eq(after(&n, amct_pass_identity, 0), "Relu Identity");
    cr_assert_str_eq(n.graph->tensors[n.graph->outputs[0]].name, "logits");
    net_end(&n);
}
