#include "ops/op.h"
#include "passes/pass.h"

#include <stdlib.h>
#include <string.h>

/* ConstantOfShape of the same element: all its results share the bytes of the largest. */
typedef struct fill {
    uint32_t dtype;
    uint64_t element;
    void *data;
    size_t bytes;
} fill;

enum { MAX_FILLS = 16 };

typedef struct inference {
    amct_graph *graph;
    bool fold;
    bool *is_output;
    size_t folded_bytes;
    fill fills[MAX_FILLS];
    uint32_t n_fills;
} inference;

static amct_status in_node(const amct_node *node, amct_err *err)
{
    return amct_fail_in(err, "node '%s' (%s)", node->name, node->op);
}

static amct_status infer_node(const inference *in, const amct_op *op, amct_node *node,
                              const amct_tensor **src, amct_tensor *dst, amct_err *err)
{
    amct_graph *graph = in->graph;
    bool known = true;
    for (uint32_t i = 0; i < node->n_src; i++) {
        src[i] = amct_node_src(graph, node, i);
        known &= !src[i] || (amct_shape_known(&src[i]->shape) && src[i]->dtype != AMCT_UNDEFINED);
    }
    for (uint32_t i = 0; i < node->n_dst; i++)
        dst[i] = (amct_tensor){.shape = {.rank = -1}};
    if (known)
        AMCT_TRY(amct_op_infer(op, &(amct_infer){node, src, dst, graph}, err));
    for (uint32_t i = 0; i < node->n_dst; i++) {
        if (node->dst[i] == AMCT_NO_TENSOR)
            continue;
        amct_tensor *to = &graph->tensors[node->dst[i]];
        if (!amct_shape_known(&dst[i].shape)) /* what the file says is better than nothing */
            continue;
        to->dtype = dst[i].dtype;
        to->shape = dst[i].shape;
        to->zero_point = dst[i].zero_point;
        to->int4 = dst[i].int4;
    }
    return AMCT_OK;
}

/* Whether the node's results depend on nothing that is known only at run time. */
static bool is_foldable(const inference *in, const amct_node *node)
{
    const amct_graph *graph = in->graph;
    if (!in->fold || !node->n_dst)
        return false;
    bool shape_only = amct_node_is(node, "Shape") || amct_node_is(node, "Size");
    for (uint32_t i = 0; i < node->n_src; i++) {
        const amct_tensor *src = amct_node_src(graph, node, i);
        if (src && !(shape_only ? amct_shape_known(&src->shape) : amct_tensor_is_constant(src)))
            return false;
    }
    for (uint32_t i = 0; i < node->n_dst; i++) {
        if (node->dst[i] == AMCT_NO_TENSOR)
            continue;
        const amct_tensor *dst = &graph->tensors[node->dst[i]];
        if (!amct_shape_known(&dst->shape) || !amct_dtype_bits(dst->dtype) ||
            in->is_output[node->dst[i]])
            return false;
    }
    return true;
}

static amct_status account(inference *in, uint32_t t, amct_err *err)
{
    const amct_tensor *tensor = &in->graph->tensors[t];
    size_t bytes;
    AMCT_TRY(amct_tensor_bytes(&bytes, tensor->dtype, &tensor->shape, err));
    in->folded_bytes += bytes;
    if (bytes > AMCT_MAX_FOLDED_BYTES || in->folded_bytes > AMCT_MAX_FOLDED_TOTAL)
        return amct_fail(
            err, AMCT_E_LIMIT,
            "constants made by the network itself take %zu MiB, "
            "more than the %zu MiB allowed",
            (bytes > AMCT_MAX_FOLDED_BYTES ? bytes : in->folded_bytes) >> 20,
            (bytes > AMCT_MAX_FOLDED_BYTES ? AMCT_MAX_FOLDED_BYTES : AMCT_MAX_FOLDED_TOTAL) >> 20);
    return AMCT_OK;
}

/* Uses the bytes of an earlier, larger fill; false if there is none. */
static bool share_fill(inference *in, amct_tensor *dst, uint64_t element)
{
    for (uint32_t i = 0; i < in->n_fills; i++) {
        const fill *f = &in->fills[i];
        size_t bytes;
        amct_err ignored;
        if (f->dtype == dst->dtype && f->element == element &&
            amct_tensor_bytes(&bytes, dst->dtype, &dst->shape, &ignored) == AMCT_OK &&
            bytes <= f->bytes) {
            dst->data = f->data;
            dst->bytes = bytes;
            return true;
        }
    }
    return false;
}

static amct_status fold_node(inference *in, const amct_op *op, uint32_t n, amct_err *err)
{
    amct_graph *graph = in->graph;
    const amct_node *node = &graph->nodes[n];
    amct_value *values = calloc(node->n_src + node->n_dst + 1, sizeof *values);
    const amct_value **src = calloc(node->n_src + 1, sizeof *src);
    amct_value **dst = calloc(node->n_dst + 1, sizeof *dst);
    amct_status status = values && src && dst ? AMCT_OK : amct_fail_nomem(err);
    bool is_fill = amct_node_is(node, "ConstantOfShape"), shared = false;
    uint64_t element = 0;
    if (status == AMCT_OK && is_fill) {
        const amct_attr *attr = amct_node_attr(node, "value");
        const amct_tensor *value =
            attr && attr->type == AMCT_ATTR_TENSOR ? &graph->tensors[attr->i] : NULL;
        if (value && value->bytes <= sizeof element)
            memcpy(&element, value->data, value->bytes);
        shared = share_fill(in, &graph->tensors[node->dst[0]], element);
    }
    for (uint32_t i = 0; status == AMCT_OK && !shared && i < node->n_src; i++) {
        const amct_tensor *t = amct_node_src(graph, node, i);
        if (!t)
            continue;
        values[i] = (amct_value){t->dtype, t->zero_point, t->shape, (void *)t->data};
        src[i] = &values[i];
    }
    for (uint32_t i = 0; status == AMCT_OK && !shared && i < node->n_dst; i++) {
        amct_value *value = dst[i] = &values[node->n_src + i];
        if (node->dst[i] == AMCT_NO_TENSOR)
            continue;
        amct_tensor *t = &graph->tensors[node->dst[i]];
        *value = (amct_value){t->dtype, t->zero_point, t->shape, NULL};
        status = account(in, node->dst[i], err);
        if (status == AMCT_OK)
            status = amct_tensor_make_constant(graph, node->dst[i], &value->data, err);
    }
    if (status == AMCT_OK && !shared)
        status = amct_op_run(op, &(amct_call){node, src, dst, graph}, err);
    if (status == AMCT_OK && is_fill && !shared && in->n_fills < MAX_FILLS) {
        amct_tensor *t = &graph->tensors[node->dst[0]];
        in->fills[in->n_fills++] = (fill){t->dtype, element, (void *)t->data, t->bytes};
        t->block = NULL; /* others will share it: it lives as long as the graph */
    }
    if (status == AMCT_OK)
        amct_drop_node(graph, n);
    free(values);
    free(src);
    free(dst);
    return status;
}

static amct_status infer_all(inference *in, amct_err *err)
{
    amct_graph *graph = in->graph;
    uint32_t most = 1;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        uint32_t ends = graph->nodes[n].n_src + graph->nodes[n].n_dst;
        most = ends > most ? ends : most;
    }
    const amct_tensor **src = calloc(most, sizeof *src);
    amct_tensor *dst = calloc(most, sizeof *dst);
    amct_status status = src && dst ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
        amct_node *node = &graph->nodes[n];
        const amct_op *op = amct_op_find(node->op, node->domain);
        if (!op)
            continue;
        status = infer_node(in, op, node, src, dst, err);
        if (status == AMCT_OK && is_foldable(in, node))
            status = fold_node(in, op, n, err);
        if (status != AMCT_OK)
            in_node(node, err);
    }
    free(src);
    free(dst);
    return status;
}

amct_status amct_pass_infer(amct_graph *graph, bool fold, amct_err *err)
{
    inference in = {.graph = graph, .fold = fold};
    in.is_output = calloc(graph->n_tensors + 1, sizeof *in.is_output);
    if (!in.is_output)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        in.is_output[graph->outputs[i]] = true;
    amct_status status = infer_all(&in, err);
    free(in.is_output);
    return status == AMCT_OK && fold ? amct_graph_prune(graph, err) : status;
}
