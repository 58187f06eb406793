#include "import/import.h"

#include "base/file.h"
#include "base/log.h"
#include "import/lookalike.h"
#include "import/sink.h"
#include "import/weights_file.h"
#include "plugin/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_BYTES = 4096 };

static bool takes_weights(const amct_importer *importer)
{
    return AMCT_HAS(importer, amct_importer, flags) &&
           (importer->flags & AMCT_IMPORTER_TAKES_WEIGHTS);
}

/* The path that the plugin may map although it lies outside of the model's folder. */
static const char *weights_of(const amct_importer *importer, const amct_option *options, size_t n)
{
    for (size_t i = 0; i < n && takes_weights(importer); i++)
        if (strcmp(options[i].key, "weights") == 0)
            return options[i].value;
    return NULL;
}

/* Opens an instance and lets it read into the graph. */
static amct_status read_into(amct_graph *graph, const amct_plugin *plugin, amct_import_place place,
                             const amct_option *options, size_t n_options, amct_err *err)
{
    const amct_importer *importer = plugin->importer;
    place.outside = weights_of(importer, options, n_options);
    amct_plugin_host *host;
    AMCT_TRY(amct_plugin_host_new(&host, plugin->name, err));
    void *self = NULL;
    int32_t code =
        importer->open(amct_plugin_host_table(host), &place.model, options, n_options, &self);
    amct_status status = amct_plugin_host_result(host, code, "open", err);
    if (status == AMCT_OK && !self)
        status =
            amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': 'open' gave no instance", plugin->name);
    if (status == AMCT_OK) {
        amct_import_sink *sink = NULL;
        status = amct_import_sink_new(&sink, graph, host, &place, err);
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
    amct_import_place place = {
        .model = {.struct_size = sizeof(amct_view), .name = "", .data = data, .size = size},
        .folder = folder};
    amct_graph *graph;
    AMCT_TRY(amct_graph_new(&graph, err));
    amct_status status = read_into(graph, plugin, place, options, n_options, err);
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

/* Only constants: a file of weights. */
static bool has_no_network(const amct_graph *graph)
{
    return graph->n_tensors && !graph->n_nodes && !graph->n_inputs && !graph->n_outputs;
}

/* A file that is being read. */
typedef struct source {
    const amct_plugins *plugins;
    const char *path;
    amct_file *file;
    const amct_plugin *plugin;
    const char *weights; /* NULL: none were given */
    const amct_option *options;
    size_t n_options;
} source;

static amct_status read_source(amct_graph *graph, const source *s, amct_err *err)
{
    amct_import_place place = {.model = {.struct_size = sizeof(amct_view),
                                         .name = amct_path_base(s->path),
                                         .data = s->file->data,
                                         .size = s->file->size},
                               .is_file = true};
    amct_option *options = calloc(s->n_options + 1, sizeof *options);
    char *folder = amct_path_folder(s->path);
    amct_status status = folder && options ? AMCT_OK : amct_fail_nomem(err);
    place.folder = folder;
    size_t n = 0;
    for (; status == AMCT_OK && n < s->n_options; n++)
        options[n] = s->options[n];
    if (status == AMCT_OK && s->weights)
        options[n++] =
            (amct_option){.struct_size = sizeof *options, .key = "weights", .value = s->weights};
    if (status == AMCT_OK)
        status = read_into(graph, s->plugin, place, options, n, err);
    free(folder);
    free(options);
    return status;
}

/* Maps the file and finds its plugin; the file passes to the graph. */
static amct_status open_source(source *s, amct_graph *graph, amct_err *err)
{
    s->file = calloc(1, sizeof *s->file);
    if (!s->file)
        return amct_fail_nomem(err);
    amct_status status = amct_file_map(s->file, s->path, err);
    if (status != AMCT_OK) {
        free(s->file);
        return status;
    }
    if (amct_arena_own(graph->arena, s->file, unmap) != 0)
        return amct_fail_nomem(err);
    s->plugin = choose(s->plugins, s->file, s->path);
    if (!s->plugin)
        return fail_unknown(s->plugins, s->file, s->path, err);
    amct_log(AMCT_LOG_DEBUG, "%s is read by plugin '%s' %s", s->path, s->plugin->name,
             s->plugin->version);
    return AMCT_OK;
}

static amct_status read_weights(amct_graph *graph, const source *s, amct_err *err)
{
    AMCT_TRY(read_source(graph, s, err));
    return has_no_network(graph)
               ? AMCT_OK
               : amct_fail(err, AMCT_E_INVALID, "holds a network, a file of weights is wanted");
}

static amct_status apply_weights(amct_graph *graph, const source *network, amct_err *err)
{
    source s = {.plugins = network->plugins, .path = network->weights};
    amct_graph *weights;
    AMCT_TRY(amct_graph_new(&weights, err));
    amct_status status = open_source(&s, weights, err);
    if (status == AMCT_OK && read_weights(weights, &s, err) != AMCT_OK)
        status = amct_fail_in(err, "%s", s.path);
    if (status != AMCT_OK) {
        amct_graph_free(weights);
        return status;
    }
    return amct_weights_put(graph, network->path, weights, s.path, err);
}

static amct_status read_network(amct_graph *graph, const source *s, amct_err *err)
{
    source own = *s;
    char *found = NULL;
    const amct_importer *importer = s->plugin->importer;
    if (!takes_weights(importer))
        own.weights = NULL;
    else if (!s->weights && AMCT_HAS(importer, amct_importer, weights_suffix) &&
             importer->weights_suffix)
        AMCT_TRY(amct_weights_find(&found, s->path, importer->weights_suffix, err));
    if (found)
        own.weights = found;
    amct_status status = read_source(graph, &own, err);
    free(found);
    AMCT_TRY(status);
    if (has_no_network(graph))
        return amct_fail(err, AMCT_E_INVALID,
                         "holds weights but no network; give the network as MODEL and this file "
                         "with --weights");
    return finish(graph, s->plugin, err);
}

static amct_status import_file(amct_graph **out, const source *how, const char *path, amct_err *err)
{
    source s = *how;
    amct_graph *graph;
    AMCT_TRY(amct_graph_new(&graph, err));
    s.path = path;
    amct_status status = open_source(&s, graph, err);
    if (status == AMCT_OK && read_network(graph, &s, err) != AMCT_OK)
        status = amct_fail_in(err, "%s", path);
    if (status == AMCT_OK && s.weights && !takes_weights(s.plugin->importer))
        status = apply_weights(graph, &s, err);
    if (status != AMCT_OK) {
        amct_graph_free(graph);
        return status;
    }
    *out = graph;
    return AMCT_OK;
}

amct_status amct_import(amct_graph **out, const amct_plugins *plugins, const char *path,
                        const char *weights, amct_err *err)
{
    return amct_import_with(out, plugins, path, weights, NULL, 0, err);
}

amct_status amct_import_with(amct_graph **out, const amct_plugins *plugins, const char *path,
                             const char *weights, const amct_option *options, size_t n_options,
                             amct_err *err)
{
    const source how = {
        .plugins = plugins, .weights = weights, .options = options, .n_options = n_options};
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return import_file(out, &how, path, err);
    char *inside = amct_path_join(path, "saved_model.pb");
    amct_status status = AMCT_OK;
    if (!inside)
        status = amct_fail_nomem(err);
    else if (access(inside, F_OK) != 0)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s: is a folder without a saved_model.pb; a model file, or the folder "
                           "of a TensorFlow SavedModel is wanted",
                           path);
    else
        status = import_file(out, &how, inside, err);
    free(inside);
    return status;
}
