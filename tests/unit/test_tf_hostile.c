/* TensorFlow files that are damaged, contradictory or made to hurt: one clear line, and nothing
 * else. */
#include "import/import.h"
#include "unit/tf_build.h"

#include <criterion/criterion.h>
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
#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static tf_build b;

static void begin(void)
{
    tb_begin(&b);
    tb_input(&b, "x", 4, D(-1, 4, 4, 2));
}

static void end(void)
{
    tb_end(&b);
}

static amct_status import(amct_graph **g)
{
    const wb_bytes *file = tb_frozen(&b);
    *g = NULL;
    return amct_import_bytes(g, &amct_plugin_v1, file->data, file->size, NULL, NULL, 0, &b.err);
}

static void refuse(amct_status code, const char *words)
{
    amct_graph *g;
    cr_assert_eq(import(&g), code, "'%s', not '%s'", b.err.text, words);
    HAS(b.err.text, words);
    cr_assert_null(g);
}

static void add_conv(const char *name, const char *src)
{
    tb_node(&b, "Conv2D", name, src);
    tb_text(&b, "padding", "SAME");
    tb_ints(&b, "strides", 4, D(1, 1, 1, 1));
}

/* ---- Damage -------------------------------------------------------------------------------- */

Test(tf_hostile, a_file_cut_at_any_length_fails, .init = begin, .fini = end)
{
    amct_graph *g = NULL;
    tb_ramp(&b, "w", 4, D(3, 3, 2, 4));
    add_conv("c", "x w");
    tb_function(&b, "f", "a", "r=y:activations:0");
    tb_node(&b, "Relu", "y", "a");
    tb_function_end(&b);
    tb_node(&b, "PartitionedCall", "call", "c");
    tb_func(&b, "f", "f");
    tb_list(&b, "axes", 2, I32(1, 2));
    tb_node(&b, "Mean", "m", "call axes");
    const wb_bytes *file = tb_frozen(&b);
    for (size_t cut = 0; cut < file->size; cut++) {
        uint8_t *part = malloc(cut ? cut : 1); /* of exactly that size, for AddressSanitizer */
        memcpy(part, file->data, cut);
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, part, cut, NULL, NULL, 0, &b.err);
        if (status == AMCT_OK) /* a cut between two nodes leaves a shorter network */
            amct_graph_free(g);
        else
            cr_assert(status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED, "%zu: %s", cut,
                      b.err.text);
        free(part);
    }
}

Test(tf_hostile, nodes_in_a_circle_are_refused, .init = begin, .fini = end)
{
    tb_node(&b, "Add", "a", "x c");
    tb_node(&b, "Relu", "c", "d");
    tb_node(&b, "Relu", "d", "a");
    tb_node(&b, "Relu", "e", "d");
    refuse(AMCT_E_FORMAT, "depends on itself");
}

Test(tf_hostile, functions_in_a_circle_are_refused, .init = begin, .fini = end)
{
    tb_function(&b, "f", "a", "r=c:output:0");
    tb_node(&b, "PartitionedCall", "c", "a");
    tb_func(&b, "f", "g");
    tb_function_end(&b);
    tb_function(&b, "g", "a", "r=c:output:0");
    tb_node(&b, "PartitionedCall", "c", "a");
    tb_func(&b, "f", "f");
    tb_function_end(&b);
    tb_node(&b, "PartitionedCall", "y", "x");
    tb_func(&b, "f", "f");
    refuse(AMCT_E_FORMAT, "the function 'f' calls itself");
}

/* Each function calls the one before it twice: 2^30 nodes of thirty functions. */
Test(tf_hostile, functions_that_multiply_are_refused, .init = begin, .fini = end)
{
    char name[16], before[16];
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "f%d", i);
        snprintf(before, sizeof before, "f%d", i - 1);
        tb_function(&b, name, "a", "r=q:activations:0");
        tb_node(&b, i ? "PartitionedCall" : "Relu", "p", "a");
        tb_func(&b, "f", before);
        tb_node(&b, i ? "PartitionedCall" : "Relu", "q", "p:output:0");
        tb_func(&b, "f", before);
        tb_function_end(&b);
    }
    tb_node(&b, "PartitionedCall", "y", "x");
    tb_func(&b, "f", name);
    refuse(AMCT_E_LIMIT, "functions call functions");
}

Test(tf_hostile, functions_that_are_not_there_are_refused, .init = begin, .fini = end)
{
    tb_node(&b, "PartitionedCall", "y", "x");
    tb_func(&b, "f", "nothing");
    refuse(AMCT_E_FORMAT, "calls the function 'nothing', which is not in the file");
}

/* ---- Sizes --------------------------------------------------------------------------------- */

Test(tf_hostile, dims_beyond_reason_are_refused, .init = begin, .fini = end)
{
    tb_input(&b, "huge", 2, D(INT64_MAX, INT64_MAX));
    tb_node(&b, "Relu", "y", "huge");
    refuse(AMCT_E_LIMIT, "is too large");
}

Test(tf_hostile, negative_dims_are_refused, .init = begin, .fini = end)
{
    tb_input(&b, "bad", 2, D(INT64_MIN, 2));
    tb_node(&b, "Relu", "y", "bad");
    refuse(AMCT_E_FORMAT, "dim 0 is -9223372036854775808");
}

/* One number and a shape: TensorFlow repeats it. */
Test(tf_hostile, a_constant_that_says_to_fill_the_memory_is_refused, .init = begin, .fini = end)
{
    tb_node(&b, "Const", "c", "");
    tb_tensor(&b, "value", 1, 2, D(1 << 20, 1 << 15), NULL, 0);
    tb_node(&b, "Mul", "y", "x c");
    refuse(AMCT_E_LIMIT, "take more than 256 MiB");
}

Test(tf_hostile, tensor_content_of_another_size_is_refused, .init = begin, .fini = end)
{
    tb_node(&b, "Const", "c", "");
    tb_tensor(&b, "value", 1, 1, D(3), "12345678", 8);
    tb_node(&b, "Mul", "y", "x c");
    refuse(AMCT_E_FORMAT, "node 'c' (Const): tensor_content has 8 bytes, 12 wanted");
}

Test(tf_hostile, names_without_end_are_refused, .init = begin, .fini = end)
{
    char name[1200];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    tb_node(&b, "Relu", name, "x");
    refuse(AMCT_E_LIMIT, "a name of more than 1024 bytes");
}

/* Every depthwise convolution wants the weights in its own order. */
Test(tf_hostile, weights_that_are_copied_without_end_are_refused, .init = begin, .fini = end)
{
    char name[16];
    tb_input(&b, "wide", 4, D(1, 2, 2, 1 << 18));
    tb_ramp(&b, "w", 4, D(1, 2, 1 << 18, 1));
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "c%d", i);
        tb_node(&b, "DepthwiseConv2dNative", name, "wide w");
        tb_text(&b, "padding", "SAME");
        tb_ints(&b, "strides", 4, D(1, 1, 1, 1));
    }
    refuse(AMCT_E_LIMIT, "constants in other orders take more than");
}

/* ---- Contradictions ------------------------------------------------------------------------ */

Test(tf_hostile, names_that_are_there_twice_are_refused, .init = begin, .fini = end)
{
    tb_node(&b, "Relu", "y", "x");
    tb_node(&b, "Exp", "y", "x");
    refuse(AMCT_E_FORMAT, "two nodes have the name 'y'");
}

Test(tf_hostile, inputs_that_nobody_makes_are_refused, .init = begin, .fini = end)
{
    tb_node(&b, "Relu", "y", "nothing");
    refuse(AMCT_E_FORMAT, "node 'y' (Relu): its input 'nothing' is not in the graph");
}

Test(tf_hostile, results_that_a_node_does_not_have_are_refused, .init = begin, .fini = end)
{
    tb_node(&b, "Relu", "a", "x");
    tb_node(&b, "Relu", "y", "a:7");
    refuse(AMCT_E_UNSUPPORTED, "its input 'a:7' is an output that there is not");
}

Test(tf_hostile, control_flow_is_refused_by_name, .init = begin, .fini = end)
{
    static const char *const ops[] = {"While", "StatelessIf", "Switch", "Merge"};
    for (int i = 0; i < 4; i++) {
        tb_end(&b);
        begin();
        tb_node(&b, ops[i], "loop", "x");
        refuse(AMCT_E_UNSUPPORTED, "control flow is not supported");
        HAS(b.err.text, ops[i]);
    }
}

Test(tf_hostile, unknown_operators_are_refused_by_name, .init = begin, .fini = end)
{
    tb_node(&b, "MyOwnOp", "y", "x");
    refuse(AMCT_E_UNSUPPORTED, "node 'y' (MyOwnOp): this operator is not supported");
}

Test(tf_hostile, a_batch_norm_that_is_training_is_refused, .init = begin, .fini = end)
{
    tb_ramp(&b, "s", 1, D(2));
    tb_node(&b, "FusedBatchNormV3", "n", "x s s s s");
    refuse(AMCT_E_UNSUPPORTED, "is set for training");
}

Test(tf_hostile, a_dropout_that_drops_is_refused, .init = begin, .fini = end)
{
    static const float half[1] = {0.5f};
    tb_node(&b, "Shape", "shape", "x");
    tb_node(&b, "RandomUniform", "u", "shape");
    tb_type(&b, "dtype", 1);
    tb_floats(&b, "half", 0, NULL, half);
    tb_node(&b, "Add", "a", "u half");
    tb_node(&b, "Floor", "f", "a");
    tb_node(&b, "Mul", "y", "x f");
    refuse(AMCT_E_UNSUPPORTED, "takes random numbers");
}

Test(tf_hostile, weights_that_do_not_fit_are_refused, .init = begin, .fini = end)
{
    tb_ramp(&b, "w", 4, D(3, 3, 5, 2));
    add_conv("c", "x w");
    refuse(AMCT_E_FORMAT, "its weights are 3x3x5x2, its input has 2 channels");
}

Test(tf_hostile, shapes_that_do_not_fit_are_refused, .init = begin, .fini = end)
{
    tb_ramp(&b, "w", 1, D(3));
    tb_node(&b, "AddV2", "y", "x w");
    refuse(AMCT_E_FORMAT, "shapes ?x4x4x2 and 3 do not broadcast");
}

Test(tf_hostile, a_variable_without_a_checkpoint_is_refused, .init = begin, .fini = end)
{
    tb_variable(&b, "v", 1, D(2));
    tb_node(&b, "ReadVariableOp", "r", "v");
    tb_node(&b, "AddV2", "y", "x r");
    refuse(AMCT_E_FORMAT, "the value of variable 'v' is not in the file: freeze the network");
}

Test(tf_hostile, unknown_options_are_refused, .init = begin, .fini = end)
{
    const wb_bytes *file = tb_frozen(&b);
    amct_option option = {.struct_size = sizeof option, .key = "size", .value = "1"};
    amct_graph *g = NULL;
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size, NULL, &option, 1, &b.err),
        AMCT_E_INVALID);
    HAS(b.err.text,
        "unknown option 'size'; the TensorFlow importer has signature, outputs, shape, layout");
    option.key = "outputs";
    option.value = "x,nothing";
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size, NULL, &option, 1, &b.err),
        AMCT_E_INVALID);
    HAS(b.err.text, "option outputs: there is no node 'nothing'");
}
