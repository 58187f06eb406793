/* Real trained networks of MindSpore on real pictures: the logits that MindSpore gives, every
 * answer, and the same weights in the files of other frameworks; small networks of many operators.
 */
#include "unit/mindir_file.h"
#include "unit/network_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define M  "models/mindspore/"
#define F  "frameworks/models/mindspore/"
#define FE "frameworks/expected/"
#define S  "frameworks/structural/mindspore/"

static void setup(void)
{
    network_begin((const char *const[]){"plugins/importers/mindspore/.libs/mindspore.so",
                                        "plugins/importers/onnx/.libs/onnx.so",
                                        "plugins/importers/pytorch/.libs/pytorch.so",
                                        "plugins/importers/tensorflow/.libs/tensorflow.so", NULL});
}

static const network resnet20 = {F "resnet20_cifar10.mindir",
                                 CIFAR,
                                 FE "cifar10/resnet20_cifar10.mindir/test1000.",
                                 SMALL,
                                 .right = 915,
                                 .n_reference = 3,
                                 RESNET20_NORM};
static const network mobilenet = {F "mobilenet_v1_0.75_224.mindir",
                                  IMAGENET,
                                  FE "imagenet/mobilenet_v1_0.75_224.mindir/",
                                  PHOTO,
                                  1 / 127.5,
                                  ONE,
                                  ONE,
                                  .right = 426,
                                  .n_reference = 1};

Test(ms_networks, cifar, .init = setup, .fini = network_end)
{
    network_check(&resnet20);
}

Test(ms_networks, imagenet, .init = setup, .fini = network_end)
{
    network_check(&mobilenet);
}

/* ---- Digits, resized to 32 x 32 -------------------------------------------------------------- */

#define DIGITS      E "mnist/first50_resized32_u8.npy"
#define DIGITS_NORM .n = 5, .scale = 1 / 255.0, .mean = 0.1307, .std = 0.3081

Test(ms_networks, mnist, .init = setup, .fini = network_end)
{
    static const mapping lenet = {
        M "mnist.mindir", DIGITS, {E "mnist/mnist.mindir/t10k.first50.logits.npy"}, DIGITS_NORM};
    network_check_mappings(&lenet, 1);
}

static void add_layer(mindir_file *m, const char *name, const char *src, int64_t in, int64_t out)
{
    char weight[64], bias[64], inputs[192], product[64];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    mi_parameter(m, weight, N(out, in), NULL);
    mi_parameter(m, bias, N(out), NULL);
    snprintf(product, sizeof product, "%s_product", name);
    snprintf(inputs, sizeof inputs, "%s @%s", src, weight);
    mi_node(m, "MatMul", product, inputs, N(1, out));
    mi_bool(m, "transpose_b", true);
    snprintf(inputs, sizeof inputs, "%s @%s", product, bias);
    mi_node(m, "BiasAdd", name, inputs, N(1, out));
}

static void add_conv(mindir_file *m, const char *name, const char *src, int64_t in, int64_t out,
                     int64_t size)
{
    char weight[64], inputs[192], conv[64], relu[64];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(conv, sizeof conv, "%s_conv", name);
    snprintf(relu, sizeof relu, "%s_relu", name);
    mi_parameter(m, weight, N(out, in, 5, 5), NULL);
    snprintf(inputs, sizeof inputs, "%s @%s", src, weight);
    mi_node(m, "Conv2D", conv, inputs, N(1, out, size, size));
    mi_text(m, "pad_mode", "valid");
    mi_node(m, "ReLU", relu, conv, N(1, out, size, size));
    mi_node(m, "MaxPool", name, relu, N(1, out, size / 2, size / 2));
    mi_ints(m, "kernel_size", N(1, 1, 2, 2));
    mi_ints(m, "strides", N(1, 1, 2, 2));
    mi_text(m, "pad_mode", "VALID");
}

/* LeNet-5, whose weights are then those of a checkpoint that a training has written. */
static void build_lenet5(mindir_file *m)
{
    mi_begin(m);
    mi_input(m, "x", N(1, 1, 32, 32));
    add_conv(m, "conv1", "x", 1, 6, 28);
    add_conv(m, "conv2", "conv1", 6, 16, 10);
    mi_node(m, "Flatten", "flat", "conv2", N(1, 400));
    add_layer(m, "fc1", "flat", 400, 120);
    mi_node(m, "ReLU", "r1", "fc1", N(1, 120));
    add_layer(m, "fc2", "r1", 120, 84);
    mi_node(m, "ReLU", "r2", "fc2", N(1, 84));
    add_layer(m, "fc3", "r2", 84, 10);
}

Test(ms_networks, a_checkpoint_of_a_training_gives_its_weights, .init = setup, .fini = network_end)
{
    char path[] = "/tmp/amct_lenet5_XXXXXX";
    const mapping lenet5 = {path,
                            DIGITS,
                            {E "mnist/checkpoint_lenet-1_1875.ckpt_XMU/t10k.first50.logits.npy"},
                            DIGITS_NORM,
                            .weights = M "checkpoint_lenet-1_1875.ckpt"};
    mindir_file m;
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    build_lenet5(&m);
    mi_write(&m, "fc3", path);
    mi_end(&m);
    network_check_mappings(&lenet5, 1);
    unlink(path);
}

Test(ms_networks, a_checkpoint_gives_its_weights, .init = setup, .fini = network_end)
{
    network net = resnet20;
    net.weights = F "resnet20_cifar10.ckpt";
    net.expected = FE "cifar10/resnet20_cifar10.ckpt/test1000.";
    network_check(&net);
}

/* ---- The same weights elsewhere -------------------------------------------------------------- */

static void compare(const network *net, const char *file)
{
    network other = *net;
    other.file = file;
    amct_dataset *ds = network_data(net);
    network_run a = network_start(net, AMCT_ENGINE_ONEDNN, NETWORK_BATCH);
    network_run b = network_start(&other, AMCT_ENGINE_ONEDNN, NETWORK_BATCH);
    size_t n = amct_plan_output(b.plan, 0).bytes / sizeof(float);
    cr_assert_eq(amct_plan_output(a.plan, 0).bytes, n * sizeof(float));
    for (uint32_t i = 0; i < 50; i += NETWORK_BATCH) {
        const float *found = network_feed(&a, ds, i, NETWORK_BATCH);
        const float *wanted = network_feed(&b, ds, i, NETWORK_BATCH);
        for (size_t k = 0; k < n; k++)
            cr_assert_float_eq(found[k], wanted[k], 1e-4f, "%s: %zu is %.9g, in %s %.9g", net->file,
                               k, found[k], file, wanted[k]);
    }
    network_stop(&a);
    network_stop(&b);
    amct_dataset_free(ds);
}

Test(ms_networks, resnet20_is_the_one_of_the_others, .init = setup, .fini = network_end)
{
    compare(&resnet20, "models/onnx/resnet20_cifar10.onnx");
    compare(&resnet20, "frameworks/models/pytorch/resnet20_cifar10.pt2");
    compare(&resnet20, "frameworks/models/tensorflow/resnet20_cifar10.savedmodel");
}

Test(ms_networks, mobilenet_is_the_one_of_the_others, .init = setup, .fini = network_end)
{
    compare(&mobilenet, "models/onnx/mobilenet_v1_0.75_224.onnx");
    compare(&mobilenet, "frameworks/models/pytorch/mobilenet_v1_0.75_224.pt2");
    compare(&mobilenet, "models/tensorflow/mobilenet_v1_0.75_224_frozen.pb");
}

/* ---- Small networks of many operators ------------------------------------------------------- */

#define STRUCTURAL(net, ...)                                                                       \
    {                                                                                              \
        S net ".mindir", S net ".input.npy", {S net ".output.npy"}, .n = 1, __VA_ARGS__            \
    }

Test(ms_networks, structural, .init = setup, .fini = network_end)
{
    static const mapping mappings[] = {
        STRUCTURAL("conv_variants", ),
        STRUCTURAL("pool_concat", ),
        STRUCTURAL("pool_explicit_pad", ),
        STRUCTURAL("se_mobile", ),
        STRUCTURAL("conv_variants", .weights = S "conv_variants.ckpt"),
        STRUCTURAL("pool_concat", .weights = S "pool_concat.ckpt"),
        STRUCTURAL("pool_explicit_pad", .weights = S "pool_explicit_pad.ckpt"),
        STRUCTURAL("se_mobile", .weights = S "se_mobile.ckpt"),
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

/* What the same network in ONNX has: batch norms, biases and padding are in the layers, and 3D
 * pools are the 2D ones that they stand for. */
Test(ms_networks, nothing_is_left_around_the_layers, .init = setup, .fini = network_end)
{
    static const char *const files[] = {F "resnet20_cifar10.mindir",
                                        F "mobilenet_v1_0.75_224.mindir",
                                        S "pool_explicit_pad.mindir"};
    static const char *const unwanted[] = {"BatchNormalization", "Unsqueeze", "Squeeze",
                                           "Identity"};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        const network net = {.file = files[f]};
        amct_graph *g = network_load(&net, 1);
        for (uint32_t i = 0; i < g->n_nodes; i++)
            for (size_t k = 0; k < sizeof unwanted / sizeof *unwanted; k++)
                cr_assert(!amct_node_is(&g->nodes[i], unwanted[k]), "%s: %s", files[f],
                          g->nodes[i].name);
        amct_graph_free(g);
    }
}
