/*
 * An estimator for two chips that do not exist: a roofline. A node takes as long as its arithmetic
 * or its memory traffic, whichever is longer (S. Williams, A. Waterman, D. Patterson, "Roofline: an
 * insightful visual performance model", Communications of the ACM 52 (2009) 65), and a fixed time
 * to begin. It shows what an estimator does: look at every node as it will run, and say a time, or
 * that it cannot tell.
 */
#include <amct/plugin.h>
#include <string.h>

/* What a data sheet says. */
typedef struct chip {
    const char *name;
    double ops_per_ns; /* multiplications and additions, float16; int8 twice, int4 four times */
    double bytes_per_ns;
    double begin_ns; /* of each kernel */
    double start_ns; /* of each inference */
} chip;

static const chip chips[] = {
    {"Imaginary1", 4000, 60, 2000, 20000},
    {"Imaginary2", 16000, 200, 1500, 15000},
};
enum { N_CHIPS = sizeof chips / sizeof *chips };

static const char *const devices[] = {"Imaginary1", "Imaginary2", NULL};

typedef struct roofline {
    const amct_host *host;
    const chip *chip;
    double efficiency; /* share of the data sheet that is reached */
} roofline;

/* ---- Options ------------------------------------------------------------------------------- */

static int32_t read_chip(const amct_host *host, const char *value, const chip **out)
{
    for (int i = 0; i < N_CHIPS; i++)
        if (strcmp(chips[i].name, value) == 0) {
            *out = &chips[i];
            return AMCT_OK;
        }
    return host->fail(host->ctx, AMCT_E_INVALID, "unknown chip; known are Imaginary1, Imaginary2");
}

static int32_t read_efficiency(const amct_host *host, const char *value, double *out)
{
    static const char *const names[] = {"30%", "60%", "100%"};
    static const double ratios[] = {0.3, 0.6, 1};
    for (int i = 0; i < 3; i++)
        if (strcmp(names[i], value) == 0) {
            *out = ratios[i];
            return AMCT_OK;
        }
    return host->fail(host->ctx, AMCT_E_INVALID, "efficiency is 30%, 60% or 100%");
}

static int32_t roofline_open(const amct_host *host, const amct_option *options, size_t n_options,
                             void **self)
{
    roofline fresh = {.host = host, .chip = &chips[0], .efficiency = 0.6};
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *o = AMCT_AT(amct_option, options, i); /* never options[i] */
        int32_t code = AMCT_OK;
        if (strcmp(o->key, "chip") == 0)
            code = read_chip(host, o->value, &fresh.chip);
        else if (strcmp(o->key, "efficiency") == 0)
            code = read_efficiency(host, o->value, &fresh.efficiency);
        else
            code = host->fail(host->ctx, AMCT_E_INVALID,
                              "unknown option; known are chip and efficiency");
        if (code != AMCT_OK)
            return code;
    }
    roofline *r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = fresh;
    *self = r;
    return AMCT_OK;
}

static int32_t roofline_info(void *self, amct_estimator_info *out)
{
    const roofline *r = self;
    out->method = AMCT_METHOD_MODEL;
    out->deterministic = 1;
    out->device = r->chip->name;
    return AMCT_OK;
}

static void roofline_close(void *self)
{
    roofline *r = self;
    r->host->free(r->host->ctx, r);
}

/* ---- One node ------------------------------------------------------------------------------ */

static const amct_tensor_view *tensor(const amct_graph_view *g, uint32_t id)
{
    return id < g->n_tensors ? AMCT_AT(amct_tensor_view, g->tensors, id) : NULL;
}

/* Elements of a tensor; -1 if they are not known. */
static double elements(const amct_tensor_view *t)
{
    double n = 1;
    if (!t || t->rank == AMCT_RANK_UNKNOWN)
        return -1;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (t->dims[i] < 0)
            return -1;
        n *= (double)t->dims[i];
    }
    return n;
}

static double bytes_of(const amct_tensor_view *t)
{
    double n = elements(t);
    uint32_t d = t ? t->dtype : 0;
    double bits = d == AMCT_INT4 || d == AMCT_UINT4                         ? 4
                  : d == AMCT_INT8 || d == AMCT_UINT8 || d == AMCT_BOOL     ? 8
                  : d == AMCT_FLOAT16 || d == AMCT_BFLOAT16                 ? 16
                  : d == AMCT_INT64 || d == AMCT_UINT64 || d == AMCT_DOUBLE ? 64
                                                                            : 32;
    return n < 0 ? -1 : n * bits / 8;
}

/* Multiplications and additions of the node, and how many more of them fit into a nanosecond than
 * of float16. */
static double arithmetic(const amct_graph_view *g, const amct_node_desc *n, double *faster)
{
    const amct_tensor_view *w = n->n_src > 1 ? tensor(g, n->src[1]) : NULL;
    double out = elements(tensor(g, n->dst[0]));
    *faster = w && w->dtype == AMCT_INT8 ? 2 : w && w->dtype == AMCT_INT4 ? 4 : 1;
    if (!w || w->rank == AMCT_RANK_UNKNOWN || w->rank < 2)
        return out;
    if (strcmp(n->op, "Conv") == 0) /* every output is a sum over a window of the inputs */
        return 2 * out * elements(w) / (double)(w->dims[0] ? w->dims[0] : 1);
    if (strcmp(n->op, "Gemm") == 0 || strcmp(n->op, "MatMul") == 0) {
        double last = (double)w->dims[w->rank - 1], before = (double)w->dims[w->rank - 2];
        return 2 * out * (last * before / (last > before ? last : before));
    }
    return out;
}

static void cost_node(const roofline *r, const amct_graph_view *g, const amct_node_desc *n,
                      amct_node_cost *cost)
{
    double bytes = 0, faster, ops;
    cost->status = AMCT_NODE_UNSUPPORTED; /* with a latency of 0 */
    cost->latency_ns = cost->spread_ns = 0;
    if (n->n_dst == 0 || n->domain[0] != 0)
        return;
    for (uint32_t i = 0; i < n->n_src + n->n_dst; i++) {
        uint32_t id = i < n->n_src ? n->src[i] : n->dst[i - n->n_src];
        double b = id == AMCT_NO_TENSOR ? 0 : bytes_of(tensor(g, id));
        if (b < 0)
            return;
        bytes += b;
    }
    ops = arithmetic(g, n, &faster);
    double compute = ops / (r->chip->ops_per_ns * faster * r->efficiency);
    double memory = bytes / (r->chip->bytes_per_ns * r->efficiency);
    cost->status = AMCT_NODE_OK;
    cost->bound = compute > memory ? AMCT_BOUND_CUBE : AMCT_BOUND_MEMORY;
    cost->latency_ns = r->chip->begin_ns + (compute > memory ? compute : memory);
    cost->spread_ns = 0.5 * cost->latency_ns; /* nobody has measured it */
}

static int32_t roofline_estimate(void *self, const amct_graph_view *graph, amct_node_cost *out,
                                 amct_graph_cost *total)
{
    const roofline *r = self;
    total->fixed_ns = total->latency_ns = r->chip->start_ns;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        /* The host's structs may be longer than ours: their first bytes say how far apart they are.
         */
        amct_node_cost *cost =
            (amct_node_cost *)(void *)((char *)out + (size_t)i * out->struct_size);
        cost_node(r, graph, AMCT_AT(amct_node_desc, graph->nodes, i), cost);
        total->latency_ns += cost->latency_ns;
    }
    total->error_band_ratio = 0.5;
    return AMCT_OK;
}

/* ---- What it is ---------------------------------------------------------------------------- */

static const amct_option_info options[] = {
    {.struct_size = sizeof *options,
     .key = "chip",
     .values = "Imaginary1, Imaginary2",
     .fallback = "Imaginary1",
     .meaning = "the chip"},
    {.struct_size = sizeof *options,
     .key = "efficiency",
     .values = "30%, 60%, 100%",
     .fallback = "60%",
     .meaning = "share of the data sheet that is reached"},
};

static const amct_estimator estimator = {
    .struct_size = sizeof estimator,
    .devices = devices,
    .open = roofline_open,
    .info = roofline_info,
    .estimate = roofline_estimate,
    .close = roofline_close,
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "roofline",
    .version = "0.1",
    .summary = "a roofline of two chips that do not exist",
    .estimator = &estimator,
};
