#include "unit/lane_net.h"

#include "passes/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SRC(...)                                                                                   \
    (const uint32_t[])                                                                             \
    {                                                                                              \
        __VA_ARGS__, AMCT_NO_TENSOR                                                                \
    }
#define LIST(...)                                                                                  \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[])                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define DIMS(...)                                                                                  \
    (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static amct_err err;
#define must(expr) net_must(expr, &err)

static uint32_t relu(amct_graph *g, const char *name, uint32_t x)
{
    return net_node(g, "Relu", name, SRC(x));
}

/* A node with two results: Split. */
static void split(amct_graph *g, const char *name, uint32_t x, int64_t axis, const int64_t *sizes,
                  uint32_t out[2])
{
    amct_tensor tensor = {.shape = {.rank = -1}};
    uint32_t src[] = {x, sizes ? net_ints(g, "sizes", 2, sizes) : AMCT_NO_TENSOR};
    for (int i = 0; i < 2; i++)
        must(amct_graph_add_tensor(g, &tensor, &out[i], &err));
    amct_node node = {.name = name,
                      .op = "Split",
                      .domain = "",
                      .n_src = sizes ? 2 : 1,
                      .src = src,
                      .n_dst = 2,
                      .dst = out};
    must(amct_graph_add_node(g, &node, &err));
    net_int(g, "axis", axis);
    if (!sizes)
        net_int(g, "num_outputs", 2);
}

static uint32_t gemm(amct_graph *g, const char *name, uint32_t x, int64_t in, int64_t out)
{
    char text[64];
    snprintf(text, sizeof text, "%s.weight", name);
    uint32_t w = net_random(g, text, 0.5f, DIMS(out, in));
    x = net_node(g, "Gemm", name, SRC(x, w, net_random(g, "bias", 0.5f, DIMS(out))));
    net_int(g, "transB", 1);
    return x;
}

static uint32_t matmul(amct_graph *g, const char *name, uint32_t x, int64_t in, int64_t out)
{
    return net_node(g, "MatMul", name, SRC(x, net_random(g, "weight", 0.5f, DIMS(in, out))));
}

static uint32_t concat(amct_graph *g, const char *name, int64_t axis, const uint32_t *src)
{
    uint32_t x = net_node(g, "Concat", name, src);
    net_int(g, "axis", axis);
    return x;
}

static uint32_t reshape(amct_graph *g, const char *name, uint32_t x, size_t n, const int64_t *dims)
{
    return net_node(g, "Reshape", name, SRC(x, net_ints(g, "shape", (int64_t)n, dims)));
}

static uint32_t batch_norm(amct_graph *g, const char *name, uint32_t x, int64_t n)
{
    uint32_t p[4];
    for (int i = 0; i < 4; i++) {
        p[i] = net_random(g, "norm", 0.5f, DIMS(n));
        for (int64_t c = 0; i == 3 && c < n; c++) /* the variance */
            ((float *)(uintptr_t)g->tensors[p[i]].data)[c] += 1;
    }
    return net_node(g, "BatchNormalization", name, SRC(x, p[0], p[1], p[2], p[3]));
}

/* ---- Networks ---------------------------------------------------------------------------------
 */

static amct_graph *build_chain(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(2, 3, 12, 12));
    x = relu(g, "r1", net_conv(g, "a", x, 3, 16, 3, 1, 1));
    x = net_node(g, "MaxPool", "pool", SRC(x));
    net_list(g, "kernel_shape", LIST(2, 2));
    net_list(g, "strides", LIST(2, 2));
    x = relu(g, "r2", net_conv(g, "b", x, 16, 8, 3, 2, 1));
    x = net_node(g, "Flatten", "flat", SRC(x));
    x = relu(g, "r3", gemm(g, "c", x, 72, 10));
    net_output(g, gemm(g, "d", x, 10, 4), "y");
    return g;
}

static amct_graph *build_depthwise(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 8, 8));
    x = relu(g, "r1", net_conv(g, "a", x, 3, 16, 1, 1, 1));
    x = net_conv(g, "dw", x, 16, 32, 3, 1, 16); /* two results of each channel */
    x = net_node(g, "PRelu", "p", SRC(x, net_random(g, "slope", 1, DIMS(32, 1, 1))));
    x = net_node(g, "Mul", "m", SRC(net_random(g, "factor", 1, DIMS(1, 32, 1, 1)), x));
    x = net_node(g, "InstanceNormalization", "in",
                 SRC(x, net_random(g, "s", 1, DIMS(32)), net_random(g, "b", 1, DIMS(32))));
    net_output(g, net_conv(g, "z", x, 32, 4, 1, 1, 1), "y");
    return g;
}

static amct_graph *build_residual(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 8, 8)), y;
    x = relu(g, "r0", net_conv(g, "stem", x, 3, 12, 3, 1, 1));
    y = relu(g, "r1", net_conv(g, "b1", x, 12, 10, 3, 1, 1));
    x = relu(g, "r2", net_node(g, "Add", "add1", SRC(net_conv(g, "b2", y, 10, 12, 3, 1, 1), x)));
    y = relu(g, "r3", net_conv(g, "b3", x, 12, 14, 3, 2, 1));
    y = net_conv(g, "b4", y, 14, 20, 3, 1, 1);
    x = net_node(g, "Sub", "sub", SRC(net_conv(g, "down", x, 12, 20, 1, 2, 1), y));
    x = net_node(g, "GlobalAveragePool", "gap", SRC(x));
    net_output(g, gemm(g, "fc", net_node(g, "Flatten", "flat", SRC(x)), 20, 5), "y");
    return g;
}

/* Padded shortcuts: new channels begin as zeros. */
static amct_graph *build_padded(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 8, 8)), y;
    x = relu(g, "r0", net_conv(g, "stem", x, 3, 8, 3, 1, 1));
    y = net_conv(g, "b1", x, 8, 16, 3, 1, 1);
    x = net_node(g, "Pad", "pad", SRC(x, net_ints(g, "pads", LIST(0, 4, 0, 0, 0, 4, 0, 0))));
    x = relu(g, "r1", net_node(g, "Add", "add", SRC(x, y)));
    net_output(g, net_conv(g, "z", x, 16, 4, 1, 1, 1), "y");
    return g;
}

/* Every layer reads all layers before it, through a norm of its own. */
static amct_graph *build_dense(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 6, 6)), y;
    x = net_conv(g, "stem", x, 3, 8, 3, 1, 1);
    y = net_conv(g, "d1", relu(g, "r1", batch_norm(g, "n1", x, 8)), 8, 6, 3, 1, 1);
    x = concat(g, "cat1", 1, SRC(x, y));
    y = net_conv(g, "d2", relu(g, "r2", batch_norm(g, "n2", x, 14)), 14, 6, 3, 1, 1);
    x = concat(g, "cat2", 1, SRC(x, y));
    x = relu(g, "r3", batch_norm(g, "n3", x, 20));
    net_output(g, net_conv(g, "z", x, 20, 4, 1, 1, 1), "y");
    return g;
}

static amct_graph *build_split(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 6, 6)), s[2], t[2];
    x = net_conv(g, "a", x, 3, 16, 3, 1, 1);
    split(g, "s", x, 1, (int64_t[]){6, 10}, s);
    x = net_conv(g, "b", s[0], 6, 10, 3, 1, 1);
    x = net_node(g, "Mul", "gate", SRC(x, net_node(g, "Sigmoid", "sig", SRC(s[1]))));
    split(g, "t", net_conv(g, "c", x, 10, 8, 1, 1, 1), 1, NULL, t);
    x = concat(g, "turned", 1, SRC(t[1], t[0]));
    split(g, "u", x, 3, NULL, s); /* not over channels */
    net_output(g, net_conv(g, "z", concat(g, "v", 3, SRC(s[1], s[0])), 8, 4, 1, 1, 1), "y");
    return g;
}

/* Channel shuffle between convolutions in groups that are wide. */
static amct_graph *build_shuffle(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(2, 3, 5, 5));
    x = relu(g, "r", net_conv(g, "a", x, 3, 64, 1, 1, 1));
    x = net_conv(g, "g1", x, 64, 64, 1, 1, 2);
    x = reshape(g, "parts", x, LIST(2, 2, 32, 5, 5));
    x = net_node(g, "Transpose", "turn", SRC(x));
    net_list(g, "perm", LIST(0, 2, 1, 3, 4));
    x = reshape(g, "whole", x, LIST(2, -1, 5, 5));
    x = net_conv(g, "dw", x, 64, 64, 3, 1, 64);
    x = net_conv(g, "g2", x, 64, 32, 1, 1, 2);
    net_output(g, net_conv(g, "z", x, 32, 4, 1, 1, 1), "y");
    return g;
}

/* Groups of four channels: a lane is a group. */
static amct_graph *build_cardinal(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 5, 5));
    x = relu(g, "r", net_conv(g, "a", x, 3, 32, 1, 1, 1));
    x = relu(g, "r2", net_conv(g, "g", x, 32, 16, 3, 1, 8));
    net_output(g, net_conv(g, "z", x, 16, 4, 1, 1, 1), "y");
    return g;
}

/* Squeeze and excitation, by convolutions and by matrix products. */
static amct_graph *build_excite(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(2, 3, 6, 6)), y;
    x = net_conv(g, "a", x, 3, 12, 3, 1, 1);
    y = net_node(g, "GlobalAveragePool", "gap", SRC(x));
    y = relu(g, "r1", net_conv(g, "se1", y, 12, 6, 1, 1, 1));
    y = net_node(g, "HardSigmoid", "hs", SRC(net_conv(g, "se2", y, 6, 12, 1, 1, 1)));
    x = relu(g, "r2", net_node(g, "Mul", "excite", SRC(x, y)));
    x = net_conv(g, "b", x, 12, 10, 3, 1, 1);
    y = net_node(g, "ReduceMean", "mean", SRC(x, net_ints(g, "axes", LIST(2, 3))));
    net_int(g, "keepdims", 0);
    y = relu(g, "r3", gemm(g, "fc1", y, 10, 4));
    y = net_node(g, "Sigmoid", "sig", SRC(gemm(g, "fc2", y, 4, 10)));
    y = net_node(g, "Unsqueeze", "open", SRC(y, net_ints(g, "where", LIST(2, 3))));
    x = net_node(g, "Mul", "excite2", SRC(y, x));
    /* one mask for all channels ties nothing */
    y = net_node(g, "Sigmoid", "mask", SRC(net_conv(g, "spatial", x, 10, 1, 3, 1, 1)));
    x = net_node(g, "Mul", "masked", SRC(x, y));
    net_output(g, net_conv(g, "z", x, 10, 4, 1, 1, 1), "y");
    return g;
}

static amct_graph *build_resize(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 6, 6));
    x = net_conv(g, "a", x, 3, 10, 3, 1, 1);
    uint32_t none = net_random(g, "roi", 0, DIMS(0));
    x = net_node(g, "Resize", "up", SRC(x, none, none, net_ints(g, "to", LIST(1, 10, 12, 9))));
    net_text(g, "mode", "linear");
    x = relu(g, "r1", net_conv(g, "b", x, 10, 16, 3, 1, 1));
    x = net_node(g, "DepthToSpace", "d2s", SRC(x)); /* 4 channels of twice the size */
    net_int(g, "blocksize", 2);
    x = net_conv(g, "c", x, 4, 6, 1, 1, 1);
    x = net_node(g, "SpaceToDepth", "s2d", SRC(x)); /* 24 */
    net_int(g, "blocksize", 2);
    x = net_node(g, "Pad", "pad", SRC(x, net_ints(g, "pads", LIST(0, 0, 1, 0, 0, 0, 0, 2))));
    net_text(g, "mode", "reflect");
    x = relu(g, "r2", net_conv(g, "e", x, 24, 8, 3, 1, 1));
    x = net_node(g, "Tile", "tile", SRC(x, net_ints(g, "repeats", LIST(1, 1, 2, 1))));
    x = net_node(g, "GlobalMaxPool", "max", SRC(x));
    x = net_node(g, "Expand", "wide", SRC(x, net_ints(g, "shape", LIST(1, 8, 3, 3))));
    net_output(g, net_conv(g, "z", x, 8, 4, 1, 1, 1), "y");
    return g;
}

static uint32_t deconv(amct_graph *g, const char *name, uint32_t x, int64_t in, int64_t out,
                       int64_t groups)
{
    uint32_t w = net_random(g, "weight", 0.5f, DIMS(in, out / groups, 4, 4));
    x = net_node(g, "ConvTranspose", name, SRC(x, w, net_random(g, "bias", 0.5f, DIMS(out))));
    net_list(g, "kernel_shape", LIST(4, 4));
    net_list(g, "strides", LIST(2, 2));
    net_list(g, "pads", LIST(1, 1, 1, 1));
    net_int(g, "group", groups);
    return x;
}

static amct_graph *build_decoder(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 8, 2, 2));
    x = relu(g, "r1", deconv(g, "up1", x, 8, 12, 1));
    x = relu(g, "r2", deconv(g, "up2", x, 12, 12, 12));
    x = relu(g, "r3", deconv(g, "up3", x, 12, 64, 1));
    x = relu(g, "r4", deconv(g, "up4", x, 64, 32, 2)); /* wide groups */
    net_output(g, net_conv(g, "z", x, 32, 3, 3, 1, 1), "y");
    return g;
}

/* Two layers over tokens around a norm, and a trunk that the norm ties together. */
static amct_graph *build_tokens(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 5, 8)), y;
    x = matmul(g, "embed", x, 8, 16);
    y = net_node(g, "LayerNormalization", "ln",
                 SRC(x, net_random(g, "s", 1, DIMS(16)), net_random(g, "b", 1, DIMS(16))));
    y = matmul(g, "up", y, 16, 24);
    y = net_node(g, "Gelu", "gelu",
                 SRC(net_node(g, "Add", "bias", SRC(net_random(g, "b1", 1, DIMS(24)), y))));
    x = net_node(g, "Add", "res", SRC(x, matmul(g, "down", y, 24, 16)));
    y = matmul(g, "head", x, 16, 12);
    y = net_node(g, "Softmax", "over_tokens", SRC(y)); /* each channel for itself */
    net_int(g, "axis", 1);
    y = net_node(g, "Transpose", "turn", SRC(y));
    net_list(g, "perm", LIST(0, 2, 1));
    y = net_node(g, "Concat", "cat", SRC(y, y));
    net_int(g, "axis", 2);
    y = net_node(g, "ReduceMax", "max", SRC(y, net_ints(g, "axes", LIST(2))));
    net_int(g, "keepdims", 0);
    net_output(g, gemm(g, "z", y, 12, 3), "y");
    return g;
}

static amct_graph *build_pick(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 3, 6, 6)), y, z;
    x = net_conv(g, "a", x, 3, 12, 3, 1, 1);
    y = net_node(g, "Slice", "front",
                 SRC(x, net_ints(g, "from", LIST(0)), net_ints(g, "to", LIST(-4)),
                     net_ints(g, "axes", LIST(1))));
    z = net_node(g, "Slice", "back",
                 SRC(x, net_ints(g, "from", LIST(-4, 0)), net_ints(g, "to", LIST(INT64_MAX, 6)),
                     net_ints(g, "axes", LIST(-3, 2))));
    y = net_conv(g, "b", y, 8, 4, 1, 1, 1);
    x = relu(g, "r", net_node(g, "Max", "most", SRC(y, z)));
    x = net_conv(g, "c", x, 4, 8, 1, 1, 1);
    x = net_node(g, "Gather", "shuffled",
                 SRC(x, net_ints(g, "order", LIST(0, 4, 1, 5, 2, -2, 3, -1))));
    net_int(g, "axis", 1);
    net_output(g, net_conv(g, "z", x, 8, 4, 1, 1, 1), "y");
    return g;
}

/* Much that must stay: inputs added, several outputs, products of two activations. */
static amct_graph *build_blocked(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", DIMS(1, 8, 6, 6)), y, z;
    y = net_node(g, "Add", "add", SRC(net_conv(g, "to_input", x, 8, 8, 3, 1, 1), x));
    net_output(g, y, "early");
    y = net_node(g, "Softmax", "soft", SRC(net_conv(g, "to_softmax", y, 8, 8, 1, 1, 1)));
    net_int(g, "axis", 1);
    z = net_node(g, "LRN", "lrn", SRC(net_conv(g, "to_lrn", y, 8, 8, 1, 1, 1)));
    net_int(g, "size", 3);
    z = net_node(g, "ReduceSum", "sum",
                 SRC(net_conv(g, "to_sum", z, 8, 8, 1, 1, 1), net_ints(g, "axes", LIST(1))));
    y = net_node(g, "Mul", "mul", SRC(z, net_conv(g, "free", y, 8, 6, 1, 1, 1)));
    y = net_conv(g, "to_product", y, 6, 6, 1, 1, 1);
    net_output(g, net_node(g, "MatMul", "mm", SRC(y, y)), "y");
    return g;
}

const lane_net lane_nets[] = {
    {"chain", build_chain, "a:16 b:8 c:10"},
    {"depthwise", build_depthwise, "a:16"},
    {"residual", build_residual, "stem:12 b1:10 b3:14 b4:20"},
    {"padded", build_padded, "stem:8"},
    {"dense", build_dense, "stem:8 d1:6 d2:6"},
    {"split", build_split, "a:6 a:10 c:4 c:4"},
    {"shuffle", build_shuffle, "a:32 g1:16 g2:16"},
    {"cardinal", build_cardinal, "a:8"},
    {"excite", build_excite, "a:12 se1:6 b:10 fc1:4"},
    {"resize", build_resize, "a:10 b:4 c:6 e:8"},
    {"decoder", build_decoder, "up1:12 up3:32 up4:16"},
    {"tokens", build_tokens, "up:24 head:12"},
    {"pick", build_pick, "a:8 a:4 c:8"},
    {"blocked", build_blocked, "free:6"},
};
const uint32_t n_lane_nets = sizeof lane_nets / sizeof *lane_nets;

amct_graph *lane_net_prepared(const char *name)
{
    for (uint32_t i = 0; i < n_lane_nets; i++)
        if (strcmp(lane_nets[i].name, name) == 0) {
            amct_graph *g = lane_nets[i].build();
            must(amct_prepare(g, &err));
            return g;
        }
    fprintf(stderr, "no network '%s'\n", name);
    abort();
}

float *lane_net_run(const amct_graph *graph, amct_engine engine, size_t *n)
{
    amct_exec *exec;
    amct_plan *plan;
    must(amct_exec_new(&exec, engine, &err));
    must(amct_plan_new(&plan, exec, graph, NULL, &err));
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        amct_buffer in = amct_plan_input(plan, i);
        bool last = in.layout == AMCT_LAYOUT_LAST && in.shape.rank > 2;
        size_t inner = last ? (size_t)amct_shape_count(&in.shape, 2, in.shape.rank) : 1;
        size_t channels = last ? (size_t)in.shape.dims[1] : 1, row = inner * channels;
        for (size_t k = 0; k < in.bytes / sizeof(float); k++) { /* counted in C order */
            size_t place = k / row * row + k % channels * inner + k % row / channels;
            ((float *)in.data)[k] = sinf((float)(place + 1) * 0.7f);
        }
    }
    must(amct_plan_run(plan, &err));
    size_t bytes = 0;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        bytes += amct_plan_output(plan, i).bytes;
    char *values = malloc(bytes + 1), *at = values;
    if (!values)
        abort();
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        amct_buffer out = amct_plan_output(plan, i);
        memcpy(at, out.data, out.bytes);
        at += out.bytes;
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
    *n = bytes / sizeof(float);
    return (float *)(void *)values;
}
