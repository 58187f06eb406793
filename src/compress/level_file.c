#include "compress/level_file.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

typedef struct header {
    char magic[8];
    uint64_t key[2], payload[2]; /* hashes */
    int64_t n_weights, n_scales, channels;
    uint32_t src_bits, weight_bits;
} header;

static const char magic[8] = "AMCTLVL2";

size_t amct_level_payload(const amct_quantised *q)
{
    return (size_t)(q->n_scales + q->channels) * 4 + (size_t)q->n_weights;
}

void amct_level_lay_out(amct_quantised *q, void *payload)
{
    q->scales = payload;
    q->bias = (const int32_t *)(const void *)(q->scales + q->n_scales);
    q->weights = (const int8_t *)(q->bias + q->channels);
}

static header header_of(const amct_quantised *q, amct_hash key)
{
    amct_hash hash = amct_hash_bytes((amct_hash){0}, q->scales, amct_level_payload(q));
    header h = {.key = {key.lo, key.hi},
                .payload = {hash.lo, hash.hi},
                .n_weights = q->n_weights,
                .n_scales = q->n_scales,
                .channels = q->channels,
                .src_bits = q->src_bits,
                .weight_bits = q->weight_bits};
    memcpy(h.magic, magic, sizeof magic);
    return h;
}

static void release_file(void *object)
{
    amct_file_unmap(object);
}

bool amct_level_read(amct_quantised *q, amct_arena *arena, const char *path, amct_hash key)
{
    amct_err ignored;
    amct_file *file = amct_arena_alloc(arena, sizeof *file);
    if (!file || amct_file_map(file, path, &ignored) != AMCT_OK)
        return false;
    amct_quantised found = *q;
    bool sound = file->size == sizeof(header) + amct_level_payload(q);
    if (sound) {
        amct_level_lay_out(&found, (char *)file->data + sizeof(header));
        header h = header_of(&found, key);
        sound = memcmp(file->data, &h, sizeof h) == 0;
    }
    if (!sound) {
        amct_file_unmap(file);
        return false;
    }
    if (amct_arena_own(arena, file, release_file))
        return false;
    found.weights_hash = amct_hash_bytes((amct_hash){0}, found.weights, (size_t)found.n_weights);
    *q = found;
    return true;
}

amct_status amct_level_write(const amct_quantised *q, const char *path, amct_hash key,
                             amct_err *err)
{
    header h = header_of(q, key);
    size_t payload = amct_level_payload(q);
    char *bytes = malloc(sizeof h + payload);
    if (!bytes)
        return amct_fail_nomem(err);
    memcpy(bytes, &h, sizeof h);
    memcpy(bytes + sizeof h, q->scales, payload);
    amct_status status = amct_file_write(path, bytes, sizeof h + payload, err);
    free(bytes);
    return status;
}
