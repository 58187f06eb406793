#include "import/sink.h"

#include "base/grow.h"
#include "import/constant.h"
#include "import/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any operator has, and few enough to compare each with each. */
enum { MAX_ATTRS = 1024, MAX_STRUCT = 65536 };
/* Of weights that nobody has: more than any network for these chips. */
#define MAX_ZEROS ((uint64_t)4 << 30)

struct amct_import_sink {
    amct_sink table;
    amct_graph *graph;
    amct_plugin_host *host;
    amct_maps maps;
    bool *made; /* per tensor: a node makes it */
    size_t cap_made;
    uint64_t zeros; /* bytes of weights that nobody knows */
    int32_t failed; /* the first failure of a call, 0 if there was none */
    amct_err err;
};

/* Ends a call: the failure in sink->err, if it is one, becomes what the import fails with. */
static int32_t ended(amct_import_sink *sink, amct_status status)
{
    if (status != AMCT_OK && !sink->failed) {
        amct_plugin_host_fail(sink->host, status, "%s", sink->err.text);
        sink->failed = status;
    }
    return sink->failed;
}

/* Whether a struct that the plugin wrote has all the fields of version 1.0. */
static amct_status check_struct(const void *p, const char *name, size_t wanted, amct_err *err)
{
    if (!p)
        return amct_fail(err, AMCT_E_PLUGIN, "%s is NULL", name);
    uint32_t size;
    memcpy(&size, p, sizeof size);
    if (size < wanted || size > MAX_STRUCT)
        return amct_fail(err, AMCT_E_PLUGIN, "%s has struct_size %u, %zu to %d wanted", name, size,
                         wanted, MAX_STRUCT);
    return AMCT_OK;
}
#define CHECK_STRUCT(p, T, last, err)                                                              \
    check_struct(p, #T, offsetof(T, last) + sizeof((p)->last), err)

/* ---- Model and files ----------------------------------------------------------------------- */

static amct_status take_model(amct_import_sink *sink, const amct_model_desc *model)
{
    amct_err *err = &sink->err;
    amct_graph *graph = sink->graph;
    AMCT_TRY(CHECK_STRUCT(model, amct_model_desc, opset, err));
    AMCT_TRY(amct_text_check(model->name, "the model's name", err));
    AMCT_TRY(amct_text_check(model->producer, "the model's producer", err));
    graph->name = amct_arena_string(graph->arena, model->name);
    graph->producer = amct_arena_string(graph->arena, model->producer);
    graph->opset = model->opset;
    if (AMCT_HAS(model, amct_model_desc, flags))
        graph->no_weights = (model->flags & AMCT_MODEL_NO_WEIGHTS) != 0;
    if (!graph->name || !graph->producer) {
        graph->name = graph->producer = "";
        return amct_fail_nomem(err);
    }
    return AMCT_OK;
}

static int32_t sink_model(void *ctx, const amct_model_desc *model)
{
    amct_import_sink *sink = ctx;
    return sink->failed ? sink->failed : ended(sink, take_model(sink, model));
}

static amct_status open_view(amct_import_sink *sink, const char *name, amct_view *out)
{
    AMCT_TRY(CHECK_STRUCT(out, amct_view, size, &sink->err));
    AMCT_TRY(amct_text_check(name, "an external file's name", &sink->err));
    amct_view view;
    AMCT_TRY(amct_maps_open(&sink->maps, name, &view, &sink->err));
    view.struct_size = out->struct_size;
    *out = view;
    return AMCT_OK;
}

static int32_t sink_map(void *ctx, const char *name, amct_view *out)
{
    amct_import_sink *sink = ctx;
    return sink->failed ? sink->failed : ended(sink, open_view(sink, name, out));
}

/* ---- Tensors ------------------------------------------------------------------------------- */

static amct_status read_shape(amct_shape *out, const amct_tensor_desc *t, amct_err *err)
{
    amct_shape shape = {.rank = -1};
    if (t->rank == AMCT_RANK_UNKNOWN && t->kind != AMCT_TENSOR_CONSTANT) {
        *out = shape;
        return AMCT_OK;
    }
    if (t->rank > AMCT_MAX_RANK)
        return amct_fail(err, AMCT_E_LIMIT, "has %u dims, at most %d wanted", t->rank,
                         AMCT_MAX_RANK);
    if (t->rank && !t->dims)
        return amct_fail(err, AMCT_E_PLUGIN, "dims is NULL");
    shape.rank = (int32_t)t->rank;
    int64_t known = 1;
    for (uint32_t i = 0; i < t->rank; i++) {
        int64_t dim = t->dims[i];
        shape.dims[i] = dim;
        if (dim < AMCT_DIM_UNKNOWN || (dim < 0 && t->kind == AMCT_TENSOR_CONSTANT))
            return amct_fail(err, AMCT_E_PLUGIN, "dim %u is %lld", i, (long long)dim);
        /* of what is known, so that nobody's product of dims can overflow */
        if (dim > 0 && known > AMCT_MAX_TENSOR_BYTES / 8 / dim) {
            char text[160];
            shape.rank = (int32_t)i + 1;
            return amct_fail(err, AMCT_E_LIMIT, "a tensor of shape %s%s is too large",
                             amct_shape_print(&shape, text, sizeof text),
                             i + 1 < t->rank ? "x..." : "");
        }
        known *= dim > 0 ? dim : 1;
    }
    *out = shape;
    return AMCT_OK;
}

static amct_status check_dtype(const amct_tensor_desc *t, amct_err *err)
{
    bool known = t->dtype == AMCT_STRING || amct_dtype_bits(t->dtype) > 0;
    if (t->dtype == AMCT_UNDEFINED && t->kind == AMCT_TENSOR_VALUE)
        known = true;
    return known ? AMCT_OK
                 : amct_fail(err, AMCT_E_UNSUPPORTED, "its element type %u is not supported",
                             t->dtype);
}

/* In the place of weights that nobody knows; pages that are never written take no memory. */
static amct_status add_zeros(amct_import_sink *sink, uint32_t id)
{
    const amct_tensor *t = &sink->graph->tensors[id];
    size_t bytes;
    void *data;
    AMCT_TRY(amct_tensor_bytes(&bytes, t->dtype, &t->shape, &sink->err));
    sink->zeros += bytes;
    if (sink->zeros > MAX_ZEROS)
        return amct_fail(&sink->err, AMCT_E_LIMIT, "the weights would take more than %zu GiB",
                         (size_t)(MAX_ZEROS >> 30));
    return amct_tensor_make_constant(sink->graph, id, &data, &sink->err);
}

static amct_status add_tensor(amct_import_sink *sink, const amct_tensor_desc *desc, uint32_t *id)
{
    amct_err *err = &sink->err;
    amct_graph *graph = sink->graph;
    amct_tensor tensor = {.name = desc->name, .dtype = desc->dtype};
    if (desc->kind > AMCT_TENSOR_CONSTANT)
        return amct_fail(err, AMCT_E_PLUGIN, "unknown kind %u", desc->kind);
    AMCT_TRY(check_dtype(desc, err));
    AMCT_TRY(read_shape(&tensor.shape, desc, err));
    bool unknown =
        graph->no_weights && desc->kind == AMCT_TENSOR_CONSTANT && !desc->data && !desc->data_size;
    if (desc->kind == AMCT_TENSOR_CONSTANT && !unknown)
        AMCT_TRY(amct_constant_take(&tensor, desc, graph->arena, &sink->maps, sink->host, err));
    else if (desc->data || desc->data_size)
        return amct_fail(err, AMCT_E_PLUGIN, "has data, but is no constant");
    AMCT_TRY(amct_grow(&sink->made, graph->n_tensors, &sink->cap_made, sizeof *sink->made, err));
    sink->made[graph->n_tensors] = false;
    uint32_t fresh;
    AMCT_TRY(amct_graph_add_tensor(graph, &tensor, &fresh, err));
    graph->tensors[fresh].block = tensor.block;
    if (unknown)
        AMCT_TRY(add_zeros(sink, fresh));
    if (desc->kind == AMCT_TENSOR_INPUT)
        AMCT_TRY(amct_graph_add_input(graph, fresh, err));
    *id = fresh;
    return AMCT_OK;
}

static amct_status take_tensor(amct_import_sink *sink, const amct_tensor_desc *desc, uint32_t *id)
{
    AMCT_TRY(CHECK_STRUCT(desc, amct_tensor_desc, owner, &sink->err));
    if (!id)
        return amct_fail(&sink->err, AMCT_E_PLUGIN, "the place for a tensor's id is NULL");
    AMCT_TRY(amct_text_check(desc->name, "a tensor's name", &sink->err));
    amct_status status = add_tensor(sink, desc, id);
    if (status == AMCT_OK || status == AMCT_E_NOMEM)
        return status;
    return amct_fail_in(&sink->err, "%s '%s'",
                        desc->kind == AMCT_TENSOR_INPUT      ? "input"
                        : desc->kind == AMCT_TENSOR_CONSTANT ? "constant"
                                                             : "tensor",
                        desc->name);
}

static int32_t sink_tensor(void *ctx, const amct_tensor_desc *desc, uint32_t *id)
{
    amct_import_sink *sink = ctx;
    return sink->failed ? sink->failed : ended(sink, take_tensor(sink, desc, id));
}

/* ---- Nodes --------------------------------------------------------------------------------- */

static amct_status read_attr(amct_import_sink *sink, amct_attr *to, const amct_attr_desc *from)
{
    amct_err *err = &sink->err;
    *to = (amct_attr){.name = from->name, .type = from->type, .i = from->i, .f = from->f};
    switch (from->type) {
    case AMCT_ATTR_INT:
    case AMCT_ATTR_FLOAT:
    case AMCT_ATTR_OPAQUE: return AMCT_OK;
    case AMCT_ATTR_TENSOR:
        if (from->i < 0 || from->i >= sink->graph->n_tensors ||
            !amct_tensor_is_constant(&sink->graph->tensors[from->i]))
            return amct_fail(err, AMCT_E_PLUGIN, "id %lld is no constant", (long long)from->i);
        return AMCT_OK;
    case AMCT_ATTR_STRING:
    case AMCT_ATTR_INTS:
    case AMCT_ATTR_FLOATS:
    case AMCT_ATTR_STRINGS: break;
    default: return amct_fail(err, AMCT_E_PLUGIN, "unknown type %u", from->type);
    }
    if (from->count && !from->data)
        return amct_fail(err, AMCT_E_PLUGIN, "data is NULL");
    if (from->type == AMCT_ATTR_STRINGS)
        for (size_t i = 0; i < from->count; i++)
            if (!((const char *const *)from->data)[i])
                return amct_fail(err, AMCT_E_PLUGIN, "string %zu is NULL", i);
    to->data = from->data;
    to->count = from->count;
    return AMCT_OK;
}

static amct_status read_attrs(amct_import_sink *sink, amct_attr *to, const amct_node_desc *desc)
{
    amct_err *err = &sink->err;
    for (uint32_t i = 0; i < desc->n_attrs; i++) {
        AMCT_TRY(CHECK_STRUCT(desc->attrs, amct_attr_desc, count, err));
        const amct_attr_desc *attr = AMCT_AT(amct_attr_desc, desc->attrs, i);
        if (attr->struct_size != desc->attrs->struct_size)
            return amct_fail(err, AMCT_E_PLUGIN, "attribute %u has struct_size %u, %u wanted", i,
                             attr->struct_size, desc->attrs->struct_size);
        AMCT_TRY(amct_text_check(attr->name, "an attribute's name", err));
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(to[k].name, attr->name) == 0)
                return amct_fail(err, AMCT_E_FORMAT, "attribute '%s' is there twice", attr->name);
        if (read_attr(sink, &to[i], attr) != AMCT_OK)
            return amct_fail_in(err, "attribute '%s'", attr->name);
    }
    return AMCT_OK;
}

static amct_status check_ids(amct_import_sink *sink, const amct_node_desc *desc)
{
    amct_err *err = &sink->err;
    const amct_graph *graph = sink->graph;
    if ((desc->n_src && !desc->src) || (desc->n_dst && !desc->dst) ||
        (desc->n_attrs && !desc->attrs))
        return amct_fail(err, AMCT_E_PLUGIN, "src, dst or attrs is NULL");
    for (uint32_t i = 0; i < desc->n_src; i++)
        if (desc->src[i] != AMCT_NO_TENSOR && desc->src[i] >= graph->n_tensors)
            return amct_fail(err, AMCT_E_PLUGIN, "input %u: id %u is no tensor", i, desc->src[i]);
    for (uint32_t i = 0; i < desc->n_dst; i++) {
        uint32_t id = desc->dst[i];
        if (id == AMCT_NO_TENSOR)
            continue;
        if (id >= graph->n_tensors)
            return amct_fail(err, AMCT_E_PLUGIN, "output %u: id %u is no tensor", i, id);
        const amct_tensor *t = &graph->tensors[id];
        if (t->input || amct_tensor_is_constant(t) || sink->made[id])
            return amct_fail(err, AMCT_E_FORMAT, "output %u: tensor '%s' is already %s", i, t->name,
                             t->input         ? "an input"
                             : sink->made[id] ? "made by a node"
                                              : "a constant");
        sink->made[id] = true;
    }
    return AMCT_OK;
}

static amct_status add_node(amct_import_sink *sink, const amct_node_desc *desc)
{
    amct_err *err = &sink->err;
    if (!desc->op[0])
        return amct_fail(err, AMCT_E_FORMAT, "has no operator");
    if (desc->n_attrs > MAX_ATTRS)
        return amct_fail(err, AMCT_E_LIMIT, "has %u attributes, at most %d wanted", desc->n_attrs,
                         MAX_ATTRS);
    AMCT_TRY(check_ids(sink, desc));
    amct_attr *attrs = calloc(desc->n_attrs + 1, sizeof *attrs);
    if (!attrs)
        return amct_fail_nomem(err);
    amct_status status = read_attrs(sink, attrs, desc);
    amct_node node = {.name = desc->name,
                      .op = desc->op,
                      .domain = desc->domain,
                      .n_src = desc->n_src,
                      .n_dst = desc->n_dst,
                      .n_attrs = desc->n_attrs,
                      .src = (uint32_t *)desc->src,
                      .dst = (uint32_t *)desc->dst,
                      .attrs = attrs};
    if (status == AMCT_OK)
        status = amct_graph_add_node(sink->graph, &node, err);
    free(attrs);
    return status;
}

static amct_status take_node(amct_import_sink *sink, const amct_node_desc *desc)
{
    AMCT_TRY(CHECK_STRUCT(desc, amct_node_desc, attrs, &sink->err));
    AMCT_TRY(amct_text_check(desc->name, "a node's name", &sink->err));
    AMCT_TRY(amct_text_check(desc->op, "a node's operator", &sink->err));
    AMCT_TRY(amct_text_check(desc->domain, "a node's domain", &sink->err));
    amct_status status = add_node(sink, desc);
    if (status == AMCT_OK || status == AMCT_E_NOMEM)
        return status;
    return amct_fail_in(&sink->err, "node %u '%s' (%s)", sink->graph->n_nodes, desc->name,
                        desc->op);
}

static int32_t sink_node(void *ctx, const amct_node_desc *desc)
{
    amct_import_sink *sink = ctx;
    return sink->failed ? sink->failed : ended(sink, take_node(sink, desc));
}

static int32_t sink_output(void *ctx, uint32_t id)
{
    amct_import_sink *sink = ctx;
    if (sink->failed)
        return sink->failed;
    amct_status status = AMCT_OK;
    if (id >= sink->graph->n_tensors)
        status = amct_fail(&sink->err, AMCT_E_PLUGIN, "output %u: id %u is no tensor",
                           sink->graph->n_outputs, id);
    else
        status = amct_graph_add_output(sink->graph, id, &sink->err);
    return ended(sink, status);
}

/* ---- Life ---------------------------------------------------------------------------------- */

amct_status amct_import_sink_new(amct_import_sink **out, amct_graph *graph, amct_plugin_host *host,
                                 const amct_import_place *place, amct_err *err)
{
    amct_import_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return amct_fail_nomem(err);
    amct_status status = amct_maps_init(&sink->maps, graph->arena, place, err);
    if (status != AMCT_OK) {
        free(sink);
        return status;
    }
    sink->graph = graph;
    sink->host = host;
    sink->table = (amct_sink){
        .struct_size = sizeof sink->table,
        .ctx = sink,
        .model = sink_model,
        .map = sink_map,
        .tensor = sink_tensor,
        .node = sink_node,
        .output = sink_output,
    };
    *out = sink;
    return AMCT_OK;
}

void amct_import_sink_free(amct_import_sink *sink)
{
    if (!sink)
        return;
    amct_maps_done(&sink->maps);
    free(sink->made);
    free(sink);
}

const amct_sink *amct_import_sink_table(amct_import_sink *sink)
{
    return &sink->table;
}

amct_status amct_import_sink_result(amct_import_sink *sink, int32_t code, amct_err *err)
{
    return amct_plugin_host_result(sink->host, code ? code : sink->failed, "read", err);
}
