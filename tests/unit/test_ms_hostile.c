/* MindIRs that are damaged, contradictory or made to hurt: one clear line, and nothing else. */
#include "import/import.h"
#include "unit/mindir_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static mindir_file m;

static void begin(void)
{
    mi_begin(&m);
    mi_input(&m, "x", N(1, 2, 4, 4));
}

static void end(void)
{
    mi_end(&m);
}

static void refuse_of(const char *result, amct_status code, const char *words)
{
    amct_graph *g;
    cr_assert_eq(mi_import(&m, result, &g), code, "'%s', not '%s'", m.err.text, words);
    HAS(m.err.text, words);
    cr_assert_null(g);
}

static void refuse(amct_status code, const char *words)
{
    refuse_of("y", code, words);
}

/* ---- Damage -------------------------------------------------------------------------------- */

static void make_network(void)
{
    mi_parameter(&m, "w", N(2, 2, 3, 3), NULL);
    mi_const_monad(&m, "u");
    mi_node(&m, "Load", "loaded", "@w u", N(2, 2, 3, 3));
    mi_node(&m, "Conv2D", "c", "x loaded", N(1, 2, 4, 4));
    mi_text(&m, "pad_mode", "same");
    mi_function(&m, "f", "a");
    mi_node(&m, "ReLU", "f_y", "a", N(1, 2, 4, 4));
    mi_function_end(&m, "f_y");
    mi_call(&m, "f", "r", "c");
    mi_const_ints(&m, "axes", N(2, 3));
    mi_node(&m, "ReduceMean", "y", "r axes", N(1, 2));
}

Test(ms_hostile, a_file_cut_at_any_length_fails, .init = begin, .fini = end)
{
    amct_graph *g = NULL;
    make_network();
    const wb_bytes *file = mi_pack(&m, "y");
    for (size_t cut = 0; cut < file->size; cut++) {
        uint8_t *part = malloc(cut ? cut : 1); /* of exactly that size, for AddressSanitizer */
        memcpy(part, file->data, cut);
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, part, cut, NULL, NULL, 0, &m.err);
        if (status == AMCT_OK) /* primitives that nothing needs may be missing */
            amct_graph_free(g);
        else
            cr_assert(status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED, "%zu: %s", cut,
                      m.err.text);
        free(part);
    }
}

Test(ms_hostile, any_byte_may_be_wrong, .init = begin, .fini = end)
{
    make_network();
    const wb_bytes *file = mi_pack(&m, "y");
    for (size_t i = 0; i < file->size; i++)
        for (int bit = 0; bit < 8; bit++) {
            amct_graph *g = NULL;
            file->data[i] ^= (uint8_t)(1 << bit);
            amct_status status = amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size,
                                                   NULL, NULL, 0, &m.err);
            cr_assert(status != AMCT_E_PLUGIN && status != AMCT_E_INTERNAL, "%zu: %s", i,
                      m.err.text);
            amct_graph_free(g);
            file->data[i] ^= (uint8_t)(1 << bit);
        }
}

/* ---- Circles ------------------------------------------------------------------------------- */

Test(ms_hostile, nodes_in_a_circle_are_refused, .init = begin, .fini = end)
{
    mi_node(&m, "Add", "a", "x b", N(1, 2, 4, 4));
    mi_node(&m, "ReLU", "b", "y", N(1, 2, 4, 4));
    mi_node(&m, "ReLU", "y", "a", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "is made from itself");
}

Test(ms_hostile, recursion_is_refused, .init = begin, .fini = end)
{
    mi_function(&m, "f", "a");
    mi_call(&m, "g", "f_y", "a");
    mi_function_end(&m, "f_y");
    mi_function(&m, "g", "a");
    mi_call(&m, "f", "g_y", "a");
    mi_function_end(&m, "g_y");
    mi_call(&m, "f", "y", "x");
    refuse(AMCT_E_UNSUPPORTED, "graph 'f' calls itself: loops and recursion are not supported");
}

/* Each function calls the one before it twice: 2^30 nodes of thirty functions. */
Test(ms_hostile, functions_that_multiply_are_refused, .init = begin, .fini = end)
{
    char name[16], before[16], p[16], q[16];
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "f%d", i);
        snprintf(before, sizeof before, "f%d", i - 1);
        snprintf(p, sizeof p, "p%d", i);
        snprintf(q, sizeof q, "q%d", i);
        mi_function(&m, name, "a");
        if (i) {
            mi_call(&m, before, p, "a");
            mi_call(&m, before, q, p);
        } else {
            mi_node(&m, "ReLU", p, "a", N(1));
            mi_node(&m, "ReLU", q, p, N(1));
        }
        mi_function_end(&m, q);
    }
    mi_call(&m, name, "y", "x");
    refuse(AMCT_E_LIMIT, "more than 262144 nodes");
}

Test(ms_hostile, a_chain_of_calls_without_end_is_refused, .init = begin, .fini = end)
{
    char name[16], next[16], y[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        snprintf(next, sizeof next, "f%d", i + 1);
        snprintf(y, sizeof y, "y%d", i);
        mi_function(&m, name, "a");
        mi_call(&m, next, y, "a");
        mi_function_end(&m, y);
    }
    mi_call(&m, "f0", "y", "x");
    refuse(AMCT_E_LIMIT, "more than 32 deep");
}

/* The file is the wrong way round: each node waits for the next. */
Test(ms_hostile, nodes_in_the_wrong_order_have_an_end, .init = begin, .fini = end)
{
    char name[16], src[16];
    mi_node(&m, "ReLU", "y", "n0", N(1));
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(src, sizeof src, "n%d", i + 1);
        mi_node(&m, "ReLU", name, src, N(1));
    }
    mi_node(&m, "ReLU", "n2000", "x", N(1));
    refuse(AMCT_E_LIMIT, "more than 512 nodes wait");
}

Test(ms_hostile, tuples_in_tuples_have_an_end, .init = begin, .fini = end)
{
    wb_bytes inner = {0}, outer = {0};
    wb_int(&inner, 3, 1);
    wb_int(&inner, 16, 7);
    for (int i = 0; i < 100; i++) {
        outer = (wb_bytes){0};
        wb_message(&outer, 17, &inner);
        wb_int(&outer, 16, 20);
        inner = outer;
    }
    mi_const_int(&m, "t", 0);
    wb_free(&m.node);
    wb_text(&m.node, 2, "t");
    wb_text(&m.node, 4, "Constant");
    wb_message(&m.node, 5, &outer);
    mi_node(&m, "Reshape", "y", "x t", N(1));
    refuse(AMCT_E_LIMIT, "tuples in tuples");
}

/* ---- Names --------------------------------------------------------------------------------- */

Test(ms_hostile, names_that_are_there_twice_are_refused, .init = begin, .fini = end)
{
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    mi_node(&m, "Neg", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "the name 'y' is there twice");
}

Test(ms_hostile, parameters_of_one_name_are_refused, .init = begin, .fini = end)
{
    wb_bytes t = {0};
    mi_parameter(&m, "w", N(1), NULL);
    wb_int(&t, 1, 1);
    wb_int(&t, 2, 1);
    wb_text(&t, 7, "another");
    wb_field(&t, 9, "1234", 4);
    wb_text(&t, 13, "w");
    wb_message(&m.graph, 3, &t);
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "two parameters are called 'w'");
}

Test(ms_hostile, functions_of_one_name_are_refused, .init = begin, .fini = end)
{
    for (int i = 0; i < 2; i++) {
        mi_function(&m, "f", "a");
        mi_node(&m, "ReLU", "f_y", "a", N(1));
        mi_function_end(&m, "f_y");
    }
    mi_call(&m, "f", "y", "x");
    refuse(AMCT_E_FORMAT, "the function 'f' is there twice");
}

Test(ms_hostile, primitives_of_one_name_are_refused, .init = begin, .fini = end)
{
    mi_node(&m, "ReLU", "a", "x", N(1, 2, 4, 4));
    m.n_primitives = 0;
    mi_node(&m, "ReLU", "y", "a", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "the primitive 'ReLU:1' is there twice");
}

Test(ms_hostile, what_is_not_there_is_named, .init = begin, .fini = end)
{
    mi_node(&m, "Add", "y", "x nothing", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "takes 'nothing', which nothing makes");
    refuse_of("z", AMCT_E_FORMAT, "takes 'z', which nothing makes");
}

Test(ms_hostile, parameters_that_are_not_there_are_named, .init = begin, .fini = end)
{
    mi_node(&m, "Mul", "y", "x @w", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "takes '12_construct_3:w', which nothing makes");
}

Test(ms_hostile, calls_of_what_is_no_function_are_refused, .init = begin, .fini = end)
{
    mi_const_int(&m, "three", 3);
    mi_call(&m, "three", "y", "x");
    refuse(AMCT_E_FORMAT, "calls an integer, a function is wanted");
}

Test(ms_hostile, functions_want_their_arguments, .init = begin, .fini = end)
{
    mi_function(&m, "f", "a b");
    mi_node(&m, "Add", "f_y", "a b", N(1));
    mi_function_end(&m, "f_y");
    mi_call(&m, "f", "y", "x");
    refuse(AMCT_E_FORMAT, "calls 'f' with 1 arguments, 2 wanted");
}

/* ---- Sizes --------------------------------------------------------------------------------- */

Test(ms_hostile, parameters_beyond_reason_are_refused, .init = begin, .fini = end)
{
    wb_bytes t = {0};
    for (int i = 0; i < 3; i++)
        wb_int(&t, 1, (uint64_t)INT64_MAX);
    wb_int(&t, 2, 1);
    wb_text(&t, 7, "w");
    wb_field(&t, 9, "1234", 4);
    wb_message(&m.graph, 3, &t);
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_LIMIT, "'w' of shape 9223372036854775807x");
}

Test(ms_hostile, parameters_of_other_sizes_than_their_shape_are_refused, .init = begin, .fini = end)
{
    wb_bytes t = {0};
    wb_int(&t, 1, 3);
    wb_int(&t, 2, 1);
    wb_text(&t, 7, "w");
    wb_field(&t, 9, "12345678", 8);
    wb_message(&m.graph, 3, &t);
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "'w' of shape 3 has 8 bytes, 12 wanted");
}

Test(ms_hostile, parameters_without_elements_are_refused, .init = begin, .fini = end)
{
    wb_bytes t = {0};
    wb_int(&t, 1, 1 << 20);
    wb_int(&t, 2, 1);
    wb_text(&t, 7, "w");
    wb_message(&m.graph, 3, &t);
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_FORMAT, "'w' has no data");
}

Test(ms_hostile, inputs_beyond_reason_are_refused, .init = begin, .fini = end)
{
    mi_input(&m, "huge", N(INT64_MAX, INT64_MAX));
    mi_node(&m, "ReLU", "y", "huge", N(1));
    refuse(AMCT_E_LIMIT, "too large");
}

Test(ms_hostile, more_dims_than_eight_are_refused, .init = begin, .fini = end)
{
    mi_input(&m, "deep", N(1, 1, 1, 1, 1, 1, 1, 1, 1));
    mi_node(&m, "ReLU", "y", "deep", N(1));
    refuse(AMCT_E_LIMIT, "more than 8 dims");
}

Test(ms_hostile, compressed_parameters_are_refused_by_their_kind, .init = begin, .fini = end)
{
    wb_bytes t = {0};
    wb_int(&t, 1, 1);
    wb_int(&t, 2, 1);
    wb_text(&t, 7, "w");
    wb_field(&t, 9, "12", 2);
    wb_int(&t, 16, 4);
    wb_message(&m.graph, 3, &t);
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_UNSUPPORTED, "'w' is compressed (BIT_PACKING); give the model that it was made");
}

Test(ms_hostile, quantised_parameters_are_refused, .init = begin, .fini = end)
{
    wb_bytes t = {0};
    wb_int(&t, 1, 1);
    wb_int(&t, 2, 3);
    wb_text(&t, 7, "w");
    wb_field(&t, 9, "1", 1);
    wb_text(&t, 17, "");
    wb_message(&m.graph, 3, &t);
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    refuse(AMCT_E_UNSUPPORTED, "'w' is quantised already");
}

Test(ms_hostile, big_endian_files_are_refused, .init = begin, .fini = end)
{
    amct_graph *g = NULL;
    mi_node(&m, "ReLU", "y", "x", N(1, 2, 4, 4));
    wb_bytes file = {0};
    wb_append(&file, mi_pack(&m, "y")->data, m.file.size);
    wb_int(&file, 10, 0);
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, file.data, file.size, NULL, NULL, 0, &m.err),
        AMCT_E_UNSUPPORTED);
    HAS(m.err.text, "big-endian");
    wb_free(&file);
}

/* ---- Operators ----------------------------------------------------------------------------- */

Test(ms_hostile, a_way_that_is_open_is_refused, .init = begin, .fini = end)
{
    mi_function(&m, "f", "a");
    mi_node(&m, "ReLU", "f_y", "a", N(1));
    mi_function_end(&m, "f_y");
    mi_node(&m, "Switch", "way", "x REF::f REF::f", -1, NULL);
    mi_call(&m, "way", "y", "x");
    refuse(AMCT_E_UNSUPPORTED, "node 'way' (Switch): Switch: a way that is only known");
}

Test(ms_hostile, parameters_that_change_are_refused, .init = begin, .fini = end)
{
    mi_parameter(&m, "w", N(1), NULL);
    mi_node(&m, "AssignAdd", "y", "@w x", N(1));
    refuse(AMCT_E_UNSUPPORTED, "node 'y' (AssignAdd): changes a parameter");
}

Test(ms_hostile, channels_last_is_refused, .init = begin, .fini = end)
{
    mi_parameter(&m, "w", N(2, 2, 1, 1), NULL);
    mi_node(&m, "Conv2D", "y", "x @w", N(1, 2, 4, 4));
    mi_text(&m, "format", "NHWC");
    refuse(AMCT_E_UNSUPPORTED, "format NHWC is not supported");
}

Test(ms_hostile, items_that_are_not_there_are_refused, .init = begin, .fini = end)
{
    mi_node(&m, "MakeTuple", "t", "x x", -1, NULL);
    mi_const_int(&m, "k", 2);
    mi_node(&m, "TupleGetItem", "y", "t k", N(1));
    refuse(AMCT_E_FORMAT, "takes item 2 of 2");
}

Test(ms_hostile, results_of_training_are_refused, .init = begin, .fini = end)
{
    mi_const_int(&m, "k", 1);
    mi_node(&m, "Dropout", "d", "x", -1, NULL);
    mi_node(&m, "TupleGetItem", "mask", "d k", N(1));
    mi_node(&m, "Mul", "y", "x mask", N(1, 2, 4, 4));
    refuse(AMCT_E_UNSUPPORTED, "input 1 is a mask of training, a tensor is wanted");
}

typedef struct bad {
    const char *op, *attr;
    int64_t value;
    const char *words;
} bad;

Test(ms_hostile, numbers_that_make_no_sense_are_refused)
{
    static const bad cases[] = {
        {"MaxPool", "kernel_size", 0, "kernel 0"},
        {"MaxPool", "strides", INT64_MAX, "stride 9223372036854775807"},
        {"Split", "output_num", 0, "0 parts"},
        {"Split", "axis", 9, "axis 9 of 4 dims"},
        {"Split", "axis", INT64_MIN, "axis -9223372036854775808 of 4 dims"},
        {"SplitTensor", "dim", INT64_MAX, "axis 9223372036854775807 of 4 dims"},
        {"SplitTensor", "size", 0, "parts of 0"},
        {"DepthToSpace", "block_size", -1, "block_size is -1"},
        {"LRN", "depth_radius", INT64_MAX, "depth_radius is"},
        {"ExpandDims", "axis", -9, "axis -9 of 5 dims"},
        {"Transpose", "perm", 5, "axis 5 of 1 dims"},
        {"AdaptiveAvgPool2D", "output_size", INT64_MIN, "1 or a divisor wanted"},
        {"Pad", "paddings", 1, "paddings has 1 numbers, 8 wanted"},
        {"Reshape", "shape", -7, "dim -7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_graph *g;
        begin();
        mi_node(&m, cases[i].op, "y", "x", N(1, 2, 4, 4));
        mi_int(&m, cases[i].attr, cases[i].value);
        cr_assert_neq(mi_import(&m, "y", &g), AMCT_OK, "%s", cases[i].op);
        HAS(m.err.text, cases[i].words);
        end();
    }
}

/* Of numbers that are allowed: the host says where they lead. */
Test(ms_hostile, numbers_at_the_end_of_their_range_do_not_overflow)
{
    static const int64_t numbers[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, -1};
    static const char *const ops[] = {"Slice x b b",
                                      "StridedSlice x b b b zero zero zero zero one",
                                      "StridedSlice x b b b",
                                      "SliceExt x zero k k k",
                                      "SplitTensor x k zero",
                                      "Chunk x k zero",
                                      "Squeeze e k",
                                      "Squeeze x k",
                                      "ExpandDims x k",
                                      "Tile x b",
                                      "BroadcastTo x b",
                                      "PadV3 x b",
                                      "Range k zero one",
                                      "FillV2 b one",
                                      "CumSum x k",
                                      "Gather x k k",
                                      "ResizeBilinearV2 x b zero zero",
                                      "AvgPool x b b one zero",
                                      "MaxPoolWithIndices x b b b b zero",
                                      "ReduceSum x k",
                                      "TupleGetItem t k",
                                      "ScalarMul k k",
                                      "ScalarAdd k k",
                                      "FlattenExt x k k"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
            char op[64];
            amct_graph *g;
            const size_t length = strcspn(ops[o], " ");
            snprintf(op, sizeof op, "%.*s", (int)length, ops[o]);
            begin();
            mi_const_int(&m, "zero", 0);
            mi_const_int(&m, "one", 1);
            mi_const_int(&m, "k", numbers[i]);
            mi_const_ints(&m, "b", N(numbers[i], numbers[i]));
            mi_node(&m, "ExpandDims", "e", "x zero", N(1, 1, 2, 4, 4));
            mi_node(&m, "MakeTuple", "t", "x x", -1, NULL);
            mi_node(&m, op, "y", ops[o] + length, -1, NULL);
            amct_status status = mi_import(&m, "y", &g);
            cr_assert(status != AMCT_E_PLUGIN && status != AMCT_E_INTERNAL, "%s of %lld: %s",
                      ops[o], (long long)numbers[i], m.err.text);
            amct_graph_free(g);
            end();
        }
}

Test(ms_hostile, a_network_without_a_tensor_as_result_is_refused, .init = begin, .fini = end)
{
    mi_const_int(&m, "y", 3);
    refuse(AMCT_E_UNSUPPORTED, "the network's result is an integer");
    mi_const_monad(&m, "u");
    refuse_of("u", AMCT_E_FORMAT, "the network has no result");
}
