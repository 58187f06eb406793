#include "conform/estimate.h"

#include "plugin/estimator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void take_info(amct_trial *trial, amct_instance *e)
{
    amct_estimator_info info = {.struct_size = sizeof info, .method = UINT32_MAX};
    amct_trial_at(trial, "in 'info'");
    int32_t code = trial->plugin->estimator->info(e->self, &info);
    if (amct_plugin_host_result(e->host.inner, code, "info", &e->err) != AMCT_OK)
        amct_trial_fail(trial, "'info' failed: %s", e->err.text);
    if (info.struct_size != sizeof info)
        amct_trial_fail(trial, "'info' changed struct_size to %u", info.struct_size);
    if (info.method > AMCT_METHOD_MEASURED)
        amct_trial_fail(trial, "'info' gives the method %u, 0 to %d wanted", info.method,
                        AMCT_METHOD_MEASURED);
    if (info.deterministic > 1)
        amct_trial_fail(trial, "'info' gives %u for deterministic, 0 or 1 wanted",
                        info.deterministic);
    if (!info.device || !info.device[0])
        amct_trial_fail(trial, "'info' names no device");
    e->info = info;
}

/* fail_at: the allocation that fails, from 1 on; 0: none. */
static void open_at(amct_trial *trial, amct_instance *e, const char *key, const char *value,
                    uint64_t fail_at)
{
    static const char untouched[1];
    const amct_conform_subject *s = trial->subject;
    *e = (amct_instance){0};
    amct_trial_need(trial, amct_counted_host_init(&e->host, trial->plugin->name, &e->err), &e->err);
    e->host.fail_at = fail_at;
    amct_option *options = calloc(s->n_options + 1, sizeof *options);
    if (!options)
        amct_trial_skip(trial, "out of memory");
    e->options = options;
    size_t n = 0;
    for (; n < s->n_options; n++)
        options[n] = s->options[n];
    if (key)
        options[n++] = (amct_option){.struct_size = sizeof *options, .key = key, .value = value};
    void *self = (void *)untouched;
    e->code = trial->plugin->estimator->open(&e->host.table, options, n, &self);
    e->status = amct_plugin_host_result(e->host.inner, e->code, "open", &e->err);
    e->touched = e->code != AMCT_OK && self != (void *)untouched;
    if (e->code == AMCT_OK && (!self || self == (void *)untouched))
        amct_trial_fail(trial, "'open' succeeded and gave no instance");
    if (e->code == AMCT_OK)
        e->self = self;
    if (e->status == AMCT_OK)
        take_info(trial, e);
}

void amct_instance_open(amct_trial *trial, amct_instance *e, const char *key, const char *value)
{
    open_at(trial, e, key, value, 0);
}

void amct_instance_open_failing(amct_trial *trial, amct_instance *e, uint64_t fail_at)
{
    open_at(trial, e, NULL, NULL, fail_at);
}

void amct_instance_must(amct_trial *trial, amct_instance *e, const char *key, const char *value)
{
    amct_trial_at(trial, "while an instance is opened");
    amct_instance_open(trial, e, key, value);
    if (e->status != AMCT_OK)
        amct_trial_fail(trial, "'open' failed: %s%s", e->err.text,
                        trial->subject->n_options ? ""
                                                  : " (options are given with --target-option)");
}

void amct_instance_close(amct_trial *trial, amct_instance *e)
{
    bool opened = e->self != NULL;
    amct_trial_at(trial, "in 'close'");
    if (opened)
        trial->plugin->estimator->close(e->self);
    if (e->strict && e->host.misuse[0])
        amct_trial_fail(trial, "%s", e->host.misuse);
    size_t n = amct_plugin_host_blocks(e->host.inner);
    if (n)
        amct_trial_fail(trial, "kept %zu block%s of the host after %s", n, n == 1 ? "" : "s",
                        opened ? "'close'" : "a failed 'open'");
    amct_counted_host_done(&e->host);
    free(e->options);
    e->options = NULL;
    e->self = NULL;
}

static const amct_graph_cost unset_total = {.struct_size = sizeof unset_total, .latency_ns = NAN};

/* Costs that lie as far apart as the host says; noise beyond each. */
static char *make_costs(amct_trial *trial, uint32_t n, uint32_t stride)
{
    char *costs = malloc((size_t)n * stride + 1);
    if (!costs)
        amct_trial_skip(trial, "out of memory");
    memset(costs, 0x5a, (size_t)n * stride + 1);
    for (uint32_t i = 0; i < n; i++) {
        amct_node_cost unset = {.struct_size = stride, .status = AMCT_COST_NOT_FILLED};
        memcpy(costs + (size_t)i * stride, &unset, sizeof unset);
    }
    return costs;
}

static void take_costs(amct_estimate *out, const char *costs, uint32_t stride)
{
    for (uint32_t i = 0; i < out->n; i++) {
        const char *at = costs + (size_t)i * stride;
        memcpy(&out->costs[i], at, sizeof *out->costs);
        if (out->costs[i].struct_size == stride)
            out->costs[i].struct_size = sizeof *out->costs;
        for (uint32_t k = sizeof *out->costs; k < stride; k++)
            out->beyond = out->beyond || at[k] != 0x5a;
    }
    out->beyond = out->beyond || costs[(size_t)out->n * stride] != 0x5a;
}

void amct_estimate_do(amct_trial *trial, amct_estimate *out, amct_instance *e,
                      const amct_graph_view *view, uint32_t more)
{
    uint32_t stride = sizeof(amct_node_cost) + more;
    char *costs = make_costs(trial, view->n_nodes, stride);
    *out = (amct_estimate){.n = view->n_nodes,
                           .costs = calloc(view->n_nodes + (size_t)1, sizeof *out->costs),
                           .total = unset_total};
    if (!out->costs)
        amct_trial_skip(trial, "out of memory");
    out->code = trial->plugin->estimator->estimate(e->self, view, (amct_node_cost *)(void *)costs,
                                                   &out->total);
    out->status = amct_plugin_host_result(e->host.inner, out->code, "estimate", &out->err);
    take_costs(out, costs, stride);
    free(costs);
    if (out->status == AMCT_OK)
        out->status = amct_estimating_check(view, out->costs, &out->total, &out->err);
}

void amct_estimate_must(amct_trial *trial, amct_estimate *out, amct_instance *e,
                        const amct_sample *sample)
{
    amct_trial_at(trial, "while it is asked about %s", sample->what);
    amct_estimate_do(trial, out, e, &sample->view, 0);
    if (out->status != AMCT_OK)
        amct_trial_fail(trial, "%s: %s", sample->what, out->err.text);
    if (out->beyond)
        amct_trial_fail(trial, "%s: wrote beyond the costs", sample->what);
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

bool amct_estimate_equal(const amct_estimate *a, const amct_estimate *b)
{
    bool equal = a->n == b->n && same(a->total.latency_ns, b->total.latency_ns) &&
                 same(a->total.fixed_ns, b->total.fixed_ns) &&
                 same(a->total.error_band_ratio, b->total.error_band_ratio);
    for (uint32_t i = 0; equal && i < a->n; i++) {
        const amct_node_cost *x = &a->costs[i], *y = &b->costs[i];
        equal = x->status == y->status && x->bound == y->bound && x->flags == y->flags &&
                (x->status != AMCT_NODE_FUSED || x->fused_into == y->fused_into) &&
                same(x->latency_ns, y->latency_ns) && same(x->spread_ns, y->spread_ns);
    }
    return equal;
}

void amct_estimate_free(amct_estimate *estimate)
{
    free(estimate->costs);
    *estimate = (amct_estimate){0};
}
