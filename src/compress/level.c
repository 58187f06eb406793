#include "compress/level.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

struct amct_leveldb {
    const amct_graph *graph;
    const amct_layer *layers;
    const amct_calibration *calibration;
    amct_level_options options;
    char *folder;
    amct_arena *arena;
    amct_quantised **w8a8; /* per layer, NULL: not computed yet */
};

/* What stands before scales, bias and weights in a file. */
typedef struct header {
    char magic[8];
    uint64_t key[2], payload[2]; /* hashes */
    int64_t n_weights, n_scales, channels;
    float scale;
    int32_t offset;
} header;

static const char magic[8] = "AMCTLVL1";

const char *amct_level_name(amct_level_kind kind)
{
    static const char *const names[AMCT_N_LEVELS] = {"16", "w8a8"};
    return kind < AMCT_N_LEVELS ? names[kind] : "?";
}

int64_t amct_level_bytes(const amct_layer *layer, amct_level_kind kind)
{
    int64_t bias = layer->bias != AMCT_NO_TENSOR ? layer->channels : 0;
    int64_t weights = layer->parameters - bias;
    if (kind == AMCT_LEVEL_16)
        return 2 * layer->parameters;
    return weights + 4 * layer->channels + 8 * (layer->per_channel ? layer->channels : 1);
}

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
    amct_status status = AMCT_OK;
    if (db->arena) {
        db->w8a8 = amct_arena_array(db->arena, calibration->n_layers, sizeof *db->w8a8);
        db->folder = folder ? amct_arena_string(db->arena, folder) : NULL;
    }
    if (!db->arena || !db->w8a8 || (folder && !db->folder))
        status = amct_fail_nomem(err);
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

static amct_hash hash_ints(amct_hash h, const amct_node *node, const char *name)
{
    size_t n;
    const int64_t *values = amct_node_ints(node, name, &n);
    return amct_hash_bytes(h, values, n * sizeof *values);
}

static amct_hash key_of(const amct_leveldb *db, uint32_t i)
{
    const amct_layer *layer = &db->layers[i];
    const amct_layer_stats *stats = &db->calibration->layers[i];
    const amct_graph *graph = db->graph;
    const amct_node *node = &graph->nodes[layer->node];
    const amct_tensor *w = &graph->tensors[layer->weights];
    const amct_shape *src = &graph->tensors[layer->src].shape;
    amct_hash h = amct_hash_string(w->hash, "w8a8 1");
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
    uint32_t scale;
    memcpy(&scale, &stats->src.scale, sizeof scale);
    h = amct_hash_u64(h, (uint64_t)scale << 32 | (uint32_t)stats->src.offset);
    h = amct_hash_u64(h, (uint64_t)db->options.weights << 1 | db->options.correct_mean);
    return amct_hash_bytes(h, stats->src_mean, (size_t)stats->n_src_channels * sizeof(double));
}

static amct_hash payload_hash(const amct_quantised *q)
{
    amct_hash h = amct_hash_bytes((amct_hash){0}, q->scales, (size_t)q->n_scales * 4);
    h = amct_hash_bytes(h, q->bias, (size_t)q->channels * 4);
    return amct_hash_bytes(h, q->weights, (size_t)q->n_weights);
}

static void release_file(void *object)
{
    amct_file_unmap(object);
}

/* Reads a level from its file; false if there is none, or not a sound one. */
static bool read_level(amct_quantised *to, amct_leveldb *db, const char *path, amct_hash key,
                       const amct_quantised *wanted)
{
    amct_err ignored;
    header h;
    amct_file *file = amct_arena_alloc(db->arena, sizeof *file);
    if (!file || amct_file_map(file, path, &ignored) != AMCT_OK)
        return false;
    size_t payload = (size_t)(wanted->n_scales + wanted->channels) * 4 + (size_t)wanted->n_weights;
    bool sound = file->size == sizeof h + payload;
    if (sound) {
        memcpy(&h, file->data, sizeof h);
        *to = *wanted;
        to->scales = (const float *)(const void *)((const char *)file->data + sizeof h);
        to->bias = (const int32_t *)(const void *)(to->scales + to->n_scales);
        to->weights = (const int8_t *)(to->bias + to->channels);
        amct_hash hash = payload_hash(to);
        sound = memcmp(h.magic, magic, sizeof magic) == 0 && h.key[0] == key.lo &&
                h.key[1] == key.hi && h.payload[0] == hash.lo && h.payload[1] == hash.hi &&
                h.n_weights == to->n_weights && h.n_scales == to->n_scales &&
                h.channels == to->channels;
        to->weights_hash = amct_hash_bytes((amct_hash){0}, to->weights, (size_t)to->n_weights);
    }
    if (!sound)
        amct_file_unmap(file);
    else if (amct_arena_own(db->arena, file, release_file))
        return false;
    return sound;
}

static amct_status write_level(const amct_quantised *q, const char *path, amct_hash key,
                               amct_err *err)
{
    amct_hash hash = payload_hash(q);
    header h = {.key = {key.lo, key.hi},
                .payload = {hash.lo, hash.hi},
                .n_weights = q->n_weights,
                .n_scales = q->n_scales,
                .channels = q->channels,
                .scale = q->src.scale,
                .offset = q->src.offset};
    memcpy(h.magic, magic, sizeof magic);
    size_t scales = (size_t)q->n_scales * 4, bias = (size_t)q->channels * 4;
    size_t size = sizeof h + scales + bias + (size_t)q->n_weights;
    char *bytes = malloc(size), *at = bytes;
    if (!bytes)
        return amct_fail_nomem(err);
    memcpy(at, &h, sizeof h), at += sizeof h;
    memcpy(at, q->scales, scales), at += scales;
    memcpy(at, q->bias, bias), at += bias;
    memcpy(at, q->weights, (size_t)q->n_weights);
    amct_status status = amct_file_write(path, bytes, size, err);
    free(bytes);
    return status;
}

static amct_status find_or_make(amct_quantised *to, amct_leveldb *db, uint32_t i, amct_err *err)
{
    const amct_layer *layer = &db->layers[i];
    const amct_layer_stats *stats = &db->calibration->layers[i];
    char name[AMCT_HASH_HEX + 8], *path = NULL;
    amct_hash key = key_of(db, i);
    amct_quantised wanted = {.src = stats->src,
                             .n_weights =
                                 amct_shape_size(&db->graph->tensors[layer->weights].shape),
                             .n_scales = layer->per_channel ? layer->channels : 1,
                             .channels = layer->channels};
    if (db->folder) {
        amct_hash_hex(key, name);
        strcat(name, ".w8a8");
        path = amct_path_join(db->folder, name);
        if (!path)
            return amct_fail_nomem(err);
        if (read_level(to, db, path, key, &wanted)) {
            free(path);
            return AMCT_OK;
        }
    }
    amct_status status = amct_quantise_layer(to, db->arena, db->graph, layer, stats,
                                             db->options.weights, db->options.correct_mean, err);
    if (status == AMCT_OK && path)
        status = write_level(to, path, key, err);
    free(path);
    return status;
}

amct_status amct_leveldb_get(const amct_quantised **out, amct_leveldb *db, uint32_t layer,
                             amct_level_kind kind, amct_err *err)
{
    if (kind == AMCT_LEVEL_16) {
        *out = NULL;
        return AMCT_OK;
    }
    const amct_layer *l = &db->layers[layer];
    if (l->no_int8 || !db->calibration->layers[layer].seen)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "%s", l->no_int8 ? l->no_int8 : "not calibrated");
    if (!db->w8a8[layer]) {
        amct_quantised *q = amct_arena_alloc(db->arena, sizeof *q);
        if (!q)
            return amct_fail_nomem(err);
        AMCT_TRY(find_or_make(q, db, layer, err));
        db->w8a8[layer] = q;
    }
    *out = db->w8a8[layer];
    return AMCT_OK;
}
