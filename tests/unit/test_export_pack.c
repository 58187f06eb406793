/* Any graph as a file: what is written is what is read. */
#include "export/onnx_save.h"
#include "export/opset.h"
#include "import/import.h"
#include "unit/export_file.h"
#include "unit/export_fixture.h"

#include <unistd.h>

extern const amct_plugin amct_plugin_v1;

static uint32_t constant(amct_graph *g, const char *name, uint32_t dtype, int32_t rank,
                         const int64_t *dims, const void *bytes)
{
    amct_shape shape = amct_shape_of(rank, dims);
    void *data;
    uint32_t id;
    OK(amct_graph_add_constant(g, name, dtype, &shape, &id, &data, &err));
    memcpy(data, bytes, g->tensors[id].bytes);
    return id;
}

static amct_status save(const amct_graph *g, uint64_t max_bytes)
{
    amct_onnx_file file = {folder, "m.onnx", "m.external", max_bytes, false};
    return amct_onnx_save(&file, g, &err);
}

/* The graph as it is read back; *bytes must be unmapped after it is freed. */
static amct_graph *read_back(amct_file *bytes)
{
    amct_graph *g;
    char *path = amct_path_join(folder, "m.onnx");
    OK(amct_file_map(bytes, path, &err));
    free(path);
    OK(amct_import_bytes(&g, &amct_plugin_v1, bytes->data, bytes->size, folder, NULL, 0, &err));
    return g;
}

static const amct_tensor *named(const amct_graph *g, const char *name)
{
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (strcmp(g->tensors[t].name, name) == 0)
            return &g->tensors[t];
    cr_assert(false, "no tensor '%s'", name);
    return NULL;
}

/* A node of an operator that nobody knows, with every kind of attribute and inputs left out. */
static amct_graph *strange(void)
{
    static const char *const words[] = {"a", "", "ccc"};
    static const float floats[] = {1.5f, -0.0f, 3e-42f};
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 3, (int64_t[]){2, 3, 4}), dst[2];
    uint32_t table = constant(g, "table", AMCT_INT16, 1, (int64_t[]){2}, (int16_t[]){-7, 300});
    amct_tensor out = {.name = "y", .dtype = AMCT_FLOAT, .shape = amct_shape_of(1, &(int64_t){5})};
    OK(amct_graph_add_tensor(g, &out, &dst[1], &err));
    dst[0] = AMCT_NO_TENSOR;
    amct_attr attrs[] = {
        {.name = "i", .type = AMCT_ATTR_INT, .i = INT64_MIN},
        {.name = "f", .type = AMCT_ATTR_FLOAT, .f = 0x1.fffffep-126f},
        {.name = "s", .type = AMCT_ATTR_STRING, .data = "a\0b", .count = 3},
        {.name = "is", .type = AMCT_ATTR_INTS, .data = (int64_t[]){-1, 1LL << 40}, .count = 2},
        {.name = "fs", .type = AMCT_ATTR_FLOATS, .data = floats, .count = 3},
        {.name = "ss", .type = AMCT_ATTR_STRINGS, .data = words, .count = 3},
        {.name = "none", .type = AMCT_ATTR_INTS, .data = floats, .count = 0},
        {.name = "t", .type = AMCT_ATTR_TENSOR, .i = table},
    };
    amct_node node = {.name = "n",
                      .op = "Strange",
                      .domain = "my.domain",
                      .n_src = 4,
                      .src = (uint32_t[]){x, AMCT_NO_TENSOR, x, AMCT_NO_TENSOR},
                      .n_dst = 2,
                      .dst = dst,
                      .n_attrs = sizeof attrs / sizeof *attrs,
                      .attrs = attrs};
    OK(amct_graph_add_node(g, &node, &err));
    OK(amct_graph_add_output(g, dst[1], &err));
    return g;
}

Test(export_pack, attributes_of_all_kinds_come_back, .init = setup, .fini = teardown)
{
    amct_graph *g = strange();
    amct_file bytes;
    OK(save(g, AMCT_ONNX_MAX_BYTES));
    amct_graph *back = read_back(&bytes);
    cr_assert_eq(back->n_nodes, 1);
    const amct_node *node = &back->nodes[0];
    size_t n;
    cr_assert_str_eq(node->name, "n");
    cr_assert_str_eq(node->op, "Strange");
    cr_assert_str_eq(node->domain, "my.domain");
    cr_assert_eq(node->n_src, 3, "what is left out at the end is not written");
    cr_assert_eq(node->src[1], AMCT_NO_TENSOR);
    cr_assert_eq(node->src[2], node->src[0]);
    cr_assert_eq(node->n_dst, 2);
    cr_assert_eq(node->dst[0], AMCT_NO_TENSOR);
    cr_assert_eq(amct_node_int(node, "i", 0), INT64_MIN);
    cr_assert_eq(amct_node_float(node, "f", 0), 0x1.fffffep-126f);
    cr_assert_eq(amct_node_attr(node, "s")->count, 3);
    cr_assert_eq(memcmp(amct_node_attr(node, "s")->data, "a\0b", 3), 0);
    const int64_t *ints = amct_node_ints(node, "is", &n);
    cr_assert_eq(n, 2);
    cr_assert_eq(ints[1], 1LL << 40);
    const float *floats = amct_node_floats(node, "fs", &n);
    cr_assert_eq(n, 3);
    cr_assert_eq(memcmp(floats, (float[]){1.5f, -0.0f, 3e-42f}, 12), 0);
    const char *const *words = amct_node_attr(node, "ss")->data;
    cr_assert_eq(amct_node_attr(node, "ss")->count, 3);
    cr_assert_str_eq(words[1], "");
    cr_assert_str_eq(words[2], "ccc");
    cr_assert_eq(amct_node_attr(node, "none")->count, 0);
    cr_assert_eq(amct_node_attr(node, "none")->type, AMCT_ATTR_INTS);
    const amct_tensor *table = &back->tensors[amct_node_attr(node, "t")->i];
    cr_assert_eq(table->dtype, AMCT_INT16);
    cr_assert_eq(amct_constant_int(table, 1), 300);
    amct_graph_free(back);
    amct_file_unmap(&bytes);
    amct_graph_free(g);
}

Test(export_pack, foreign_domains_are_imported, .init = setup, .fini = teardown)
{
    amct_graph *g = strange();
    OK(save(g, AMCT_ONNX_MAX_BYTES));
    Onnx__ModelProto *m = export_file_read(folder, "m.onnx");
    cr_assert_eq(m->n_opset_import, 2);
    cr_assert_str_eq(m->opset_import[1]->domain, "my.domain");
    onnx__model_proto__free_unpacked(m, NULL);
    amct_graph_free(g);
}

Test(export_pack, a_graph_as_an_attribute_is_refused, .init = setup, .fini = teardown)
{
    amct_graph *g = strange();
    OK(amct_node_set_attr(g, &g->nodes[0], &(amct_attr){.name = "body", .type = AMCT_ATTR_OPAQUE},
                          &err));
    cr_assert_eq(save(g, AMCT_ONNX_MAX_BYTES), AMCT_E_UNSUPPORTED);
    HAS(err.text, "m.onnx: node 'n' (Strange): attribute 'body' is a graph");
    cr_assert_eq(rmdir(folder), 0, "something was written");
    setup();
    amct_graph_free(g);
}

Test(export_pack, constants_keep_their_type_shape_and_bytes, .init = setup, .fini = teardown)
{
    static const uint32_t dtypes[] = {AMCT_FLOAT,    AMCT_UINT8,  AMCT_INT8,   AMCT_UINT16,
                                      AMCT_INT16,    AMCT_INT32,  AMCT_INT64,  AMCT_BOOL,
                                      AMCT_FLOAT16,  AMCT_DOUBLE, AMCT_UINT32, AMCT_UINT64,
                                      AMCT_BFLOAT16, AMCT_UINT4,  AMCT_INT4};
    enum { N = sizeof dtypes / sizeof *dtypes };
    static const uint8_t bytes[64] = {1, 0, 1, 1, 0, 1, 0, 0, 0x3f, 0x80, 5, 6, 7, 8, 9, 10};
    amct_graph *g = net_new();
    uint32_t src[N + 2];
    src[0] = net_input(g, "x", 1, (int64_t[]){1});
    for (int i = 0; i < N; i++) /* 3 x 1 elements; the last one of 4 bits fills half a byte */
        src[i + 1] =
            constant(g, amct_dtype_name(dtypes[i]), dtypes[i], 2, (int64_t[]){3, 1}, bytes);
    constant(g, "unused", AMCT_FLOAT, 1, (int64_t[]){16}, bytes);
    src[N + 1] = AMCT_NO_TENSOR;
    net_output(g, net_node(g, "Strange", "n", src), "y");
    uint32_t scalar = constant(g, "scalar", AMCT_INT64, 0, NULL, bytes);
    uint32_t empty = constant(g, "empty", AMCT_FLOAT, 2, (int64_t[]){4, 0}, bytes);
    net_output(g, net_node(g, "Strange", "m", (uint32_t[]){scalar, empty, AMCT_NO_TENSOR}), "z");
    OK(save(g, AMCT_ONNX_MAX_BYTES));
    amct_file file;
    amct_graph *back = read_back(&file);
    for (int i = 0; i < N; i++) {
        const amct_tensor *t = named(back, amct_dtype_name(dtypes[i]));
        cr_assert_eq(t->dtype, dtypes[i]);
        cr_assert_eq(t->shape.rank, 2);
        cr_assert_eq(t->bytes, g->tensors[src[i + 1]].bytes);
        cr_assert_eq(memcmp(t->data, bytes, t->bytes), 0, "%s", t->name);
    }
    cr_assert_eq(named(back, "scalar")->shape.rank, 0);
    cr_assert_eq(amct_constant_int(named(back, "scalar"), 0), 0x0000010001010001);
    cr_assert_eq(named(back, "empty")->shape.dims[1], 0);
    Onnx__ModelProto *m = export_file_read(folder, "m.onnx");
    cr_assert_null(export_file_tensor(m, "unused"));
    onnx__model_proto__free_unpacked(m, NULL);
    amct_graph_free(back);
    amct_file_unmap(&file);
    amct_graph_free(g);
}

Test(export_pack, a_constant_can_be_an_output, .init = setup, .fini = teardown)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 1, (int64_t[]){2});
    net_output(g, net_node(g, "Relu", "r", (uint32_t[]){x, AMCT_NO_TENSOR}), "y");
    g->tensors[g->outputs[0]].dtype = AMCT_FLOAT;
    uint32_t c = constant(g, "c", AMCT_FLOAT, 1, (int64_t[]){2}, (float[]){4, 5});
    OK(amct_graph_add_output(g, c, &err));
    OK(save(g, AMCT_ONNX_MAX_BYTES));
    amct_file file;
    amct_graph *back = read_back(&file);
    cr_assert_eq(back->n_outputs, 2);
    cr_assert_str_eq(back->tensors[back->outputs[1]].name, "c");
    amct_graph_free(back);
    amct_file_unmap(&file);
    amct_graph_free(g);
}

/* The limit is that of the whole file, to the byte. */
Test(export_pack, a_file_of_exactly_the_limit_keeps_its_constants, .init = setup, .fini = teardown)
{
    amct_graph *g = net_new();
    amct_file file;
    uint32_t x = net_input(g, "x", 1, (int64_t[]){2000});
    uint32_t w = net_random(g, "w", 1, 1, (int64_t[]){2000});
    net_output(g, net_node(g, "Add", "a", (uint32_t[]){x, w, AMCT_NO_TENSOR}), "y");
    char *model = amct_path_join(folder, "m.onnx"), *outside = amct_path_join(folder, "m.external");
    OK(save(g, AMCT_ONNX_MAX_BYTES));
    OK(amct_file_map(&file, model, &err));
    uint64_t size = file.size;
    amct_file_unmap(&file);
    OK(save(g, size));
    cr_assert_neq(access(outside, F_OK), 0);
    OK(save(g, size - 1));
    cr_assert_eq(access(outside, F_OK), 0);
    free(model);
    free(outside);
    amct_graph_free(g);
}

/* ---- Version of the operator set --------------------------------------------------------------
 */

static int64_t opset_of(const char *op, uint32_t n_src, const char *attr, const char *text)
{
    amct_graph *g = net_new();
    uint32_t src[8];
    src[0] = net_input(g, "x", 1, (int64_t[]){1});
    for (uint32_t i = 1; i < n_src; i++)
        src[i] = src[0];
    src[n_src] = AMCT_NO_TENSOR;
    net_output(g, net_node(g, op, "n", src), "y");
    if (text)
        net_text(g, attr, text);
    else if (attr)
        net_int(g, attr, 1);
    int64_t opset = amct_opset_of(g);
    amct_graph_free(g);
    return opset;
}

Test(export_pack, opset_is_the_lowest_that_has_all_operators)
{
    cr_assert_eq(opset_of("Conv", 3, NULL, NULL), 15);
    cr_assert_eq(opset_of("AscendQuant", 1, NULL, NULL), 15);
    cr_assert_eq(opset_of("HardSwish", 1, NULL, NULL), 15);
    cr_assert_eq(opset_of("ReduceMean", 1, NULL, NULL), 15);
    cr_assert_eq(opset_of("ReduceMean", 2, NULL, NULL), 18, "axes as an input");
    cr_assert_eq(opset_of("ReduceSum", 2, NULL, NULL), 15, "has had them before");
    cr_assert_eq(opset_of("LayerNormalization", 2, NULL, NULL), 17);
    cr_assert_eq(opset_of("Split", 2, NULL, NULL), 15);
    cr_assert_eq(opset_of("Split", 1, "num_outputs", NULL), 18);
    cr_assert_eq(opset_of("Pad", 3, NULL, NULL), 15);
    cr_assert_eq(opset_of("Pad", 4, NULL, NULL), 18);
    cr_assert_eq(opset_of("Pad", 2, "mode", "wrap"), 19);
    cr_assert_eq(opset_of("Resize", 3, "coordinate_transformation_mode", "half_pixel_symmetric"),
                 19);
    cr_assert_eq(opset_of("Gelu", 1, NULL, NULL), 20);
    cr_assert_eq(opset_of("DequantizeLinear", 2, "block_size", NULL), 21);
    cr_assert_eq(opset_of("NewOperator", 1, NULL, NULL), 18, "unknown: the form that it came in");
}

Test(export_pack, ir_version_goes_with_the_opset)
{
    static const int64_t pairs[][2] = {{15, 8},  {18, 8},  {19, 9}, {20, 9},
                                       {21, 10}, {22, 10}, {24, 12}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        cr_assert_eq(amct_opset_ir_version(pairs[i][0]), pairs[i][1]);
}

/* A second window of 1 over 2 with a stride of 2 would begin behind the end. */
Test(export_pack, a_window_that_is_left_out_needs_opset_22)
{
    for (int64_t size = 2; size < 4; size++) {
        amct_graph *g = net_new();
        uint32_t x = net_input(g, "x", 3, (int64_t[]){1, 1, size});
        x = net_node(g, "MaxPool", "p", (uint32_t[]){x, AMCT_NO_TENSOR});
        net_list(g, "kernel_shape", 1, (int64_t[]){1});
        net_list(g, "strides", 1, (int64_t[]){2});
        net_int(g, "ceil_mode", 1);
        net_output(g, x, "y");
        cr_assert_eq(amct_opset_of(g), size == 2 ? 22 : 15);
        amct_graph_free(g);
    }
}
