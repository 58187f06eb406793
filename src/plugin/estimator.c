#include "plugin/estimator.h"

#include "plugin/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct amct_estimating {
    const amct_plugin *plugin;
    amct_plugin_host *host;
    void *self;
    amct_estimator_info info;
};

void amct_estimating_close(amct_estimating *e)
{
    if (!e)
        return;
    if (e->self)
        e->plugin->estimator->close(e->self);
    amct_plugin_host_free(e->host);
    free(e);
}

static amct_status open_instance(amct_estimating *e, const amct_option *options, size_t n_options,
                                 amct_err *err)
{
    const amct_estimator *table = e->plugin->estimator;
    const char *name = e->plugin->name;
    AMCT_TRY(amct_plugin_host_new(&e->host, name, err));
    void *self = NULL;
    int32_t code = table->open(amct_plugin_host_table(e->host), options, n_options, &self);
    AMCT_TRY(amct_plugin_host_result(e->host, code, "open", err));
    if (!self)
        return amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': 'open' gave no instance", name);
    e->self = self;
    amct_estimator_info info = {.struct_size = sizeof info};
    AMCT_TRY(amct_plugin_host_result(e->host, table->info(self, &info), "info", err));
    if (!AMCT_HAS(&info, amct_estimator_info, device) || !info.device || !info.device[0])
        return amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': 'info' names no device", name);
    if (info.method > AMCT_METHOD_MEASURED)
        return amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': 'info' gives the unknown method %u",
                         name, info.method);
    e->info = info;
    return AMCT_OK;
}

amct_status amct_estimating_open(amct_estimating **out, const amct_plugins *plugins,
                                 const char *name, const amct_option *options, size_t n_options,
                                 amct_err *err)
{
    const amct_plugin *plugin = amct_plugins_find(plugins, AMCT_PLUGIN_ESTIMATOR, name);
    char known[512];
    if (!plugin)
        return amct_fail(
            err, AMCT_E_INVALID, "there is no estimator '%s'; %s", name,
            amct_plugins_describe(plugins, AMCT_PLUGIN_ESTIMATOR, known, sizeof known));
    amct_estimating *e = calloc(1, sizeof *e);
    if (!e)
        return amct_fail_nomem(err);
    e->plugin = plugin;
    amct_status status = open_instance(e, options, n_options, err);
    if (status != AMCT_OK) {
        amct_estimating_close(e);
        return status;
    }
    *out = e;
    return AMCT_OK;
}

const amct_plugin *amct_estimating_plugin(const amct_estimating *e)
{
    return e->plugin;
}

const amct_estimator_info *amct_estimating_info(const amct_estimating *e)
{
    return &e->info;
}

static bool is_time(double ns)
{
    return isfinite(ns) && ns >= 0;
}

static amct_status check_node(const amct_node_cost *c, uint32_t n_nodes, uint32_t i, amct_err *err)
{
    if (c->struct_size != sizeof *c)
        return amct_fail(err, AMCT_E_PLUGIN, "struct_size was changed to %u", c->struct_size);
    if (c->status == AMCT_COST_NOT_FILLED)
        return amct_fail(err, AMCT_E_PLUGIN, "no estimate was given");
    if (c->status > AMCT_NODE_REMOVED)
        return amct_fail(err, AMCT_E_PLUGIN, "unknown status %u", c->status);
    if (c->bound > AMCT_BOUND_OVERHEAD)
        return amct_fail(err, AMCT_E_PLUGIN, "unknown bound %u", c->bound);
    if (!is_time(c->latency_ns) || !is_time(c->spread_ns))
        return amct_fail(err, AMCT_E_PLUGIN,
                         "latency %g ns with spread %g ns, finite and at least 0 wanted",
                         c->latency_ns, c->spread_ns);
    if (c->status != AMCT_NODE_OK && c->latency_ns != 0)
        return amct_fail(err, AMCT_E_PLUGIN, "latency %g ns, 0 wanted for a node that is %s",
                         c->latency_ns,
                         c->status == AMCT_NODE_FUSED     ? "fused"
                         : c->status == AMCT_NODE_REMOVED ? "removed"
                                                          : "unsupported");
    if (c->status == AMCT_NODE_FUSED && (c->fused_into >= n_nodes || c->fused_into == i))
        return amct_fail(err, AMCT_E_PLUGIN, "fused into node %u, another of %u nodes wanted",
                         c->fused_into, n_nodes);
    return AMCT_OK;
}

/* Points every fused node at the end of its chain. Each chain is walked twice at most: once to its
 * end, once to point its nodes there, so that later chains end in one step. */
static amct_status follow_chains(const amct_graph_view *graph, amct_node_cost *costs, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        uint32_t end = i, steps = 0;
        while (costs[end].status == AMCT_NODE_FUSED) {
            end = costs[end].fused_into;
            if (++steps > graph->n_nodes)
                return amct_fail(err, AMCT_E_PLUGIN, "node %u '%s' is fused into itself", i,
                                 AMCT_AT(amct_node_desc, graph->nodes, i)->name);
        }
        for (uint32_t at = i; costs[at].status == AMCT_NODE_FUSED;) {
            uint32_t next = costs[at].fused_into;
            costs[at].fused_into = end;
            at = next;
        }
    }
    return AMCT_OK;
}

static amct_status check_total(const amct_graph_cost *total, amct_err *err)
{
    if (total->struct_size != sizeof *total)
        return amct_fail(err, AMCT_E_PLUGIN, "struct_size of the total was changed to %u",
                         total->struct_size);
    if (!is_time(total->latency_ns) || !is_time(total->fixed_ns) ||
        total->fixed_ns > total->latency_ns)
        return amct_fail(err, AMCT_E_PLUGIN,
                         "total latency %g ns of which %g ns are fixed, finite and at least 0 "
                         "wanted",
                         total->latency_ns, total->fixed_ns);
    if (!isfinite(total->error_band_ratio) || total->error_band_ratio < 0)
        return amct_fail(err, AMCT_E_PLUGIN, "error band %g, finite and at least 0 wanted",
                         total->error_band_ratio);
    return AMCT_OK;
}

amct_status amct_estimating_check(const amct_graph_view *graph, amct_node_cost *costs,
                                  const amct_graph_cost *total, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (check_node(&costs[i], graph->n_nodes, i, err) != AMCT_OK)
            return amct_fail_in(err, "node %u '%s'", i,
                                AMCT_AT(amct_node_desc, graph->nodes, i)->name);
    AMCT_TRY(follow_chains(graph, costs, err));
    return check_total(total, err);
}

amct_status amct_estimating_run(amct_estimating *e, const amct_graph_view *graph,
                                amct_node_cost *costs, amct_graph_cost *total, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        costs[i] = (amct_node_cost){.struct_size = sizeof *costs, .status = AMCT_COST_NOT_FILLED};
    *total = (amct_graph_cost){.struct_size = sizeof *total, .latency_ns = NAN};
    int32_t code = e->plugin->estimator->estimate(e->self, graph, costs, total);
    AMCT_TRY(amct_plugin_host_result(e->host, code, "estimate", err));
    if (amct_estimating_check(graph, costs, total, err) != AMCT_OK)
        return amct_fail_in(err, "plugin '%s': 'estimate' gave a wrong answer", e->plugin->name);
    return AMCT_OK;
}

bool amct_estimating_measures(const amct_estimating *e)
{
    const amct_estimator *t = e->plugin->estimator;
    return AMCT_HAS(t, amct_estimator, measure) && t->measure;
}

amct_status amct_estimating_measure(amct_estimating *e, const amct_model_file *file,
                                    amct_graph_cost *total, amct_err *err)
{
    *total = (amct_graph_cost){.struct_size = sizeof *total, .latency_ns = NAN};
    int32_t code = e->plugin->estimator->measure(e->self, file, total);
    AMCT_TRY(amct_plugin_host_result(e->host, code, "measure", err));
    amct_status status = check_total(total, err);
    if (status == AMCT_OK && total->latency_ns == 0)
        status = amct_fail(err, AMCT_E_PLUGIN, "a model takes no time");
    if (status != AMCT_OK)
        return amct_fail_in(err, "plugin '%s': 'measure' gave a wrong answer", e->plugin->name);
    return AMCT_OK;
}
