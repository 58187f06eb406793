/* DequantizeLinear(int8 x), DequantizeLinear(int8 weights) -> layer, as ONNX's quantisation tools
 * and our own exporter write it, is arithmetic on integers written with floats. Here it becomes the
 * form that ATC reads: AscendQuant -> layer(int8, int8, int32 bias) -> AscendDequant. */
#include "ops/weights.h"
#include "passes/pass.h"

#include <math.h>
#include <string.h>

/* Scales and zero points of a QuantizeLinear or DequantizeLinear with constant parameters. */
typedef struct qparams {
    amct_tensor scale, zero; /* copies: the array moves; zero without data: left out */
    int64_t n;               /* scales: 1 or more */
    int64_t step;            /* elements of `scale` from one to the next */
    int64_t axis;
    int64_t shift; /* -128 for uint8: q_int8 = q_uint8 - 128 */
} qparams;

static bool read_params(qparams *out, const amct_graph *graph, const amct_node *node,
                        uint32_t dtype)
{
    const amct_tensor *scale = amct_node_src(graph, node, 1), *zero = amct_node_src(graph, node, 2);
    if (!scale || !scale->data || scale->dtype != AMCT_FLOAT || scale->shape.rank > 1 ||
        (zero && !zero->data) || amct_node_int(node, "block_size", 0))
        return false;
    *out = (qparams){.scale = *scale,
                     .n = amct_shape_size(&scale->shape),
                     .step = 1,
                     .axis = amct_node_int(node, "axis", 1),
                     .shift = dtype == AMCT_UINT8 ? -128 : 0};
    if (zero)
        out->zero = *zero;
    for (int64_t i = 0; i < out->n; i++) {
        double s = amct_constant_number(scale, i);
        if (!(s > 0) || !isfinite(s) || !isfinite(1 / s))
            return false;
    }
    return out->n >= 1 && (!zero || amct_shape_size(&zero->shape) == out->n);
}

static double scale_of(const qparams *p, int64_t i)
{
    return amct_constant_number(&p->scale, p->n > 1 ? i * p->step : 0);
}

static int64_t zero_of(const qparams *p, int64_t i)
{
    return (p->zero.data ? amct_constant_int(&p->zero, i) : 0) + p->shift;
}

typedef struct qlayer {
    amct_node *node;
    uint32_t x;       /* the float tensor in front of QuantizeLinear */
    uint32_t weights; /* int8 constant */
    uint32_t bias;    /* constant: int32, or float to be rounded; AMCT_NO_TENSOR */
    uint32_t add;     /* the Add behind a MatMul that holds it, else AMCT_NO_TENSOR */
    qparams src, w;
    int64_t channels;
} qlayer;

static const amct_node *maker_of(const amct_graph *graph, const amct_links *links, uint32_t t)
{
    uint32_t n = t == AMCT_NO_TENSOR ? t : links->producer[t];
    return n == AMCT_NO_TENSOR ? NULL : &graph->nodes[n];
}

static uint32_t zero_dtype(const amct_graph *graph, const amct_node *q)
{
    const amct_tensor *zero = amct_node_src(graph, q, 2);
    return zero ? zero->dtype : (uint32_t)AMCT_UINT8;
}

static bool read_source(qlayer *l, const amct_graph *graph, const amct_links *links)
{
    const amct_node *dq = maker_of(graph, links, l->node->src[0]);
    if (!dq || !amct_node_is(dq, "DequantizeLinear"))
        return false;
    const amct_node *q = maker_of(graph, links, dq->src[0]);
    if (!q || !amct_node_is(q, "QuantizeLinear"))
        return false;
    uint32_t dtype = zero_dtype(graph, q);
    qparams back;
    if ((dtype != AMCT_INT8 && dtype != AMCT_UINT8) || !read_params(&l->src, graph, q, dtype) ||
        !read_params(&back, graph, dq, dtype) || l->src.n != 1 || back.n != 1 ||
        scale_of(&back, 0) != scale_of(&l->src, 0) || zero_of(&back, 0) != zero_of(&l->src, 0))
        return false;
    l->x = q->src[0];
    return true;
}

/* Scales per channel of a transposed convolution with groups: block g of dim 0 and element j of
 * dim 1 belong to channel g * dims[1] + j, and all taps of them have one scale. */
static bool read_blocks(qparams *out, const amct_graph *graph, const qlayer *l, const amct_node *dq,
                        const amct_tensor *w)
{
    const amct_tensor *scale = amct_node_src(graph, dq, 1);
    int64_t groups = amct_node_int(l->node, "group", 1);
    amct_shape wanted = w->shape;
    if (!amct_node_is(l->node, "ConvTranspose") || !scale || !scale->data ||
        scale->dtype != AMCT_FLOAT || amct_node_src(graph, dq, 2) || groups < 1 ||
        w->shape.dims[0] % groups || amct_node_int(dq, "axis", 1) != 0 ||
        amct_node_int(dq, "block_size", 0) != w->shape.dims[0] / groups)
        return false;
    wanted.dims[0] = groups;
    if (!amct_shape_equal(&wanted, &scale->shape) || amct_shape_size(&wanted) < 1)
        return false;
    *out = (qparams){.scale = *scale,
                     .n = groups * wanted.dims[1],
                     .step = amct_shape_count(&wanted, 2, wanted.rank)};
    for (int64_t i = 0; i < out->n * out->step; i++) {
        double s = amct_constant_number(scale, i);
        if (!(s > 0) || !isfinite(s) || !isfinite(1 / s) ||
            s != amct_constant_number(scale, i / out->step * out->step))
            return false;
    }
    return true;
}

static bool read_weights(qlayer *l, const amct_graph *graph, const amct_links *links)
{
    const amct_node *dq = maker_of(graph, links, l->node->src[1]);
    if (!dq || !amct_node_is(dq, "DequantizeLinear"))
        return false;
    const amct_tensor *w = amct_node_src(graph, dq, 0);
    if (!w || !w->data || w->dtype != AMCT_INT8 || w->shape.rank < 2)
        return false;
    l->weights = dq->src[0];
    l->channels = amct_weights_channels(l->node, &w->shape);
    if (read_blocks(&l->w, graph, l, dq, w))
        return true;
    if (!read_params(&l->w, graph, dq, AMCT_INT8))
        return false;
    int64_t axis = l->w.axis < 0 ? l->w.axis + w->shape.rank : l->w.axis;
    if (l->w.n > 1 && (l->w.n != l->channels || axis != amct_weights_axis(l->node, &w->shape)))
        return false;
    for (int64_t i = 0; i < l->w.n; i++)
        if (zero_of(&l->w, i) != 0)
            return false;
    return true;
}

/* Reads tensor t as the layer's bias in units of its sums: an int32 constant and its scales. */
static bool read_int_bias(qlayer *l, const amct_graph *graph, const amct_links *links, uint32_t t)
{
    const amct_node *dq = maker_of(graph, links, t);
    const amct_tensor *bias = dq ? amct_node_src(graph, dq, 0) : NULL;
    qparams p;
    if (!dq || !amct_node_is(dq, "DequantizeLinear") || !bias || !bias->data ||
        bias->dtype != AMCT_INT32 || amct_shape_size(&bias->shape) != l->channels ||
        !read_params(&p, graph, dq, AMCT_INT32) || (p.n > 1 && p.n != l->channels))
        return false;
    for (int64_t c = 0; c < p.n; c++)
        if (zero_of(&p, c) != 0)
            return false;
    for (int64_t c = 0; c < l->channels; c++) { /* it must be the scale of the sums */
        double sum = scale_of(&l->src, 0) * scale_of(&l->w, c);
        if (fabs(scale_of(&p, c) / sum - 1) > 1e-5)
            return false;
    }
    l->bias = dq->src[0];
    return true;
}

static bool read_bias(qlayer *l, const amct_graph *graph, const amct_links *links)
{
    const amct_tensor *bias = amct_node_src(graph, l->node, 2);
    l->bias = l->add = AMCT_NO_TENSOR;
    if (!bias || read_int_bias(l, graph, links, l->node->src[2]))
        return true;
    l->bias = l->node->src[2];
    return bias->data && (bias->dtype == AMCT_INT32 || bias->dtype == AMCT_FLOAT) &&
           amct_shape_size(&bias->shape) == l->channels;
}

/* The Add of an int32 vector behind a MatMul is its bias, as it is for Ascend's compiler. */
static void read_matmul_bias(qlayer *l, const amct_graph *graph, const amct_links *links)
{
    uint32_t dst = l->node->dst[0], user = amct_links_only_user(links, dst);
    if (!amct_node_is(l->node, "MatMul") || user == AMCT_NO_TENSOR ||
        !amct_node_is(&graph->nodes[user], "Add") || graph->nodes[user].n_src != 2)
        return;
    const amct_node *add = &graph->nodes[user];
    uint32_t other = add->src[add->src[0] == dst];
    if (other != dst && other != AMCT_NO_TENSOR && read_int_bias(l, graph, links, other) &&
        graph->tensors[l->bias].shape.rank == 1)
        l->add = user;
    else
        l->bias = AMCT_NO_TENSOR;
}

static float deq_scale(const qlayer *l, int64_t c)
{
    return (float)scale_of(&l->src, 0) * (float)scale_of(&l->w, c);
}

/* The bias in units of the sums. */
static amct_status add_bias(uint32_t *id, amct_graph *graph, const qlayer *l, const char *name,
                            amct_err *err)
{
    amct_tensor old = graph->tensors[l->bias];
    void *data;
    amct_shape shape = amct_shape_of(1, &l->channels);
    AMCT_TRY(amct_graph_add_constant(graph, old.name, AMCT_INT32, &shape, id, &data, err));
    for (int64_t c = 0; c < l->channels; c++) {
        double v = amct_constant_number(&old, c);
        if (old.dtype == AMCT_FLOAT)
            v = rint(v / deq_scale(l, c));
        if (!(fabs(v) < 0x1p31))
            return amct_fail(err, AMCT_E_FORMAT,
                             "node '%s': the bias of channel %lld does not fit "
                             "into 32 bits in units of its scales",
                             name, (long long)c);
        ((int32_t *)data)[c] = (int32_t)v;
    }
    return AMCT_OK;
}

static amct_status add_value(amct_graph *graph, uint32_t *id, const char *stem, const char *suffix,
                             amct_err *err)
{
    char *name = amct_arena_printf(graph->arena, "%s%s", stem, suffix);
    if (!name)
        return amct_fail_nomem(err);
    return amct_graph_add_tensor(graph, &(amct_tensor){.name = name, .shape = {.rank = -1}}, id,
                                 err);
}

/* AscendQuant on x: the one that another layer already has, or a new one. */
static amct_status add_quant(uint32_t *quantised, amct_graph *graph, const qlayer *l,
                             const char *name, amct_err *err)
{
    float scale = 1.0f / (float)scale_of(&l->src, 0), offset = (float)zero_of(&l->src, 0);
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        if (amct_node_is(node, "AscendQuant") && node->n_src == 1 && node->src[0] == l->x &&
            amct_node_float(node, "scale", 0) == scale &&
            amct_node_float(node, "offset", 0) == offset) {
            *quantised = node->dst[0];
            return AMCT_OK;
        }
    }
    char *node_name = amct_arena_printf(graph->arena, "%s.quant", name);
    if (!node_name)
        return amct_fail_nomem(err);
    AMCT_TRY(add_value(graph, quantised, name, ".quantised", err));
    amct_attr attrs[] = {
        {.name = "scale", .type = AMCT_ATTR_FLOAT, .f = scale},
        {.name = "offset", .type = AMCT_ATTR_FLOAT, .f = offset},
        {.name = "dst_type", .type = AMCT_ATTR_STRING, .data = "INT8", .count = 4}};
    uint32_t x = l->x;
    amct_node node = {.name = node_name,
                      .op = "AscendQuant",
                      .n_src = 1,
                      .src = &x,
                      .n_dst = 1,
                      .dst = quantised,
                      .n_attrs = 3,
                      .attrs = attrs};
    return amct_graph_add_node(graph, &node, err);
}

static amct_status add_dequant(amct_graph *graph, const qlayer *l, uint32_t n, uint32_t sums,
                               uint32_t dst, amct_err *err)
{
    const char *name = graph->nodes[n].name;
    bool columns = amct_node_is(&graph->nodes[n], "MatMul") && l->w.n > 1;
    char *param = amct_arena_printf(graph->arena, "%s.dequant.param", name);
    char *node_name = amct_arena_printf(graph->arena, "%s.dequant", name);
    amct_shape shape = amct_shape_of(1, &l->w.n);
    uint32_t scales;
    void *data;
    if (!param || !node_name)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_graph_add_constant(graph, param, AMCT_UINT64, &shape, &scales, &data, err));
    for (int64_t c = 0; c < l->w.n; c++) { /* the low half of each is a float */
        float s = deq_scale(l, c);
        memcpy((uint64_t *)data + c, &s, sizeof s);
    }
    amct_attr attrs[] = {{.name = "dtype", .type = AMCT_ATTR_INT, .i = 0},
                         {.name = "axis", .type = AMCT_ATTR_INT, .i = -1}};
    amct_node node = {.name = node_name,
                      .op = "AscendDequant",
                      .n_src = 2,
                      .src = (uint32_t[]){sums, scales},
                      .n_dst = 1,
                      .dst = &dst,
                      .n_attrs = columns ? 2 : 1,
                      .attrs = attrs};
    return amct_graph_add_node(graph, &node, err);
}

static amct_status rewrite(amct_graph *graph, uint32_t n, const qlayer *l, amct_err *err)
{
    const char *name = graph->nodes[n].name;
    uint32_t quantised, sums, bias = AMCT_NO_TENSOR;
    AMCT_TRY(add_quant(&quantised, graph, l, name, err));
    AMCT_TRY(add_value(graph, &sums, name, ".sums", err));
    if (l->bias != AMCT_NO_TENSOR)
        AMCT_TRY(add_bias(&bias, graph, l, name, err));
    uint32_t last = l->add == AMCT_NO_TENSOR ? n : l->add, total = sums;
    if (l->add != AMCT_NO_TENSOR)
        AMCT_TRY(add_value(graph, &total, name, ".biased", err));
    AMCT_TRY(add_dequant(graph, l, n, total, graph->nodes[last].dst[0], err));
    amct_node *node = &graph->nodes[n];
    node->src[0] = quantised;
    node->src[1] = l->weights;
    node->dst[0] = sums;
    if (l->add != AMCT_NO_TENSOR) {
        amct_node *add = &graph->nodes[l->add];
        add->src[0] = sums;
        add->src[1] = bias;
        add->dst[0] = total;
    } else if (bias != AMCT_NO_TENSOR) {
        node->src[2] = bias;
    }
    return AMCT_OK;
}

amct_status amct_pass_qdq(amct_graph *graph, amct_err *err)
{
    amct_links links;
    AMCT_TRY(amct_links_make(&links, graph, err));
    amct_status status = AMCT_OK;
    uint32_t n_nodes = graph->n_nodes;
    bool changed = false;
    for (uint32_t n = 0; status == AMCT_OK && n < n_nodes; n++) {
        qlayer l = {.node = &graph->nodes[n]};
        if (!(amct_node_is(l.node, "Conv") || amct_node_is(l.node, "ConvTranspose") ||
              amct_node_is(l.node, "Gemm") || amct_node_is(l.node, "MatMul")) ||
            l.node->n_src < 2 || l.node->n_dst != 1 || !read_source(&l, graph, &links) ||
            !read_weights(&l, graph, &links) || !read_bias(&l, graph, &links))
            continue;
        read_matmul_bias(&l, graph, &links);
        status = rewrite(graph, n, &l, err);
        changed = true;
    }
    amct_links_free(&links);
    if (status == AMCT_OK && changed)
        status = amct_graph_sort(graph, err);
    return status == AMCT_OK && changed ? amct_graph_prune(graph, err) : status;
}
