/* Whole files: known by their content, refused with what to do, checkpoints that give weights. */
#include "base/file.h"
#include "import/import.h"
#include "unit/mindir_run.h"
#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static mindir_file m;
static amct_plugins *plugins;
static char folder[64];
static char paths[2][128];

static void begin(void)
{
    char path[4096];
    mi_begin(&m);
    cr_assert_eq(amct_plugins_new(&plugins, &m.err), AMCT_OK);
    static const char *const names[] = {"mindspore", "onnx", "caffe", "tensorflow", "pytorch"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char below[128];
        snprintf(below, sizeof below, "plugins/importers/%s/.libs/%s.so", names[i], names[i]);
        cr_assert_eq(amct_plugins_add_file(plugins, build_path(path, sizeof path, below), &m.err),
                     AMCT_OK);
    }
    strcpy(folder, "/tmp/amct_mindir_XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(paths[0], sizeof paths[0], "%s/net.bin", folder);
    snprintf(paths[1], sizeof paths[1], "%s/weights.bin", folder);
}

static void end(void)
{
    mi_end(&m);
    amct_plugins_free(plugins);
    cr_assert_eq(amct_folder_remove(folder, &m.err), AMCT_OK);
}

/* ---- Known by content ---------------------------------------------------------------------- */

static void refuse_bytes(const void *data, size_t size, const char *words)
{
    amct_graph *g = NULL;
    cr_assert_eq(amct_file_write(paths[0], data, size, &m.err), AMCT_OK);
    cr_assert_eq(amct_import(&g, plugins, paths[0], NULL, &m.err), AMCT_E_UNSUPPORTED, "%s",
                 m.err.text);
    HAS(m.err.text, words);
}

#define REFUSE(bytes, words) refuse_bytes(bytes, sizeof(bytes), words)

Test(ms_files, what_cannot_be_read_says_what_to_do, .init = begin, .fini = end)
{
    REFUSE("\xd8\x5e\x3a\x7f\x10\0\0\0 and what nobody can read",
           "is encrypted (AES-GCM); load it in MindSpore with its key and export it again");
    REFUSE("\xd9\x5e\x3a\x7f\x10\0\0\0 and what nobody can read", "is encrypted (AES-CBC)");
    REFUSE("\xda\x5e\x3a\x7f\x10\0\0\0 and what nobody can read", "is encrypted (SM4-CBC)");
    REFUSE("\x20\0\0\0MSL2 a table of a FlatBuffer",
           "is a MindSpore Lite model (.ms), converted already; give the MindIR");
}

Test(ms_files, the_graph_of_a_training_step_is_none_to_run, .init = begin, .fini = end)
{
    wb_bytes file = {0}, input = {0}, node = {0}, graph = {0};
    wb_text(&input, 1, "conv1.weight");
    wb_int(&input, 2, 0);
    wb_message(&node, 1, &input);
    wb_text(&node, 3, "Load");
    wb_message(&graph, 1, &node);
    wb_int(&file, 1, 1);
    wb_message(&file, 4, &graph);
    refuse_bytes(file.data, file.size, "is the graph of a training step (*-graph.meta)");
    wb_free(&file);
}

static int32_t probe_of(const wb_bytes *file)
{
    return amct_plugin_v1.importer->probe(file->data, file->size, "file");
}

Test(ms_files, are_told_from_others_by_their_first_fields, .init = begin, .fini = end)
{
    static const float data[2] = {1, 2};
    wb_bytes file = {0};
    mi_input(&m, "x", N(1, 2));
    mi_node(&m, "ReLU", "y", "x", N(1, 2));
    cr_assert_geq(probe_of(mi_pack(&m, "y")), 90);
    mi_checkpoint_value(&file, "w", "Float32", N(2), data, sizeof data);
    cr_assert_geq(probe_of(&file), 90);
    wb_free(&file);
    mi_checkpoint_value(&file, "w", "Fancy", N(2), data, sizeof data);
    cr_assert_eq(probe_of(&file), 0, "no type of MindSpore's");
    wb_free(&file);
    wb_text(&file, 1, "LeNet"); /* a net of Caffe's */
    wb_text(&file, 2, "layer");
    cr_assert_eq(probe_of(&file), 0);
    wb_free(&file);
    wb_int(&file, 1, 8); /* a model in ONNX */
    wb_text(&file, 2, "MindSpore");
    cr_assert_eq(probe_of(&file), 0);
    wb_free(&file);
    cr_assert_eq(amct_plugin_v1.importer->probe("", 0, "file"), 0);
}

Test(ms_files, real_files_are_known_by_their_beginning, .init = begin, .fini = end)
{
    static const char *const files[] = {"models/mindspore/mnist.mindir",
                                        "models/mindspore/checkpoint_lenet-1_1875.ckpt",
                                        "models/mindspore/checkpoint_lenet-graph.meta",
                                        "frameworks/models/mindspore/resnet20_cifar10.mindir",
                                        "frameworks/models/mindspore/resnet20_cifar10.ckpt"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[4096], below[256];
        amct_file file;
        snprintf(below, sizeof below, "data/%s", files[i]);
        cr_assert_eq(amct_file_map(&file, shared_path(path, sizeof path, below), &m.err), AMCT_OK);
        cr_assert_geq(amct_plugin_v1.importer->probe(file.data, 4096, ""), 90, "%s", files[i]);
        amct_file_unmap(&file);
    }
}

static void cut_at_every_kilobyte(const char *name)
{
    char path[4096], below[256];
    amct_file file;
    snprintf(below, sizeof below, "data/%s", name);
    cr_assert_eq(amct_file_map(&file, shared_path(path, sizeof path, below), &m.err), AMCT_OK);
    for (size_t cut = 0; cut < file.size; cut += 1024) {
        amct_graph *g = NULL;
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, file.data, cut, NULL, NULL, 0, &m.err);
        cr_assert(status == AMCT_OK || status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED,
                  "%zu: %s", cut, m.err.text);
        amct_graph_free(g);
    }
    amct_file_unmap(&file);
}

Test(ms_files, real_files_cut_at_every_kilobyte_are_no_harm, .init = begin, .fini = end)
{
    cut_at_every_kilobyte("models/mindspore/mnist.mindir");
    cut_at_every_kilobyte("models/mindspore/checkpoint_lenet-1_1875.ckpt");
    cut_at_every_kilobyte("models/mindspore/checkpoint_lenet-graph.meta");
    cut_at_every_kilobyte("frameworks/models/mindspore/resnet20_cifar10.mindir");
    cut_at_every_kilobyte("frameworks/structural/mindspore/pool_explicit_pad.mindir");
}

/* Weights stay in the file where they lie aligned there, which one of four does. */
Test(ms_files, weights_stay_in_the_file, .init = begin, .fini = end)
{
    static const char *const names[] = {"w", "ww", "www", "wwww"};
    uint32_t mapped = 0;
    for (int i = 0; i < 4; i++) {
        amct_graph *g;
        mi_end(&m);
        mi_begin(&m);
        mi_input(&m, "x", N(1, 2));
        mi_parameter(&m, names[i], N(2), NULL);
        mi_node(&m, "ReLU", "y", "x", N(1, 2));
        cr_assert_eq(mi_import(&m, "y", &g), AMCT_OK, "%s", m.err.text);
        for (uint32_t t = 0; t < g->n_tensors; t++)
            mapped += strcmp(g->tensors[t].name, names[i]) == 0 && !g->tensors[t].block;
        amct_graph_free(g);
    }
    cr_assert_geq(mapped, 1);
}

/* ---- Checkpoints ---------------------------------------------------------------------------- */

static void write_network(void)
{
    mi_input(&m, "x", N(1, 2));
    mi_parameter(&m, "fc.weight", N(3, 2), NULL);
    mi_parameter(&m, "fc.bias", N(3), NULL);
    mi_node(&m, "MatMul", "p", "x @fc.weight", N(1, 3));
    mi_bool(&m, "transpose_b", true);
    mi_node(&m, "BiasAdd", "y", "p @fc.bias", N(1, 3));
    mi_write(&m, "y", paths[0]);
}

static amct_status with_weights(const wb_bytes *file, amct_graph **g)
{
    *g = NULL;
    cr_assert_eq(amct_file_write(paths[1], file->data, file->size, &m.err), AMCT_OK);
    return amct_import(g, plugins, paths[0], paths[1], &m.err);
}

static const float *find(const amct_graph *g, const char *name)
{
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (strcmp(g->tensors[t].name, name) == 0)
            return g->tensors[t].data;
    cr_assert_fail("there is no %s", name);
    return NULL;
}

static const float numbers[6] = {60, 50, 40, 30, 20, 10};

Test(ms_files, a_checkpoint_gives_weights_without_the_state_of_its_training, .init = begin,
     .fini = end)
{
    wb_bytes file = {0};
    amct_graph *g;
    write_network();
    mi_checkpoint_value(&file, "fc.weight", "Float32", N(3, 2), numbers, 24);
    mi_checkpoint_value(&file, "moments.fc.weight", "Float32", N(3, 2), numbers, 24);
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    mi_checkpoint_value(&file, "accum.fc.bias", "Float32", N(3), numbers, 12);
    mi_checkpoint_value(&file, "learning_rate", "Float32", 0, NULL, numbers, 4);
    mi_checkpoint_value(&file, "global_step", "Int32", N(1), numbers, 4);
    wb_append(&file, "crc_num0123456789", 17); /* a checksum of the whole */
    cr_assert_eq(with_weights(&file, &g), AMCT_OK, "%s", m.err.text);
    cr_assert_eq(find(g, "fc.weight")[0], 60);
    cr_assert_eq(find(g, "fc.bias")[2], 40);
    amct_graph_free(g);
    wb_free(&file);
}

/* As MindSpore writes more than 512 MB. */
Test(ms_files, a_tensor_in_pieces_is_put_together, .init = begin, .fini = end)
{
    wb_bytes file = {0};
    amct_graph *g;
    write_network();
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    mi_checkpoint_value(&file, "fc.weight", "Float32", N(3, 2), numbers, 8);
    mi_checkpoint_value(&file, "fc.weight", "Float32", N(3, 2), numbers + 2, 12);
    mi_checkpoint_value(&file, "fc.weight", "Float32", N(3, 2), numbers + 5, 4);
    cr_assert_eq(with_weights(&file, &g), AMCT_OK, "%s", m.err.text);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(find(g, "fc.weight")[i], numbers[i]);
    amct_graph_free(g);
    wb_free(&file);
}

Test(ms_files, weights_that_do_not_fit_are_listed, .init = begin, .fini = end)
{
    wb_bytes file = {0};
    amct_graph *g;
    char tag[16];
    write_network();
    mi_checkpoint_value(&file, "fc.weight", "Float32", N(2, 3), numbers, 24);
    for (int i = 0; i < 12; i++) {
        snprintf(tag, sizeof tag, "extra%d", i);
        mi_checkpoint_value(&file, tag, "Float32", N(1), numbers, 4);
    }
    cr_assert_eq(with_weights(&file, &g), AMCT_E_INVALID);
    HAS(m.err.text, "13 names, shapes or types differ: 'fc.weight' is 2x3, 3x2 wanted");
    HAS(m.err.text, "'extra0' is not in the network");
    cr_assert_null(strstr(m.err.text, "extra9"), "ten are listed: %s", m.err.text);
    wb_free(&file);
}

Test(ms_files, damaged_checkpoints_are_refused, .init = begin, .fini = end)
{
    wb_bytes file = {0};
    amct_graph *g;
    write_network();
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    file.size -= 2;
    cr_assert_eq(with_weights(&file, &g), AMCT_E_FORMAT);
    HAS(m.err.text, "weights.bin: the file is damaged or ends too early: no field at byte 0");
    wb_free(&file);
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 8);
    cr_assert_eq(with_weights(&file, &g), AMCT_E_FORMAT);
    HAS(m.err.text, "'fc.bias' of shape 3 has 8 bytes, 12 wanted");
    wb_free(&file);
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(INT64_MAX, 8), numbers, 8);
    cr_assert_eq(with_weights(&file, &g), AMCT_E_LIMIT);
    HAS(m.err.text, "too large");
    wb_free(&file);
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    mi_checkpoint_value(&file, "fc.weight", "Float32", N(3, 2), numbers, 24);
    cr_assert_eq(with_weights(&file, &g), AMCT_E_FORMAT);
    HAS(m.err.text, "the name 'fc.bias' is there twice");
    wb_free(&file);
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    mi_checkpoint_value(&file, "odd", "String", N(3), numbers, 3);
    cr_assert_eq(with_weights(&file, &g), AMCT_E_UNSUPPORTED);
    HAS(m.err.text, "'odd' has the element type 'String', which is not supported");
    wb_free(&file);
}

Test(ms_files, a_checkpoint_is_no_network, .init = begin, .fini = end)
{
    wb_bytes file = {0};
    amct_graph *g = NULL;
    mi_checkpoint_value(&file, "fc.bias", "Float32", N(3), numbers, 12);
    cr_assert_eq(amct_file_write(paths[0], file.data, file.size, &m.err), AMCT_OK);
    cr_assert_eq(amct_import(&g, plugins, paths[0], NULL, &m.err), AMCT_E_INVALID);
    HAS(m.err.text, "give the network as MODEL and this file with --weights");
    wb_free(&file);
}
