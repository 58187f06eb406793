#include "import/weights_file.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 10 };

/* What does not fit, as far as it is shown. */
typedef struct misfits {
    char text[AMCT_ERR_TEXT];
    size_t n;
} misfits;

static void add_misfit(misfits *m, const char *name, const char *fmt, ...) AMCT_PRINTF(3, 4);
static void add_misfit(misfits *m, const char *name, const char *fmt, ...)
{
    char shown[AMCT_CLIPPED];
    size_t used = strlen(m->text);
    if (m->n++ >= LISTED)
        return;
    snprintf(m->text + used, sizeof m->text - used, "%s'%s' ", used ? "; " : "",
             amct_utf8_show(name, shown, sizeof shown));
    used = strlen(m->text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(m->text + used, sizeof m->text - used, fmt, args);
    va_end(args);
}

/* A constant of the file, and whether the network has one of its name. */
typedef struct entry {
    const amct_tensor *tensor;
    bool used;
} entry;

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->tensor->name, ((const entry *)b)->tensor->name);
}

static bool is_weight(const amct_tensor *t)
{
    return t->data && amct_dtype_is_float(t->dtype);
}

/* Whether the node's constants are what training has found. */
static bool is_layer(const amct_node *node)
{
    static const char *const layers[] = {
        "Conv",
        "ConvTranspose",
        "Gemm",
        "MatMul",
        "BatchNormalization",
        "InstanceNormalization",
        "PRelu",
        "LayerNormalization",
        "GroupNormalization",
        "LSTM",
        "GRU",
        "RNN",
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (amct_node_is(node, layers[i]))
            return true;
    return false;
}

static void note_missing(misfits *m, const amct_graph *graph, bool *set)
{
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->n_src && is_layer(node); i++) {
            const amct_tensor *t = amct_node_src(graph, node, i);
            if (!t || !is_weight(t) || set[node->src[i]])
                continue;
            add_misfit(m, t->name, "of the network is not in the file");
            set[node->src[i]] = true; /* said once */
        }
    }
}

static void put_one(misfits *m, amct_tensor *to, const amct_tensor *from)
{
    char has[160], wanted[160];
    if (from->dtype != to->dtype)
        add_misfit(m, to->name, "is %s, %s wanted", amct_dtype_name(from->dtype),
                   amct_dtype_name(to->dtype));
    else if (!amct_shape_equal(&from->shape, &to->shape))
        add_misfit(m, to->name, "is %s, %s wanted", amct_shape_print(&from->shape, has, sizeof has),
                   amct_shape_print(&to->shape, wanted, sizeof wanted));
    to->data = from->data;
    to->bytes = from->bytes;
    to->block = from->block;
}

static amct_status put_all(misfits *m, amct_graph *graph, entry *entries, size_t n, bool *set,
                           amct_err *err)
{
    qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t i = 1; i < n; i++)
        if (compare_entries(&entries[i - 1], &entries[i]) == 0)
            return amct_fail(err, AMCT_E_FORMAT, "the name '%s' is there twice",
                             entries[i].tensor->name);
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        amct_tensor *to = &graph->tensors[t];
        const entry wanted = {.tensor = to};
        entry *found =
            to->data ? bsearch(&wanted, entries, n, sizeof *entries, compare_entries) : NULL;
        if (!found)
            continue;
        found->used = set[t] = true;
        put_one(m, to, found->tensor);
    }
    for (size_t i = 0; i < n; i++)
        if (!entries[i].used && is_weight(entries[i].tensor))
            add_misfit(m, entries[i].tensor->name, "is not in the network");
    note_missing(m, graph, set);
    return AMCT_OK;
}

static void free_graph(void *graph)
{
    amct_graph_free(graph);
}

amct_status amct_weights_put(amct_graph *graph, const char *graph_path, amct_graph *weights,
                             const char *weights_path, amct_err *err)
{
    misfits m = {0};
    if (amct_arena_own(graph->arena, weights, free_graph) != 0)
        return amct_fail_nomem(err);
    entry *entries = calloc(weights->n_tensors + 1, sizeof *entries);
    bool *set = calloc(graph->n_tensors + 1, sizeof *set);
    size_t n = 0;
    for (uint32_t t = 0; entries && t < weights->n_tensors; t++)
        if (weights->tensors[t].data)
            entries[n++].tensor = &weights->tensors[t];
    amct_status status =
        entries && set ? put_all(&m, graph, entries, n, set, err) : amct_fail_nomem(err);
    free(entries);
    free(set);
    if (status == AMCT_OK && m.n)
        status = amct_fail(err, AMCT_E_INVALID,
                           "does not fit %s: %zu names, shapes or types differ: %s%s", graph_path,
                           m.n, m.text, m.n > LISTED ? "; ..." : "");
    return status == AMCT_OK ? status : amct_fail_in(err, "%s", weights_path);
}
