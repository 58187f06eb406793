/*
 * An estimator that is right, unless AMCT_TEST_BREAKS names a rule to break: a node takes 1 ns for
 * each element that it reads, and has options chip and speed. "leaves-out" breaks none: it does not
 * tell what node 1 takes.
 */
#include "bad_manners.h"

#include <math.h>

typedef struct toy {
    const amct_host *host;
    const char *chip;
    double ns;
    void *scratch;
    size_t asked;
} toy;

static int32_t refuse(const amct_host *host, void **self)
{
    if (breaks("touched"))
        *self = NULL;
    if (breaks("silent"))
        return AMCT_E_INVALID;
    return host->fail(host->ctx, AMCT_E_INVALID,
                      "known are chip (Toy1, Toy2) and speed (1, 2, default 1)");
}

static const char *const devices[] = {"Toy1", "Toy2", NULL};

static int32_t read_option(toy *t, const amct_option *o)
{
    if (strcmp(o->key, "chip") == 0) {
        int known = strcmp(o->value, "Toy1") == 0 || strcmp(o->value, "Toy2") == 0;
        if (known && breaks("device-refused") && strcmp(o->value, "Toy2") == 0)
            return 0;
        t->chip = known && !breaks("device-name") ? o->value : devices[0];
        return known || breaks("takes-chip");
    }
    if (strcmp(o->key, "speed") == 0) {
        t->ns = strcmp(o->value, "2") == 0 || breaks("default-differs") ? 0.5 : 1;
        return breaks("takes-value") ||
               (strcmp(o->value, "1") == 0 && !breaks("default-refused")) ||
               strcmp(o->value, "2") == 0;
    }
    return breaks("takes-option");
}

static int32_t toy_open(const amct_host *host, const amct_option *options, size_t n_options,
                        void **self)
{
    toy fresh = {.host = host, .chip = devices[0], .ns = 1};
    for (size_t i = 0; i < n_options; i++)
        if (!read_option(&fresh, AMCT_AT(amct_option, options, i)))
            return refuse(host, self);
    toy *t = host->alloc(host->ctx, sizeof *t, 8);
    if (!t)
        return breaks("open-code") ? host->fail(host->ctx, AMCT_E_IO, "no memory")
                                   : host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *t = fresh;
    if (breaks("open-leaks"))
        t->scratch = malloc(100);
    if (breaks("open-keeps"))
        t->scratch = host->alloc(host->ctx, 100, 8);
    *self = t;
    return AMCT_OK;
}

static int32_t toy_info(void *self, amct_estimator_info *out)
{
    const toy *t = self;
    if (breaks("info"))
        return t->host->fail(t->host->ctx, AMCT_E_UNSUPPORTED, "not today");
    out->method = breaks("method") ? 9 : AMCT_METHOD_TABLE;
    out->deterministic = breaks("maybe") ? 2 : 1;
    out->device = breaks("no-device") ? NULL : t->chip;
    return AMCT_OK;
}

static double elements(const toy *t, const amct_graph_view *graph, uint32_t id)
{
    const amct_tensor_view *x = breaks("tensor-index")
                                    ? &graph->tensors[id]
                                    : AMCT_AT(amct_tensor_view, graph->tensors, id);
    double n = 1;
    for (uint32_t i = 0; x->rank != AMCT_RANK_UNKNOWN && i < x->rank && x->dims; i++)
        n *= (double)x->dims[i];
    int sparse = AMCT_HAS(x, amct_tensor_view, sparsity) || breaks("old-field")
                     ? x->sparsity != AMCT_DENSE
                     : 0;
    return n * t->ns * (sparse ? 0.5 : 1);
}

static amct_node_cost *cost_at(amct_node_cost *out, uint32_t i)
{
    if (breaks("cost-index"))
        return &out[i];
    return (amct_node_cost *)(void *)((char *)out + (size_t)i * out->struct_size);
}

static double answer(const toy *t, const amct_graph_view *graph, amct_node_cost *out)
{
    double sum = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const amct_node_desc *node =
            breaks("node-index") ? &graph->nodes[i] : AMCT_AT(amct_node_desc, graph->nodes, i);
        amct_node_cost *cost = cost_at(out, i);
        if (breaks("incomplete") && i == 1)
            continue;
        cost->status = breaks("leaves-out") && i == 1 ? AMCT_NODE_UNSUPPORTED : AMCT_NODE_OK;
        if (cost->status == AMCT_NODE_UNSUPPORTED)
            continue;
        cost->latency_ns = node->n_src ? elements(t, graph, node->src[0]) : 0;
        if (breaks("nan"))
            cost->latency_ns = NAN;
        if (breaks("negative"))
            cost->latency_ns = -1;
        if (breaks("removed"))
            cost->status = AMCT_NODE_REMOVED;
        if (breaks("writes-beyond") && cost->struct_size > sizeof *cost)
            memset((char *)cost + sizeof *cost, 0, 8);
        sum += cost->latency_ns;
    }
    return sum;
}

static int32_t toy_estimate(void *self, const amct_graph_view *graph, amct_node_cost *out,
                            amct_graph_cost *total)
{
    toy *t = self;
    t->asked++;
    if (breaks("threads"))
        a_static = (int)graph->n_nodes;
    void *scratch = t->host->alloc(t->host->ctx, 16, 8);
    if (!scratch && !breaks("alloc"))
        return breaks("alloc-code") ? t->host->fail(t->host->ctx, AMCT_E_LIMIT, "no memory")
                                    : t->host->fail(t->host->ctx, AMCT_E_NOMEM, "out of memory");
    if (!scratch)
        raise(SIGSEGV);
    memset(scratch, 0, 16);
    if (!breaks("close-keeps"))
        t->host->free(t->host->ctx, scratch);
    misbehave(t->host);
    for (uint32_t i = 0; i < graph->n_nodes && breaks("unknown-op"); i++)
        if (strcmp(AMCT_AT(amct_node_desc, graph->nodes, i)->op, "NoSuchOperator") == 0)
            return t->host->fail(t->host->ctx, AMCT_E_UNSUPPORTED, "an unknown operator");
    if (breaks("mute"))
        return AMCT_E_LIMIT;
    double sum = answer(t, graph, out);
    if (breaks("empty") && graph->n_nodes == 0)
        raise(SIGSEGV);
    if (breaks("leaks") && !malloc(64))
        abort();
    if (breaks("drifts"))
        sum += (double)t->asked;
    if (breaks("instances")) { /* the first one is right, others are not */
        static const void *first;
        first = first ? first : self;
        sum += first == self ? 0 : 1;
    }
    if (breaks("threads")) /* another one may have come between */
        sum += a_static;
    total->latency_ns = breaks("sum") ? 2 * sum + 1 : sum;
    total->fixed_ns = breaks("fixed") ? sum + 1 : 0;
    total->error_band_ratio = 0.1;
    return AMCT_OK;
}

static void toy_close(void *self)
{
    toy *t = self;
    t->host->free(t->host->ctx, t);
}

static const amct_option_info options[] = {
    {.struct_size = sizeof *options,
     .key = "chip",
     .values = "Toy1, Toy2",
     .fallback = "Toy1",
     .meaning = "the chip"},
    {.struct_size = sizeof *options,
     .key = "speed",
     .values = "1, 2",
     .fallback = "1",
     .meaning = "how fast it is"},
};

static const amct_estimator estimator = {
    .struct_size = sizeof estimator,
    .devices = devices,
    .open = toy_open,
    .info = toy_info,
    .estimate = toy_estimate,
    .close = toy_close,
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "toy-estimator",
    .version = "0.1",
    .summary = "a nanosecond for each element",
    .estimator = &estimator,
};
