/*
 * tf_bundle.h - a checkpoint of version 2 ("tensor bundle"): variables.index, a table in LevelDB's
 * format, says of every tensor in which file of data it lies, and where.
 * https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
#ifndef TF_BUNDLE_H
#define TF_BUNDLE_H

#include "tf_reader.h"

typedef struct tf_entry {
    const char *key;
    wire_span value; /* a BundleEntryProto */
} tf_entry;

typedef struct tf_bundle {
    tf_entry *entries; /* sorted by key */
    size_t n, cap;
    uint32_t n_shards;
    size_t n_bytes; /* of keys and unpacked blocks so far */
} tf_bundle;

/* Where a tensor lies. */
typedef struct tf_place {
    int64_t type; /* DataType */
    tf_shape shape;
    uint32_t shard;
    uint64_t offset, size;
    bool has_crc;
    uint32_t crc; /* masked CRC-32C of the bytes */
} tf_place;

/* Reads the index; it must stay where it is. */
int32_t tf_bundle_read(tf_reader *r, wire_span index, tf_bundle *out);
/* NULL if there is none. */
const tf_entry *tf_bundle_find(const tf_bundle *bundle, const char *key);
int32_t tf_bundle_place(tf_reader *r, const tf_bundle *bundle, const tf_entry *entry,
                        tf_place *out);

#endif
