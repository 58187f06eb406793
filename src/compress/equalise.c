#include "compress/equalise.h"

#include "ops/weights.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 8, MAX_EXPONENT = 40 };

static bool is_layer(const amct_graph *g, const amct_node *node)
{
    const amct_tensor *w = amct_node_src(g, node, 1), *bias = amct_node_src(g, node, 2);
    bool gemm = amct_node_is(node, "Gemm");
    if ((!gemm && !amct_node_is(node, "Conv")) || !w || !w->data || w->dtype != AMCT_FLOAT ||
        w->shape.rank < 2)
        return false;
    if (gemm && (amct_node_float(node, "alpha", 1) != 1 || amct_node_float(node, "beta", 1) != 1 ||
                 amct_node_int(node, "transA", 0)))
        return false;
    return !bias || (bias->data && bias->dtype == AMCT_FLOAT &&
                     amct_shape_size(&bias->shape) == amct_weights_channels(node, &w->shape));
}

static bool commutes(const amct_node *node)
{
    static const char *const names[] = {"Relu",    "LeakyRelu",   "PRelu",
                                        "MaxPool", "AveragePool", "GlobalAveragePool",
                                        "GlobalMaxPool"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (amct_node_is(node, names[i]))
            return true;
    return false;
}

/* The layer that alone takes what node n makes, or AMCT_NO_TENSOR. */
static uint32_t partner(const amct_graph *g, const amct_links *links, uint32_t n)
{
    uint32_t t = g->nodes[n].dst[0];
    for (;;) {
        uint32_t user = amct_links_only_user(links, t);
        if (user == AMCT_NO_TENSOR || g->nodes[user].src[0] != t)
            return AMCT_NO_TENSOR;
        if (is_layer(g, &g->nodes[user]))
            return user;
        if (!commutes(&g->nodes[user]) || g->nodes[user].n_dst != 1)
            return AMCT_NO_TENSOR;
        t = g->nodes[user].dst[0];
    }
}

/* The channel of the source that weight i of a layer multiplies. */
static int64_t source_channel(const amct_node *node, const amct_shape *w, int64_t i)
{
    int64_t taps = amct_shape_count(w, 2, w->rank);
    if (!amct_node_is(node, "Conv"))
        return amct_weights_axis(node, w) == 0 ? i % w->dims[1] : i / w->dims[1];
    int64_t group = amct_weights_channel(node, w, i) /
                    (w->dims[0] / amct_node_int(node, "group", 1));
    return group * w->dims[1] + i / taps % w->dims[1];
}

static int64_t source_channels(const amct_node *node, const amct_shape *w)
{
    if (amct_node_is(node, "Conv"))
        return w->dims[1] * amct_node_int(node, "group", 1);
    return w->dims[1 - amct_weights_axis(node, w)];
}

static int64_t channel_of(const amct_node *node, const amct_shape *w, int64_t i, bool source)
{
    return source ? source_channel(node, w, i) : amct_weights_channel(node, w, i);
}

/* range[c]: the largest weight of channel c of the result, or of the source. */
static void ranges(double *range, int64_t channels, const amct_graph *g, const amct_node *node,
                   bool source)
{
    const amct_tensor *w = amct_node_src(g, node, 1);
    int64_t n = amct_shape_size(&w->shape);
    for (int64_t c = 0; c < channels; c++)
        range[c] = 0;
    for (int64_t i = 0; i < n; i++) {
        double *to = &range[channel_of(node, &w->shape, i, source)];
        *to = fmax(*to, fabs((double)((const float *)w->data)[i]));
    }
}

/* Multiplies source `at` of a layer by factors of its channels: its weights, or its bias. */
static amct_status scale(amct_graph *g, amct_node *node, uint32_t at, bool source,
                         const double *factors, double sign, amct_err *err)
{
    const amct_tensor *old = amct_node_src(g, node, at);
    if (!old)
        return AMCT_OK;
    amct_tensor w = *old; /* the array moves when it grows */
    uint32_t id;
    void *data;
    AMCT_TRY(amct_graph_add_constant(g, w.name, AMCT_FLOAT, &w.shape, &id, &data, err));
    int64_t n = amct_shape_size(&w.shape);
    for (int64_t i = 0; i < n; i++) {
        int64_t c = at == 2 ? i : channel_of(node, &w.shape, i, source);
        ((float *)data)[i] = ldexpf(((const float *)w.data)[i], (int)(sign * factors[c]));
    }
    node->src[at] = id;
    return AMCT_OK;
}

/* *changed: whether the pair was not equal already. */
static amct_status equalise_pair(bool *changed, amct_graph *g, uint32_t a, uint32_t b,
                                 amct_err *err)
{
    amct_node *first = &g->nodes[a], *second = &g->nodes[b];
    const amct_shape *w = &amct_node_src(g, first, 1)->shape;
    int64_t channels = amct_weights_channels(first, w);
    *changed = false;
    if (source_channels(second, &amct_node_src(g, second, 1)->shape) != channels)
        return AMCT_OK; /* something like a Flatten in between */
    double *made = calloc((size_t)channels + 1, sizeof *made);
    double *taken = calloc((size_t)channels + 1, sizeof *taken);
    amct_status status = made && taken ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        ranges(made, channels, g, first, false);
        ranges(taken, channels, g, second, true);
    }
    for (int64_t c = 0; status == AMCT_OK && c < channels; c++) {
        bool both = made[c] > 0 && taken[c] > 0;
        double exponent = both ? rint(log2(taken[c] / made[c]) / 2) : 0;
        made[c] = fmin(fmax(exponent, -MAX_EXPONENT), MAX_EXPONENT);
        *changed |= made[c] != 0;
    }
    if (status == AMCT_OK && *changed) {
        status = scale(g, first, 1, false, made, 1, err);
        if (status == AMCT_OK)
            status = scale(g, first, 2, false, made, 1, err);
        if (status == AMCT_OK)
            status = scale(g, second, 1, true, made, -1, err);
    }
    free(made);
    free(taken);
    return status;
}

amct_status amct_equalise(uint32_t *n_pairs, amct_graph *graph, amct_err *err)
{
    amct_links links;
    AMCT_TRY(amct_links_make(&links, graph, err));
    bool *touched = calloc(graph->n_nodes + 1, sizeof *touched), again = true;
    amct_status status = touched ? AMCT_OK : amct_fail_nomem(err);
    for (int round = 0; status == AMCT_OK && again && round < ROUNDS; round++) {
        again = false;
        for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
            uint32_t next = is_layer(graph, &graph->nodes[n]) ? partner(graph, &links, n)
                                                              : AMCT_NO_TENSOR;
            bool changed = false;
            if (next != AMCT_NO_TENSOR)
                status = equalise_pair(&changed, graph, n, next, err);
            touched[n] |= changed;
            again |= changed;
        }
    }
    uint32_t pairs = 0;
    for (uint32_t n = 0; touched && n < graph->n_nodes; n++)
        pairs += touched[n];
    free(touched);
    amct_links_free(&links);
    if (status == AMCT_OK)
        *n_pairs = pairs;
    return status == AMCT_OK ? amct_graph_prune(graph, err) : status;
}
