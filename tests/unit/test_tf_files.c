/* Whole files: known by their content, cut short at every kilobyte. */
#define _GNU_SOURCE
#include "base/file.h"
#include "import/import.h"
#include "unit/shared_data.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096, KILOBYTE = 1024 };

static amct_err err;

static amct_file map(const char *below)
{
    char path[PATH];
    amct_file file;
    cr_assert_eq(amct_file_map(&file, shared_path(path, sizeof path, below), &err), AMCT_OK, "%s",
                 err.text);
    return file;
}

static int32_t probe(const char *below)
{
    amct_file file = map(below);
    size_t n = file.size < 4096 ? file.size : 4096;
    int32_t sure = amct_plugin_v1.importer->probe(file.data, n, below);
    amct_file_unmap(&file);
    return sure;
}

Test(tf_files, are_known_by_their_content)
{
    static const char *const files[] = {
        "data/models/tensorflow/fc-layers_frozen.pb",
        "data/models/tensorflow/mlnet_cifar_frozen_model.pb",
        "data/models/tensorflow/mobilenet_v1_0.75_224_frozen.pb",
        "data/models/tensorflow/mobilenet_v1_025_224_tfhub_frozen.pb",
        "data/models/tensorflow/mnist_conv_savedmodel/saved_model.pb",
        "data/frameworks/models/tensorflow/resnet20_cifar10.frozen_tf2.pb",
        "data/frameworks/models/tensorflow/resnet20_cifar10.savedmodel/saved_model.pb",
        "data/frameworks/models/tensorflow/resnet20_cifar10.tfsave.savedmodel/saved_model.pb",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        cr_assert_geq(probe(files[i]), 60, "%s", files[i]);
}

Test(tf_files, others_are_left_alone)
{
    static const char *const files[] = {
        "data/models/onnx/resnet20_cifar10.onnx",
        "data/models/onnx/mobilenet_v1_0.75_224.onnx",
        "data/models/onnx/resnet_2b.onnx",
        "data/models/caffe/cifar10_full_iter_70000.caffemodel",
        "data/models/caffe/resnet20b_cifar10.caffemodel",
        "data/models/caffe/squeezenet_v1.0_dc.caffemodel",
        "data/models/caffe/lenet_iter_10000.caffemodel",
        "data/models/mindspore/mnist.mindir",
        "data/frameworks/models/mindspore/resnet20_cifar10.mindir",
        "data/frameworks/models/mindspore/resnet20_cifar10.ckpt",
        "data/frameworks/models/pytorch/resnet20_cifar10.pt2",
        "data/frameworks/models/pytorch/resnet20_cifar10.state_dict.pth",
        "data/frameworks/models/tensorflow/resnet20_cifar10.keras",
        "data/frameworks/models/tensorflow/resnet20_cifar10.savedmodel/fingerprint.pb",
        "data/frameworks/models/tensorflow/resnet20_cifar10.savedmodel/variables/variables.index",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        cr_assert_eq(probe(files[i]), 0, "%s", files[i]);
}

/* ---- Cut short ----------------------------------------------------------------------------- */

/* Whatever is left is refused in words, or, where the cut falls between two nodes, a network that
 * ends earlier. */
static void try(const void *data, size_t size, const char *folder)
{
    amct_graph *g = NULL;
    amct_status status = amct_import_bytes(&g, &amct_plugin_v1, data, size, folder, NULL, 0, &err);
    if (status == AMCT_OK)
        amct_graph_free(g);
    else
        cr_assert((status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED) && err.text[0],
                  "%zu bytes: %d %s", size, status, err.text);
}

static void cut(const char *below, const char *folder)
{
    amct_file file = map(below);
    for (size_t size = 0; size < file.size; size += KILOBYTE) {
        void *part = malloc(size + 1); /* for AddressSanitizer */
        memcpy(part, file.data, size);
        try(part, size, folder);
        free(part);
    }
    amct_file_unmap(&file);
}

Test(tf_files, a_graph_cut_at_every_kilobyte_is_no_harm)
{
    cut("data/frameworks/models/tensorflow/resnet20_cifar10.frozen_tf2.pb", NULL);
    cut("data/frameworks/structural/tensorflow/conv_variants.frozen_tf2.pb", NULL);
    cut("data/frameworks/structural/tensorflow/pool_concat.frozen_tf2.pb", NULL);
}

Test(tf_files, a_saved_model_cut_at_every_kilobyte_is_no_harm)
{
    char path[PATH];
    shared_path(path, sizeof path, "data/frameworks/models/tensorflow/resnet20_cifar10.savedmodel");
    cut("data/frameworks/models/tensorflow/resnet20_cifar10.savedmodel/saved_model.pb", path);
    shared_path(path, sizeof path, "data/models/tensorflow/mnist_conv_savedmodel");
    cut("data/models/tensorflow/mnist_conv_savedmodel/saved_model.pb", path);
}

static void copy(const char *folder, const char *name, const amct_file *file)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(amct_file_write(path, file->data, file->size, &err), AMCT_OK, "%s", err.text);
}

/* All but the whole of variables.NAME fails: nothing behind a variable's bytes is needed, and no
 * kilobyte lies behind the last. */
static void cut_variables(const char *name)
{
    static const char model[] = "data/models/tensorflow/mnist_conv_savedmodel/";
    static const char *const names[] = {"variables/variables.index",
                                        "variables/variables.data-00000-of-00001"};
    char folder[] = "/tmp/amct-tf-XXXXXX", path[PATH], command[PATH];
    amct_graph *g = NULL;
    snprintf(path, sizeof path, "%ssaved_model.pb", model);
    amct_file saved = map(path);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/variables", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", model, names[i]);
        amct_file file = map(path);
        copy(folder, names[i], &file);
        amct_file_unmap(&file);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    for (off_t size = (st.st_size - 1) / KILOBYTE * KILOBYTE; size >= 0; size -= KILOBYTE) {
        cr_assert_eq(truncate(path, size), 0);
        cr_assert_eq(
            amct_import_bytes(&g, &amct_plugin_v1, saved.data, saved.size, folder, NULL, 0, &err),
            AMCT_E_FORMAT, "%lld bytes: %s", (long long)size, err.text);
    }
    amct_file_unmap(&saved);
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

Test(tf_files, variables_cut_at_every_kilobyte_are_refused)
{
    cut_variables("variables/variables.index");
    cut_variables("variables/variables.data-00000-of-00001");
}
