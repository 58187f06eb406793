/*
 * Writes exported candidates with their inputs and outputs, for the checks by other programs.
 *
 *   export_tool nets DIR                        every network of export_net.h, every mix
 *   export_tool model DIR MODEL SAMPLES N MIX   a model file; SAMPLES: float32 in C order, the
 *                                               first N of which calibrate
 *   export_tool float DIR MODEL                 a model file as it is; the deploy file alone
 *
 * A case is a folder with net_*, input.bin (the samples) and output.bin (what the candidate gives,
 * batch by batch, one output behind the other), float32 both.
 */
#include "base/file.h"
#include "passes/prepare.h"
#include "unit/export_case.h"
#include "unit/export_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_status write_floats(const char *folder, const char *name, const float *data, size_t n,
                                amct_err *err)
{
    char *path = amct_path_join(folder, name);
    amct_status status =
        path ? amct_file_write(path, data, n * sizeof *data, err) : amct_fail_nomem(err);
    free(path);
    return status;
}

static amct_status write_case(export_case *c, const char *folder, bool free_batch, amct_err *err)
{
    float *rows;
    size_t n;
    amct_export_options options = {.free_batch = free_batch};
    AMCT_TRY(amct_folder_make(folder, err));
    AMCT_TRY(export_case_write(c, folder, "net", &options, err));
    AMCT_TRY(write_floats(folder, "input.bin", c->samples.data,
                          c->samples.n * (size_t)amct_shape_size(&c->samples.shape), err));
    AMCT_TRY(export_case_run(&rows, &n, c, c->candidate, AMCT_ENGINE_ONEDNN, err));
    amct_status status = write_floats(folder, "output.bin", rows, n, err);
    free(rows);
    return status;
}

static amct_status write_net(const char *folder, const export_net *net, amct_err *err)
{
    char path[4096];
    export_case c;
    amct_graph *graph = net->build();
    bool free_batch = graph->tensors[graph->inputs[0]].shape.dims[0] < 0;
    AMCT_TRY(amct_prepare(graph, err));
    AMCT_TRY(export_case_begin(&c, graph, (export_samples){.n = 6}, 6, true, err));
    amct_status status = AMCT_OK;
    for (int mix = 0; status == AMCT_OK && mix < N_MIXES; mix++) {
        snprintf(path, sizeof path, "%s/%s-%s", folder, net->name, export_mix_names[mix]);
        status = export_case_mix(&c, (export_mix)mix, err);
        if (status == AMCT_OK)
            status = write_case(&c, path, free_batch, err);
    }
    export_case_end(&c);
    return status;
}

static amct_status write_nets(const char *folder, amct_err *err)
{
    for (uint32_t i = 0; i < n_export_nets; i++)
        AMCT_TRY(write_net(folder, &export_nets[i], err));
    return AMCT_OK;
}

static amct_status write_model(const char *folder, char **argv, amct_err *err)
{
    const char *model = argv[0], *samples = argv[1], *mix_name = argv[3];
    uint32_t n_calibration = (uint32_t)atoi(argv[2]);
    int mix = 0;
    amct_graph *graph;
    amct_file file;
    export_case c;
    while (mix < N_MIXES && strcmp(mix_name, export_mix_names[mix]) != 0)
        mix++;
    if (mix == N_MIXES)
        return amct_fail(err, AMCT_E_INVALID, "no mix '%s'", mix_name);
    AMCT_TRY(export_case_import(&graph, model, err));
    AMCT_TRY(amct_file_map(&file, samples, err));
    amct_shape shape = graph->tensors[graph->inputs[0]].shape;
    size_t row = (size_t)amct_shape_size(&shape) * sizeof(float);
    export_samples all = {.data = malloc(file.size), .n = (uint32_t)(file.size / row)};
    memcpy(all.data, file.data, file.size);
    amct_file_unmap(&file);
    AMCT_TRY(export_case_begin(&c, graph, all, n_calibration, true, err));
    amct_status status = export_case_mix(&c, (export_mix)mix, err);
    if (status == AMCT_OK)
        status = write_case(&c, folder, false, err);
    export_case_end(&c);
    return status;
}

static amct_status write_float(const char *folder, const char *model, amct_err *err)
{
    amct_graph *graph;
    amct_origin none = {0};
    amct_export_options options = {.formats = AMCT_EXPORT_AMCT};
    AMCT_TRY(export_case_import(&graph, model, err));
    amct_status status = amct_folder_make(folder, err);
    if (status == AMCT_OK)
        status = amct_export(folder, "net", graph, &none, &options, err);
    amct_graph_free(graph);
    return status;
}

int main(int argc, char **argv)
{
    amct_err err;
    amct_status status;
    if (argc == 3 && strcmp(argv[1], "nets") == 0)
        status = write_nets(argv[2], &err);
    else if (argc == 7 && strcmp(argv[1], "model") == 0)
        status = write_model(argv[2], argv + 3, &err);
    else if (argc == 4 && strcmp(argv[1], "float") == 0)
        status = write_float(argv[2], argv[3], &err);
    else
        return fprintf(stderr, "usage: see the beginning of export_tool.c\n"), 2;
    if (status != AMCT_OK)
        fprintf(stderr, "%s\n", err.text);
    return status != AMCT_OK;
}
