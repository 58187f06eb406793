/*
 * What lies around a matrix product: views, transposes of heads, swaps of the last two axes.
 * Between products CANN stores matrices in tiles of 16 x 16 (FRACTAL_NZ).
 */
#include "ascend_fuse.h"

#define TILE 16

static bool is_product(const ascend_graph *g, uint32_t leader)
{
    return leader != ASCEND_NONE && ascend_kind_of(g, leader) == ASCEND_MATMUL;
}

/* The product that made t for node alone and may still be extended; else ASCEND_NONE. */
static uint32_t product_before(const ascend_graph *g, uint32_t node, uint32_t t)
{
    uint32_t leader =
        ascend_only_user(g, t) == node ? ascend_kernel_of(g, t, ASCEND_MAY_ELTWISE) : ASCEND_NONE;
    return is_product(g, leader) ? leader : ASCEND_NONE;
}

bool ascend_product_view(ascend_graph *g, uint32_t node)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    uint32_t leader = product_before(g, node, src);
    if (leader == ASCEND_NONE || g->tensors[src].layout != ASCEND_FLAT ||
        g->tensors[src].bits != g->tensors[dst].bits)
        return false;
    ascend_kernel_join(g, leader, node);
    return true;
}

/* Rows and heads change places. */
static bool swaps_heads(const int64_t *axes)
{
    return axes[0] == 0 && axes[1] == 2 && axes[2] == 1 && axes[3] == 3;
}

/* Heads are split from or joined to the columns tile by tile if both sides fill tiles: rows are
 * axis 1 of what was split, axis 2 of what is joined. */
static bool moves_tiles(const ascend_graph *g, uint32_t src)
{
    uint32_t maker = g->tensors[src].maker;
    uint32_t rows = ascend_kind_of(g, maker) == ASCEND_VIEW ? 1 : 2;
    return __builtin_fmod(ascend_dim(g, src, rows), TILE) == 0 &&
           __builtin_fmod(ascend_dim(g, src, 3), TILE) == 0;
}

bool ascend_product_transpose(ascend_graph *g, uint32_t node, const int64_t *perm)
{
    uint32_t src = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    uint32_t rank = g->tensors[src].rank, behind = ascend_only_user(g, dst);
    int64_t axes[AMCT_MAX_RANK];
    if (rank < 2)
        return false;
    bool ordered = true;
    bool swapped = is_product(g, behind) && perm[rank - 2] == rank - 1;
    for (uint32_t i = 0; i < rank; i++) {
        axes[i] = !swapped || i + 2 < rank ? perm[i] : perm[2 * rank - 3 - i];
        ordered &= axes[i] == i;
    }
    g->nodes[node].swapped = swapped;
    if (ordered) {
        ascend_alias(g, dst, src);
        ascend_fuse_into(g, node, behind);
        return true;
    }
    uint32_t leader = rank == 4 && swaps_heads(axes) ? product_before(g, node, src) : ASCEND_NONE;
    if (leader == ASCEND_NONE || g->nodes[leader].eltwise > 0 || !moves_tiles(g, src))
        return false;
    ascend_kernel_join(g, leader, node);
    g->nodes[leader].extend = 0;
    return true;
}
