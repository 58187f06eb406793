/* Networks exported for one sample, run for several: what transformers, recurrent networks and
 * windows do to the batch, and where it cannot be followed. */
#include "exec_net.h"

#include "batch_case.h"
#include "ops/op.h"
#include "passes/batch_layout.h"
#include "passes/pass.h"

#include <stdio.h>
#include <string.h>

static exec_net n;
static uint64_t seed;

static void begin(void)
{
    net_begin(&n, ++seed);
}

static void prepare(void)
{
    cr_assert_eq(amct_prepare(n.graph, &n.err), AMCT_OK, "%s", n.err.text);
}

static void shape_is(uint32_t tensor, const char *wanted)
{
    char text[80];
    cr_assert_str_eq(amct_shape_print(&n.graph->tensors[tensor].shape, text, sizeof text), wanted);
}

/* Prepares the network; at several batch sizes, to and fro, each sample gets its own results. */
static void check(const char *what)
{
    prepare();
    for (int64_t batch = 3; batch > 0; batch--) {
        cr_assert_eq(amct_set_batch(n.graph, batch, &n.err), AMCT_OK, "%s: %s", what, n.err.text);
        batch_case_check(n.graph, 3, AMCT_ENGINE_REFERENCE, 1e-6, false, what);
        batch_case_check(n.graph, 5, AMCT_ENGINE_ONEDNN, 1e-5, false, what);
    }
    net_end(&n);
}

/* Fails at batch 2 with those words, and leaves the network as it was. */
static void refuses(const char *words)
{
    prepare();
    uint32_t tensors = n.graph->n_tensors;
    amct_shape out = n.graph->tensors[n.graph->outputs[0]].shape;
    cr_assert_eq(amct_set_batch(n.graph, 2, &n.err), AMCT_E_UNSUPPORTED, "wanted: %s", words);
    cr_assert_not_null(strstr(n.err.text, "the network cannot be run at batch 2: node '"), "%s",
                       n.err.text);
    cr_assert_not_null(strstr(n.err.text, words), "'%s', wanted '%s'", n.err.text, words);
    cr_assert_eq(amct_batch_of(n.graph), 1);
    cr_assert_eq(n.graph->n_tensors, tensors);
    cr_assert(amct_shape_equal(&out, &n.graph->tensors[n.graph->outputs[0]].shape));
    net_check(&n, 1e-5, 0);
    net_end(&n);
}

static uint32_t reshape(uint32_t x, size_t count, const double *target)
{
    return net_node(&n, "Reshape", IDS(x, net_ints(&n, count, target)));
}

static uint32_t transpose(uint32_t x, int32_t count, const int64_t *perm)
{
    net_list(&n, "perm", count, perm);
    return net_node(&n, "Transpose", IDS(x));
}

#define PERM(...)                                                                                  \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[])                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static uint32_t weights(int64_t rows, int64_t columns)
{
    return net_random(&n, AMCT_FLOAT, DIMS(rows, columns), -1, 1);
}

static uint32_t matmul(uint32_t a, uint32_t b)
{
    return net_node(&n, "MatMul", IDS(a, b));
}

/* ---- Networks that can be followed ----------------------------------------------------------- */

/* [1,3,8,8] to 4 patches of 6 numbers, a class token in front, positions added. */
static uint32_t patches(uint32_t x)
{
    net_list(&n, "kernel_shape", 2, (const int64_t[]){4, 4});
    net_list(&n, "strides", 2, (const int64_t[]){4, 4});
    x = net_node(&n, "Conv", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(6, 3, 4, 4), -1, 1)));
    x = transpose(reshape(x, NUMBERS(1, 6, 4)), PERM(0, 2, 1));
    uint32_t token = net_random(&n, AMCT_FLOAT, DIMS(1, 1, 6), -1, 1);
    net_int(&n, "axis", 1);
    x = net_node(&n, "Concat", IDS(token, x));
    return net_node(&n, "Add", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(1, 5, 6), -1, 1)));
}

Test(passes_batch, a_vision_transformer)
{
    begin();
    uint32_t x = patches(net_input(&n, AMCT_FLOAT, DIMS(1, 3, 8, 8)));
    uint32_t qkv = reshape(matmul(x, weights(6, 18)), NUMBERS(1, 5, 3, 2, 3));
    qkv = transpose(qkv, PERM(2, 0, 3, 1, 4));
    uint32_t part[3];
    for (int i = 0; i < 3; i++) {
        double index = i;
        net_int(&n, "axis", 0);
        part[i] = net_node(&n, "Gather", IDS(qkv, net_constant(&n, AMCT_INT64, SCALAR, 1, &index)));
    }
    uint32_t scores = matmul(part[0], transpose(part[1], PERM(0, 1, 3, 2)));
    net_int(&n, "axis", -1);
    x = matmul(net_node(&n, "Softmax", IDS(scores)), part[2]);
    x = reshape(transpose(x, PERM(0, 2, 1, 3)), NUMBERS(1, 5, 6));
    net_int(&n, "axis", -1);
    x = net_node(&n, "LayerNormalization", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(6), -1, 1)));
    net_int(&n, "axis", 1);
    double first = 0;
    x = net_node(&n, "Gather", IDS(x, net_constant(&n, AMCT_INT64, SCALAR, 1, &first)));
    net_output(&n, net_node(&n, "Gemm", IDS(x, weights(6, 4))));
    check("vision transformer");
}

/* L x N x E, with heads split off the batch's dim: torch.nn.MultiheadAttention. */
Test(passes_batch, attention_with_the_sequence_in_front)
{
    begin();
    uint32_t x = transpose(net_input(&n, AMCT_FLOAT, DIMS(1, 5, 6)), PERM(1, 0, 2)), part[3];
    uint32_t sequence = x;
    for (int i = 0; i < 3; i++) {
        part[i] = reshape(matmul(x, weights(6, 6)), NUMBERS(5, 2, 3));
        part[i] = transpose(part[i], PERM(1, 0, 2));
    }
    uint32_t scores = matmul(part[0], transpose(part[1], PERM(0, 2, 1)));
    net_int(&n, "axis", -1);
    x = transpose(matmul(net_node(&n, "Softmax", IDS(scores)), part[2]), PERM(1, 0, 2));
    x = net_node(&n, "Gemm", IDS(reshape(x, NUMBERS(5, 6)), weights(6, 6)));
    x = reshape(x, NUMBERS(5, 1, 6));
    net_output(&n, transpose(x, PERM(1, 0, 2)));
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 2, &n.err), AMCT_OK, "%s", n.err.text);
    shape_is(part[0], "4x5x3");
    cr_assert_not(amct_batch_leads(n.graph)); /* layers take samples that lie between each other */
    int32_t dims[64];
    cr_assert_lt(n.graph->n_tensors, 64);
    cr_assert_eq(amct_batch_dims(dims, n.graph, &n.err), AMCT_OK);
    cr_expect_eq(dims[sequence], 1);
    cr_expect_eq(dims[part[0]], 0, "together with the heads");
    cr_expect_eq(dims[n.graph->nodes[1].src[1]], -1, "weights");
    check("multi-head attention");
}

/* Windows of 2 x 2 in a picture of 4 x 4, shifted, with a mask per window. */
Test(passes_batch, shifted_windows)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4, 4, 6));
    for (int64_t axis = 1; axis < 3; axis++) {
        uint32_t ends = net_ints(&n, NUMBERS(9223372036854775807.0));
        uint32_t axes = net_ints(&n, 1, (const double[]){(double)axis});
        uint32_t one = net_ints(&n, NUMBERS(1)), zero = net_ints(&n, NUMBERS(0));
        uint32_t rest = net_node(&n, "Slice", IDS(x, one, ends, axes));
        uint32_t first = net_node(&n, "Slice", IDS(x, zero, one, axes));
        net_int(&n, "axis", axis);
        x = net_node(&n, "Concat", IDS(rest, first));
    }
    x = transpose(reshape(x, NUMBERS(1, 2, 2, 2, 2, 6)), PERM(0, 1, 3, 2, 4, 5));
    x = reshape(x, NUMBERS(4, 4, 6));
    uint32_t windows = x;
    uint32_t scores = matmul(x, transpose(x, PERM(0, 2, 1)));
    scores = reshape(scores, NUMBERS(1, 4, 1, 4, 4));
    scores =
        net_node(&n, "Add", IDS(scores, net_random(&n, AMCT_FLOAT, DIMS(1, 4, 1, 4, 4), -9, 9)));
    scores = reshape(scores, NUMBERS(4, 4, 4));
    scores = net_node(&n, "Add", IDS(scores, net_random(&n, AMCT_FLOAT, DIMS(4, 4, 4), -1, 1)));
    net_int(&n, "axis", -1);
    x = matmul(net_node(&n, "Softmax", IDS(scores)), x);
    x = transpose(reshape(x, NUMBERS(1, 2, 2, 2, 2, 6)), PERM(0, 1, 3, 2, 4, 5));
    net_output(&n, reshape(x, NUMBERS(-1, 16, 6)));
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 3, &n.err), AMCT_OK, "%s", n.err.text);
    shape_is(windows, "12x4x6");
    cr_assert(amct_batch_leads(n.graph));
    cr_assert_eq(amct_batch_check_free(n.graph, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(n.err.text, "input 1 has a part for every sample"), "%s", n.err.text);
    check("shifted windows");
}

/* Steps in front, a first state per sample, rows merged for the last layer. */
Test(passes_batch, a_recurrent_network)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4, 1, 7));
    net_list(&n, "axes", 1, (const int64_t[]){2});
    x = transpose(net_node(&n, "Squeeze", IDS(x)), PERM(2, 0, 1));
    net_int(&n, "hidden_size", 3);
    net_text(&n, "direction", "bidirectional");
    x = net_node(&n, "LSTM",
                 IDS(x, net_random(&n, AMCT_FLOAT, DIMS(2, 12, 4), -1, 1),
                     net_random(&n, AMCT_FLOAT, DIMS(2, 12, 3), -1, 1), AMCT_NO_TENSOR,
                     AMCT_NO_TENSOR, net_random(&n, AMCT_FLOAT, DIMS(2, 1, 3), -1, 1)));
    x = transpose(x, PERM(0, 2, 1, 3));
    x = net_node(&n, "Gemm", IDS(reshape(x, NUMBERS(7, 6)), weights(6, 5)));
    x = reshape(x, NUMBERS(7, 1, 5));
    net_output(&n, x);
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 2, &n.err), AMCT_OK, "%s", n.err.text);
    shape_is(x, "7x2x5");
    cr_assert_not(amct_batch_leads(n.graph));
    check("LSTM");
}

Test(passes_batch, frames_of_a_clip_shifted_in_time)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4, 2, 3, 3)), begin_at[2], part[2];
    x = net_node(&n, "Relu", IDS(reshape(x, NUMBERS(-1, 2, 3, 3))));
    x = reshape(x, NUMBERS(-1, 4, 2, 9));
    begin_at[0] = net_ints(&n, NUMBERS(1));
    begin_at[1] = net_ints(&n, NUMBERS(0));
    part[0] = net_node(&n, "Slice",
                       IDS(x, begin_at[0], net_ints(&n, NUMBERS(4)), net_ints(&n, NUMBERS(1))));
    part[1] = net_constant(&n, AMCT_FLOAT, DIMS(1, 1, 2, 9), 1, (const double[]){0});
    net_int(&n, "axis", 1);
    x = net_node(&n, "Concat", IDS(part[0], part[1]));
    x = reshape(x, NUMBERS(4, 2, 3, 3));
    x = net_node(&n, "Conv", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(5, 2, 3, 3), -1, 1)));
    x = reshape(x, NUMBERS(1, 4, 5));
    net_list(&n, "axes", 1, (const int64_t[]){1});
    net_int(&n, "keepdims", 0);
    net_output(&n, net_node(&n, "ReduceMean", IDS(x)));
    check("frames");
}

Test(passes_batch, views_that_lose_a_batch_of_1_become_a_reshape)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4, 1, 1));
    uint32_t flat = net_node(&n, "Squeeze", IDS(x));
    x = net_node(&n, "Sigmoid", IDS(flat));
    net_output(&n, reshape(x, NUMBERS(1, 4)));
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 2, &n.err), AMCT_OK, "%s", n.err.text);
    shape_is(flat, "8");
    check("squeezed");
}

Test(passes_batch, what_is_repeated_or_expanded_beside_the_batch)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 1, 6));
    uint32_t y = net_node(&n, "Expand", IDS(x, net_ints(&n, NUMBERS(1, 4, 6))));
    y = net_node(&n, "Mul", IDS(y, net_random(&n, AMCT_FLOAT, DIMS(4, 6), -1, 1)));
    y = net_node(&n, "Tile", IDS(y, net_ints(&n, NUMBERS(1, 2, 1))));
    net_int(&n, "axis", 1);
    y = net_node(&n, "Concat", IDS(y, x));
    net_output(&n, y);
    net_int(&n, "axis", 1);
    net_output(&n, net_node(&n, "Flatten", IDS(y)));
    check("expanded");
}

/* Constants folded at the batch of the file: 4 rows alike are one for each sample. */
Test(passes_batch, constants_of_a_larger_batch_shrink_with_it)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(4, 3, 2));
    uint32_t token = net_random(&n, AMCT_FLOAT, DIMS(1, 1, 2), -1, 1);
    token = net_node(&n, "Expand", IDS(token, net_ints(&n, NUMBERS(4, 1, 2))));
    net_int(&n, "axis", 1);
    x = net_node(&n, "Concat", IDS(token, x));
    net_output(&n, reshape(x, NUMBERS(4, 8)));
    prepare();
    cr_assert_eq(n.graph->n_nodes, 2);
    check("folded at batch 4");
}

/* ---- Operators --------------------------------------------------------------------------------
 */

/* None is forgotten but those that have no samples to take. */
Test(passes_batch, every_operator_has_a_rule)
{
    static const char *const none[] = {
        "AscendWeightQuant", "Constant", "ConstantOfShape", "Range", "Shape", "Size"};
    size_t count, n_none = 0;
    const amct_op *ops = amct_op_all(&count);
    for (size_t i = 0; i < count; i++) {
        const amct_node node = {.op = ops[i].name, .domain = ""};
        bool wanted = n_none == sizeof none / sizeof *none || strcmp(none[n_none], ops[i].name);
        n_none += !wanted;
        cr_expect_eq(amct_batch_rule_of(&node) != NULL, wanted, "%s", ops[i].name);
    }
    cr_assert_null(amct_batch_rule_of(&(amct_node){.op = "Relu", .domain = "other"}));
    cr_assert_null(amct_batch_rule_of(&(amct_node){.op = "elu", .domain = ""}));
    cr_assert_null(amct_batch_rule_of(&(amct_node){.op = "Relu Round", .domain = ""}));
}

/* ---- Networks that cannot -------------------------------------------------------------------- */

Test(passes_batch, samples_that_meet_are_refused_at_their_node)
{
    double zero = 0;
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_int(&n, "axis", 0);
    net_output(&n, net_node(&n, "Softmax", IDS(x)));
    refuses("(Softmax): the samples lie along axis 0, and meet there");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_int(&n, "axis", 0);
    net_output(&n, net_node(&n, "Gather", IDS(x, net_constant(&n, AMCT_INT64, SCALAR, 1, &zero))));
    refuses("(Gather): it takes some of the samples, along axis 0");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    uint32_t other = net_node(&n, "Relu", IDS(x));
    net_int(&n, "axis", 0);
    net_output(&n, net_node(&n, "Concat", IDS(x, other)));
    refuses("(Concat): the samples lie along axis 0, and meet there");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_output(&n, net_node(&n, "Mul", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(3, 4), -1, 1))));
    refuses("(Mul): axis 0, along which the samples lie, is broadcast");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_output(&n, net_node(&n, "Expand", IDS(x, net_ints(&n, NUMBERS(5, 4)))));
    refuses("(Expand): it expands axis 0, along which the samples lie");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_output(&n, net_node(&n, "Tile", IDS(x, net_ints(&n, NUMBERS(2, 1)))));
    refuses("(Tile): it repeats axis 0, along which the samples lie");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_output(&n, matmul(net_node(&n, "Transpose", IDS(x)), x));
    refuses("(MatMul): it sums over the axis along which samples lie");

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    net_output(&n, net_node(&n, "Pad", IDS(x, net_ints(&n, NUMBERS(1, 0, 0, 0)))));
    refuses("(Pad): it pads axis 0, along which the samples lie");
}

/* What nobody here knows, with the shape of its result open: it is to blame, not what follows. */
Test(passes_batch, the_first_unknown_node_is_named)
{
    double one = 1;
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
    uint32_t odd = net_node(&n, "FooBar", IDS(x)), more = net_node(&n, "BarFoo", IDS(odd));
    n.graph->tensors[odd].shape.rank = n.graph->tensors[more].shape.rank = -1;
    uint32_t end = net_node(&n, "Again", IDS(more));
    n.graph->tensors[end].shape = amct_shape_of(2, (int64_t[]){1, 4});
    net_output(&n, end);
    prepare();
    cr_expect_eq(amct_set_batch(n.graph, 2, &n.err), AMCT_E_UNSUPPORTED);
    cr_expect_not_null(strstr(n.err.text, "(FooBar): what it does with samples is not known"), "%s",
                       n.err.text);
    net_end(&n);

    for (int64_t axis = 0; axis < 2; axis++) {
        begin();
        x = net_input(&n, AMCT_FLOAT, DIMS(1, 4));
        net_int(&n, "axis", axis);
        uint32_t best =
            net_node(&n, "TopK", IDS(x, net_constant(&n, AMCT_INT64, DIMS(1), 1, &one)));
        n.graph->tensors[best].shape.rank = -1;
        net_output(&n, best);
        prepare();
        cr_expect_eq(amct_set_batch(n.graph, 2, &n.err), axis ? AMCT_OK : AMCT_E_UNSUPPORTED, "%s",
                     n.err.text);
        cr_expect(axis ||
                      strstr(n.err.text, "(TopK): the samples lie along axis 0, and meet there"),
                  "%s", n.err.text);
        net_end(&n);
    }
}

Test(passes_batch, without_an_input_there_is_no_batch)
{
    begin();
    uint32_t x = net_random(&n, AMCT_FLOAT, DIMS(1, 4), -1, 1);
    net_output(&n, net_node(&n, "FooBar", IDS(x)));
    prepare();
    cr_expect_eq(amct_set_batch(n.graph, 1, &n.err), AMCT_OK, "%s", n.err.text);
    cr_expect_eq(amct_set_batch(n.graph, 4, &n.err), AMCT_E_UNSUPPORTED);
    cr_expect_str_eq(n.err.text,
                     "the network cannot be run at batch 4: it has no input, and so no batch");
    net_end(&n);
}

Test(passes_batch, parts_of_a_larger_batch_are_refused)
{
    begin();
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(4, 6));
    net_output(&n, net_node(&n, "Slice",
                            IDS(x, net_ints(&n, NUMBERS(0)), net_ints(&n, NUMBERS(2)),
                                net_ints(&n, NUMBERS(0)))));
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 8, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(n.err.text, "(Slice): it slices axis 0, along which the samples lie"),
                       "%s", n.err.text);
    net_end(&n);

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(4, 6));
    net_output(&n, net_node(&n, "Add", IDS(x, net_random(&n, AMCT_FLOAT, DIMS(4, 6), -1, 1))));
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 8, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(n.err.text, "has other numbers for every sample"), "%s", n.err.text);
    net_end(&n);

    begin();
    x = net_input(&n, AMCT_FLOAT, DIMS(4, 6));
    net_output(&n, reshape(x, NUMBERS(2, 2, 6)));
    prepare();
    cr_assert_eq(amct_set_batch(n.graph, 8, &n.err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(
        strstr(n.err.text, "(Reshape): samples cannot be followed from 4x6 to 2x2x6"), "%s",
        n.err.text);
    net_end(&n);
}
