/* Real trained networks of TensorFlow on real pictures: the logits that TensorFlow or OpenCV gives,
 * every answer, and the same weights as ONNX; small networks of many operators. */
#include "unit/network_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define M  "models/tensorflow/"
#define F  "frameworks/models/tensorflow/"
#define FE "frameworks/expected/"
#define S  "frameworks/structural/tensorflow/"

#define RESNET20(name)                                                                             \
    {                                                                                              \
        F name, CIFAR, FE "cifar10/" name "/test1000.", SMALL, .right = 915, .n_reference = 3,     \
                                                               RESNET20_NORM                       \
    }

static const network mobilenet = {M "mobilenet_v1_0.75_224_frozen.pb",
                                  IMAGENET,
                                  E "imagenet/mobilenet_v1_0.75_224_frozen.pb/",
                                  PHOTO,
                                  1 / 127.5,
                                  ONE,
                                  ONE,
                                  .right = 426,
                                  .n_reference = 1};
static const network mobilenet_hub = {M "mobilenet_v1_025_224_tfhub_frozen.pb",
                                      IMAGENET,
                                      E "imagenet/mobilenet_v1_025_224_tfhub_frozen.pb/",
                                      PHOTO,
                                      .scale = 1 / 255.0,
                                      .right = 292,
                                      .n_reference = 1,
                                      .label_offset = 1};
static const network resnet20[] = {RESNET20("resnet20_cifar10.frozen_tf2.pb"),
                                   RESNET20("resnet20_cifar10.savedmodel"),
                                   RESNET20("resnet20_cifar10.tfsave.savedmodel")};
static const network fc = {M "fc-layers_frozen.pb",
                           MNIST,
                           E "mnist/tf_fc-layers_frozen.pb/t10k.",
                           DIGIT,
                           .scale = 1 / 255.0,
                           .right = 9548,
                           .n_reference = 50};
static const network mnist_conv = {M "mnist_conv_savedmodel",
                                   MNIST,
                                   E "mnist/tf_mnist_conv_savedmodel/t10k.",
                                   DIGIT,
                                   .scale = 1,
                                   .right = 7813,
                                   .n_reference = 20,
                                   .softmax = true};

static void setup(void)
{
    network_begin((const char *const[]){"plugins/importers/onnx/.libs/onnx.so",
                                        "plugins/importers/tensorflow/.libs/tensorflow.so", NULL});
}

Test(tf_networks, imagenet, .init = setup, .fini = network_end)
{
    network_check(&mobilenet);
    network_check(&mobilenet_hub);
}

Test(tf_networks, cifar, .init = setup, .fini = network_end)
{
    for (size_t i = 0; i < sizeof resnet20 / sizeof *resnet20; i++)
        network_check(&resnet20[i]);
}

Test(tf_networks, mnist, .init = setup, .fini = network_end)
{
    network_check(&fc);
    network_check(&mnist_conv);
}

/* No reference results are known; that it runs is. */
Test(tf_networks, a_network_of_one_convolution_runs, .init = setup, .fini = network_end)
{
    const network net = {M "mlnet_cifar_frozen_model.pb", CIFAR, "", SMALL, .scale = 1 / 255.0};
    amct_dataset *ds = network_data(&net);
    network_run fast = network_start(&net, AMCT_ENGINE_ONEDNN, 10);
    network_run plain = network_start(&net, AMCT_ENGINE_REFERENCE, 10);
    const float *a = network_feed(&fast, ds, 0, 10), *b = network_feed(&plain, ds, 0, 10);
    for (int i = 0; i < 100; i++)
        cr_assert_float_eq(a[i], b[i], 1e-4f * fmaxf(1, fabsf(b[i])));
    network_stop(&fast);
    network_stop(&plain);
    amct_dataset_free(ds);
}

/* ---- The same weights as ONNX --------------------------------------------------------------- */

static void compare(const network *net, const char *onnx)
{
    network other = *net;
    other.file = onnx;
    amct_dataset *ds = network_data(net);
    network_run a = network_start(net, AMCT_ENGINE_ONEDNN, NETWORK_BATCH);
    network_run b = network_start(&other, AMCT_ENGINE_ONEDNN, NETWORK_BATCH);
    size_t n = amct_plan_output(b.plan, 0).bytes / sizeof(float);
    cr_assert_eq(amct_plan_output(a.plan, 0).bytes, n * sizeof(float));
    for (uint32_t i = 0; i < 50; i += NETWORK_BATCH) {
        const float *found = network_feed(&a, ds, i, NETWORK_BATCH);
        const float *wanted = network_feed(&b, ds, i, NETWORK_BATCH);
        for (size_t k = 0; k < n; k++)
            cr_assert_float_eq(found[k], wanted[k], 1e-4f, "%s: %zu is %.9g, in ONNX %.9g",
                               net->file, k, found[k], wanted[k]);
    }
    network_stop(&a);
    network_stop(&b);
    amct_dataset_free(ds);
}

Test(tf_networks, resnet20_is_the_one_in_onnx, .init = setup, .fini = network_end)
{
    for (size_t i = 0; i < sizeof resnet20 / sizeof *resnet20; i++)
        compare(&resnet20[i], "models/onnx/resnet20_cifar10.onnx");
}

Test(tf_networks, mobilenet_is_the_one_in_onnx, .init = setup, .fini = network_end)
{
    compare(&mobilenet, "models/onnx/mobilenet_v1_0.75_224.onnx");
}

/* ---- Small networks of many operators ------------------------------------------------------- */

#define STRUCTURAL(net, form)                                                                      \
    {                                                                                              \
        S net form, S net ".input.npy", {S net ".output.npy"}, .n = 1, .channels_last = true       \
    }

Test(tf_networks, structural, .init = setup, .fini = network_end)
{
    static const mapping mappings[] = {
        STRUCTURAL("conv_variants", ".frozen_tf2.pb"),
        STRUCTURAL("conv_variants", ".savedmodel"),
        STRUCTURAL("conv_variants_tfnn", ".frozen_tf2.pb"),
        STRUCTURAL("conv_variants_tfnn", ".savedmodel"),
        STRUCTURAL("pool_concat", ".frozen_tf2.pb"),
        STRUCTURAL("pool_concat", ".savedmodel"),
        STRUCTURAL("se_mobile", ".frozen_tf2.pb"),
        STRUCTURAL("se_mobile", ".savedmodel"),
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

static void assert_transposes(const char *file, uint32_t wanted)
{
    const network net = {.file = file};
    amct_graph *g = network_load(&net, 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        n += amct_node_is(&g->nodes[i], "Transpose");
    cr_assert_eq(n, wanted, "%s: %u", file, n);
    amct_graph_free(g);
}

/* All but that of a channel shuffle, and of a picture as the network's output. */
Test(tf_networks, no_transposes_are_left, .init = setup, .fini = network_end)
{
    assert_transposes(mobilenet.file, 0);
    assert_transposes(mobilenet_hub.file, 0);
    assert_transposes(mnist_conv.file, 0);
    assert_transposes(M "mlnet_cifar_frozen_model.pb", 0);
    for (int i = 0; i < 3; i++)
        assert_transposes(resnet20[i].file, 0);
    assert_transposes(S "se_mobile.savedmodel", 0);
    assert_transposes(S "pool_concat.savedmodel", 1);
    assert_transposes(S "conv_variants.savedmodel", 1);
}
