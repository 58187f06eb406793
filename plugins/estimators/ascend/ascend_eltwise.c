/*
 * Elementwise operators. A kernel takes up to five of them behind its own work (TbeCommonRules0,
 * TbeEltwiseQuant), in a chain or as a cluster: a group that spreads from one tensor and comes
 * together again, such as x * sigmoid(x), GELU, HardSwish written out, or a written-out
 * LayerNormalization. Convolutions take the clusters that CANN has a pattern for, products all.
 */
#include "ascend_fuse.h"

#include <string.h>

#define MAX_ELTWISE  5
#define MAX_CLUSTER  12 /* nodes; GELU by tanh has 8, LayerNormalization 9 */
#define MAX_USES     8  /* users of one tensor that are looked at */
#define MAX_SEARCHED 24

/* The only tensor that a node computes from, ASCEND_NONE if there are several or none. */
static uint32_t only_operand(const ascend_graph *g, uint32_t node)
{
    uint32_t only = ASCEND_NONE;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t == ASCEND_NONE || g->tensors[t].fixed || t == only)
            continue;
        if (only != ASCEND_NONE)
            return ASCEND_NONE;
        only = t;
    }
    return only;
}

/* ---- Joining the kernel of an operand ------------------------------------------------------ */

/* Directly behind a convolution, what scales or shifts channels is folded into its weights and
 * bias; behind a MatMul the bias is. */
static bool folds(const ascend_graph *g, uint32_t leader, uint32_t node)
{
    const ascend_node *lead = &g->nodes[leader];
    if (lead->eltwise > 0 || lead->activated || !ascend_kernel_is_cube(g, leader))
        return false;
    uint32_t kind = ascend_kind_of(g, node);
    bool matmul = ascend_kind_of(g, leader) == ASCEND_MATMUL;
    if (kind == ASCEND_BATCH_NORM)
        return !matmul;
    if (kind != ASCEND_BINARY || only_operand(g, node) == ASCEND_NONE)
        return false;
    const char *name = g->nodes[node].op->name;
    if (strcmp(name, "Add") == 0)
        return true;
    return !matmul &&
           (strcmp(name, "Mul") == 0 || strcmp(name, "Sub") == 0 || strcmp(name, "Div") == 0);
}

static void join(ascend_graph *g, uint32_t leader, uint32_t node)
{
    ascend_node *lead = &g->nodes[leader];
    uint32_t kind = ascend_kind_of(g, node);
    if (kind == ASCEND_CLAMP && ascend_kernel_is_cube(g, leader) && !lead->activated)
        lead->activated = true;
    else if (kind != ASCEND_DEQUANT && !folds(g, leader, node))
        lead->eltwise++;
    ascend_kernel_join(g, leader, node);
    if (kind == ASCEND_DEQUANT && g->nodes[leader].rolled_back)
        g->nodes[node].status = AMCT_NODE_REMOVED;
}

/* Whether node adds to the product of two computed matrices a mask s with a value a column
 * (TbeBatchMatmulFusedMulAddFusionPass). */
static bool adds_mask(const ascend_graph *g, uint32_t leader, uint32_t node, uint32_t s)
{
    uint32_t weights = ascend_src(g, leader, 1), dst = ascend_dst(g, node, 0);
    const ascend_tensor *mask = &g->tensors[s], *out = &g->tensors[dst];
    return ascend_kind_of(g, leader) == ASCEND_MATMUL && weights != ASCEND_NONE &&
           !g->tensors[weights].fixed && strcmp(g->nodes[node].op->name, "Add") == 0 &&
           mask->rank > 0 && out->rank > 0 &&
           ascend_dim(g, s, mask->rank - 1) == ascend_dim(g, dst, out->rank - 1);
}

/* Other operands of a cube operator's epilogue have one value per result, are constants or masks;
 * more than two of them are not fused (TbeCommonRules0). */
static bool operands_fit(const ascend_graph *g, uint32_t leader, uint32_t node, uint32_t t)
{
    bool cube = ascend_kernel_is_cube(g, leader);
    uint32_t others = 0;
    double elements = g->tensors[ascend_dst(g, node, 0)].elements;
    if (g->tensors[t].elements != elements)
        return false;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t s = ascend_src(g, node, i);
        if (s == ASCEND_NONE || s == t || g->tensors[s].fixed)
            continue;
        others++;
        if (cube && g->tensors[s].elements != elements && !adds_mask(g, leader, node, s))
            return false;
    }
    return others <= 1;
}

/* The kernel that node joins through its source t alone; ASCEND_NONE if it cannot. */
static uint32_t joinable(const ascend_graph *g, uint32_t node, uint32_t t)
{
    if (t == ASCEND_NONE || g->tensors[t].fixed || ascend_only_user(g, t) != node)
        return ASCEND_NONE;
    uint32_t leader = ascend_kernel_of(g, t, ASCEND_MAY_ELTWISE);
    if (leader == ASCEND_NONE)
        return ASCEND_NONE;
    const ascend_node *lead = &g->nodes[leader];
    uint32_t kind = ascend_kind_of(g, leader);
    bool cube = ascend_kernel_is_cube(g, leader);
    if (ascend_kind_of(g, node) == ASCEND_DEQUANT) /* of accumulators */
        return (cube || kind == ASCEND_POOL) && lead->eltwise == 0 && !lead->activated
                   ? leader
                   : ASCEND_NONE;
    if (kind == ASCEND_POOL || lead->eltwise >= MAX_ELTWISE)
        return ASCEND_NONE;
    return operands_fit(g, leader, node, t) ? leader : ASCEND_NONE;
}

/* Of two convolutions that are added the later one takes the addition: both are ready by then. */
static bool join_chain(ascend_graph *g, uint32_t node)
{
    uint32_t best = ASCEND_NONE;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t leader = joinable(g, node, ascend_src(g, node, i));
        if (leader == ASCEND_NONE)
            continue;
        bool cube = ascend_kernel_is_cube(g, leader);
        if (best == ASCEND_NONE || (cube && !ascend_kernel_is_cube(g, best)) ||
            (cube == ascend_kernel_is_cube(g, best) && leader > best))
            best = leader;
    }
    if (best == ASCEND_NONE)
        return false;
    join(g, best, node);
    return true;
}

/* ---- Clusters ------------------------------------------------------------------------------ */

typedef struct cluster {
    uint32_t nodes[MAX_CLUSTER], n_nodes;
    uint32_t inside[MAX_CLUSTER + 1], n_inside; /* tensors; the first is where it spreads from */
    uint32_t open;            /* uses of inside tensors but the first that no member accounts for */
    uint32_t n_root;          /* uses of the first by members */
    uint32_t good, good_root; /* n_nodes and n_root when only the last result was open */
    bool reduces;             /* began with a reduction, which may then occur */
} cluster;

static uint32_t uses_of(const ascend_graph *g, uint32_t t)
{
    return g->tensors[t].n_uses + g->tensors[t].output;
}

static bool is_inside(const cluster *c, uint32_t t)
{
    for (uint32_t i = 0; i < c->n_inside; i++)
        if (c->inside[i] == t)
            return true;
    return false;
}

static bool may_enter(const ascend_graph *g, const cluster *c, uint32_t node)
{
    uint32_t kind = ascend_kind_of(g, node), dst = ascend_dst(g, node, 0);
    bool eltwise = kind == ASCEND_CLAMP || kind == ASCEND_UNARY || kind == ASCEND_BINARY ||
                   kind == ASCEND_CAST || (kind == ASCEND_REDUCE && c->reduces);
    if (!eltwise || g->nodes[node].done || dst == ASCEND_NONE || !g->tensors[dst].known ||
        ascend_n_dst(g, node) != 1)
        return false;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t != ASCEND_NONE && !g->tensors[t].fixed && !is_inside(c, t))
            return false;
    }
    return true;
}

static void enter(const ascend_graph *g, cluster *c, uint32_t node)
{
    uint32_t dst = ascend_dst(g, node, 0), root = c->inside[0];
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t == root)
            c->n_root++;
        else if (t != ASCEND_NONE && is_inside(c, t))
            c->open--;
    }
    c->nodes[c->n_nodes++] = node;
    c->inside[c->n_inside++] = dst;
    c->open += uses_of(g, dst);
    if (c->open == uses_of(g, dst) && g->tensors[dst].elements == g->tensors[root].elements) {
        c->good = c->n_nodes;
        c->good_root = c->n_root;
    }
}

/* The first node behind `after` that uses a tensor inside. */
static uint32_t next_user(const ascend_graph *g, const cluster *c, uint32_t after)
{
    uint32_t best = ASCEND_NONE;
    for (uint32_t i = 0; i < c->n_inside; i++) {
        const ascend_tensor *t = &g->tensors[c->inside[i]];
        for (uint32_t u = 0; u < t->n_uses && u < MAX_USES; u++) {
            uint32_t user = g->uses[t->use_begin + u];
            if (user > after && user < best)
                best = user;
        }
    }
    return best;
}

/* Collects what spreads from tensor `root`, starting with `node`. A user that cannot enter leaves
 * the tensor that it uses open, so that the group ends before it or does not close. */
static void find_cluster(const ascend_graph *g, cluster *c, uint32_t node, uint32_t root)
{
    *c = (cluster){.inside = {root}, .n_inside = 1};
    c->reduces = ascend_kind_of(g, node) == ASCEND_REDUCE;
    for (int i = 0; i < MAX_SEARCHED && node != ASCEND_NONE && c->n_nodes < MAX_CLUSTER; i++) {
        if (may_enter(g, c, node))
            enter(g, c, node);
        node = next_user(g, c, node);
    }
}

static bool is_called(const ascend_graph *g, uint32_t node, const char *name)
{
    return strcmp(g->nodes[node].op->name, name) == 0;
}

static bool reads(const ascend_graph *g, uint32_t node, uint32_t t)
{
    return ascend_src(g, node, 0) == t || ascend_src(g, node, 1) == t;
}

/* The groups that a convolution takes: x * sigmoid(x) (TbeConvSigmoidMulQuant), Mish, and HardSwish
 * that multiplies by x before it divides (TbeConv2dAddClipMulDivFusionPass). */
static bool conv_takes(const ascend_graph *g, const cluster *c)
{
    const uint32_t *n = c->nodes;
    if (c->good == 2)
        return (is_called(g, n[0], "Sigmoid") || is_called(g, n[0], "HardSigmoid")) &&
               is_called(g, n[1], "Mul");
    if (c->good == 3 && is_called(g, n[0], "Softplus"))
        return is_called(g, n[1], "Tanh") && is_called(g, n[2], "Mul");
    return (c->good == 3 || c->good == 4) && is_called(g, n[0], "Add") &&
           is_called(g, n[1], "Clip") && is_called(g, n[2], "Mul") && reads(g, n[2], c->inside[0]);
}

static bool join_cluster(ascend_graph *g, uint32_t node)
{
    uint32_t root = only_operand(g, node);
    cluster c;
    if (root == ASCEND_NONE)
        return false;
    find_cluster(g, &c, node, root);
    if (c.good < 2)
        return false;
    uint32_t leader = ASCEND_NONE;
    if (!c.reduces && c.good_root == uses_of(g, root))
        leader = ascend_kernel_of(g, root, ASCEND_MAY_ELTWISE);
    if (leader != ASCEND_NONE &&
        (ascend_kind_of(g, leader) == ASCEND_POOL || g->nodes[leader].eltwise >= MAX_ELTWISE))
        leader = ASCEND_NONE;
    if (leader != ASCEND_NONE && ascend_kernel_is_cube(g, leader) &&
        ascend_kind_of(g, leader) != ASCEND_MATMUL && !conv_takes(g, &c))
        leader = ASCEND_NONE;
    uint32_t first = 0;
    if (leader == ASCEND_NONE) {
        leader = node;
        ascend_kernel_start(g, node, ASCEND_MAY_ELTWISE | ASCEND_MAY_QUANT,
                            g->tensors[root].layout);
        g->nodes[node].eltwise = 1;
        first = 1;
    }
    for (uint32_t i = first; i < c.good; i++) {
        ascend_kernel_join(g, leader, c.nodes[i]);
        g->nodes[leader].eltwise++;
    }
    return true;
}

/* ---- The rule ------------------------------------------------------------------------------ */

/* FIVE if an operand of the result's size is. */
static uint32_t layout_of(const ascend_graph *g, uint32_t node)
{
    double elements = g->tensors[ascend_dst(g, node, 0)].elements;
    for (uint32_t i = 0; i < ascend_n_src(g, node); i++) {
        uint32_t t = ascend_src(g, node, i);
        if (t != ASCEND_NONE && !g->tensors[t].fixed && g->tensors[t].layout == ASCEND_FIVE &&
            g->tensors[t].elements == elements)
            return ASCEND_FIVE;
    }
    return ASCEND_FLAT;
}

/* A reduction over all that is behind the channels keeps the layout. */
static uint32_t reduced_layout(const ascend_graph *g, uint32_t node)
{
    uint32_t t = ascend_src(g, node, 0), dst = ascend_dst(g, node, 0);
    bool spatial = t != ASCEND_NONE && g->tensors[t].layout == ASCEND_FIVE &&
                   ascend_dim(g, dst, 0) == ascend_dim(g, t, 0) &&
                   ascend_dim(g, dst, 1) == ascend_dim(g, t, 1) && ascend_layouts_agree(g, dst);
    return spatial ? ASCEND_FIVE : ASCEND_FLAT;
}

void ascend_eltwise_place(ascend_graph *g, uint32_t node)
{
    bool reduces = ascend_kind_of(g, node) == ASCEND_REDUCE;
    if (!reduces && join_chain(g, node))
        return;
    if (join_cluster(g, node))
        return;
    if (reduces) {
        ascend_kernel_start(g, node, 0, reduced_layout(g, node));
        return;
    }
    ascend_kernel_start(g, node, ASCEND_MAY_ELTWISE | ASCEND_MAY_QUANT, layout_of(g, node));
    g->nodes[node].eltwise = 1;
}
