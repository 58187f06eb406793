#include "conform/reading.h"

#include "base/file.h"
#include "conform/counted_host.h"
#include "conform/counted_sink.h"
#include "import/sink.h"
#include "import/weights_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- What a graph is ----------------------------------------------------------------------- */

static amct_hash hash_attr(amct_hash h, const amct_attr *a)
{
    h = amct_hash_u64(amct_hash_string(h, a->name), a->type);
    h = amct_hash_u64(h, (uint64_t)a->i);
    h = amct_hash_bytes(h, &a->f, sizeof a->f);
    h = amct_hash_u64(h, a->count);
    for (size_t i = 0; a->type == AMCT_ATTR_STRINGS && i < a->count; i++)
        h = amct_hash_string(h, ((const char *const *)a->data)[i]);
    size_t size = a->type == AMCT_ATTR_STRING   ? 1
                  : a->type == AMCT_ATTR_INTS   ? sizeof(int64_t)
                  : a->type == AMCT_ATTR_FLOATS ? sizeof(float)
                                                : 0;
    return size ? amct_hash_bytes(h, a->data, a->count * size) : h;
}

static amct_hash hash_graph(const amct_graph *g)
{
    amct_hash h = {0};
    h = amct_hash_string(amct_hash_string(h, g->name), g->producer);
    h = amct_hash_u64(h, (uint64_t)g->opset);
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        const amct_tensor *t = &g->tensors[i];
        h = amct_hash_u64(amct_hash_string(h, t->name), t->dtype);
        h = amct_hash_u64(h, (uint64_t)t->shape.rank);
        if (t->shape.rank > 0)
            h = amct_hash_bytes(h, t->shape.dims, (size_t)t->shape.rank * sizeof *t->shape.dims);
        h = amct_hash_bytes(h, t->data, t->data ? t->bytes : 0);
    }
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const amct_node *n = &g->nodes[i];
        h = amct_hash_string(amct_hash_string(amct_hash_string(h, n->name), n->op), n->domain);
        h = amct_hash_bytes(h, n->src, n->n_src * sizeof *n->src);
        h = amct_hash_bytes(h, n->dst, n->n_dst * sizeof *n->dst);
        for (uint32_t k = 0; k < n->n_attrs; k++)
            h = hash_attr(h, &n->attrs[k]);
    }
    h = amct_hash_bytes(h, g->inputs, g->n_inputs * sizeof *g->inputs);
    return amct_hash_bytes(h, g->outputs, g->n_outputs * sizeof *g->outputs);
}

/* ---- Reading ------------------------------------------------------------------------------- */

static const char *weights_of(const amct_reading *r)
{
    for (size_t i = 0; i < r->n_options; i++) {
        const amct_option *o = AMCT_AT(amct_option, r->options, i);
        if (strcmp(o->key, "weights") == 0)
            return o->value;
    }
    return NULL;
}

/* A view that may claim to be longer than we know it. */
typedef struct long_view {
    amct_view view;
    unsigned char later[64];
} long_view;

static void read_opened(amct_trial *trial, amct_reading *r, amct_counted_host *host, void *self,
                        const amct_view *model, amct_graph *graph)
{
    const amct_importer *importer = trial->plugin->importer;
    amct_import_place place = {.model = *model, .folder = r->folder, .outside = weights_of(r)};
    place.model.struct_size = sizeof place.model;
    amct_import_sink *sink;
    amct_counted_sink counted;
    amct_trial_need(trial, amct_import_sink_new(&sink, graph, host->inner, &place, &r->err),
                    &r->err);
    amct_counted_sink_init(&counted, amct_import_sink_table(sink), host->inner, r);
    if (r->younger) {
        memset(counted.later, 0xa5, sizeof counted.later);
        counted.table.struct_size += sizeof counted.later;
    }
    r->call = "read";
    r->code = importer->read(self, &counted.table);
    r->status = amct_import_sink_result(sink, r->code, &r->err);
    importer->close(self);
    amct_import_sink_free(sink);
}

void amct_reading_do(amct_trial *trial, amct_reading *r)
{
    static const char untouched[1];
    amct_counted_host host;
    amct_graph *graph;
    amct_trial_need(trial, amct_counted_host_init(&host, trial->plugin->name, &r->err), &r->err);
    amct_trial_need(trial, amct_graph_new(&graph, &r->err), &r->err);
    host.fail_at = r->fail_alloc_at;
    long_view model = {
        .view = {
            .struct_size = sizeof model.view, .name = "model", .data = r->data, .size = r->size}};
    if (r->younger) {
        memset(model.later, 0xa5, sizeof model.later);
        memset(host.later, 0xa5, sizeof host.later);
        model.view.struct_size = sizeof model;
        host.table.struct_size += sizeof host.later;
        host.table.abi_minor++;
    }
    void *self = (void *)untouched;
    r->call = "open";
    r->code =
        trial->plugin->importer->open(&host.table, &model.view, r->options, r->n_options, &self);
    r->status = amct_plugin_host_result(host.inner, r->code, "open", &r->err);
    r->touched = r->code != AMCT_OK && self != (void *)untouched;
    if (r->code == AMCT_OK && (!self || self == (void *)untouched))
        r->status = amct_fail(&r->err, AMCT_E_PLUGIN, "'open' succeeded and gave no instance");
    if (r->status == AMCT_OK)
        read_opened(trial, r, &host, self, &model.view, graph);
    r->n_blocks = amct_plugin_host_blocks(host.inner);
    r->n_allocs = host.n_allocs;
    r->alloc_failed = host.failed_one;
    memcpy(r->misuse, host.misuse, sizeof r->misuse);
    amct_counted_host_done(&host);
    /* A file of weights alone has no network that could be valid. */
    bool network = graph->n_nodes || graph->n_inputs || graph->n_outputs;
    if (r->status == AMCT_OK && network)
        r->status = amct_graph_sort(graph, &r->err);
    if (r->status == AMCT_OK && network)
        r->status = amct_graph_validate(graph, &r->err);
    if (r->status == AMCT_OK)
        r->digest = hash_graph(graph);
    amct_graph_free(graph);
}

/* ---- The model ----------------------------------------------------------------------------- */

/* Of a folder its saved_model.pb. */
static const char *model_file(amct_trial *trial)
{
    struct stat st;
    const char *path = trial->subject->model;
    if (!path)
        amct_trial_skip(trial, "no file of this format was given; --model names one");
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return amct_path_join(path, "saved_model.pb");
    return path;
}

static const char *find_weights(amct_trial *trial, const char *path)
{
    const amct_importer *importer = trial->plugin->importer;
    char *found = NULL;
    amct_err err;
    if (trial->subject->weights)
        return trial->subject->weights;
    if (AMCT_HAS(importer, amct_importer, weights_suffix) && importer->weights_suffix)
        amct_trial_need(trial, amct_weights_find(&found, path, importer->weights_suffix, &err),
                        &err);
    return found;
}

/* All that is allocated lives as long as the case. */
void amct_reading_of_model(amct_trial *trial, amct_reading *out)
{
    const amct_conform_subject *s = trial->subject;
    const amct_importer *importer = trial->plugin->importer;
    const char *path = model_file(trial);
    amct_file file;
    amct_err err;
    if (!path)
        amct_trial_skip(trial, "out of memory");
    amct_trial_need(trial, amct_file_map(&file, path, &err), &err);
    amct_option *options = calloc(s->n_options + 1, sizeof *options);
    char *folder = amct_path_folder(path);
    if (!options || !folder)
        amct_trial_skip(trial, "out of memory");
    size_t n = 0;
    for (; n < s->n_options; n++)
        options[n] = s->options[n];
    bool takes =
        AMCT_HAS(importer, amct_importer, flags) && (importer->flags & AMCT_IMPORTER_TAKES_WEIGHTS);
    const char *weights = takes ? find_weights(trial, path) : NULL;
    if (weights)
        options[n++] =
            (amct_option){.struct_size = sizeof *options, .key = "weights", .value = weights};
    *out = (amct_reading){.data = amct_reading_guarded(trial, file.data, file.size),
                          .size = file.size,
                          .folder = folder,
                          .options = options,
                          .n_options = n};
    amct_file_unmap(&file);
}

void amct_reading_must(amct_trial *trial, amct_reading *reading)
{
    amct_trial_at(trial, "while the model is read");
    amct_reading_do(trial, reading);
    if (reading->status != AMCT_OK)
        amct_trial_skip(trial, "the model is not read");
}

static size_t guarded_room(size_t size, size_t page)
{
    return (size / page + 2) * page;
}

const void *amct_reading_guarded(amct_trial *trial, const void *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = guarded_room(size, page);
    char *memory =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        amct_trial_skip(trial, "out of memory for a copy of the model");
    char *copy = memory + room - size;
    if (size)
        memcpy(copy, data, size);
    mprotect(memory, room, PROT_READ);
    mprotect(memory + room, page, PROT_NONE);
    return copy;
}

void amct_reading_unguard(const void *copy, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = guarded_room(size, page);
    munmap((char *)copy + size - room, room + page);
}
