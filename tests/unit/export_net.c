#include "unit/export_net.h"

#include "base/pcg.h"
#include "passes/prepare.h"

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

static amct_err err;
#define must(expr) net_must(expr, &err)

/* ---- Building ------------------------------------------------------------------------------ */

amct_graph *net_new(void)
{
    amct_graph *g;
    must(amct_graph_new(&g, &err));
    g->opset = 18;
    return g;
}

uint32_t net_input(amct_graph *g, const char *name, int32_t rank, const int64_t *dims)
{
    amct_tensor tensor = {.name = name, .dtype = AMCT_FLOAT, .shape = amct_shape_of(rank, dims)};
    uint32_t id;
    must(amct_graph_add_tensor(g, &tensor, &id, &err));
    must(amct_graph_add_input(g, id, &err));
    return id;
}

static void *constant(amct_graph *g, const char *name, uint32_t dtype, int32_t rank,
                      const int64_t *dims, uint32_t *id)
{
    amct_shape shape = amct_shape_of(rank, dims);
    void *data;
    must(amct_graph_add_constant(g, name, dtype, &shape, id, &data, &err));
    return data;
}

uint32_t net_random(amct_graph *g, const char *name, float limit, int32_t rank, const int64_t *dims)
{
    uint32_t id;
    float *data = constant(g, name, AMCT_FLOAT, rank, dims, &id);
    amct_pcg rng = amct_pcg_new(g->n_tensors, 7);
    int64_t n = amct_shape_size(&g->tensors[id].shape);
    for (int64_t i = 0; i < n; i++)
        data[i] = limit * (float)(2 * amct_pcg_unit(&rng) - 1);
    return id;
}

uint32_t net_ints(amct_graph *g, const char *name, int64_t n, const int64_t *values)
{
    uint32_t id;
    memcpy(constant(g, name, AMCT_INT64, 1, &n, &id), values, (size_t)n * sizeof *values);
    return id;
}

uint32_t net_scalar(amct_graph *g, const char *name, float value)
{
    uint32_t id;
    *(float *)constant(g, name, AMCT_FLOAT, 0, NULL, &id) = value;
    return id;
}

uint32_t net_node(amct_graph *g, const char *op, const char *name, const uint32_t *src)
{
    amct_tensor tensor = {.name = name, .shape = {.rank = -1}};
    uint32_t dst;
    must(amct_graph_add_tensor(g, &tensor, &dst, &err));
    amct_node node = {
        .name = name, .op = op, .domain = "", .src = (uint32_t *)src, .n_dst = 1, .dst = &dst};
    while (src[node.n_src] != AMCT_NO_TENSOR)
        node.n_src++;
    must(amct_graph_add_node(g, &node, &err));
    return dst;
}

static void attr(amct_graph *g, const amct_attr *a)
{
    must(amct_node_set_attr(g, &g->nodes[g->n_nodes - 1], a, &err));
}

void net_int(amct_graph *g, const char *name, int64_t value)
{
    attr(g, &(amct_attr){.name = name, .type = AMCT_ATTR_INT, .i = value});
}

void net_text(amct_graph *g, const char *name, const char *value)
{
    attr(g, &(amct_attr){
                .name = name, .type = AMCT_ATTR_STRING, .data = value, .count = strlen(value)});
}

void net_list(amct_graph *g, const char *name, size_t n, const int64_t *values)
{
    attr(g, &(amct_attr){.name = name, .type = AMCT_ATTR_INTS, .data = values, .count = n});
}

void net_output(amct_graph *g, uint32_t t, const char *name)
{
    g->tensors[t].name = amct_arena_string(g->arena, name);
    must(amct_graph_add_output(g, t, &err));
}

static const char *join(char text[128], const char *name, const char *suffix)
{
    snprintf(text, 128, "%s%s", name, suffix);
    return text;
}

uint32_t net_conv(amct_graph *g, const char *name, uint32_t x, int64_t in, int64_t out, int64_t k,
                  int64_t stride, int64_t groups)
{
    char text[128];
    int64_t dims[] = {out, in / groups, k, k};
    uint32_t w = net_random(g, join(text, name, ".weight"), 0.5f, 4, dims);
    uint32_t b = net_random(g, join(text, name, ".bias"), 0.5f, 1, &out);
    uint32_t y = net_node(g, "Conv", name, SRC(x, w, b));
    net_list(g, "kernel_shape", LIST(k, k));
    net_list(g, "strides", LIST(stride, stride));
    net_list(g, "pads", LIST(k / 2, k / 2, k / 2, k / 2));
    net_int(g, "group", groups);
    return y;
}

static uint32_t relu6(amct_graph *g, const char *name, uint32_t x)
{
    char text[128];
    uint32_t low = net_scalar(g, join(text, name, ".min"), 0);
    uint32_t high = net_scalar(g, join(text, name, ".max"), 6);
    return net_node(g, "Clip", name, SRC(x, low, high));
}

/* ---- Networks ------------------------------------------------------------------------------ */

/* Convolutions, both kinds of pooling, Gemm with its weights the other way round. */
static amct_graph *build_plain(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "image", 4, (int64_t[]){-1, 3, 16, 16});
    x = net_conv(g, "/conv1/Conv", x, 3, 8, 3, 1, 1);
    x = net_node(g, "Relu", "/relu1/Relu", SRC(x));
    x = net_node(g, "MaxPool", "/pool/MaxPool", SRC(x));
    net_list(g, "kernel_shape", LIST(2, 2));
    net_list(g, "strides", LIST(2, 2));
    x = net_conv(g, "/conv2/Conv", x, 8, 20, 3, 2, 1);
    x = net_node(g, "AveragePool", "/average/AveragePool", SRC(x));
    net_list(g, "kernel_shape", LIST(2, 2));
    net_list(g, "strides", LIST(2, 2));
    x = net_conv(g, "/conv3/Conv", x, 20, 12, 1, 1, 2);
    x = net_node(g, "LeakyRelu", "/leaky/LeakyRelu", SRC(x));
    x = net_node(g, "GlobalAveragePool", "/mean/GlobalAveragePool", SRC(x));
    x = net_node(g, "Reshape", "/flat/Reshape",
                 SRC(x, net_ints(g, "/flat/shape", LIST(1, 12)))); /* folded at batch 1 */
    uint32_t w = net_random(g, "fc.weight", 0.5f, 2, (int64_t[]){10, 12});
    uint32_t b = net_random(g, "fc.bias", 0.5f, 1, (int64_t[]){10});
    x = net_node(g, "Gemm", "/fc/Gemm", SRC(x, w, b));
    net_int(g, "transB", 1);
    x = net_node(g, "Softmax", "/softmax/Softmax", SRC(x));
    net_output(g, x, "scores");
    return g;
}

/* Depthwise and pointwise convolutions in turn, as MobileNet has them. */
static amct_graph *build_depthwise(void)
{
    static const char *const names[] = {"b1", "b2", "b3"};
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "input", 4, (int64_t[]){-1, 3, 16, 16});
    char text[128];
    x = relu6(g, "stem/Relu6", net_conv(g, "stem/Conv2D", x, 3, 16, 3, 2, 1));
    for (int i = 0; i < 3; i++) {
        x = net_conv(g, join(text, names[i], "/depthwise"), x, 16, 16, 3, 1, 16);
        x = relu6(g, join(text, names[i], "/depthwise_relu6"), x);
        x = net_conv(g, join(text, names[i], "/pointwise"), x, 16, 16, 1, 1, 1);
        x = relu6(g, join(text, names[i], "/pointwise_relu6"), x);
    }
    x = net_node(g, "ReduceMean", "mean", SRC(x, net_ints(g, "axes", LIST(2, 3))));
    net_int(g, "keepdims", 1);
    x = net_node(g, "Flatten", "flatten", SRC(x));
    net_output(g, x, "features");
    return g;
}

/* Two blocks with a residual Add; the second changes the size, so one source feeds two layers. */
static amct_graph *build_residual(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 4, (int64_t[]){-1, 3, 12, 12}), y, z;
    x = net_node(g, "Relu", "r0", SRC(net_conv(g, "stem", x, 3, 16, 3, 1, 1)));
    y = net_node(g, "Relu", "r1", SRC(net_conv(g, "b1.conv1", x, 16, 16, 3, 1, 1)));
    y = net_conv(g, "b1.conv2", y, 16, 16, 3, 1, 1);
    x = net_node(g, "Relu", "r2", SRC(net_node(g, "Add", "b1.add", SRC(y, x))));
    y = net_node(g, "Relu", "r3", SRC(net_conv(g, "b2.conv1", x, 16, 24, 3, 2, 1)));
    y = net_conv(g, "b2.conv2", y, 24, 24, 3, 1, 1);
    z = net_conv(g, "b2.down", x, 16, 24, 1, 2, 1);
    x = net_node(g, "Relu", "r4", SRC(net_node(g, "Add", "b2.add", SRC(y, z))));
    net_output(g, x, "map"); /* and as it is */
    x = net_node(g, "GlobalAveragePool", "gap", SRC(x));
    uint32_t w = net_random(g, "fc.w", 0.5f, 2, (int64_t[]){24, 5});
    x = net_node(g, "Gemm", "fc", SRC(net_node(g, "Flatten", "flat", SRC(x)), w));
    net_output(g, x, "logits");
    return g;
}

/* Matrix products over sequences: with a bias behind, without, and with one on the left. */
static amct_graph *build_matmul(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "tokens", 3, (int64_t[]){-1, 6, 16}), y;
    y = net_node(g, "MatMul", "up",
                 SRC(x, net_random(g, "up.weight", 0.5f, 2, (int64_t[]){16, 32})));
    y = net_node(g, "Add", "up.add", SRC(y, net_random(g, "up.bias", 0.5f, 1, (int64_t[]){32})));
    y = net_node(g, "Gelu", "gelu", SRC(y));
    y = net_node(g, "MatMul", "down",
                 SRC(y, net_random(g, "down.weight", 0.5f, 2, (int64_t[]){32, 16})));
    x = net_node(g, "Add", "residual", SRC(x, y));
    uint32_t scale = net_random(g, "ln.weight", 1, 1, (int64_t[]){16});
    x = net_node(g, "LayerNormalization", "ln",
                 SRC(x, scale, net_random(g, "ln.bias", 1, 1, (int64_t[]){16})));
    y = net_node(g, "MatMul", "head",
                 SRC(x, net_random(g, "head.weight", 0.5f, 2, (int64_t[]){16, 9})));
    y = net_node(g, "Add", "head.add", SRC(net_random(g, "head.bias", 0.5f, 1, (int64_t[]){9}), y));
    net_output(g, y, "out");
    return g;
}

static uint32_t deconv(amct_graph *g, const char *name, uint32_t x, int64_t in, int64_t out,
                       int64_t groups, bool bias)
{
    char text[128];
    uint32_t w =
        net_random(g, join(text, name, ".weight"), 0.5f, 4, (int64_t[]){in, out / groups, 4, 4});
    uint32_t b = bias ? net_random(g, join(text, name, ".bias"), 0.5f, 1, &out) : AMCT_NO_TENSOR;
    x = net_node(g, "ConvTranspose", name, SRC(x, w, b));
    net_list(g, "kernel_shape", LIST(4, 4));
    net_list(g, "strides", LIST(2, 2));
    net_list(g, "pads", LIST(1, 1, 1, 1));
    net_int(g, "group", groups);
    return x;
}

/* Transposed convolutions, dense, in groups and depthwise, and a Resize to given sizes. */
static amct_graph *build_decoder(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "z", 4, (int64_t[]){-1, 8, 4, 4});
    x = net_node(g, "Relu", "relu", SRC(deconv(g, "up1", x, 8, 12, 1, true)));
    x = net_node(g, "HardSwish", "swish", SRC(deconv(g, "up2", x, 12, 8, 2, true)));
    x = deconv(g, "up3", x, 8, 8, 8, false);
    uint32_t sizes = net_ints(g, "sizes", LIST(1, 8, 24, 64));
    uint32_t empty = net_random(g, "roi", 0, 1, (int64_t[]){0});
    x = net_node(g, "Resize", "resize", SRC(x, empty, empty, sizes));
    net_text(g, "mode", "linear");
    x = net_node(g, "Sigmoid", "sigmoid", SRC(net_conv(g, "last", x, 8, 3, 3, 1, 1)));
    net_output(g, x, "picture");
    return g;
}

/* A convolution over space and time, one source quantised once for two layers, Concat, Split and
 * Transpose between them. */
static amct_graph *build_branches(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 4, (int64_t[]){2, 6, 10, 10}), a, b;
    x = net_node(g, "Relu", "r", SRC(net_conv(g, "stem", x, 6, 16, 3, 1, 1)));
    a = net_conv(g, "left", x, 16, 8, 1, 1, 1);
    b = net_node(g, "Tanh", "t", SRC(net_conv(g, "right", x, 16, 8, 3, 1, 1)));
    x = net_node(g, "Concat", "cat", SRC(a, b));
    net_int(g, "axis", 1);
    a = net_node(g, "Reshape", "volume",
                 SRC(x, net_ints(g, "volume.shape", LIST(2, 4, 4, 10, 10))));
    uint32_t w = net_random(g, "conv3d.weight", 0.3f, 5, (int64_t[]){4, 4, 3, 3, 3});
    a = net_node(g, "Conv", "conv3d", SRC(a, w));
    net_list(g, "pads", LIST(1, 1, 1, 1, 1, 1));
    b = net_node(g, "Transpose", "turn", SRC(x));
    net_list(g, "perm", LIST(0, 2, 3, 1));
    net_output(g, a, "volume_out");
    net_output(g, b, "turned");
    return g;
}

const export_net export_nets[] = {
    {"plain", build_plain},   {"depthwise", build_depthwise}, {"residual", build_residual},
    {"matmul", build_matmul}, {"decoder", build_decoder},     {"branches", build_branches},
};
const uint32_t n_export_nets = sizeof export_nets / sizeof *export_nets;

amct_graph *export_net_prepared(const char *name)
{
    for (uint32_t i = 0; i < n_export_nets; i++)
        if (strcmp(export_nets[i].name, name) == 0) {
            amct_graph *g = export_nets[i].build();
            must(amct_prepare(g, &err));
            return g;
        }
    fprintf(stderr, "no network '%s'\n", name);
    abort();
}
