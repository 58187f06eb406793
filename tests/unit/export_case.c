#include "unit/export_case.h"

#include "base/file.h"
#include "base/pcg.h"
#include "compress/stitch.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const export_mix_names[N_MIXES] = {"all",  "none", "no-depthwise", "depthwise-only",
                                               "even", "odd",  "sparse",       "levels"};

static amct_status fetch(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *err)
{
    const export_case *c = ctx;
    const amct_shape *shape = &c->samples.shape;
    size_t size = (size_t)amct_shape_size(shape);
    (void)err;
    for (uint32_t s = first; s < first + count; s++, dst += size) {
        const float *src = c->samples.data + s * size;
        if (layout == AMCT_LAYOUT_PLAIN || shape->rank < 3) {
            memcpy(dst, src, size * sizeof *dst);
            continue;
        }
        size_t channels = (size_t)shape->dims[1], inner = size / channels;
        for (size_t k = 0; k < channels; k++)
            for (size_t i = 0; i < inner; i++)
                dst[i * channels + k] = src[k * inner + i];
    }
    return AMCT_OK;
}

static amct_status calibrate(export_case *c, uint32_t n_calibration, amct_err *err)
{
    amct_feed feed = c->feed;
    feed.n = n_calibration;
    AMCT_TRY(amct_layers_find(&c->layers, &c->n_layers, c->graph, err));
    AMCT_TRY(amct_calibrate(&c->calibration, c->graph, c->layers, c->n_layers, &feed, &c->range, 1,
                            err));
    amct_hash_constants(c->graph);
    amct_level_options options = {AMCT_WEIGHTS_ARQ, true};
    AMCT_TRY(amct_leveldb_new(&c->db, c->graph, c->layers, c->calibration, &options, NULL, err));
    AMCT_TRY(amct_leveldb_fill_all(c->db, ~0u, &feed, 1, SIZE_MAX, err));
    c->levels = calloc(c->n_layers + 1, sizeof *c->levels);
    return c->levels ? AMCT_OK : amct_fail_nomem(err);
}

amct_status export_case_begin(export_case *c, amct_graph *graph, export_samples samples,
                              uint32_t n_calibration, bool asymmetric, amct_err *err)
{
    *c = (export_case){.graph = graph, .samples = samples, .range = amct_range_defaults};
    c->range.asymmetric = asymmetric;
    c->samples.shape = graph->tensors[graph->inputs[0]].shape;
    c->samples.shape.dims[0] = 1;
    size_t n = samples.n * (size_t)amct_shape_size(&c->samples.shape);
    if (!samples.data) {
        amct_pcg rng = amct_pcg_new(3, 4);
        c->samples.data = malloc(n * sizeof *c->samples.data);
        for (size_t i = 0; c->samples.data && i < n; i++)
            c->samples.data[i] = (float)(2 * amct_pcg_unit(&rng) - 0.8);
    }
    c->feed = (amct_feed){c, samples.n, fetch};
    amct_status status = c->samples.data ? calibrate(c, n_calibration, err) : amct_fail_nomem(err);
    if (status != AMCT_OK)
        export_case_end(c);
    return status;
}

static bool wanted(const amct_layer *layer, uint32_t i, export_mix mix)
{
    bool depthwise =
        strcmp(layer->op, "Conv") == 0 && layer->groups > 1 && layer->groups == layer->channels;
    switch (mix) {
    case MIX_ALL:
    case MIX_LEVELS:
    case MIX_SPARSE: return true;
    case MIX_NO_DEPTHWISE: return !depthwise;
    case MIX_ONLY_DEPTHWISE: return depthwise;
    case MIX_EVEN: return i % 2 == 0;
    case MIX_ODD: return i % 2 == 1;
    default: return false;
    }
}

amct_status export_case_mix(export_case *c, export_mix mix, amct_err *err)
{
    amct_graph_free(c->candidate);
    c->candidate = NULL;
    for (uint32_t i = 0; i < c->n_layers; i++) {
        bool quantise = !c->layers[i].no_int8 && wanted(&c->layers[i], i, mix);
        static const amct_level_kind turns[] = {AMCT_LEVEL_W4A4, AMCT_LEVEL_W8A8, AMCT_LEVEL_W4A8};
        amct_level_kind kind = mix == MIX_LEVELS ? turns[i % 3] : AMCT_LEVEL_W8A8;
        if (mix == MIX_SPARSE && !c->layers[i].no_sparse)
            kind = AMCT_LEVEL_W8A8_SPARSE;
        AMCT_TRY(amct_leveldb_get(&c->levels[i], c->db, i, quantise ? kind : AMCT_LEVEL_16, err));
    }
    return amct_stitch(&c->candidate, c->graph, c->layers, c->n_layers, c->levels, err);
}

void export_case_end(export_case *c)
{
    amct_graph_free(c->candidate);
    amct_leveldb_free(c->db);
    amct_calibration_free(c->calibration);
    free(c->levels);
    free(c->layers);
    free(c->samples.data);
    amct_graph_free(c->graph);
    *c = (export_case){0};
}

amct_origin export_case_origin(const export_case *c)
{
    return (amct_origin){c->layers, c->n_layers, c->levels};
}

amct_status export_case_write(const export_case *c, const char *folder, const char *prefix,
                              const amct_export_options *options, amct_err *err)
{
    amct_origin origin = export_case_origin(c);
    amct_export_options all = options ? *options : (amct_export_options){0};
    all.formats = all.formats ? all.formats : AMCT_EXPORT_AMCT | AMCT_EXPORT_QDQ;
    all.calibration = (amct_export_calibration){c->range, 1};
    return amct_export(folder, prefix, c->candidate, &origin, &all, err);
}

static amct_status run(float *to, const export_case *c, const amct_graph *graph, amct_exec *exec,
                       amct_err *err)
{
    amct_plan *plan;
    uint32_t count;
    AMCT_TRY(amct_plan_new(&plan, exec, graph, NULL, err));
    amct_status status = AMCT_OK;
    for (uint32_t i = 0; status == AMCT_OK && i < c->samples.n; i += count) {
        status = amct_plan_run_samples(plan, &c->feed, i, &count, err);
        for (uint32_t o = 0; status == AMCT_OK && o < graph->n_outputs; o++) {
            amct_buffer b = amct_plan_output(plan, o);
            memcpy(to, b.data, b.bytes);
            to += b.bytes / sizeof *to;
        }
    }
    amct_plan_free(plan);
    return status;
}

amct_status export_case_run(float **out, size_t *n, const export_case *c, const amct_graph *graph,
                            amct_engine engine, amct_err *err)
{
    amct_exec *exec;
    size_t batch = (size_t)amct_batch_of(graph), row = 0;
    for (uint32_t o = 0; o < graph->n_outputs; o++)
        row += (size_t)amct_shape_size(&graph->tensors[graph->outputs[o]].shape);
    size_t size = (c->samples.n + batch - 1) / batch * row;
    float *rows = malloc((size + 1) * sizeof *rows);
    amct_status status = rows ? amct_exec_new(&exec, engine, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        status = run(rows, c, graph, exec, err);
        amct_exec_free(exec);
    }
    if (status != AMCT_OK) {
        free(rows);
        return status;
    }
    *out = rows;
    *n = size;
    return AMCT_OK;
}

/* The file's mapping must outlive the graph. */
static void unmap(void *object)
{
    amct_file_unmap(object);
}

extern const amct_plugin amct_plugin_v1; /* the ONNX importer is linked in */

amct_status export_case_import(amct_graph **out, const char *path, amct_err *err)
{
    amct_file file;
    amct_graph *graph;
    char *folder = amct_path_folder(path);
    amct_status status = folder ? amct_file_map(&file, path, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        status =
            amct_import_bytes(&graph, &amct_plugin_v1, file.data, file.size, folder, NULL, 0, err);
        if (status != AMCT_OK)
            amct_file_unmap(&file);
    }
    free(folder);
    AMCT_TRY(status);
    amct_file *kept = amct_arena_copy(graph->arena, &file, sizeof file);
    if (!kept || amct_arena_own(graph->arena, kept, unmap))
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_prepare(graph, err);
    if (status != AMCT_OK)
        amct_graph_free(graph);
    else
        *out = graph;
    return status == AMCT_OK ? AMCT_OK : amct_fail_in(err, "%s", path);
}

amct_status export_case_read(amct_graph **out, const export_case *c, const char *folder,
                             const char *prefix, const char *suffix, amct_err *err)
{
    char path[4096];
    amct_graph *graph;
    snprintf(path, sizeof path, "%s/%s%s", folder, prefix, suffix);
    AMCT_TRY(export_case_import(&graph, path, err));
    amct_status status = amct_set_batch(graph, amct_batch_of(c->graph), err);
    if (status != AMCT_OK)
        amct_graph_free(graph);
    else
        *out = graph;
    return status;
}
