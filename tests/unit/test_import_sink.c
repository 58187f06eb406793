/* The sink against an importer that breaks one rule at a time. */
#include "base/file.h"
#include "import/import.h"
#include "unit/plugin_files.h"

#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static amct_err err;
static amct_plugins *plugins;
static const amct_plugin *rules;
/* 16 bytes of head, then 8 floats. */
static _Alignas(64) char model[64];
static const size_t model_size = 48;

static void setup(void)
{
    plugins = registry((const char *[]){"rulebreaker"}, 1);
    rules = amct_plugins_find(plugins, AMCT_PLUGIN_IMPORTER, "rulebreaker");
    cr_assert_not_null(rules);
    memcpy(model, "RULES", 5);
    for (int i = 0; i < 8; i++)
        memcpy(model + 16 + 4 * i, &(float){(float)i}, 4);
}

static void teardown(void)
{
    amct_plugins_free(plugins);
}

static amct_status import_case(amct_graph **graph, const char *broken, size_t size)
{
    const amct_option option = {.struct_size = sizeof option, .key = "case", .value = broken};
    return amct_import_bytes(graph, rules, model, size, NULL, &option, 1, &err);
}

Test(import_sink, what_keeps_the_rules_becomes_a_graph, .init = setup, .fini = teardown)
{
    amct_graph *g;
    cr_assert_eq(import_case(&g, "", model_size), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(g->name, "toy");
    cr_assert_str_eq(g->producer, "rules");
    cr_assert_str_eq(g->format, "rules");
    cr_assert_eq(g->opset, 18);
    cr_assert_eq(g->n_nodes, 1);
    cr_assert_eq(g->n_inputs, 1);
    cr_assert_eq(g->tensors[g->inputs[0]].shape.dims[0], AMCT_DIM_UNKNOWN);
    cr_assert_eq(amct_node_int(&g->nodes[0], "i", 0), 3);
    const amct_tensor *w = &g->tensors[0];
    cr_assert_eq((const void *)w->data, model + 16, "an aligned constant is not copied");
    cr_assert_eq(amct_constant_number(w, 7), 7);
    amct_graph_free(g);
}

Test(import_sink, a_block_of_the_host_passes_to_the_graph, .init = setup, .fini = teardown)
{
    amct_graph *g;
    cr_assert_eq(import_case(&g, "good block", model_size), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_constant_number(&g->tensors[0], 7), 0);
    cr_assert_eq(g->tensors[0].bytes, 32);
    amct_graph_free(g); /* frees the block: the leak check would tell */
}

Test(import_sink, a_misaligned_constant_is_copied, .init = setup, .fini = teardown)
{
    static _Alignas(64) char shifted[64];
    const amct_option none = {.struct_size = sizeof none, .key = "case", .value = ""};
    amct_graph *g;
    memcpy(shifted + 1, model, model_size);
    cr_assert_eq(amct_import_bytes(&g, rules, shifted + 1, model_size, NULL, &none, 1, &err),
                 AMCT_OK, "%s", err.text);
    cr_assert_eq((uintptr_t)g->tensors[0].data % 16, 0);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(((const float *)g->tensors[0].data)[i], i);
    amct_graph_free(g);
}

Test(import_sink, every_broken_rule_is_noticed, .init = setup, .fini = teardown)
{
    static const struct {
        const char *broken;
        amct_status code;
        const char *words;
    } cases[] = {
        {"model struct size", AMCT_E_PLUGIN, "amct_model_desc has struct_size 0"},
        {"model no name", AMCT_E_PLUGIN, "the model's name is NULL"},
        {"view struct size", AMCT_E_PLUGIN, "amct_view has struct_size 8"},
        {"tensor struct size", AMCT_E_PLUGIN, "amct_tensor_desc has struct_size 8"},
        {"kind", AMCT_E_PLUGIN, "unknown kind 3"},
        {"dtype", AMCT_E_UNSUPPORTED, "constant 'w': its element type 17 is not supported"},
        {"input dtype", AMCT_E_UNSUPPORTED, "input 'x': its element type 0"},
        {"rank", AMCT_E_LIMIT, "has 9 dims, at most 8 wanted"},
        {"no dims", AMCT_E_PLUGIN, "dims is NULL"},
        {"negative dim", AMCT_E_PLUGIN, "dim 0 is -1"},
        {"dim below unknown", AMCT_E_PLUGIN, "dim 0 is -2"},
        {"huge dims", AMCT_E_LIMIT, "is too large"},
        {"no name", AMCT_E_PLUGIN, "a tensor's name is NULL"},
        {"name not utf-8", AMCT_E_FORMAT, "a tensor's name is not UTF-8"},
        {"data size", AMCT_E_FORMAT, "its data has 28 bytes, 32 wanted for 8 of float32"},
        {"data elsewhere", AMCT_E_PLUGIN, "outside of the mapped files"},
        {"data before", AMCT_E_PLUGIN, "outside of the mapped files"},
        {"data beyond", AMCT_E_PLUGIN, "outside of the mapped files"},
        {"input with data", AMCT_E_PLUGIN, "input 'x': has data, but is no constant"},
        {"owner", AMCT_E_PLUGIN, "unknown owner 2"},
        {"not a block", AMCT_E_PLUGIN, "no block of 32 bytes from the host's alloc"},
        {"inside a block", AMCT_E_PLUGIN, "no block of 32 bytes"},
        {"small block", AMCT_E_PLUGIN, "no block of 32 bytes"},
        {"no id", AMCT_E_PLUGIN, "the place for a tensor's id is NULL"},
        {"node struct size", AMCT_E_PLUGIN, "amct_node_desc has struct_size 8"},
        {"no op", AMCT_E_PLUGIN, "a node's operator is NULL"},
        {"empty op", AMCT_E_FORMAT, "has no operator"},
        {"no domain", AMCT_E_PLUGIN, "a node's domain is NULL"},
        {"no src", AMCT_E_PLUGIN, "src, dst or attrs is NULL"},
        {"no attrs", AMCT_E_PLUGIN, "src, dst or attrs is NULL"},
        {"src id", AMCT_E_PLUGIN, "input 0: id 77 is no tensor"},
        {"dst id", AMCT_E_PLUGIN, "output 0: id 77 is no tensor"},
        {"dst is input", AMCT_E_FORMAT, "tensor 'x' is already an input"},
        {"dst is constant", AMCT_E_FORMAT, "tensor 'w' is already a constant"},
        {"made twice", AMCT_E_FORMAT, "tensor 'y' is already made by a node"},
        {"attr struct size", AMCT_E_PLUGIN, "amct_attr_desc has struct_size 4"},
        {"attr stride", AMCT_E_PLUGIN, "attribute 1 has struct_size 56, 48 wanted"},
        {"attr type", AMCT_E_PLUGIN, "attribute 'i': unknown type 9"},
        {"attr no name", AMCT_E_PLUGIN, "an attribute's name is NULL"},
        {"attr twice", AMCT_E_FORMAT, "attribute 'i' is there twice"},
        {"attr no data", AMCT_E_PLUGIN, "attribute 'ints': data is NULL"},
        {"attr no text", AMCT_E_PLUGIN, "string 1 is NULL"},
        {"attr tensor id", AMCT_E_PLUGIN, "attribute 'i': id 77 is no constant"},
        {"attr tensor no constant", AMCT_E_PLUGIN, "is no constant"},
        {"output id", AMCT_E_PLUGIN, "output 0: id 77 is no tensor"},
        {"no output", AMCT_E_FORMAT, "the network has no outputs"},
        {"silent", AMCT_E_PLUGIN, "plugin 'rulebreaker': 'read' failed (format) without saying"},
        {"unknown code", AMCT_E_PLUGIN, "'read' returned the unknown code 7"},
        {"described", AMCT_E_FORMAT, "layer 3 is bad"},
        {"described unknown code", AMCT_E_PLUGIN, "unknown code -77"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_graph *g = NULL;
        amct_status status = import_case(&g, cases[i].broken, model_size);
        cr_assert_eq(status, cases[i].code, "%s: %d %s", cases[i].broken, status, err.text);
        HAS(err.text, cases[i].words);
        cr_assert_null(g);
    }
}

Test(import_sink, a_failure_of_the_sink_counts_though_the_plugin_goes_on, .init = setup,
     .fini = teardown)
{
    amct_graph *g = NULL;
    cr_assert_eq(import_case(&g, "data size", 64), AMCT_E_FORMAT);
    HAS(err.text, "its data has 28 bytes");
}

/* ---- Choosing an importer ------------------------------------------------------------------ */

static char folder[64];

static void setup_files(void)
{
    setup();
    strcpy(folder, "/tmp/amct-import-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown_files(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
    teardown();
}

static amct_status import_file(amct_graph **graph, const char *name, const void *data, size_t size)
{
    char *path = amct_path_join(folder, name);
    cr_assert_eq(amct_file_write(path, data, size, &err), AMCT_OK);
    amct_status status = amct_import(graph, plugins, path, NULL, &err);
    free(path);
    return status;
}

Test(import_sink, a_file_is_read_by_who_knows_it, .init = setup_files, .fini = teardown_files)
{
    amct_graph *g;
    cr_assert_eq(import_file(&g, "toy", model, model_size), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_constant_number(&g->tensors[0], 3), 3);
    amct_graph_free(g); /* with the mapping */
}

Test(import_sink, a_file_nobody_knows_is_described, .init = setup_files, .fini = teardown_files)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *words;
    } cases[] = {
        {"", 0, "looks like an empty file"},
        {"\x89HDF\r\n\x1a\n....", 12, "HDF5: a Keras .h5 model"},
        {"\x1c\0\0\0TFL3....", 12, "a TensorFlow Lite model"},
        {"node {\n  name: \"x\"\n", 19, "a TensorFlow graph as text; write it in binary form"},
        {"IMOD\1\0\0\0", 8, "an Ascend .om model"},
        {"PK\3\4....net/data.pkl", 20, "a PyTorch archive"},
        {"PK\3\4....metadata.json config.json", 33, "a Keras .keras model"},
        {"PK\3\4....", 8, "a zip archive"},
        {"\x80\2}q\0.", 6, "a Python pickle"},
        {"layer {\n name: 'x'\n}\n", 20, "looks like text"},
        {"net: 'x'\nbase_lr: 0.1\n", 22, "the settings of a Caffe solver"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_graph *g = NULL;
        cr_assert_eq(import_file(&g, "file", cases[i].bytes, cases[i].size), AMCT_E_UNSUPPORTED);
        HAS(err.text, "/file: no importer knows this file");
        HAS(err.text, cases[i].words);
        HAS(err.text, "importers known: rulebreaker (rules)");
    }
    amct_graph *g;
    cr_assert_eq(import_file(&g, "file", "\1\2\3\377", 4), AMCT_E_UNSUPPORTED);
    cr_assert_null(strstr(err.text, "looks like"));
}

Test(import_sink, a_probe_out_of_range_is_not_believed, .init = setup_files, .fini = teardown_files)
{
    amct_graph *g = NULL;
    cr_assert_eq(import_file(&g, "probe-out-of-range", model, model_size), AMCT_E_UNSUPPORTED);
    cr_assert_null(g);
}

Test(import_sink, a_missing_file_is_named, .init = setup, .fini = teardown)
{
    amct_graph *g = NULL;
    cr_assert_eq(amct_import(&g, plugins, "/no/such/model", NULL, &err), AMCT_E_IO);
    HAS(err.text, "/no/such/model");
}
