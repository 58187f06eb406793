/* An estimator that is right until its n-th answer in a process: then it does what the environment
 * variable AMCT_TEST_FAILING says, "crash:40", "garbage:40" or "fail:40". */
#include <amct/plugin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct failing {
    const amct_host *host;
    long answers;
} failing;

static int32_t failing_open(const amct_host *host, const amct_option *options, size_t n_options,
                            void **self)
{
    failing *f = host->alloc(host->ctx, sizeof *f, 8);
    (void)options, (void)n_options;
    if (!f)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *f = (failing){host, 0};
    *self = f;
    return AMCT_OK;
}

static int32_t failing_info(void *self, amct_estimator_info *out)
{
    (void)self;
    out->method = AMCT_METHOD_TABLE;
    out->deterministic = 1;
    out->device = "Toy2";
    return AMCT_OK;
}

/* Each node takes 1000 ns, of layers on floats 3000. */
static void answer(const amct_graph_view *graph, amct_node_cost *out, amct_graph_cost *total)
{
    double sum = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const amct_node_desc *node = AMCT_AT(amct_node_desc, graph->nodes, i);
        const amct_tensor_view *src = AMCT_AT(amct_tensor_view, graph->tensors, node->src[0]);
        int layer = strcmp(node->op, "Conv") == 0 || strcmp(node->op, "Gemm") == 0;
        out[i].status = AMCT_NODE_OK;
        out[i].latency_ns = layer && src->dtype != AMCT_INT8 ? 3000 : 500;
        sum += out[i].latency_ns;
    }
    total->latency_ns = sum;
    total->fixed_ns = 0;
    total->error_band_ratio = 0.1;
}

static int32_t failing_estimate(void *self, const amct_graph_view *graph, amct_node_cost *out,
                                amct_graph_cost *total)
{
    failing *f = self;
    const char *how = getenv("AMCT_TEST_FAILING"), *colon = how ? strchr(how, ':') : NULL;
    answer(graph, out, total);
    if (!colon || ++f->answers < strtol(colon + 1, NULL, 10))
        return AMCT_OK;
    if (how[0] == 'c')
        __builtin_trap();
    if (how[0] == 'g')
        total->latency_ns = NAN;
    if (how[0] == 'f')
        return f->host->fail(f->host->ctx, AMCT_E_LIMIT, "no more today");
    return AMCT_OK;
}

static void failing_close(void *self)
{
    failing *f = self;
    f->host->free(f->host->ctx, f);
}

static const char *const devices[] = {"Toy2", NULL};

static const amct_estimator estimator = {
    .struct_size = sizeof estimator,
    .devices = devices,
    .open = failing_open,
    .info = failing_info,
    .estimate = failing_estimate,
    .close = failing_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "failing",
    .version = "0.1",
    .summary = "stops answering when asked to",
    .estimator = &estimator,
};
