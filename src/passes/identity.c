#include "passes/pass.h"

#include <string.h>

static bool all_zero(const amct_tensor *t)
{
    if (!t || !t->data)
        return false;
    int64_t n = amct_shape_size(&t->shape);
    for (int64_t i = 0; i < n; i++)
        if (amct_constant_number(t, i) != 0)
            return false;
    return true;
}

/* Whether result 0 is always source 0, bit for bit. */
static bool changes_nothing(const amct_graph *graph, const amct_node *node)
{
    const amct_tensor *src = amct_node_src(graph, node, 0);
    if (!src || !node->n_dst || node->dst[0] == AMCT_NO_TENSOR)
        return false;
    for (uint32_t i = 1; i < node->n_dst; i++)
        if (node->dst[i] != AMCT_NO_TENSOR)
            return false;
    const amct_tensor *dst = &graph->tensors[node->dst[0]];
    if (amct_node_is(node, "Identity") || amct_node_is(node, "Dropout"))
        return true;
    if (!amct_shape_known(&src->shape) || !amct_shape_equal(&src->shape, &dst->shape) ||
        src->dtype != dst->dtype)
        return false;
    if (amct_node_is(node, "Reshape") || amct_node_is(node, "Flatten") ||
        amct_node_is(node, "Expand") || amct_node_is(node, "Cast") ||
        amct_node_is(node, "Squeeze") || amct_node_is(node, "Unsqueeze") ||
        amct_node_is(node, "Tile"))
        return true;
    if ((amct_node_is(node, "Concat") || amct_node_is(node, "Sum") || amct_node_is(node, "Max") ||
         amct_node_is(node, "Min") || amct_node_is(node, "Mean")) &&
        node->n_src == 1)
        return true;
    if (amct_node_is(node, "Pad"))
        return all_zero(amct_node_src(graph, node, 1));
    if (amct_node_is(node, "Transpose")) {
        size_t n;
        const int64_t *perm = amct_node_ints(node, "perm", &n);
        for (size_t i = 0; i < n; i++)
            if (perm[i] != (int64_t)i)
                return false;
        return n > 0 || src->shape.rank <= 1;
    }
    if (amct_node_is(node, "Slice")) { /* of the same shape, forwards */
        const amct_tensor *steps = amct_node_src(graph, node, 4);
        for (int64_t i = 0; steps && i < (steps->data ? amct_shape_size(&steps->shape) : 0); i++)
            if (amct_constant_int(steps, i) != 1)
                return false;
        return !steps || steps->data;
    }
    return false;
}

amct_status amct_pass_identity(amct_graph *graph, amct_err *err)
{
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        if (node->n_dst && changes_nothing(graph, node) &&
            amct_replace_tensor(graph, node->dst[0], node->src[0]))
            amct_drop_node(graph, n);
    }
    return amct_graph_prune(graph, err);
}
