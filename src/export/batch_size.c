#include "export/batch_size.h"

#include "export/site.h"
#include "passes/prepare.h"

#include <string.h>

/* Whether every ratio is a float, so that scales say exactly what the sizes say. */
static bool exact_scales(float scales[AMCT_MAX_RANK], const amct_shape *from, const amct_shape *to)
{
    for (int32_t d = 0; d < from->rank; d++) {
        double ratio = (double)to->dims[d] / (double)from->dims[d];
        scales[d] = (float)ratio;
        if (!((double)scales[d] == ratio))
            return false;
    }
    return true;
}

/* Resize to sizes: by scales where these are exact, else to the sizes of the other dims alone. */
static amct_status free_resize(amct_graph *graph, uint32_t n, amct_err *err)
{
    const amct_node *node = &graph->nodes[n];
    const amct_tensor *sizes = amct_node_src(graph, node, 3);
    const amct_shape from = graph->tensors[node->src[0]].shape;
    const amct_shape to = graph->tensors[node->dst[0]].shape;
    uint32_t slot = 2, id;
    float scales[AMCT_MAX_RANK];
    void *data;
    if (!sizes || amct_shape_size(&sizes->shape) != from.rank || from.rank < 2 ||
        amct_node_attr(node, "axes") ||
        strcmp(amct_node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0)
        return AMCT_OK;
    if (exact_scales(scales, &from, &to)) {
        amct_shape shape = amct_shape_of(1, (int64_t[]){from.rank});
        AMCT_TRY(amct_site_constant(&id, &data, graph, AMCT_FLOAT, &shape, err, "%s.scales",
                                    node->name));
        memcpy(data, scales, (size_t)from.rank * sizeof *scales);
        graph->nodes[n].n_src = 3;
    } else {
        int64_t axes[AMCT_MAX_RANK];
        amct_shape shape = amct_shape_of(1, (int64_t[]){from.rank - 1});
        AMCT_TRY(
            amct_site_constant(&id, &data, graph, AMCT_INT64, &shape, err, "%s.sizes", node->name));
        for (int32_t d = 1; d < from.rank; d++)
            axes[d - 1] = d;
        memcpy(data, to.dims + 1, (size_t)(from.rank - 1) * sizeof *to.dims);
        amct_attr attr = {
            .name = "axes", .type = AMCT_ATTR_INTS, .data = axes, .count = (size_t)from.rank - 1};
        AMCT_TRY(amct_node_set_attr(graph, &graph->nodes[n], &attr, err));
        slot = 3;
    }
    graph->nodes[n].src[slot] = id;
    return AMCT_OK;
}

amct_status amct_batch_free(amct_graph *graph, amct_err *err)
{
    int64_t batch = amct_batch_of(graph);
    /* Another size and back: what cannot is found, targets of Reshape become relative. */
    AMCT_TRY(amct_set_batch(graph, batch + 1, err));
    AMCT_TRY(amct_set_batch(graph, batch, err));
    AMCT_TRY(amct_batch_check_free(graph, err));
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (amct_node_is(&graph->nodes[n], "Resize"))
            AMCT_TRY(free_resize(graph, n, err));
    return AMCT_OK;
}
