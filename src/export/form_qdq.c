/*
 * QuantizeLinear and DequantizeLinear around every quantised layer:
 *
 *   x -> QuantizeLinear(uint8) -> DequantizeLinear -+
 *                   int8 weights -> DequantizeLinear +-> layer -> float
 *                     int32 bias -> DequantizeLinear +
 *
 * Activations are uint8, offset + 128: ONNX Runtime's kernels for uint8 by int8 are the fast ones.
 * (On x86 processors without VNNI they can saturate, as its documentation of quantisation says.)
 * 4-bit integers are uint8 too; of activations a Clip in front keeps them within 16 values.
 *
 * The pair stands at the layer's own source and feeds nothing else. A float layer thus takes x
 * itself, never what a DequantizeLinear made. This matters: ONNX Runtime's optimiser gives float
 * weights that lie between a DequantizeLinear and a QuantizeLinear one int8 scale for the whole
 * tensor (WeightBiasQuantization), which ruins depthwise layers that were left float on purpose.
 * It also keeps a residual Add, and whatever else is float in the candidate, in float. Where a
 * quantised layer's result goes only to the pair of the next, through nothing or an activation, it
 * runs as QLinearConv.
 */
#include "export/site.h"

#include "ops/weights.h"

static amct_status scalar_zero(uint32_t *id, amct_graph *graph, int32_t offset, const char *name,
                               amct_err *err)
{
    void *data;
    AMCT_TRY(amct_site_constant(id, &data, graph, AMCT_UINT8, &(amct_shape){0}, err,
                                "%s.zero_point", name));
    *(uint8_t *)data = (uint8_t)(offset + 128);
    return AMCT_OK;
}

/* Keeps *src within what 4 bits can say. */
static amct_status clip_int4(uint32_t *src, amct_graph *graph, const char *name, amct_qparams q,
                             amct_err *err)
{
    uint32_t clipped, ends[2];
    AMCT_TRY(amct_site_scalar(&ends[0], graph, (float)(-8 - q.offset) * q.scale, err, "%s.least",
                              name));
    AMCT_TRY(amct_site_scalar(&ends[1], graph, (float)(7 - q.offset) * q.scale, err, "%s.greatest",
                              name));
    AMCT_TRY(amct_site_value(&clipped, graph, AMCT_FLOAT, err, "%s.clip", name));
    AMCT_TRY(amct_site_node(graph, "Clip", (uint32_t[]){*src, ends[0], ends[1], AMCT_NO_TENSOR},
                            clipped, err, "%s.clip", name));
    *src = clipped;
    return AMCT_OK;
}

/* AscendQuant becomes QuantizeLinear, DequantizeLinear; its result is the float of the latter. */
static amct_status pair(amct_graph *graph, const amct_site *site, amct_err *err)
{
    const amct_node old = graph->nodes[site->quant];
    uint32_t scale, zero, q;
    AMCT_TRY(amct_site_scalar(&scale, graph, site->level->src.scale, err, "%s.scale", old.name));
    AMCT_TRY(scalar_zero(&zero, graph, site->level->src.offset, old.name, err));
    AMCT_TRY(amct_site_value(&q, graph, AMCT_UINT8, err, "%s.uint8", old.name));
    amct_site_drop(graph, site->quant);
    uint32_t src[] = {old.src[0], scale, zero, AMCT_NO_TENSOR};
    if (site->level->src_bits == 4)
        AMCT_TRY(clip_int4(&src[0], graph, old.name, site->level->src, err));
    AMCT_TRY(amct_site_node(graph, "QuantizeLinear", src, q, err, "%s", old.name));
    graph->tensors[old.dst[0]].dtype = AMCT_FLOAT;
    graph->tensors[old.dst[0]].zero_point = 0;
    src[0] = q;
    return amct_site_node(graph, "DequantizeLinear", src, old.dst[0], err, "%s.dequantized",
                          old.name);
}

/* DequantizeLinear in front of source i of a node, with those scales; *dq is the new node's index.
 */
static amct_status dequantise(uint32_t *dq, amct_graph *graph, uint32_t node, uint32_t i,
                              uint32_t scales, const char *name, amct_err *err)
{
    uint32_t dst, src[] = {graph->nodes[node].src[i], scales, AMCT_NO_TENSOR};
    AMCT_TRY(amct_site_value(&dst, graph, AMCT_FLOAT, err, "%s.dequantized", name));
    AMCT_TRY(amct_site_node(graph, "DequantizeLinear", src, dst, err, "%s.dequantized", name));
    graph->nodes[node].src[i] = dst;
    *dq = graph->n_nodes - 1;
    return AMCT_OK;
}

static amct_status set_int(amct_graph *graph, uint32_t node, const char *name, int64_t value,
                           amct_err *err)
{
    return amct_node_set_attr(graph, &graph->nodes[node],
                              &(amct_attr){.name = name, .type = AMCT_ATTR_INT, .i = value}, err);
}

/* Weights of a transposed convolution with groups: channel g * n + j of the result belongs to
 * block g of dim 0 and element j of dim 1, which only scales per block can say. */
static amct_status blocked_weights(amct_graph *graph, const amct_site *site, amct_err *err)
{
    const amct_tensor w = graph->tensors[graph->nodes[site->node].src[1]];
    int64_t groups = site->layer->groups, taps = amct_shape_count(&w.shape, 2, w.shape.rank);
    amct_shape shape = w.shape;
    uint32_t scales, dq;
    void *data;
    shape.dims[0] = groups;
    AMCT_TRY(amct_site_constant(&scales, &data, graph, AMCT_FLOAT, &shape, err, "%s.weights.scale",
                                site->layer->name));
    for (int64_t i = 0; i < amct_shape_size(&shape); i++)
        ((float *)data)[i] = site->level->scales[i / taps];
    AMCT_TRY(dequantise(&dq, graph, site->node, 1, scales, w.name, err));
    AMCT_TRY(set_int(graph, dq, "axis", 0, err));
    return set_int(graph, dq, "block_size", w.shape.dims[0] / groups, err);
}

/* Scales of the weights, or with `sums` of what the layer adds up: a scalar or one per channel. */
static amct_status scales_of(uint32_t *id, amct_graph *graph, const amct_site *site, bool sums,
                             amct_err *err)
{
    const amct_quantised *q = site->level;
    amct_shape shape = {.rank = q->n_scales > 1, .dims = {q->n_scales}};
    void *data;
    AMCT_TRY(amct_site_constant(id, &data, graph, AMCT_FLOAT, &shape, err, "%s.%s.scale",
                                site->layer->name, sums ? "sums" : "weights"));
    for (int64_t c = 0; c < q->n_scales; c++)
        ((float *)data)[c] = sums ? amct_quantised_unit(q, c) : q->scales[c];
    return AMCT_OK;
}

static amct_status weights(amct_graph *graph, const amct_site *site, amct_err *err)
{
    const amct_node *node = &graph->nodes[site->node];
    const amct_tensor w = graph->tensors[node->src[1]];
    int32_t axis = amct_weights_axis(node, &w.shape);
    uint32_t scales, dq;
    if (site->level->n_scales > 1 && w.shape.dims[axis] != site->level->n_scales)
        return blocked_weights(graph, site, err);
    AMCT_TRY(scales_of(&scales, graph, site, false, err));
    AMCT_TRY(dequantise(&dq, graph, site->node, 1, scales, w.name, err));
    return site->level->n_scales > 1 ? set_int(graph, dq, "axis", axis, err) : AMCT_OK;
}

static amct_status bias(amct_graph *graph, const amct_site *site, uint32_t node, uint32_t i,
                        amct_err *err)
{
    uint32_t scales, dq;
    const char *name = graph->tensors[graph->nodes[node].src[i]].name;
    AMCT_TRY(scales_of(&scales, graph, site, true, err));
    AMCT_TRY(dequantise(&dq, graph, node, i, scales, name, err));
    return site->level->n_scales > 1 ? set_int(graph, dq, "axis", 0, err) : AMCT_OK;
}

amct_status amct_form_qdq(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const amct_site *site = &sites[i];
        uint32_t last = site->add != AMCT_NO_TENSOR ? site->add : site->node;
        if (graph->nodes[site->quant].n_dst) /* not yet done for another layer */
            AMCT_TRY(pair(graph, site, err));
        AMCT_TRY(weights(graph, site, err));
        if (site->add != AMCT_NO_TENSOR)
            AMCT_TRY(bias(graph, site, site->add, 1, err));
        else if (graph->nodes[site->node].n_src > 2)
            AMCT_TRY(bias(graph, site, site->node, 2, err));
        graph->tensors[graph->nodes[site->node].dst[0]].dtype = AMCT_FLOAT;
        graph->nodes[last].dst[0] = graph->nodes[site->dequant].dst[0];
        amct_site_drop(graph, site->dequant);
    }
    return AMCT_OK;
}
