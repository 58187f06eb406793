/* What an ONNX file says, as a graph. */
#include "unit/onnx_build.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static onnx_build b;
static amct_graph *g;
static const int64_t one[1] = {1}, two[1] = {2}, image[4] = {-1, 3, 4, 4};

static void teardown(void)
{
    amct_graph_free(g);
    g = NULL;
    ob_end(&b);
}

static void import(void)
{
    cr_assert_eq(ob_import(&b, &g), AMCT_OK, "%s", b.err.text);
}

static void refuse(amct_status code, const char *words)
{
    cr_assert_eq(ob_import(&b, &g), code, "'%s', not '%s'", b.err.text, words);
    HAS(b.err.text, words);
}

Test(onnx_model, a_network_keeps_names_order_and_attributes, .fini = teardown)
{
    ob_begin(&b, 13);
    b.model.producer_version = (char *)"2.1";
    ob_input(&b, "x", 4, image);
    ob_input(&b, "z", 1, two);
    ob_output(&b, "y");
    ob_weights(&b, "w", 3);
    Onnx__NodeProto *conv = ob_node(&b, "Conv", "x w", "t");
    ob_ints(&b, conv, "pads", 4, (const int64_t[]){1, 1, 2, 2});
    ob_int(&b, conv, "group", 1);
    ob_text(&b, conv, "auto_pad", "NOTSET");
    ob_float(&b, conv, "f", 0.5f);
    ob_floats(&b, conv, "fs", 2, (const float[]){1, 2.5f});
    ob_node(&b, "Relu", "t", "y");
    import();
    cr_assert_str_eq(g->format, "ONNX");
    cr_assert_str_eq(g->name, "built");
    cr_assert_str_eq(g->producer, "builder 2.1");
    cr_assert_eq(g->opset, 13);
    cr_assert_eq(g->n_inputs, 2);
    const amct_tensor *x = &g->tensors[g->inputs[0]];
    cr_assert_str_eq(x->name, "x");
    cr_assert_eq(x->dtype, AMCT_FLOAT);
    cr_assert_eq(x->shape.rank, 4);
    cr_assert_eq(x->shape.dims[0], AMCT_DIM_UNKNOWN);
    cr_assert_eq(x->shape.dims[1], 3);
    cr_assert_str_eq(ob_ops(g), "Conv Relu");
    const amct_node *node = &g->nodes[0];
    cr_assert_str_eq(node->name, "Conv_0");
    cr_assert_str_eq(amct_node_string(node, "auto_pad", ""), "NOTSET");
    cr_assert_eq(amct_node_float(node, "f", 0), 0.5f);
    size_t n;
    cr_assert_eq(amct_node_ints(node, "pads", &n)[3], 2);
    cr_assert_eq(n, 4);
    cr_assert_eq(amct_node_floats(node, "fs", &n)[1], 2.5f);
    cr_assert_str_eq(ob_numbers(g, node, 1), "1,2,3");
    cr_assert_eq(g->n_outputs, 1);
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "y");
}

Test(onnx_model, raw_weights_stay_in_the_file, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, one);
    ob_output(&b, "y");
    for (int i = 0; i < 8; i++) { /* whatever its name's length, one of these lies aligned */
        char name[16] = "wwwwwwwwwww";
        name[i + 2] = 0;
        ob_weights(&b, name, 64 + i);
        ob_node(&b, "Add", "x x", i == 7 ? "y" : name + 1);
    }
    for (int i = 0; i < 7; i++)
        b.graph.node[i]->output[0] = amct_arena_printf(b.arena, "t%d", i);
    size_t size;
    const char *bytes = ob_pack(&b, &size);
    cr_assert_eq(amct_import_bytes(&g, &amct_plugin_v1, bytes, size, NULL, NULL, 0, &b.err),
                 AMCT_OK, "%s", b.err.text);
    int inside = 0;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const char *data = g->tensors[i].data;
        if (!data)
            continue;
        bool here = data >= bytes && data < bytes + size;
        inside += here;
        cr_assert_eq((uintptr_t)data % 4, 0);
        cr_assert_eq(amct_constant_number(&g->tensors[i], 63), 64);
    }
    cr_assert_geq(inside, 1, "aligned weights are not copied");
}

Test(onnx_model, every_element_type_is_read_from_its_typed_field, .fini = teardown)
{
    static const struct {
        int dtype;
        double a, b;
    } types[] = {
        {AMCT_FLOAT, 1.5, -2},       {AMCT_DOUBLE, 1.5, -2}, {AMCT_INT32, 7, -2},
        {AMCT_INT64, 1ll << 40, -2}, {AMCT_UINT8, 255, 2},   {AMCT_INT8, 127, -2},
        {AMCT_UINT16, 65535, 2},     {AMCT_INT16, 7, -2},    {AMCT_UINT32, 4294967295.0, 2},
        {AMCT_UINT64, 1ll << 40, 2}, {AMCT_BOOL, 1, 0},      {AMCT_FLOAT16, 1.5, -2},
        {AMCT_BFLOAT16, 1.5, -2},    {AMCT_INT4, 7, -2},     {AMCT_UINT4, 15, 2},
    };
    ob_begin(&b, 21);
    ob_input(&b, "x", 1, one);
    ob_output(&b, "y");
    Onnx__NodeProto *node = ob_node(&b, "Concat", "x", "y");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char *name = amct_arena_printf(b.arena, "t%d", types[i].dtype);
        Onnx__TensorProto *t = ob_tensor(&b, name, types[i].dtype, 1, two);
        uint64_t stored[2] = {0};
        amct_element_put((uint32_t)types[i].dtype, stored, 0, types[i].a);
        amct_element_put((uint32_t)types[i].dtype, stored, 1, types[i].b);
        int32_t *ints = amct_arena_array(b.arena, 2, sizeof *ints);
        int64_t *longs = amct_arena_array(b.arena, 2, sizeof *longs);
        for (int k = 0; k < 2; k++) {
            ints[k] = (int32_t)amct_element_get_int((uint32_t)types[i].dtype, stored, k);
            longs[k] = amct_element_get_int((uint32_t)types[i].dtype, stored, k);
        }
        switch (types[i].dtype) {
        case AMCT_FLOAT:
            t->n_float_data = 2;
            t->float_data = amct_arena_copy(b.arena, stored, 8);
            break;
        case AMCT_DOUBLE:
            t->n_double_data = 2;
            t->double_data = amct_arena_copy(b.arena, stored, 16);
            break;
        case AMCT_INT64: t->n_int64_data = 2, t->int64_data = longs; break;
        case AMCT_UINT32:
        case AMCT_UINT64: t->n_uint64_data = 2, t->uint64_data = (uint64_t *)longs; break;
        case AMCT_FLOAT16:
        case AMCT_BFLOAT16: /* the bits as a number */
            for (int k = 0; k < 2; k++)
                ints[k] = ((const uint16_t *)stored)[k];
            t->n_int32_data = 2, t->int32_data = ints;
            break;
        case AMCT_INT4:
        case AMCT_UINT4: /* two in one number */
            ints[0] = (int32_t)(stored[0] & 0xff);
            t->n_int32_data = 1, t->int32_data = ints;
            break;
        default: t->n_int32_data = 2, t->int32_data = ints;
        }
        ob_initializer(&b, t);
    }
    (void)node;
    import();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", types[i].dtype);
        const amct_tensor *t = ob_find(g, name);
        cr_assert_eq((int)t->dtype, types[i].dtype);
        cr_assert_eq(amct_constant_number(t, 0), types[i].a, "%s", name);
        cr_assert_eq(amct_constant_number(t, 1), types[i].b, "%s", name);
    }
}

Test(onnx_model, string_tensors_are_known_by_name_and_shape, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, one);
    ob_output(&b, "y");
    Onnx__TensorProto *t = ob_tensor(&b, "labels", AMCT_STRING, 1, two);
    ProtobufCBinaryData texts[2] = {{1, (uint8_t *)"a"}, {1, (uint8_t *)"b"}};
    t->n_string_data = 2;
    t->string_data = texts;
    ob_initializer(&b, t);
    ob_node(&b, "Foo", "x labels", "y")->domain = (char *)"custom";
    import();
    const amct_tensor *labels = ob_find(g, "labels");
    cr_assert_eq(labels->dtype, AMCT_STRING);
    cr_assert(amct_tensor_is_constant(labels));
    cr_assert_eq(labels->bytes, 0);
    cr_assert_eq(labels->shape.dims[0], 2);
    cr_assert_str_eq(g->nodes[0].domain, "custom");
}

Test(onnx_model, element_types_that_nobody_computes_with_are_named, .fini = teardown)
{
    ob_begin(&b, 19);
    ob_input(&b, "x", 1, one);
    ob_output(&b, "y");
    ob_node(&b, "Relu", "x", "y");
    ob_initializer(&b, ob_tensor(&b, "w8", 17, 1, two));
    refuse(AMCT_E_UNSUPPORTED, "initializer 'w8': its element type float8e4m3fn (17) is not");
}

Test(onnx_model, an_initializer_that_is_an_input_is_a_constant, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_input(&b, "w", 1, two);
    ob_output(&b, "y");
    ob_weights(&b, "w", 2);
    ob_node(&b, "Add", "x w", "y");
    import();
    cr_assert_eq(g->n_inputs, 1);
    cr_assert_str_eq(ob_numbers(g, &g->nodes[0], 1), "1,2");
}

Test(onnx_model, sizes_that_are_not_known_are_unknown, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "param", 2, (const int64_t[]){-1, 3});
    ob_input(&b, "zero", 2, (const int64_t[]){0, 3});
    ob_input(&b, "negative", 2, (const int64_t[]){-7, 3});
    ob_output(&b, "y");
    ob_value(&b, "t", 2, (const int64_t[]){0, 3});
    ob_node(&b, "Sum", "param zero negative", "t");
    ob_node(&b, "Relu", "t", "y");
    import();
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(g->tensors[g->inputs[i]].shape.dims[0], AMCT_DIM_UNKNOWN);
        cr_assert_eq(g->tensors[g->inputs[i]].shape.dims[1], 3);
    }
    cr_assert_eq(ob_find(g, "t")->shape.dims[0], AMCT_DIM_UNKNOWN);
    cr_assert_eq(ob_find(g, "t")->shape.dims[1], 3);
    cr_assert_eq(ob_find(g, "y")->shape.rank, -1);
}

Test(onnx_model, inputs_and_initializers_may_be_outputs, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "x");
    ob_output(&b, "w");
    ob_output(&b, "c");
    ob_output(&b, "y");
    ob_output(&b, "y");
    ob_weights(&b, "w", 2);
    ob_node(&b, "Add", "x w", "y");
    Onnx__NodeProto *constant = ob_node(&b, "Constant", "", "c");
    ob_float(&b, constant, "value_float", 3);
    import();
    cr_assert_eq(g->n_outputs, 5);
    const char *const names[] = {"x_output", "w", "c", "y", "y_output"};
    for (int i = 0; i < 5; i++)
        cr_assert_str_eq(g->tensors[g->outputs[i]].name, names[i]);
    cr_assert_str_eq(ob_ops(g), "Identity Add Identity Identity Identity");
    cr_assert_str_eq(g->tensors[g->inputs[0]].name, "x", "an input keeps its name");
    cr_assert_str_eq(ob_numbers(g, ob_find_node(g, "Add"), 1), "1,2");
}

Test(onnx_model, constant_nodes_become_constants_before_all_others, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
    ob_node(&b, "Foo", "x a f i fs is s ss", "y")->domain = (char *)"custom";
    Onnx__NodeProto *c = ob_node(&b, "Constant", "", "a");
    Onnx__AttributeProto *value = ob_attr(&b, c, "value", 4);
    value->t = ob_tensor(&b, "inner", AMCT_INT32, 1, two);
    ob_raw(&b, value->t, (const int32_t[]){8, 9}, 8);
    ob_float(&b, ob_node(&b, "Constant", "", "f"), "value_float", 2.5f);
    ob_int(&b, ob_node(&b, "Constant", "", "i"), "value_int", 7);
    ob_floats(&b, ob_node(&b, "Constant", "", "fs"), "value_floats", 2, (const float[]){1, 2});
    ob_ints(&b, ob_node(&b, "Constant", "", "is"), "value_ints", 2, (const int64_t[]){3, 4});
    ob_text(&b, ob_node(&b, "Constant", "", "s"), "value_string", "text");
    value = ob_attr(&b, ob_node(&b, "Constant", "", "ss"), "value_strings", 8);
    import();
    cr_assert_eq(g->n_nodes, 1);
    const amct_node *n = &g->nodes[0];
    cr_assert_str_eq(ob_numbers(g, n, 1), "8,9");
    cr_assert_str_eq(amct_node_src(g, n, 1)->name, "a", "it is called what the node made");
    cr_assert_eq(ob_number(g, n, 2), 2.5);
    cr_assert_eq(amct_node_src(g, n, 2)->shape.rank, 0);
    cr_assert_eq(amct_node_src(g, n, 3)->dtype, AMCT_INT64);
    cr_assert_eq(ob_number(g, n, 3), 7);
    cr_assert_str_eq(ob_numbers(g, n, 4), "1,2");
    cr_assert_str_eq(ob_numbers(g, n, 5), "3,4");
    cr_assert_eq(amct_node_src(g, n, 6)->dtype, AMCT_STRING);
    cr_assert_eq(amct_node_src(g, n, 7)->dtype, AMCT_STRING);
}

Test(onnx_model, tensors_and_graphs_in_attributes, .fini = teardown)
{
    Onnx__GraphProto body = ONNX__GRAPH_PROTO__INIT;
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
    ob_output(&b, "z");
    Onnx__NodeProto *fill = ob_node(&b, "ConstantOfShape", "x", "y");
    Onnx__AttributeProto *value = ob_attr(&b, fill, "value", 4);
    value->t = ob_tensor(&b, "", AMCT_INT32, 1, one);
    ob_raw(&b, value->t, &(const int32_t){5}, 4);
    ob_attr(&b, ob_node(&b, "If", "x", "z"), "then_branch", 5)->g = &body;
    import();
    const amct_attr *attr = amct_node_attr(&g->nodes[0], "value");
    cr_assert_eq(attr->type, AMCT_ATTR_TENSOR);
    cr_assert_eq(amct_constant_number(&g->tensors[attr->i], 0), 5);
    cr_assert_eq(amct_node_attr(&g->nodes[1], "then_branch")->type, AMCT_ATTR_OPAQUE);
}

Test(onnx_model, nodes_in_any_order_are_sorted, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
    ob_node(&b, "Neg", "b", "y");
    ob_node(&b, "Exp", "a", "b");
    ob_node(&b, "Abs", "x", "a");
    import();
    cr_assert_str_eq(ob_ops(g), "Abs Exp Neg");
}

Test(onnx_model, sources_and_results_may_be_left_out, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
    ob_weights(&b, "most", 1);
    ob_node(&b, "Clip", "x _ most", "y");
    ob_node(&b, "Foo", "x", "_ z")->domain = (char *)"custom";
    import();
    const amct_node *clip = ob_find_node(g, "Clip");
    cr_assert_eq(clip->n_src, 3);
    cr_assert_eq(clip->src[1], AMCT_NO_TENSOR);
    cr_assert_eq(ob_find_node(g, "Foo")->dst[0], AMCT_NO_TENSOR);
}

Test(onnx_model, sparse_initializers_become_dense, .fini = teardown)
{
    int64_t dims[2] = {2, 3};
    Onnx__SparseTensorProto flat = ONNX__SPARSE_TENSOR_PROTO__INIT, full = flat;
    Onnx__SparseTensorProto *list[2] = {&flat, &full};
    ob_begin(&b, 13);
    ob_input(&b, "x", 2, dims);
    ob_output(&b, "y");
    ob_node(&b, "Sum", "x flat full", "y");
    flat.values = ob_tensor(&b, "flat", AMCT_FLOAT, 1, two);
    ob_raw(&b, flat.values, (const float[]){5, 6}, 8);
    flat.indices = ob_tensor(&b, "", AMCT_INT64, 1, two);
    ob_raw(&b, flat.indices, (const int64_t[]){1, 5}, 16);
    full.values = ob_tensor(&b, "full", AMCT_FLOAT, 1, two);
    ob_raw(&b, full.values, (const float[]){7, 8}, 8);
    full.indices = ob_tensor(&b, "", AMCT_INT64, 2, (const int64_t[]){2, 2});
    ob_raw(&b, full.indices, (const int64_t[]){0, 0, 1, 1}, 32);
    flat.n_dims = full.n_dims = 2;
    flat.dims = full.dims = dims;
    b.graph.n_sparse_initializer = 2;
    b.graph.sparse_initializer = list;
    import();
    cr_assert_str_eq(ob_numbers(g, &g->nodes[0], 1), "0,5,0,0,0,6");
    cr_assert_str_eq(ob_numbers(g, &g->nodes[0], 2), "7,0,0,0,8,0");
}

Test(onnx_model, a_sparse_index_outside_is_refused, .fini = teardown)
{
    int64_t dims[1] = {3};
    Onnx__SparseTensorProto sparse = ONNX__SPARSE_TENSOR_PROTO__INIT, *list[1] = {&sparse};
    ob_begin(&b, 13);
    ob_output(&b, "y");
    sparse.values = ob_tensor(&b, "s", AMCT_FLOAT, 1, one);
    ob_raw(&b, sparse.values, (const float[]){5}, 4);
    sparse.indices = ob_tensor(&b, "", AMCT_INT64, 1, one);
    ob_raw(&b, sparse.indices, (const int64_t[]){3}, 8);
    sparse.n_dims = 1;
    sparse.dims = dims;
    b.graph.n_sparse_initializer = 1;
    b.graph.sparse_initializer = list;
    refuse(AMCT_E_FORMAT, "sparse initializer 0: sparse index 0 is outside of the tensor");
}

Test(onnx_model, functions_of_the_model_are_inlined, .fini = teardown)
{
    ob_begin(&b, 13);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
    Onnx__FunctionProto *leaky = ob_function(&b, "Leaky", "a", "r");
    Onnx__NodeProto *inner = ob_make_node(&b, "LeakyRelu", "a", "r");
    ob_attr(&b, inner, "alpha", 1)->ref_attr_name = (char *)"slope";
    ob_function_node(&b, leaky, inner);
    Onnx__FunctionProto *twice = ob_function(&b, "Twice", "a unused", "r same");
    Onnx__NodeProto *constant = ob_make_node(&b, "Constant", "", "k");
    ob_float(&b, constant, "value_float", 2);
    ob_function_node(&b, twice, constant);
    ob_function_node(&b, twice, ob_make_node(&b, "Mul", "a k", "t"));
    Onnx__NodeProto *call = ob_make_node(&b, "Leaky", "t", "r");
    call->domain = (char *)"local";
    ob_float(&b, call, "slope", 0.25f);
    ob_function_node(&b, twice, call);
    ob_function_node(&b, twice, ob_make_node(&b, "Abs", "t", "same"));
    ob_node(&b, "Twice", "x", "u")->domain = (char *)"local";
    ob_node(&b, "Twice", "u _", "_ y")->domain = (char *)"local";
    import();
    cr_assert_str_eq(ob_ops(g), "Mul LeakyRelu Abs Mul LeakyRelu Abs");
    cr_assert_eq(amct_node_float(&g->nodes[1], "alpha", 0), 0.25f);
    cr_assert_eq(ob_number(g, &g->nodes[0], 1), 2);
    cr_assert_str_eq(g->tensors[g->nodes[0].dst[0]].name, "Twice_0/t");
    cr_assert_str_eq(g->tensors[g->nodes[3].dst[0]].name, "Twice_1/t");
    cr_assert_str_eq(g->tensors[g->nodes[5].dst[0]].name, "y");
}

Test(onnx_model, operator_sets_outside_of_the_range_are_named, .fini = teardown)
{
    ob_begin(&b, 5);
    ob_input(&b, "x", 1, two);
    ob_output(&b, "y");
    ob_node(&b, "Relu", "x", "y");
    refuse(AMCT_E_UNSUPPORTED, "uses operator set 5, 6 or newer wanted");
    b.model.opset_import[0]->version = 30; /* is tried, with a warning */
    import();
    cr_assert_eq(g->opset, 30);
    amct_graph_free(g);
    g = NULL;
    b.model.opset_import[0]->domain = (char *)"ai.onnx";
    import();
    amct_graph_free(g);
    g = NULL;
    b.model.n_opset_import = 0;
    refuse(AMCT_E_FORMAT, "node 0 'Relu_0' (Relu): the file does not say which version");
    b.model.ir_version = 2;
    refuse(AMCT_E_UNSUPPORTED, "is of IR version 2");
}

Test(onnx_model, options_are_refused)
{
    const amct_option option = {.struct_size = sizeof option, .key = "fast", .value = "1"};
    amct_err err;
    cr_assert_eq(amct_import_bytes(&g, &amct_plugin_v1, "", 0, NULL, &option, 1, &err),
                 AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "the ONNX importer has no options, 'fast' was given");
}
