/* Which files are ONNX, and all the real ones that are at hand, through the installed plugin. */
#define _GNU_SOURCE /* nftw */
#include "base/file.h"
#include "unit/onnx_build.h"
#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

static int32_t probe(const void *data, size_t size)
{
    return amct_plugin_v1.importer->probe(data, size < 4096 ? size : 4096, "file");
}

/* ---- Probe --------------------------------------------------------------------------------- */

Test(onnx_files, a_built_model_is_recognised_from_its_first_bytes)
{
    onnx_build b;
    size_t size;
    ob_begin(&b, 13);
    ob_input(&b, "x", -1, NULL);
    ob_weights(&b, "w", 5000);
    ob_output(&b, "y");
    ob_node(&b, "Relu", "x", "y");
    const char *bytes = ob_pack(&b, &size);
    cr_assert_eq(probe(bytes, size), 90);
    cr_assert_eq(probe(bytes, 64), 90, "the head is all that is needed");
    ob_end(&b);
}

Test(onnx_files, other_files_are_not)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *what;
    } others[] = {
        {"", 0, "an empty file"},
        {"\x0a\x05relu1", 7, "a Caffe net or a MindIR: field 1 is a text"},
        {"\x0a\x05"
         "0.1.1\x12\x09MindSpore",
         18, "MindIR"},
        {"\x0a\x10\x0a\x01x\x12\x0bPlaceholder", 18, "a GraphDef: field 1 is a node"},
        {"\x08\x01\x12\x9c\xf3\x03\x0a\xa4\x25\x12", 10, "a SavedModel: field 2 is a message"},
        {"\x08\x02\x10\x01\x42\x01x\x4a\x08", 9, "a TensorProto: field 2 is a number"},
        {"ir_version: 7\ngraph {\n}\n", 24, "ONNX as text"},
        {"PK\3\4", 4, "a zip"},
        {"\x89HDF\r\n\x1a\n", 8, "HDF5"},
        {"\x1c\0\0\0TFL3", 8, "TFLite"},
        {"\x08\x07", 2, "a version alone"},
        {"\x08\x07\x3a\x04\x08\x01\x10\x01", 8, "a graph that is none"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_eq(probe(others[i].bytes, others[i].size), 0, "%s", others[i].what);
}

static struct {
    int n_onnx, n_others;
    bool wrong;
    char name[4096];
} seen;

static bool ends_with(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n >= m && strcmp(path + n - m, suffix) == 0;
}

static int probe_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    amct_file file;
    amct_err err;
    (void)st, (void)ftw;
    if (type != FTW_F || amct_file_map(&file, path, &err) != AMCT_OK)
        return 0;
    bool onnx = ends_with(path, ".onnx");
    int32_t sure = probe(file.data, file.size);
    amct_file_unmap(&file);
    seen.n_onnx += onnx;
    seen.n_others += !onnx;
    if (sure != (onnx ? 90 : 0)) {
        seen.wrong = true;
        snprintf(seen.name, sizeof seen.name, "%s: %d", path, sure);
    }
    return 0;
}

Test(onnx_files, real_files_of_all_frameworks_are_told_apart)
{
    char path[4096];
    static const char *const folders[] = {"data/models", "data/frameworks/models",
                                          "data/frameworks/structural", "data/latency",
                                          "data/efficientnet_lite0/models"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        nftw(shared_path(path, sizeof path, folders[i]), probe_file, 16, FTW_PHYS);
    cr_assert_not(seen.wrong, "%s", seen.name);
    cr_assert_gt(seen.n_onnx, 100);
    cr_assert_gt(seen.n_others, 50);
}

/* ---- Import -------------------------------------------------------------------------------- */

static amct_plugins *plugins;

static void setup(void)
{
    amct_err err;
    char path[4096];
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    cr_assert_eq(
        amct_plugins_add_file(
            plugins, build_path(path, sizeof path, "plugins/importers/onnx/.libs/onnx.so"), &err),
        AMCT_OK);
    cr_assert_not_null(amct_plugins_find(plugins, AMCT_PLUGIN_IMPORTER, "onnx"), "%s",
                       amct_plugins_entry(plugins, 0)->problem);
}

static void teardown(void)
{
    amct_plugins_free(plugins);
}

/* Its output is an optional, which no tensor is. */
static bool is_expected_to_fail(const char *path, const amct_err *err)
{
    return strstr(path, "/test_identity_opt/") && err->code == AMCT_E_UNSUPPORTED &&
           strstr(err->text, "output 'opt_out': is an optional, a tensor wanted");
}

static int import_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    amct_err err;
    amct_graph *g;
    (void)st, (void)ftw;
    if (type != FTW_F || !ends_with(path, ".onnx"))
        return 0;
    seen.n_onnx++;
    if (amct_import(&g, plugins, path, NULL, &err) == AMCT_OK) {
        amct_graph_free(g);
    } else if (!is_expected_to_fail(path, &err)) {
        seen.wrong = true;
        snprintf(seen.name, sizeof seen.name, "%s", err.text);
    }
    return 0;
}

static void import_all(const char *folder, int at_least)
{
    char path[4096];
    nftw(shared_path(path, sizeof path, folder), import_file, 16, FTW_PHYS);
    cr_assert_not(seen.wrong, "%s", seen.name);
    cr_assert_geq(seen.n_onnx, at_least);
}

Test(onnx_files, real_networks_import, .init = setup, .fini = teardown)
{
    import_all("data/models/onnx", 10);
    import_all("data/efficientnet_lite0/models", 11);
}

Test(onnx_files, files_of_current_exporters_import, .init = setup, .fini = teardown)
{
    import_all("data/frameworks", 6);
}

Test(onnx_files, published_architectures_import, .init = setup, .fini = teardown)
{
    import_all("data/latency", 90);
}

Test(onnx_files, onnxs_own_tests_import, .init = setup, .fini = teardown)
{
    import_all("data/onnx_backend_tests", 400);
}

Test(onnx_files, external_weights_are_the_inline_ones, .init = setup, .fini = teardown)
{
    char path[4096];
    amct_err err;
    amct_graph *outside, *inside;
    shared_path(path, sizeof path,
                "data/frameworks/models/onnx/resnet20_cifar10.dynamo_default.onnx");
    cr_assert_eq(amct_import(&outside, plugins, path, NULL, &err), AMCT_OK, "%s", err.text);
    shared_path(path, sizeof path,
                "data/frameworks/models/onnx/resnet20_cifar10.dynamo_opset18_inline.onnx");
    cr_assert_eq(amct_import(&inside, plugins, path, NULL, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(outside->n_nodes, inside->n_nodes);
    int compared = 0;
    for (uint32_t i = 0; i < outside->n_tensors; i++) {
        const amct_tensor *a = &outside->tensors[i];
        if (!a->data || a->shape.rank != 4)
            continue;
        const amct_tensor *b = ob_find(inside, a->name);
        cr_assert_eq(a->bytes, b->bytes);
        cr_assert_eq(memcmp(a->data, b->data, a->bytes), 0, "%s", a->name);
        compared++;
    }
    cr_assert_gt(compared, 15);
    amct_graph_free(outside);
    amct_graph_free(inside);
}
