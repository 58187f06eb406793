/* Files of weights: forms of blobs, sharing, what does not fit; and files that are damaged. */
#include "unit/caffe_build.h"
#include "unit/shared_data.h"

#include "base/file.h"
#include "import/import.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

#define NET                                                                                        \
    "input: 'x' input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 1 layer { name: 'i' type: "      \
    "'InnerProduct' bottom: 'x' top: 'y' inner_product_param { num_output: 2 } }"

static const float w[4] = {1, 2, 3, 4}, b[2] = {10, 20}, x[2] = {1, -1}, y[2] = {9, 19};

/* A layer 'i' whose first blob is the given message. */
static caffe_file with_blob(const caffe_file *blob)
{
    const caffe_numbers bias = {1, {2}, b};
    caffe_file file = {0}, layer = {0}, second = {0};
    caffe_put_bytes(&layer, 1, "i", 1);
    caffe_put_bytes(&layer, 7, blob->data, blob->size);
    caffe_put_layer(&second, "", &bias, 1); /* net { layer { name blob } } */
    size_t at = 2;
    while (second.data[at] != (7 << 3 | 2)) /* behind the names */
        at++;
    layer.data = realloc(layer.data, layer.size + second.size);
    memcpy(layer.data + layer.size, second.data + at, second.size - at);
    layer.size += second.size - at;
    caffe_put_bytes(&file, 100, layer.data, layer.size);
    caffe_file_free(&layer), caffe_file_free(&second);
    return file;
}

static void put_raw(caffe_file *file, const void *data, size_t size)
{
    file->data = realloc(file->data, file->size + size);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void put_shape(caffe_file *blob)
{
    caffe_put_bytes(blob, 7, "\x0a\x02\x02\x02", 4);
}

Test(caffe_files, numbers_may_be_packed_in_pieces_single_or_doubles)
{
    for (int form = 0; form < 4; form++) {
        caffe_file blob = {0};
        put_shape(&blob);
        for (int i = 0; i < 4 && form == 0; i++) {
            put_raw(&blob, "\x2d", 1); /* field 5, 32 bits */
            put_raw(&blob, &w[i], 4);
        }
        for (int i = 0; i < 4 && form == 1; i += 2)
            caffe_put_bytes(&blob, 5, &w[i], 8);
        if (form == 2)
            caffe_put_bytes(&blob, 8, (const double[]){1, 2, 3, 4}, 32);
        for (int i = 0; i < 4 && form == 3; i++) {
            put_raw(&blob, "\x41", 1); /* field 8, 64 bits */
            put_raw(&blob, &(double){w[i]}, 8);
        }
        caffe_file file = with_blob(&blob);
        caffe_expect(NET, &file, x, y, 2);
        caffe_file_free(&file), caffe_file_free(&blob);
    }
}

Test(caffe_files, the_old_form_has_ones_in_front)
{
    const caffe_numbers blobs[] = {{-1, {1, 1, 2, 2}, w}, {-1, {1, 1, 1, 2}, b}};
    caffe_file file = {0};
    caffe_put_layer(&file, "i", blobs, 2);
    caffe_expect(NET, &file, x, y, 2);
    caffe_file_free(&file);
}

Test(caffe_files, shared_parameters_are_one_constant)
{
    const caffe_numbers blobs[] = {{2, {2, 2}, w}};
    const char *net =
        "input: 'x' input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 1 layer { name: 'a' type: "
        "'InnerProduct' bottom: 'x' top: 'a' param { name: 'w' } inner_product_param { num_output: "
        "2 bias_term: false } } layer { name: 'b' type: 'InnerProduct' bottom: 'a' top: 'y' param "
        "{ name: 'w' } inner_product_param { num_output: 2 bias_term: false } }";
    caffe_file file = {0};
    amct_graph *g;
    caffe_put_layer(&file, "a", blobs, 1);
    cr_assert_eq(caffe_import(&g, net, &file, &err), AMCT_OK, "%s", err.text);
    uint32_t n = 0;
    for (uint32_t t = 0; t < g->n_tensors; t++)
        n += g->tensors[t].data != NULL;
    cr_assert_eq(n, 1);
    amct_graph_free(g);
    caffe_expect(net, &file, x, (const float[]){-3, -7}, 2);
    caffe_file_free(&file);
}

Test(caffe_files, a_caffemodel_alone_is_net_and_weights)
{
    caffe_file file = {0}, layer = {0}, weights = {0};
    const caffe_numbers blobs[] = {{2, {2, 2}, w}, {1, {2}, b}};
    amct_graph *g;
    caffe_put_bytes(&file, 3, "x", 1);
    for (int i = 0; i < 4; i++)
        caffe_put_number(&file, 4, i == 1 ? 2 : 1);
    caffe_put_layer(&weights, "i", blobs, 2);
    caffe_put_bytes(&layer, 2, "InnerProduct", 12);
    caffe_put_bytes(&layer, 3, "x", 1);
    caffe_put_bytes(&layer, 4, "y", 1);
    caffe_put_bytes(&layer, 117, "\x08\x02", 2);
    /* name and blobs behind the tag and the length of their layer: two bytes, and one */
    put_raw(&layer, weights.data + 3, weights.size - 3);
    caffe_put_bytes(&file, 100, layer.data, layer.size);
    cr_assert_geq(amct_plugin_v1.importer->probe(file.data, file.size, "x"), 60);
    cr_assert_eq(amct_import_bytes(&g, &amct_plugin_v1, file.data, file.size, NULL, NULL, 0, &err),
                 AMCT_OK, "%s", err.text);
    cr_assert_eq(g->n_nodes, 2);
    cr_assert_not(g->no_weights);
    amct_graph_free(g);
    const amct_option option = {
        .struct_size = sizeof option, .key = "weights", .value = "/dev/null"};
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, file.data, file.size, "/", &option, 1, &err),
        AMCT_E_INVALID);
    HAS(err.text, "is a *.caffemodel, which holds weights itself");
    caffe_file_free(&file), caffe_file_free(&layer), caffe_file_free(&weights);
}

/* ---- What does not fit ----------------------------------------------------------------------- */

static void misfit(const caffe_file *file, const char *words)
{
    amct_graph *g = NULL;
    amct_status status = caffe_import(&g, NET, file, &err);
    cr_assert(status == AMCT_E_INVALID || status == AMCT_E_FORMAT, "%s", words);
    HAS(err.text, "w.caffemodel");
    HAS(err.text, words);
}

Test(caffe_files, weights_that_do_not_fit_are_named)
{
    const caffe_numbers good[] = {{2, {2, 2}, w}, {1, {2}, b}}, wide = {2, {1, 4}, w};
    const caffe_numbers three[] = {{2, {2, 2}, w}, {1, {2}, b}, {1, {2}, b}};
    caffe_file file = {0};
    caffe_put_layer(&file, "other", good, 2);
    misfit(&file, "'i' is not in the file");
    caffe_put_layer(&file, "i", &wide, 1);
    misfit(&file, "2 layers or blobs differ: 'i' blob 0 is 1x4, 2x2 wanted; 'i' has 1 blobs");
    caffe_put_layer(&file, "i", good, 2);
    misfit(&file, "'i' is there twice");
    caffe_file_free(&file);
    caffe_put_layer(&file, "i", three, 3);
    misfit(&file, "'i' has 3 blobs, 2 wanted");
    caffe_file_free(&file);
}

Test(caffe_files, two_layers_of_one_name_cannot_have_weights)
{
    const caffe_numbers good[] = {{2, {2, 2}, w}, {1, {2}, b}};
    caffe_file file = {0};
    amct_graph *g = NULL;
    caffe_put_layer(&file, "i", good, 2);
    cr_assert_eq(caffe_import(&g,
                              NET " layer { name: 'i' type: 'InnerProduct' bottom: 'y' top: 'z' "
                                  "inner_product_param { num_output: 2 } }",
                              &file, &err),
                 AMCT_E_INVALID);
    HAS(err.text, "1 layers or blobs differ: 'i' is the name of two layers");
    caffe_file_free(&file);
}

Test(caffe_files, a_million_blobs_are_counted_and_refused)
{
    caffe_file file = {0}, layer = {0};
    size_t n = 1000000;
    caffe_put_bytes(&layer, 1, "i", 1);
    layer.data = realloc(layer.data, layer.size + 2 * n);
    for (size_t i = 0; i < n; i++, layer.size += 2)
        memcpy(layer.data + layer.size, "\x3a\x00", 2);
    caffe_put_bytes(&file, 100, layer.data, layer.size);
    misfit(&file, "'i' has 1000000 blobs, 2 wanted");
    caffe_file_free(&file), caffe_file_free(&layer);
}

Test(caffe_files, ten_misfits_are_listed)
{
    char net[4096] = "input: 'x' input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 1 ";
    for (int i = 0; i < 12; i++)
        sprintf(net + strlen(net),
                "layer { name: 'l%02d' type: 'InnerProduct' bottom: 'x' top: 'y%d' "
                "inner_product_param { num_output: 2 } }",
                i, i);
    const caffe_numbers blob = {1, {2}, b};
    caffe_file file = {0};
    amct_graph *g = NULL;
    caffe_put_layer(&file, "other", &blob, 1);
    cr_assert_eq(caffe_import(&g, net, &file, &err), AMCT_E_INVALID);
    HAS(err.text, ": 12 layers or blobs differ: 'l00' is not in the file; ");
    HAS(err.text, "'l09' is not in the file; ...");
    cr_assert_null(strstr(err.text, "'l10'"));
    caffe_file_free(&file);
}

Test(caffe_files, blobs_that_are_wrong_in_themselves)
{
    static const struct {
        const char *shape;
        size_t size;
        const char *words;
    } cases[] = {
        {"\x0a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01", 12, "blob 0 is damaged"},
        {"\x0a\x14\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 22, "blob 0 is damaged"},
        {"\x0a\x02\x02\x03", 4, "blob 0 is 2x3, 2x2 wanted"},
        {"\x0a\x05\x02", 3, "blob 0 is damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        caffe_file blob = {0};
        caffe_put_bytes(&blob, 7, cases[i].shape, cases[i].size);
        caffe_put_bytes(&blob, 5, w, 16);
        caffe_file file = with_blob(&blob);
        misfit(&file, cases[i].words);
        caffe_file_free(&file), caffe_file_free(&blob);
    }
    caffe_file blob = {0};
    put_shape(&blob);
    caffe_put_bytes(&blob, 5, w, 12);
    caffe_file file = with_blob(&blob);
    misfit(&file, "blob 0 of 2x2 has 3 numbers");
    caffe_file_free(&file), caffe_file_free(&blob);
}

Test(caffe_files, files_that_are_no_weights)
{
    caffe_file text = {(unsigned char *)"layer { name: 'x' }", 19};
    caffe_file hdf5 = {(unsigned char *)"\x89HDF\r\n\x1a\n....", 12},
               zip = {(unsigned char *)"PK\3\4\0\0\0\0", 8}, nothing = {(unsigned char *)"\0", 0};
    amct_graph *g = NULL;
    cr_assert_eq(caffe_import(&g, NET, &text, &err), AMCT_E_FORMAT);
    HAS(err.text, "w.caffemodel: is text, no *.caffemodel");
    cr_assert_eq(caffe_import(&g, NET, &hdf5, &err), AMCT_E_UNSUPPORTED);
    HAS(err.text, "weights in HDF5");
    cr_assert_eq(caffe_import(&g, NET, &zip, &err), AMCT_E_FORMAT);
    HAS(err.text, "is a file of another format");
    cr_assert_eq(caffe_import(&g, NET, &nothing, &err), AMCT_E_FORMAT);
    HAS(err.text, "it holds no layers with weights");
}

Test(caffe_files, without_weights_only_shapes_remain)
{
    amct_graph *g;
    cr_assert_eq(caffe_import(&g, NET, NULL, &err), AMCT_OK, "%s", err.text);
    cr_assert(g->no_weights);
    amct_graph_free(g);
}

/* ---- Damage ---------------------------------------------------------------------------------- */

/* Cut at every byte: a failure that says something, or, at a boundary, a net with fewer layers. */
Test(caffe_files, cut_at_every_byte)
{
    const caffe_numbers good[] = {{2, {2, 2}, w}, {1, {2}, b}};
    caffe_file file = {0};
    caffe_put_layer(&file, "other", good, 2);
    caffe_put_layer(&file, "i", good, 2);
    for (size_t n = 0; n < file.size; n++) {
        amct_graph *g = NULL;
        caffe_file cut = {malloc(n + 1), n};
        memcpy(cut.data, file.data, n);
        cr_assert_neq(caffe_import(&g, NET, &cut, &err), AMCT_OK, "%zu bytes", n);
        cr_assert_neq(err.code, AMCT_E_PLUGIN);
        caffe_file_free(&cut);
    }
    caffe_file_free(&file);
    const char *text = NET;
    for (size_t n = 0; n < strlen(text); n++) {
        amct_graph *g = NULL;
        char *cut = strndup(text, n);
        cr_assert_neq(caffe_import(&g, cut, NULL, &err), AMCT_OK, "%s", cut);
        cr_assert_neq(err.code, AMCT_E_PLUGIN);
        free(cut);
    }
}

static void cut_at_every_kilobyte(const char *name)
{
    char path[4096], below[256];
    amct_file file;
    snprintf(below, sizeof below, "data/models/caffe/%s", name);
    cr_assert_eq(amct_file_map(&file, shared_path(path, sizeof path, below), &err), AMCT_OK);
    for (size_t n = 0; n < file.size; n += 1024) {
        amct_graph *g = NULL;
        char *cut = malloc(n + 1);
        memcpy(cut, file.data, n);
        if (amct_import_bytes(&g, &amct_plugin_v1, cut, n, NULL, NULL, 0, &err) == AMCT_OK)
            amct_graph_free(g); /* a text may end between two layers */
        else
            cr_assert(err.code != AMCT_E_PLUGIN && err.text[0], "%zu bytes", n);
        free(cut);
    }
    amct_file_unmap(&file);
}

Test(caffe_files, real_files_cut_at_every_kilobyte)
{
    cut_at_every_kilobyte("MobileNetV2-YOLOv3-Nano-voc.prototxt");
    cut_at_every_kilobyte("RFB-320.prototxt");
    cut_at_every_kilobyte("RFB-320.caffemodel");
    cut_at_every_kilobyte("resnet20b_cifar10.caffemodel");
}

Test(caffe_files, a_hundred_thousand_layers_are_too_many)
{
    size_t n = 100000, one = strlen("layer{}");
    char *text = malloc(n * one + 1);
    amct_graph *g = NULL;
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * one, "layer{}", one + 1);
    cr_assert_eq(caffe_import(&g, text, NULL, &err), AMCT_E_FORMAT);
    HAS(err.text, "more than 65536 layers");
    free(text);
}

Test(caffe_files, probe_knows_nets_from_others)
{
    static const struct {
        const char *head, *path;
        int least, most;
    } cases[] = {
        {"name: 'x' layer { }", "a", 60, 100},
        {"# comment\nlayers: {", "a", 60, 100},
        {"name: 'x'\ninput: 'data'", "a", 30, 100},
        {"node { name: 'x' op: 'Const' }", "graph.pbtxt", 0, 0},
        {"net: 'a.prototxt'\nbase_lr: 0.1", "solver.prototxt", 0, 0},
        {"{\"nodes\": []}", "a.json", 0, 0},
        {"just words", "a.prototxt", 0, 0},
        {"\x0a\x09MindSpore\x12\x03"
         "2.2",
         "a", 0, 0},
        {"\x08\x07\x12\x07pytorch", "a", 0, 0},
        {"\x0a\x0a\x0a\x01x\x12\x05"
         "Const",
         "a", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int sure =
            amct_plugin_v1.importer->probe(cases[i].head, strlen(cases[i].head), cases[i].path);
        cr_assert(sure >= cases[i].least && sure <= cases[i].most, "%d for %s", sure,
                  cases[i].head);
    }
}
