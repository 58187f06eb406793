/* Layers with what follows them, as one oneDNN primitive. */
#include "exec/step.h"
#include "ops/weights.h"
#include "ops/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a layer is made of, gathered from its nodes. */
typedef struct layer {
    const amct_unit *unit;
    const amct_node *node;
    int32_t from; /* the source's slot */
    bool integer; /* computed as integers: else an integer unit is as floats */
    const amct_tensor *src, *weights, *bias; /* bias NULL if there is none */
    amct_hash hash;                          /* of the weights */
    int64_t channels;
    bool padded;
    bool bare; /* a window may see nothing but padding */
    amct_layer_desc desc;
    int32_t add[AMCT_MAX_POSTS];
    bool in_place; /* the first addition may be to what dst holds */
    int32_t onto;  /* the slot that becomes dst then, -1: none */
} layer;

static amct_status unsupported(amct_err *err, const char *why)
{
    return amct_fail(err, AMCT_E_UNSUPPORTED, "%s", why);
}

static amct_status read_conv(layer *l, const amct_graph *graph, amct_err *err)
{
    bool deconv = amct_node_is(l->node, "ConvTranspose");
    amct_window w;
    if (l->src->shape.rank < 3 || l->src->shape.rank > 5)
        return unsupported(err, "rank");
    AMCT_TRY(amct_window_make(&w, l->node, &l->src->shape, &l->weights->shape, err));
    l->desc.kind = deconv ? AMCT_LAYER_DECONV : AMCT_LAYER_CONV;
    l->desc.groups = amct_node_int(l->node, "group", 1);
    for (int32_t d = 0; d < w.rank; d++) {
        if (w.pad_begin[d] < 0 || (deconv && w.pad_end[d] < 0))
            return unsupported(err, "negative padding");
        l->desc.strides[d] = w.strides[d];
        l->desc.dilations[d] = w.dilations[d];
        l->desc.pad_begin[d] = w.pad_begin[d];
        l->desc.pad_end[d] = w.pad_end[d];
        int64_t pad = w.pad_begin[d] > w.pad_end[d] ? w.pad_begin[d] : w.pad_end[d];
        l->padded |= pad > 0;
        l->bare |= pad >= amct_window_extent(&w, d) || (pad > 0 && w.dilations[d] > 1);
    }
    for (int32_t d = w.rank; d < 3; d++)
        l->desc.dilations[d] = 1;
    l->desc.weights = l->weights->shape;
    l->channels = amct_weights_channels(l->node, &l->weights->shape);
    l->bias = amct_node_src(graph, l->node, 2);
    return AMCT_OK;
}

static amct_status read_inner(layer *l, const amct_graph *graph, amct_err *err)
{
    bool gemm = amct_node_is(l->node, "Gemm");
    if (l->weights->shape.rank != 2 || l->src->shape.rank < 2 || (gemm && l->src->shape.rank != 2))
        return unsupported(err, "rank");
    if (gemm &&
        (amct_node_int(l->node, "transA", 0) != 0 || amct_node_float(l->node, "alpha", 1) != 1 ||
         (amct_node_src(graph, l->node, 2) && amct_node_float(l->node, "beta", 1) != 1)))
        return unsupported(err, "alpha, beta or transA");
    bool transposed = !gemm || amct_node_int(l->node, "transB", 0) == 0;
    l->desc.kind = AMCT_LAYER_INNER;
    l->desc.groups = 1;
    for (int d = 0; d < 3; d++)
        l->desc.dilations[d] = 1;
    l->desc.weights = l->weights->shape;
    l->desc.weights_transposed = transposed;
    l->channels = amct_weights_channels(l->node, &l->weights->shape);
    if (gemm)
        l->bias = amct_node_src(graph, l->node, 2);
    else if (l->unit->bias != AMCT_NO_TENSOR) {
        const amct_node *add = &graph->nodes[l->unit->bias];
        const amct_tensor *first = amct_node_src(graph, add, 0);
        l->bias = first->data ? first : amct_node_src(graph, add, 1);
    }
    return AMCT_OK;
}

static amct_status append(layer *l, amct_post_kind kind, float a, float b, amct_err *err)
{
    if (l->desc.n_posts == AMCT_MAX_POSTS)
        return unsupported(err, "too many operations behind a layer");
    for (uint32_t i = 0; i < l->desc.n_posts; i++)
        if (kind != AMCT_POST_ADD && l->desc.posts[i].kind == kind)
            return unsupported(err, "the same operation twice");
    l->desc.posts[l->desc.n_posts++] = (amct_post){kind, a, b};
    return AMCT_OK;
}

static int32_t memory_of(const amct_plan *plan, int32_t slot)
{
    return plan->slots[slot].alias >= 0 ? plan->slots[slot].alias : slot;
}

/* Whether the layer's result may take the place of the tensor that is added: a float that nothing
 * needs afterwards, and that the layer does not read as well. Where windows see only padding,
 * oneDNN 2.6 forgets to add. */
static bool can_overwrite(const amct_plan *plan, const layer *l, uint32_t other)
{
    const amct_slot *slot = &plan->slots[l->add[0]];
    if (l->unit->quant != AMCT_NO_TENSOR || l->bare || slot->view ||
        plan->graph->tensors[other].input || slot->constant || plan->last_use[other] > plan->unit ||
        memory_of(plan, l->add[0]) == memory_of(plan, l->from))
        return false;
    for (uint32_t i = 0, adds = 0; i < l->unit->n_links; i++)
        if (l->unit->links[i].other == other && adds++)
            return false;
    return true;
}

static amct_status append_links(layer *l, amct_plan *plan, amct_layout layout, amct_err *err)
{
    const amct_graph *graph = plan->graph;
    for (uint32_t i = 0; i < l->unit->n_links; i++) {
        const amct_link *link = &l->unit->links[i];
        if (link->other != AMCT_NO_TENSOR) {
            AMCT_TRY(append(l, AMCT_POST_ADD, 0, 0, err));
            AMCT_TRY(amct_slot_want(plan, &l->add[l->desc.n_posts - 1], link->other,
                                    AMCT_FORM_VALUE, layout, err));
            if (l->desc.n_posts == 1 && l->in_place && can_overwrite(plan, l, link->other)) {
                l->onto = l->add[0];
                l->desc.posts[0].kind = AMCT_POST_SUM;
            }
        } else {
            amct_post posts[2];
            uint32_t n = amct_activation_posts(posts, graph, &graph->nodes[link->node]);
            for (uint32_t k = 0; k < n; k++)
                AMCT_TRY(append(l, posts[k].kind, posts[k].a, posts[k].b, err));
        }
    }
    return AMCT_OK;
}

/* The quantisation at the end: products and sums as AscendQuant has them, one rounding. */
static amct_status append_quant(layer *l, const amct_graph *graph, amct_form form, amct_err *err)
{
    amct_quant q;
    if (!amct_quant_of(&q, &graph->nodes[l->unit->quant], form))
        return unsupported(err, "quantised to another type");
    AMCT_TRY(append(l, AMCT_POST_LINEAR, q.scale, 0, err));
    if (form == AMCT_FORM_SHIFTED && q.offset == 0 && q.low == 0 && q.high == 255)
        return AMCT_OK; /* storing rounds and saturates */
    AMCT_TRY(append(l, AMCT_POST_ROUND, 0, 0, err));
    if (form == AMCT_FORM_SHIFTED)
        l->desc.dst_zero_point = (int32_t)q.offset;
    if (form == AMCT_FORM_CENTERED || q.low != 0 || q.high != 255)
        AMCT_TRY(append(l, AMCT_POST_CLIP, q.low - l->desc.dst_zero_point,
                        q.high - l->desc.dst_zero_point, err));
    return AMCT_OK;
}

/* A block that the exec keeps under a key: made once by fill. */
static amct_status kept_block(const void **out, amct_exec *exec, amct_hash key, size_t bytes,
                              void (*fill)(void *to, const layer *l), const layer *l, amct_err *err)
{
    void *block = amct_map_get(&exec->folded, key);
    if (!block) {
        block = malloc(bytes ? bytes : 1);
        if (!block)
            return amct_fail_nomem(err);
        fill(block, l);
        if (!amct_map_put(&exec->folded, key, block)) {
            free(block);
            return amct_fail_nomem(err);
        }
    }
    *out = block;
    return AMCT_OK;
}

/* sum (u - z) w + b = sum u w + (b - z sum w): the zero point of a source without padding. */
static void fold_zero_point(void *to, const layer *l)
{
    int32_t *bias = to;
    const int8_t *w = l->weights->data;
    int64_t n = amct_shape_size(&l->weights->shape);
    uint32_t z = (uint32_t)(l->src->zero_point + 128);
    for (int64_t c = 0; c < l->channels; c++)
        bias[c] = l->bias ? (int32_t)amct_constant_int(l->bias, c) : 0;
    for (int64_t i = 0; i < n; i++) { /* modulo 2^32, as the sums themselves are */
        int32_t *b = &bias[amct_weights_channel(l->node, &l->weights->shape, i)];
        *b = (int32_t)((uint32_t)*b - z * (uint32_t)(int32_t)w[i]);
    }
}

static void weights_to_float(void *to, const layer *l)
{
    float *f = to;
    const int8_t *w = l->weights->data;
    for (int64_t i = 0; i < amct_shape_size(&l->weights->shape); i++)
        f[i] = w[i];
}

/* The bias as floats or integers in the arena: from the file it may be unaligned. */
static amct_status plain_bias(const void **out, amct_plan *plan, const layer *l, bool as_float,
                              amct_err *err)
{
    float *f = amct_arena_array(plan->arena, (size_t)l->channels, 4);
    int32_t *n = (int32_t *)(void *)f;
    if (!f)
        return amct_fail_nomem(err);
    for (int64_t c = 0; c < l->channels; c++)
        if (as_float)
            f[c] = (float)amct_constant_number(l->bias, c);
        else
            n[c] = (int32_t)amct_constant_int(l->bias, c);
    *out = f;
    return AMCT_OK;
}

static amct_status choose_bias(const void **out, amct_plan *plan, layer *l, amct_err *err)
{
    *out = NULL;
    if (l->bias && (!l->bias->data || amct_shape_size(&l->bias->shape) != l->channels))
        return unsupported(err, "bias");
    int32_t zero = l->integer ? l->src->zero_point + 128 : 0;
    /* oneDNN 2.6 rounds these elsewhere, and with strides counts the zero point where no product
     * was added */
    if (l->integer && l->desc.kind == AMCT_LAYER_DECONV)
        return unsupported(err, "a transposed convolution");
    if (zero && l->padded) {
        l->desc.src_zero_point = zero;
    } else if (zero) {
        amct_hash key = amct_hash_u64(l->hash, (uint64_t)zero << 8 | 1);
        if (l->bias)
            key = amct_hash_bytes(key, l->bias->data, l->bias->bytes);
        l->desc.bias = true;
        return kept_block(out, plan->exec, key, (size_t)l->channels * 4, fold_zero_point, l, err);
    }
    l->desc.bias = l->bias != NULL;
    return l->bias ? plain_bias(out, plan, l, !l->integer, err) : AMCT_OK;
}

/* The scales of AscendDequant: the low half of each uint64 is a float. */
static amct_status read_scales(const float **out, amct_plan *plan, layer *l, amct_err *err)
{
    const amct_node *dequant = &plan->graph->nodes[l->unit->dequant];
    const amct_tensor *packed = amct_node_src(plan->graph, dequant, 1);
    int64_t n = amct_shape_size(&packed->shape);
    if (packed->dtype != AMCT_UINT64 || (n != 1 && n != l->channels))
        return unsupported(err, "dequantisation scales");
    const amct_shape *sums = &plan->graph->tensors[dequant->src[0]].shape;
    if (l->desc.kind == AMCT_LAYER_INNER && n > 1 && sums->rank > 2 && sums->dims[1] == n &&
        amct_node_int(dequant, "axis", 1) != -1)
        return unsupported(err, "scales of rows");
    float *scales = amct_arena_array(plan->arena, (size_t)l->channels, sizeof *scales);
    if (!scales)
        return amct_fail_nomem(err);
    for (int64_t c = 0; c < l->channels; c++) { /* AMCT_POST_SCALES wants them all */
        uint32_t bits = (uint32_t)amct_constant_int(packed, n > 1 ? c : 0);
        memcpy(&scales[c], &bits, sizeof bits);
    }
    l->desc.n_scales = n;
    l->desc.scales = scales;
    *out = scales;
    return AMCT_OK;
}

static amct_hash hash_of(const amct_tensor *t)
{
    return t->hash.lo || t->hash.hi ? t->hash : amct_hash_bytes((amct_hash){0}, t->data, t->bytes);
}

/* Source, result and the operations between them. */
static amct_status describe(layer *l, amct_plan *plan, const float **scales, amct_form *dst_form,
                            amct_err *err)
{
    const amct_graph *graph = plan->graph;
    const amct_unit *unit = l->unit;
    amct_form int8 = unit->integer && !l->integer ? AMCT_FORM_CENTERED : amct_plan_int8_form(plan);
    amct_form form = unit->integer ? int8 : AMCT_FORM_VALUE;
    bool inner = l->desc.kind == AMCT_LAYER_INNER;
    const amct_shape *dst = &graph->tensors[unit->dst].shape;
    amct_layout layout = inner ? AMCT_LAYOUT_PLAIN : AMCT_LAYOUT_LAST;
    *dst_form = unit->quant == AMCT_NO_TENSOR ? AMCT_FORM_VALUE : int8;
    AMCT_TRY(amct_slot_want(plan, &l->from, l->node->src[0], form, layout, err));
    l->desc.src = amct_slot_tensor(plan, l->from);
    l->desc.src.layout = layout;
    l->desc.dst = (amct_onednn_tensor){amct_form_dtype(*dst_form, AMCT_FLOAT), layout, *dst};
    if (inner) { /* leading dims are rows */
        int64_t k = l->desc.src.shape.dims[l->desc.src.shape.rank - 1];
        int64_t rows = amct_shape_count(&l->src->shape, 0, l->src->shape.rank - 1);
        l->desc.src.shape = amct_shape_of(2, (int64_t[]){rows, k});
        l->desc.dst.shape = amct_shape_of(2, (int64_t[]){rows, l->channels});
    }
    if (unit->integer) {
        if (unit->dequant == AMCT_NO_TENSOR)
            return unsupported(err, "sums without dequantisation");
        AMCT_TRY(read_scales(scales, plan, l, err));
        if (!l->integer) {
            AMCT_TRY(append(l, AMCT_POST_SCALES, 0, 0, err));
            l->desc.n_scales = 0;
            l->desc.scales = NULL;
        }
        if (amct_node_int(&graph->nodes[unit->dequant], "relu_flag", 0))
            AMCT_TRY(append(l, AMCT_POST_RELU, 0, 0, err));
    }
    AMCT_TRY(append_links(l, plan, layout, err));
    return unit->quant == AMCT_NO_TENSOR ? AMCT_OK : append_quant(l, graph, *dst_form, err);
}

static amct_status add_layer(amct_plan *plan, const amct_unit *unit, bool integer, bool in_place,
                             amct_err *err)
{
    const amct_graph *graph = plan->graph;
    layer l;
    memset(&l, 0, sizeof l); /* desc is hashed as bytes */
    memset(l.add, -1, sizeof l.add);
    for (int d = 0; d < 3; d++)
        l.desc.strides[d] = 1;
    l.unit = unit;
    l.integer = integer;
    l.in_place = in_place;
    l.onto = -1;
    l.node = &graph->nodes[unit->node];
    l.src = amct_node_src(graph, l.node, 0);
    l.weights = amct_node_src(graph, l.node, 1);
    l.hash = hash_of(l.weights);
    if (amct_node_is(l.node, "Conv") || amct_node_is(l.node, "ConvTranspose"))
        AMCT_TRY(read_conv(&l, graph, err));
    else
        AMCT_TRY(read_inner(&l, graph, err));

    const void *weights = l.weights->data, *bias;
    const float *scales = NULL;
    int32_t dst;
    amct_form dst_form;
    AMCT_TRY(choose_bias(&bias, plan, &l, err));
    AMCT_TRY(describe(&l, plan, &scales, &dst_form, err));
    amct_prim *prim;
    AMCT_TRY(amct_onednn_layer(&prim, plan->exec->dnn, &l.desc, err));
    amct_hash hash = l.hash;
    if (unit->integer && !integer) {
        hash = amct_hash_u64(hash, 2);
        AMCT_TRY(kept_block(&weights, plan->exec, hash, 4 * l.weights->bytes, weights_to_float, &l,
                            err));
    }
    const amct_packed *packed;
    AMCT_TRY(amct_onednn_pack(&packed, plan->exec->dnn, prim, &l.desc, weights, hash, err));

    amct_step *step;
    uint32_t nodes[AMCT_MAX_UNIT_NODES];
    AMCT_TRY(amct_slot_add(plan, &dst, unit->dst, l.desc.dst.dtype, dst_form,
                           l.desc.kind == AMCT_LAYER_INNER ? AMCT_LAYOUT_PLAIN : AMCT_LAYOUT_LAST,
                           err));
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_PRIM, unit->node, 1, 1, err));
    step->n_nodes = amct_unit_nodes(nodes, unit);
    step->prim = prim;
    step->weights = packed;
    step->bias = bias;
    step->scales = scales;
    step->src[0] = l.from;
    step->dst[0] = dst;
    if (l.onto >= 0)
        plan->slots[dst].alias = memory_of(plan, l.onto);
    memcpy(step->add, l.add, sizeof l.add);
    return AMCT_OK;
}

/* In place if it can be, else beside what is added. */
static amct_status try_layer(amct_plan *plan, const amct_unit *unit, bool integer, amct_err *err)
{
    amct_status status = add_layer(plan, unit, integer, true, err);
    return status == AMCT_E_UNSUPPORTED ? add_layer(plan, unit, integer, false, err) : status;
}

amct_status amct_plan_add_layer(amct_plan *plan, const amct_unit *unit, amct_err *err)
{
    if (!unit->integer || !plan->exec->integer)
        return try_layer(plan, unit, false, err);
    amct_status status = try_layer(plan, unit, true, err);
    return status == AMCT_E_UNSUPPORTED ? try_layer(plan, unit, false, err) : status;
}
