/*
 * The plugin's face: options, the instance, and the walk from a view to its costs.
 */
#include "ascend_data.h"
#include "ascend_describe.h"
#include "ascend_fuse.h"

#include <amct/plugin.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_CHIP "Ascend310P3"
#define TEXT_BYTES   512

typedef struct estimator {
    const amct_host *host;
    ascend_chip chip;
    ascend_fit fit;
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

/* What the options say; the texts are theirs. */
typedef struct choices {
    const char *chip, *chip_file, *fit_file;
    ascend_settings settings;
} choices;

static int32_t read_option(const amct_host *host, const amct_option *option, choices *out)
{
    if (!AMCT_HAS(option, amct_option, value) || option->key == NULL || option->value == NULL)
        return host->fail(host->ctx, AMCT_E_INVALID, "an option without a key or a value");
    if (strcmp(option->key, "chip") == 0)
        out->chip = option->value;
    else if (strcmp(option->key, "chip_file") == 0)
        out->chip_file = option->value;
    else if (strcmp(option->key, "fit_file") == 0)
        out->fit_file = option->value;
    else if (strcmp(option->key, "aipp") == 0)
        return read_bool(host, option, &out->settings.aipp);
    else if (strcmp(option->key, "small_channel") == 0)
        return read_bool(host, option, &out->settings.small_channel);
    else if (strcmp(option->key, "residual") == 0)
        return read_residual(host, option, &out->settings);
    else {
        char text[TEXT_BYTES];
        snprintf(text, sizeof text,
                 "unknown option '%.80s'; allowed are chip, chip_file, fit_file, aipp, "
                 "small_channel, residual",
                 option->key);
        return host->fail(host->ctx, AMCT_E_INVALID, text);
    }
    return AMCT_OK;
}

/* ---- Instance ------------------------------------------------------------------------------ */

static int32_t read_files(const amct_host *host, const choices *c, ascend_chip *chip,
                          ascend_fit *fit)
{
    amct_err err;
    amct_status status =
        ascend_chip_read(chip, c->chip, c->chip_file[0] ? c->chip_file : NULL, &err);
    if (status == AMCT_OK)
        status = ascend_fit_read(fit, chip, c->fit_file[0] ? c->fit_file : NULL, &err);
    return status == AMCT_OK ? AMCT_OK : host->fail(host->ctx, status, err.text);
}

static int32_t open_estimator(const amct_host *host, const amct_option *options, size_t n_options,
                              void **self)
{
    choices c = {
        .chip = DEFAULT_CHIP,
        .chip_file = "",
        .fit_file = "",
        .settings = {.aipp = true, .small_channel = true, .residual = ASCEND_RESIDUAL_INT8}};
    ascend_chip chip;
    ascend_fit fit;
    int32_t status = AMCT_OK;
    for (size_t i = 0; i < n_options && status == AMCT_OK; i++)
        status = read_option(host, AMCT_AT(amct_option, options, i), &c);
    if (status == AMCT_OK)
        status = read_files(host, &c, &chip, &fit);
    if (status != AMCT_OK)
        return status;
    estimator *e = host->alloc(host->ctx, sizeof *e, _Alignof(estimator));
    if (e == NULL)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *e = (estimator){.host = host, .chip = chip, .fit = fit, .settings = c.settings};
    e->settings.chip = &e->chip;
    *self = e;
    return AMCT_OK;
}

static int32_t get_info(void *self, amct_estimator_info *out)
{
    const estimator *e = self;
    out->method = AMCT_METHOD_MODEL;
    out->deterministic = 1;
    out->device = e->chip.name;
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

/* What is said to be gained by sparse weights, which nobody has measured. */
static double unsure_ns(const estimator *e, const ascend_work *work, double resident, double ns)
{
    if (!work->sparse)
        return 0;
    ascend_work dense = *work;
    dense.sparse = false;
    return ascend_cost(&e->chip, &e->fit, &dense, resident).ns - ns;
}

/* Errors of one part are the same in all kernels that it bounds: spreads add up. */
static void fill_costs(const estimator *e, const ascend_graph *g, const ascend_work *works,
                       amct_node_cost *out, amct_graph_cost *total)
{
    double resident = ascend_weight_resident(&e->chip, &e->fit, g->traffic);
    double sum = ascend_fixed_ns(&e->chip, &e->fit, ascend_describe_border(g));
    double spread = sum * e->fit.spread[AMCT_BOUND_NONE];
    total->fixed_ns = sum;
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        const ascend_node *node = &g->nodes[n];
        amct_node_cost *cost = cost_at(out, n);
        cost->status = node->status;
        cost->fused_into = node->status == AMCT_NODE_FUSED ? node->fused_into : 0;
        cost->flags = 0;
        cost->bound = AMCT_BOUND_NONE;
        cost->latency_ns = cost->spread_ns = 0;
        if (node->status != AMCT_NODE_OK)
            continue;
        ascend_time time = ascend_cost(&e->chip, &e->fit, &works[n], resident);
        cost->flags = node->rolled_back ? AMCT_NODE_ROLLED_BACK : 0;
        cost->bound = time.bound;
        cost->latency_ns = time.ns;
        cost->spread_ns =
            time.ns * e->fit.spread[time.bound] + unsure_ns(e, &works[n], resident, time.ns);
        sum += cost->latency_ns;
        spread += cost->spread_ns;
    }
    total->latency_ns = sum;
    total->error_band_ratio = spread / sum;
}

static int32_t estimate(void *self, const amct_graph_view *view, amct_node_cost *out,
                        amct_graph_cost *total)
{
    estimator *e = self;
    if (view->n_nodes > 0 && !AMCT_HAS(out, amct_node_cost, spread_ns))
        return e->host->fail(e->host->ctx, AMCT_E_INVALID, "the costs' struct_size is too small");
    size_t works_bytes = (size_t)view->n_nodes * sizeof(ascend_work);
    size_t bytes = ascend_graph_bytes(view);
    if (bytes == 0)
        return e->host->fail(e->host->ctx, AMCT_E_LIMIT, "the graph has too many edges");
    int32_t status = reserve(e, works_bytes + bytes);
    if (status != AMCT_OK)
        return status;

    ascend_graph g;
    ascend_work *works = e->scratch;
    ascend_graph_init(&g, view, &e->settings, (char *)e->scratch + works_bytes);
    ascend_fuse(&g);
    for (uint32_t n = 0; n < g.n_nodes; n++)
        if (g.nodes[n].status == AMCT_NODE_OK)
            ascend_describe(&g, n, &works[n]);
    fill_costs(e, &g, works, out, total);
    return AMCT_OK;
}

#define INFO(key_, values_, fallback_, meaning_)                                                   \
    {                                                                                              \
        .struct_size = sizeof(amct_option_info), .key = key_, .values = values_,                   \
        .fallback = fallback_, .meaning = meaning_                                                 \
    }

static const amct_option_info ascend_options[] = {
    INFO("chip", "the chips above", DEFAULT_CHIP, "as atc --soc_version"),
    INFO("chip_file", "path of a file", "", "chips of one's own, in the form of chips/*.yaml"),
    INFO("fit_file", "path of a file", "", "another fit, as bench/latency/fit writes it"),
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
