#include "export/site.h"

#include <stdlib.h>
#include <string.h>

/* AMCT's GemmTransBOptimize: ATC gets weights of K x N. */
static amct_status transpose_weights(amct_graph *graph, const amct_site *site, amct_err *err)
{
    uint32_t from = graph->nodes[site->node].src[1], id;
    const amct_shape *shape = &graph->tensors[from].shape;
    int64_t rows = shape->dims[0], columns = shape->dims[1];
    amct_shape turned = amct_shape_of(2, (int64_t[]){columns, rows});
    void *data;
    AMCT_TRY(amct_site_constant(&id, &data, graph, AMCT_INT8, &turned, err, "%s",
                                graph->tensors[from].name));
    const int8_t *src = graph->tensors[from].data;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            ((int8_t *)data)[c * rows + r] = src[r * columns + c];
    amct_node *node = &graph->nodes[site->node];
    node->src[1] = id;
    return amct_node_set_attr(graph, node,
                              &(amct_attr){.name = "transB", .type = AMCT_ATTR_INT, .i = 0}, err);
}

/* Says that the weights have 4 bits. */
static amct_status mark_int4(amct_graph *graph, const amct_site *site, amct_err *err)
{
    static const amct_attr type = {
        .name = "dst_type", .type = AMCT_ATTR_STRING, .data = "INT4", .count = 4};
    const char *name = site->layer->name;
    uint32_t offset, packed, weights = graph->nodes[site->node].src[1];
    amct_shape one = amct_shape_of(1, (int64_t[]){1});
    void *zero;
    AMCT_TRY(amct_site_constant(&offset, &zero, graph, AMCT_INT8, &one, err,
                                "%s.weight_quant.offset", name));
    *(int8_t *)zero = 0;
    AMCT_TRY(amct_site_value(&packed, graph, AMCT_INT8, err, "%s.weight_quant", name));
    AMCT_TRY(amct_site_node(graph, "AscendWeightQuant",
                            (uint32_t[]){weights, offset, AMCT_NO_TENSOR}, packed, err,
                            "%s.weight_quant", name));
    graph->nodes[site->node].src[1] = packed;
    return amct_node_set_attr(graph, &graph->nodes[graph->n_nodes - 1], &type, err);
}

/* The nodes from n on come first, so that sorting keeps the order of the others. */
static amct_status move_to_front(amct_graph *graph, uint32_t n, amct_err *err)
{
    uint32_t moved = graph->n_nodes - n;
    amct_node *copy = malloc((moved + 1) * sizeof *copy);
    if (!copy)
        return amct_fail_nomem(err);
    memcpy(copy, graph->nodes + n, moved * sizeof *copy);
    memmove(graph->nodes + moved, graph->nodes, n * sizeof *copy);
    memcpy(graph->nodes, copy, moved * sizeof *copy);
    free(copy);
    return AMCT_OK;
}

amct_status amct_form_deploy(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err)
{
    uint32_t n_nodes = graph->n_nodes;
    for (uint32_t i = 0; i < n; i++) {
        const amct_node *node = &graph->nodes[sites[i].node];
        if (amct_node_is(node, "Gemm") && amct_node_int(node, "transB", 0))
            AMCT_TRY(transpose_weights(graph, &sites[i], err));
        if (sites[i].level->weight_bits == 4)
            AMCT_TRY(mark_int4(graph, &sites[i], err));
    }
    return move_to_front(graph, n_nodes, err);
}
