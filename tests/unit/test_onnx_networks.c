/* Real trained networks in ONNX. */
#include "unit/batch_case.h"
#include "unit/network_case.h"

#include "compress/level.h"
#include "compress/stitch.h"
#include "exec/feed.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

static void setup(void)
{
    network_begin((const char *const[]){"plugins/importers/onnx/.libs/onnx.so", NULL});
}

static const network networks[] = {
    {"models/onnx/mobilenet_v1_0.75_224.onnx", IMAGENET, E "imagenet/mobilenet_v1_0.75_224.onnx/",
     PHOTO, 1 / 127.5, ONE, ONE, 426, 2, .label_offset = 0},
    {"models/onnx/mobilenet_v2_1.0_224_quant.dequant.onnx", IMAGENET,
     E "imagenet/mobilenet_v2_1.0_224_quant.dequant.onnx/", PHOTO, 1 / 127.5, ONE, ONE, 450, 2,
     .label_offset = 1},
    {"efficientnet_lite0/models/onnx/efficientnet_lite0.onnx",
     IMAGENET,
     "efficientnet_lite0/expected/imagenet/efficientnet_lite0.onnx_on_shared_input/",
     PHOTO,
     1 / 128.0,
     {127 / 128.0, 127 / 128.0, 127 / 128.0},
     ONE,
     444,
     2,
     .label_offset = 0},
    {"models/onnx/resnet20_cifar10.onnx", CIFAR, E "cifar10/resnet20_cifar10.onnx/test1000.", SMALL,
     .right = 915, .n_reference = 20, RESNET20_NORM},
    {"frameworks/models/onnx/resnet20_cifar10.dynamo_default.onnx", CIFAR,
     "frameworks/" E "cifar10/resnet20_cifar10.dynamo_default.onnx/test1000.", SMALL, .right = 915,
     .n_reference = 3, RESNET20_NORM},
    {"frameworks/models/onnx/resnet20_cifar10.dynamo_opset18_inline.onnx", CIFAR,
     "frameworks/" E "cifar10/resnet20_cifar10.dynamo_opset18_inline.onnx/test1000.", SMALL,
     .right = 915, .n_reference = 3, RESNET20_NORM},
    {"frameworks/models/onnx/resnet20_cifar10.torchscript_opset11.onnx", CIFAR,
     "frameworks/" E "cifar10/resnet20_cifar10.torchscript_opset11.onnx/test1000.", SMALL,
     .right = 915, .n_reference = 3, RESNET20_NORM},
    {"models/onnx/resnet_2b.onnx", CIFAR, E "cifar10/resnet_2b.onnx/test1000.", SMALL, .right = 703,
     .n_reference = 50, VNN_NORM},
    {"models/onnx/resnet_4b.onnx", CIFAR, E "cifar10/resnet_4b.onnx/test1000.", SMALL, .right = 771,
     .n_reference = 50, VNN_NORM},
    {"models/onnx/cifar_wide_kw.onnx", CIFAR, E "cifar10/cifar_wide_kw.onnx/test1000.", SMALL,
     .scale = 1 / 255.0, .mean = {0.485, 0.456, 0.406}, .std = {0.225, 0.225, 0.225}, .right = 636,
     .n_reference = 50},
    {"models/onnx/cifar10_large.onnx",
     CIFAR,
     E "cifar10/cifar10_large.onnx/test1000.",
     {32, 32, 3},
     1 / 255.0,
     {0},
     ONE,
     755,
     50,
     .label_offset = 0},
    {"models/onnx/Convnet_avgpool.onnx",
     MNIST,
     E "mnist/Convnet_avgpool.onnx/t10k.",
     DIGIT,
     1 / 255.0,
     {0},
     ONE,
     9795,
     50,
     .label_offset = 0},
    {"models/onnx/mnist-net_256x4.onnx",
     MNIST,
     E "mnist/mnist-net_256x4.onnx/t10k.",
     DIGIT,
     1 / 255.0,
     {0},
     ONE,
     9764,
     50,
     .label_offset = 0},
    {"models/onnx/ffnnSIGMOID__Point_6x200.onnx",
     MNIST,
     E "mnist/ffnnSIGMOID__Point_6x200.onnx/t10k.",
     DIGIT,
     1 / 255.0,
     {0},
     ONE,
     9766,
     50,
     .label_offset = 0},
};

static void check_all(const char *data)
{
    uint32_t checked = 0;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (strcmp(networks[i].data, data) == 0) {
            network_check(&networks[i]);
            checked++;
        }
    cr_assert_geq(checked, 3);
}

Test(onnx_networks, imagenet, .init = setup, .fini = network_end)
{
    check_all(IMAGENET);
}

Test(onnx_networks, cifar, .init = setup, .fini = network_end)
{
    check_all(CIFAR);
}

Test(onnx_networks, mnist, .init = setup, .fini = network_end)
{
    check_all(MNIST);
}

/* ---- In integers ---------------------------------------------------------------------------- */

static amct_status fetch(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *ignored)
{
    const amct_dataset *ds = ctx;
    uint32_t indices[NETWORK_BATCH];
    (void)ignored;
    for (uint32_t i = 0; i < count; i++)
        indices[i] = first + i;
    amct_dataset_fetch(ds, indices, count, layout == AMCT_LAYOUT_LAST ? AMCT_NHWC : ds->layout,
                       dst);
    return AMCT_OK;
}

/* Every layer that can be in 8 bits, run by both forms of the fast executor and by the plain one:
 * the same bits. */
static void check_integers(const char *file, uint32_t n_samples)
{
    static const amct_engine fast[] = {AMCT_ENGINE_ONEDNN, AMCT_ENGINE_ONEDNN_FLOAT};
    const amct_level_options options = {AMCT_WEIGHTS_ARQ, true};
    const network *net = networks;
    while (strcmp(net->file, file) != 0)
        net++;
    amct_dataset *ds = network_data(net);
    amct_graph *g = network_load(net, 2), *stitched;
    amct_feed feed = {ds, 8, fetch};
    amct_layer *layers;
    uint32_t n;
    amct_calibration *stats;
    amct_leveldb *db;
    cr_assert_eq(amct_layers_find(&layers, &n, g, &err), AMCT_OK);
    cr_assert_eq(amct_calibrate(&stats, g, layers, n, &feed, &amct_range_defaults, 1, &err),
                 AMCT_OK);
    cr_assert_eq(amct_leveldb_new(&db, g, layers, stats, &options, NULL, &err), AMCT_OK);
    cr_assert_eq(amct_leveldb_fill_all(db, 1u << AMCT_LEVEL_W8A8, &feed, 1, SIZE_MAX, &err),
                 AMCT_OK);
    const amct_quantised **levels = calloc(n, sizeof *levels);
    uint32_t quantised = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!layers[i].no_int8) {
            cr_assert_eq(amct_leveldb_get(&levels[i], db, i, AMCT_LEVEL_W8A8, &err), AMCT_OK);
            quantised++;
        }
    cr_assert_gt(quantised, 19);
    cr_assert_eq(amct_stitch(&stitched, g, layers, n, levels, &err), AMCT_OK);
    for (int e = 0; e < 2; e++) {
        network_run a = {.net = net}, b = {.net = net};
        cr_assert_eq(amct_exec_new(&a.exec, fast[e], &err), AMCT_OK);
        cr_assert_eq(amct_exec_new(&b.exec, AMCT_ENGINE_REFERENCE, &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&a.plan, a.exec, stitched, NULL, &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&b.plan, b.exec, stitched, NULL, &err), AMCT_OK);
        for (uint32_t i = 0; i < n_samples; i += 2) {
            const float *found = network_feed(&a, ds, i, 2), *wanted = network_feed(&b, ds, i, 2);
            size_t count = amct_plan_output(a.plan, 0).bytes / sizeof(float);
            for (size_t k = 0; k < count; k++)
                cr_assert_eq(found[k], wanted[k], "%s, %s: sample %u, %zu is %.9g, wanted %.9g",
                             file, amct_exec_name(a.exec), i, k, found[k], wanted[k]);
        }
        network_stop(&a);
        network_stop(&b);
    }
    amct_graph_free(stitched);
    free(levels);
    amct_leveldb_free(db);
    amct_calibration_free(stats);
    free(layers);
    amct_graph_free(g);
    amct_dataset_free(ds);
}

Test(onnx_networks, integers_are_the_same_bits_on_every_engine, .init = setup, .fini = network_end)
{
    check_integers("models/onnx/resnet20_cifar10.onnx", 8);
    check_integers("models/onnx/mobilenet_v1_0.75_224.onnx", 2);
    check_integers("efficientnet_lite0/models/onnx/efficientnet_lite0.onnx", 2);
}

/* ---- Arrays in, arrays out ------------------------------------------------------------------ */

Test(onnx_networks, detectors, .init = setup, .fini = network_end)
{
#define D E "detection/"
#define RFB_OUT                                                                                    \
    {                                                                                              \
        D "RFB-320.out0.first5.npy", D "RFB-320.out1.first5.npy"                                   \
    }
    static const mapping mappings[] = {
        /* its boxes are decoded already */
        {"models/onnx/version-RFB-320.onnx",
         D "coco_first5.320x240.rgb_m127_d128.f32.npy",
         {D "RFB-320.out0.first5.npy"},
         .n = 1},
        {"models/onnx/version-RFB-320_simplified.onnx",
         D "coco_first5.320x240.rgb_m127_d128.f32.npy", RFB_OUT, .n = 1},
        {"models/onnx/version-RFB-320_without_postprocessing.onnx",
         D "coco_first5.320x240.rgb_m127_d128.f32.npy", RFB_OUT, .n = 1},
        {"models/onnx/yolo-fastest-1.1.onnx",
         D "coco_first5.320x320.rgb01.f32.npy",
         {D "yolo-fastest-1.1.head_stride32.first5.npy",
          D "yolo-fastest-1.1.head_stride16.first5.npy"},
         .n = 1},
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

Test(onnx_networks, structural, .init = setup, .fini = network_end)
{
#define S "frameworks/structural/onnx/"
    static const mapping mappings[] = {
        {S "conv_variants.onnx",
         S "conv_variants.input.npy",
         {S "conv_variants.output.npy"},
         .n = 1},
        {S "pool_concat.onnx", S "pool_concat.input.npy", {S "pool_concat.output.npy"}, .n = 1},
        {S "se_mobile.onnx", S "se_mobile.input.npy", {S "se_mobile.output.npy"}, .n = 1},
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

/* Files of trained networks, and shapes of others with random weights, all exported at batch 1. */
Test(onnx_networks, each_sample_of_a_batch_is_what_it_is_alone, .init = setup, .fini = network_end)
{
    static const struct {
        const char *file;
        bool random;
    } files[] = {
        {"models/onnx/mobilenet_v1_0.75_224.onnx", .random = false},
        {"models/onnx/resnet20_cifar10.onnx", .random = false},
        {"models/onnx/version-RFB-320.onnx", .random = false},
        {"models/onnx/version-RFB-320_simplified.onnx", .random = false},
        {"models/onnx/yolo-fastest-1.1.onnx", .random = false},
        {"models/onnx/Convnet_avgpool.onnx", .random = false},
        {"frameworks/models/onnx/resnet20_cifar10.dynamo_default.onnx", .random = false},
        {"frameworks/models/onnx/resnet20_cifar10.torchscript_opset11.onnx", .random = false},
        {"latency/crnn_1x32x100.onnx", .random = true},
        {"latency/shufflenet_v1_1.0x_g3_3x224x224.onnx", .random = true},
        {"latency/vit_small_patch16_224_3x224x224.onnx", .random = true},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        amct_graph *g = network_load(&(network){.file = files[i].file}, 1);
        if (files[i].random)
            batch_case_randomise(g);
        batch_case_check(g, 3, AMCT_ENGINE_ONEDNN, 1e-4, false, files[i].file);
        amct_graph_free(g);
    }
}
