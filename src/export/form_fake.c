/*
 * The fake-quantised model: AMCT's PyTorch form, plain ONNX operators on floats that are integers.
 * (AMCT's ONNX form has operators of its own instead; nothing but a runtime with AMCT's library
 * runs them.)
 *
 *   AscendQuant    Mul(1 / step), Round, Add(offset), Clip(-128, 127; 4 bits: -8, 7), Sub(offset)
 *   layer          on these, with weights and bias that are integers
 *   AscendDequant  Round, Mul(scale)
 *
 * Floats hold integers below 2^24 exactly, so as long as no sum reaches that, every order of adding
 * gives the device's bits. The last Round changes nothing then; it keeps optimisers from working
 * the Mul into the weights, which would no longer be integers.
 */
#include "export/site.h"

#include <string.h>

typedef struct limits {
    uint32_t least, greatest; /* scalars for Clip */
} limits;

/* Appends op(a, b) with a value of its own as the result. */
static amct_status chain(amct_graph *graph, uint32_t *t, const char *op, const char *name,
                         const char *suffix, uint32_t b, amct_err *err)
{
    uint32_t src[] = {*t, b, AMCT_NO_TENSOR}, dst;
    AMCT_TRY(amct_site_value(&dst, graph, AMCT_FLOAT, err, "%s.%s", name, suffix));
    AMCT_TRY(amct_site_node(graph, op, src, dst, err, "%s.%s", name, suffix));
    *t = dst;
    return AMCT_OK;
}

static amct_status quantise(amct_graph *graph, uint32_t quant, const limits *clip, amct_err *err)
{
    const amct_node old = graph->nodes[quant];
    uint32_t t = old.src[0], dst = old.dst[0], scale, zero = AMCT_NO_TENSOR;
    float offset = amct_node_float(&old, "offset", 0);
    AMCT_TRY(amct_site_scalar(&scale, graph, amct_node_float(&old, "scale", 1), err,
                              "%s.inverse_scale", old.name));
    if (offset != 0)
        AMCT_TRY(amct_site_scalar(&zero, graph, offset, err, "%s.offset", old.name));
    amct_site_drop(graph, quant);
    graph->tensors[dst].dtype = AMCT_FLOAT;
    graph->tensors[dst].zero_point = 0;
    AMCT_TRY(chain(graph, &t, "Mul", old.name, "mul", scale, err));
    AMCT_TRY(chain(graph, &t, "Round", old.name, "round", AMCT_NO_TENSOR, err));
    if (offset != 0)
        AMCT_TRY(chain(graph, &t, "Add", old.name, "add", zero, err));
    uint32_t clipped = dst, src[] = {t, clip->least, clip->greatest, AMCT_NO_TENSOR};
    if (offset != 0)
        AMCT_TRY(amct_site_value(&clipped, graph, AMCT_FLOAT, err, "%s.clip", old.name));
    AMCT_TRY(amct_site_node(graph, "Clip", src, clipped, err, "%s.clip", old.name));
    if (offset == 0)
        return AMCT_OK;
    uint32_t parts[] = {clipped, zero, AMCT_NO_TENSOR};
    return amct_site_node(graph, "Sub", parts, dst, err, "%s", old.name);
}

/* The integers of source i as floats. */
static amct_status make_float(amct_graph *graph, uint32_t node, uint32_t i, amct_err *err)
{
    uint32_t id, from = graph->nodes[node].src[i];
    const amct_tensor old = graph->tensors[from];
    void *data;
    AMCT_TRY(amct_site_constant(&id, &data, graph, AMCT_FLOAT, &old.shape, err, "%s", old.name));
    int64_t n = amct_shape_size(&old.shape);
    for (int64_t k = 0; k < n; k++)
        ((float *)data)[k] = (float)amct_constant_int(&old, k);
    graph->nodes[node].src[i] = id;
    return AMCT_OK;
}

static amct_status dequantise(amct_graph *graph, const amct_site *site, amct_err *err)
{
    const amct_node old = graph->nodes[site->dequant];
    const amct_quantised *q = site->level;
    uint32_t t = old.src[0], scales;
    int32_t rank = graph->tensors[site->layer->result].shape.rank;
    amct_shape shape = amct_shape_of(1, &q->n_scales);
    void *data;
    /* One per channel: the last dim of what a matrix gives, dim 1 of what a convolution gives. */
    for (; site->layer->per_channel && shape.rank < rank - 1; shape.rank++)
        shape.dims[shape.rank] = 1;
    AMCT_TRY(amct_site_constant(&scales, &data, graph, AMCT_FLOAT, &shape, err, "%s",
                                graph->tensors[old.src[1]].name));
    for (int64_t c = 0; c < q->n_scales; c++)
        ((float *)data)[c] = amct_quantised_unit(q, c);
    amct_site_drop(graph, site->dequant);
    graph->tensors[t].dtype = AMCT_FLOAT;
    AMCT_TRY(chain(graph, &t, "Round", old.name, "round", AMCT_NO_TENSOR, err));
    uint32_t src[] = {t, scales, AMCT_NO_TENSOR};
    return amct_site_node(graph, "Mul", src, old.dst[0], err, "%s", old.name);
}

amct_status amct_form_fake(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err)
{
    limits int8, int4;
    AMCT_TRY(amct_site_scalar(&int8.least, graph, -128, err, "int8.least"));
    AMCT_TRY(amct_site_scalar(&int8.greatest, graph, 127, err, "int8.greatest"));
    AMCT_TRY(amct_site_scalar(&int4.least, graph, -8, err, "int4.least"));
    AMCT_TRY(amct_site_scalar(&int4.greatest, graph, 7, err, "int4.greatest"));
    for (uint32_t i = 0; i < n; i++) {
        const amct_site *site = &sites[i];
        const amct_node *node = &graph->nodes[site->node];
        graph->tensors[node->dst[0]].dtype = AMCT_FLOAT;
        bool has_bias = node->n_src > 2 && node->src[2] != AMCT_NO_TENSOR;
        if (graph->nodes[site->quant].n_dst) /* not yet done for another layer */
            AMCT_TRY(quantise(graph, site->quant, site->level->src_bits == 4 ? &int4 : &int8, err));
        AMCT_TRY(make_float(graph, site->node, 1, err));
        if (has_bias)
            AMCT_TRY(make_float(graph, site->node, 2, err));
        if (site->add != AMCT_NO_TENSOR)
            AMCT_TRY(make_float(graph, site->add, 1, err));
        AMCT_TRY(dequantise(graph, site, err));
    }
    return AMCT_OK;
}
