/* Which files there are, what they say of the batch size, where constants lie, and what happens
 * where they cannot be written. */
#include "export/batch_size.h"
#include "passes/prepare.h"
#include "unit/export_file.h"
#include "unit/export_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *name)
{
    char *path = amct_path_join(folder, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static int n_files(void)
{
    DIR *dir = opendir(folder);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

Test(export_files, formats_decide_which_files_there_are, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    OK(export_case_write(&c, folder, "a.b", &(amct_export_options){.formats = AMCT_EXPORT_AMCT},
                         &err));
    cr_assert(is_there("a.b_deploy_model.onnx"));
    cr_assert(is_there("a.b_fake_quant_model.onnx"));
    cr_assert(is_there("a.b_config.json"));
    cr_assert(is_there("a.b_record.txt"));
    cr_assert_eq(n_files(), 4);
    OK(export_case_write(&c, folder, "q", &(amct_export_options){.formats = AMCT_EXPORT_QDQ},
                         &err));
    cr_assert(is_there("q_qdq_model.onnx"));
    cr_assert_eq(n_files(), 5);
    export_case_end(&c);
}

Test(export_files, inputs_and_outputs_are_those_of_the_network, .init = setup, .fini = teardown)
{
    static const char *const files[] = {"net_deploy_model.onnx", "net_fake_quant_model.onnx",
                                        "net_qdq_model.onnx"};
    export_case c;
    begin(&c, "plain", MIX_ALL);
    OK(export_case_write(&c, folder, "net", NULL, &err));
    for (int i = 0; i < 3; i++) {
        Onnx__ModelProto *m = export_file_read(folder, files[i]);
        cr_assert_eq(m->graph->n_input, 1);
        cr_assert_str_eq(m->graph->input[0]->name, "image");
        cr_assert_eq(m->graph->input[0]->type->tensor_type->elem_type, AMCT_FLOAT);
        cr_assert_str_eq(export_file_dims(m->graph->input[0]), "1x3x16x16");
        cr_assert_eq(m->graph->n_output, 1);
        cr_assert_str_eq(m->graph->output[0]->name, "scores");
        cr_assert_eq(m->graph->output[0]->type->tensor_type->elem_type, AMCT_FLOAT);
        cr_assert_str_eq(export_file_dims(m->graph->output[0]), "1x10");
        onnx__model_proto__free_unpacked(m, NULL);
    }
    export_case_end(&c);
}

/* ---- Batch size ------------------------------------------------------------------------------ */

static void check_batch(const char *net, const amct_export_options *options, const char *input,
                        const char *output)
{
    export_case c;
    begin(&c, net, MIX_ALL);
    OK(export_case_write(&c, folder, "net", options, &err));
    Onnx__ModelProto *m = export_file_read(folder, "net_deploy_model.onnx");
    cr_assert_str_eq(export_file_dims(m->graph->input[0]), input);
    cr_assert_str_eq(export_file_dims(m->graph->output[0]), output);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_files, the_batch_size_is_the_one_asked_for, .init = setup, .fini = teardown)
{
    check_batch("plain", &(amct_export_options){.batch = 6}, "6x3x16x16", "6x10");
    check_batch("decoder", &(amct_export_options){.batch = 2}, "2x8x4x4", "2x3x24x64");
}

Test(export_files, an_open_batch_size_stays_open, .init = setup, .fini = teardown)
{
    check_batch("plain", &(amct_export_options){.free_batch = true}, "batchx3x16x16", "batchx10");
    check_batch("decoder", &(amct_export_options){.free_batch = true}, "batchx8x4x4",
                "batchx3x24x64");
}

/* A sample that is added to three rows: the network cannot be run at another batch size. */
Test(export_files, a_network_of_one_batch_size_says_so, .init = setup, .fini = teardown)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 2, (int64_t[]){-1, 6});
    uint32_t w = net_random(g, "w", 0.5f, 2, (int64_t[]){6, 8});
    x = net_node(g, "Gemm", "fc", (uint32_t[]){x, w, AMCT_NO_TENSOR});
    uint32_t rows = net_random(g, "rows", 0.5f, 2, (int64_t[]){3, 8});
    net_output(g, net_node(g, "Add", "r", (uint32_t[]){x, rows, AMCT_NO_TENSOR}), "y");
    export_case c;
    OK(amct_prepare(g, &err));
    OK(export_case_begin(&c, g, (export_samples){.n = 3}, 3, true, &err));
    OK(export_case_mix(&c, MIX_ALL, &err));
    OK(export_case_write(&c, folder, "net", &(amct_export_options){.free_batch = true}, &err));
    Onnx__ModelProto *m = export_file_read(folder, "net_deploy_model.onnx");
    cr_assert_str_eq(export_file_dims(m->graph->input[0]), "1x6");
    cr_assert_str_eq(export_file_dims(m->graph->output[0]), "3x8");
    onnx__model_proto__free_unpacked(m, NULL);
    amct_export_options two = {.batch = 2};
    cr_assert_eq(export_case_write(&c, folder, "net", &two, &err), AMCT_E_UNSUPPORTED);
    HAS(err.text, "cannot be run at batch 2: node 'r' (Add): axis 0");
    export_case_end(&c);
}

/* Every file, at a batch size that no parameter of it knew. */
Test(export_files, an_open_batch_size_can_be_any, .init = setup, .fini = teardown)
{
    static const char *const nets[] = {"plain", "decoder", "matmul", "residual"};
    static const char *const files[] = {"_deploy_model.onnx", "_fake_quant_model.onnx",
                                        "_qdq_model.onnx"};
    for (int n = 0; n < 4; n++) {
        export_case c;
        begin(&c, nets[n], MIX_ALL);
        OK(export_case_write(&c, folder, "net", &(amct_export_options){.free_batch = true}, &err));
        OK(amct_set_batch(c.candidate, 3, &err));
        OK(amct_set_batch(c.graph, 3, &err)); /* export_case_read sets this one's */
        for (int i = 0; i < 3; i++) {
            amct_graph *back;
            float *wanted, *got;
            size_t size, n_got;
            OK(export_case_read(&back, &c, folder, "net", files[i], &err));
            OK(export_case_run(&wanted, &size, &c, c.candidate, AMCT_ENGINE_REFERENCE, &err));
            OK(export_case_run(&got, &n_got, &c, back, AMCT_ENGINE_REFERENCE, &err));
            cr_assert_eq(n_got, size);
            cr_assert_eq(memcmp(got, wanted, size * sizeof *got), 0, "%s%s", nets[n], files[i]);
            free(wanted);
            free(got);
            amct_graph_free(back);
        }
        export_case_end(&c);
    }
}

/* 10 to 25 is an exact ratio, 9 to 13 is none. */
Test(export_files, resize_to_sizes_forgets_the_batch_size)
{
    for (int exact = 0; exact < 2; exact++) {
        amct_graph *g = net_new();
        int64_t in = exact ? 10 : 9, out = exact ? 25 : 13;
        uint32_t x = net_input(g, "x", 4, (int64_t[]){-1, 2, in, in});
        uint32_t none = net_random(g, "none", 0, 1, (int64_t[]){0});
        uint32_t sizes = net_ints(g, "sizes", 4, (int64_t[]){1, 2, out, out});
        x = net_node(g, "Resize", "r", (uint32_t[]){x, none, none, sizes, AMCT_NO_TENSOR});
        net_output(g, x, "y");
        OK(amct_prepare(g, &err));
        OK(amct_batch_free(g, &err));
        const amct_node *node = &g->nodes[0];
        cr_assert_eq(node->n_src, exact ? 3 : 4);
        cr_assert_eq(amct_node_attr(node, "axes") != NULL, !exact);
        OK(amct_set_batch(g, 5, &err));
        cr_assert_eq(g->tensors[g->outputs[0]].shape.dims[0], 5);
        cr_assert_eq(g->tensors[g->outputs[0]].shape.dims[3], out);
        amct_graph_free(g);
    }
}

/* ---- External constants ---------------------------------------------------------------------- */

Test(export_files, large_constants_leave_a_file_that_would_be_too_large, .init = setup,
     .fini = teardown)
{
    static const struct {
        const char *model, *external;
    } files[] = {{"_deploy_model.onnx", "net_deploy.external"},
                 {"_fake_quant_model.onnx", "net_fakequant.external"},
                 {"_qdq_model.onnx", "net_qdq.external"}};
    export_case c;
    begin(&c, "residual", MIX_ALL);
    OK(export_case_write(&c, folder, "net", &(amct_export_options){.max_bytes = 12000}, &err));
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "net%s", files[i].model);
        cr_assert(is_there(files[i].external));
        Onnx__ModelProto *m = export_file_read(folder, name);
        const Onnx__TensorProto *w = export_file_tensor(m, "b2.conv2.weight");
        cr_assert_eq(w->data_location, ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL);
        cr_assert_eq(w->raw_data.len, 0);
        cr_assert_eq(w->n_external_data, 3);
        cr_assert_str_eq(w->external_data[0]->key, "location");
        cr_assert_str_eq(w->external_data[0]->value, files[i].external);
        cr_assert_str_eq(w->external_data[1]->key, "offset");
        cr_assert_eq(atoi(w->external_data[1]->value) % 4096, 0, "pages can be mapped");
        cr_assert_str_eq(w->external_data[2]->key, "length");
        const Onnx__TensorProto *small = export_file_tensor(m, "b2.conv2.bias");
        cr_assert_neq(small->raw_data.len, 0, "small ones stay");
        onnx__model_proto__free_unpacked(m, NULL);

        amct_graph *back;
        float *wanted, *got;
        size_t size, n_got;
        OK(export_case_read(&back, &c, folder, "net", files[i].model, &err));
        OK(export_case_run(&wanted, &size, &c, c.candidate, AMCT_ENGINE_ONEDNN, &err));
        OK(export_case_run(&got, &n_got, &c, back, AMCT_ENGINE_ONEDNN, &err));
        cr_assert_eq(n_got, size);
        cr_assert_eq(memcmp(got, wanted, size * sizeof *got), 0, "%s", files[i].model);
        free(wanted);
        free(got);
        amct_graph_free(back);
    }
    export_case_end(&c);
}

Test(export_files, a_file_too_large_without_its_constants_is_refused, .init = setup,
     .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_ALL);
    amct_export_options options = {.max_bytes = 1000};
    cr_assert_eq(export_case_write(&c, folder, "net", &options, &err), AMCT_E_LIMIT);
    HAS(err.text, "net_deploy_model.onnx: ");
    HAS(err.text, "more than the 1000");
    export_case_end(&c);
}

/* ---- Trouble --------------------------------------------------------------------------------- */

Test(export_files, a_folder_that_is_not_there_is_named, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    char *nowhere = amct_path_join(folder, "no/where");
    cr_assert_eq(export_case_write(&c, nowhere, "net", NULL, &err), AMCT_E_IO);
    HAS(err.text, nowhere);
    HAS(err.text, "No such file or directory");
    free(nowhere);
    export_case_end(&c);
}

Test(export_files, a_file_in_the_folders_place_is_told, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    char *file = amct_path_join(folder, "file");
    OK(amct_file_write(file, "x", 1, &err));
    cr_assert_eq(export_case_write(&c, file, "net", NULL, &err), AMCT_E_IO);
    HAS(err.text, "Not a directory");
    free(file);
    export_case_end(&c);
}

Test(export_files, a_full_disk_leaves_no_half_file, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_ALL);
    struct rlimit limit = {20000, 20000}; /* the deploy file fits, the fake one does not */
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(export_case_write(&c, folder, "net", NULL, &err), AMCT_E_IO);
    HAS(err.text, "net_fake_quant_model.onnx: cannot write ");
    HAS(err.text, "File too large");
    cr_assert(is_there("net_deploy_model.onnx"));
    cr_assert_not(is_there("net_fake_quant_model.onnx"));
    cr_assert_eq(n_files(), 1, "a temporary file is left");
    Onnx__ModelProto *m = export_file_read(folder, "net_deploy_model.onnx");
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_files, a_prefix_with_a_folder_is_refused, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    cr_assert_eq(export_case_write(&c, folder, "../net", NULL, &err), AMCT_E_INVALID);
    HAS(err.text, "'../net'");
    cr_assert_eq(export_case_write(&c, folder, "", NULL, &err), AMCT_E_INVALID);
    cr_assert_eq(n_files(), 0);
    export_case_end(&c);
}

Test(export_files, an_origin_of_another_graph_is_an_error_of_ours, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    amct_origin origin = export_case_origin(&c);
    amct_export_options options = {.formats = AMCT_EXPORT_AMCT};
    cr_assert_eq(amct_export(folder, "net", c.graph, &origin, &options, &err), AMCT_E_INTERNAL);
    HAS(err.text, "layer '/conv1/Conv' has no AscendDequant");
    cr_assert_eq(n_files(), 0);
    export_case_end(&c);
}
