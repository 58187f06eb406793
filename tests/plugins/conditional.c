/*
 * An estimator of which each node depends on its own tensors, but for the last product: that takes
 * half as long again if the first four convolutions have 8, 16, 8 and 16 bits. What takes long is
 * convolutions and products, by elements of weights and sources, 8 bits counting half.
 */
#include <amct/plugin.h>
#include <string.h>

static const char *const devices[] = {"Conditional", NULL};

static int32_t begin(const amct_host *host, const amct_option *options, size_t n_options,
                     void **self)
{
    (void)options;
    (void)n_options;
    *self = (void *)host;
    return AMCT_OK;
}

static int32_t info(void *self, amct_estimator_info *out)
{
    (void)self;
    out->method = AMCT_METHOD_TABLE;
    out->deterministic = 1;
    out->device = devices[0];
    return AMCT_OK;
}

static double size(const amct_tensor_view *t)
{
    double n = t->dtype == AMCT_INT8 ? 0.5 : 1;
    for (uint32_t i = 0; t->rank != AMCT_RANK_UNKNOWN && i < t->rank; i++)
        n *= (double)t->dims[i];
    return n;
}

static int32_t estimate(void *self, const amct_graph_view *graph, amct_node_cost *out,
                        amct_graph_cost *total)
{
    static const int wanted[] = {1, 0, 1, 0};
    double sum = 1000;
    uint32_t n_convs = 0, alike = 0;
    (void)self;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const amct_node_desc *node = AMCT_AT(amct_node_desc, graph->nodes, i);
        amct_node_cost *cost =
            (amct_node_cost *)(void *)((char *)out + i * (size_t)out->struct_size);
        int conv = strcmp(node->op, "Conv") == 0, gemm = strcmp(node->op, "Gemm") == 0;
        cost->status = AMCT_NODE_OK;
        if (!conv && !gemm)
            continue;
        const amct_tensor_view *x = AMCT_AT(amct_tensor_view, graph->tensors, node->src[0]);
        const amct_tensor_view *w = AMCT_AT(amct_tensor_view, graph->tensors, node->src[1]);
        cost->latency_ns = size(x) + 16 * size(w);
        if (conv && n_convs < 4)
            alike += wanted[n_convs++] == (x->dtype == AMCT_INT8);
        if (gemm && alike == 4)
            cost->latency_ns *= 1.5;
        sum += cost->latency_ns;
    }
    total->latency_ns = sum;
    total->fixed_ns = 1000;
    return AMCT_OK;
}

static void end(void *self)
{
    (void)self;
}

static const amct_estimator estimator = {
    .struct_size = sizeof estimator,
    .devices = devices,
    .open = begin,
    .info = info,
    .estimate = estimate,
    .close = end,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "conditional",
    .version = "0.1",
    .summary = "takes longer under a condition",
    .estimator = &estimator,
};
