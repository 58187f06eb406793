#include "export/export.h"

#include "base/file.h"
#include "base/log.h"
#include "export/amct_text.h"
#include "export/batch_size.h"
#include "export/onnx_save.h"
#include "export/site.h"
#include "passes/prepare.h"

#include <stdlib.h>
#include <string.h>

typedef struct export
{
    const char *folder, *prefix;
    const amct_graph *graph; /* the candidate at the batch size that is written */
    const amct_origin *origin;
    bool free_batch;
    uint64_t max_bytes;
}
export;

typedef amct_status form_function(amct_graph *, const amct_site *, uint32_t, amct_err *);

static const struct file {
    unsigned format;
    const char *suffix, *external;
    form_function *form;
} files[] = {
    {AMCT_EXPORT_AMCT | AMCT_EXPORT_DEPLOY, "_deploy_model.onnx", "_deploy.external", amct_form_deploy},
    {AMCT_EXPORT_AMCT, "_fake_quant_model.onnx", "_fakequant.external", amct_form_fake},
    {AMCT_EXPORT_QDQ, "_qdq_model.onnx", "_qdq.external", amct_form_qdq},
};

static char *join(const char *prefix, const char *suffix)
{
    char *name = malloc(strlen(prefix) + strlen(suffix) + 1);
    return name ? strcat(strcpy(name, prefix), suffix) : NULL;
}

/* Restores what a form leaves behind: order, no unused constants, names of its own for all. */
static amct_status tidy(amct_graph *graph, amct_err *err)
{
    AMCT_TRY(amct_graph_sort(graph, err));
    AMCT_TRY(amct_graph_prune(graph, err));
    AMCT_TRY(amct_graph_validate(graph, err));
    return amct_graph_name_uniquely(graph, err);
}

static amct_status save(const export *e, const struct file *file, const amct_graph *graph,
                        amct_err *err)
{
    char *name = join(e->prefix, file->suffix), *external = join(e->prefix, file->external);
    amct_onnx_file to = {e->folder, name, external, e->max_bytes, e->free_batch};
    amct_status status = name && external ? amct_onnx_save(&to, graph, err) : amct_fail_nomem(err);
    free(name);
    free(external);
    return status;
}

static amct_status write_model(const export *e, const struct file *file, amct_err *err)
{
    amct_graph *graph;
    amct_site *sites = NULL;
    uint32_t n = 0;
    AMCT_TRY(amct_graph_clone(&graph, e->graph, err));
    amct_status status = amct_sites_find(&sites, &n, graph, e->origin, err);
    if (status == AMCT_OK)
        status = file->form(graph, sites, n, err);
    if (status == AMCT_OK)
        status = tidy(graph, err);
    if (status == AMCT_OK)
        status = save(e, file, graph, err);
    free(sites);
    amct_graph_free(graph);
    return status;
}

/* Writes text, and frees it. */
static amct_status write_text(const export *e, const char *suffix, char *text, amct_err *err)
{
    char *name = join(e->prefix, suffix), *path = name ? amct_path_join(e->folder, name) : NULL;
    amct_status status =
        path ? amct_file_write(path, text, strlen(text), err) : amct_fail_nomem(err);
    free(path);
    free(name);
    free(text);
    return status;
}

static amct_status write_texts(const export *e, const amct_export_calibration *calibration,
                               amct_err *err)
{
    char *text;
    AMCT_TRY(amct_config_text(&text, e->origin, calibration, err));
    AMCT_TRY(write_text(e, "_config.json", text, err));
    AMCT_TRY(amct_record_text(&text, e->graph, e->origin, err));
    return write_text(e, "_record.txt", text, err);
}

static amct_status choose_batch(amct_graph *graph, bool *free_batch,
                                const amct_export_options *options, amct_err *err)
{
    amct_err why;
    *free_batch = false;
    if (options->batch)
        AMCT_TRY(amct_set_batch(graph, options->batch, err));
    if (!options->free_batch)
        return AMCT_OK;
    if (amct_batch_free(graph, &why) == AMCT_OK)
        *free_batch = true;
    else if (why.code == AMCT_E_NOMEM)
        return *err = why, why.code;
    else
        amct_log(AMCT_LOG_WARN, "the files state batch %lld: %s", (long long)amct_batch_of(graph),
                 why.text);
    return AMCT_OK;
}

amct_status amct_export(const char *folder, const char *prefix, const amct_graph *candidate,
                        const amct_origin *origin, const amct_export_options *options,
                        amct_err *err)
{
    amct_graph *graph;
    if (!prefix[0] || strchr(prefix, '/'))
        return amct_fail(err, AMCT_E_INVALID, "'%s' is no beginning of a file name", prefix);
    AMCT_TRY(amct_graph_clone(&graph, candidate, err));
    export e = {.folder = folder,
                .prefix = prefix,
                .graph = graph,
                .origin = origin,
                .max_bytes = options->max_bytes ? options->max_bytes : AMCT_ONNX_MAX_BYTES};
    amct_status status = choose_batch(graph, &e.free_batch, options, err);
    for (size_t i = 0; status == AMCT_OK && i < sizeof files / sizeof *files; i++)
        if (options->formats & files[i].format)
            status = write_model(&e, &files[i], err);
    if (status == AMCT_OK && (options->formats & AMCT_EXPORT_AMCT))
        status = write_texts(&e, &options->calibration, err);
    amct_graph_free(graph);
    return status;
}
