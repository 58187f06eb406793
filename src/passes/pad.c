#include "ops/window.h"
#include "passes/pass.h"

#include <string.h>

/* The amounts by which node pads the spatial dims with zeros; false if it does anything else. */
static bool read_pad(int64_t begin[AMCT_WINDOW_DIMS], int64_t end[AMCT_WINDOW_DIMS],
                     const amct_graph *graph, const amct_node *node)
{
    const amct_tensor *src = amct_node_src(graph, node, 0), *pads = amct_node_src(graph, node, 1);
    const amct_tensor *value = amct_node_src(graph, node, 2), *axes = amct_node_src(graph, node, 3);
    if (!amct_node_is(node, "Pad") || !src || src->dtype != AMCT_FLOAT || !pads || !pads->data ||
        (axes && !axes->data) || src->shape.rank < 3 || src->shape.rank > 2 + AMCT_WINDOW_DIMS ||
        strcmp(amct_node_string(node, "mode", "constant"), "constant") != 0)
        return false;
    if (value && (!value->data || !value->bytes || amct_constant_number(value, 0) != 0))
        return false;
    int64_t n = axes ? amct_shape_size(&axes->shape) : src->shape.rank;
    if (amct_shape_size(&pads->shape) != 2 * n)
        return false;
    memset(begin, 0, AMCT_WINDOW_DIMS * sizeof *begin);
    memset(end, 0, AMCT_WINDOW_DIMS * sizeof *end);
    for (int64_t i = 0; i < n; i++) {
        int64_t axis = axes ? amct_constant_int(axes, i) : i;
        int64_t b = amct_constant_int(pads, i), e = amct_constant_int(pads, n + i);
        axis += axis < 0 ? src->shape.rank : 0;
        if (b < 0 || e < 0 || axis < 0 || axis >= src->shape.rank || (axis < 2 && (b || e)))
            return false;
        if (axis >= 2)
            begin[axis - 2] = b, end[axis - 2] = e;
    }
    return true;
}

static amct_status set_pads(amct_graph *graph, amct_node *node, const amct_window *w,
                            const int64_t *begin, const int64_t *end, amct_err *err)
{
    int64_t pads[2 * AMCT_WINDOW_DIMS];
    for (int32_t d = 0; d < w->rank; d++) {
        pads[d] = w->pad_begin[d] + begin[d];
        pads[w->rank + d] = w->pad_end[d] + end[d];
    }
    amct_attr explicit = {
        .name = "auto_pad", .type = AMCT_ATTR_STRING, .data = "NOTSET", .count = 6};
    amct_attr attr = {
        .name = "pads", .type = AMCT_ATTR_INTS, .data = pads, .count = 2 * (size_t)w->rank};
    if (amct_node_attr(node, "auto_pad"))
        AMCT_TRY(amct_node_set_attr(graph, node, &explicit, err));
    return amct_node_set_attr(graph, node, &attr, err);
}

static amct_status merge(amct_graph *graph, const amct_node *pad, amct_node *node, amct_err *err)
{
    int64_t begin[AMCT_WINDOW_DIMS], end[AMCT_WINDOW_DIMS];
    amct_window w;
    amct_err ignored;
    const amct_tensor *src = amct_node_src(graph, node, 0),
                      *weights = amct_node_src(graph, node, 1);
    bool conv = amct_node_is(node, "Conv"), pool = amct_node_is(node, "AveragePool");
    if ((!conv && !pool) || !read_pad(begin, end, graph, pad) ||
        amct_window_make(&w, node, &src->shape, conv ? &weights->shape : NULL, &ignored) != AMCT_OK)
        return AMCT_OK;
    if (pool) { /* the zeros of Pad are counted: its own padding must not be another kind */
        for (int32_t d = 0; d < w.rank; d++)
            if (w.pad_begin[d] || w.pad_end[d])
                return AMCT_OK;
        if (amct_node_int(node, "ceil_mode", 0))
            return AMCT_OK;
        amct_attr count = {.name = "count_include_pad", .type = AMCT_ATTR_INT, .i = 1};
        AMCT_TRY(amct_node_set_attr(graph, node, &count, err));
    }
    AMCT_TRY(set_pads(graph, node, &w, begin, end, err));
    node->src[0] = pad->src[0];
    return AMCT_OK;
}

amct_status amct_pass_pad(amct_graph *graph, amct_err *err)
{
    amct_links links;
    AMCT_TRY(amct_links_make(&links, graph, err));
    amct_status status = AMCT_OK;
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
        amct_node *node = &graph->nodes[n];
        if (!node->n_src || node->src[0] == AMCT_NO_TENSOR)
            continue;
        uint32_t maker = links.producer[node->src[0]];
        if (maker != AMCT_NO_TENSOR)
            status = merge(graph, &graph->nodes[maker], node, err);
    }
    amct_links_free(&links);
    return status == AMCT_OK ? amct_graph_prune(graph, err) : status;
}
