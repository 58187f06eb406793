/*
 * Writes networks at the edge of what channels and ranks can be taken from, for the tests of the
 * program: edge_models FOLDER. All take 28 x 28 pixels; all but boxes.onnx give 10 classes.
 *
 *   single.onnx  layers of one channel
 *   zero.onnx    in a residual branch a layer of which all weights and biases are 0
 *   flat.onnx    a layer in its midst gives the same for all images
 *   narrow.onnx  no layer has more than 12 channels
 *   wide.onnx    layers of many columns: their second moments are large
 *   large.onnx   a weight that float16 cannot hold
 *   ties.onnx    channels joined along their height with fixed ones, and split
 *   boxes.onnx   two classes of boxes, those of all samples one behind the other
 *   merged.onnx  at batch 32, channels and samples are one dim for a while
 *   turned.onnx  at batch 32, samples in the midst of a dim, which cannot be seen at batch 1
 *   pick.onnx    a row is picked that is not there, behind a layer of a single channel
 */
#include "export/onnx_save.h"
#include "passes/prepare.h"
#include "unit/export_net.h"

#include <string.h>

#define SRC(...)                                                                                   \
    (const uint32_t[])                                                                             \
    {                                                                                              \
        __VA_ARGS__, AMCT_NO_TENSOR                                                                \
    }

static amct_err err;

static uint32_t relu(amct_graph *g, const char *name, uint32_t x)
{
    return net_node(g, "Relu", name, SRC(x));
}

static void end(amct_graph *g, uint32_t x, int64_t channels)
{
    x = net_node(g, "GlobalAveragePool", "mean", SRC(x));
    x = net_node(g, "Flatten", "flat", SRC(x));
    uint32_t w = net_random(g, "fc.weight", 0.5f, 2, (int64_t[]){channels, 10});
    uint32_t b = net_random(g, "fc.bias", 0.5f, 1, (int64_t[]){10});
    net_output(g, net_node(g, "Gemm", "fc", SRC(x, w, b)), "logits");
}

static uint32_t begin(amct_graph *g)
{
    return net_input(g, "image", 4, (int64_t[]){-1, 1, 28, 28});
}

static amct_graph *build_single(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_conv(g, "one", begin(g), 1, 1, 3, 1, 1);
    x = relu(g, "relu1", x);
    x = relu(g, "relu2", net_conv(g, "two", x, 1, 1, 3, 1, 1));
    x = net_conv(g, "point", x, 1, 1, 1, 1, 1);
    x = relu(g, "relu3", net_conv(g, "three", x, 1, 48, 3, 2, 1));
    end(g, relu(g, "relu4", net_conv(g, "four", x, 48, 64, 3, 2, 1)), 64);
    return g;
}

static amct_graph *build_zero(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "stem", begin(g), 1, 64, 3, 2, 1)), y;
    y = relu(g, "relu2", net_conv(g, "dead", x, 64, 64, 3, 1, 1));
    y = net_conv(g, "after", y, 64, 64, 3, 1, 1);
    x = relu(g, "relu3", net_node(g, "Add", "sum", SRC(x, y)));
    end(g, relu(g, "relu4", net_conv(g, "last", x, 64, 64, 3, 2, 1)), 64);
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (strncmp(g->tensors[t].name, "dead.", 5) == 0)
            memset((void *)g->tensors[t].data, 0, g->tensors[t].bytes);
    return g;
}

static amct_graph *build_flat(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "stem", begin(g), 1, 32, 3, 4, 1));
    x = relu(g, "relu2", net_conv(g, "flat", x, 32, 32, 3, 1, 1));
    end(g, relu(g, "relu3", net_conv(g, "last", x, 32, 32, 3, 1, 1)), 32);
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (strcmp(g->tensors[t].name, "flat.weight") == 0)
            memset((void *)g->tensors[t].data, 0, g->tensors[t].bytes);
    return g;
}

static amct_graph *build_narrow(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "a", begin(g), 1, 8, 3, 1, 1));
    end(g, relu(g, "relu2", net_conv(g, "b", x, 8, 12, 3, 2, 1)), 12);
    return g;
}

static amct_graph *build_wide(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "stem", begin(g), 1, 256, 3, 4, 1));
    x = relu(g, "relu2", net_conv(g, "wide", x, 256, 256, 3, 2, 1));
    end(g, relu(g, "relu3", net_conv(g, "last", x, 256, 64, 1, 1, 1)), 64);
    return g;
}

static amct_graph *build_large(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "stem", begin(g), 1, 64, 3, 4, 1));
    end(g, relu(g, "relu2", net_conv(g, "large", x, 64, 64, 3, 2, 1)), 64);
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (strcmp(g->tensors[t].name, "large.weight") == 0)
            *(float *)g->tensors[t].data = 1e6f;
    return g;
}

static amct_graph *build_ties(void)
{
    amct_graph *g = net_new();
    uint32_t image = begin(g), x = relu(g, "relu1", net_conv(g, "stem", image, 1, 64, 3, 1, 1));
    uint32_t row = net_node(g, "MaxPool", "row", SRC(image)), wide;
    net_list(g, "kernel_shape", 2, (int64_t[]){28, 1});
    int64_t dims[] = {1, 64, 1, 28};
    wide = net_node(g, "Expand", "wide", SRC(row, net_ints(g, "dims", 4, dims)));
    x = net_node(g, "Concat", "join", SRC(x, wide));
    net_int(g, "axis", 2);
    x = relu(g, "relu2", net_conv(g, "middle", x, 64, 64, 3, 2, 1));
    end(g, relu(g, "relu3", net_conv(g, "last", x, 64, 64, 3, 2, 1)), 64);
    return g;
}

static amct_graph *build_boxes(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "one", begin(g), 1, 32, 3, 2, 1));
    x = relu(g, "relu2", net_conv(g, "two", x, 32, 32, 3, 1, 1));
    x = net_node(g, "Transpose", "last", SRC(net_conv(g, "heads", x, 32, 64, 3, 1, 1)));
    net_list(g, "perm", 4, (int64_t[]){0, 2, 3, 1});
    x = net_node(g, "Reshape", "boxes", SRC(x, net_ints(g, "each", 3, (int64_t[]){0, -1, 2})));
    x = net_node(g, "Reshape", "rows", SRC(x, net_ints(g, "all", 2, (int64_t[]){-1, 2})));
    x = net_node(g, "Softmax", "softmax", SRC(x));
    net_int(g, "axis", 1);
    int64_t dims[] = {-1, 6272, 2};
    x = net_node(g, "Reshape", "again", SRC(x, net_ints(g, "dims", 3, dims)));
    net_output(g, x, "scores");
    return g;
}

static uint32_t begin_32(amct_graph *g)
{
    uint32_t image = net_input(g, "image", 4, (int64_t[]){32, 1, 28, 28});
    return relu(g, "relu1", net_conv(g, "one", image, 1, 32, 3, 2, 1));
}

static amct_graph *build_merged(void)
{
    amct_graph *g = net_new();
    int64_t one[] = {1, -1, 14, 14}, each[] = {32, 32, 14, 14};
    uint32_t x = net_node(g, "Reshape", "merge", SRC(begin_32(g), net_ints(g, "m", 4, one)));
    x = net_node(g, "Reshape", "split", SRC(relu(g, "relu2", x), net_ints(g, "s", 4, each)));
    x = relu(g, "relu3", net_conv(g, "two", x, 32, 64, 3, 2, 1));
    end(g, relu(g, "relu4", net_conv(g, "three", x, 64, 64, 3, 1, 1)), 64);
    return g;
}

static amct_graph *build_turned(void)
{
    amct_graph *g = net_new();
    uint32_t x = net_node(g, "MaxPool", "pool", SRC(begin_32(g)));
    net_list(g, "kernel_shape", 2, (int64_t[]){7, 7});
    net_list(g, "strides", 2, (int64_t[]){7, 7});
    x = net_node(g, "Transpose", "turn", SRC(x));
    net_list(g, "perm", 4, (int64_t[]){1, 0, 2, 3});
    x = net_node(g, "Reshape", "rows", SRC(x, net_ints(g, "r", 2, (int64_t[]){32, -1})));
    x = net_node(g, "Transpose", "back", SRC(x));
    net_list(g, "perm", 2, (int64_t[]){1, 0});
    uint32_t w = net_random(g, "fc1.weight", 0.5f, 2, (int64_t[]){32, 16});
    x = relu(g, "relu2", net_node(g, "MatMul", "fc1", SRC(x, w)));
    x = net_node(g, "Reshape", "each", SRC(x, net_ints(g, "e", 2, (int64_t[]){32, -1})));
    w = net_random(g, "fc2.weight", 0.5f, 2, (int64_t[]){64, 10});
    net_output(g, net_node(g, "MatMul", "fc2", SRC(x, w)), "logits");
    return g;
}

static amct_graph *build_pick(void)
{
    amct_graph *g = net_new();
    uint32_t x = relu(g, "relu1", net_conv(g, "one", begin(g), 1, 1, 3, 1, 1));
    x = net_node(g, "Reshape", "rows", SRC(x, net_ints(g, "shape", 3, (int64_t[]){0, 28, 28})));
    x = net_node(g, "Gather", "pick", SRC(x, net_ints(g, "at", 1, (int64_t[]){99})));
    net_int(g, "axis", 1);
    x = net_node(g, "Flatten", "flat", SRC(x));
    uint32_t w = net_random(g, "fc.weight", 0.5f, 2, (int64_t[]){28, 10});
    net_output(g, net_node(g, "MatMul", "fc", SRC(x, w)), "logits");
    return g;
}

static const struct {
    const char *name;
    amct_graph *(*build)(void);
} models[] = {
    {"single.onnx", build_single}, {"zero.onnx", build_zero},   {"flat.onnx", build_flat},
    {"narrow.onnx", build_narrow}, {"wide.onnx", build_wide},   {"large.onnx", build_large},
    {"ties.onnx", build_ties},     {"boxes.onnx", build_boxes}, {"merged.onnx", build_merged},
    {"turned.onnx", build_turned}, {"pick.onnx", build_pick}};

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        amct_graph *graph = models[i].build();
        amct_onnx_file file = {.folder = argv[1],
                               .name = models[i].name,
                               .external = "edge.external",
                               .max_bytes = AMCT_ONNX_MAX_BYTES};
        net_must(amct_prepare(graph, &err), &err);
        net_must(amct_onnx_save(&file, graph, &err), &err);
        amct_graph_free(graph);
    }
    return 0;
}
