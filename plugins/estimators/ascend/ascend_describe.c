#include "ascend_describe.h"

#include "ascend_fuse.h"

#include <math.h>

/* ---- Cube ---------------------------------------------------------------------------------- */

/* Rows and columns of an accumulator tile. */
#define TILE 16
/* C0 weights are 32 bytes, of any width. */
#define WEIGHT_TILE_BYTES (TILE * 32)

typedef struct geometry {
    double m_tiles, k_steps, n_tiles;
    double weight_tiles; /* of 16 x C0 weights, 0 if both operands are computed */
    bool depthwise, sparse;
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
    out.depthwise = groups > 1 && groups == cin;
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
    return out;
}

static geometry cube_geometry(const ascend_graph *g, uint32_t leader)
{
    geometry out = ascend_kind_of(g, leader) == ASCEND_MATMUL ? matmul_geometry(g, leader)
                                                              : conv_geometry(g, leader);
    out.m_tiles = fmin(out.m_tiles, ASCEND_HUGE);
    out.k_steps = fmin(out.k_steps, ASCEND_HUGE);
    out.n_tiles = fmin(out.n_tiles, ASCEND_HUGE);
    out.weight_tiles = fmin(out.weight_tiles, ASCEND_HUGE);
    return out;
}

double ascend_describe_weights(const ascend_graph *g, uint32_t leader)
{
    if (!ascend_kernel_is_cube(g, leader))
        return 0;
    geometry geo = cube_geometry(g, leader);
    return geo.weight_tiles * WEIGHT_TILE_BYTES * (geo.sparse ? ASCEND_SPARSE_BYTES : 1);
}

/* ---- Vector -------------------------------------------------------------------------------- */

static void describe_pool(const ascend_graph *g, uint32_t node, ascend_work *work)
{
    double out = ascend_padded(g, ascend_dst(g, node, 0), TILE);
    double in = ascend_padded(g, ascend_src(g, node, 0), TILE);
    const amct_attr_desc *kernel = ascend_attr(g, node, "kernel_shape", AMCT_ATTR_INTS);
    if (ascend_kind_of(g, node) == ASCEND_GLOBAL_POOL || kernel == NULL) {
        work->pool_elements = in;
        return;
    }
    double window = 1;
    for (size_t i = 0; i < kernel->count && i < AMCT_MAX_RANK; i++)
        window = fmin(window * fmax(1, (double)((const int64_t *)kernel->data)[i]), ASCEND_HUGE);
    work->pool_elements = fmin(out * window, ASCEND_HUGE);
}

static void describe_units(const ascend_graph *g, uint32_t leader, ascend_work *work)
{
    const ascend_node *lead = &g->nodes[leader];
    uint32_t kind = ascend_kind_of(g, leader);
    uint32_t src = ascend_src(g, leader, 0), dst = ascend_dst(g, leader, 0);
    switch (kind) {
    case ASCEND_CONV:
    case ASCEND_DECONV:
    case ASCEND_MATMUL: {
        geometry geo = cube_geometry(g, leader);
        work->m_tiles = geo.m_tiles;
        work->k_steps = geo.k_steps;
        work->n_tiles = geo.n_tiles;
        work->depthwise = geo.depthwise;
        work->sparse = geo.sparse;
        work->weight_bytes = geo.weight_tiles * WEIGHT_TILE_BYTES;
        work->vector_elements = ascend_padded(g, dst, TILE);
        work->vector_passes = 1 + lead->eltwise;
        work->epilogue = true;
        break;
    }
    case ASCEND_POOL:
    case ASCEND_GLOBAL_POOL: describe_pool(g, leader, work); break;
    case ASCEND_REDUCE:
        if (lead->layout == ASCEND_FIVE && lead->eltwise == 0) {
            work->pool_elements = ascend_padded(g, src, TILE); /* over height and width */
            break;
        }
        work->vector_elements = ascend_padded(g, src, TILE);
        work->vector_passes = 1 + lead->eltwise;
        break;
    case ASCEND_NORM:
    case ASCEND_NORM_SPATIAL:
        work->vector_elements = ascend_padded(g, src, TILE);
        work->vector_passes = lead->op->passes;
        break;
    case ASCEND_MOVE:
    case ASCEND_MOVE_FLAT:
    case ASCEND_TRANSPOSE:
    case ASCEND_CONCAT:
    case ASCEND_PAD:
    case ASCEND_VIEW: work->moves = true; break;
    default: /* elementwise */
        work->vector_elements = fmax(ascend_padded(g, dst, TILE), g->tensors[dst].elements);
        work->vector_passes = fmax(1, lead->eltwise);
    }
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* The tensor that source i of a member really reads. */
static uint32_t read_tensor(const ascend_graph *g, uint32_t node, uint32_t i)
{
    if (g->nodes[node].rolled_back && i == 0) {
        uint32_t quant = ascend_quant_behind(g, node, 0);
        if (quant != ASCEND_NONE && ascend_src(g, quant, 0) != ASCEND_NONE)
            return ascend_src(g, quant, 0);
    }
    return ascend_src(g, node, i);
}

/* Whether t must be brought to the kernel's layout first. Transpose reads any layout, a view is
 * itself the conversion, and another kernel may have had it converted. */
static bool needs_transdata(const ascend_graph *g, uint32_t leader, uint32_t t)
{
    uint32_t kind = ascend_kind_of(g, leader);
    const ascend_tensor *tensor = &g->tensors[t];
    return kind != ASCEND_TRANSPOSE && kind != ASCEND_VIEW && tensor->rank >= 3 &&
           tensor->layout != g->nodes[leader].layout && !tensor->converted && !tensor->image &&
           !ascend_layouts_agree(g, t);
}

/* Constants that an elementwise operator reads as it reads results; those of other operators are
 * weights, counted elsewhere, or tables of which a little is read. */
static double constant_bytes(const ascend_graph *g, uint32_t node, uint32_t t)
{
    return ascend_kind_of(g, node) == ASCEND_BINARY ? ascend_bytes(g, t) : 0;
}

static bool is_written(const ascend_graph *g, uint32_t leader, uint32_t t)
{
    const ascend_tensor *tensor = &g->tensors[t];
    if (tensor->same_as != t)
        return false;
    if (tensor->output)
        return true;
    for (uint32_t i = 0; i < tensor->n_uses; i++)
        if (g->nodes[g->uses[tensor->use_begin + i]].kernel != leader)
            return true;
    return false;
}

void ascend_describe(ascend_graph *g, uint32_t leader, ascend_work *work, double *transdata_bytes,
                     uint32_t *n_transdata)
{
    *work = (ascend_work){0};
    *transdata_bytes = 0;
    *n_transdata = 0;
    describe_units(g, leader, work);
    for (uint32_t n = leader; n != ASCEND_NONE; n = g->nodes[n].next) {
        for (uint32_t i = 0; i < ascend_n_src(g, n); i++) {
            uint32_t t = read_tensor(g, n, i);
            if (t == ASCEND_NONE)
                continue;
            if (g->tensors[t].fixed) {
                work->read_bytes += constant_bytes(g, n, t);
                continue;
            }
            uint32_t bytes_of = ascend_resolve(g, t), maker = g->tensors[t].maker;
            bool inside = maker != ASCEND_NONE && g->nodes[maker].kernel == leader;
            if (inside || g->tensors[bytes_of].reader == leader)
                continue;
            g->tensors[bytes_of].reader = leader;
            double bytes = ascend_bytes(g, bytes_of);
            work->read_bytes += bytes;
            if (needs_transdata(g, leader, t)) {
                g->tensors[t].converted = true;
                *transdata_bytes += bytes;
                ++*n_transdata;
            }
        }
        for (uint32_t i = 0; i < ascend_n_dst(g, n); i++) {
            uint32_t t = ascend_dst(g, n, i);
            if (t != ASCEND_NONE && is_written(g, leader, t))
                work->write_bytes += ascend_bytes(g, t);
        }
    }
    /* Slice and Gather read no more than they pass on. */
    if (work->moves && work->write_bytes > 0)
        work->read_bytes = fmin(work->read_bytes, work->write_bytes);
    work->read_bytes = fmin(work->read_bytes, ASCEND_HUGE);
    work->write_bytes = fmin(work->write_bytes, ASCEND_HUGE);
    *transdata_bytes = fmin(*transdata_bytes, ASCEND_HUGE);
}

ascend_work ascend_describe_transdata(double bytes)
{
    return (ascend_work){.moves = true, .read_bytes = bytes, .write_bytes = bytes};
}
