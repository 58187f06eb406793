/*
 * The rules of the quantised graph: deploy graphs (AscendQuant, integer layer, AscendDequant) and,
 * read the same way, QuantizeLinear and DequantizeLinear.
 */
#include "ascend_fuse.h"

#include <math.h>
#include <string.h>

/* A layer is turned back to FP16 if its input has no more channels than one FP16 group. */
#define ROLLBACK_CHANNELS 16
/* Steps from a layer back to the AscendQuant of its input: Pad, DequantizeLinear. */
#define MAX_STEPS 3

static bool is_cube(uint32_t kind)
{
    return kind == ASCEND_CONV || kind == ASCEND_DECONV || kind == ASCEND_MATMUL;
}

uint32_t ascend_quant_behind(const ascend_graph *g, uint32_t node, uint32_t i)
{
    uint32_t t = ascend_src(g, node, i);
    for (int step = 0; step < MAX_STEPS && t != ASCEND_NONE; step++) {
        uint32_t maker = g->tensors[t].maker;
        uint32_t kind = ascend_kind_of(g, maker);
        if (kind == ASCEND_QUANT)
            return g->tensors[t].fixed ? ASCEND_NONE : maker;
        if (kind != ASCEND_PAD && !(kind == ASCEND_QDQ && g->nodes[maker].passes_on))
            return ASCEND_NONE;
        t = ascend_src(g, maker, 0);
    }
    return ASCEND_NONE;
}

/* Whether source t of a cube operator is an integer tensor, or dequantised from one. */
static bool is_integer(const ascend_graph *g, uint32_t t)
{
    return t != ASCEND_NONE &&
           (ascend_kind_of(g, g->tensors[t].maker) == ASCEND_QDQ || g->tensors[t].bits <= 8);
}

/* A DequantizeLinear whose users all multiply integers by integers is a notation, not work. */
static bool passes_on(const ascend_graph *g, uint32_t node)
{
    uint32_t t = ascend_dst(g, node, 0);
    if (t == ASCEND_NONE || g->tensors[t].output || g->tensors[t].n_uses == 0)
        return false;
    for (uint32_t i = 0; i < g->tensors[t].n_uses; i++) {
        uint32_t user = g->uses[g->tensors[t].use_begin + i];
        if (!is_cube(ascend_kind_of(g, user)) || !is_integer(g, ascend_src(g, user, 0)) ||
            !is_integer(g, ascend_src(g, user, 1)))
            return false;
    }
    return true;
}

/* Conv, ConvTranspose and pooling have the rule, MatMul has not; an unknown channel count leaves
 * the layer as it is. */
static bool rolls_back(const ascend_graph *g, uint32_t node)
{
    uint32_t kind = ascend_kind_of(g, node), t = ascend_src(g, node, 0);
    if (kind != ASCEND_CONV && kind != ASCEND_DECONV && kind != ASCEND_POOL)
        return false;
    if (ascend_quant_behind(g, node, 0) == ASCEND_NONE)
        return false;
    return g->tensors[t].known && ascend_dim(g, t, 1) <= ROLLBACK_CHANNELS;
}

void ascend_quant_prepare(ascend_graph *g)
{
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (ascend_kind_of(g, n) == ASCEND_QDQ)
            g->nodes[n].passes_on = passes_on(g, n);
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        if (ascend_kind_of(g, n) == ASCEND_PAD || g->nodes[n].passes_on)
            continue; /* their users count */
        g->nodes[n].rolled_back = rolls_back(g, n);
        for (uint32_t i = 0; i < ascend_n_src(g, n); i++) {
            uint32_t quant = ascend_quant_behind(g, n, i);
            if (quant == ASCEND_NONE)
                continue;
            if (g->nodes[n].rolled_back)
                g->nodes[quant].rolled++;
            else
                g->nodes[quant].live++;
        }
    }
}

/* Nobody takes the integers: all layers behind it are rolled back. */
static bool vanishes(const ascend_graph *g, uint32_t node)
{
    const ascend_node *n = &g->nodes[node];
    uint32_t q = ascend_dst(g, node, 0);
    return q != ASCEND_NONE && n->rolled > 0 && n->live == 0 && !g->tensors[q].output;
}

static float attr_float(const ascend_graph *g, uint32_t node, const char *name)
{
    const amct_attr_desc *a = ascend_attr(g, node, name, AMCT_ATTR_FLOAT);
    return a != NULL ? a->f : 0;
}

/* Whether two quantise nodes on one tensor give the same integers, so that one serves for both. */
static bool same_integers(const ascend_graph *g, uint32_t a, uint32_t b)
{
    uint32_t qa = ascend_dst(g, a, 0), qb = ascend_dst(g, b, 0);
    if (qa == ASCEND_NONE || qb == ASCEND_NONE || g->nodes[a].op != g->nodes[b].op ||
        ascend_n_src(g, a) != ascend_n_src(g, b))
        return false;
    for (uint32_t i = 1; i < ascend_n_src(g, a); i++)
        if (ascend_src(g, a, i) != ascend_src(g, b, i))
            return false;
    return attr_float(g, a, "scale") == attr_float(g, b, "scale") &&
           attr_float(g, a, "offset") == attr_float(g, b, "offset") &&
           g->tensors[qa].bits == g->tensors[qb].bits;
}

/* A residual addition: the other operand is no constant and has the same size. */
static bool is_residual_add(const ascend_graph *g, uint32_t node, uint32_t t)
{
    if (ascend_kind_of(g, node) != ASCEND_BINARY || ascend_n_src(g, node) != 2 ||
        strcmp(g->nodes[node].op->name, "Add") != 0)
        return false;
    uint32_t a = ascend_src(g, node, 0), b = ascend_src(g, node, 1);
    uint32_t other = a == t ? b : a;
    return other != ASCEND_NONE && !g->tensors[other].fixed && g->tensors[other].known &&
           g->tensors[other].elements == g->tensors[t].elements;
}

enum demand { ONLY_INTEGERS, ALSO_RESIDUAL, ALSO_FLOAT };

/* Who else reads tensor t that quantise node `node` reads, apart from its like. */
static enum demand demand_of(const ascend_graph *g, uint32_t t, uint32_t node)
{
    enum demand demand = g->tensors[t].output ? ALSO_FLOAT : ONLY_INTEGERS;
    for (uint32_t i = 0; i < g->tensors[t].n_uses && demand != ALSO_FLOAT; i++) {
        uint32_t user = g->uses[g->tensors[t].use_begin + i];
        if (ascend_kind_of(g, user) == ASCEND_QUANT && !vanishes(g, user) &&
            same_integers(g, user, node))
            continue;
        demand = is_residual_add(g, user, t) ? ALSO_RESIDUAL : ALSO_FLOAT;
    }
    return demand;
}

/* Concat in pieces, then quantise: the pieces are quantised where they are made, if each fills
 * whole groups of 32 channels (ConcatQuantFusionPass; not for 4 bits). */
static bool quantise_pieces(ascend_graph *g, uint32_t node, uint32_t t, enum demand demand)
{
    uint32_t concat = g->tensors[t].maker, q = ascend_dst(g, node, 0);
    if (!g->tensors[t].pieces || g->tensors[q].bits != 8 || demand != ONLY_INTEGERS)
        return false;
    for (uint32_t i = 0; i < ascend_n_src(g, concat); i++) {
        uint32_t piece = ascend_src(g, concat, i);
        if (g->tensors[piece].bits != 16 || fmod(ascend_dim(g, piece, 1), 32) != 0)
            return false;
    }
    for (uint32_t i = 0; i < ascend_n_src(g, concat); i++)
        g->tensors[ascend_src(g, concat, i)].bits = 8;
    g->tensors[t].bits = 8;
    ascend_alias(g, q, t);
    ascend_fuse_into(g, node, g->nodes[concat].fused_into);
    return true;
}

/* Quantises at the end of the kernel that makes t, if the compiler would. */
static bool quantise_in_kernel(ascend_graph *g, uint32_t node, uint32_t t, enum demand demand)
{
    uint32_t leader = ascend_kernel_of(g, t, ASCEND_MAY_QUANT), q = ascend_dst(g, node, 0);
    uint8_t residual = g->settings->residual;
    if (leader == ASCEND_NONE || demand == ALSO_FLOAT ||
        (demand == ALSO_RESIDUAL && residual == ASCEND_RESIDUAL_FLOAT16))
        return false;
    ascend_kernel_join(g, leader, node);
    g->nodes[leader].extend = 0;
    if (demand == ONLY_INTEGERS || residual == ASCEND_RESIDUAL_INT8)
        g->tensors[t].same_as = q; /* the FP16 form is never written */
    return true;
}

/* The tensor behind what vanishes between a kernel and its quantisation: views, and a Pad that a
 * convolution takes over, that nobody else sees through. */
static uint32_t made_tensor(const ascend_graph *g, uint32_t t)
{
    for (int step = 0; step < MAX_STEPS; step++) {
        uint32_t maker = g->tensors[t].maker;
        uint32_t kind = ascend_kind_of(g, maker);
        bool gone = kind == ASCEND_PAD || kind == ASCEND_VIEW || kind == ASCEND_ALIAS;
        if (!gone || !g->nodes[maker].done || g->nodes[maker].kernel != ASCEND_NONE)
            break;
        uint32_t src = ascend_src(g, maker, 0);
        if (src == ASCEND_NONE || ascend_only_user(g, src) != maker)
            break;
        t = src;
    }
    return t;
}

void ascend_quant_place(ascend_graph *g, uint32_t node)
{
    uint32_t t = ascend_src(g, node, 0), q = ascend_dst(g, node, 0);
    g->tensors[q].layout = g->tensors[t].layout;
    if (vanishes(g, node)) {
        ascend_alias(g, q, t);
        ascend_remove(g, node);
        return;
    }
    uint32_t first = g->tensors[t].quant;
    if (first != ASCEND_NONE && same_integers(g, first, node)) {
        const ascend_node *f = &g->nodes[first];
        ascend_alias(g, q, ascend_dst(g, first, 0));
        ascend_fuse_into(g, node, f->status == AMCT_NODE_FUSED ? f->fused_into : first);
        return;
    }
    if (first == ASCEND_NONE) {
        enum demand demand = demand_of(g, t, node);
        uint32_t made = made_tensor(g, t);
        g->tensors[t].quant = node;
        if (quantise_pieces(g, node, made, demand) || quantise_in_kernel(g, node, made, demand))
            return;
    }
    ascend_kernel_start(g, node, 0, g->tensors[t].layout);
}
