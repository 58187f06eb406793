#include "ascend_graph.h"

#include <math.h>
#include <string.h>

static const amct_node_desc *node_desc(const ascend_graph *g, uint32_t node)
{
    return AMCT_AT(amct_node_desc, g->view->nodes, node);
}

static uint64_t count_uses(const amct_graph_view *view)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < view->n_nodes; i++)
        n += AMCT_AT(amct_node_desc, view->nodes, i)->n_src;
    return n;
}

size_t ascend_graph_bytes(const amct_graph_view *view)
{
    uint64_t uses = count_uses(view);
    if (uses >= ASCEND_NONE)
        return 0;
    return (size_t)view->n_nodes * sizeof(ascend_node) +
           (size_t)view->n_tensors * sizeof(ascend_tensor) + (size_t)uses * sizeof(uint32_t) + 8;
}

/* ---- Access -------------------------------------------------------------------------------- */

uint32_t ascend_n_src(const ascend_graph *g, uint32_t node)
{
    return node_desc(g, node)->n_src;
}

uint32_t ascend_n_dst(const ascend_graph *g, uint32_t node)
{
    return node_desc(g, node)->n_dst;
}

uint32_t ascend_src(const ascend_graph *g, uint32_t node, uint32_t i)
{
    const amct_node_desc *n = node_desc(g, node);
    return i < n->n_src && n->src[i] < g->n_tensors ? n->src[i] : ASCEND_NONE;
}

uint32_t ascend_dst(const ascend_graph *g, uint32_t node, uint32_t i)
{
    const amct_node_desc *n = node_desc(g, node);
    return i < n->n_dst && n->dst[i] < g->n_tensors ? n->dst[i] : ASCEND_NONE;
}

uint32_t ascend_kind_of(const ascend_graph *g, uint32_t node)
{
    if (node >= g->n_nodes || g->nodes[node].op == NULL)
        return ASCEND_UNKNOWN;
    return g->nodes[node].op->kind;
}

const amct_attr_desc *ascend_attr(const ascend_graph *g, uint32_t node, const char *name,
                                  uint32_t type)
{
    const amct_node_desc *n = node_desc(g, node);
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const amct_attr_desc *a = AMCT_AT(amct_attr_desc, n->attrs, i);
        if (a->name != NULL && strcmp(a->name, name) == 0)
            return a->type == type ? a : NULL;
    }
    return NULL;
}

int64_t ascend_attr_int(const ascend_graph *g, uint32_t node, const char *name, int64_t otherwise)
{
    const amct_attr_desc *a = ascend_attr(g, node, name, AMCT_ATTR_INT);
    return a != NULL ? a->i : otherwise;
}

uint32_t ascend_only_user(const ascend_graph *g, uint32_t t)
{
    const ascend_tensor *tensor = &g->tensors[t];
    return tensor->n_uses == 1 && !tensor->output ? g->uses[tensor->use_begin] : ASCEND_NONE;
}

uint32_t ascend_resolve(const ascend_graph *g, uint32_t t)
{
    /* Views of views are shortened when they are made; what is left is a step or two. The bound is
     * for graphs that are not in topological order. */
    for (int i = 0; i < 4 && g->tensors[t].same_as != t; i++)
        t = g->tensors[t].same_as;
    return t;
}

void ascend_alias(ascend_graph *g, uint32_t t, uint32_t of)
{
    of = ascend_resolve(g, of);
    g->tensors[t].same_as = of;
    g->tensors[t].bits = g->tensors[of].bits;
}

/* ---- Sizes --------------------------------------------------------------------------------- */

double ascend_dim(const ascend_graph *g, uint32_t t, uint32_t i)
{
    return i < g->tensors[t].rank ? (double)g->tensors[t].dims[i] : 1;
}

double ascend_product(const ascend_graph *g, uint32_t t, uint32_t first, uint32_t last)
{
    double product = 1;
    for (uint32_t i = first; i < last && i < g->tensors[t].rank; i++)
        product = fmin(product * (double)g->tensors[t].dims[i], ASCEND_HUGE);
    return product;
}

double ascend_padded(const ascend_graph *g, uint32_t t, double multiple)
{
    const ascend_tensor *tensor = &g->tensors[t];
    if (tensor->layout != ASCEND_FIVE || tensor->rank < 2)
        return tensor->elements;
    double channels = ascend_ceil_div((double)tensor->dims[1], multiple) * multiple;
    return fmin(ascend_dim(g, t, 0) * channels * ascend_product(g, t, 2, tensor->rank),
                ASCEND_HUGE);
}

double ascend_c0(uint32_t bits)
{
    return bits >= 16 ? 16 : 256.0 / bits;
}

double ascend_bytes(const ascend_graph *g, uint32_t t)
{
    t = ascend_resolve(g, t);
    const ascend_tensor *tensor = &g->tensors[t];
    if (tensor->image)
        return tensor->elements;
    if (tensor->input && g->settings->small_channel && ascend_dim(g, t, 1) <= 4)
        return ascend_padded(g, t, 4) * tensor->bits / 8;
    return ascend_padded(g, t, ascend_c0(tensor->bits)) * tensor->bits / 8;
}

bool ascend_layouts_agree(const ascend_graph *g, uint32_t t)
{
    return ascend_product(g, t, 2, g->tensors[t].rank) <= 1;
}

/* ---- Making -------------------------------------------------------------------------------- */

static uint8_t stored_bits(const ascend_graph *g, uint32_t dtype)
{
    switch (dtype) {
    case AMCT_INT4:
    case AMCT_UINT4: return g->settings->chip->int4 ? 4 : 8;
    case AMCT_INT8:
    case AMCT_UINT8:
    case AMCT_BOOL: return 8;
    case AMCT_INT32:
    case AMCT_UINT32: return 32;
    case AMCT_INT64:
    case AMCT_UINT64: return 64;
    default: return 16; /* ATC runs float networks in FP16 */
    }
}

static void init_tensor(ascend_graph *g, uint32_t t)
{
    const amct_tensor_view *v = AMCT_AT(amct_tensor_view, g->view->tensors, t);
    ascend_tensor *out = &g->tensors[t];
    *out = (ascend_tensor){.maker = ASCEND_NONE,
                           .same_as = t,
                           .part_of = ASCEND_NONE,
                           .quant = ASCEND_NONE,
                           .reader = ASCEND_NONE,
                           .made_at = -ASCEND_FAR,
                           .bits = stored_bits(g, v->dtype),
                           .fixed = v->constant != 0};
    out->sparse = g->settings->chip->sparse && out->fixed && out->bits == 8 &&
                  AMCT_HAS(v, amct_tensor_view, sparsity) && v->sparsity == AMCT_SPARSE_4_2;
    if (v->rank > AMCT_MAX_RANK || (v->rank > 0 && v->dims == NULL))
        return;
    for (uint32_t i = 0; i < v->rank; i++)
        if (v->dims[i] < 0)
            return;
    out->dims = v->dims;
    out->rank = v->rank;
    out->known = true;
    out->elements = ascend_product(g, t, 0, v->rank);
}

/* Users by counting: first how many, then where each tensor's begin, then who. */
static void find_users(ascend_graph *g)
{
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < ascend_n_src(g, n); i++) {
            uint32_t t = ascend_src(g, n, i);
            if (t != ASCEND_NONE)
                g->tensors[t].n_uses++;
        }
    uint32_t begin = 0;
    for (uint32_t t = 0; t < g->n_tensors; t++) {
        g->tensors[t].use_begin = begin;
        begin += g->tensors[t].n_uses;
        g->tensors[t].n_uses = 0;
    }
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < ascend_n_src(g, n); i++) {
            uint32_t t = ascend_src(g, n, i);
            if (t != ASCEND_NONE)
                g->uses[g->tensors[t].use_begin + g->tensors[t].n_uses++] = n;
        }
}

/* Networks are fed in ONNX's order; the transform to FIVE belongs to what is fixed if the first
 * operator wants it. An image is what AIPP can take: one to four channels. */
static void init_input(ascend_graph *g, uint32_t t)
{
    ascend_tensor *in = &g->tensors[t];
    in->input = true;
    if (in->n_uses == 0 || in->rank < 3)
        return;
    switch (ascend_kind_of(g, g->uses[in->use_begin])) {
    case ASCEND_MATMUL:
    case ASCEND_MOVE_FLAT:
    case ASCEND_TRANSPOSE:
    case ASCEND_VIEW: break;
    default: in->layout = ASCEND_FIVE;
    }
    uint32_t dtype = AMCT_AT(amct_tensor_view, g->view->tensors, t)->dtype;
    bool pixels = dtype == AMCT_FLOAT16 || dtype == AMCT_FLOAT || dtype == AMCT_UINT8;
    in->image =
        g->settings->aipp && in->rank == 4 && pixels && in->dims[1] >= 1 && in->dims[1] <= 4;
}

void ascend_graph_init(ascend_graph *g, const amct_graph_view *view,
                       const ascend_settings *settings, void *scratch)
{
    char *at = scratch;
    g->view = view;
    g->settings = settings;
    g->traffic = 0;
    g->n_nodes = view->n_nodes;
    g->n_tensors = view->n_tensors;
    g->nodes = (ascend_node *)(void *)at;
    at += (size_t)g->n_nodes * sizeof(ascend_node);
    g->tensors = (ascend_tensor *)(void *)at;
    at += (size_t)g->n_tensors * sizeof(ascend_tensor);
    g->uses = (uint32_t *)(void *)at;

    for (uint32_t t = 0; t < g->n_tensors; t++)
        init_tensor(g, t);
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        const amct_node_desc *desc = node_desc(g, n);
        g->nodes[n] = (ascend_node){.op = ascend_op_find(desc->op, desc->domain),
                                    .kernel = ASCEND_NONE,
                                    .fused_into = ASCEND_NONE,
                                    .next = ASCEND_NONE,
                                    .tail = n,
                                    .dst = ASCEND_NONE};
        for (uint32_t i = 0; i < desc->n_dst; i++) {
            uint32_t t = ascend_dst(g, n, i);
            if (t != ASCEND_NONE)
                g->tensors[t].maker = n;
        }
    }
    find_users(g);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        if (view->inputs[i] < g->n_tensors)
            init_input(g, view->inputs[i]);
    for (uint32_t i = 0; i < view->n_outputs; i++)
        if (view->outputs[i] < g->n_tensors)
            g->tensors[view->outputs[i]].output = true;
}
