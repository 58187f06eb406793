/*
 * MaxPool behind the first convolution runs in the convolution's kernel
 * (TbeAippConvReluMaxpoolingFusion, by its rules for MaxPoolV3, which is what ONNX's MaxPool
 * becomes).
 */
#include "ascend_fuse.h"

#include <string.h>

#define MAX_RESULTS 96

/* Whether attribute `name` has n values, all of them `value`. */
static bool all_are(const ascend_graph *g, uint32_t node, const char *name, size_t n, int64_t value)
{
    const amct_attr_desc *a = ascend_attr(g, node, name, AMCT_ATTR_INTS);
    if (a == NULL || a->count != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (((const int64_t *)a->data)[i] != value)
            return false;
    return true;
}

/* 7 x 7 and stride 2 over an image of 224 x 224 that AIPP feeds. */
static bool is_first_conv(const ascend_graph *g, uint32_t node)
{
    if (ascend_kind_of(g, node) != ASCEND_CONV)
        return false;
    uint32_t x = ascend_src(g, node, 0), w = ascend_src(g, node, 1);
    return g->tensors[ascend_resolve(g, x)].image && ascend_dim(g, x, 1) == 3 &&
           ascend_dim(g, x, 2) == 224 && ascend_dim(g, x, 3) == 224 &&
           ascend_dim(g, w, 0) <= MAX_RESULTS && ascend_dim(g, w, 2) == 7 &&
           ascend_dim(g, w, 3) == 7 && ascend_attr_int(g, node, "group", 1) == 1 &&
           all_are(g, node, "strides", 2, 2) && all_are(g, node, "pads", 4, 3);
}

/* Nothing but what is folded into the weights, and a Relu or LeakyRelu. */
static bool is_plain(const ascend_graph *g, uint32_t leader)
{
    if (g->nodes[leader].eltwise > 0)
        return false;
    for (uint32_t n = g->nodes[leader].next; n != ASCEND_NONE; n = g->nodes[n].next)
        if (ascend_kind_of(g, n) == ASCEND_CLAMP && strcmp(g->nodes[n].op->name, "Relu") != 0 &&
            strcmp(g->nodes[n].op->name, "LeakyRelu") != 0)
            return false;
    return true;
}

bool ascend_pool_join(ascend_graph *g, uint32_t node)
{
    uint32_t t = ascend_src(g, node, 0);
    if (!g->settings->chip->first_pool || !g->settings->small_channel ||
        ascend_only_user(g, t) != node || strcmp(g->nodes[node].op->name, "MaxPool") != 0)
        return false;
    uint32_t leader = ascend_kernel_of(g, t, ASCEND_MAY_ELTWISE);
    if (leader == ASCEND_NONE || !is_first_conv(g, leader) || !is_plain(g, leader) ||
        !all_are(g, node, "kernel_shape", 2, 3) || !all_are(g, node, "strides", 2, 2) ||
        !all_are(g, node, "pads", 4, 1) || ascend_attr_int(g, node, "ceil_mode", 0) != 0)
        return false;
    ascend_kernel_join(g, leader, node);
    g->nodes[leader].extend = ASCEND_MAY_QUANT;
    return true;
}
