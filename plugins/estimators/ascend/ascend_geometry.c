#include "ascend_describe.h"

#include <math.h>

/* Rows and columns of an accumulator tile. */
#define TILE 16
/* C0 weights are 32 bytes, of any width. */
#define WEIGHT_TILE_BYTES (TILE * 32)

typedef struct geometry {
    double m_tiles, k_steps, n_tiles;
    double weight_tiles; /* of 16 x C0 weights, 0 if both operands are computed */
    double images, sequence, window;
    uint32_t kind; /* ascend_cube_kind */
    bool sparse;
} geometry;

static double gcd(double a, double b)
{
    while (b > 0) {
        double rest = fmod(a, b);
        a = b;
        b = rest;
    }
    return a;
}

static double lcm(double a, double b)
{
    return a <= 0 || b <= 0 ? 1 : a / gcd(a, b) * b;
}

/* The integers or halves that a layer multiplies: 16 if it was rolled back. */
static uint32_t operand_bits(const ascend_graph *g, uint32_t node, uint32_t i)
{
    uint32_t bits = g->tensors[ascend_resolve(g, ascend_src(g, node, i))].bits;
    return g->nodes[node].rolled_back || bits > 16 ? 16 : bits;
}

static double conv_steps(double window, double channels, double c0, bool small)
{
    return small ? ascend_ceil_div(window * 4, c0) : window * ascend_ceil_div(channels, c0);
}

/* CANN packs groups until they fill the cube's tiles: e of them at a time. */
static geometry conv_geometry(const ascend_graph *g, uint32_t node)
{
    uint32_t x = ascend_src(g, node, 0), w = ascend_src(g, node, 1), y = ascend_dst(g, node, 0);
    geometry out = {0};
    uint32_t x_bits = operand_bits(g, node, 0), w_bits = operand_bits(g, node, 1);
    double c0 = ascend_c0(x_bits);
    double groups = (double)ascend_attr_int(g, node, "group", 1);
    double cin = fmax(1, ascend_dim(g, x, 1)), cout = fmax(1, ascend_dim(g, y, 1));
    double cin_group = ceil(cin / groups), cout_group = ceil(cout / groups);
    double window = ascend_product(g, w, 2, g->tensors[w].rank);
    out.window = window;
    double positions =
        fmin(ascend_dim(g, y, 0) * ascend_product(g, y, 2, g->tensors[y].rank), ASCEND_HUGE);
    double e = lcm(lcm(cin_group, c0) / cin_group, lcm(cout_group, TILE) / cout_group);
    e = fmin(e, groups);
    double packs = ascend_ceil_div(groups, e);
    bool small = g->settings->small_channel && groups == 1 && cin <= 4 && x_bits == 16;
    out.m_tiles = ascend_ceil_div(positions, TILE);
    out.k_steps = conv_steps(window, e * cin_group, c0, small);
    out.n_tiles = packs * ascend_ceil_div(e * cout_group, TILE);
    out.weight_tiles = conv_steps(window, e * cin_group, ascend_c0(w_bits), small) * out.n_tiles;
    double depth = g->tensors[y].rank == 5 ? ascend_dim(g, y, 2) : 1;
    out.images = fmin(ascend_dim(g, y, 0) * depth, ASCEND_HUGE);
    if (groups > 1 && groups == cin)
        out.kind = ASCEND_CUBE_DEPTHWISE;
    else if (ascend_kind_of(g, node) == ASCEND_DECONV)
        out.kind = ASCEND_CUBE_TRANSPOSED;
    out.sparse = groups == 1 && x_bits == 8 && g->tensors[w].sparse &&
                 ascend_kind_of(g, node) == ASCEND_CONV;
    return out;
}

/* Rows of every matrix of a batch are tiled by themselves, unless one matrix serves them all. */
static geometry matmul_geometry(const ascend_graph *g, uint32_t node)
{
    uint32_t a = ascend_src(g, node, 0), b = ascend_src(g, node, 1), y = ascend_dst(g, node, 0);
    const ascend_tensor *ta = &g->tensors[a], *tb = &g->tensors[b], *ty = &g->tensors[y];
    geometry out = {0};
    uint32_t x_bits = operand_bits(g, node, ta->fixed ? 1 : 0);
    uint32_t w_bits = operand_bits(g, node, ta->fixed ? 0 : 1);
    bool transposed = ascend_attr_int(g, node, "transA", 0) != 0;
    double columns = tb->rank < 2 || ty->rank < 1 ? 1 : ascend_dim(g, y, ty->rank - 1);
    double inner = ta->rank < 1 ? 1 : ascend_dim(g, a, ta->rank - 1);
    double rows = ty->elements / fmax(1, columns), batch = 1;
    if (transposed && ta->rank == 2)
        inner = ascend_dim(g, a, 0);
    if (tb->rank > 2 && ta->rank > 1) {
        double height = fmax(1, ascend_dim(g, a, ta->rank - 2));
        batch = ceil(rows / height);
        rows = height;
    }
    double w_steps = ascend_ceil_div(inner, ascend_c0(w_bits));
    out.m_tiles = batch * ascend_ceil_div(rows, TILE);
    out.k_steps = ascend_ceil_div(inner, ascend_c0(x_bits));
    out.n_tiles = ascend_ceil_div(columns, TILE);
    out.sparse = x_bits == 8 && tb->sparse;
    if (tb->fixed)
        out.weight_tiles =
            w_steps * out.n_tiles * (tb->rank > 2 ? ascend_product(g, b, 0, tb->rank - 2) : 1);
    else if (ta->fixed)
        out.weight_tiles = w_steps * out.m_tiles;
    if (ta->fixed || tb->fixed)
        out.kind = ASCEND_CUBE_MATMUL;
    return out;
}

/* One step after the other: the rows of a step are the batch, its columns all gates. */
static geometry recurrent_geometry(const ascend_graph *g, uint32_t node)
{
    uint32_t x = ascend_src(g, node, 0), w = ascend_src(g, node, 1), r = ascend_src(g, node, 2);
    geometry out = {0};
    double c0 = ascend_c0(operand_bits(g, node, 0));
    out.m_tiles = ascend_ceil_div(ascend_dim(g, x, 1), TILE);
    out.k_steps =
        ascend_ceil_div(ascend_dim(g, w, 2), c0) + ascend_ceil_div(ascend_dim(g, r, 2), c0);
    out.n_tiles = ascend_ceil_div(ascend_dim(g, w, 1), TILE);
    out.sequence = fmin(ascend_dim(g, x, 0) * ascend_dim(g, w, 0), ASCEND_HUGE);
    out.weight_tiles = out.k_steps * out.n_tiles * ascend_dim(g, w, 0);
    out.kind = ASCEND_CUBE_MATMUL;
    return out;
}

void ascend_describe_cube(const ascend_graph *g, uint32_t leader, ascend_work *work)
{
    uint32_t kind = ascend_kind_of(g, leader);
    geometry geo = kind == ASCEND_MATMUL      ? matmul_geometry(g, leader)
                   : kind == ASCEND_RECURRENT ? recurrent_geometry(g, leader)
                                              : conv_geometry(g, leader);
    work->kind = ASCEND_WORK_CUBE;
    work->cube = geo.kind;
    work->m_tiles = fmin(geo.m_tiles, ASCEND_HUGE);
    work->k_steps = fmin(geo.k_steps, ASCEND_HUGE);
    work->n_tiles = fmin(geo.n_tiles, ASCEND_HUGE);
    work->images = geo.images;
    work->sequence = geo.sequence;
    work->window = geo.window;
    work->sparse = geo.sparse;
    work->weight_bytes = fmin(geo.weight_tiles, ASCEND_HUGE) * WEIGHT_TILE_BYTES;
}
