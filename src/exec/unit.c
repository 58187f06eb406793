#include "exec/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t post(amct_post *to, amct_post_kind kind, float a, float b)
{
    *to = (amct_post){kind, a, b};
    return 1;
}

/* A bound of Clip; false if it is computed at run time. */
static bool clip_bound(float *out, const amct_graph *graph, const amct_node *node, uint32_t i)
{
    const amct_tensor *bound = amct_node_src(graph, node, i);
    if (!bound)
        return true;
    if (!bound->data || !bound->bytes)
        return false;
    *out = (float)amct_constant_number(bound, 0);
    return true;
}

uint32_t amct_activation_posts(amct_post posts[2], const amct_graph *graph, const amct_node *node)
{
    static const struct {
        const char *op;
        amct_post_kind kind;
    } plain[] = {
        {"Relu", AMCT_POST_RELU},
        {"Sigmoid", AMCT_POST_SIGMOID},
        {"Tanh", AMCT_POST_TANH},
        {"Softplus", AMCT_POST_SOFTPLUS},
        {"HardSwish", AMCT_POST_HARDSWISH},
        {"Mish", AMCT_POST_MISH},
        {"Exp", AMCT_POST_EXP},
        {"Sqrt", AMCT_POST_SQRT},
        {"Abs", AMCT_POST_ABS},
    };
    if (node->domain[0] || node->n_src < 1 || node->src[0] == AMCT_NO_TENSOR ||
        graph->tensors[node->src[0]].dtype != AMCT_FLOAT)
        return 0;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(node->op, plain[i].op) == 0)
            return post(posts, plain[i].kind, 0, 0);
    if (amct_node_is(node, "LeakyRelu"))
        return post(posts, AMCT_POST_RELU, amct_node_float(node, "alpha", 0.01f), 0);
    if (amct_node_is(node, "Elu"))
        return post(posts, AMCT_POST_ELU, amct_node_float(node, "alpha", 1), 0);
    if (amct_node_is(node, "Clip")) {
        float low = -INFINITY, high = INFINITY;
        if (clip_bound(&low, graph, node, 1) && clip_bound(&high, graph, node, 2) && low <= high)
            return post(posts, AMCT_POST_CLIP, low, high);
    }
    if (amct_node_is(node, "HardSigmoid"))
        return post(posts, AMCT_POST_LINEAR, amct_node_float(node, "alpha", 0.2f),
                    amct_node_float(node, "beta", 0.5f)) +
               post(posts + 1, AMCT_POST_CLIP, 0, 1);
    if (amct_node_is(node, "Selu"))
        return post(posts, AMCT_POST_ELU,
                    amct_node_float(node, "alpha", 1.67326319217681884765625f), 0) +
               post(posts + 1, AMCT_POST_LINEAR,
                    amct_node_float(node, "gamma", 1.05070102214813232421875f), 0);
    if (amct_node_is(node, "Gelu"))
        return post(posts,
                    strcmp(amct_node_string(node, "approximate", "none"), "tanh") == 0
                        ? AMCT_POST_GELU_TANH
                        : AMCT_POST_GELU_ERF,
                    0, 0);
    return 0;
}

typedef struct matcher {
    const amct_graph *graph;
    amct_links links;
    const bool *keep;
    bool *taken; /* per node: already in a unit */
    uint32_t n_posts;
} matcher;

/* The one node that takes tensor t, if t need not be stored and the node is free. */
static uint32_t follow(const matcher *m, uint32_t t)
{
    if (m->keep && m->keep[t])
        return AMCT_NO_TENSOR;
    uint32_t user = amct_links_only_user(&m->links, t);
    return user != AMCT_NO_TENSOR && !m->taken[user] && m->graph->nodes[user].n_dst == 1
               ? user
               : AMCT_NO_TENSOR;
}

static uint32_t other_operand(const amct_node *add, uint32_t t)
{
    return add->src[add->src[0] == t];
}

static bool is_channel_bias(const amct_graph *graph, const amct_unit *unit, uint32_t t)
{
    const amct_tensor *bias = &graph->tensors[t];
    const amct_shape *dst = &graph->tensors[unit->dst].shape;
    return bias->data && bias->shape.rank == 1 && dst->rank >= 1 &&
           bias->shape.dims[0] == dst->dims[dst->rank - 1] &&
           bias->dtype == (unit->integer ? AMCT_INT32 : AMCT_FLOAT);
}

/* Takes the node behind unit->dst into the unit; false if the unit ends here. */
static bool extend(matcher *m, amct_unit *unit)
{
    const amct_graph *graph = m->graph;
    uint32_t t = unit->dst, n = follow(m, t);
    if (n == AMCT_NO_TENSOR)
        return false;
    const amct_node *node = &graph->nodes[n];
    bool summed = unit->integer && unit->dequant == AMCT_NO_TENSOR;
    bool add = amct_node_is(node, "Add") && node->n_src == 2 && node->src[0] != node->src[1];
    amct_post posts[2];
    uint32_t n_posts = 1;
    if (add && unit->bias == AMCT_NO_TENSOR && !unit->n_links &&
        (summed || unit->dequant == AMCT_NO_TENSOR) &&
        amct_node_is(&graph->nodes[unit->node], "MatMul") &&
        is_channel_bias(graph, unit, other_operand(node, t))) {
        unit->bias = n;
        n_posts = 0;
    } else if (summed) {
        if (!amct_node_is(node, "AscendDequant") || node->n_src != 2 || node->src[0] != t ||
            !graph->tensors[node->src[1]].data || graph->tensors[node->dst[0]].dtype != AMCT_FLOAT)
            return false;
        unit->dequant = n;
        n_posts = amct_node_int(node, "relu_flag", 0) != 0;
    } else if (amct_node_is(node, "AscendQuant")) {
        unit->quant = n;
    } else if (unit->n_links == AMCT_MAX_LINKS) {
        return false;
    } else if (add) {
        uint32_t other = other_operand(node, t);
        if (graph->tensors[other].dtype != AMCT_FLOAT ||
            !amct_shape_equal(&graph->tensors[other].shape, &graph->tensors[t].shape))
            return false;
        unit->links[unit->n_links++] = (amct_link){n, other};
    } else {
        n_posts = amct_activation_posts(posts, graph, node);
        if (!n_posts || node->src[0] != t || m->n_posts + n_posts > AMCT_MAX_POSTS - 4)
            return false;
        unit->links[unit->n_links++] = (amct_link){n, AMCT_NO_TENSOR};
    }
    m->n_posts += n_posts;
    m->taken[n] = true;
    unit->last = n;
    unit->dst = node->dst[0];
    return true;
}

static bool is_layer(const amct_graph *graph, const amct_node *node)
{
    if (!amct_node_is(node, "Conv") && !amct_node_is(node, "ConvTranspose") &&
        !amct_node_is(node, "Gemm") && !amct_node_is(node, "MatMul"))
        return false;
    const amct_tensor *src = amct_node_src(graph, node, 0), *w = amct_node_src(graph, node, 1);
    return src && w && w->data && src->dtype == w->dtype &&
           (src->dtype == AMCT_FLOAT || src->dtype == AMCT_INT8);
}

static amct_unit single(const amct_graph *graph, uint32_t n)
{
    const amct_node *node = &graph->nodes[n];
    return (amct_unit){.node = n,
                       .bias = AMCT_NO_TENSOR,
                       .dequant = AMCT_NO_TENSOR,
                       .quant = AMCT_NO_TENSOR,
                       .dst = node->n_dst ? node->dst[0] : AMCT_NO_TENSOR,
                       .last = n};
}

static int by_last(const void *a, const void *b)
{
    const amct_unit *x = a, *y = b;
    return (x->last > y->last) - (x->last < y->last);
}

amct_status amct_units_make(amct_unit **out, uint32_t *n, const amct_graph *graph, const bool *keep,
                            bool fuse, amct_err *err)
{
    matcher m = {.graph = graph, .keep = keep};
    m.taken = calloc(graph->n_nodes + 1, sizeof *m.taken);
    amct_unit *units = calloc(graph->n_nodes + 1, sizeof *units);
    amct_status status =
        m.taken && units ? amct_links_make(&m.links, graph, err) : amct_fail_nomem(err);
    uint32_t count = 0;
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_nodes; i++) {
        if (m.taken[i])
            continue;
        amct_unit unit = single(graph, i);
        m.taken[i] = true;
        if (fuse && is_layer(graph, &graph->nodes[i])) {
            unit.layer = true;
            unit.integer = graph->tensors[graph->nodes[i].src[0]].dtype == AMCT_INT8;
            m.n_posts = 0;
            while (unit.quant == AMCT_NO_TENSOR && extend(&m, &unit))
                ;
        }
        units[count++] = unit;
    }
    amct_links_free(&m.links);
    free(m.taken);
    if (status != AMCT_OK) {
        free(units);
        return status;
    }
    /* at its last node everything that a unit needs exists */
    qsort(units, count, sizeof *units, by_last);
    *out = units;
    *n = count;
    return AMCT_OK;
}

uint32_t amct_unit_nodes(uint32_t nodes[AMCT_MAX_UNIT_NODES], const amct_unit *unit)
{
    uint32_t n = 0;
    nodes[n++] = unit->node;
    if (unit->bias != AMCT_NO_TENSOR)
        nodes[n++] = unit->bias;
    if (unit->dequant != AMCT_NO_TENSOR)
        nodes[n++] = unit->dequant;
    for (uint32_t i = 0; i < unit->n_links; i++)
        nodes[n++] = unit->links[i].node;
    if (unit->quant != AMCT_NO_TENSOR)
        nodes[n++] = unit->quant;
    return n;
}
