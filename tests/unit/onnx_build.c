#include "unit/onnx_build.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Appends to a protobuf-c array of pointers or numbers. */
#define PUSH(b, array, n, item)                                                                    \
    do {                                                                                           \
        void *grown_ = amct_arena_array((b)->arena, (n) + 1, sizeof *(array));                     \
        if (n)                                                                                     \
            memcpy(grown_, (array), (n) * sizeof *(array));                                        \
        (array) = grown_;                                                                          \
        (array)[(n)++] = (item);                                                                   \
    } while (0)

#define NEW(b, T, init) new_message((b), &(T)init, sizeof(T))

static void *new_message(onnx_build *b, const void *init, size_t size)
{
    return amct_arena_copy(b->arena, init, size);
}

static char *text(onnx_build *b, const char *s)
{
    return amct_arena_string(b->arena, s);
}

void ob_begin(onnx_build *b, int64_t opset)
{
    *b = (onnx_build){.arena = amct_arena_new(),
                      .model = ONNX__MODEL_PROTO__INIT,
                      .graph = ONNX__GRAPH_PROTO__INIT};
    b->model.has_ir_version = true;
    b->model.ir_version = 8;
    b->model.producer_name = text(b, "builder");
    b->graph.name = text(b, "built");
    b->model.graph = &b->graph;
    if (!opset)
        return;
    Onnx__OperatorSetIdProto *id =
        NEW(b, Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT);
    id->has_version = true;
    id->version = opset;
    PUSH(b, b->model.opset_import, b->model.n_opset_import, id);
}

void ob_end(onnx_build *b)
{
    amct_arena_free(b->arena);
}

Onnx__ValueInfoProto *ob_info(onnx_build *b, const char *name, int dtype, int rank,
                              const int64_t *dims)
{
    Onnx__ValueInfoProto *info = NEW(b, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
    Onnx__TypeProto *type = NEW(b, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
    Onnx__TypeProto__Tensor *tensor =
        NEW(b, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
    info->name = text(b, name);
    info->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    tensor->has_elem_type = true;
    tensor->elem_type = dtype;
    if (rank < 0)
        return info;
    tensor->shape = NEW(b, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
    for (int i = 0; i < rank; i++) {
        Onnx__TensorShapeProto__Dimension *dim =
            NEW(b, Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
        dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        dim->dim_value = dims[i];
        if (dims[i] == -1) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = text(b, "N");
        }
        PUSH(b, tensor->shape->dim, tensor->shape->n_dim, dim);
    }
    return info;
}

void ob_input(onnx_build *b, const char *name, int rank, const int64_t *dims)
{
    PUSH(b, b->graph.input, b->graph.n_input, ob_info(b, name, AMCT_FLOAT, rank, dims));
}

void ob_output(onnx_build *b, const char *name)
{
    PUSH(b, b->graph.output, b->graph.n_output, ob_info(b, name, AMCT_FLOAT, -1, NULL));
}

void ob_value(onnx_build *b, const char *name, int rank, const int64_t *dims)
{
    PUSH(b, b->graph.value_info, b->graph.n_value_info, ob_info(b, name, AMCT_FLOAT, rank, dims));
}

Onnx__TensorProto *ob_tensor(onnx_build *b, const char *name, int dtype, int rank,
                             const int64_t *dims)
{
    Onnx__TensorProto *tensor = NEW(b, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
    tensor->name = text(b, name);
    tensor->has_data_type = true;
    tensor->data_type = dtype;
    for (int i = 0; i < rank; i++)
        PUSH(b, tensor->dims, tensor->n_dims, dims[i]);
    return tensor;
}

void ob_raw(onnx_build *b, Onnx__TensorProto *tensor, const void *data, size_t size)
{
    tensor->has_raw_data = true;
    tensor->raw_data = (ProtobufCBinaryData){size, amct_arena_copy(b->arena, data, size)};
}

void ob_initializer(onnx_build *b, Onnx__TensorProto *tensor)
{
    PUSH(b, b->graph.initializer, b->graph.n_initializer, tensor);
}

void ob_weights(onnx_build *b, const char *name, int64_t n)
{
    float *numbers = amct_arena_array(b->arena, (size_t)n, sizeof *numbers);
    for (int64_t i = 0; i < n; i++)
        numbers[i] = (float)(i + 1);
    Onnx__TensorProto *tensor = ob_tensor(b, name, AMCT_FLOAT, 1, &n);
    ob_raw(b, tensor, numbers, (size_t)n * sizeof *numbers);
    ob_initializer(b, tensor);
}

void ob_external(onnx_build *b, Onnx__TensorProto *tensor, const char *key, const char *value)
{
    Onnx__StringStringEntryProto *entry =
        NEW(b, Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT);
    entry->key = text(b, key);
    entry->value = text(b, value);
    tensor->has_data_location = true;
    tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    PUSH(b, tensor->external_data, tensor->n_external_data, entry);
}

static char **names(onnx_build *b, const char *list, size_t *n)
{
    char **out = NULL, *copy = text(b, list), *rest = copy;
    *n = 0;
    for (char *name; (name = strtok_r(rest, " ", &rest));)
        PUSH(b, out, *n, strcmp(name, "_") == 0 ? (char *)"" : name);
    return out;
}

Onnx__NodeProto *ob_make_node(onnx_build *b, const char *op, const char *src, const char *dst)
{
    Onnx__NodeProto *node = NEW(b, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
    node->op_type = text(b, op);
    node->input = names(b, src, &node->n_input);
    node->output = names(b, dst, &node->n_output);
    return node;
}

Onnx__NodeProto *ob_node(onnx_build *b, const char *op, const char *src, const char *dst)
{
    Onnx__NodeProto *node = ob_make_node(b, op, src, dst);
    node->name = amct_arena_printf(b->arena, "%s_%zu", op, b->graph.n_node);
    PUSH(b, b->graph.node, b->graph.n_node, node);
    return node;
}

Onnx__AttributeProto *ob_attr(onnx_build *b, Onnx__NodeProto *node, const char *name, int type)
{
    Onnx__AttributeProto *attr = NEW(b, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
    attr->name = text(b, name);
    attr->has_type = true;
    attr->type = (Onnx__AttributeProto__AttributeType)type;
    PUSH(b, node->attribute, node->n_attribute, attr);
    return attr;
}

void ob_int(onnx_build *b, Onnx__NodeProto *node, const char *name, int64_t i)
{
    Onnx__AttributeProto *attr = ob_attr(b, node, name, 2);
    attr->has_i = true;
    attr->i = i;
}

void ob_float(onnx_build *b, Onnx__NodeProto *node, const char *name, float f)
{
    Onnx__AttributeProto *attr = ob_attr(b, node, name, 1);
    attr->has_f = true;
    attr->f = f;
}

void ob_text(onnx_build *b, Onnx__NodeProto *node, const char *name, const char *value)
{
    Onnx__AttributeProto *attr = ob_attr(b, node, name, 3);
    attr->has_s = true;
    attr->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)text(b, value)};
}

void ob_ints(onnx_build *b, Onnx__NodeProto *node, const char *name, size_t n, const int64_t *ints)
{
    Onnx__AttributeProto *attr = ob_attr(b, node, name, 7);
    attr->n_ints = n;
    attr->ints = amct_arena_copy(b->arena, ints, n * sizeof *ints);
}

void ob_floats(onnx_build *b, Onnx__NodeProto *node, const char *name, size_t n,
               const float *floats)
{
    Onnx__AttributeProto *attr = ob_attr(b, node, name, 6);
    attr->n_floats = n;
    attr->floats = amct_arena_copy(b->arena, floats, n * sizeof *floats);
}

Onnx__FunctionProto *ob_function(onnx_build *b, const char *name, const char *src, const char *dst)
{
    Onnx__FunctionProto *function = NEW(b, Onnx__FunctionProto, ONNX__FUNCTION_PROTO__INIT);
    function->name = text(b, name);
    function->domain = text(b, "local");
    function->input = names(b, src, &function->n_input);
    function->output = names(b, dst, &function->n_output);
    PUSH(b, b->model.functions, b->model.n_functions, function);
    return function;
}

void ob_function_node(onnx_build *b, Onnx__FunctionProto *function, Onnx__NodeProto *node)
{
    PUSH(b, function->node, function->n_node, node);
}

void *ob_pack(onnx_build *b, size_t *size)
{
    *size = onnx__model_proto__get_packed_size(&b->model);
    void *bytes = amct_arena_alloc(b->arena, *size);
    cr_assert_eq(onnx__model_proto__pack(&b->model, bytes), *size);
    return bytes;
}

amct_status ob_import_from(onnx_build *b, amct_graph **graph, const char *folder)
{
    size_t size;
    void *bytes = ob_pack(b, &size);
    return amct_import_bytes(graph, &amct_plugin_v1, bytes, size, folder, NULL, 0, &b->err);
}

amct_status ob_import(onnx_build *b, amct_graph **graph)
{
    return ob_import_from(b, graph, NULL);
}

const amct_tensor *ob_find(const amct_graph *graph, const char *name)
{
    for (uint32_t i = 0; i < graph->n_tensors; i++)
        if (strcmp(graph->tensors[i].name, name) == 0)
            return &graph->tensors[i];
    cr_assert_fail("there is no tensor '%s'", name);
    return NULL;
}

const amct_node *ob_find_node(const amct_graph *graph, const char *op)
{
    const amct_node *found = NULL;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (strcmp(graph->nodes[i].op, op) == 0) {
            cr_assert_null(found, "there are several %s", op);
            found = &graph->nodes[i];
        }
    cr_assert_not_null(found, "there is no %s among: %s", op, ob_ops(graph));
    return found;
}

double ob_number(const amct_graph *graph, const amct_node *node, uint32_t src)
{
    const amct_tensor *t = amct_node_src(graph, node, src);
    cr_assert(t && amct_tensor_is_constant(t), "input %u of %s is no constant", src, node->op);
    return amct_constant_number(t, 0);
}

const char *ob_numbers(const amct_graph *graph, const amct_node *node, uint32_t src)
{
    static char line[1024];
    const amct_tensor *t = amct_node_src(graph, node, src);
    cr_assert(t && amct_tensor_is_constant(t), "input %u of %s is no constant", src, node->op);
    size_t used = 0;
    line[0] = 0;
    for (int64_t i = 0; i < amct_shape_size(&t->shape); i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%g", i ? "," : "",
                                 amct_constant_number(t, i));
    return line;
}

const char *ob_ops(const amct_graph *graph)
{
    static char line[1024];
    size_t used = 0;
    line[0] = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i ? " " : "",
                                 graph->nodes[i].op);
    return line;
}
