#include "compress/stitch.h"

#include <stdlib.h>
#include <string.h>

static amct_status add_value(amct_graph *graph, uint32_t *id, const char *layer, const char *suffix,
                             amct_tensor like, amct_err *err)
{
    like.name = amct_arena_join(graph->arena, layer, suffix);
    like.data = NULL;
    like.bytes = 0;
    like.input = false;
    like.hash = (amct_hash){0};
    return like.name ? amct_graph_add_tensor(graph, &like, id, err) : amct_fail_nomem(err);
}

static amct_status add_borrowed(amct_graph *graph, uint32_t *id, const char *name, uint32_t dtype,
                                const amct_shape *shape, const void *data, size_t bytes,
                                amct_hash hash, amct_err *err)
{
    amct_tensor tensor = {
        .name = name, .dtype = dtype, .shape = *shape, .data = data, .bytes = bytes, .hash = hash};
    return amct_graph_add_tensor(graph, &tensor, id, err);
}

/* AscendQuant on tensor src; layers with the same source and parameters share one. */
static amct_status add_quant(amct_graph *graph, uint32_t *quantised, const amct_layer *layer,
                             amct_qparams params, uint32_t bits, uint32_t first_new, amct_err *err)
{
    const char *type = bits == 4 ? "INT4" : "INT8";
    float scale = 1.0f / params.scale, offset = (float)params.offset;
    for (uint32_t n = first_new; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        if (node->src[0] == layer->src && amct_node_is(node, "AscendQuant") &&
            amct_node_float(node, "scale", 0) == scale &&
            amct_node_float(node, "offset", 0) == offset &&
            strcmp(amct_node_string(node, "dst_type", ""), type) == 0) {
            *quantised = node->dst[0];
            return AMCT_OK;
        }
    }
    amct_tensor like = graph->tensors[layer->src];
    like.dtype = AMCT_INT8;
    like.zero_point = params.offset;
    like.int4 = bits == 4;
    AMCT_TRY(add_value(graph, quantised, layer->name, ".quant", like, err));
    amct_attr attrs[] = {{.name = "scale", .type = AMCT_ATTR_FLOAT, .f = scale},
                         {.name = "offset", .type = AMCT_ATTR_FLOAT, .f = offset},
                         {.name = "dst_type", .type = AMCT_ATTR_STRING, .data = type, .count = 4}};
    uint32_t src = layer->src;
    amct_node node = {.name = graph->tensors[*quantised].name,
                      .op = "AscendQuant",
                      .n_src = 1,
                      .src = &src,
                      .n_dst = 1,
                      .dst = quantised,
                      .n_attrs = 3,
                      .attrs = attrs};
    return amct_graph_add_node(graph, &node, err);
}

static amct_status add_dequant(amct_graph *graph, const amct_layer *layer, const amct_quantised *q,
                               uint32_t sums, uint32_t dst, amct_err *err)
{
    char *param = amct_arena_join(graph->arena, layer->name, ".dequant.param");
    char *name = amct_arena_join(graph->arena, layer->name, ".dequant");
    amct_shape shape = amct_shape_of(1, &q->n_scales);
    uint32_t scales;
    void *data;
    if (!param || !name)
        return amct_fail_nomem(err);
    if (q->blank)
        AMCT_TRY(add_borrowed(graph, &scales, param, AMCT_UINT64, &shape, q->blank,
                              (size_t)q->n_scales * 8, (amct_hash){0}, err));
    else
        AMCT_TRY(amct_graph_add_constant(graph, param, AMCT_UINT64, &shape, &scales, &data, err));
    for (int64_t c = 0; !q->blank && c < q->n_scales; c++) {
        float unit = amct_quantised_unit(q, c);
        uint32_t bits; /* 31..0 are a float, the rest is 0 */
        memcpy(&bits, &unit, sizeof bits);
        ((uint64_t *)data)[c] = bits;
    }
    amct_attr dtype = {.name = "dtype", .type = AMCT_ATTR_INT, .i = 0};
    amct_node node = {.name = name,
                      .op = "AscendDequant",
                      .n_src = 2,
                      .src = (uint32_t[]){sums, scales},
                      .n_dst = 1,
                      .dst = &dst,
                      .n_attrs = 1,
                      .attrs = &dtype};
    return amct_graph_add_node(graph, &node, err);
}

static bool any_bias(const amct_quantised *q)
{
    for (int64_t c = 0; c < q->channels; c++)
        if (q->bias[c])
            return true;
    return false;
}

/* The int32 bias: source 2 of the layer, or an Add behind a MatMul, whose result *sums becomes. */
static amct_status set_bias(amct_graph *graph, const amct_layer *layer, const amct_quantised *q,
                            uint32_t *sums, amct_err *err)
{
    bool has = layer->bias != AMCT_NO_TENSOR;
    if (!has && !any_bias(q))
        return AMCT_OK;
    char *name = amct_arena_join(graph->arena, layer->name, ".bias");
    const char *bias_name = has ? graph->tensors[layer->bias].name : name;
    amct_shape shape = amct_shape_of(1, &q->channels);
    uint32_t bias;
    if (!name)
        return amct_fail_nomem(err);
    AMCT_TRY(add_borrowed(graph, &bias, bias_name, AMCT_INT32, &shape, q->bias,
                          (size_t)q->channels * 4, (amct_hash){0}, err));
    if (!amct_node_is(&graph->nodes[layer->node], "MatMul")) {
        amct_node *node = &graph->nodes[layer->node];
        uint32_t *src = amct_arena_array(graph->arena, 3, sizeof *src);
        if (!src)
            return amct_fail_nomem(err);
        memcpy(src, node->src, (node->n_src < 3 ? node->n_src : 3) * sizeof *src);
        src[2] = bias;
        node->src = src;
        node->n_src = 3;
        return AMCT_OK;
    }
    uint32_t total;
    AMCT_TRY(add_value(graph, &total, layer->name, ".biased", graph->tensors[*sums], err));
    if (layer->bias_node != AMCT_NO_TENSOR) {
        amct_node *add = &graph->nodes[layer->bias_node];
        add->src[0] = *sums;
        add->src[1] = bias;
        add->dst[0] = total;
    } else {
        amct_node add = {.name = name,
                         .op = "Add",
                         .n_src = 2,
                         .src = (uint32_t[]){*sums, bias},
                         .n_dst = 1,
                         .dst = &total};
        AMCT_TRY(amct_graph_add_node(graph, &add, err));
    }
    *sums = total;
    return AMCT_OK;
}

static amct_status quantise(amct_graph *graph, const amct_layer *layer, const amct_quantised *q,
                            uint32_t first_new, amct_err *err)
{
    uint32_t quantised, weights, sums, total;
    amct_tensor w = graph->tensors[layer->weights];
    AMCT_TRY(add_quant(graph, &quantised, layer, q->src, q->src_bits, first_new, err));
    AMCT_TRY(add_borrowed(graph, &weights, w.name, AMCT_INT8, &w.shape, q->weights,
                          (size_t)q->n_weights, q->weights_hash, err));
    graph->tensors[weights].int4 = q->weight_bits == 4;
    graph->tensors[weights].sparse = q->sparse;
    amct_tensor like = graph->tensors[layer->dst];
    like.dtype = AMCT_INT32;
    AMCT_TRY(add_value(graph, &sums, layer->name, ".sums", like, err));
    amct_node *node = &graph->nodes[layer->node];
    node->src[0] = quantised;
    node->src[1] = weights;
    node->dst[0] = sums;
    total = sums;
    AMCT_TRY(set_bias(graph, layer, q, &total, err));
    return add_dequant(graph, layer, q, total, layer->result, err);
}

amct_status amct_stitch(amct_graph **out, const amct_graph *graph, const amct_layer *layers,
                        uint32_t n_layers, const amct_quantised *const *levels, amct_err *err)
{
    amct_graph *copy;
    AMCT_TRY(amct_graph_clone(&copy, graph, err));
    uint32_t first_new = copy->n_nodes;
    amct_status status = AMCT_OK;
    for (uint32_t i = 0; status == AMCT_OK && i < n_layers; i++)
        if (levels[i])
            status = quantise(copy, &layers[i], levels[i], first_new, err);
    if (status == AMCT_OK)
        status = amct_graph_sort(copy, err);
    if (status == AMCT_OK)
        status = amct_graph_prune(copy, err);
    if (status != AMCT_OK)
        amct_graph_free(copy);
    else
        *out = copy;
    return status;
}
