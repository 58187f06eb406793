/* Real trained networks on real pictures: the logits that their frameworks give, and every answer.
 */
#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include "base/file.h"
#include "data/array.h"
#include "data/dataset.h"
#include "compress/stitch.h"
#include "compress/level.h"
#include "exec/feed.h"
#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <math.h>
#include <string.h>

enum { PATH = 4096, FAST_BATCH = 10 };

typedef struct network {
    const char *file, *data, *expected; /* below the shared data; expected: folder and prefix */
    int64_t dims[3];                    /* of a sample */
    double scale, mean[3], std[3];      /* (v * scale - mean) / std */
    uint32_t right;                     /* answers of all of the data */
    uint32_t n_reference;               /* samples that the plain reference computes */
    int32_t label_offset;
} network;

#define IMAGENET "images/imagenet500"
#define CIFAR    "images/cifar10/test1000.bin"
#define MNIST    "images/mnist"
#define E        "expected/"
#define RESNET20_NORM                                                                              \
    .scale = 1 / 255.0, .mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}
#define VNN_NORM                                                                                   \
    .scale = 1 / 255.0, .mean = {0.4914, 0.4822, 0.4465}, .std = {0.2471, 0.2435, 0.2616}
#define PHOTO                                                                                      \
    {                                                                                              \
        3, 224, 224                                                                                \
    }
#define SMALL                                                                                      \
    {                                                                                              \
        3, 32, 32                                                                                  \
    }
#define DIGIT                                                                                      \
    {                                                                                              \
        1, 28, 28                                                                                  \
    }
#define ONE                                                                                        \
    {                                                                                              \
        1, 1, 1                                                                                    \
    }

static const network networks[] = {
    {"models/onnx/mobilenet_v1_0.75_224.onnx", IMAGENET, E "imagenet/mobilenet_v1_0.75_224.onnx/",
     PHOTO, 1 / 127.5, ONE, ONE, 426, 2, 0},
    {"models/onnx/mobilenet_v2_1.0_224_quant.dequant.onnx", IMAGENET,
     E "imagenet/mobilenet_v2_1.0_224_quant.dequant.onnx/", PHOTO, 1 / 127.5, ONE, ONE, 450, 2, 1},
    {"efficientnet_lite0/models/onnx/efficientnet_lite0.onnx",
     IMAGENET,
     "efficientnet_lite0/expected/imagenet/efficientnet_lite0.onnx_on_shared_input/",
     PHOTO,
     1 / 128.0,
     {127 / 128.0, 127 / 128.0, 127 / 128.0},
     ONE,
     444,
     2,
     0},
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
     0},
    {"models/onnx/Convnet_avgpool.onnx",
     MNIST,
     E "mnist/Convnet_avgpool.onnx/t10k.",
     DIGIT,
     1 / 255.0,
     {0},
     ONE,
     9795,
     50,
     0},
    {"models/onnx/mnist-net_256x4.onnx",
     MNIST,
     E "mnist/mnist-net_256x4.onnx/t10k.",
     DIGIT,
     1 / 255.0,
     {0},
     ONE,
     9764,
     50,
     0},
    {"models/onnx/ffnnSIGMOID__Point_6x200.onnx",
     MNIST,
     E "mnist/ffnnSIGMOID__Point_6x200.onnx/t10k.",
     DIGIT,
     1 / 255.0,
     {0},
     ONE,
     9766,
     50,
     0},
};

/* ---- Files ---------------------------------------------------------------------------------- */

static amct_plugins *plugins;
static amct_err err;

static void setup(void)
{
    char path[PATH];
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    build_path(path, sizeof path, "plugins/importers/onnx/.libs/onnx.so");
    cr_assert_eq(amct_plugins_add_file(plugins, path, &err), AMCT_OK);
}

static void teardown(void)
{
    amct_plugins_free(plugins);
}

static const char *data_path(char path[PATH], const char *folder, const char *name)
{
    char below[PATH / 2];
    snprintf(below, sizeof below, "data/%s%s", folder, name);
    return shared_path(path, PATH, below);
}

static amct_graph *load(const char *file, int64_t batch)
{
    char path[PATH];
    amct_graph *g;
    data_path(path, "", file);
    cr_assert_eq(amct_import(&g, plugins, path, NULL, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_prepare(g, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_set_batch(g, batch, &err), AMCT_OK, "%s: %s", file, err.text);
    return g;
}

static amct_array read_npy(const char *folder, const char *name)
{
    char path[PATH];
    amct_file file;
    amct_array array;
    cr_assert_eq(amct_file_map(&file, data_path(path, folder, name), &err), AMCT_OK);
    cr_assert_eq(amct_npy_parse(&array, file.data, file.size, &err), AMCT_OK);
    return array;
}

/* |a - b| <= 1e-3 |b|, but for what is small beside the largest of the row. */
static void assert_row(const float *found, const amct_array *wanted, uint64_t i, const char *what)
{
    size_t n = wanted->sample_count;
    float *row = malloc(n * sizeof *row), most = 0;
    amct_array_floats(row, wanted, i);
    for (size_t k = 0; k < n; k++)
        most = fmaxf(most, fabsf(row[k]));
    for (size_t k = 0; k < n; k++)
        cr_assert(fabsf(found[k] - row[k]) <= 1e-3f * fabsf(row[k]) + 1e-4f * most,
                  "%s: sample %llu, logit %zu is %.9g, wanted %.9g", what, (unsigned long long)i, k,
                  found[k], row[k]);
    free(row);
}

/* ---- Classifiers ---------------------------------------------------------------------------- */

typedef struct runner {
    const network *net;
    amct_graph *graph;
    amct_exec *exec;
    amct_plan *plan;
    char what[200];
} runner;

static runner start(const network *net, amct_engine engine, int64_t batch)
{
    runner r = {.net = net, .graph = load(net->file, batch)};
    cr_assert_eq(amct_exec_new(&r.exec, engine, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&r.plan, r.exec, r.graph, NULL, &err), AMCT_OK, "%s", err.text);
    snprintf(r.what, sizeof r.what, "%s, %s", net->file, amct_exec_name(r.exec));
    return r;
}

static void stop(runner *r)
{
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    amct_graph_free(r->graph);
}

static const float *run(runner *r, const amct_dataset *ds, uint32_t first, uint32_t n)
{
    uint32_t indices[FAST_BATCH];
    for (uint32_t i = 0; i < n; i++)
        indices[i] = first + i;
    amct_buffer in = amct_plan_input(r->plan, 0);
    cr_assert_eq(in.bytes, n * ds->elements * sizeof(float));
    amct_dataset_fetch(ds, indices, n, in.layout == AMCT_LAYOUT_LAST ? AMCT_NHWC : ds->layout,
                       in.data);
    cr_assert_eq(amct_plan_run(r->plan, &err), AMCT_OK, "%s", err.text);
    return amct_plan_output(r->plan, 0).data;
}

static amct_dataset *open_data(const network *net)
{
    char path[PATH];
    amct_dataset *ds;
    amct_dataset_options options = {.rank = 3, .label_offset = net->label_offset, .jobs = 2};
    memcpy(options.dims, net->dims, sizeof net->dims);
    options.preprocess.scale = net->scale;
    options.preprocess.n_mean = options.preprocess.n_std = net->dims[0] == 1 ? 1 : 3;
    for (int c = 0; c < 3; c++) {
        options.preprocess.mean[c] = net->mean[c];
        options.preprocess.std[c] = net->std[c] > 0 ? net->std[c] : 1;
    }
    cr_assert_eq(amct_dataset_open(&ds, data_path(path, "", net->data), &options, &err), AMCT_OK,
                 "%s", err.text);
    return ds;
}

static int32_t best(const float *row, size_t n)
{
    int32_t at = 0;
    for (int32_t k = 1; k < (int32_t)n; k++)
        if (row[k] > row[at])
            at = k;
    return at;
}

/* All of the data, in batches on oneDNN: the logits and answers that are known, and how many are
 * right. */
static void check_fast(const network *net, const amct_dataset *ds, const amct_array *logits,
                       amct_engine engine)
{
    amct_array answers = read_npy(net->expected, "pred.npy");
    runner r = start(net, engine, FAST_BATCH);
    size_t classes = logits->sample_count;
    uint32_t right = 0;
    cr_assert_eq(answers.dims[0], ds->n);
    for (uint32_t i = 0; i < ds->n; i += FAST_BATCH) {
        const float *rows = run(&r, ds, i, FAST_BATCH);
        for (uint32_t k = i; k < i + FAST_BATCH; k++) {
            const float *row = rows + (k - i) * classes;
            if (k < logits->dims[0])
                assert_row(row, logits, k, r.what);
            int32_t answer = best(row, classes);
            cr_assert_eq(answer - net->label_offset, amct_array_integer(&answers, k),
                         "%s: sample %u", r.what, k);
            right += answer == ds->labels[k];
        }
    }
    cr_assert_eq(right, net->right, "%s: %u right, wanted %u", r.what, right, net->right);
    stop(&r);
}

static void check_slow(const network *net, const amct_dataset *ds, const amct_array *logits)
{
    runner r = start(net, AMCT_ENGINE_REFERENCE, 1);
    for (uint32_t i = 0; i < net->n_reference; i++)
        assert_row(run(&r, ds, i, 1), logits, i, r.what);
    stop(&r);
}

static void check_all(const char *data)
{
    uint32_t checked = 0;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        const network *net = &networks[i];
        if (strcmp(net->data, data) != 0)
            continue;
        amct_dataset *ds = open_data(net);
        amct_array logits = read_npy(net->expected, "first50.logits.npy");
        check_fast(net, ds, &logits, AMCT_ENGINE_ONEDNN);
        check_slow(net, ds, &logits);
        amct_dataset_free(ds);
        checked++;
    }
    cr_assert_geq(checked, 3);
}

Test(onnx_networks, imagenet, .init = setup, .fini = teardown)
{
    check_all(IMAGENET);
}

Test(onnx_networks, cifar, .init = setup, .fini = teardown)
{
    check_all(CIFAR);
}

Test(onnx_networks, mnist, .init = setup, .fini = teardown)
{
    check_all(MNIST);
}

/* ---- In integers ---------------------------------------------------------------------------- */

static amct_status fetch(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *ignored)
{
    const amct_dataset *ds = ctx;
    uint32_t indices[FAST_BATCH];
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
    amct_dataset *ds = open_data(net);
    amct_graph *g = load(file, 2), *stitched;
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
        runner a = {.net = net}, b = {.net = net};
        cr_assert_eq(amct_exec_new(&a.exec, fast[e], &err), AMCT_OK);
        cr_assert_eq(amct_exec_new(&b.exec, AMCT_ENGINE_REFERENCE, &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&a.plan, a.exec, stitched, NULL, &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&b.plan, b.exec, stitched, NULL, &err), AMCT_OK);
        for (uint32_t i = 0; i < n_samples; i += 2) {
            const float *found = run(&a, ds, i, 2), *wanted = run(&b, ds, i, 2);
            size_t count = amct_plan_output(a.plan, 0).bytes / sizeof(float);
            for (size_t k = 0; k < count; k++)
                cr_assert_eq(found[k], wanted[k], "%s, %s: sample %u, %zu is %.9g, wanted %.9g",
                             file, amct_exec_name(a.exec), i, k, found[k], wanted[k]);
        }
        stop(&a);
        stop(&b);
    }
    amct_graph_free(stitched);
    free(levels);
    amct_leveldb_free(db);
    amct_calibration_free(stats);
    free(layers);
    amct_graph_free(g);
    amct_dataset_free(ds);
}

Test(onnx_networks, integers_are_the_same_bits_on_every_engine, .init = setup, .fini = teardown)
{
    check_integers("models/onnx/resnet20_cifar10.onnx", 8);
    check_integers("models/onnx/mobilenet_v1_0.75_224.onnx", 2);
    check_integers("efficientnet_lite0/models/onnx/efficientnet_lite0.onnx", 2);
}

/* ---- Arrays in, arrays out ------------------------------------------------------------------ */

typedef struct mapping {
    const char *file, *input, *outputs[2];
    uint32_t n; /* samples that are compared on the plain reference */
} mapping;

static void check_arrays(const mapping *m, amct_engine engine)
{
    amct_array input = read_npy("", m->input);
    amct_graph *g = load(m->file, 1);
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(amct_exec_new(&exec, engine, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &err), AMCT_OK, "%s", err.text);
    amct_buffer in = amct_plan_input(plan, 0);
    float *sample = malloc(in.bytes);
    int64_t channels = in.shape.dims[1], inner = in.shape.dims[2] * in.shape.dims[3];
    for (uint64_t i = 0; i < input.dims[0] && (engine != AMCT_ENGINE_REFERENCE || i < m->n); i++) {
        amct_array_floats(sample, &input, i);
        for (int64_t k = 0; k < channels * inner; k++)
            ((float *)
                 in.data)[in.layout == AMCT_LAYOUT_LAST ? k % inner * channels + k / inner : k] =
                sample[k];
        cr_assert_eq(amct_plan_run(plan, &err), AMCT_OK, "%s", err.text);
        for (uint32_t o = 0; o < 2 && m->outputs[o]; o++) {
            amct_array wanted = read_npy("", m->outputs[o]);
            cr_assert_eq(wanted.sample_count * sizeof(float), amct_plan_output(plan, o).bytes);
            assert_row(amct_plan_output(plan, o).data, &wanted, i, m->file);
        }
    }
    free(sample);
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(g);
}

static void check_mappings(const mapping *mappings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_arrays(&mappings[i], AMCT_ENGINE_ONEDNN);
        check_arrays(&mappings[i], AMCT_ENGINE_REFERENCE);
    }
}

Test(onnx_networks, detectors, .init = setup, .fini = teardown)
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
         1},
        {"models/onnx/version-RFB-320_simplified.onnx",
         D "coco_first5.320x240.rgb_m127_d128.f32.npy", RFB_OUT, 1},
        {"models/onnx/version-RFB-320_without_postprocessing.onnx",
         D "coco_first5.320x240.rgb_m127_d128.f32.npy", RFB_OUT, 1},
        {"models/onnx/yolo-fastest-1.1.onnx",
         D "coco_first5.320x320.rgb01.f32.npy",
         {D "yolo-fastest-1.1.head_stride32.first5.npy",
          D "yolo-fastest-1.1.head_stride16.first5.npy"},
         1},
    };
    check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

Test(onnx_networks, structural, .init = setup, .fini = teardown)
{
#define S "frameworks/structural/onnx/"
    static const mapping mappings[] = {
        {S "conv_variants.onnx", S "conv_variants.input.npy", {S "conv_variants.output.npy"}, 1},
        {S "pool_concat.onnx", S "pool_concat.input.npy", {S "pool_concat.output.npy"}, 1},
        {S "se_mobile.onnx", S "se_mobile.input.npy", {S "se_mobile.output.npy"}, 1},
    };
    check_mappings(mappings, sizeof mappings / sizeof *mappings);
}
