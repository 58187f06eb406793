#include "ascend_fuse.h"

static void add_member(ascend_graph *g, uint32_t leader, uint32_t node)
{
    ascend_node *lead = &g->nodes[leader];
    if (node != leader) {
        g->nodes[lead->tail].next = node;
        lead->tail = node;
    }
    g->nodes[node].kernel = leader;
    g->nodes[node].done = true;
    lead->dst = ascend_dst(g, node, 0);
    for (uint32_t i = 0; i < ascend_n_dst(g, node); i++) {
        uint32_t t = ascend_dst(g, node, i);
        if (t != ASCEND_NONE)
            g->tensors[t].layout = lead->layout;
    }
}

void ascend_kernel_start(ascend_graph *g, uint32_t node, uint32_t extend, uint32_t layout)
{
    ascend_node *n = &g->nodes[node];
    n->status = AMCT_NODE_OK;
    n->extend = (uint8_t)extend;
    n->layout = (uint8_t)layout;
    n->tail = node;
    add_member(g, node, node);
}

void ascend_kernel_join(ascend_graph *g, uint32_t leader, uint32_t node)
{
    g->nodes[node].status = AMCT_NODE_FUSED;
    g->nodes[node].fused_into = leader;
    add_member(g, leader, node);
}

uint32_t ascend_kernel_of(const ascend_graph *g, uint32_t t, uint32_t extend)
{
    uint32_t maker = g->tensors[t].maker;
    if (maker == ASCEND_NONE || g->nodes[maker].kernel == ASCEND_NONE)
        return ASCEND_NONE;
    uint32_t leader = g->nodes[maker].kernel;
    const ascend_node *lead = &g->nodes[leader];
    return lead->dst == t && (lead->extend & extend) == extend ? leader : ASCEND_NONE;
}

bool ascend_kernel_is_cube(const ascend_graph *g, uint32_t leader)
{
    uint32_t kind = ascend_kind_of(g, leader);
    return kind == ASCEND_CONV || kind == ASCEND_DECONV || kind == ASCEND_MATMUL;
}

void ascend_remove(ascend_graph *g, uint32_t node)
{
    g->nodes[node].status = AMCT_NODE_REMOVED;
    g->nodes[node].done = true;
}

void ascend_refuse(ascend_graph *g, uint32_t node)
{
    g->nodes[node].status = AMCT_NODE_UNSUPPORTED;
    g->nodes[node].done = true;
}

void ascend_fuse_into(ascend_graph *g, uint32_t node, uint32_t leader)
{
    g->nodes[node].status = AMCT_NODE_FUSED;
    g->nodes[node].fused_into = leader;
    g->nodes[node].done = true;
}
