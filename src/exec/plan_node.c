/* Single nodes: by oneDNN where it has them, as views, or through the reference. */
#include "exec/step.h"
#include "ops/window.h"

#include <math.h>
#include <string.h>

static amct_status not_here(amct_err *err)
{
    return amct_fail(err, AMCT_E_UNSUPPORTED, "no fast way");
}

static const amct_tensor *src_of(const amct_plan *plan, const amct_node *node, uint32_t i)
{
    return amct_node_src(plan->graph, node, i);
}

/* Whether a convolution takes what node n makes. */
static bool feeds_convolution(const amct_plan *plan, uint32_t n)
{
    uint32_t t = plan->graph->nodes[n].dst[0];
    for (uint32_t i = n + 1; i < plan->graph->n_nodes; i++) {
        const amct_node *user = &plan->graph->nodes[i];
        if (user->n_src && user->src[0] == t && amct_node_is(user, "Conv"))
            return true;
    }
    return false;
}

/* A step over one source in the layout in which it is stored, with a result of that layout. */
static amct_status add_like_source(amct_plan *plan, amct_step **step, amct_step_kind kind,
                                   uint32_t n, uint32_t dtype, amct_form form, amct_err *err)
{
    const amct_node *node = &plan->graph->nodes[n];
    int32_t src, dst;
    amct_layout layout = amct_node_is(node, "AscendQuant") && feeds_convolution(plan, n)
                             ? AMCT_LAYOUT_LAST
                             : AMCT_LAYOUT_PLAIN;
    AMCT_TRY(amct_slot_primary(plan, &src, node->src[0], layout, err));
    AMCT_TRY(amct_slot_add(plan, &dst, node->dst[0], dtype, form, plan->slots[src].layout, err));
    AMCT_TRY(amct_step_add(plan, step, kind, n, 1, 1, err));
    (*step)->src[0] = src;
    (*step)->dst[0] = dst;
    return AMCT_OK;
}

bool amct_quant_of(amct_quant *out, const amct_node *node, amct_form form)
{
    const char *type = amct_node_string(node, "dst_type", "INT8");
    bool int4 = strcmp(type, "INT4") == 0;
    float offset = rintf(amct_node_float(node, "offset", 0));
    if ((!int4 && strcmp(type, "INT8") != 0) || fabsf(offset) > 128)
        return false;
    float low = int4 ? -8 : -128, high = int4 ? 7 : 127;
    out->scale = amct_node_float(node, "scale", 1);
    out->offset = form == AMCT_FORM_SHIFTED    ? offset + 128
                  : form == AMCT_FORM_CENTERED ? 0
                                               : offset;
    float move = form == AMCT_FORM_SHIFTED ? 128 : form == AMCT_FORM_CENTERED ? -offset : 0;
    out->low = low + move;
    out->high = high + move;
    return true;
}

static amct_status add_quant(amct_plan *plan, uint32_t n, amct_err *err)
{
    const amct_node *node = &plan->graph->nodes[n];
    amct_form form = amct_plan_int8_form(plan);
    amct_quant q;
    amct_step *step;
    const amct_tensor *src = src_of(plan, node, 0);
    if (!amct_node_is(node, "AscendQuant") || !src || src->dtype != AMCT_FLOAT || src->data ||
        !amct_quant_of(&q, node, form))
        return not_here(err);
    AMCT_TRY(add_like_source(plan, &step, AMCT_STEP_QUANTIZE, n, amct_form_dtype(form, AMCT_INT8),
                             form, err));
    step->scale = q.scale, step->offset = q.offset, step->low = q.low, step->high = q.high;
    return AMCT_OK;
}

static amct_status add_activation(amct_plan *plan, uint32_t n, amct_err *err)
{
    const amct_node *node = &plan->graph->nodes[n];
    amct_post posts[2];
    amct_step *step;
    amct_prim *prims[2];
    int32_t src, dst = -1;
    uint32_t n_posts = amct_activation_posts(posts, plan->graph, node);
    if (!n_posts)
        return not_here(err);
    AMCT_TRY(amct_slot_primary(plan, &src, node->src[0], AMCT_LAYOUT_PLAIN, err));
    amct_onednn_tensor tensor = amct_slot_tensor(plan, src);
    for (uint32_t i = 0; i < n_posts; i++)
        AMCT_TRY(amct_onednn_eltwise(&prims[i], plan->exec->dnn, &tensor, &posts[i], err));
    for (uint32_t i = 0; i < n_posts; i++) { /* the second one in place */
        if (i == 0)
            AMCT_TRY(
                add_like_source(plan, &step, AMCT_STEP_PRIM, n, AMCT_FLOAT, AMCT_FORM_VALUE, err));
        else
            AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_PRIM, n, 1, 1, err));
        if (i == 0)
            dst = step->dst[0];
        else
            step->src[0] = step->dst[0] = dst;
        step->prim = prims[i];
    }
    return AMCT_OK;
}

/* The operand with 1s in front, as broadcasting reads it. */
static amct_shape padded_shape(const amct_shape *shape, int32_t rank)
{
    amct_shape padded = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) {
        int32_t from = i - (rank - shape->rank);
        padded.dims[i] = from < 0 ? 1 : shape->dims[from];
    }
    return padded;
}

static amct_status add_binary(amct_plan *plan, uint32_t n, amct_err *err)
{
    static const char *const names[] = {"Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu"};
    enum { N_NAMES = sizeof names / sizeof *names };
    const amct_node *node = &plan->graph->nodes[n];
    size_t kind = 0;
    while (kind < N_NAMES && !amct_node_is(node, names[kind]))
        kind++;
    const amct_tensor *a = src_of(plan, node, 0), *b = src_of(plan, node, 1);
    if (kind == N_NAMES || node->n_src != 2 || a->dtype != AMCT_FLOAT || b->dtype != AMCT_FLOAT)
        return not_here(err);
    const amct_shape *dst = &plan->graph->tensors[node->dst[0]].shape;
    bool swap = !amct_shape_equal(&a->shape, dst);
    if (swap && (kind == AMCT_BINARY_SUB || kind == AMCT_BINARY_DIV || kind == AMCT_BINARY_PRELU ||
                 !amct_shape_equal(&b->shape, dst)))
        return not_here(err);
    uint32_t first = node->src[swap], second = node->src[!swap];
    int32_t slots[2], out;
    AMCT_TRY(amct_slot_primary(plan, &slots[0], first, AMCT_LAYOUT_PLAIN, err));
    if (plan->slots[slots[0]].form != AMCT_FORM_VALUE || dst->rank < 1 || dst->rank > 5)
        return not_here(err);
    amct_layout layout = plan->slots[slots[0]].layout;
    const amct_tensor *small = &plan->graph->tensors[second];
    amct_shape full = padded_shape(&small->shape, dst->rank);
    if (small->shape.rank != dst->rank && layout == AMCT_LAYOUT_LAST && amct_layout_matters(&full))
        return not_here(err);
    AMCT_TRY(amct_slot_want(plan, &slots[1], second, AMCT_FORM_VALUE,
                            small->shape.rank == dst->rank ? layout : AMCT_LAYOUT_PLAIN, err));
    amct_onednn_tensor ta = {AMCT_FLOAT, layout, *dst}, tb = {AMCT_FLOAT, layout, full};
    amct_prim *prim;
    AMCT_TRY(amct_onednn_binary(&prim, plan->exec->dnn, (amct_binary_kind)kind, &ta, &tb, err));
    amct_step *step;
    AMCT_TRY(amct_slot_add(plan, &out, node->dst[0], AMCT_FLOAT, AMCT_FORM_VALUE, layout, err));
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_PRIM, n, 2, 1, err));
    step->prim = prim;
    step->src[0] = slots[0], step->src[1] = slots[1];
    step->dst[0] = out;
    return AMCT_OK;
}

/* Whether ReduceMean is the mean over all spatial dims, kept as 1s. */
static bool is_spatial_mean(const amct_plan *plan, const amct_node *node)
{
    const amct_tensor *src = src_of(plan, node, 0), *axes = src_of(plan, node, 1);
    if (!amct_node_is(node, "ReduceMean") || !amct_node_int(node, "keepdims", 1) || !axes ||
        !axes->data || amct_shape_size(&axes->shape) != src->shape.rank - 2)
        return false;
    uint32_t seen = 0;
    for (int32_t i = 0; i < src->shape.rank - 2; i++) {
        int64_t axis = amct_constant_int(axes, i);
        axis += axis < 0 ? src->shape.rank : 0;
        seen |= axis >= 2 && axis < src->shape.rank ? 1u << axis : 0;
    }
    return seen == (1u << src->shape.rank) - 4;
}

static amct_status add_pool(amct_plan *plan, uint32_t n, amct_err *err)
{
    const amct_node *node = &plan->graph->nodes[n];
    const amct_tensor *src = src_of(plan, node, 0);
    bool max = amct_node_is(node, "MaxPool"), average = amct_node_is(node, "AveragePool");
    bool global = amct_node_is(node, "GlobalAveragePool") || amct_node_is(node, "GlobalMaxPool") ||
                  (src && src->shape.rank >= 3 && is_spatial_mean(plan, node));
    if (!src || (!max && !average && !global) || src->shape.rank < 3 || src->shape.rank > 5 ||
        (node->n_dst > 1 && node->dst[1] != AMCT_NO_TENSOR))
        return not_here(err);
    amct_form form = AMCT_FORM_VALUE;
    if (src->dtype == AMCT_INT8 && (max || amct_node_is(node, "GlobalMaxPool")))
        form = amct_plan_int8_form(plan);
    else if (src->dtype != AMCT_FLOAT)
        return not_here(err);
    amct_pool_desc desc;
    memset(&desc, 0, sizeof desc);
    const amct_shape *dst = &plan->graph->tensors[node->dst[0]].shape;
    desc.kind = max || amct_node_is(node, "GlobalMaxPool") ? AMCT_POOL_MAX
                : average && amct_node_int(node, "count_include_pad", 0) != 0
                    ? AMCT_POOL_AVERAGE_PADDED
                    : AMCT_POOL_AVERAGE;
    for (int d = 0; d < 3; d++)
        desc.kernel[d] = desc.strides[d] = desc.dilations[d] = 1;
    if (global) {
        for (int32_t d = 2; d < src->shape.rank; d++)
            desc.kernel[d - 2] = src->shape.dims[d];
    } else {
        amct_window w;
        AMCT_TRY(amct_window_make(&w, node, &src->shape, NULL, err));
        for (int32_t d = 0; d < w.rank; d++) {
            int64_t extent = amct_window_extent(&w, d);
            int64_t end = (w.out[d] - 1) * w.strides[d] + extent - w.in[d] - w.pad_begin[d];
            /* the last window reaches beyond the padding: another divisor than oneDNN's */
            if (end > w.pad_end[d] && desc.kind == AMCT_POOL_AVERAGE_PADDED)
                return not_here(err);
            desc.kernel[d] = w.kernel[d];
            desc.strides[d] = w.strides[d];
            desc.dilations[d] = w.dilations[d];
            desc.pad_begin[d] = w.pad_begin[d];
            desc.pad_end[d] = end > w.pad_end[d] ? end : w.pad_end[d];
            if (desc.pad_begin[d] >= extent || desc.pad_end[d] >= extent)
                return not_here(err); /* windows that see only padding */
        }
    }
    int32_t from, to;
    amct_prim *prim;
    amct_step *step;
    AMCT_TRY(amct_slot_want(plan, &from, node->src[0], form, AMCT_LAYOUT_LAST, err));
    desc.src = amct_slot_tensor(plan, from);
    desc.src.layout = AMCT_LAYOUT_LAST;
    desc.dst = (amct_onednn_tensor){desc.src.dtype, AMCT_LAYOUT_LAST, *dst};
    AMCT_TRY(amct_onednn_pool(&prim, plan->exec->dnn, &desc, err));
    AMCT_TRY(amct_slot_add(plan, &to, node->dst[0], desc.src.dtype, form, AMCT_LAYOUT_LAST, err));
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_PRIM, n, 1, 1, err));
    step->prim = prim;
    step->src[0] = from;
    step->dst[0] = to;
    return AMCT_OK;
}

bool amct_node_is_view(const amct_node *node)
{
    static const char *const views[] = {"Reshape",   "Flatten",  "Squeeze",
                                        "Unsqueeze", "Identity", "Dropout"};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (amct_node_is(node, views[i]))
            return true;
    return false;
}

/* Another shape over the same memory. */
static amct_status add_view(amct_plan *plan, uint32_t n, amct_err *err)
{
    const amct_node *node = &plan->graph->nodes[n];
    const amct_tensor *src = src_of(plan, node, 0);
    if (!amct_node_is_view(node) || !src || src->input || src->data ||
        node->dst[0] == AMCT_NO_TENSOR || (node->n_dst > 1 && node->dst[1] != AMCT_NO_TENSOR))
        return not_here(err);
    bool same = amct_shape_equal(&src->shape, &plan->graph->tensors[node->dst[0]].shape);
    int32_t from, to;
    AMCT_TRY(amct_slot_primary(plan, &from, node->src[0], AMCT_LAYOUT_PLAIN, err));
    if (!same)
        AMCT_TRY(amct_slot_want(plan, &from, node->src[0], plan->slots[from].form,
                                AMCT_LAYOUT_PLAIN, err));
    AMCT_TRY(amct_slot_add(plan, &to, node->dst[0], plan->slots[from].dtype, plan->slots[from].form,
                           same ? plan->slots[from].layout : AMCT_LAYOUT_PLAIN, err));
    plan->slots[to].view = true;
    plan->slots[to].alias = plan->slots[from].alias >= 0 ? plan->slots[from].alias : from;
    return AMCT_OK;
}

static amct_status add_reference(amct_plan *plan, uint32_t n, amct_err *err)
{
    const amct_node *node = &plan->graph->nodes[n];
    const amct_op *op = amct_op_find(node->op, node->domain);
    amct_step *step;
    if (!op)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "operator %s%s%s is not known here: it cannot be run", node->domain,
                         node->domain[0] ? "." : "", node->op);
    int32_t *slots = amct_arena_array(plan->arena, node->n_src + node->n_dst, sizeof *slots);
    if (!slots)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < node->n_src; i++) {
        slots[i] = -1;
        if (node->src[i] != AMCT_NO_TENSOR)
            AMCT_TRY(amct_slot_want(plan, &slots[i], node->src[i], AMCT_FORM_VALUE,
                                    AMCT_LAYOUT_PLAIN, err));
    }
    for (uint32_t i = 0; i < node->n_dst; i++) {
        slots[node->n_src + i] = -1;
        if (node->dst[i] != AMCT_NO_TENSOR)
            AMCT_TRY(amct_slot_add(plan, &slots[node->n_src + i], node->dst[i],
                                   plan->graph->tensors[node->dst[i]].dtype, AMCT_FORM_VALUE,
                                   AMCT_LAYOUT_PLAIN, err));
    }
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_OP, n, node->n_src, node->n_dst, err));
    step->op = op;
    memcpy(step->src, slots, node->n_src * sizeof *slots);
    memcpy(step->dst, slots + node->n_src, node->n_dst * sizeof *slots);
    return AMCT_OK;
}

amct_status amct_plan_add_node(amct_plan *plan, uint32_t n, amct_err *err)
{
    static amct_status (*const ways[])(amct_plan *, uint32_t, amct_err *) = {
        add_view, add_quant, add_activation, add_binary, add_pool, amct_plan_add_move,
    };
    const amct_node *node = &plan->graph->nodes[n];
    bool known = amct_op_find(node->op, node->domain) != NULL;
    for (size_t i = 0; plan->exec->dnn && known && i < sizeof ways / sizeof *ways; i++) {
        amct_err why = {0};
        amct_status status = ways[i](plan, n, &why);
        if (status != AMCT_E_UNSUPPORTED) {
            if (status != AMCT_OK)
                *err = why;
            return status;
        }
    }
    return add_reference(plan, n, err);
}
