/*
 * The plugin's face: options, the instance, and the walk from a view to its costs.
 */
#include "ascend_describe.h"
#include "ascend_fuse.h"

#include <amct/plugin.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_CHIP "Ascend310P3"
#define TEXT_BYTES   512

typedef struct estimator {
    const amct_host *host;
    ascend_settings settings;
    void *scratch;
    size_t scratch_bytes;
} estimator;

/* ---- Options ------------------------------------------------------------------------------- */

static int32_t refuse_value(const amct_host *host, const amct_option *option, const char *allowed)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "option '%.40s' is '%.80s'; allowed are %s", option->key,
             option->value, allowed);
    return host->fail(host->ctx, AMCT_E_INVALID, text);
}

static int32_t read_chip(const amct_host *host, const amct_option *option, ascend_settings *out)
{
    const ascend_chip *chip = ascend_chip_find(option->value);
    if (chip == NULL) {
        char names[TEXT_BYTES / 2] = "";
        size_t used = 0;
        for (uint32_t i = 0; i < ascend_n_chips && used < sizeof names; i++)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                     ascend_chips[i].name);
        return refuse_value(host, option, names);
    }
    out->chip = chip;
    return AMCT_OK;
}

static int32_t read_bool(const amct_host *host, const amct_option *option, bool *out)
{
    bool yes = strcmp(option->value, "true") == 0;
    if (!yes && strcmp(option->value, "false") != 0)
        return refuse_value(host, option, "true, false");
    *out = yes;
    return AMCT_OK;
}

static int32_t read_residual(const amct_host *host, const amct_option *option, ascend_settings *out)
{
    static const char *const names[] = {"float16", "both", "int8"}; /* ascend_residual */
    for (uint8_t i = 0; i < 3; i++)
        if (strcmp(option->value, names[i]) == 0) {
            out->residual = i;
            return AMCT_OK;
        }
    return refuse_value(host, option, "float16, both, int8");
}

static int32_t read_option(const amct_host *host, const amct_option *option, ascend_settings *out)
{
    if (!AMCT_HAS(option, amct_option, value) || option->key == NULL || option->value == NULL)
        return host->fail(host->ctx, AMCT_E_INVALID, "an option without a key or a value");
    if (strcmp(option->key, "chip") == 0)
        return read_chip(host, option, out);
    if (strcmp(option->key, "aipp") == 0)
        return read_bool(host, option, &out->aipp);
    if (strcmp(option->key, "small_channel") == 0)
        return read_bool(host, option, &out->small_channel);
    if (strcmp(option->key, "residual") == 0)
        return read_residual(host, option, out);
    char text[TEXT_BYTES];
    snprintf(text, sizeof text,
             "unknown option '%.80s'; allowed are chip, aipp, small_channel, residual",
             option->key);
    return host->fail(host->ctx, AMCT_E_INVALID, text);
}

/* ---- Instance ------------------------------------------------------------------------------ */

static int32_t open_estimator(const amct_host *host, const amct_option *options, size_t n_options,
                              void **self)
{
    ascend_settings settings = {.chip = ascend_chip_find(DEFAULT_CHIP),
                                .aipp = true,
                                .small_channel = true,
                                .residual = ASCEND_RESIDUAL_INT8};
    for (size_t i = 0; i < n_options; i++) {
        int32_t status = read_option(host, AMCT_AT(amct_option, options, i), &settings);
        if (status != AMCT_OK)
            return status;
    }
    estimator *e = host->alloc(host->ctx, sizeof *e, _Alignof(estimator));
    if (e == NULL)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *e = (estimator){.host = host, .settings = settings};
    *self = e;
    return AMCT_OK;
}

static int32_t get_info(void *self, amct_estimator_info *out)
{
    const estimator *e = self;
    out->method = AMCT_METHOD_MODEL;
    out->deterministic = 1;
    out->device = e->settings.chip->name;
    return AMCT_OK;
}

static void close_estimator(void *self)
{
    estimator *e = self;
    e->host->free(e->host->ctx, e->scratch);
    e->host->free(e->host->ctx, e);
}

/* ---- Estimate ------------------------------------------------------------------------------ */

static int32_t reserve(estimator *e, size_t bytes)
{
    if (bytes <= e->scratch_bytes)
        return AMCT_OK;
    void *fresh = e->host->alloc(e->host->ctx, bytes, 16);
    if (fresh == NULL)
        return e->host->fail(e->host->ctx, AMCT_E_NOMEM, "out of memory for the graph pass");
    e->host->free(e->host->ctx, e->scratch);
    e->scratch = fresh;
    e->scratch_bytes = bytes;
    return AMCT_OK;
}

static amct_node_cost *cost_at(amct_node_cost *out, uint32_t i)
{
    return (amct_node_cost *)(void *)((char *)out + (size_t)i * out->struct_size);
}

/* Inputs that come in ONNX's order and FP32 are rearranged or converted, outputs likewise. */
static double fixed_ns(const ascend_graph *g, const ascend_constants *c)
{
    const amct_graph_view *view = g->view;
    double transform = 0, copy = 0;
    uint64_t n_both = (uint64_t)view->n_inputs + view->n_outputs;
    for (uint64_t i = 0; i < n_both; i++) {
        uint32_t t = i < view->n_inputs ? view->inputs[i] : view->outputs[i - view->n_inputs];
        if (t >= g->n_tensors || g->tensors[t].image || g->tensors[t].bits != 16)
            continue;
        double inside = ascend_padded(g, t, 16) * 2, outside = g->tensors[t].elements * 4;
        if (g->tensors[t].layout == ASCEND_FIVE)
            transform += inside + outside;
        else
            copy += inside + outside;
    }
    return ascend_fixed_ns(g->settings->chip, c, transform, copy);
}

static double total_weight_bytes(const ascend_graph *g)
{
    double total = 0;
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (g->nodes[n].status == AMCT_NODE_OK)
            total += ascend_describe_weights(g, n);
    return total;
}

/* *unsure_ns: what is said to be gained by sparse weights, which nobody has measured. */
static ascend_time kernel_time(double *unsure_ns, ascend_graph *g, const ascend_constants *c,
                               uint32_t leader, double weight_resident)
{
    ascend_work work;
    double bytes;
    uint32_t n;
    ascend_describe(g, leader, &work, &bytes, &n);
    work.weight_resident = weight_resident;
    ascend_time time = ascend_cost(g->settings->chip, c, &work);
    ascend_work dense = work;
    dense.sparse = false;
    *unsure_ns = work.sparse ? ascend_cost(g->settings->chip, c, &dense).ns - time.ns : 0;
    if (n > 0) {
        ascend_work transdata = ascend_describe_transdata(bytes);
        ascend_time extra = ascend_cost(g->settings->chip, c, &transdata);
        extra.ns += (n - 1) * c->overhead_s * 1e9;
        if (extra.ns > time.ns)
            time.bound = extra.bound;
        time.ns += extra.ns;
    }
    return time;
}

static int32_t estimate(void *self, const amct_graph_view *view, amct_node_cost *out,
                        amct_graph_cost *total)
{
    estimator *e = self;
    const ascend_constants *c = &ascend_joint_fit;
    if (view->n_nodes > 0 && !AMCT_HAS(out, amct_node_cost, spread_ns))
        return e->host->fail(e->host->ctx, AMCT_E_INVALID, "the costs' struct_size is too small");
    size_t bytes = ascend_graph_bytes(view);
    if (bytes == 0)
        return e->host->fail(e->host->ctx, AMCT_E_LIMIT, "the graph has too many edges");
    int32_t status = reserve(e, bytes);
    if (status != AMCT_OK)
        return status;

    ascend_graph g;
    ascend_graph_init(&g, view, &e->settings, e->scratch);
    ascend_fuse(&g);
    double resident = ascend_weight_resident(e->settings.chip, c, total_weight_bytes(&g));
    /* Operators of one network err together: the band of the sum is the sum of the bands. */
    double band = ascend_chip_band(e->settings.chip);
    double sum = 0, unsure = 0;
    for (uint32_t n = 0; n < g.n_nodes; n++) {
        const ascend_node *node = &g.nodes[n];
        amct_node_cost *cost = cost_at(out, n);
        cost->status = node->status;
        cost->fused_into = node->status == AMCT_NODE_FUSED ? node->fused_into : 0;
        cost->flags = 0;
        cost->bound = AMCT_BOUND_NONE;
        cost->latency_ns = cost->spread_ns = 0;
        if (node->status != AMCT_NODE_OK)
            continue;
        double unsure_ns;
        ascend_time time = kernel_time(&unsure_ns, &g, c, n, resident);
        cost->flags = node->rolled_back ? AMCT_NODE_ROLLED_BACK : 0;
        cost->bound = time.bound;
        cost->latency_ns = time.ns;
        cost->spread_ns = time.ns * band + unsure_ns;
        sum += time.ns;
        unsure += unsure_ns;
    }
    total->fixed_ns = fixed_ns(&g, c);
    total->latency_ns = sum + total->fixed_ns;
    total->error_band_ratio = band + unsure / total->latency_ns;
    return AMCT_OK;
}

#define INFO(key_, values_, fallback_, meaning_)                                                   \
    {                                                                                              \
        .struct_size = sizeof(amct_option_info), .key = key_, .values = values_,                   \
        .fallback = fallback_, .meaning = meaning_                                                 \
    }

static const amct_option_info ascend_options[] = {
    INFO("chip", "the chips above", DEFAULT_CHIP, "as atc --soc_version"),
    INFO("aipp", "true, false", "true",
         "images come in as uint8 and AIPP converts them, else in FP32, converted on the chip"),
    INFO("small_channel", "true, false", "true",
         "as atc --enable_small_channel: images of up to 4 channels are stored with 4"),
    INFO("residual", "float16, both, int8", "int8",
         "how a tensor travels that a quantised layer and an Add both read"),
};

static const amct_estimator ascend_estimator = {
    .struct_size = sizeof ascend_estimator,
    .devices = ascend_chip_names,
    .open = open_estimator,
    .info = get_info,
    .estimate = estimate,
    .close = close_estimator,
    .options = ascend_options,
    .n_options = sizeof ascend_options / sizeof *ascend_options,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "ascend",
    .version = "0.1.0",
    .summary = "latency on Ascend 310, 310P, 310B, 910 and 910B chips, by an analytic model",
    .estimator = &ascend_estimator,
};
