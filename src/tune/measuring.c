#include "tune/measuring.h"

#include "base/file.h"
#include "passes/prepare.h"

#include <stdio.h>
#include <stdlib.h>

char *amct_measuring_shapes(const amct_graph *graph)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (uint32_t i = 0; out && i < graph->n_inputs; i++) {
        const amct_tensor *t = &graph->tensors[graph->inputs[i]];
        fprintf(out, "%s%s:", i ? ";" : "", t->name);
        for (int32_t d = 0; d < t->shape.rank; d++)
            fprintf(out, "%s%lld", d ? "," : "", (long long)t->shape.dims[d]);
    }
    if (out && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

static bool any_sparse(const amct_graph *graph, const amct_origin *origin)
{
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        if (graph->tensors[t].data && graph->tensors[t].sparse)
            return true;
    for (uint32_t i = 0; i < origin->n_layers; i++)
        if (origin->levels[i] && origin->levels[i]->sparse)
            return true;
    return false;
}

/* The shapes at another batch size, without touching the graph. */
static amct_status shapes_at(char **out, const amct_graph *graph, int64_t batch, amct_err *err)
{
    amct_graph *copy;
    AMCT_TRY(amct_graph_clone(&copy, graph, err));
    amct_status status = amct_set_batch(copy, batch, err);
    if (status == AMCT_OK && !(*out = amct_measuring_shapes(copy)))
        status = amct_fail_nomem(err);
    amct_graph_free(copy);
    return status;
}

amct_status amct_measuring_run(amct_graph_cost *total, amct_estimating *estimator,
                               const amct_graph *graph, const amct_origin *origin, int64_t batch,
                               amct_err *err)
{
    char *folder, *shapes = NULL;
    amct_export_options options = {.formats = AMCT_EXPORT_DEPLOY, .batch = batch};
    amct_err ignored;
    AMCT_TRY(amct_folder_make_temporary(&folder, "model", err));
    char *path = amct_path_join(folder, "model_deploy_model.onnx");
    amct_status status = path ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_export(folder, "model", graph, origin, &options, err);
    if (status == AMCT_OK)
        status = shapes_at(&shapes, graph, batch, err);
    if (status == AMCT_OK) {
        amct_model_file file = {.struct_size = sizeof file,
                                .flags = any_sparse(graph, origin) ? AMCT_MODEL_FILE_SPARSE : 0,
                                .path = path,
                                .input_shape = shapes};
        status = amct_estimating_measure(estimator, &file, total, err);
    }
    amct_folder_remove(folder, &ignored);
    free(shapes);
    free(path);
    free(folder);
    return status;
}
