#include "export/onnx_pack.h"

#include <config.h>
#include "export/opset.h"

#include <stdlib.h>
#include <string.h>

typedef struct packer {
    amct_arena *arena;
    const amct_graph *graph;
    int64_t batch; /* the dim that is left open; -1 if none is */
} packer;

/* A message of its own in the arena, set to its initial value; NULL when out of memory. */
#define NEW(p, type, init) ((type *)amct_arena_copy((p)->arena, &(type)init, sizeof(type)))

/* protobuf-c's structs are not const, but packing only reads them. */
static char *text(const char *s)
{
    return (char *)s;
}

/* ---- Attributes and nodes ------------------------------------------------------------------ */

static void describe_tensor(Onnx__TensorProto *to, const amct_tensor *tensor)
{
    *to = (Onnx__TensorProto)ONNX__TENSOR_PROTO__INIT;
    to->name = text(tensor->name);
    to->has_data_type = true;
    to->data_type = (int32_t)tensor->dtype;
    to->n_dims = (size_t)tensor->shape.rank;
    to->dims = (int64_t *)tensor->shape.dims;
}

static amct_status pack_tensor_attr(const packer *p, Onnx__AttributeProto *to, const amct_attr *a,
                                    amct_err *err)
{
    const amct_tensor *tensor = &p->graph->tensors[a->i];
    to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
    to->t = NEW(p, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
    if (!to->t)
        return amct_fail_nomem(err);
    if (!tensor->data)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "attribute '%s' has no value", a->name);
    describe_tensor(to->t, tensor);
    to->t->has_raw_data = true;
    to->t->raw_data = (ProtobufCBinaryData){tensor->bytes, (uint8_t *)tensor->data};
    return AMCT_OK;
}

static amct_status pack_strings(const packer *p, Onnx__AttributeProto *to, const amct_attr *a,
                                amct_err *err)
{
    const char *const *texts = a->data;
    to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
    to->n_strings = a->count;
    to->strings = amct_arena_array(p->arena, a->count, sizeof *to->strings);
    if (!to->strings)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < a->count; i++)
        to->strings[i] = (ProtobufCBinaryData){strlen(texts[i]), (uint8_t *)texts[i]};
    return AMCT_OK;
}

static amct_status pack_attr(const packer *p, Onnx__AttributeProto **out, const amct_attr *a,
                             amct_err *err)
{
    Onnx__AttributeProto *to = *out = NEW(p, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
    if (!to)
        return amct_fail_nomem(err);
    to->name = text(a->name);
    to->has_type = true;
    switch (a->type) {
    case AMCT_ATTR_INT:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        to->has_i = true;
        to->i = a->i;
        return AMCT_OK;
    case AMCT_ATTR_FLOAT:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        to->has_f = true;
        to->f = a->f;
        return AMCT_OK;
    case AMCT_ATTR_STRING:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        to->has_s = true;
        to->s = (ProtobufCBinaryData){a->count, (uint8_t *)a->data};
        return AMCT_OK;
    case AMCT_ATTR_INTS:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        to->n_ints = a->count;
        to->ints = (int64_t *)a->data;
        return AMCT_OK;
    case AMCT_ATTR_FLOATS:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
        to->n_floats = a->count;
        to->floats = (float *)a->data;
        return AMCT_OK;
    case AMCT_ATTR_STRINGS: return pack_strings(p, to, a, err);
    case AMCT_ATTR_TENSOR: return pack_tensor_attr(p, to, a, err);
    default:
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "attribute '%s' is a graph or another type that was not read, so it "
                         "cannot be written",
                         a->name);
    }
}

/* The names of tensors; those left out at the end are not there at all. */
static amct_status pack_names(const packer *p, char ***out, size_t *n, const uint32_t *ids,
                              uint32_t count, amct_err *err)
{
    while (count && ids[count - 1] == AMCT_NO_TENSOR)
        count--;
    char **names = amct_arena_array(p->arena, count, sizeof *names);
    if (!names)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < count; i++)
        names[i] = text(ids[i] == AMCT_NO_TENSOR ? "" : p->graph->tensors[ids[i]].name);
    *out = names;
    *n = count;
    return AMCT_OK;
}

static amct_status pack_node(const packer *p, Onnx__NodeProto **out, const amct_node *node,
                             amct_err *err)
{
    Onnx__NodeProto *to = *out = NEW(p, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
    if (!to)
        return amct_fail_nomem(err);
    to->name = text(node->name);
    to->op_type = text(node->op);
    to->domain = node->domain[0] ? text(node->domain) : NULL;
    AMCT_TRY(pack_names(p, &to->input, &to->n_input, node->src, node->n_src, err));
    AMCT_TRY(pack_names(p, &to->output, &to->n_output, node->dst, node->n_dst, err));
    to->n_attribute = node->n_attrs;
    to->attribute = amct_arena_array(p->arena, node->n_attrs, sizeof *to->attribute);
    if (!to->attribute)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (pack_attr(p, &to->attribute[i], &node->attrs[i], err) != AMCT_OK)
            return amct_fail_in(err, "node '%s' (%s)", node->name, node->op);
    return AMCT_OK;
}

/* ---- Inputs and outputs -------------------------------------------------------------------- */

static amct_status pack_shape(const packer *p, Onnx__TensorShapeProto **out,
                              const amct_shape *shape, amct_err *err)
{
    Onnx__TensorShapeProto *to = *out =
        NEW(p, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
    if (!to || !(to->dim = amct_arena_array(p->arena, (size_t)shape->rank, sizeof *to->dim)))
        return amct_fail_nomem(err);
    to->n_dim = (size_t)shape->rank;
    for (int32_t i = 0; i < shape->rank; i++) {
        Onnx__TensorShapeProto__Dimension *dim = to->dim[i] =
            NEW(p, Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
        if (!dim)
            return amct_fail_nomem(err);
        bool open = i == 0 && p->batch >= 0;
        if (open && shape->dims[0] == p->batch) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = text("batch");
        } else if (!open && shape->dims[i] >= 0) { /* else: a multiple of it, or not known */
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = shape->dims[i];
        }
    }
    return AMCT_OK;
}

static amct_status pack_value(const packer *p, Onnx__ValueInfoProto **out, uint32_t id,
                              amct_err *err)
{
    const amct_tensor *tensor = &p->graph->tensors[id];
    Onnx__ValueInfoProto *to = *out = NEW(p, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
    Onnx__TypeProto *type = NEW(p, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
    Onnx__TypeProto__Tensor *inner =
        NEW(p, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
    if (!to || !type || !inner)
        return amct_fail_nomem(err);
    to->name = text(tensor->name);
    to->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = inner;
    inner->has_elem_type = true;
    inner->elem_type = (int32_t)tensor->dtype;
    return tensor->shape.rank < 0 ? AMCT_OK : pack_shape(p, &inner->shape, &tensor->shape, err);
}

static amct_status pack_values(const packer *p, Onnx__ValueInfoProto ***out, size_t *n,
                               const uint32_t *ids, uint32_t count, amct_err *err)
{
    Onnx__ValueInfoProto **values = amct_arena_array(p->arena, count, sizeof *values);
    if (!values)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < count; i++)
        AMCT_TRY(pack_value(p, &values[i], ids[i], err));
    *out = values;
    *n = count;
    return AMCT_OK;
}

/* ---- Constants ----------------------------------------------------------------------------- */

static amct_status pack_constants(const packer *p, amct_onnx_pack *to, amct_err *err)
{
    const amct_graph *graph = p->graph;
    bool *named = amct_arena_array(p->arena, graph->n_tensors, sizeof *named);
    if (!named)
        return amct_fail_nomem(err);
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        for (uint32_t i = 0; i < graph->nodes[n].n_src; i++)
            if (graph->nodes[n].src[i] != AMCT_NO_TENSOR)
                named[graph->nodes[n].src[i]] = true;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        named[graph->outputs[i]] = true;
    uint32_t n = 0;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        n += named[t] && graph->tensors[t].data;
    to->ids = amct_arena_array(p->arena, n, sizeof *to->ids);
    to->constants = amct_arena_array(p->arena, n, sizeof *to->constants);
    if (!to->ids || !to->constants)
        return amct_fail_nomem(err);
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        if (named[t] && graph->tensors[t].data) {
            to->ids[to->n_constants] = t;
            describe_tensor(&to->constants[to->n_constants++], &graph->tensors[t]);
        }
    return AMCT_OK;
}

/* ---- The model ----------------------------------------------------------------------------- */

static amct_status add_import(const packer *p, Onnx__ModelProto *model, const char *domain,
                              int64_t version, amct_err *err)
{
    for (size_t i = 0; i < model->n_opset_import; i++)
        if (strcmp(model->opset_import[i]->domain, domain) == 0)
            return AMCT_OK;
    Onnx__OperatorSetIdProto *import =
        NEW(p, Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT);
    Onnx__OperatorSetIdProto **all =
        amct_arena_array(p->arena, model->n_opset_import + 1, sizeof *all);
    if (!import || !all)
        return amct_fail_nomem(err);
    if (model->n_opset_import)
        memcpy(all, model->opset_import, model->n_opset_import * sizeof *all);
    import->domain = text(domain);
    import->has_version = true;
    import->version = version;
    all[model->n_opset_import++] = import;
    model->opset_import = all;
    return AMCT_OK;
}

amct_status amct_onnx_pack_graph(amct_onnx_pack *out, amct_arena *arena, const amct_graph *graph,
                                 bool free_batch, amct_err *err)
{
    packer p = {.arena = arena, .graph = graph, .batch = -1};
    amct_onnx_pack pack = {.head = ONNX__MODEL_PROTO__INIT,
                           .tail = ONNX__MODEL_PROTO__INIT,
                           .nodes = ONNX__GRAPH_PROTO__INIT,
                           .values = ONNX__GRAPH_PROTO__INIT};
    int64_t opset = amct_opset_of(graph);
    if (free_batch && graph->n_inputs && graph->tensors[graph->inputs[0]].shape.rank > 0)
        p.batch = graph->tensors[graph->inputs[0]].shape.dims[0];
    pack.head.has_ir_version = true;
    pack.head.ir_version = amct_opset_ir_version(opset);
    pack.head.producer_name = text(PACKAGE_NAME);
    pack.head.producer_version = text(PACKAGE_VERSION);
    AMCT_TRY(add_import(&p, &pack.tail, "", opset, err));
    pack.nodes.name = text(graph->name[0] ? graph->name : "network"); /* ONNX wants one */
    pack.nodes.n_node = graph->n_nodes;
    pack.nodes.node = amct_arena_array(arena, graph->n_nodes, sizeof *pack.nodes.node);
    if (!pack.nodes.node)
        return amct_fail_nomem(err);
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        AMCT_TRY(pack_node(&p, &pack.nodes.node[n], &graph->nodes[n], err));
        AMCT_TRY(add_import(&p, &pack.tail, graph->nodes[n].domain, 1, err));
    }
    AMCT_TRY(pack_constants(&p, &pack, err));
    AMCT_TRY(pack_values(&p, &pack.values.input, &pack.values.n_input, graph->inputs,
                         graph->n_inputs, err));
    AMCT_TRY(pack_values(&p, &pack.values.output, &pack.values.n_output, graph->outputs,
                         graph->n_outputs, err));
    *out = pack;
    return AMCT_OK;
}
