#include "graph/graph.h"

#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_graph_new(amct_graph **out, amct_err *err)
{
    amct_graph *graph = calloc(1, sizeof *graph);
    if (graph)
        graph->arena = amct_arena_new();
    if (!graph || !graph->arena) {
        free(graph);
        return amct_fail_nomem(err);
    }
    graph->name = graph->format = graph->producer = "";
    *out = graph;
    return AMCT_OK;
}

void amct_graph_free(amct_graph *graph)
{
    if (!graph)
        return;
    free(graph->tensors);
    free(graph->nodes);
    free(graph->inputs);
    free(graph->outputs);
    amct_arena_free(graph->arena);
    free(graph);
}

static amct_status make_room(void *array, uint32_t n, size_t *cap, size_t size, amct_err *err)
{
    if (n >= AMCT_NO_TENSOR / 2)
        return amct_fail(err, AMCT_E_LIMIT, "more than %u nodes or tensors", n);
    return amct_grow(array, n, cap, size, err);
}

amct_status amct_graph_add_tensor(amct_graph *graph, const amct_tensor *tensor, uint32_t *id,
                                  amct_err *err)
{
    AMCT_TRY(make_room(&graph->tensors, graph->n_tensors, &graph->cap_tensors,
                       sizeof *graph->tensors, err));
    amct_tensor copy = *tensor;
    copy.block = NULL;
    copy.name = amct_arena_string(graph->arena, tensor->name ? tensor->name : "");
    if (!copy.name)
        return amct_fail_nomem(err);
    graph->tensors[graph->n_tensors] = copy;
    *id = graph->n_tensors++;
    return AMCT_OK;
}

static void free_block(void *object)
{
    free(((amct_block *)object)->data);
}

amct_block *amct_block_new(amct_arena *arena, void *memory)
{
    amct_block *block = amct_arena_alloc(arena, sizeof *block);
    if (!block) {
        free(memory);
        return NULL;
    }
    block->data = memory;
    return amct_arena_own(arena, block, free_block) ? NULL : block;
}

amct_status amct_tensor_make_constant(amct_graph *graph, uint32_t id, void **data, amct_err *err)
{
    enum { LARGE = 64 * 1024 };
    amct_tensor *tensor = &graph->tensors[id];
    size_t bytes;
    AMCT_TRY(amct_tensor_bytes(&bytes, tensor->dtype, &tensor->shape, err));
    void *memory;
    amct_block *block = NULL;
    if (bytes < LARGE) {
        memory = amct_arena_alloc(graph->arena, bytes);
    } else {
        memory = calloc(1, bytes); /* aligned to 16; pages that stay zero cost nothing */
        block = amct_block_new(graph->arena, memory);
        if (!block)
            return amct_fail_nomem(err);
    }
    if (!memory)
        return amct_fail(err, AMCT_E_NOMEM, "out of memory for %zu bytes of '%s'", bytes,
                         tensor->name);
    tensor->data = *data = memory;
    tensor->bytes = bytes;
    tensor->block = block;
    tensor->hash = (amct_hash){0};
    return AMCT_OK;
}

amct_status amct_graph_add_constant(amct_graph *graph, const char *name, uint32_t dtype,
                                    const amct_shape *shape, uint32_t *id, void **data,
                                    amct_err *err)
{
    amct_tensor tensor = {.name = name, .dtype = dtype, .shape = *shape};
    uint32_t fresh;
    AMCT_TRY(amct_graph_add_tensor(graph, &tensor, &fresh, err));
    AMCT_TRY(amct_tensor_make_constant(graph, fresh, data, err));
    *id = fresh;
    return AMCT_OK;
}

amct_status amct_graph_add_input(amct_graph *graph, uint32_t id, amct_err *err)
{
    AMCT_TRY(
        make_room(&graph->inputs, graph->n_inputs, &graph->cap_inputs, sizeof *graph->inputs, err));
    graph->tensors[id].input = true;
    graph->inputs[graph->n_inputs++] = id;
    return AMCT_OK;
}

amct_status amct_graph_add_output(amct_graph *graph, uint32_t id, amct_err *err)
{
    AMCT_TRY(make_room(&graph->outputs, graph->n_outputs, &graph->cap_outputs,
                       sizeof *graph->outputs, err));
    graph->outputs[graph->n_outputs++] = id;
    return AMCT_OK;
}

/* Bytes of an attribute's data, without the zero behind a string. */
static amct_status copy_attr(amct_arena *arena, amct_attr *to, const amct_attr *from, amct_err *err)
{
    *to = *from;
    to->name = amct_arena_string(arena, from->name);
    to->data = NULL;
    if (!to->name)
        return amct_fail_nomem(err);
    switch (from->type) {
    case AMCT_ATTR_STRING: {
        char *text = amct_arena_alloc(arena, from->count + 1);
        if (!text)
            return amct_fail_nomem(err);
        if (from->count)
            memcpy(text, from->data, from->count);
        to->data = text;
        break;
    }
    case AMCT_ATTR_INTS:
        to->data = amct_arena_copy(arena, from->data, from->count * sizeof(int64_t));
        break;
    case AMCT_ATTR_FLOATS:
        to->data = amct_arena_copy(arena, from->data, from->count * sizeof(float));
        break;
    case AMCT_ATTR_STRINGS: {
        const char *const *texts = from->data;
        const char **copy = amct_arena_array(arena, from->count, sizeof *copy);
        if (!copy)
            return amct_fail_nomem(err);
        for (size_t i = 0; i < from->count; i++)
            if (!(copy[i] = amct_arena_string(arena, texts[i])))
                return amct_fail_nomem(err);
        to->data = copy;
        break;
    }
    default: to->count = 0; return AMCT_OK;
    }
    return to->data ? AMCT_OK : amct_fail_nomem(err);
}

amct_status amct_graph_add_node(amct_graph *graph, const amct_node *node, amct_err *err)
{
    AMCT_TRY(
        make_room(&graph->nodes, graph->n_nodes, &graph->cap_nodes, sizeof *graph->nodes, err));
    amct_arena *arena = graph->arena;
    amct_node copy = *node;
    copy.name = amct_arena_string(arena, node->name ? node->name : "");
    copy.op = amct_arena_string(arena, node->op);
    copy.domain = amct_arena_string(arena, node->domain ? node->domain : "");
    copy.src = amct_arena_copy(arena, node->src, node->n_src * sizeof *node->src);
    copy.dst = amct_arena_copy(arena, node->dst, node->n_dst * sizeof *node->dst);
    copy.attrs = amct_arena_array(arena, node->n_attrs, sizeof *node->attrs);
    if (!copy.name || !copy.op || !copy.domain || !copy.src || !copy.dst || !copy.attrs)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < node->n_attrs; i++)
        AMCT_TRY(copy_attr(arena, &copy.attrs[i], &node->attrs[i], err));
    graph->nodes[graph->n_nodes++] = copy;
    return AMCT_OK;
}

amct_status amct_node_set_attr(amct_graph *graph, amct_node *node, const amct_attr *attr,
                               amct_err *err)
{
    uint32_t at = 0;
    while (at < node->n_attrs && strcmp(node->attrs[at].name, attr->name) != 0)
        at++;
    amct_attr copy;
    AMCT_TRY(copy_attr(graph->arena, &copy, attr, err));
    amct_attr *attrs = amct_arena_array(graph->arena, node->n_attrs + 1, sizeof *attrs);
    if (!attrs)
        return amct_fail_nomem(err);
    if (node->n_attrs)
        memcpy(attrs, node->attrs, node->n_attrs * sizeof *attrs);
    attrs[at] = copy;
    node->n_attrs += at == node->n_attrs;
    node->attrs = attrs;
    return AMCT_OK;
}

amct_status amct_graph_clone(amct_graph **out, const amct_graph *graph, amct_err *err)
{
    amct_graph *copy;
    AMCT_TRY(amct_graph_new(&copy, err));
    amct_status status = AMCT_OK;
    uint32_t id;
    copy->name = amct_arena_string(copy->arena, graph->name);
    copy->format = amct_arena_string(copy->arena, graph->format);
    copy->producer = amct_arena_string(copy->arena, graph->producer);
    copy->opset = graph->opset;
    copy->no_weights = graph->no_weights;
    if (!copy->name || !copy->format || !copy->producer)
        status = amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_tensors; i++)
        status = amct_graph_add_tensor(copy, &graph->tensors[i], &id, err);
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_nodes; i++)
        status = amct_graph_add_node(copy, &graph->nodes[i], err);
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_inputs; i++)
        status = amct_graph_add_input(copy, graph->inputs[i], err);
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_outputs; i++)
        status = amct_graph_add_output(copy, graph->outputs[i], err);
    if (status != AMCT_OK) {
        amct_graph_free(copy);
        return status;
    }
    *out = copy;
    return AMCT_OK;
}

int64_t amct_batch_of(const amct_graph *graph)
{
    if (!graph->n_inputs)
        return 1;
    const amct_shape *shape = &graph->tensors[graph->inputs[0]].shape;
    return shape->rank > 0 ? shape->dims[0] : 1;
}

const amct_attr *amct_node_attr(const amct_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    return NULL;
}

static const amct_attr *attr_of_type(const amct_node *node, const char *name, uint32_t type)
{
    const amct_attr *attr = amct_node_attr(node, name);
    return attr && attr->type == type ? attr : NULL;
}

int64_t amct_node_int(const amct_node *node, const char *name, int64_t otherwise)
{
    const amct_attr *attr = attr_of_type(node, name, AMCT_ATTR_INT);
    return attr ? attr->i : otherwise;
}

float amct_node_float(const amct_node *node, const char *name, float otherwise)
{
    const amct_attr *attr = attr_of_type(node, name, AMCT_ATTR_FLOAT);
    return attr ? attr->f : otherwise;
}

const char *amct_node_string(const amct_node *node, const char *name, const char *otherwise)
{
    const amct_attr *attr = attr_of_type(node, name, AMCT_ATTR_STRING);
    return attr ? attr->data : otherwise;
}

const int64_t *amct_node_ints(const amct_node *node, const char *name, size_t *n)
{
    const amct_attr *attr = attr_of_type(node, name, AMCT_ATTR_INTS);
    *n = attr ? attr->count : 0;
    return attr ? attr->data : NULL;
}

const float *amct_node_floats(const amct_node *node, const char *name, size_t *n)
{
    const amct_attr *attr = attr_of_type(node, name, AMCT_ATTR_FLOATS);
    *n = attr ? attr->count : 0;
    return attr ? attr->data : NULL;
}
