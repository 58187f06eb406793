#include "import/import.h"

#include "base/file.h"
#include "base/log.h"
#include "import/lookalike.h"
#include "import/sink.h"
#include "plugin/host.h"

#include <stdlib.h>

enum { PROBE_BYTES = 4096 };

/* Opens an instance and lets it read into the graph. */
static amct_status read_into(amct_graph *graph, const amct_plugin *plugin, const amct_view *model,
                             const char *folder, const amct_option *options, size_t n_options,
                             amct_err *err)
{
    const amct_importer *importer = plugin->importer;
    amct_plugin_host *host;
    AMCT_TRY(amct_plugin_host_new(&host, plugin->name, err));
    void *self = NULL;
    int32_t code = importer->open(amct_plugin_host_table(host), model, options, n_options, &self);
    amct_status status = amct_plugin_host_result(host, code, "open", err);
    if (status == AMCT_OK && !self)
        status =
            amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': 'open' gave no instance", plugin->name);
    if (status == AMCT_OK) {
        amct_import_sink *sink = NULL;
        status = amct_import_sink_new(&sink, graph, host, model, folder, err);
        if (status == AMCT_OK) {
            code = importer->read(self, amct_import_sink_table(sink));
            status = amct_import_sink_result(sink, code, err);
        }
        importer->close(self);
        amct_import_sink_free(sink);
    }
    amct_plugin_host_free(host);
    return status;
}

static amct_status finish(amct_graph *graph, const amct_plugin *plugin, amct_err *err)
{
    graph->format = amct_arena_string(graph->arena, plugin->importer->format);
    if (!graph->format)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_graph_sort(graph, err));
    AMCT_TRY(amct_graph_validate(graph, err));
    return amct_graph_name_uniquely(graph, err);
}

amct_status amct_import_bytes(amct_graph **out, const amct_plugin *plugin, const void *data,
                              size_t size, const char *folder, const amct_option *options,
                              size_t n_options, amct_err *err)
{
    amct_view model = {.struct_size = sizeof model, .name = "", .data = data, .size = size};
    amct_graph *graph;
    AMCT_TRY(amct_graph_new(&graph, err));
    amct_status status = read_into(graph, plugin, &model, folder, options, n_options, err);
    if (status == AMCT_OK)
        status = finish(graph, plugin, err);
    if (status != AMCT_OK) {
        amct_graph_free(graph);
        return status;
    }
    *out = graph;
    return AMCT_OK;
}

/* The surest importer for the head of the file, NULL if none knows it. */
static const amct_plugin *choose(const amct_plugins *plugins, const amct_file *file,
                                 const char *path)
{
    const amct_plugin *best = NULL;
    int32_t best_sure = 0;
    size_t n = file->size < PROBE_BYTES ? file->size : PROBE_BYTES;
    for (size_t i = 0; i < amct_plugins_count(plugins); i++) {
        const amct_plugin *plugin = amct_plugins_entry(plugins, i)->plugin;
        if (!plugin || plugin->kind != AMCT_PLUGIN_IMPORTER)
            continue;
        int32_t sure = plugin->importer->probe(file->data, n, path);
        if (sure < 0 || sure > 100) {
            amct_log(AMCT_LOG_WARN, "plugin '%s': 'probe' gave %d, 0 to 100 wanted; it is not used",
                     plugin->name, sure);
            continue;
        }
        if (sure > best_sure)
            best_sure = sure, best = plugin;
    }
    return best;
}

static amct_status fail_unknown(const amct_plugins *plugins, const amct_file *file,
                                const char *path, amct_err *err)
{
    char known[512];
    size_t n = file->size < PROBE_BYTES ? file->size : PROBE_BYTES;
    const char *looks = amct_lookalike(file->data, n);
    return amct_fail(err, AMCT_E_UNSUPPORTED, "%s: no importer knows this file%s%s%s; %s", path,
                     looks ? " (it looks like " : "", looks ? looks : "", looks ? ")" : "",
                     amct_plugins_describe(plugins, AMCT_PLUGIN_IMPORTER, known, sizeof known));
}

static void unmap(void *file)
{
    amct_file_unmap(file);
    free(file);
}

static amct_status import_mapped(amct_graph *graph, const amct_plugins *plugins,
                                 const amct_file *file, const char *path,
                                 const amct_option *options, size_t n_options, amct_err *err)
{
    const amct_plugin *plugin = choose(plugins, file, path);
    if (!plugin)
        return fail_unknown(plugins, file, path, err);
    amct_log(AMCT_LOG_DEBUG, "%s is read by plugin '%s' %s", path, plugin->name, plugin->version);
    amct_view model = {.struct_size = sizeof model,
                       .name = amct_path_base(path),
                       .data = file->data,
                       .size = file->size};
    char *folder = amct_path_folder(path);
    amct_status status = folder ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = read_into(graph, plugin, &model, folder, options, n_options, err);
    free(folder);
    if (status == AMCT_OK)
        status = finish(graph, plugin, err);
    return status == AMCT_OK ? AMCT_OK : amct_fail_in(err, "%s", path);
}

amct_status amct_import(amct_graph **out, const amct_plugins *plugins, const char *path,
                        const amct_option *options, size_t n_options, amct_err *err)
{
    amct_file *file = calloc(1, sizeof *file);
    if (!file)
        return amct_fail_nomem(err);
    amct_status status = amct_file_map(file, path, err);
    if (status != AMCT_OK) {
        free(file);
        return status;
    }
    amct_graph *graph;
    status = amct_graph_new(&graph, err);
    if (status != AMCT_OK) {
        unmap(file);
        return status;
    }
    if (amct_arena_own(graph->arena, file, unmap) != 0)
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = import_mapped(graph, plugins, file, path, options, n_options, err);
    if (status != AMCT_OK) {
        amct_graph_free(graph);
        return status;
    }
    *out = graph;
    return AMCT_OK;
}
