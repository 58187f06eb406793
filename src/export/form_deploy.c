#include "export/site.h"

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

amct_status amct_form_deploy(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const amct_node *node = &graph->nodes[sites[i].node];
        if (amct_node_is(node, "Gemm") && amct_node_int(node, "transB", 0))
            AMCT_TRY(transpose_weights(graph, &sites[i], err));
    }
    return AMCT_OK;
}
