#include "ops/weights.h"
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* y = a[c] * x + b[c] per channel. */
typedef struct affine {
    int64_t channels;
    double *a, *b;
} affine;

/* A constant that gives each channel (dim 1 of a tensor of that rank) one number. */
static bool per_channel(const amct_tensor *t, int32_t rank, int64_t channels)
{
    if (!t || !t->data || t->shape.rank > rank || !amct_dtype_is_float(t->dtype))
        return false;
    for (int32_t i = 0; i < t->shape.rank; i++) {
        int32_t axis = rank - t->shape.rank + i;
        if (t->shape.dims[i] != 1 && !(axis == 1 && t->shape.dims[i] == channels))
            return false;
    }
    return true;
}

static double of_channel(const amct_tensor *t, int64_t c)
{
    return amct_constant_number(t, amct_shape_size(&t->shape) == 1 ? 0 : c);
}

static bool read_batch_norm(affine *to, const amct_graph *graph, const amct_node *node)
{
    const amct_tensor *p[4];
    for (uint32_t i = 0; i < 4; i++) {
        p[i] = amct_node_src(graph, node, i + 1);
        if (!p[i] || !p[i]->data || amct_shape_size(&p[i]->shape) != to->channels)
            return false;
    }
    for (uint32_t i = 1; i < node->n_dst; i++)
        if (node->dst[i] != AMCT_NO_TENSOR)
            return false;
    double epsilon = amct_node_float(node, "epsilon", 1e-5f);
    for (int64_t c = 0; c < to->channels; c++) {
        to->a[c] = amct_constant_number(p[0], c) / sqrt(amct_constant_number(p[3], c) + epsilon);
        to->b[c] = amct_constant_number(p[1], c) - amct_constant_number(p[2], c) * to->a[c];
        if (!isfinite(to->a[c]) || !isfinite(to->b[c]))
            return false;
    }
    return true;
}

/* Reads node, which takes tensor t of that rank, as an affine map; false if it is none. */
static bool read_affine(affine *to, const amct_graph *graph, const amct_node *node, uint32_t t,
                        int32_t rank)
{
    if (amct_node_is(node, "BatchNormalization"))
        return node->src[0] == t && read_batch_norm(to, graph, node);
    bool add = amct_node_is(node, "Add"), sub = amct_node_is(node, "Sub");
    bool mul = amct_node_is(node, "Mul"), div = amct_node_is(node, "Div");
    if ((!add && !sub && !mul && !div) || node->n_src != 2)
        return false;
    bool first = node->src[0] == t;
    const amct_tensor *other = amct_node_src(graph, node, first);
    if ((!first && (sub || div)) || !per_channel(other, rank, to->channels))
        return false;
    for (int64_t c = 0; c < to->channels; c++) {
        double v = of_channel(other, c);
        to->a[c] = mul ? v : div ? 1 / v : 1;
        to->b[c] = add ? v : sub ? -v : 0;
        if (!isfinite(to->a[c]))
            return false;
    }
    return true;
}

/* Channels of a layer whose weights and bias can be scaled; 0 if it is none. */
static int64_t scalable_channels(const amct_graph *graph, const amct_node *node)
{
    const amct_tensor *w = amct_node_src(graph, node, 1), *bias = amct_node_src(graph, node, 2);
    bool gemm = amct_node_is(node, "Gemm");
    if ((!amct_node_is(node, "Conv") && !amct_node_is(node, "ConvTranspose") && !gemm) || !w ||
        !w->data || w->dtype != AMCT_FLOAT || w->shape.rank < 2 ||
        (bias && (!bias->data || bias->dtype != AMCT_FLOAT)))
        return 0;
    if (gemm && (amct_node_float(node, "alpha", 1) != 1 || amct_node_float(node, "beta", 1) != 1))
        return 0;
    int64_t channels = amct_weights_channels(node, &w->shape);
    return bias && amct_shape_size(&bias->shape) != channels ? 0 : channels;
}

/* Weights times their channel's factor; from may be to. */
static void scale_weights(float *to, const float *from, const amct_node *node,
                          const amct_shape *shape, const double *factors)
{
    int64_t n = amct_shape_size(shape);
    int64_t run = amct_shape_count(shape, amct_weights_axis(node, shape) + 1, shape->rank);
    for (int64_t at = 0; at < n; at += run) { /* neighbours of one channel */
        double factor = factors[amct_weights_channel(node, shape, at)];
        for (int64_t i = at; i < at + run; i++)
            to[i] = (float)(from[i] * factor);
    }
}

/* owned: nothing else uses the weights' block, if they have one. */
static amct_status apply(amct_graph *graph, amct_node *node, const affine *map, bool owned,
                         amct_err *err)
{
    bool scales = false, shifts = false;
    for (int64_t c = 0; c < map->channels; c++)
        scales |= map->a[c] != 1, shifts |= map->b[c] != 0;
    void *data;
    uint32_t id;
    if (scales) {
        amct_tensor w = graph->tensors[node->src[1]]; /* the array moves when it grows */
        if (owned && w.block) {
            graph->tensors[node->src[1]].hash = (amct_hash){0};
            scale_weights((float *)w.data, w.data, node, &w.shape, map->a);
        } else {
            AMCT_TRY(amct_graph_add_constant(graph, w.name, AMCT_FLOAT, &w.shape, &id, &data, err));
            scale_weights(data, w.data, node, &w.shape, map->a);
            node->src[1] = id;
        }
    }
    const amct_tensor *old = amct_node_src(graph, node, 2);
    if (!old && !shifts)
        return AMCT_OK;
    char *name = amct_arena_printf(graph->arena, "%s.bias", node->name);
    amct_shape shape = amct_shape_of(1, &map->channels);
    if (!name)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_graph_add_constant(graph, old ? old->name : name, AMCT_FLOAT, &shape, &id, &data,
                                     err));
    old = amct_node_src(graph, node, 2);
    for (int64_t c = 0; c < map->channels; c++)
        ((float *)data)[c] =
            (float)((old ? amct_constant_number(old, c) : 0) * map->a[c] + map->b[c]);
    if (node->n_src < 3) {
        uint32_t *src = amct_arena_array(graph->arena, 3, sizeof *src);
        if (!src)
            return amct_fail_nomem(err);
        memcpy(src, node->src, node->n_src * sizeof *src);
        node->src = src;
        node->n_src = 3;
    }
    node->src[2] = id;
    return AMCT_OK;
}

/* Works the nodes behind node n into it, as long as there are some. */
static amct_status absorb(amct_graph *graph, const amct_links *links, uint32_t n, amct_err *err)
{
    amct_node *node = &graph->nodes[n];
    amct_status status = AMCT_OK;
    int64_t channels = node->n_dst ? scalable_channels(graph, node) : 0;
    if (channels < 1)
        return AMCT_OK;
    affine map = {channels, calloc((size_t)channels, sizeof(double)),
                  calloc((size_t)channels, sizeof(double))};
    if (!map.a || !map.b)
        status = amct_fail_nomem(err);
    bool owned = links->n_uses[node->src[1]] == 1;
    while (status == AMCT_OK) {
        uint32_t dst = node->dst[0], user = amct_links_only_user(links, dst);
        if (user == AMCT_NO_TENSOR || graph->nodes[user].n_dst < 1)
            break;
        amct_node *next = &graph->nodes[user];
        const amct_shape *from = &graph->tensors[dst].shape,
                         *to = &graph->tensors[next->dst[0]].shape;
        if (!amct_shape_known(from) || !amct_shape_equal(from, to) ||
            !read_affine(&map, graph, next, dst, from->rank))
            break;
        uint32_t weights = node->src[1];
        status = apply(graph, node, &map, owned, err);
        owned |= node->src[1] != weights; /* it has its own now */
        node->dst[0] = next->dst[0];
        amct_drop_node(graph, user);
    }
    free(map.a);
    free(map.b);
    return status;
}

amct_status amct_pass_scale(amct_graph *graph, amct_err *err)
{
    amct_links links;
    AMCT_TRY(amct_links_make(&links, graph, err));
    amct_status status = AMCT_OK;
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++)
        status = absorb(graph, &links, n, err);
    amct_links_free(&links);
    return status == AMCT_OK ? amct_graph_prune(graph, err) : status;
}
