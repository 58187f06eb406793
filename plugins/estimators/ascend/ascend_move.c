/*
 * What only moves data or renames it: Concat, Pad, Transpose, Reshape and their kin.
 */
#include "ascend_fuse.h"

#include <math.h>
#include <string.h>

/* ---- Concat -------------------------------------------------------------------------------- */

/* Whether the cube operators that make the parts can write them side by side
 * (ConvConcatFusionPass): along the channels, each part for this alone, each filling whole groups
 * of channels. */
static bool writes_in_place(const ascend_graph *g, uint32_t node, uint32_t *last)
{
    uint32_t n = ascend_n_src(g, node);
    int64_t axis = ascend_attr_int(g, node, "axis", 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t == ASCEND_NONE || g->tensors[t].fixed || g->tensors[t].rank < 4 ||
            ascend_only_user(g, t) != node)
            return false;
        uint32_t leader = ascend_kernel_of(g, t, 0);
        if (leader == ASCEND_NONE || !ascend_kernel_is_cube(g, leader) ||
            g->tensors[t].layout != ASCEND_FIVE ||
            (axis < 0 ? axis + g->tensors[t].rank : axis) != 1 ||
            fmod(ascend_dim(g, t, 1), ascend_c0(g->tensors[t].bits)) != 0)
            return false;
        if (i == 0 || leader > *last)
            *last = leader;
    }
    return n > 0;
}

static uint32_t layout_of(const ascend_graph *g, uint32_t node)
{
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t != ASCEND_NONE && !g->tensors[t].fixed && g->tensors[t].layout == ASCEND_FIVE)
            return ASCEND_FIVE;
    }
    return ASCEND_FLAT;
}

void ascend_concat_place(ascend_graph *g, uint32_t node)
{
    uint32_t last = ASCEND_NONE, dst = ascend_dst(g, node, 0);
    if (!writes_in_place(g, node, &last)) {
        ascend_kernel_start(g, node, 0, layout_of(g, node));
        return;
    }
    g->tensors[dst].pieces = true;
    g->tensors[dst].layout = ASCEND_FIVE;
    ascend_fuse_into(g, node, last);
}

/* ---- Pad ----------------------------------------------------------------------------------- */

/* The convolution that can pad by itself: the only user, perhaps behind a quantisation. */
static uint32_t padded_conv(const ascend_graph *g, uint32_t node)
{
    uint32_t t = ascend_dst(g, node, 0);
    for (int step = 0; step < 3 && t != ASCEND_NONE; step++) {
        uint32_t user = ascend_only_user(g, t), kind = ascend_kind_of(g, user);
        if (kind == ASCEND_CONV && ascend_src(g, user, 0) == t)
            return user;
        if (kind != ASCEND_QUANT && kind != ASCEND_QDQ)
            return ASCEND_NONE;
        t = ascend_dst(g, user, 0);
    }
    return ASCEND_NONE;
}

/* Only height and width grow, by zeros. The value that is padded with is not told; for networks
 * other than zero before a convolution is unheard of. */
static bool pads_like_conv(const ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    const amct_attr_desc *mode = ascend_attr(g, node, "mode", AMCT_ATTR_STRING);
    if (mode != NULL && (mode->count != 8 || memcmp(mode->data, "constant", 8) != 0))
        return false;
    if (src == ASCEND_NONE || g->tensors[src].rank != g->tensors[dst].rank ||
        g->tensors[src].rank < 3)
        return false;
    for (uint32_t i = 0; i < g->tensors[src].rank; i++) {
        double a = ascend_dim(g, src, i), b = ascend_dim(g, dst, i);
        if (i < 2 ? a != b : b < a)
            return false;
    }
    return true;
}

void ascend_pad_place(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    uint32_t conv = pads_like_conv(g, node) ? padded_conv(g, node) : ASCEND_NONE;
    if (conv == ASCEND_NONE) {
        ascend_kernel_start(g, node, 0, layout_of(g, node));
        return;
    }
    g->tensors[dst].layout = g->tensors[src].layout;
    ascend_alias(g, dst, src);
    ascend_fuse_into(g, node, conv);
}

/* ---- Reshape ------------------------------------------------------------------------------- */

static bool same_dims(const ascend_graph *g, uint32_t a, uint32_t b)
{
    const ascend_tensor *x = &g->tensors[a], *y = &g->tensors[b];
    return x->known && y->known && x->rank == y->rank &&
           (x->rank == 0 || memcmp(x->dims, y->dims, x->rank * sizeof x->dims[0]) == 0);
}

/* Reshape to groups, swap the two channel axes, Reshape back: one channel shuffle. */
static bool join_shuffle(ascend_graph *g, uint32_t node)
{
    uint32_t x = ascend_src(g, node, 0), split = ascend_dst(g, node, 0);
    uint32_t swap = ascend_only_user(g, split);
    if (g->tensors[x].layout != ASCEND_FIVE || g->tensors[x].rank != 4 ||
        g->tensors[split].rank != 5 || ascend_kind_of(g, swap) != ASCEND_TRANSPOSE)
        return false;
    static const int64_t channels[] = {0, 2, 1, 3, 4};
    const amct_attr_desc *perm = ascend_attr(g, swap, "perm", AMCT_ATTR_INTS);
    if (perm == NULL || perm->count != 5 || memcmp(perm->data, channels, sizeof channels) != 0)
        return false;
    uint32_t swapped = ascend_dst(g, swap, 0);
    uint32_t back = swapped == ASCEND_NONE ? ASCEND_NONE : ascend_only_user(g, swapped);
    uint32_t dst = back == ASCEND_NONE ? ASCEND_NONE : ascend_dst(g, back, 0);
    if (ascend_kind_of(g, back) != ASCEND_VIEW || dst == ASCEND_NONE || !same_dims(g, x, dst) ||
        swap < node || back < swap) /* out of order, in a view that breaks its promises */
        return false;
    ascend_kernel_start(g, swap, 0, ASCEND_FIVE);
    ascend_kernel_join(g, swap, node);
    ascend_kernel_join(g, swap, back);
    return true;
}

/* A view of data in groups of channels is a conversion to ONNX's order, unless nothing lies behind
 * the channels; any other view is nothing. */
void ascend_view_place(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    if (join_shuffle(g, node) || ascend_product_view(g, node))
        return;
    if (g->tensors[src].layout == ASCEND_FIVE && !same_dims(g, src, dst) &&
        !ascend_layouts_agree(g, src)) {
        ascend_kernel_start(g, node, 0, ASCEND_FLAT);
        return;
    }
    g->tensors[dst].layout = same_dims(g, src, dst) ? g->tensors[src].layout : ASCEND_FLAT;
    ascend_alias(g, dst, src);
    ascend_remove(g, node);
}

/* ---- Split --------------------------------------------------------------------------------- */

/* Parts along the outermost axis that is longer than 1 lie one behind the other: nothing is moved
 * (SplitNOptimizer). */
void ascend_split_place(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0);
    int64_t axis = ascend_attr_int(g, node, "axis", 0);
    uint32_t rank = g->tensors[src].rank;
    axis = axis < 0 ? axis + rank : axis;
    bool outermost = axis >= 0 && axis < rank && ascend_product(g, src, 0, (uint32_t)axis) <= 1 &&
                     g->tensors[src].layout == ASCEND_FLAT;
    if (!outermost) {
        ascend_kernel_start(g, node, 0, g->tensors[src].layout);
        return;
    }
    for (uint32_t i = 0; i < ascend_n_dst(g, node); i++) {
        uint32_t t = ascend_dst(g, node, i);
        if (t != ASCEND_NONE)
            g->tensors[t].part_of = src;
    }
    ascend_remove(g, node);
}

/* ---- Transpose ----------------------------------------------------------------------------- */

/* A perm that names every axis of t once; NULL if there is none. */
static const int64_t *sound_perm(const ascend_graph *g, uint32_t node, uint32_t t)
{
    const amct_attr_desc *perm = ascend_attr(g, node, "perm", AMCT_ATTR_INTS);
    uint32_t rank = g->tensors[t].rank, seen = 0;
    if (perm == NULL || perm->count != rank)
        return NULL;
    const int64_t *axes = perm->data;
    for (uint32_t i = 0; i < rank; i++) {
        if (axes[i] < 0 || axes[i] >= rank || seen & 1u << axes[i])
            return NULL;
        seen |= 1u << axes[i];
    }
    return axes;
}

/* Whether the axes that are longer than 1 keep their order. */
static bool keeps_order(const ascend_graph *g, uint32_t t, const int64_t *axes)
{
    int64_t last = -1;
    for (uint32_t i = 0; i < g->tensors[t].rank; i++) {
        if (g->tensors[t].dims[axes[i]] == 1)
            continue;
        if (axes[i] < last)
            return false;
        last = axes[i];
    }
    return true;
}

void ascend_transpose_place(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    bool flat = g->tensors[src].layout == ASCEND_FLAT || ascend_layouts_agree(g, src);
    const int64_t *perm = sound_perm(g, node, src);
    if (flat && perm != NULL && keeps_order(g, src, perm)) {
        ascend_alias(g, dst, src);
        ascend_remove(g, node);
        return;
    }
    if (flat && perm != NULL && ascend_product_transpose(g, node, perm))
        return;
    ascend_kernel_start(g, node, 0, ASCEND_FLAT);
}
