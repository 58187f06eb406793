/* Another batch size for a prepared graph. Models exported at a fixed batch size carry it in the
 * targets of Reshape and in the sizes of Resize; those become relative first. */
#include "passes/pass.h"

#include <stdlib.h>
#include <string.h>

int64_t amct_batch_of(const amct_graph *graph)
{
    if (!graph->n_inputs)
        return 1;
    const amct_shape *shape = &graph->tensors[graph->inputs[0]].shape;
    return shape->rank > 0 ? shape->dims[0] : 1;
}

/* Where Reshape copies zeros, a first dim can only be left to be reckoned: the others are told. */
static amct_status tell_others(amct_graph *graph, amct_node *node, amct_err *err)
{
    const amct_shape dst = graph->tensors[node->dst[0]].shape;
    amct_shape list = amct_shape_of(1, (int64_t[]){dst.rank});
    void *data;
    for (int32_t d = 1; d < dst.rank; d++)
        if (dst.dims[d] < 1)
            return AMCT_OK;
    AMCT_TRY(amct_graph_add_constant(graph, graph->tensors[node->src[1]].name, AMCT_INT64, &list,
                                     &node->src[1], &data, err));
    memcpy(data, dst.dims, (size_t)dst.rank * sizeof *dst.dims);
    ((int64_t *)data)[0] = -1;
    return AMCT_OK;
}

/* A constant int64 list like t, with another first element, as source i of the node. */
static amct_status replace_first(amct_graph *graph, amct_node *node, uint32_t i, int64_t first,
                                 amct_err *err)
{
    amct_tensor old = graph->tensors[node->src[i]];
    uint32_t id;
    void *data;
    AMCT_TRY(amct_graph_add_constant(graph, old.name, AMCT_INT64, &old.shape, &id, &data, err));
    for (int64_t k = 0; k < amct_shape_size(&old.shape); k++)
        ((int64_t *)data)[k] = k ? amct_constant_int(&old, k) : first;
    node->src[i] = id;
    return AMCT_OK;
}

/* Frees the node from the batch size `from`, if its first dim is the batch. */
static amct_status make_relative(amct_graph *graph, amct_node *node, int64_t from, int64_t to,
                                 amct_err *err)
{
    bool reshape = amct_node_is(node, "Reshape"), resize = amct_node_is(node, "Resize");
    uint32_t at = resize ? 3 : 1;
    const amct_tensor *src = amct_node_src(graph, node, 0),
                      *target = amct_node_src(graph, node, at);
    if ((!reshape && !resize) || !src || src->shape.rank < 1 || src->shape.dims[0] != from ||
        !target || !target->data || target->shape.rank != 1 || target->shape.dims[0] < 1 ||
        amct_constant_int(target, 0) != from || amct_node_attr(node, "axes"))
        return AMCT_OK;
    if (resize)
        return replace_first(graph, node, at, to, err);
    if (amct_node_int(node, "allowzero", 0))
        return tell_others(graph, node, err);
    return replace_first(graph, node, at, 0, err);
}

static amct_status check_outputs(const amct_graph *graph, const int64_t *before, int64_t from,
                                 int64_t to, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        const amct_tensor *out = &graph->tensors[graph->outputs[i]];
        if (out->shape.rank < 1 || before[i] < 0)
            continue;
        if (out->shape.dims[0] * from != before[i] * to)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "the network cannot be run at batch %lld: the first dim of output "
                             "'%s' does not follow it",
                             (long long)to, out->name);
    }
    return AMCT_OK;
}

static amct_status try_batch(amct_graph *graph, int64_t batch, amct_err *err)
{
    int64_t from = amct_batch_of(graph);
    int64_t *before = calloc(graph->n_outputs + 1, sizeof *before);
    amct_status status = before ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_outputs; i++) {
        const amct_shape *shape = &graph->tensors[graph->outputs[i]].shape;
        before[i] = shape->rank > 0 ? shape->dims[0] : -1;
    }
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++)
        status = make_relative(graph, &graph->nodes[n], from, batch, err);
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_inputs; i++) {
        amct_tensor *input = &graph->tensors[graph->inputs[i]];
        size_t bytes;
        if (input->shape.rank < 1 || input->shape.dims[0] != from)
            status = amct_fail(err, AMCT_E_UNSUPPORTED,
                               "the network cannot be run at batch %lld: input '%s' has no batch "
                               "dim like the first input's",
                               (long long)batch, input->name);
        else
            input->shape.dims[0] = batch;
        if (status == AMCT_OK)
            status = amct_tensor_bytes(&bytes, input->dtype, &input->shape, err);
    }
    if (status == AMCT_OK && amct_pass_infer(graph, false, err) != AMCT_OK) {
        if (err->code != AMCT_E_NOMEM) /* the graph was right at the size before */
            err->code = AMCT_E_UNSUPPORTED;
        status = amct_fail_in(err, "the network cannot be run at batch %lld", (long long)batch);
    }
    if (status == AMCT_OK)
        status = check_outputs(graph, before, from, batch, err);
    free(before);
    return status;
}

amct_status amct_set_batch(amct_graph *graph, int64_t batch, amct_err *err)
{
    if (batch == amct_batch_of(graph))
        return AMCT_OK;
    if (batch < 1)
        return amct_fail(err, AMCT_E_INVALID, "batch %lld: 1 or more is wanted", (long long)batch);
    amct_tensor *tensors = malloc((graph->n_tensors + 1) * sizeof *tensors);
    uint32_t n = graph->n_tensors;
    if (!tensors)
        return amct_fail_nomem(err);
    memcpy(tensors, graph->tensors, n * sizeof *tensors);
    amct_status status = try_batch(graph, batch, err);
    if (status != AMCT_OK) /* what became relative stays so: it means the same */
        memcpy(graph->tensors, tensors, n * sizeof *tensors);
    free(tensors);
    return status;
}
