#include "compress/rebuild.h"

#include "compress/least_squares.h"
#include "compress/rebuild_layer.h"
#include "compress/walk.h"

#include <stdlib.h>
#include <string.h>

typedef struct rebuild {
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers, n_samples;
    size_t rows_bytes, lsq_bytes; /* that a layer may take */
    amct_rebuild_rows *rows;      /* per layer; memory only while it is visited */
    const amct_quantised **rebuilt;
} rebuild;

static amct_status visit(void *ctx, const amct_walk_stop *stop, amct_err *err)
{
    rebuild *r = ctx;
    return amct_rebuild_rows_take(&r->rows[stop->layer], stop, err);
}

static amct_status finish(void *ctx, const amct_walk_stop *stop, amct_err *err)
{
    const rebuild *r = ctx;
    uint32_t i = stop->layer;
    if (!stop->stream)
        return AMCT_OK;
    return amct_rebuild_rows_compute(r->rebuilt[i], &r->layers[i], &r->rows[i].columns, stop, err);
}

/* The greatest part of the limit that the rows of a layer may take, and its least squares. */
static size_t most_bytes(size_t limit_bytes)
{
    return limit_bytes / 4;
}

static amct_status rebuild_next(rebuild *r, amct_walk *walk, amct_arena *arena,
                                const amct_quantised *const *levels, amct_err *err)
{
    uint32_t i = amct_walk_layer(walk);
    amct_rebuild_rows *rows = &r->rows[i];
    amct_quantised *q = amct_arena_copy(arena, levels[i], sizeof *q);
    if (!q)
        return amct_fail_nomem(err);
    if (rows->aim.other != AMCT_NO_TENSOR && !amct_walk_has(walk, rows->aim.other))
        rows->aim = amct_aim_none(); /* the other operand comes later and makes up for this one */
    AMCT_TRY(amct_rebuild_rows_new(rows, r->rows_bytes, err));
    amct_status status = amct_walk_visit(walk, err);
    if (status == AMCT_OK)
        status = amct_rebuild_layer(q, rows, r->graph->tensors[r->layers[i].weights].data, arena,
                                    r->lsq_bytes, err);
    amct_rebuild_rows_free(rows);
    r->rebuilt[i] = q;
    return status;
}

/* Which layers are rebuilt, what they are to be, and which tensors are looked at. */
static amct_status choose(rebuild *r, bool *wanted, uint32_t *watch, uint32_t *n_watch,
                          const amct_quantised *const *levels, amct_err *err)
{
    amct_links links;
    amct_err why;
    AMCT_TRY(amct_links_make(&links, r->graph, err));
    for (uint32_t i = 0; i < r->n_layers; i++) {
        amct_rebuild_rows *rows = &r->rows[i];
        const amct_layer *layer = &r->layers[i];
        r->rebuilt[i] = levels[i];
        /* one whose rows do not divide into samples stays as it is */
        if (!levels[i] || amct_columns_make(&rows->columns, r->graph, layer,
                                            amct_batch_of(r->graph), &why) != AMCT_OK)
            continue;
        wanted[i] = true;
        rows->layer = layer;
        rows->index = i;
        rows->level = levels[i];
        rows->n_samples = r->n_samples;
        rows->aim = amct_aim_find(r->graph, &links, layer);
        watch[(*n_watch)++] = layer->src;
        if (rows->aim.other != AMCT_NO_TENSOR)
            watch[(*n_watch)++] = rows->aim.other;
    }
    amct_links_free(&links);
    return AMCT_OK;
}

/* What layers need of the limit, and what it has for them. */
static void share_out(rebuild *r, const bool *wanted, size_t limit_bytes)
{
    for (uint32_t i = 0; i < r->n_layers; i++) {
        const amct_columns *c = &r->rows[i].columns;
        if (!wanted[i])
            continue;
        size_t rows = amct_rebuild_rows_bytes(c, r->n_samples);
        size_t lsq = amct_lsq_bytes((size_t)c->columns, (size_t)c->outputs);
        r->rows_bytes = rows > r->rows_bytes ? rows : r->rows_bytes;
        r->lsq_bytes = lsq > r->lsq_bytes ? lsq : r->lsq_bytes;
    }
    size_t most = most_bytes(limit_bytes);
    r->rows_bytes = r->rows_bytes < most ? r->rows_bytes : most;
    r->lsq_bytes = r->lsq_bytes < most ? r->lsq_bytes : most;
}

amct_status amct_rebuild(const amct_quantised **rebuilt, amct_arena *arena, amct_exec *exec,
                         const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                         const amct_quantised *const *levels, const amct_feed *feed,
                         size_t limit_bytes, uint32_t jobs, amct_err *err)
{
    rebuild r = {.graph = graph,
                 .layers = layers,
                 .n_layers = n_layers,
                 .n_samples = feed->n,
                 .rows = calloc(n_layers + 1, sizeof *r.rows),
                 .rebuilt = rebuilt};
    bool *wanted = calloc(n_layers + 1, sizeof *wanted);
    uint32_t *watch = calloc(2 * (size_t)n_layers + 1, sizeof *watch), n_watch = 0;
    amct_walk *walk = NULL;
    amct_status status = r.rows && wanted && watch ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = choose(&r, wanted, watch, &n_watch, levels, err);
    if (status == AMCT_OK)
        share_out(&r, wanted, limit_bytes);
    amct_walk_options options = {.graph = graph,
                                 .layers = layers,
                                 .n_layers = n_layers,
                                 .wanted = wanted,
                                 .watch = watch,
                                 .n_watch = n_watch,
                                 .n_streams = 2,
                                 .feed = feed,
                                 .limit_bytes = limit_bytes - r.rows_bytes - r.lsq_bytes,
                                 .jobs = jobs,
                                 .visit = visit,
                                 .finish = finish,
                                 .ctx = &r};
    if (status == AMCT_OK)
        status = amct_walk_new(&walk, exec, &options, err);
    while (status == AMCT_OK && amct_walk_layer(walk) < n_layers)
        status = rebuild_next(&r, walk, arena, levels, err);
    amct_walk_free(walk);
    free(r.rows);
    free(wanted);
    free(watch);
    return status;
}

uint32_t amct_rebuild_short(const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                            uint32_t n_samples, size_t limit_bytes)
{
    uint32_t n = 0;
    amct_err why;
    for (uint32_t i = 0; i < n_layers; i++) {
        amct_columns columns;
        if (layers[i].no_int8 ||
            amct_columns_make(&columns, graph, &layers[i], amct_batch_of(graph), &why) != AMCT_OK)
            continue; /* it is not rebuilt */
        int64_t rows = amct_columns_enough_rows(&columns, n_samples);
        size_t most = most_bytes(limit_bytes);
        n += amct_rebuild_rows_within(&columns, n_samples, most) < rows ||
             amct_lsq_bytes((size_t)columns.columns, (size_t)columns.outputs) > most;
    }
    return n;
}
