#include "ascend_fuse.h"

/* Its result is known when the network is compiled: every source is, or it asks for a shape. */
static bool is_static(const ascend_graph *g, uint32_t node)
{
    uint32_t kind = ascend_kind_of(g, node);
    if (kind == ASCEND_UNKNOWN || (kind != ASCEND_STATIC && ascend_src(g, node, 0) == ASCEND_NONE))
        return false;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t != ASCEND_NONE && !g->tensors[t].fixed &&
            (kind != ASCEND_STATIC || !g->tensors[t].known))
            return false;
    }
    return true;
}

static void place_static(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0);
    for (uint32_t i = 0; i < ascend_n_dst(g, node); i++) {
        uint32_t t = ascend_dst(g, node, i);
        if (t == ASCEND_NONE)
            continue;
        g->tensors[t].fixed = true;
        /* Weights stay in integers until they are used. */
        if (ascend_kind_of(g, node) == ASCEND_QDQ && src != ASCEND_NONE)
            g->tensors[t].bits = g->tensors[src].bits;
    }
    ascend_remove(g, node);
}

/* Its first result and what it computes from are known. */
static bool is_known(const ascend_graph *g, uint32_t node)
{
    uint32_t dst = ascend_dst(g, node, 0);
    if (ascend_kind_of(g, node) == ASCEND_UNKNOWN || dst == ASCEND_NONE || !g->tensors[dst].known ||
        ascend_src(g, node, 0) == ASCEND_NONE)
        return false;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t != ASCEND_NONE && !g->tensors[t].known && (i == 0 || !g->tensors[t].fixed))
            return false;
    }
    return true;
}

static void place_alias(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    if (src != ASCEND_NONE && dst != ASCEND_NONE) {
        g->tensors[dst].layout = g->tensors[src].layout;
        ascend_alias(g, dst, src);
    }
    ascend_remove(g, node);
}

/* Between floating point types there is nothing to do: all of them are FP16 on the device. */
static bool cast_is_nothing(const ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    return g->tensors[src].bits == 16 && g->tensors[dst].bits == 16;
}

/* A convolution has 3 to 5 dims, with as many spatial ones in its weights. */
static bool conv_is_sound(const ascend_graph *g, uint32_t node)
{
    uint32_t x = ascend_src(g, node, 0), w = ascend_src(g, node, 1), y = ascend_dst(g, node, 0);
    if (w == ASCEND_NONE)
        return false;
    uint32_t rank = g->tensors[x].rank;
    int64_t group = ascend_attr_int(g, node, "group", 1);
    return rank >= 3 && g->tensors[w].rank == rank && g->tensors[y].rank == rank && group >= 1 &&
           (double)group <= ascend_dim(g, x, 1);
}

/* A sequence of vectors, weights for them and for the state, each of three dims. */
static bool recurrent_is_sound(const ascend_graph *g, uint32_t node)
{
    uint32_t x = ascend_src(g, node, 0), w = ascend_src(g, node, 1), r = ascend_src(g, node, 2);
    return w != ASCEND_NONE && r != ASCEND_NONE && g->tensors[w].fixed && g->tensors[r].fixed &&
           g->tensors[x].rank == 3 && g->tensors[w].rank == 3 && g->tensors[r].rank == 3;
}

static uint32_t layout_of_first(const ascend_graph *g, uint32_t node)
{
    return g->tensors[ascend_src(g, node, 0)].layout;
}

static void place(ascend_graph *g, uint32_t node)
{
    uint32_t kind = ascend_kind_of(g, node);
    if (is_static(g, node)) {
        place_static(g, node);
        return;
    }
    if (kind == ASCEND_ALIAS || g->nodes[node].passes_on) {
        place_alias(g, node);
        return;
    }
    if (!is_known(g, node)) {
        ascend_refuse(g, node);
        return;
    }
    switch ((ascend_kind)kind) {
    case ASCEND_CONV:
    case ASCEND_DECONV:
        if (conv_is_sound(g, node))
            ascend_kernel_start(g, node, ASCEND_MAY_ELTWISE | ASCEND_MAY_QUANT, ASCEND_FIVE);
        else
            ascend_refuse(g, node);
        break;
    case ASCEND_MATMUL:
        if (ascend_src(g, node, 1) != ASCEND_NONE && g->tensors[ascend_src(g, node, 1)].known)
            ascend_kernel_start(g, node, ASCEND_MAY_ELTWISE | ASCEND_MAY_QUANT, ASCEND_FLAT);
        else
            ascend_refuse(g, node);
        break;
    case ASCEND_RECURRENT:
        if (recurrent_is_sound(g, node))
            ascend_kernel_start(g, node, 0, ASCEND_FLAT);
        else
            ascend_refuse(g, node);
        break;
    case ASCEND_POOL:
    case ASCEND_GLOBAL_POOL:
        if (!ascend_pool_join(g, node))
            ascend_kernel_start(g, node, ASCEND_MAY_ELTWISE | ASCEND_MAY_QUANT, ASCEND_FIVE);
        break;
    case ASCEND_CAST:
        if (cast_is_nothing(g, node))
            place_alias(g, node);
        else
            ascend_eltwise_place(g, node);
        break;
    case ASCEND_BATCH_NORM:
    case ASCEND_CLAMP:
    case ASCEND_UNARY:
    case ASCEND_BINARY:
    case ASCEND_DEQUANT:
    case ASCEND_ANTIQUANT:
    case ASCEND_QDQ:
    case ASCEND_REDUCE: ascend_eltwise_place(g, node); break;
    case ASCEND_QUANT: ascend_quant_place(g, node); break;
    case ASCEND_SPLIT: ascend_split_place(g, node); break;
    case ASCEND_NORM_SPATIAL:
    case ASCEND_MOVE: ascend_kernel_start(g, node, 0, layout_of_first(g, node)); break;
    case ASCEND_NORM:
    case ASCEND_SOFTMAX:
    case ASCEND_MOVE_FLAT: ascend_kernel_start(g, node, 0, ASCEND_FLAT); break;
    case ASCEND_TRANSPOSE: ascend_transpose_place(g, node); break;
    case ASCEND_CONCAT: ascend_concat_place(g, node); break;
    case ASCEND_PAD: ascend_pad_place(g, node); break;
    case ASCEND_VIEW: ascend_view_place(g, node); break;
    case ASCEND_UNKNOWN:
    case ASCEND_ALIAS:
    case ASCEND_STATIC: ascend_refuse(g, node); break;
    }
}

void ascend_fuse(ascend_graph *g)
{
    ascend_quant_prepare(g);
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (!g->nodes[n].done)
            place(g, n);
    /* What was to run inside a node that turned out unsupported cannot be told either. */
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (g->nodes[n].status == AMCT_NODE_FUSED &&
            g->nodes[g->nodes[n].fused_into].status != AMCT_NODE_OK)
            ascend_refuse(g, n);
}
