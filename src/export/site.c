#include "export/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_status no_site(const amct_layer *layer, const char *what, amct_err *err)
{
    return amct_fail(err, AMCT_E_INTERNAL, "layer '%s' has no %s in the candidate", layer->name,
                     what);
}

/* The node that makes source i of a node. */
static uint32_t maker(const amct_graph *graph, const amct_links *links, uint32_t node, uint32_t i)
{
    const amct_node *n = &graph->nodes[node];
    return i < n->n_src && n->src[i] != AMCT_NO_TENSOR ? links->producer[n->src[i]]
                                                       : AMCT_NO_TENSOR;
}

static bool is_op(const amct_graph *graph, uint32_t node, const char *op)
{
    return node != AMCT_NO_TENSOR && amct_node_is(&graph->nodes[node], op);
}

static amct_status find(amct_site *site, const amct_graph *graph, const amct_links *links,
                        amct_err *err)
{
    const amct_layer *layer = site->layer;
    site->dequant = links->producer[layer->result];
    if (!is_op(graph, site->dequant, "AscendDequant"))
        return no_site(layer, "AscendDequant", err);
    site->add = AMCT_NO_TENSOR;
    site->node = maker(graph, links, site->dequant, 0);
    if (is_op(graph, site->node, "Add")) {
        site->add = site->node;
        site->node = maker(graph, links, site->add, 0);
    }
    if (!is_op(graph, site->node, layer->op))
        return no_site(layer, "node", err);
    site->quant = maker(graph, links, site->node, 0);
    if (!is_op(graph, site->quant, "AscendQuant"))
        return no_site(layer, "AscendQuant", err);
    return AMCT_OK;
}

amct_status amct_sites_find(amct_site **out, uint32_t *n, const amct_graph *graph,
                            const amct_origin *origin, amct_err *err)
{
    amct_links links;
    amct_site *sites = calloc(origin->n_layers + 1, sizeof *sites);
    if (!sites)
        return amct_fail_nomem(err);
    amct_status status = amct_links_make(&links, graph, err);
    uint32_t count = 0;
    for (uint32_t i = 0; status == AMCT_OK && i < origin->n_layers; i++) {
        if (!origin->levels[i])
            continue;
        sites[count] = (amct_site){.layer = &origin->layers[i], .level = origin->levels[i]};
        status = find(&sites[count++], graph, &links, err);
    }
    amct_links_free(&links);
    if (status != AMCT_OK) {
        free(sites);
        return status;
    }
    *out = sites;
    *n = count;
    return AMCT_OK;
}

/* ---- Building ------------------------------------------------------------------------------ */

enum { NAME = 1024 };

#define PRINT_NAME(name, fmt)                                                                      \
    do {                                                                                           \
        va_list args_;                                                                             \
        va_start(args_, fmt);                                                                      \
        vsnprintf(name, sizeof name, fmt, args_);                                                  \
        va_end(args_);                                                                             \
    } while (0)

amct_status amct_site_value(uint32_t *id, amct_graph *graph, uint32_t dtype, amct_err *err,
                            const char *fmt, ...)
{
    char name[NAME];
    PRINT_NAME(name, fmt);
    amct_tensor tensor = {.name = name, .dtype = dtype, .shape = {.rank = -1}};
    return amct_graph_add_tensor(graph, &tensor, id, err);
}

amct_status amct_site_constant(uint32_t *id, void **data, amct_graph *graph, uint32_t dtype,
                               const amct_shape *shape, amct_err *err, const char *fmt, ...)
{
    char name[NAME];
    PRINT_NAME(name, fmt);
    return amct_graph_add_constant(graph, name, dtype, shape, id, data, err);
}

amct_status amct_site_scalar(uint32_t *id, amct_graph *graph, float value, amct_err *err,
                             const char *fmt, ...)
{
    char name[NAME];
    void *data;
    PRINT_NAME(name, fmt);
    AMCT_TRY(amct_graph_add_constant(graph, name, AMCT_FLOAT, &(amct_shape){0}, id, &data, err));
    *(float *)data = value;
    return AMCT_OK;
}

amct_status amct_site_node(amct_graph *graph, const char *op, const uint32_t *src, uint32_t dst,
                           amct_err *err, const char *fmt, ...)
{
    char name[NAME];
    PRINT_NAME(name, fmt);
    amct_node node = {
        .name = name, .op = op, .domain = "", .src = (uint32_t *)src, .n_dst = 1, .dst = &dst};
    while (src[node.n_src] != AMCT_NO_TENSOR)
        node.n_src++;
    return amct_graph_add_node(graph, &node, err);
}
