#include "tf_bundle.h"

#include "tf_snappy.h"

#include <stdlib.h>
#include <string.h>

enum { FOOTER = 48, TRAILER = 5, MAX_KEY = 1 << 16, NONE = 0, SNAPPY = 1 };
/* What keys and unpacked blocks may take: an index says little of each tensor. */
#define MAX_BYTES ((size_t)128 << 20)
#define MAGIC     0xdb4775248b80fb57u

static int32_t damaged(tf_reader *r, const char *what)
{
    return tf_fail(r, AMCT_E_FORMAT, "%s", what);
}

static int32_t account(tf_reader *r, tf_bundle *b, size_t bytes)
{
    if (bytes > MAX_BYTES - b->n_bytes)
        return tf_fail(r, AMCT_E_LIMIT, "the index unpacks to more than %zu MiB", MAX_BYTES >> 20);
    b->n_bytes += bytes;
    return AMCT_OK;
}

/* ---- Blocks -------------------------------------------------------------------------------- */

/* A BlockHandle, offset and size, becomes the block's content. */
static int32_t read_block(tf_reader *r, tf_bundle *b, wire_span file, wire_span *handle,
                          wire_span *out)
{
    uint64_t offset, size;
    if (wire_varint(handle, &offset) < 0 || wire_varint(handle, &size) < 0 || offset > file.size ||
        size > file.size - offset || file.size - offset - size < TRAILER)
        return damaged(r, "a block lies outside of the file");
    wire_span packed = {file.data + offset, (size_t)size};
    size_t whole;
    uint8_t type = packed.data[size];
    *out = packed;
    if (type == NONE)
        return AMCT_OK;
    if (type != SNAPPY)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "a block is compressed by method %u, snappy wanted",
                       type);
    if (!tf_snappy_size(packed, &whole))
        return damaged(r, "a compressed block says that it unpacks to more than it can");
    TF_TRY(account(r, b, whole));
    uint8_t *data = import_alloc(&r->memory, whole + 1, 1);
    if (!data)
        return tf_nomem(r);
    if (!tf_snappy_unpack(packed, data, whole))
        return damaged(r, "a compressed block is damaged");
    *out = (wire_span){data, whole};
    return AMCT_OK;
}

/* A block's entries, without the list of restarts behind them. */
static int32_t cut_restarts(tf_reader *r, wire_span *block)
{
    uint32_t n = 0;
    if (block->size < 4)
        return damaged(r, "a block is too short");
    for (uint32_t i = 0; i < 4; i++)
        n |= (uint32_t)block->data[block->size - 4 + i] << (8 * i);
    if (n > (block->size - 4) / 4)
        return damaged(r, "a block is damaged");
    block->size -= 4 + 4 * (size_t)n;
    return AMCT_OK;
}

/* A key that has its first bytes in common with the one before it. */
typedef struct cursor {
    char key[MAX_KEY + 1];
    size_t length;
    wire_span value;
} cursor;

static int32_t next_entry(tf_reader *r, wire_span *block, cursor *c)
{
    uint64_t shared, own, size;
    if (wire_varint(block, &shared) < 0 || wire_varint(block, &own) < 0 ||
        wire_varint(block, &size) < 0 || shared > c->length || own > MAX_KEY - shared ||
        own > block->size || size > block->size - own)
        return damaged(r, "an entry of the index is damaged");
    memcpy(c->key + shared, block->data, (size_t)own);
    c->length = (size_t)(shared + own);
    c->key[c->length] = 0;
    c->value = (wire_span){block->data + own, (size_t)size};
    block->data += own + size;
    block->size -= (size_t)(own + size);
    return AMCT_OK;
}

/* ---- Entries ------------------------------------------------------------------------------- */

static int32_t add_entry(tf_reader *r, tf_bundle *b, const cursor *c)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 64;
        tf_entry *more = import_alloc(&r->memory, cap, sizeof *more);
        if (!more)
            return tf_nomem(r);
        if (b->n)
            memcpy(more, b->entries, b->n * sizeof *more);
        b->entries = more;
        b->cap = cap;
    }
    TF_TRY(account(r, b, c->length + sizeof(tf_entry)));
    tf_entry *entry = &b->entries[b->n];
    entry->value = c->value;
    TF_TRY(tf_copy(r, (wire_span){(const uint8_t *)c->key, c->length}, &entry->key));
    if (b->n && strcmp(b->entries[b->n - 1].key, entry->key) >= 0)
        return tf_fail(r, AMCT_E_FORMAT, "the name '%.200s' is there twice, or not in its place",
                       entry->key);
    b->n++;
    return AMCT_OK;
}

static int32_t read_entries(tf_reader *r, tf_bundle *b, wire_span block, cursor *c)
{
    c->length = 0;
    TF_TRY(cut_restarts(r, &block));
    while (block.size) {
        TF_TRY(next_entry(r, &block, c));
        TF_TRY(add_entry(r, b, c));
    }
    return AMCT_OK;
}

/* The index of the table names the last key of each block, and where it is. */
static int32_t read_table(tf_reader *r, tf_bundle *b, wire_span file, cursor *outer, cursor *inner)
{
    uint64_t magic = 0, ignored;
    wire_span index, block, footer = {file.data + file.size - FOOTER, FOOTER};
    for (uint32_t i = 0; i < 8; i++)
        magic |= (uint64_t)footer.data[FOOTER - 8 + i] << (8 * i);
    if (magic != MAGIC)
        return damaged(r, "is no index of a checkpoint of version 2, or cut short");
    if (wire_varint(&footer, &ignored) < 0 || wire_varint(&footer, &ignored) < 0)
        return damaged(r, "its footer is damaged");
    TF_TRY(read_block(r, b, file, &footer, &index));
    TF_TRY(cut_restarts(r, &index));
    while (index.size) {
        TF_TRY(next_entry(r, &index, outer));
        TF_TRY(read_block(r, b, file, &outer->value, &block));
        TF_TRY(read_entries(r, b, block, inner));
    }
    return AMCT_OK;
}

/* BundleHeaderProto, under the empty name: 1 num_shards, 2 endianness. */
static int32_t read_header(tf_reader *r, tf_bundle *b)
{
    const tf_entry *header = tf_bundle_find(b, "");
    if (!header || !wire_valid(header->value))
        return damaged(r, "the index has no header");
    int64_t n = wire_int(header->value, 1, 0);
    if (n < 1 || n > 99999)
        return tf_fail(r, AMCT_E_FORMAT,
                       "the index speaks of %lld files of data, 1 to 99999 wanted", (long long)n);
    if (wire_int(header->value, 2, 0) != 0)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "the checkpoint is big-endian");
    b->n_shards = (uint32_t)n;
    return AMCT_OK;
}

int32_t tf_bundle_read(tf_reader *r, wire_span index, tf_bundle *out)
{
    *out = (tf_bundle){0};
    if (index.size < FOOTER)
        return damaged(r, "is no index of a checkpoint of version 2, or cut short");
    cursor *both = r->host->alloc(r->host->ctx, 2 * sizeof *both, 16);
    if (!both)
        return tf_nomem(r);
    both[0].length = both[1].length = 0;
    int32_t status = read_table(r, out, index, &both[0], &both[1]);
    r->host->free(r->host->ctx, both);
    TF_TRY(status);
    return read_header(r, out);
}

static int compare_entries(const void *key, const void *entry)
{
    return strcmp(key, ((const tf_entry *)entry)->key);
}

const tf_entry *tf_bundle_find(const tf_bundle *bundle, const char *key)
{
    return bundle->n
               ? bsearch(key, bundle->entries, bundle->n, sizeof *bundle->entries, compare_entries)
               : NULL;
}

/* BundleEntryProto: 1 dtype, 2 shape, 3 shard_id, 4 offset, 5 size, 6 crc32c, 7 slices. */
int32_t tf_bundle_place(tf_reader *r, const tf_bundle *bundle, const tf_entry *entry, tf_place *out)
{
    wire_span message = entry->value;
    wire_field field;
    tf_place place;
    bool known;
    int64_t shard = wire_int(message, 3, 0);
    if (!wire_valid(message))
        return damaged(r, "its entry of the index is damaged");
    if (wire_find(message, 7, WIRE_LENGTH, &field))
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "is stored in slices (a partitioned variable), which is not supported");
    place.type = wire_int(message, 1, 0);
    TF_TRY(tf_read_shape(r, wire_bytes(message, 2), &place.shape, &known));
    if (shard < 0 || shard >= bundle->n_shards)
        return tf_fail(r, AMCT_E_FORMAT, "lies in file %lld of %u", (long long)shard,
                       bundle->n_shards);
    place.shard = (uint32_t)shard;
    place.offset = (uint64_t)wire_int(message, 4, 0);
    place.size = (uint64_t)wire_int(message, 5, 0);
    place.has_crc = wire_find(message, 6, WIRE_FIXED32, &field);
    place.crc = place.has_crc ? (uint32_t)field.value : 0;
    *out = place;
    return AMCT_OK;
}
