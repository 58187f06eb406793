#include "conform/sample_graphs.h"

#include <stdlib.h>
#include <string.h>

/* ---- Building ------------------------------------------------------------------------------ */

/* A network that grows; failures of ours end the case. */
typedef struct sample {
    amct_trial *trial;
    amct_graph *graph;
    amct_err err;
} sample;

static sample begin(amct_trial *trial)
{
    sample s = {.trial = trial};
    amct_trial_need(trial, amct_graph_new(&s.graph, &s.err), &s.err);
    s.graph->name = "sample";
    s.graph->producer = "";
    return s;
}

#define SHAPE(...)                                                                                 \
    amct_shape_of((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                   \
                  (const int64_t[]){__VA_ARGS__})

static uint32_t value(sample *s, const char *name, uint32_t dtype, amct_shape shape)
{
    uint32_t id;
    amct_tensor t = {.name = name, .dtype = dtype, .shape = shape};
    amct_trial_need(s->trial, amct_graph_add_tensor(s->graph, &t, &id, &s->err), &s->err);
    return id;
}

static uint32_t input(sample *s, const char *name, uint32_t dtype, amct_shape shape)
{
    uint32_t id = value(s, name, dtype, shape);
    amct_trial_need(s->trial, amct_graph_add_input(s->graph, id, &s->err), &s->err);
    return id;
}

static uint32_t constant(sample *s, const char *name, uint32_t dtype, amct_shape shape)
{
    uint32_t id;
    void *data;
    amct_trial_need(s->trial,
                    amct_graph_add_constant(s->graph, name, dtype, &shape, &id, &data, &s->err),
                    &s->err);
    return id;
}

/* Up to three sources, ended by AMCT_NO_TENSOR; returns dst. */
static uint32_t node(sample *s, const char *op, const char *domain, uint32_t a, uint32_t b,
                     uint32_t c, uint32_t dst)
{
    uint32_t src[3] = {a, b, c};
    amct_node n = {.name = s->graph->tensors[dst].name,
                   .op = op,
                   .domain = domain,
                   .n_src = b == AMCT_NO_TENSOR   ? 1
                            : c == AMCT_NO_TENSOR ? 2
                                                  : 3,
                   .n_dst = 1,
                   .src = src,
                   .dst = &dst};
    amct_trial_need(s->trial, amct_graph_add_node(s->graph, &n, &s->err), &s->err);
    return dst;
}

static void attr(sample *s, const amct_attr *a)
{
    amct_node *last = &s->graph->nodes[s->graph->n_nodes - 1];
    amct_trial_need(s->trial, amct_node_set_attr(s->graph, last, a, &s->err), &s->err);
}

/* 3x3 with a border of 1. */
static void window(sample *s)
{
    static const int64_t kernel[] = {3, 3}, pads[] = {1, 1, 1, 1}, ones[] = {1, 1};
    const amct_attr all[] = {
        {.name = "kernel_shape", .type = AMCT_ATTR_INTS, .data = kernel, .count = 2},
        {.name = "pads", .type = AMCT_ATTR_INTS, .data = pads, .count = 4},
        {.name = "strides", .type = AMCT_ATTR_INTS, .data = ones, .count = 2},
        {.name = "dilations", .type = AMCT_ATTR_INTS, .data = ones, .count = 2},
        {.name = "group", .type = AMCT_ATTR_INT, .i = 1},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        attr(s, &all[i]);
}

/* Pools, flattens and classifies. */
static void finish(sample *s, uint32_t x)
{
    uint32_t none = AMCT_NO_TENSOR;
    uint32_t p = node(s, "GlobalAveragePool", "", x, none, none,
                      value(s, "pool", AMCT_FLOAT, SHAPE(2, 16, 1, 1)));
    uint32_t f = node(s, "Flatten", "", p, none, none, value(s, "flat", AMCT_FLOAT, SHAPE(2, 16)));
    attr(s, &(amct_attr){.name = "axis", .type = AMCT_ATTR_INT, .i = 1});
    uint32_t y = node(s, "Gemm", "", f, constant(s, "gemm_w", AMCT_FLOAT, SHAPE(10, 16)),
                      constant(s, "gemm_b", AMCT_FLOAT, SHAPE(10)),
                      value(s, "logits", AMCT_FLOAT, SHAPE(2, 10)));
    attr(s, &(amct_attr){.name = "transB", .type = AMCT_ATTR_INT, .i = 1});
    amct_trial_need(s->trial, amct_graph_add_output(s->graph, y, &s->err), &s->err);
}

static amct_graph *make_float(amct_trial *trial)
{
    sample s = begin(trial);
    uint32_t x = input(&s, "x", AMCT_FLOAT, SHAPE(2, 3, 32, 32));
    uint32_t y = node(&s, "Conv", "", x, constant(&s, "w", AMCT_FLOAT, SHAPE(16, 3, 3, 3)),
                      constant(&s, "b", AMCT_FLOAT, SHAPE(16)),
                      value(&s, "conv", AMCT_FLOAT, SHAPE(2, 16, 32, 32)));
    window(&s);
    finish(&s, node(&s, "Relu", "", y, AMCT_NO_TENSOR, AMCT_NO_TENSOR,
                    value(&s, "relu", AMCT_FLOAT, SHAPE(2, 16, 32, 32))));
    return s.graph;
}

static amct_graph *make_int8(amct_trial *trial)
{
    sample s = begin(trial);
    uint32_t x = input(&s, "x", AMCT_FLOAT, SHAPE(2, 3, 32, 32));
    uint32_t q = node(&s, "AscendQuant", "", x, AMCT_NO_TENSOR, AMCT_NO_TENSOR,
                      value(&s, "quant", AMCT_INT8, SHAPE(2, 3, 32, 32)));
    attr(&s, &(amct_attr){.name = "scale", .type = AMCT_ATTR_FLOAT, .f = 16});
    attr(&s, &(amct_attr){.name = "offset", .type = AMCT_ATTR_FLOAT, .f = 0});
    uint32_t y = node(&s, "Conv", "", q, constant(&s, "w", AMCT_INT8, SHAPE(16, 3, 3, 3)),
                      constant(&s, "b", AMCT_INT32, SHAPE(16)),
                      value(&s, "conv", AMCT_INT32, SHAPE(2, 16, 32, 32)));
    window(&s);
    finish(&s, node(&s, "AscendDequant", "", y, constant(&s, "scales", AMCT_UINT64, SHAPE(16)),
                    AMCT_NO_TENSOR, value(&s, "dequant", AMCT_FLOAT, SHAPE(2, 16, 32, 32))));
    return s.graph;
}

/* Behind an operator that nobody knows, shapes are not known either. */
static amct_graph *make_unknown(amct_trial *trial)
{
    sample s = begin(trial);
    amct_shape unknown = {.rank = -1};
    uint32_t x = input(&s, "x", AMCT_FLOAT, SHAPE(1, 4));
    uint32_t y = node(&s, "NoSuchOperator", "no.such.domain", x, AMCT_NO_TENSOR, AMCT_NO_TENSOR,
                      value(&s, "y", AMCT_UNDEFINED, unknown));
    uint32_t z = node(&s, "Relu", "", y, AMCT_NO_TENSOR, AMCT_NO_TENSOR,
                      value(&s, "z", AMCT_FLOAT, unknown));
    amct_trial_need(trial, amct_graph_add_output(s.graph, z, &s.err), &s.err);
    return s.graph;
}

static amct_graph *make_empty(amct_trial *trial)
{
    sample s = begin(trial);
    uint32_t x = input(&s, "x", AMCT_FLOAT, SHAPE(1, 4));
    amct_trial_need(trial, amct_graph_add_output(s.graph, x, &s.err), &s.err);
    return s.graph;
}

uint32_t amct_samples_make(amct_trial *trial, amct_sample *out)
{
    static const struct {
        const char *what;
        amct_graph *(*make)(amct_trial *trial);
    } all[] = {
        {"a convolutional network in float16", make_float},
        {"a convolutional network with an int8 layer", make_int8},
        {"a network with an operator that nobody knows", make_unknown},
        {"a network without nodes", make_empty},
    };
    uint32_t n = sizeof all / sizeof *all;
    amct_arena *arena = amct_arena_new();
    amct_err err;
    if (!arena)
        amct_trial_skip(trial, "out of memory");
    for (uint32_t i = 0; i < n; i++) {
        out[i].what = all[i].what;
        amct_trial_need(trial, amct_latency_view(&out[i].view, arena, all[i].make(trial), &err),
                        &err);
    }
    if (trial->subject->graph) {
        out[n].what = "the model";
        amct_trial_need(trial, amct_latency_view(&out[n].view, arena, trial->subject->graph, &err),
                        &err);
        n++;
    }
    return n;
}

/* ---- Other lengths ------------------------------------------------------------------------- */

/* n structs of `from` bytes, `to` bytes apart, with what is beyond filled with noise. */
static void *spread(amct_trial *trial, const void *structs, size_t n, uint32_t from, uint32_t to)
{
    char *fresh = malloc(n * to + from + 1);
    if (!fresh)
        amct_trial_skip(trial, "out of memory");
    memset(fresh, 0xa5, n * to + from + 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(fresh + i * to, (const char *)structs + i * from, from < to ? from : to);
        memcpy(fresh + i * to, &to, sizeof to);
    }
    return fresh;
}

amct_graph_view amct_sample_spread(amct_trial *trial, const amct_graph_view *view, uint32_t more)
{
    amct_graph_view v = *view;
    uint32_t tensor = sizeof *v.tensors, node_size = sizeof *v.nodes,
             attr_size = sizeof *v.nodes->attrs;
    v.tensors = spread(trial, view->tensors, view->n_tensors, tensor, tensor + more);
    char *nodes = spread(trial, view->nodes, view->n_nodes, node_size, node_size + more);
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        amct_node_desc *n = (void *)(nodes + (size_t)i * (node_size + more));
        n->attrs = spread(trial, n->attrs, n->n_attrs, attr_size, attr_size + more);
    }
    v.nodes = (const void *)nodes;
    return v;
}

amct_graph_view amct_sample_shorter(amct_trial *trial, const amct_graph_view *view)
{
    amct_graph_view v = *view;
    v.tensors = spread(trial, view->tensors, view->n_tensors, sizeof *v.tensors,
                       offsetof(amct_tensor_view, sparsity));
    return v;
}
