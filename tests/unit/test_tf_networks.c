/* Real trained networks of TensorFlow on real pictures: the logits that TensorFlow or OpenCV gives,
 * every answer, and the same weights as ONNX; small networks of many operators. */
#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include "base/file.h"
#include "data/array.h"
#include "data/dataset.h"
#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <math.h>
#include <string.h>

enum { PATH = 4096, BATCH = 10 };

typedef struct network {
    const char *file, *data, *expected; /* below the shared data; expected: folder and prefix */
    int64_t dims[3];                    /* of a sample, as the data has it */
    double scale, mean[3], std[3];      /* (v * scale - mean) / std */
    uint32_t right;                     /* answers of all of the data */
    float tolerance;                    /* relative to the largest logit of a row */
    int32_t label_offset;
    bool softmax; /* the network ends in one, the logits are those before it */
} network;

#define MODELS   "models/tensorflow/"
#define IMAGENET "images/imagenet500"
#define CIFAR    "images/cifar10/test1000.bin"
#define MNIST    "images/mnist"
#define RESNET20                                                                                   \
    {3, 32, 32}, 1 / 255.0, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, 915, 1e-4f, 0, false

static const network networks[] = {
    {MODELS "mobilenet_v1_0.75_224_frozen.pb",
     IMAGENET,
     "expected/imagenet/mobilenet_v1_0.75_224_frozen.pb/",
     {3, 224, 224},
     1 / 127.5,
     {1, 1, 1},
     {1, 1, 1},
     426,
     1e-3f,
     0,
     false},
    {MODELS "mobilenet_v1_025_224_tfhub_frozen.pb",
     IMAGENET,
     "expected/imagenet/mobilenet_v1_025_224_tfhub_frozen.pb/",
     {3, 224, 224},
     1 / 255.0,
     {0},
     {1, 1, 1},
     292,
     1e-3f,
     1,
     false},
    {"frameworks/" MODELS "resnet20_cifar10.frozen_tf2.pb", CIFAR,
     "frameworks/expected/cifar10/resnet20_cifar10.frozen_tf2.pb/test1000.", RESNET20},
    {"frameworks/" MODELS "resnet20_cifar10.savedmodel", CIFAR,
     "frameworks/expected/cifar10/resnet20_cifar10.savedmodel/test1000.", RESNET20},
    {"frameworks/" MODELS "resnet20_cifar10.tfsave.savedmodel", CIFAR,
     "frameworks/expected/cifar10/resnet20_cifar10.tfsave.savedmodel/test1000.", RESNET20},
    {MODELS "fc-layers_frozen.pb",
     MNIST,
     "expected/mnist/tf_fc-layers_frozen.pb/t10k.",
     {1, 28, 28},
     1 / 255.0,
     {0},
     {1, 1, 1},
     9548,
     1e-3f,
     0,
     false},
    {MODELS "mnist_conv_savedmodel",
     MNIST,
     "expected/mnist/tf_mnist_conv_savedmodel/t10k.",
     {1, 28, 28},
     1,
     {0},
     {1, 1, 1},
     7813,
     1e-3f,
     0,
     true},
};

static amct_plugins *plugins;
static amct_err err;

static void setup(void)
{
    char path[PATH];
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    build_path(path, sizeof path, "plugins/importers/tensorflow/.libs/tensorflow.so");
    cr_assert_eq(amct_plugins_add_file(plugins, path, &err), AMCT_OK, "%s", err.text);
    build_path(path, sizeof path, "plugins/importers/onnx/.libs/onnx.so");
    cr_assert_eq(amct_plugins_add_file(plugins, path, &err), AMCT_OK, "%s", err.text);
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
    cr_assert_eq(amct_prepare(g, &err), AMCT_OK, "%s: %s", file, err.text);
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

static void assert_rows(const float *found, const float *wanted, size_t n, float tolerance,
                        const char *what)
{
    float most = 0;
    for (size_t k = 0; k < n; k++)
        most = fmaxf(most, fabsf(wanted[k]));
    for (size_t k = 0; k < n; k++)
        cr_assert(fabsf(found[k] - wanted[k]) <= tolerance * fmaxf(fabsf(wanted[k]), 0.1f * most),
                  "%s: element %zu is %.9g, wanted %.9g", what, k, found[k], wanted[k]);
}

/* ---- Classifiers --------------------------------------------------------------------------- */

typedef struct runner {
    amct_graph *graph;
    amct_exec *exec;
    amct_plan *plan;
} runner;

static runner start(const char *file, amct_engine engine, int64_t batch)
{
    runner r = {.graph = load(file, batch)};
    cr_assert_eq(amct_exec_new(&r.exec, engine, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&r.plan, r.exec, r.graph, NULL, &err), AMCT_OK, "%s", err.text);
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
    uint32_t indices[BATCH];
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
        options.preprocess.std[c] = net->std[c];
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

static void soften(float *row, size_t n)
{
    float most = row[0], sum = 0;
    for (size_t k = 1; k < n; k++)
        most = fmaxf(most, row[k]);
    for (size_t k = 0; k < n; k++)
        sum += row[k] = expf(row[k] - most);
    for (size_t k = 0; k < n; k++)
        row[k] /= sum;
}

static void check(const network *net)
{
    amct_dataset *ds = open_data(net);
    amct_array logits = read_npy(net->expected, "first50.logits.npy");
    amct_array answers = read_npy(net->expected, "pred.npy");
    size_t classes = logits.sample_count;
    float *wanted = malloc(classes * sizeof *wanted);
    uint32_t right = 0, n = (uint32_t)answers.dims[0];
    runner r = start(net->file, AMCT_ENGINE_ONEDNN, BATCH);
    for (uint32_t i = 0; i < n; i += BATCH) {
        const float *rows = run(&r, ds, i, BATCH);
        for (uint32_t k = i; k < i + BATCH; k++) {
            const float *row = rows + (k - i) * classes;
            if (k < logits.dims[0]) {
                amct_array_floats(wanted, &logits, k);
                if (net->softmax)
                    soften(wanted, classes);
                assert_rows(row, wanted, classes, net->tolerance, net->file);
            }
            int32_t answer = best(row, classes);
            cr_assert_eq(answer - net->label_offset, amct_array_integer(&answers, k),
                         "%s: sample %u", net->file, k);
            right += answer == ds->labels[k];
        }
    }
    cr_assert_eq(right, net->right, "%s: %u right, wanted %u", net->file, right, net->right);
    stop(&r);
    free(wanted);
    amct_dataset_free(ds);
}

static void check_all(const char *data)
{
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (strcmp(networks[i].data, data) == 0)
            check(&networks[i]);
}

Test(tf_networks, imagenet, .init = setup, .fini = teardown)
{
    check_all(IMAGENET);
}

Test(tf_networks, cifar, .init = setup, .fini = teardown)
{
    check_all(CIFAR);
}

Test(tf_networks, mnist, .init = setup, .fini = teardown)
{
    check_all(MNIST);
}

/* ---- The same weights as ONNX --------------------------------------------------------------- */

static void compare(const char *file, const char *onnx, uint32_t which)
{
    amct_dataset *ds = open_data(&networks[which]);
    runner a = start(file, AMCT_ENGINE_ONEDNN, BATCH), b = start(onnx, AMCT_ENGINE_ONEDNN, BATCH);
    size_t classes = amct_plan_output(b.plan, 0).bytes / sizeof(float) / BATCH;
    for (uint32_t i = 0; i < 5; i++) {
        const float *found = run(&a, ds, i * BATCH, BATCH);
        const float *wanted = run(&b, ds, i * BATCH, BATCH);
        for (uint32_t k = 0; k < BATCH; k++)
            assert_rows(found + k * classes, wanted + k * classes, classes, 1e-4f, file);
    }
    stop(&a);
    stop(&b);
    amct_dataset_free(ds);
}

Test(tf_networks, resnet20_is_the_one_in_onnx, .init = setup, .fini = teardown)
{
    compare(networks[2].file, "models/onnx/resnet20_cifar10.onnx", 2);
    compare(networks[3].file, "models/onnx/resnet20_cifar10.onnx", 2);
}

Test(tf_networks, mobilenet_is_the_one_in_onnx, .init = setup, .fini = teardown)
{
    compare(networks[0].file, "models/onnx/mobilenet_v1_0.75_224.onnx", 0);
}

/* ---- Small networks of many operators ------------------------------------------------------- */

/* N x H x W x C to N x C x H x W, where the plan wants its input so. */
static void feed(amct_buffer in, const float *from, const int64_t *dims)
{
    float *to = in.data;
    int64_t pixels = dims[1] * dims[2], channels = dims[3];
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            to[in.layout == AMCT_LAYOUT_LAST ? p * channels + c : c * pixels + p] =
                from[p * channels + c];
}

static void check_structural(const char *net, const char *form)
{
    char file[256];
    snprintf(file, sizeof file, "frameworks/structural/tensorflow/%s%s", net, form);
    runner r = start(file, AMCT_ENGINE_REFERENCE, 1);
    snprintf(file, sizeof file, "%s.input.npy", net);
    amct_array in = read_npy("frameworks/structural/tensorflow/", file);
    snprintf(file, sizeof file, "%s.output.npy", net);
    amct_array out = read_npy("frameworks/structural/tensorflow/", file);
    float *x = malloc(in.sample_count * sizeof *x), *wanted = malloc(out.sample_count * sizeof *x);
    int64_t dims[4];
    for (int d = 0; d < 4; d++)
        dims[d] = (int64_t)in.dims[d];
    amct_array_floats(x, &in, 0);
    amct_array_floats(wanted, &out, 0);
    feed(amct_plan_input(r.plan, 0), x, dims);
    cr_assert_eq(amct_plan_run(r.plan, &err), AMCT_OK, "%s", err.text);
    amct_buffer found = amct_plan_output(r.plan, 0);
    cr_assert_eq(found.bytes, out.sample_count * sizeof(float));
    assert_rows(found.data, wanted, out.sample_count, 1e-4f, net);
    /* channels first throughout: the only transposes left are that of the channel shuffle, and of a
     * picture as the network's output */
    uint32_t transposes = 0;
    for (uint32_t n = 0; n < r.graph->n_nodes; n++)
        transposes += amct_node_is(&r.graph->nodes[n], "Transpose");
    bool shuffles = strcmp(net, "pool_concat") == 0, picture = out.rank == 4;
    cr_assert_eq(transposes, (uint32_t)(shuffles + picture), "%s%s: %u", net, form, transposes);
    free(x);
    free(wanted);
    stop(&r);
}

Test(tf_networks, structural_frozen, .init = setup, .fini = teardown)
{
    check_structural("conv_variants", ".frozen_tf2.pb");
    check_structural("conv_variants_tfnn", ".frozen_tf2.pb");
    check_structural("pool_concat", ".frozen_tf2.pb");
    check_structural("se_mobile", ".frozen_tf2.pb");
}

Test(tf_networks, structural_saved, .init = setup, .fini = teardown)
{
    check_structural("conv_variants", ".savedmodel");
    check_structural("conv_variants_tfnn", ".savedmodel");
    check_structural("pool_concat", ".savedmodel");
    check_structural("se_mobile", ".savedmodel");
}
