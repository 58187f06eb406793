#include "onnx_reader.h"

#include <string.h>

enum { NODES, INITIALIZERS, SPARSE, INPUTS, OUTPUTS, INFOS, ANNOTATIONS, N_PARTS };

static int32_t read_info(onnx_reader *r, wire_span message, const char *what, size_t i,
                         const char **name, onnx_type *type, const char **other)
{
    onnx_at(r, "%s %zu", what, i);
    ONNX_TRY(onnx_read_value_info(r, message, name, type, other));
    onnx_at(r, "%s '%.200s'", what, *name);
    return AMCT_OK;
}

/* What a hint may say: dims that are given, of types that we have. Some exporters write 0 for a dim
 * that is free. */
static onnx_type hint(const onnx_type *type)
{
    onnx_type clean = *type;
    if (!onnx_dtype_bits(type->dtype) && type->dtype != AMCT_STRING)
        clean.dtype = AMCT_UNDEFINED;
    if (type->rank > AMCT_MAX_RANK)
        clean.rank = AMCT_RANK_UNKNOWN;
    int64_t known = 1;
    for (uint32_t i = 0; clean.rank != AMCT_RANK_UNKNOWN && i < clean.rank; i++) {
        if (clean.dims[i] <= 0)
            clean.dims[i] = AMCT_DIM_UNKNOWN;
        else if (clean.dims[i] > ((int64_t)1 << 32) / known) /* nonsense: do without */
            clean.rank = AMCT_RANK_UNKNOWN;
        else
            known *= clean.dims[i];
    }
    return clean;
}

/* Outputs first: they say which names must be results of nodes. */
static int32_t read_outputs(onnx_reader *r, onnx_scope *scope, const onnx_part *spans,
                            const char **names)
{
    for (size_t i = 0; i < spans->n; i++) {
        onnx_type type;
        const char *other;
        onnx_value *value;
        ONNX_TRY(read_info(r, spans->at[i], "output", i, &names[i], &type, &other));
        if (!names[i][0])
            return onnx_fail(r, AMCT_E_FORMAT, "has no name");
        if (other)
            return onnx_fail(r, AMCT_E_UNSUPPORTED, "is %s, a tensor wanted", other);
        ONNX_TRY(onnx_value_named(r, scope, names[i], &value));
        value->type = hint(&type);
        value->is_output = true;
    }
    return AMCT_OK;
}

static int32_t read_infos(onnx_reader *r, onnx_scope *scope, const onnx_part *spans)
{
    for (size_t i = 0; i < spans->n; i++) {
        const char *name, *other;
        onnx_type type;
        onnx_value *value;
        ONNX_TRY(read_info(r, spans->at[i], "value_info", i, &name, &type, &other));
        if (!name[0] || other)
            continue;
        ONNX_TRY(onnx_value_named(r, scope, name, &value));
        if (!value->is_output && value->kind == AMCT_TENSOR_VALUE && !value->declared)
            value->type = hint(&type);
    }
    return AMCT_OK;
}

static int32_t read_initializer(onnx_reader *r, onnx_scope *scope, wire_span message, bool sparse)
{
    onnx_tensor tensor;
    onnx_value *value, *named;
    ONNX_TRY(sparse ? onnx_read_sparse(r, message, &tensor)
                    : onnx_read_tensor(r, message, &tensor));
    int32_t status = onnx_value_named(r, scope, tensor.name, &named);
    value = named;
    if (status == AMCT_OK && (!tensor.name[0] || named->declared))
        status = onnx_fail(r, AMCT_E_FORMAT, tensor.name[0] ? "is there twice" : "has no name");
    if (status == AMCT_OK && named->is_output) {
        /* the output of this name will be an Identity of the constant */
        const char *name = onnx_text(&r->memory, "%s_value", tensor.name);
        status = name ? onnx_value_new(r, name, &value) : onnx_nomem(r);
    }
    if (status != AMCT_OK) {
        if (tensor.owner == AMCT_DATA_HOST)
            r->host->free(r->host->ctx, (void *)tensor.data);
        return status;
    }
    named->declared = true;
    ONNX_TRY(onnx_value_take(r, value, &tensor));
    if (value != named) { /* nodes that use the name use the constant, too */
        named->kind = value->kind;
        named->id = value->id;
        named->type = value->type;
        named->data = value->data;
    }
    return AMCT_OK;
}

/* The name of a TensorProto (field 8), for messages, before anything in it is trusted. */
static void at_initializer(onnx_reader *r, wire_span message, size_t i)
{
    wire_field field;
    onnx_at(r, "initializer %zu", i);
    while (wire_next(&message, &field) > 0)
        if (field.number == 8 && field.wire == WIRE_LENGTH && field.bytes.size) {
            int n = field.bytes.size > 200 ? 200 : (int)field.bytes.size;
            onnx_at(r, "initializer '%.*s'", n, (const char *)field.bytes.data);
            return;
        }
}

static int32_t read_initializers(onnx_reader *r, onnx_scope *scope, const onnx_part *dense,
                                 const onnx_part *sparse)
{
    for (size_t i = 0; i < dense->n; i++) {
        at_initializer(r, dense->at[i], i);
        ONNX_TRY(read_initializer(r, scope, dense->at[i], false));
    }
    for (size_t i = 0; i < sparse->n; i++) {
        onnx_at(r, "sparse initializer %zu", i);
        ONNX_TRY(read_initializer(r, scope, sparse->at[i], true));
    }
    return AMCT_OK;
}

static int32_t read_input(onnx_reader *r, onnx_scope *scope, wire_span message, size_t i)
{
    const char *name, *other;
    onnx_type type;
    onnx_value *value;
    ONNX_TRY(read_info(r, message, "input", i, &name, &type, &other));
    if (!name[0])
        return onnx_fail(r, AMCT_E_FORMAT, "has no name");
    ONNX_TRY(onnx_value_named(r, scope, name, &value));
    if (value->kind == AMCT_TENSOR_CONSTANT)
        return AMCT_OK; /* a weight: before IR version 4 these had to be listed here, too */
    if (value->declared)
        return onnx_fail(r, AMCT_E_FORMAT, "is there twice");
    if (other)
        return onnx_fail(r, AMCT_E_UNSUPPORTED, "is %s, a tensor wanted", other);
    if (!onnx_dtype_bits(type.dtype) && type.dtype != AMCT_STRING)
        return onnx_fail(r, AMCT_E_UNSUPPORTED, "its element type %s (%u) is not supported",
                         onnx_dtype_name(type.dtype), type.dtype);
    if (type.rank && type.rank != AMCT_RANK_UNKNOWN && type.dims[0] == 0)
        type.dims[0] = AMCT_DIM_UNKNOWN; /* some exporters write a free batch size so */
    value->type = type;
    value->declared = true;
    value->kind = AMCT_TENSOR_INPUT;
    return onnx_value_emit(r, value);
}

/* A name for the Identity of an input that is an output as well. */
static int32_t second_name(onnx_reader *r, const onnx_scope *scope, const char *name, char **out)
{
    for (int i = 0; i < 1000; i++) {
        char *text = i ? onnx_text(&r->memory, "%s_output_%d", name, i)
                       : onnx_text(&r->memory, "%s_output", name);
        if (!text)
            return onnx_nomem(r);
        *out = text;
        if (!onnx_value_find(scope, text))
            break;
    }
    return AMCT_OK;
}

static int32_t emit_output(onnx_reader *r, onnx_scope *scope, const char *name, bool again)
{
    onnx_value *value = onnx_value_find(scope, name), *result;
    bool node_made = value->made && value->kind == AMCT_TENSOR_VALUE;
    if (!node_made && !value->declared)
        return onnx_fail(r, AMCT_E_FORMAT, "is not made by any node");
    if (!node_made || again) {
        if (again || value->kind == AMCT_TENSOR_INPUT) {
            char *other = NULL;
            ONNX_TRY(second_name(r, scope, name, &other));
            ONNX_TRY(onnx_value_named(r, scope, other, &result));
            onnx_warn(r, "%s; in all that is written this output is called '%s'",
                      again ? "is there twice" : "is an input as well", other);
        } else {
            ONNX_TRY(onnx_value_new(r, name, &result));
        }
        result->type = value->type;
        ONNX_TRY(onnx_emit_identity(r, value, result));
        value = result;
    }
    return r->sink->output(r->sink->ctx, value->id);
}

static int32_t emit_outputs(onnx_reader *r, onnx_scope *scope, const char *const *names, size_t n)
{
    onnx_scope seen = {.prefix = ""};
    int32_t status = AMCT_OK;
    for (size_t i = 0; status == AMCT_OK && i < n; i++) {
        onnx_at(r, "output '%.200s'", names[i]);
        onnx_value *value = onnx_value_find(scope, names[i]);
        bool again = onnx_value_find(&seen, names[i]) != NULL;
        if (!again)
            status = onnx_value_bind(r, &seen, names[i], value);
        if (status == AMCT_OK)
            status = emit_output(r, scope, names[i], again);
    }
    onnx_scope_clear(&seen);
    return status;
}

/* Every name that a node uses must be an input, a constant, or some node's result. */
static int32_t check_sources(onnx_reader *r)
{
    for (const onnx_value *v = r->values; v; v = v->next)
        if (v->kind == AMCT_TENSOR_VALUE && v->first_used && !v->made) {
            onnx_at(r, "%s", v->first_used);
            return onnx_fail(r, AMCT_E_FORMAT,
                             "its input '%s' is no input or initializer of the graph, and no node "
                             "makes it",
                             v->name);
        }
    return AMCT_OK;
}

int32_t onnx_read_graph(onnx_reader *r, wire_span message, onnx_scope *scope,
                        amct_model_desc *model)
{
    onnx_part parts[N_PARTS] = {{.number = 1},  {.number = 5},  {.number = 15}, {.number = 11},
                                {.number = 12}, {.number = 13}, {.number = 14}};
    wire_span others;
    Onnx__GraphProto *proto;
    onnx_node_proto *nodes;
    ONNX_TRY(onnx_split(r, &r->memory, message, parts, N_PARTS, &others));
    ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__graph_proto__descriptor, others, &proto));
    model->name = onnx_or_empty(proto->name);
    ONNX_TRY(r->sink->model(r->sink->ctx, model));
    const char **outputs = onnx_alloc(&r->memory, parts[OUTPUTS].n, sizeof *outputs);
    if (!outputs)
        return onnx_nomem(r);
    ONNX_TRY(read_outputs(r, scope, &parts[OUTPUTS], outputs));
    ONNX_TRY(read_initializers(r, scope, &parts[INITIALIZERS], &parts[SPARSE]));
    for (size_t i = 0; i < parts[INPUTS].n; i++)
        ONNX_TRY(read_input(r, scope, parts[INPUTS].at[i], i));
    ONNX_TRY(read_infos(r, scope, &parts[INFOS]));
    ONNX_TRY(onnx_unpack_nodes(r, &parts[NODES], &nodes));
    ONNX_TRY(onnx_read_nodes(r, scope, nodes, parts[NODES].n));
    ONNX_TRY(emit_outputs(r, scope, outputs, parts[OUTPUTS].n));
    return check_sources(r);
}
