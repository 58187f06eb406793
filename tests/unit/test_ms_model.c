/* MindIR's graphs: functions, monads, names, results, and files of older versions. */
#include "import/import.h"
#include "unit/mindir_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mindir_file m;

static void begin(void)
{
    mi_begin(&m);
}

static void end(void)
{
    mi_end(&m);
}

#define F(...)                                                                                     \
    (const float[])                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define EXPECT(x, ...) mi_expect(&m, "y", x, sizeof(F(__VA_ARGS__)) / sizeof(float), F(__VA_ARGS__))

static amct_graph *import(const char *result)
{
    amct_graph *g;
    cr_assert_eq(mi_import(&m, result, &g), AMCT_OK, "%s", m.err.text);
    return g;
}

/* ---- Monads ---------------------------------------------------------------------------------- */

/* As MindSpore writes it: parameters pass through Load, states hang on the result by Depend. */
Test(ms_model, monads_keep_an_order_and_are_left_out, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_parameter(&m, "w", N(2), F(10, 20));
    mi_const_monad(&m, "u");
    mi_node(&m, "Load", "loaded", "@w u", N(2));
    mi_node(&m, "Mul", "product", "x loaded", N(1, 2));
    mi_node(&m, "MakeTuple", "all", "loaded", -1, NULL);
    mi_node(&m, "UpdateState", "state", "u all", -1, NULL);
    mi_node(&m, "Depend", "y", "product state", N(1, 2));
    EXPECT(F(1, 2), 10, 40);
    amct_graph *g = import("y");
    cr_assert_eq(g->n_nodes, 1);
    amct_graph_free(g);
}

/* As functions give them back. */
Test(ms_model, monads_have_their_places_in_tuples, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_monad(&m, "u");
    mi_function(&m, "f", "a state");
    mi_node(&m, "Neg", "minus", "a", N(1, 2));
    mi_node(&m, "MakeTuple", "both", "state minus", -1, NULL);
    mi_function_end(&m, "both");
    mi_call(&m, "f", "result", "x u");
    mi_const_int(&m, "second", 1);
    mi_node(&m, "TupleGetItem", "y", "result second", N(1, 2));
    EXPECT(F(1, 2), -1, -2);
}

/* A node that is there for its side effect alone may do what we do not know. */
Test(ms_model, what_only_prints_is_left_out, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_monad(&m, "io");
    mi_node(&m, "ReLU", "a", "x", N(1, 2));
    mi_node(&m, "Print", "print", "a io", -1, NULL);
    mi_node(&m, "UpdateState", "state", "io print", -1, NULL);
    mi_node(&m, "Depend", "y", "a state", N(1, 2));
    EXPECT(F(-1, 2), 0, 2);
}

/* ---- Functions ------------------------------------------------------------------------------- */

Test(ms_model, functions_are_read_in_the_place_of_their_calls, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_function(&m, "twice", "a");
    mi_node(&m, "Add", "twice_sum", "a a", N(1, 2));
    mi_function_end(&m, "twice_sum");
    mi_call(&m, "twice", "b", "x");
    mi_call(&m, "twice", "c", "b");
    mi_node(&m, "ReLU", "y", "c", N(1, 2));
    EXPECT(F(1, -2), 4, 0);
}

/* What a function takes from the graph around it is no argument. */
Test(ms_model, functions_see_the_graph_that_calls_them, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_parameter(&m, "w", N(2), F(10, 20));
    mi_const_int(&m, "two", 2);
    mi_function(&m, "f", "a");
    mi_node(&m, "Mul", "f_product", "a @w", N(1, 2));
    mi_node(&m, "Add", "f_sum", "f_product outside", N(1, 2));
    mi_node(&m, "Muls", "f_result", "f_sum two", N(1, 2));
    mi_function_end(&m, "f_result");
    mi_call(&m, "f", "y", "x");
    mi_node(&m, "Neg", "outside", "x", N(1, 2)); /* and stands behind the call */
    EXPECT(F(1, 2), 18, 76);
}

Test(ms_model, constants_of_another_graph, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_function(&m, "f", "a");
    mi_const_float(&m, "three", 3);
    mi_node(&m, "Mul", "f_y", "a three", N(1, 2));
    mi_function_end(&m, "f_y");
    mi_call(&m, "f", "b", "x");
    mi_node(&m, "Add", "y", "b three", N(1, 2));
    EXPECT(F(1, 2), 6, 9);
}

Test(ms_model, functions_are_values, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_function(&m, "minus", "a b");
    mi_node(&m, "Sub", "minus_y", "a b", N(1, 2));
    mi_function_end(&m, "minus_y");
    mi_const_float(&m, "ten", 10);
    mi_node(&m, "Partial", "from_ten", "REF::minus ten", -1, NULL);
    mi_call(&m, "from_ten", "y", "x");
    EXPECT(F(1, 2), 9, 8);
}

Test(ms_model, a_constant_condition_takes_its_way, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_function(&m, "then", "a");
    mi_node(&m, "Neg", "then_y", "a", N(1, 2));
    mi_function_end(&m, "then_y");
    mi_function(&m, "else", "b");
    mi_node(&m, "Unknown", "else_y", "b", N(1, 2));
    mi_function_end(&m, "else_y");
    mi_const_bool(&m, "yes", true);
    mi_node(&m, "Switch", "way", "yes REF::then REF::else", -1, NULL);
    mi_call(&m, "way", "y", "x");
    EXPECT(F(1, 2), -1, -2);
}

/* ---- Results --------------------------------------------------------------------------------- */

Test(ms_model, a_tuple_is_several_results, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_node(&m, "ReLU", "a", "x", N(1, 2));
    mi_node(&m, "Neg", "b", "x", N(1, 2));
    mi_node(&m, "MakeTuple", "inner", "b a", -1, NULL);
    mi_node(&m, "MakeTuple", "y", "a inner x", -1, NULL);
    amct_graph *g = import("y");
    cr_assert_eq(g->n_outputs, 4);
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "a");
    cr_assert_str_eq(g->tensors[g->outputs[1]].name, "b");
    cr_assert_str_eq(g->tensors[g->outputs[3]].name, "x/output");
    amct_graph_free(g);
}

Test(ms_model, names_are_those_of_the_program, .init = begin, .fini = end)
{
    mi_input(&m, "12_construct_3:image", N(1, 2));
    mi_parameter(&m, "fc.weight", N(2), F(1, 2));
    mi_node(&m, "Mul", "y", "12_construct_3:image @fc.weight", N(1, 2));
    wb_text(&m.node, 7, "Default/fc-Dense/Mul-op1");
    amct_graph *g = import("y");
    cr_assert_str_eq(g->tensors[g->inputs[0]].name, "image");
    cr_assert_str_eq(g->nodes[0].name, "Default/fc-Dense/Mul-op1");
    cr_assert_str_eq(g->tensors[g->nodes[0].src[1]].name, "fc.weight");
    cr_assert_str_eq(g->producer, "MindSpore 2.10.0");
    amct_graph_free(g);
}

Test(ms_model, an_operator_that_is_not_known_goes_on_under_its_name, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_int(&m, "k", 3);
    mi_node(&m, "FancyOp", "f", "x k", N(1, 5));
    mi_node(&m, "ReLU", "y", "f", N(1, 5));
    amct_graph *g = import("y");
    cr_assert_str_eq(g->nodes[0].op, "FancyOp");
    cr_assert_str_eq(g->nodes[0].domain, "mindspore");
    cr_assert_eq(g->tensors[g->nodes[0].dst[0]].shape.dims[1], 5);
    amct_graph_free(g);
}

/* ---- A transformer's block --------------------------------------------------------------------
 */

enum { WORDS = 3, WIDTH = 4, HEADS = 2, PART = WIDTH / HEADS };

static float weight_of(int layer, int i)
{
    return (float)((i * 7 + layer * 5) % 11 - 5) / 8;
}

/* A dense layer as mindspore.nn makes one: the rows of all words, a product, a bias. */
static void add_dense(const char *name, const char *src, int layer)
{
    float w[WIDTH * WIDTH], b[WIDTH];
    char weight[32], bias[32], product[32], flat[32], names[96];
    for (int i = 0; i < WIDTH * WIDTH; i++)
        w[i] = weight_of(layer, i);
    for (int i = 0; i < WIDTH; i++)
        b[i] = weight_of(layer + 1, i);
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    snprintf(product, sizeof product, "%s_product", name);
    snprintf(flat, sizeof flat, "%s_flat", name);
    mi_parameter(&m, weight, N(WIDTH, WIDTH), w);
    mi_parameter(&m, bias, N(WIDTH), b);
    snprintf(names, sizeof names, "%s rows", src);
    mi_node(&m, "Reshape", flat, names, N(WORDS, WIDTH));
    snprintf(names, sizeof names, "%s @%s no yes", flat, weight);
    mi_node(&m, "MatMul", product, names, N(WORDS, WIDTH));
    snprintf(names, sizeof names, "%s @%s", product, bias);
    mi_node(&m, "BiasAdd", name, names, N(WORDS, WIDTH));
}

static void add_heads(const char *name, const char *src)
{
    char parts[32], names[64];
    snprintf(parts, sizeof parts, "%s_parts", name);
    snprintf(names, sizeof names, "%s heads", src);
    mi_node(&m, "Reshape", parts, names, N(1, WORDS, HEADS, PART));
    snprintf(names, sizeof names, "%s perm", parts);
    mi_node(&m, "Transpose", name, names, N(1, HEADS, WORDS, PART));
}

static void dense(const float *x, int layer, float *y)
{
    for (int t = 0; t < WORDS; t++)
        for (int o = 0; o < WIDTH; o++) {
            double sum = weight_of(layer + 1, o);
            for (int i = 0; i < WIDTH; i++)
                sum += (double)x[t * WIDTH + i] * weight_of(layer, o * WIDTH + i);
            y[t * WIDTH + o] = (float)sum;
        }
}

static void attend(const float *q, const float *k, const float *v, float *y)
{
    for (int h = 0; h < HEADS; h++)
        for (int t = 0; t < WORDS; t++) {
            double share[WORDS], sum = 0;
            for (int s = 0; s < WORDS; s++) {
                double product = 0;
                for (int i = h * PART; i < (h + 1) * PART; i++)
                    product += (double)q[t * WIDTH + i] * k[s * WIDTH + i];
                sum += share[s] = exp(product / sqrt(PART));
            }
            for (int i = h * PART; i < (h + 1) * PART; i++) {
                double mixed = 0;
                for (int s = 0; s < WORDS; s++)
                    mixed += share[s] / sum * v[s * WIDTH + i];
                y[t * WIDTH + i] = (float)mixed;
            }
        }
}

static void normalise(const float *x, float *y)
{
    for (int t = 0; t < WORDS; t++) {
        double mean = 0, square = 0;
        for (int i = 0; i < WIDTH; i++)
            mean += x[t * WIDTH + i] / WIDTH;
        for (int i = 0; i < WIDTH; i++)
            square += (x[t * WIDTH + i] - mean) * (x[t * WIDTH + i] - mean) / WIDTH;
        for (int i = 0; i < WIDTH; i++)
            y[t * WIDTH + i] = (float)((x[t * WIDTH + i] - mean) / sqrt(square + 0.001));
    }
}

Test(ms_model, a_block_of_a_transformer, .init = begin, .fini = end)
{
    enum { N_ALL = WORDS * WIDTH };
    float x[N_ALL], n[N_ALL], q[N_ALL], k[N_ALL], v[N_ALL], mixed[N_ALL], y[N_ALL];
    for (int i = 0; i < N_ALL; i++)
        x[i] = (float)(i * 5 % 7) / 4 - 0.5f;
    normalise(x, n);
    dense(n, 0, q);
    dense(n, 2, k);
    dense(n, 4, v);
    attend(q, k, v, mixed);
    dense(mixed, 6, y);
    for (int i = 0; i < N_ALL; i++) {
        double a = x[i] + y[i];
        y[i] = (float)(a * (1 + erf(a / sqrt(2))) / 2); /* as nn.GELU(approximate=False) is spelt */
    }
    mi_input(&m, "x", N(1, WORDS, WIDTH));
    mi_parameter(&m, "gamma", N(WIDTH), F(1, 1, 1, 1));
    mi_parameter(&m, "beta", N(WIDTH), F(0, 0, 0, 0));
    mi_const_int(&m, "last", -1);
    mi_const_int(&m, "first", 0);
    mi_const_float(&m, "epsilon", 0.001f);
    mi_const_bool(&m, "yes", true);
    mi_const_bool(&m, "no", false);
    mi_const_ints(&m, "rows", N(-1, WIDTH));
    mi_const_ints(&m, "heads", N(1, WORDS, HEADS, PART));
    mi_const_ints(&m, "perm", N(0, 2, 1, 3));
    mi_const_ints(&m, "words", N(1, WORDS, WIDTH));
    mi_node(&m, "LayerNorm", "norm", "x @gamma @beta last last epsilon", -1, NULL);
    mi_node(&m, "TupleGetItem", "n", "norm first", N(1, WORDS, WIDTH));
    add_dense("q", "n", 0);
    add_dense("k", "n", 2);
    add_dense("v", "n", 4);
    add_heads("qh", "q");
    add_heads("kh", "k");
    add_heads("vh", "v");
    mi_node(&m, "BatchMatMul", "scores", "qh kh no yes", N(1, HEADS, WORDS, WORDS));
    mi_const_float(&m, "root", sqrtf(PART));
    mi_node(&m, "RealDiv", "scaled", "scores root", N(1, HEADS, WORDS, WORDS));
    mi_node(&m, "Softmax", "shares", "scaled last", N(1, HEADS, WORDS, WORDS));
    mi_node(&m, "BatchMatMul", "mixed", "shares vh", N(1, HEADS, WORDS, PART));
    mi_node(&m, "Transpose", "back", "mixed perm", N(1, WORDS, HEADS, PART));
    add_dense("o", "back", 6);
    mi_node(&m, "Reshape", "ow", "o words", N(1, WORDS, WIDTH));
    mi_node(&m, "Add", "a", "x ow", N(1, WORDS, WIDTH));
    mi_const_float(&m, "two", sqrtf(2));
    mi_const_float(&m, "one", 1);
    mi_const_float(&m, "half", 0.5f);
    mi_node(&m, "RealDiv", "e0", "a two", N(1, WORDS, WIDTH));
    mi_node(&m, "Erf", "e1", "e0", N(1, WORDS, WIDTH));
    mi_node(&m, "Add", "e2", "one e1", N(1, WORDS, WIDTH));
    mi_node(&m, "Mul", "e3", "a half", N(1, WORDS, WIDTH));
    mi_node(&m, "Mul", "y", "e3 e2", N(1, WORDS, WIDTH));
    mi_expect(&m, "y", x, N_ALL, y);
}

/* ---- Older files ----------------------------------------------------------------------------- */

/* Up to MindSpore 1.x the node names the operator and has its attributes itself; a tuple is a list
 * of numbers, and ref_attr_name says so. */
Test(ms_model, attributes_of_the_node_itself, .init = begin, .fini = end)
{
    wb_bytes kernel = {0};
    mi_input(&m, "x", N(1, 1, 1, 4));
    mi_node(&m, "Old", "y", "x", N(1, 1, 1, 2)); /* its operator is the last that counts */
    wb_text(&m.node, 4, "MaxPool");
    wb_text(&kernel, 1, "kernel_size");
    for (int i = 0; i < 4; i++)
        wb_int(&kernel, 10, i == 3 ? 2 : 1);
    wb_text(&kernel, 15, "scalar:Tuple[value1,value2,value3,value4,]");
    wb_int(&kernel, 16, 7);
    wb_message(&m.node, 5, &kernel);
    EXPECT(F(1, 5, 7, 2), 5, 7);
}

Test(ms_model, monads_by_their_old_name, .init = begin, .fini = end)
{
    wb_bytes value = {0};
    mi_input(&m, "x", N(1, 2));
    mi_const_int(&m, "u", 0);
    wb_text(&value, 1, "value");
    wb_text(&value, 15, "Monad:UMonad");
    wb_free(&m.node);
    wb_text(&m.node, 2, "u");
    wb_text(&m.node, 4, "Constant");
    wb_message(&m.node, 5, &value);
    mi_node(&m, "ReLU", "y", "x u", N(1, 2));
    EXPECT(F(-1, 2), 0, 2);
}

/* ---- Elements in other forms ------------------------------------------------------------------
 */

static wb_bytes tensor_of(int type, int64_t n, const char *name)
{
    wb_bytes t = {0};
    wb_int(&t, 1, (uint64_t)n);
    wb_int(&t, 2, (uint64_t)type);
    wb_text(&t, 7, name);
    return t;
}

Test(ms_model, elements_spelt_as_numbers, .init = begin, .fini = end)
{
    static const float numbers[] = {10, 20};
    wb_bytes t = tensor_of(1, 2, "w");
    wb_field(&t, 3, numbers, sizeof numbers);
    wb_message(&m.graph, 3, &t);
    mi_input(&m, "x", N(1, 2));
    mi_node(&m, "Mul", "y", "x w", N(1, 2));
    EXPECT(F(1, 2), 10, 40);
}

static void put_external(const char *location, uint64_t offset, uint64_t length)
{
    wb_bytes t = tensor_of(1, 2, "w"), external = {0};
    wb_text(&external, 1, location);
    wb_int(&external, 2, offset);
    wb_int(&external, 3, length);
    wb_message(&t, 12, &external);
    wb_message(&m.graph, 3, &t);
    mi_input(&m, "x", N(1, 2));
    mi_node(&m, "Mul", "y", "x w", N(1, 2));
}

static amct_status import_in(const char *folder)
{
    amct_graph *g = NULL;
    const wb_bytes *file = mi_pack(&m, "y");
    amct_status status =
        amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size, folder, NULL, 0, &m.err);
    if (status == AMCT_OK) {
        const float *w = g->tensors[g->nodes[0].src[1]].data;
        cr_assert_eq(w[0], 10);
        cr_assert_eq(w[1], 20);
    }
    amct_graph_free(g);
    return status;
}

/* Models of more than 1 GB have their parameters in files of a folder of their own. */
Test(ms_model, parameters_in_other_files, .init = begin, .fini = end)
{
    static const float data[] = {0, 0, 10, 20};
    char folder[] = "/tmp/amct_mindir_XXXXXX", path[128], below[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(below, sizeof below, "%s/net_variables", folder);
    snprintf(path, sizeof path, "%s/data_0", below);
    cr_assert_eq(mkdir(below, 0700), 0);
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(data, sizeof *data, 4, f), 4);
    fclose(f);
    put_external("net_variables/data_0", 8, 8);
    cr_expect_eq(import_in(folder), AMCT_OK, "%s", m.err.text);
    mi_end(&m);
    mi_begin(&m);
    put_external("net_variables/data_0", 12, 8);
    cr_expect_eq(import_in(folder), AMCT_E_FORMAT);
    cr_expect_not_null(strstr(m.err.text, "lies at 12, 8 bytes"), "%s", m.err.text);
    mi_end(&m);
    mi_begin(&m);
    put_external("../secret", 0, 8);
    cr_expect_neq(import_in(folder), AMCT_OK);
    cr_expect_not_null(strstr(m.err.text, "../secret"), "%s", m.err.text);
    mi_end(&m);
    mi_begin(&m);
    put_external("net_variables/data_1", 0, 8);
    cr_expect_eq(import_in(folder), AMCT_E_IO);
    unlink(path);
    rmdir(below);
    rmdir(folder);
}

/* ---- Inputs ---------------------------------------------------------------------------------- */

static amct_status import_with(const char *key, const char *value)
{
    amct_graph *g = NULL;
    const wb_bytes *file = mi_pack(&m, "y");
    const amct_option option = {.struct_size = sizeof option, .key = key, .value = value};
    amct_status status =
        amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size, NULL, &option, 1, &m.err);
    if (status == AMCT_OK)
        cr_assert_eq(g->tensors[g->inputs[0]].shape.dims[1], 4);
    amct_graph_free(g);
    return status;
}

Test(ms_model, the_option_input_says_open_dims, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(-1, -1));
    mi_node(&m, "ReLU", "y", "x", N(-1, -1));
    cr_assert_eq(import_with("input", "1x4"), AMCT_OK, "%s", m.err.text);
    cr_assert_eq(import_with("input", "x:1x4;z:7"), AMCT_OK, "%s", m.err.text);
    cr_assert_eq(import_with("input", "1x4x"), AMCT_E_INVALID);
    cr_assert_not_null(strstr(m.err.text, "1x3x224x224"), "%s", m.err.text);
    cr_assert_eq(import_with("input", "1x2x3"), AMCT_E_INVALID);
    cr_assert_not_null(strstr(m.err.text, "others in the file"), "%s", m.err.text);
    cr_assert_eq(import_with("inputs", "1x4"), AMCT_E_INVALID);
    cr_assert_not_null(strstr(m.err.text, "importer has input"), "%s", m.err.text);
    amct_graph *g;
    cr_assert_eq(mi_import(&m, "y", &g), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(m.err.text, "dims of input 'x' (?x?)"), "%s", m.err.text);
}
