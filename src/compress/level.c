#include "compress/level.h"

#include "base/file.h"
#include "base/fork.h"
#include "base/log.h"
#include "compress/level_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct amct_leveldb {
    const amct_graph *graph;
    const amct_layer *layers;
    const amct_calibration *calibration;
    amct_level_options options;
    const amct_moments *known; /* borrowed, or NULL */
    char *folder;
    amct_arena *arena;
    struct entry {
        const amct_quantised *made; /* NULL: not filled, or not possible */
        const char *reason;         /* why it is not possible */
    } * entries[AMCT_N_LEVELS];     /* per layer */
};

amct_status amct_leveldb_new(amct_leveldb **out, const amct_graph *graph, const amct_layer *layers,
                             const amct_calibration *calibration, const amct_level_options *options,
                             const char *folder, amct_err *err)
{
    amct_leveldb *db = calloc(1, sizeof *db);
    if (!db)
        return amct_fail_nomem(err);
    *db = (amct_leveldb){.graph = graph,
                         .layers = layers,
                         .calibration = calibration,
                         .options = *options,
                         .arena = amct_arena_new()};
    bool room = db->arena != NULL;
    for (int k = 0; room && k < AMCT_N_LEVELS; k++) {
        db->entries[k] = amct_arena_array(db->arena, calibration->n_layers, sizeof *db->entries[k]);
        room = db->entries[k] != NULL;
    }
    if (room && folder)
        room = (db->folder = amct_arena_string(db->arena, folder)) != NULL;
    amct_status status = room ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK && folder)
        status = amct_folder_make(folder, err);
    if (status != AMCT_OK)
        amct_leveldb_free(db);
    else
        *out = db;
    return status;
}

void amct_leveldb_free(amct_leveldb *db)
{
    if (!db)
        return;
    amct_arena_free(db->arena);
    free(db);
}

amct_status amct_leveldb_get(const amct_quantised **out, const amct_leveldb *db, uint32_t layer,
                             amct_level_kind kind, amct_err *err)
{
    const struct entry *e = &db->entries[kind][layer];
    const char *why = amct_level_refusal(&db->layers[layer], kind);
    if (kind != AMCT_LEVEL_16 && !e->made)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "%s",
                         why         ? why
                         : e->reason ? e->reason
                                     : "not calibrated");
    *out = e->made;
    return AMCT_OK;
}

/* ---- What is missing ---------------------------------------------------------------------- */

/* A level that is made, in shared memory. */
typedef struct item {
    uint32_t layer;
    amct_level_kind kind;
    amct_quantised q;
    amct_status status;
    char reason[AMCT_ERR_TEXT];
} item;

static const amct_gram *known_gram(const amct_leveldb *db, uint32_t layer)
{
    return db->known ? amct_moments_of(db->known, layer) : NULL;
}

typedef struct filling {
    amct_leveldb *db;
    const amct_feed *feed;
    size_t limit_bytes;
    uint32_t jobs;
    bool *gram;  /* per layer: rounding needs its second moments */
    item *items; /* shared, in the order of layers */
    uint32_t n;
    /* of a pass */
    uint32_t *first, n_layers; /* the first item of each of its layers */
    amct_moments *moments;
} filling;

static amct_quantise_options options_of(const filling *f, const item *it)
{
    uint32_t bits = amct_level_weight_bits(it->kind), src_bits = amct_level_src_bits(it->kind);
    bool sparse = amct_level_sparse(it->kind);
    amct_weight_algo algo = bits < 8 || sparse ? AMCT_WEIGHTS_GPTQ : f->db->options.weights;
    if (algo == AMCT_WEIGHTS_GPTQ && !f->gram[it->layer])
        algo = AMCT_WEIGHTS_MSE;
    return (amct_quantise_options){bits,  src_bits, algo, f->db->options.correct_mean,
                                   false, sparse};
}

static amct_hash hash_ints(amct_hash h, const amct_node *node, const char *name)
{
    size_t n;
    const int64_t *values = amct_node_ints(node, name, &n);
    return amct_hash_bytes(h, values, n * sizeof *values);
}

static amct_hash key_of(const filling *f, const item *it)
{
    const amct_layer *layer = &f->db->layers[it->layer];
    const amct_layer_stats *stats = &f->db->calibration->layers[it->layer];
    const amct_graph *graph = f->db->graph;
    const amct_node *node = &graph->nodes[layer->node];
    const amct_tensor *w = &graph->tensors[layer->weights];
    const amct_shape *src = &graph->tensors[layer->src].shape;
    amct_quantise_options options = options_of(f, it);
    amct_hash h = amct_hash_string(w->hash, "level 2");
    h = amct_hash_string(h, node->op);
    h = amct_hash_bytes(h, w->shape.dims, (size_t)w->shape.rank * sizeof *w->shape.dims);
    h = amct_hash_bytes(h, src->dims + 1, (size_t)(src->rank - 1) * sizeof *src->dims);
    h = hash_ints(hash_ints(hash_ints(h, node, "pads"), node, "strides"), node, "dilations");
    h = amct_hash_string(h, amct_node_string(node, "auto_pad", ""));
    h = amct_hash_u64(h, (uint64_t)layer->groups);
    if (layer->bias != AMCT_NO_TENSOR) {
        amct_hash bias = graph->tensors[layer->bias].hash;
        h = amct_hash_bytes(h, &bias, sizeof bias);
    }
    h = amct_hash_bytes(h, &it->q.src, sizeof it->q.src);
    h = amct_hash_u64(h, (uint64_t)options.weights << 32 | options.correct_mean << 16 |
                             options.sparse << 24 | options.weight_bits << 8 | options.src_bits);
    /* these stand for the samples and all that comes before the layer */
    h = amct_hash_bytes(h, stats->src_mean, (size_t)stats->n_src_channels * sizeof(double));
    h = amct_hash_bytes(h, stats->result_mean, (size_t)layer->channels * sizeof(double));
    return amct_hash_u64(h, f->db->calibration->n_samples);
}

static char *path_of(const filling *f, const item *it, amct_hash key)
{
    char name[AMCT_HASH_HEX + 16], hex[AMCT_HASH_HEX];
    amct_hash_hex(key, hex);
    snprintf(name, sizeof name, "%s.%s", hex, amct_level_name(it->kind));
    return amct_path_join(f->db->folder, name);
}

static amct_status keep(filling *f, const item *it, amct_err *err)
{
    struct entry *e = &f->db->entries[it->kind][it->layer];
    if (it->status == AMCT_OK)
        e->made = amct_arena_copy(f->db->arena, &it->q, sizeof it->q);
    else
        e->reason = amct_arena_string(f->db->arena, it->reason);
    return e->made || e->reason ? AMCT_OK : amct_fail_nomem(err);
}

/* Adds an item unless it is there or lies in the folder. */
static amct_status want(filling *f, uint32_t layer, amct_level_kind kind, amct_err *err)
{
    const amct_leveldb *db = f->db;
    const amct_layer *l = &db->layers[layer];
    const amct_layer_stats *stats = &db->calibration->layers[layer];
    const struct entry *e = &db->entries[kind][layer];
    if (e->made || e->reason)
        return AMCT_OK;
    item *it = &f->items[f->n];
    *it = (item){.layer = layer,
                 .kind = kind,
                 .q = {.src = amct_level_src_bits(kind) < 8 ? stats->src4 : stats->src,
                       .src_bits = amct_level_src_bits(kind),
                       .weight_bits = amct_level_weight_bits(kind),
                       .sparse = amct_level_sparse(kind),
                       .n_weights = amct_shape_size(&db->graph->tensors[l->weights].shape),
                       .n_scales = l->per_channel ? l->channels : 1,
                       .channels = l->channels}};
    if (db->folder) {
        amct_hash key = key_of(f, it);
        char *path = path_of(f, it, key);
        if (!path)
            return amct_fail_nomem(err);
        bool found = amct_level_read(&it->q, db->arena, path, key);
        free(path);
        if (found)
            return keep(f, it, err);
    }
    f->n++;
    return AMCT_OK;
}

/* Where the items of the layer of item i end. */
static uint32_t behind(const filling *f, uint32_t i)
{
    uint32_t layer = f->items[i].layer;
    while (i < f->n && f->items[i].layer == layer)
        i++;
    return i;
}

/* ---- Making it ---------------------------------------------------------------------------- */

static const amct_gram *gram_of(const filling *f, uint32_t layer)
{
    const amct_gram *known = known_gram(f->db, layer);
    return known || !f->moments ? known : amct_moments_of(f->moments, layer);
}

static amct_status make_layer(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    filling *f = ctx;
    const amct_leveldb *db = f->db;
    (void)worker;
    for (uint32_t i = f->first[task], end = behind(f, i); i < end; i++) {
        item *it = &f->items[i];
        amct_quantise_options options = options_of(f, it);
        amct_err why;
        it->status = amct_quantise_layer(&it->q, db->graph, &db->layers[it->layer],
                                         &db->calibration->layers[it->layer], gram_of(f, it->layer),
                                         &options, &why);
        if (it->status == AMCT_E_UNSUPPORTED) {
            memcpy(it->reason, why.text, sizeof it->reason);
            continue;
        }
        if (it->status != AMCT_OK) {
            *err = why;
            return amct_fail_in(err, "layer '%s'", db->layers[it->layer].name);
        }
        if (db->folder) {
            amct_hash key = key_of(f, it);
            char *path = path_of(f, it, key);
            amct_status status =
                path ? amct_level_write(&it->q, path, key, err) : amct_fail_nomem(err);
            free(path);
            AMCT_TRY(status);
        }
    }
    return AMCT_OK;
}

typedef struct shared {
    void *memory;
    size_t bytes;
} shared;

static void release_shared(void *object)
{
    shared *s = object;
    amct_shared_free(s->memory, s->bytes);
}

/* Makes the layers of f->first; their weights go into a block that lives as long as the database.
 */
static amct_status make_pass(filling *f, uint32_t jobs, amct_err *err)
{
    amct_leveldb *db = f->db;
    bool *wanted = calloc(db->calibration->n_layers + 1, sizeof *wanted), any = false;
    shared *block = amct_arena_alloc(db->arena, sizeof *block);
    if (!wanted || !block || amct_arena_own(db->arena, block, release_shared)) {
        free(wanted);
        return amct_fail_nomem(err);
    }
    for (uint32_t t = 0; t < f->n_layers; t++) {
        uint32_t layer = f->items[f->first[t]].layer;
        any |= wanted[layer] = f->gram[layer] && !known_gram(db, layer);
        for (uint32_t i = f->first[t], end = behind(f, i); i < end; i++)
            block->bytes += (amct_level_payload(&f->items[i].q) + 63) / 64 * 64;
    }
    char *at = block->memory = amct_shared_alloc(block->bytes);
    amct_status status = at ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t t = 0; at && t < f->n_layers; t++)
        for (uint32_t i = f->first[t]; i < f->n && f->items[i].layer == f->items[f->first[t]].layer;
             i++) {
            amct_level_lay_out(&f->items[i].q, at);
            at += (amct_level_payload(&f->items[i].q) + 63) / 64 * 64;
        }
    if (status == AMCT_OK && any)
        status = amct_moments_collect(&f->moments, db->graph, db->layers, db->calibration->n_layers,
                                      wanted, db->calibration, f->feed, jobs, err);
    if (status == AMCT_OK)
        status = amct_parallel(jobs, f->n_layers, make_layer, f, err);
    amct_moments_free(f->moments);
    f->moments = NULL;
    for (uint32_t t = 0; status == AMCT_OK && t < f->n_layers; t++)
        for (uint32_t i = f->first[t], end = behind(f, i); status == AMCT_OK && i < end; i++)
            status = keep(f, &f->items[i], err);
    free(wanted);
    return status;
}

/* What the second moments of a layer take beside those that are known, and work with them in each
 * process; 0 and no work if it has none. */
static size_t gram_bytes(const filling *f, uint32_t layer, size_t *per_process)
{
    const amct_leveldb *db = f->db;
    size_t work = 0, sums = amct_moments_bytes(&work, db->graph, &db->layers[layer],
                                               &db->calibration->layers[layer]);
    bool known = known_gram(db, layer);
    size_t rounding = sums ? amct_quantise_bytes(db->graph, &db->layers[layer]) : 0;
    *per_process = rounding > work || known ? rounding : work;
    return known ? 0 : sums;
}

/* Splits the layers into passes whose second moments fit into the limit together. */
static amct_status make_all(filling *f, amct_err *err)
{
    size_t sums = 0, per_process = 0;
    f->n_layers = 0;
    for (uint32_t i = 0; i <= f->n; i = i < f->n ? behind(f, i) : i + 1) {
        size_t own = 0, own_process = 0;
        if (i < f->n && f->gram[f->items[i].layer])
            own = gram_bytes(f, f->items[i].layer, &own_process);
        size_t process = own_process > per_process ? own_process : per_process;
        if (f->n_layers && (i == f->n || sums + own + f->jobs * process > f->limit_bytes)) {
            size_t fit = per_process ? (f->limit_bytes - sums) / per_process : f->jobs;
            AMCT_TRY(make_pass(f, fit < f->jobs ? (uint32_t)fit : f->jobs, err));
            f->n_layers = 0;
            sums = per_process = 0;
            process = own_process;
        }
        if (i < f->n)
            f->first[f->n_layers++] = i;
        sums += own;
        per_process = process;
    }
    return AMCT_OK;
}

/* Which layers get second moments. */
static void choose_grams(filling *f, const uint32_t *wanted)
{
    uint32_t users = 1u << AMCT_LEVEL_W4A8 | 1u << AMCT_LEVEL_W4A4 | 1u << AMCT_LEVEL_W8A8_SPARSE;
    if (f->db->options.weights == AMCT_WEIGHTS_GPTQ)
        users |= 1u << AMCT_LEVEL_W8A8;
    for (uint32_t l = 0; l < f->db->calibration->n_layers; l++) {
        if (!(wanted[l] & users))
            continue;
        size_t per_process = 0, sums = gram_bytes(f, l, &per_process);
        f->gram[l] = sums + per_process && sums + per_process <= f->limit_bytes;
        if (sums + per_process && !f->gram[l])
            amct_log(AMCT_LOG_WARN,
                     "layer '%s': its Gram matrix takes %zu MiB, more than the memory limit "
                     "allows: its weights are rounded without it",
                     f->db->layers[l].name, (sums + per_process) >> 20);
    }
}

void amct_leveldb_know(amct_leveldb *db, const amct_moments *moments)
{
    db->known = moments;
}

amct_status amct_leveldb_fill(amct_leveldb *db, const uint32_t *wanted, const amct_feed *feed,
                              uint32_t jobs, size_t limit_bytes, amct_err *err)
{
    uint32_t n_layers = db->calibration->n_layers;
    size_t items_bytes = ((size_t)n_layers * AMCT_N_LEVELS + 1) * sizeof(item);
    filling f = {.db = db, .feed = feed, .limit_bytes = limit_bytes, .jobs = jobs ? jobs : 1};
    f.gram = calloc(n_layers + 1, sizeof *f.gram);
    f.first = calloc(n_layers + 1, sizeof *f.first);
    f.items = amct_shared_alloc(items_bytes);
    amct_status status = f.gram && f.first && f.items ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        choose_grams(&f, wanted);
    for (uint32_t l = 0; status == AMCT_OK && l < n_layers; l++)
        for (int k = AMCT_LEVEL_16 + 1; k < AMCT_N_LEVELS && status == AMCT_OK; k++)
            if (wanted[l] >> k & 1 && !amct_level_refusal(&db->layers[l], (amct_level_kind)k) &&
                db->calibration->layers[l].seen)
                status = want(&f, l, (amct_level_kind)k, err);
    if (status == AMCT_OK)
        status = make_all(&f, err);
    free(f.gram);
    free(f.first);
    amct_shared_free(f.items, items_bytes);
    return status;
}

amct_status amct_leveldb_fill_all(amct_leveldb *db, uint32_t kinds, const amct_feed *feed,
                                  uint32_t jobs, size_t limit_bytes, amct_err *err)
{
    uint32_t n = db->calibration->n_layers, *wanted = calloc(n + 1, sizeof *wanted);
    if (!wanted)
        return amct_fail_nomem(err);
    for (uint32_t l = 0; l < n; l++)
        wanted[l] = kinds;
    amct_status status = amct_leveldb_fill(db, wanted, feed, jobs, limit_bytes, err);
    free(wanted);
    return status;
}
