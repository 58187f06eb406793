/* One layer as two. */
#include "structure/restructure_parts.h"
#include "ops/weights.h"
#include "ops/window.h"

#include <string.h>

/* The windows of the two layers, and the shapes of their weights. */
typedef struct halves {
    amct_window window[2];
    amct_shape weights[2];
} halves;

static bool first_has(amct_split_form form, int32_t d, int32_t rank)
{
    return form == AMCT_SPLIT_AFTER || (form == AMCT_SPLIT_ROWS && d == rank - 2) ||
           (form == AMCT_SPLIT_COLUMNS && d == rank - 1);
}

/* Which of the two moves along which dim. */
static amct_status split_window(halves *out, const amct_graph *graph, const amct_node *node,
                                const amct_factors *f, amct_err *err)
{
    const amct_shape *src = &amct_node_src(graph, node, 0)->shape,
                     *w = &amct_node_src(graph, node, 1)->shape;
    amct_window whole;
    if (amct_node_int(node, "group", 1) != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it has groups");
    if (f->form >= AMCT_SPLIT_ROWS && w->rank != 4)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its window is not of 2 dims");
    AMCT_TRY(amct_window_make(&whole, node, src, w, err));
    for (int i = 0; i < 2; i++) {
        out->window[i] = whole;
        out->weights[i] = *w;
        for (int32_t d = 0; d < whole.rank; d++)
            if (first_has(f->form, d, whole.rank) != (i == 0)) {
                out->window[i].kernel[d] = out->window[i].strides[d] = 1;
                out->window[i].dilations[d] = 1;
                out->window[i].pad_begin[d] = out->window[i].pad_end[d] = 0;
            }
        for (int32_t d = 0; d < whole.rank; d++)
            out->weights[i].dims[d + 2] = out->window[i].kernel[d];
    }
    out->weights[0].dims[0] = out->weights[1].dims[1] = f->rank;
    return AMCT_OK;
}

static amct_status set_window(amct_graph *graph, amct_node *node, const amct_window *w,
                              amct_err *err)
{
    size_t n = (size_t)w->rank;
    int64_t pads[2 * AMCT_WINDOW_DIMS];
    memcpy(pads, w->pad_begin, n * sizeof *pads);
    memcpy(pads + n, w->pad_end, n * sizeof *pads);
    const amct_attr attrs[] = {
        {.name = "kernel_shape", .type = AMCT_ATTR_INTS, .data = w->kernel, .count = n},
        {.name = "strides", .type = AMCT_ATTR_INTS, .data = w->strides, .count = n},
        {.name = "dilations", .type = AMCT_ATTR_INTS, .data = w->dilations, .count = n},
        {.name = "pads", .type = AMCT_ATTR_INTS, .data = pads, .count = 2 * n},
        {.name = "auto_pad", .type = AMCT_ATTR_STRING, .data = "NOTSET", .count = 6}};
    for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++)
        if (i < 4 || amct_node_attr(node, "auto_pad"))
            AMCT_TRY(amct_node_set_attr(graph, node, &attrs[i], err));
    return AMCT_OK;
}

/* A matrix by rows as weights of that shape: as it is, or turned for products that want it so. */
static amct_status add_weights(amct_restructuring *r, uint32_t *id, const amct_layer *layer,
                               const char *suffix, const amct_shape *shape, const float *matrix,
                               bool turned, amct_err *err)
{
    amct_graph *graph = r->graph;
    const char *name = amct_arena_join(graph->arena, graph->tensors[layer->weights].name, suffix);
    void *data;
    if (!name)
        return amct_fail_nomem(err);
    if (!turned || r->blank)
        return amct_restructure_borrow(graph, id, name, AMCT_FLOAT, shape, matrix, err);
    AMCT_TRY(amct_graph_add_constant(graph, name, AMCT_FLOAT, shape, id, &data, err));
    int64_t rows = shape->dims[1], columns = shape->dims[0]; /* of the matrix */
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++)
            ((float *)data)[k * rows + i] = matrix[i * columns + k];
    return AMCT_OK;
}

/* The first layer: like the second one, without a bias. Its result is *between. */
static amct_status add_first(amct_graph *graph, const amct_layer *layer, uint32_t weights,
                             uint32_t *between, amct_err *err)
{
    amct_node first = graph->nodes[layer->node];
    amct_tensor result = {.dtype = AMCT_FLOAT, .shape = {.rank = -1}};
    uint32_t src[] = {first.src[0], weights};
    first.name = result.name = amct_arena_join(graph->arena, layer->name, ".first");
    if (!first.name)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_graph_add_tensor(graph, &result, between, err));
    first.src = src;
    first.n_src = 2;
    first.dst = between;
    first.n_dst = 1;
    return amct_graph_add_node(graph, &first, err);
}

amct_status amct_restructure_factors(amct_restructuring *r, const amct_layer *layer,
                                     const amct_factors *factors, amct_err *err)
{
    amct_graph *graph = r->graph;
    const amct_node *old = &graph->nodes[layer->node];
    bool conv = amct_node_is(old, "Conv"), turned = false;
    uint32_t first, second, between;
    halves h;
    if (factors->rank < 1)
        return amct_fail(err, AMCT_E_INVALID, "rank %lld: 1 or more is wanted",
                         (long long)factors->rank);
    if (conv) {
        AMCT_TRY(split_window(&h, graph, old, factors, err));
    } else if (amct_node_is(old, "ConvTranspose") || factors->form != AMCT_SPLIT_AFTER) {
        return amct_fail(err, AMCT_E_UNSUPPORTED, "a %s is not split in two like this", old->op);
    } else {
        const amct_shape *w = &graph->tensors[old->src[1]].shape;
        int32_t rows = amct_weights_axis(old, w);
        turned = rows == 1;
        h.weights[0] = h.weights[1] = *w;
        h.weights[0].dims[rows] = h.weights[1].dims[1 - rows] = factors->rank;
    }
    AMCT_TRY(add_weights(r, &first, layer, ".first", &h.weights[0], factors->first, turned, err));
    AMCT_TRY(
        add_weights(r, &second, layer, ".second", &h.weights[1], factors->second, turned, err));
    AMCT_TRY(add_first(graph, layer, first, &between, err));
    amct_node *node = &graph->nodes[layer->node];
    node->name = amct_arena_join(graph->arena, layer->name, ".second");
    if (!node->name)
        return amct_fail_nomem(err);
    node->src[0] = between;
    node->src[1] = second;
    if (!conv)
        return AMCT_OK;
    AMCT_TRY(set_window(graph, &graph->nodes[graph->n_nodes - 1], &h.window[0], err));
    return set_window(graph, node, &h.window[1], err);
}
