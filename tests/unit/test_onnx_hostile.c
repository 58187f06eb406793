/* ONNX files that are damaged, contradictory or made to hurt: one clear line, and nothing else. */
#define _GNU_SOURCE /* memmem */
#include "base/file.h"
#include "import/sink.h"
#include "unit/onnx_build.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static onnx_build b;
static const int64_t two[1] = {2};

static void begin(void)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
}

static void end(void)
{
    ob_end(&b);
}

static void refuse(amct_status code, const char *words)
{
    amct_graph *g = NULL;
    cr_assert_eq(ob_import(&b, &g), code, "'%s', not '%s'", b.err.text, words);
    HAS(b.err.text, words);
    cr_assert_null(g);
}

/* A model with something of everything. */
static void begin_rich(void)
{
    begin();
    ob_weights(&b, "w", 20);
    Onnx__TensorProto *typed = ob_tensor(&b, "typed", AMCT_INT32, 1, two);
    typed->n_int32_data = 2;
    typed->int32_data = amct_arena_copy(b.arena, (const int32_t[]){-1, 300}, 8);
    ob_initializer(&b, typed);
    Onnx__NodeProto *node = ob_node(&b, "Clip", "x _ w", "t");
    ob_float(&b, node, "min", 0.5f);
    ob_ints(&b, node, "list", 2, (const int64_t[]){1, 2});
    ob_text(&b, node, "text", "words");
    ob_value(&b, "t", 2, (const int64_t[]){-1, 3});
    Onnx__NodeProto *constant = ob_node(&b, "Constant", "", "c");
    ob_float(&b, constant, "value_float", 1);
    Onnx__FunctionProto *function = ob_function(&b, "F", "a", "r");
    ob_function_node(&b, function, ob_make_node(&b, "Neg", "a", "r"));
    ob_node(&b, "F", "t", "u")->domain = (char *)"local";
    ob_node(&b, "Sum", "u c typed", "y");
}

/* ---- Damage -------------------------------------------------------------------------------- */

Test(onnx_hostile, a_file_cut_at_any_length_fails, .init = begin_rich, .fini = end)
{
    size_t size;
    const char *bytes = ob_pack(&b, &size);
    amct_graph *g = NULL;
    for (size_t cut = 0; cut < size; cut++) {
        char *part = malloc(cut ? cut : 1); /* of exactly that size, for AddressSanitizer */
        memcpy(part, bytes, cut);
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, part, cut, NULL, NULL, 0, &b.err);
        if (status == AMCT_OK) /* only what comes behind all that is needed may be missing */
            amct_graph_free(g);
        else
            cr_assert(status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED, "%zu: %s", cut,
                      b.err.text);
        cr_assert(status != AMCT_OK || cut > size - 64, "%zu of %zu bytes are enough", cut, size);
        free(part);
    }
}

Test(onnx_hostile, any_changed_byte_fails_or_imports, .init = begin_rich, .fini = end)
{
    size_t size;
    char *bytes = ob_pack(&b, &size);
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            amct_graph *g;
            bytes[i] ^= (char)(1 << bit);
            amct_status status =
                amct_import_bytes(&g, &amct_plugin_v1, bytes, size, NULL, NULL, 0, &b.err);
            if (status == AMCT_OK)
                amct_graph_free(g);
            else
                cr_assert(status != AMCT_E_PLUGIN && status != AMCT_E_INTERNAL, "byte %zu: %s", i,
                          b.err.text);
            bytes[i] ^= (char)(1 << bit);
        }
}

Test(onnx_hostile, an_empty_file_has_no_graph)
{
    amct_graph *g;
    amct_err err;
    cr_assert_eq(amct_import_bytes(&g, &amct_plugin_v1, "", 0, NULL, NULL, 0, &err), AMCT_E_FORMAT);
    cr_assert_str_eq(err.text, "the file has 0 graphs, 1 wanted");
}

Test(onnx_hostile, damage_is_located)
{
    amct_graph *g;
    amct_err err;
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, "\x08\x07\x3a\x7f\x0a", 5, NULL, NULL, 0, &err),
        AMCT_E_FORMAT);
    cr_assert_str_eq(err.text, "the file is cut short or damaged at byte 2 of 5");
}

/* ---- Sizes --------------------------------------------------------------------------------- */

Test(onnx_hostile, dims_beyond_all_bounds_are_refused, .init = begin, .fini = end)
{
    ob_node(&b, "Add", "x w", "y");
    Onnx__TensorProto *w = ob_tensor(&b, "w", AMCT_FLOAT, 2, (const int64_t[]){INT64_MIN, 1});
    ob_raw(&b, w, "1234", 4);
    ob_initializer(&b, w);
    refuse(AMCT_E_FORMAT, "initializer 'w': dim 0 is -9223372036854775808");
    w->dims[0] = INT64_MAX;
    refuse(AMCT_E_LIMIT, "initializer 'w': its dims are too large");
    w->dims[0] = w->dims[1] = (int64_t)1 << 32;
    refuse(AMCT_E_LIMIT, "initializer 'w': its dims are too large");
    w->dims[0] = 4;
    w->dims[1] = 1;
    refuse(AMCT_E_FORMAT, "initializer 'w': raw_data has 4 bytes, 16 wanted for 4 float32");
    w->has_raw_data = false;
    refuse(AMCT_E_FORMAT, "initializer 'w': float_data has 0 numbers, 4 wanted for 4 float32");
    int64_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    w->dims = nine;
    w->n_dims = 9;
    refuse(AMCT_E_LIMIT, "initializer 'w': has 9 dims, at most 8 wanted");
}

Test(onnx_hostile, inputs_beyond_all_bounds_are_refused, .init = begin, .fini = end)
{
    Onnx__TypeProto__Map map = ONNX__TYPE_PROTO__MAP__INIT;
    ob_node(&b, "Relu", "x", "y");
    b.graph.input[0]->type->tensor_type->shape->dim[0]->dim_value = INT64_MAX;
    refuse(AMCT_E_LIMIT, "input 'x': a tensor of shape 9223372036854775807 is too large");
    b.graph.input[0] = ob_info(&b, "x", 17, 1, two);
    refuse(AMCT_E_UNSUPPORTED, "input 'x': its element type float8e4m3fn (17)");
    b.graph.input[0] =
        ob_info(&b, "x", AMCT_FLOAT, 9, (const int64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1});
    refuse(AMCT_E_LIMIT, "has 9 dims");
    b.graph.input[0]->type->value_case = ONNX__TYPE_PROTO__VALUE_MAP_TYPE;
    b.graph.input[0]->type->map_type = &map;
    refuse(AMCT_E_UNSUPPORTED, "input 'x': is a map, a tensor wanted");
}

Test(onnx_hostile, nonsense_in_hints_is_ignored, .init = begin, .fini = end)
{
    amct_graph *g;
    ob_value(&b, "t", 3, (const int64_t[]){INT64_MAX, INT64_MAX, 8});
    ob_node(&b, "Relu", "x", "t");
    ob_node(&b, "Relu", "t", "y");
    cr_assert_eq(ob_import(&b, &g), AMCT_OK, "%s", b.err.text);
    cr_assert_eq(ob_find(g, "t")->shape.rank, -1);
    amct_graph_free(g);
}

Test(onnx_hostile, a_sparse_tensor_of_huge_dims_is_refused, .init = begin, .fini = end)
{
    int64_t dims[3] = {1 << 20, 1 << 20, 1 << 20};
    Onnx__SparseTensorProto sparse = ONNX__SPARSE_TENSOR_PROTO__INIT, *list[1] = {&sparse};
    sparse.values = ob_tensor(&b, "s", AMCT_FLOAT, 1, two);
    ob_raw(&b, sparse.values, (const float[]){1, 2}, 8);
    sparse.indices = ob_tensor(&b, "", AMCT_INT64, 1, two);
    ob_raw(&b, sparse.indices, (const int64_t[]){1, 2}, 16);
    sparse.n_dims = 3;
    sparse.dims = dims;
    b.graph.n_sparse_initializer = 1;
    b.graph.sparse_initializer = list;
    refuse(AMCT_E_LIMIT, "is too large to be made dense");
}

/* ---- Nesting ------------------------------------------------------------------------------- */

/* Wraps bytes into `levels` length-delimited fields, alternating between two tags. */
static uint8_t *wrap(size_t levels, uint8_t outer, uint8_t inner, size_t *size)
{
    size_t room = levels * 11 + 16, at = room, used = 0;
    uint8_t *bytes = malloc(room);
    for (size_t i = 0; i < levels; i++) {
        uint8_t length[10];
        size_t n = 0;
        for (size_t left = used; n == 0 || left; left >>= 7)
            length[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
        at -= n;
        memcpy(bytes + at, length, n);
        bytes[--at] = i % 2 ? outer : inner;
        used += n + 1;
    }
    memmove(bytes, bytes + at, used);
    *size = used;
    return bytes;
}

Test(onnx_hostile, types_that_nest_without_end_are_refused, .init = begin, .fini = end)
{
    size_t type_size;
    ob_node(&b, "Relu", "x", "y");
    uint8_t *types = wrap(200000, 0x22, 0x0a, &type_size); /* sequence_type { elem_type { ... */
    /* an input whose type is that: put it in place of the marker, as an unknown field would be */
    Onnx__ValueInfoProto info = ONNX__VALUE_INFO_PROTO__INIT;
    ProtobufCMessageUnknownField field = {.tag = 2,
                                          .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED};
    uint8_t *prefixed = malloc(type_size + 8);
    size_t n = 0;
    for (size_t left = type_size; n == 0 || left; left >>= 7)
        prefixed[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    memcpy(prefixed + n, types, type_size);
    field.len = n + type_size;
    field.data = prefixed;
    info.name = (char *)"deep";
    info.base.n_unknown_fields = 1;
    info.base.unknown_fields = &field;
    b.graph.input[0] = &info;
    refuse(AMCT_E_LIMIT, "its type nests deeper than 16");
    free(types), free(prefixed);
}

Test(onnx_hostile, graphs_in_attributes_are_not_entered, .init = begin, .fini = end)
{
    /* attribute { g { node { attribute { g ... : only the outermost is looked at */
    size_t size;
    uint8_t *nested = wrap(200000, 0x32, 0x0a, &size);
    ProtobufCMessageUnknownField field = {.tag = 6,
                                          .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED};
    uint8_t *prefixed = malloc(size + 8);
    size_t n = 0;
    for (size_t left = size; n == 0 || left; left >>= 7)
        prefixed[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    memcpy(prefixed + n, nested, size);
    field.len = n + size;
    field.data = prefixed;
    Onnx__AttributeProto *attr = ob_attr(&b, ob_node(&b, "If", "x", "y"), "then_branch", 5);
    attr->base.n_unknown_fields = 1;
    attr->base.unknown_fields = &field;
    amct_graph *g;
    cr_assert_eq(ob_import(&b, &g), AMCT_OK, "%s", b.err.text);
    cr_assert_eq(amct_node_attr(&g->nodes[0], "then_branch")->type, AMCT_ATTR_OPAQUE);
    amct_graph_free(g);
    free(nested), free(prefixed);
}

Test(onnx_hostile, functions_that_call_themselves_or_explode_are_refused, .init = begin,
     .fini = end)
{
    Onnx__FunctionProto *f = ob_function(&b, "Again", "a", "r");
    Onnx__NodeProto *call = ob_make_node(&b, "Again", "a", "r");
    call->domain = (char *)"local";
    ob_function_node(&b, f, call);
    ob_node(&b, "Again", "x", "y")->domain = (char *)"local";
    refuse(AMCT_E_LIMIT, "functions call each other more than 32 deep");
    b.model.n_functions = 0;
    for (int i = 0; i < 25; i++) { /* each calls the next twice: 2^25 */
        char name[16], next[16];
        snprintf(name, sizeof name, i ? "F%d" : "Again", i);
        snprintf(next, sizeof next, "F%d", i + 1);
        f = ob_function(&b, name, "a", "r");
        for (int k = 0; k < 2; k++) {
            call = ob_make_node(&b, i < 24 ? next : "Neg", k ? "t" : "a", k ? "r" : "t");
            call->domain = (char *)(i < 24 ? "local" : "");
            ob_function_node(&b, f, call);
        }
    }
    refuse(AMCT_E_LIMIT, "functions become more than 200000 nodes");
    b.model.n_functions = 0; /* few nodes with long names, called often */
    b.graph.n_node = 0;
    char *name = amct_arena_alloc(b.arena, 60001);
    memset(name, 'n', 60000);
    f = ob_function(&b, "Long", "a", "r");
    call = ob_make_node(&b, "Neg", "a", "t");
    call->output[0] = name;
    ob_function_node(&b, f, call);
    ob_function_node(&b, f, ob_make_node(&b, "Abs", "a", "r"));
    for (int i = 0; i < 1200; i++) {
        char result[16];
        snprintf(result, sizeof result, "r%d", i);
        ob_node(&b, "Long", "x", result)->domain = (char *)"local";
    }
    refuse(AMCT_E_LIMIT, "or 67108864 bytes");
}

/* ---- Contradictions ------------------------------------------------------------------------ */

Test(onnx_hostile, cycles_are_refused, .init = begin, .fini = end)
{
    ob_node(&b, "Add", "x b", "a");
    ob_node(&b, "Relu", "a", "b");
    ob_node(&b, "Relu", "b", "y");
    refuse(AMCT_E_FORMAT, "depends on its own result (a cycle)");
}

Test(onnx_hostile, names_that_nobody_makes_are_named_with_their_user, .init = begin, .fini = end)
{
    ob_node(&b, "Relu", "x", "t");
    ob_node(&b, "Add", "t ghost", "y");
    refuse(AMCT_E_FORMAT, "node 1 'Add_1' (Add): its input 'ghost' is no input or initializer");
    b.graph.n_node = 1;
    refuse(AMCT_E_FORMAT, "output 'y': is not made by any node");
    b.graph.n_node = 0;
    b.graph.n_output = 0;
    refuse(AMCT_E_FORMAT, "the network has no outputs");
}

Test(onnx_hostile, names_that_are_made_twice_are_refused, .init = begin, .fini = end)
{
    ob_node(&b, "Relu", "x", "y");
    ob_node(&b, "Neg", "x", "y");
    refuse(AMCT_E_FORMAT, "node 1 'Neg_1' (Neg): its output 'y' is already made by another node");
    b.graph.node[1]->output[0] = (char *)"x";
    refuse(AMCT_E_FORMAT, "its output 'x' is already an input");
    b.graph.n_node = 1;
    ob_input(&b, "x", 1, two);
    refuse(AMCT_E_FORMAT, "input 'x': is there twice");
    b.graph.n_input = 1;
    ob_weights(&b, "w", 2);
    ob_weights(&b, "w", 2);
    refuse(AMCT_E_FORMAT, "initializer 'w': is there twice");
    b.graph.n_initializer = 1;
    ob_node(&b, "Neg", "x", "w");
    refuse(AMCT_E_FORMAT, "its output 'w' is already a constant");
    b.graph.n_node = 1;
    ob_float(&b, ob_node(&b, "Constant", "", "x"), "value_float", 1);
    refuse(AMCT_E_FORMAT, "its output 'x' is already an input");
    b.graph.n_node = 1;
    ob_int(&b, b.graph.node[0], "a", 1);
    ob_int(&b, b.graph.node[0], "a", 2);
    refuse(AMCT_E_FORMAT, "attribute 'a' is there twice");
}

Test(onnx_hostile, names_that_are_no_text_are_refused, .init = begin, .fini = end)
{
    ob_node(&b, "Relu", "x", "\xff\xfe");
    ob_node(&b, "Relu", "\xff\xfe", "y");
    refuse(AMCT_E_FORMAT, "a tensor's name is not UTF-8");
}

Test(onnx_hostile, weights_with_nan_are_refused, .init = begin, .fini = end)
{
    float numbers[20] = {[17] = NAN};
    Onnx__TensorProto *w = ob_tensor(&b, "conv.weight", AMCT_FLOAT, 1, (const int64_t[]){20});
    ob_raw(&b, w, numbers, sizeof numbers);
    ob_initializer(&b, w);
    ob_node(&b, "Relu", "x", "y");
    refuse(AMCT_E_FORMAT, "constant 'conv.weight': weights contain NaN: element 17 of 20");
    numbers[17] = INFINITY;
    ob_raw(&b, w, numbers, sizeof numbers);
    refuse(AMCT_E_FORMAT, "constant 'conv.weight': weights contain infinity: element 17 of 20");
    w->dims[0] = 16; /* few numbers may be infinite on purpose */
    numbers[3] = -INFINITY;
    ob_raw(&b, w, numbers, 64);
    amct_graph *g;
    cr_assert_eq(ob_import(&b, &g), AMCT_OK, "%s", b.err.text);
    amct_graph_free(g);
}

/* ---- External data ------------------------------------------------------------------------- */

Test(onnx_hostile, external_data_is_mapped_and_checked, .init = begin, .fini = end)
{
    char folder[] = "/tmp/amct-onnx-XXXXXX";
    float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    amct_err err;
    amct_graph *g = NULL;
    cr_assert_not_null(mkdtemp(folder));
    char *file = amct_path_join(folder, "w.bin");
    cr_assert_eq(amct_file_write(file, numbers, sizeof numbers, &err), AMCT_OK);
    ob_node(&b, "Add", "x w", "y");
    Onnx__TensorProto *w = ob_tensor(&b, "w", AMCT_FLOAT, 1, two);
    ob_initializer(&b, w);
    ob_external(&b, w, "location", "w.bin");
    ob_external(&b, w, "offset", "16");
    ob_external(&b, w, "length", "8");
    cr_assert_eq(ob_import_from(&b, &g, folder), AMCT_OK, "%s", b.err.text);
    cr_assert_str_eq(ob_numbers(g, &g->nodes[0], 1), "5,6");
    amct_graph_free(g);
    static const struct {
        int entry;
        const char *value;
        amct_status code;
        const char *words;
    } cases[] = {
        {0, "missing.bin", AMCT_E_IO, "the external file 'missing.bin': No such file"},
        {0, "../w.bin", AMCT_E_INVALID, "a name inside of the model's folder is wanted"},
        {0, "/etc/passwd", AMCT_E_INVALID, "'/etc/passwd' is refused"},
        {1, "25", AMCT_E_FORMAT, "'w.bin' has 32 bytes, 8 from byte 25 wanted"},
        {1, "18446744073709551615", AMCT_E_FORMAT, "'w.bin' has 32 bytes"},
        {1, "-4", AMCT_E_FORMAT, "initializer 'w': external data: offset is '-4', a number wanted"},
        {2, "12", AMCT_E_FORMAT, "external data has 12 bytes, 8 wanted"},
        {2, "8x", AMCT_E_FORMAT, "length is '8x'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *good = w->external_data[cases[i].entry]->value;
        w->external_data[cases[i].entry]->value = (char *)cases[i].value;
        cr_assert_eq(ob_import_from(&b, &g, folder), cases[i].code, "%s", b.err.text);
        HAS(b.err.text, cases[i].words);
        w->external_data[cases[i].entry]->value = good;
    }
    w->external_data[0]->value = (char *)"w.bin~outside"; /* a zero there would end the name */
    size_t size;
    char *bytes = ob_pack(&b, &size);
    char *zero = memmem(bytes, size, "w.bin~", 6);
    cr_assert_not_null(zero);
    zero[5] = 0;
    cr_assert_eq(amct_import_bytes(&g, &amct_plugin_v1, bytes, size, folder, NULL, 0, &b.err),
                 AMCT_E_FORMAT);
    HAS(b.err.text, "initializer 'w': external data: a text holds a zero character");
    w->n_external_data = 0;
    cr_assert_eq(ob_import_from(&b, &g, folder), AMCT_E_FORMAT);
    HAS(b.err.text, "initializer 'w': external data without a location");
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
    free(file);
}

/* ---- Instances ----------------------------------------------------------------------------- */

/* The host's table, but the n-th allocation fails. */
typedef struct failing {
    const amct_host *real;
    long countdown;
} failing;

static void *failing_alloc(void *ctx, size_t size, size_t align)
{
    failing *f = ctx;
    return f->countdown-- == 0 ? NULL : f->real->alloc(f->real->ctx, size, align);
}

static void failing_free(void *ctx, void *block)
{
    failing *f = ctx;
    f->real->free(f->real->ctx, block);
}

static void failing_log(void *ctx, uint32_t level, const char *text)
{
    (void)ctx, (void)level, (void)text;
}

static int32_t failing_fail(void *ctx, int32_t code, const char *text)
{
    failing *f = ctx;
    return f->real->fail(f->real->ctx, code, text);
}

/* Reads with the n-th allocation failing; *left is the number of blocks behind close. */
static amct_status read_failing(const void *bytes, size_t size, long n, size_t *left, amct_err *err)
{
    amct_plugin_host *host;
    amct_graph *g;
    amct_import_sink *sink;
    const amct_view model = {.struct_size = sizeof model, .name = "", .data = bytes, .size = size};
    const amct_import_place place = {.model = model};
    const amct_importer *importer = amct_plugin_v1.importer;
    void *self = NULL;
    cr_assert_eq(amct_plugin_host_new(&host, "onnx", err), AMCT_OK);
    cr_assert_eq(amct_graph_new(&g, err), AMCT_OK);
    failing f = {amct_plugin_host_table(host), n};
    const amct_host table = {.struct_size = sizeof table,
                             .ctx = &f,
                             .alloc = failing_alloc,
                             .free = failing_free,
                             .log = failing_log,
                             .fail = failing_fail};
    amct_status status =
        amct_plugin_host_result(host, importer->open(&table, &model, NULL, 0, &self), "open", err);
    if (status == AMCT_OK) {
        cr_assert_eq(amct_import_sink_new(&sink, g, host, &place, err), AMCT_OK);
        status =
            amct_import_sink_result(sink, importer->read(self, amct_import_sink_table(sink)), err);
        importer->close(self);
        amct_import_sink_free(sink);
    }
    *left = amct_plugin_host_blocks(host);
    amct_graph_free(g);
    amct_plugin_host_free(host);
    return status;
}

Test(onnx_hostile, any_failing_allocation_fails_cleanly, .init = begin_rich, .fini = end)
{
    size_t size, left;
    void *bytes = ob_pack(&b, &size);
    long n = 0;
    for (amct_status status = AMCT_E_NOMEM; status != AMCT_OK; n++) {
        status = read_failing(bytes, size, n, &left, &b.err);
        cr_assert(status == AMCT_OK || status == AMCT_E_NOMEM, "allocation %ld: %s", n, b.err.text);
        cr_assert_eq(left, 0, "allocation %ld: %zu blocks left behind", n, left);
        cr_assert_lt(n, 100000);
    }
    cr_assert_gt(n, 50, "only %ld allocations were made", n);
}

Test(onnx_hostile, failures_leave_no_blocks_behind, .init = begin, .fini = end)
{
    float numbers[20] = {[3] = NAN};
    size_t size, left;
    Onnx__TensorProto *w = ob_tensor(&b, "w", AMCT_FLOAT, 1, (const int64_t[]){20});
    w->n_float_data = 20;
    w->float_data = numbers;
    ob_initializer(&b, w);
    Onnx__TensorProto *v = ob_tensor(&b, "v", AMCT_INT32, 1, two);
    v->n_int32_data = 2;
    v->int32_data = (int32_t[]){1, 2};
    ob_initializer(&b, v);
    ob_node(&b, "Add", "x w", "y");
    void *bytes = ob_pack(&b, &size);
    cr_assert_eq(read_failing(bytes, size, -1, &left, &b.err), AMCT_E_FORMAT);
    HAS(b.err.text, "weights contain NaN");
    cr_assert_eq(left, 0);
    numbers[3] = 0;
    v->name = (char *)"w";
    bytes = ob_pack(&b, &size);
    cr_assert_eq(read_failing(bytes, size, -1, &left, &b.err), AMCT_E_FORMAT);
    HAS(b.err.text, "is there twice");
    cr_assert_eq(left, 0);
}

Test(onnx_hostile, two_instances_do_not_mix, .init = begin_rich, .fini = end)
{
    enum { N = 2 };
    size_t size;
    void *bytes = ob_pack(&b, &size);
    const amct_view model = {.struct_size = sizeof model, .name = "", .data = bytes, .size = size};
    const amct_import_place place = {.model = model};
    const amct_importer *importer = amct_plugin_v1.importer;
    amct_plugin_host *hosts[N];
    amct_graph *graphs[N];
    amct_import_sink *sinks[N];
    void *selves[N];
    for (int i = 0; i < N; i++) {
        cr_assert_eq(amct_plugin_host_new(&hosts[i], "onnx", &b.err), AMCT_OK);
        cr_assert_eq(amct_graph_new(&graphs[i], &b.err), AMCT_OK);
        cr_assert_eq(importer->open(amct_plugin_host_table(hosts[i]), &model, NULL, 0, &selves[i]),
                     0);
    }
    for (int i = 0; i < N; i++) {
        cr_assert_eq(amct_import_sink_new(&sinks[i], graphs[i], hosts[i], &place, &b.err),
                     AMCT_OK);
        cr_assert_eq(importer->read(selves[i], amct_import_sink_table(sinks[i])), 0);
    }
    cr_assert_eq(graphs[0]->n_nodes, graphs[1]->n_nodes);
    cr_assert_eq(graphs[0]->n_tensors, graphs[1]->n_tensors);
    for (uint32_t t = 0; t < graphs[0]->n_tensors; t++)
        cr_assert_str_eq(graphs[0]->tensors[t].name, graphs[1]->tensors[t].name);
    for (int i = 0; i < N; i++) {
        importer->close(selves[i]);
        amct_import_sink_free(sinks[i]);
        amct_graph_free(graphs[i]);
        cr_assert_eq(amct_plugin_host_blocks(hosts[i]), 0);
        amct_plugin_host_free(hosts[i]);
    }
}
