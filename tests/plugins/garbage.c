/* An estimator that answers wrongly, in the way that its option `case` asks for. */
#include <amct/plugin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct garbage {
    const amct_host *host;
    const char *wrong; /* of the options, which live as long */
} garbage;

static int32_t garbage_open(const amct_host *host, const amct_option *options, size_t n_options,
                            void **self)
{
    const char *wrong = "";
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *o = AMCT_AT(amct_option, options, i);
        if (strcmp(o->key, "case") != 0)
            return host->fail(host->ctx, AMCT_E_INVALID, "unknown option, 'case' is known");
        wrong = o->value;
    }
    if (strcmp(wrong, "silent open") == 0)
        return AMCT_E_IO;
    if (strcmp(wrong, "no instance") == 0)
        return AMCT_OK;
    garbage *g = host->alloc(host->ctx, sizeof *g, 8);
    if (!g)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *g = (garbage){host, wrong};
    *self = g;
    return AMCT_OK;
}

static int32_t garbage_info(void *self, amct_estimator_info *out)
{
    const garbage *g = self;
    out->method = strcmp(g->wrong, "method") == 0 ? 9 : AMCT_METHOD_TABLE;
    out->deterministic = 1;
    out->device = strcmp(g->wrong, "no device") == 0 ? NULL : "Toy1";
    return AMCT_OK;
}

/* Every node takes 10 ns, the last but one is fused into the last, the first costs nothing. */
static void answer(const amct_graph_view *graph, amct_node_cost *out, amct_graph_cost *total)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        out[i].status = AMCT_NODE_OK;
        out[i].latency_ns = 10;
    }
    out[0].status = AMCT_NODE_REMOVED;
    out[0].latency_ns = 0;
    uint32_t fused = graph->n_nodes - 2;
    out[fused].status = AMCT_NODE_FUSED;
    out[fused].latency_ns = 0;
    out[fused].fused_into = graph->n_nodes - 1;
    total->latency_ns = 100;
    total->fixed_ns = 60;
    total->error_band_ratio = 0.1;
}

static int32_t garbage_estimate(void *self, const amct_graph_view *graph, amct_node_cost *out,
                                amct_graph_cost *total)
{
    const garbage *g = self;
    const char *wrong = g->wrong;
    answer(graph, out, total);
    if (strcmp(wrong, "fail") == 0)
        return g->host->fail(g->host->ctx, AMCT_E_LIMIT, "the graph is too large for this chip");
    if (strcmp(wrong, "silent") == 0)
        return AMCT_E_LIMIT;
    if (strcmp(wrong, "unknown code") == 0)
        return 42;
    if (strcmp(wrong, "nan") == 0)
        out[2].latency_ns = NAN;
    if (strcmp(wrong, "negative") == 0)
        out[2].latency_ns = -1;
    if (strcmp(wrong, "spread") == 0)
        out[2].spread_ns = INFINITY;
    if (strcmp(wrong, "incomplete") == 0)
        out[2] = (amct_node_cost){.struct_size = sizeof *out, .status = UINT32_MAX};
    if (strcmp(wrong, "status") == 0)
        out[2].status = 4;
    if (strcmp(wrong, "bound") == 0)
        out[2].bound = 5;
    if (strcmp(wrong, "struct size") == 0)
        out[2].struct_size = 0;
    if (strcmp(wrong, "fused far") == 0)
        out[3].status = AMCT_NODE_FUSED, out[3].latency_ns = 0, out[3].fused_into = 99;
    if (strcmp(wrong, "fused self") == 0)
        out[3].status = AMCT_NODE_FUSED, out[3].latency_ns = 0, out[3].fused_into = 3;
    if (strcmp(wrong, "fused cycle") == 0)
        for (uint32_t i = 1; i < 4; i++)
            out[i] = (amct_node_cost){
                .struct_size = sizeof *out, .status = AMCT_NODE_FUSED, .fused_into = i % 3 + 1};
    if (strcmp(wrong, "fused latency") == 0)
        out[graph->n_nodes - 2].latency_ns = 5;
    if (strcmp(wrong, "chain") == 0) /* allowed: 1 into 2 into 3 */
        for (uint32_t i = 1; i < 3; i++)
            out[i] = (amct_node_cost){
                .struct_size = sizeof *out, .status = AMCT_NODE_FUSED, .fused_into = i + 1};
    if (strcmp(wrong, "total") == 0)
        total->latency_ns = NAN;
    if (strcmp(wrong, "fixed") == 0)
        total->fixed_ns = 101;
    if (strcmp(wrong, "band") == 0)
        total->error_band_ratio = -0.5;
    return AMCT_OK;
}

static void garbage_close(void *self)
{
    garbage *g = self;
    g->host->free(g->host->ctx, g);
}

static const char *const devices[] = {"Toy1", NULL};

static const amct_estimator estimator = {
    .struct_size = sizeof estimator,
    .devices = devices,
    .open = garbage_open,
    .info = garbage_info,
    .estimate = garbage_estimate,
    .close = garbage_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "garbage",
    .version = "0.1",
    .summary = "answers wrongly when asked to",
    .estimator = &estimator,
};
