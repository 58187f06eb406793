/*
 * caffe_memory.h - memory of the importer with one lifetime: pieces of large blocks from the host,
 * also behind protobuf-c.
 */
#ifndef CAFFE_MEMORY_H
#define CAFFE_MEMORY_H

#include <amct/plugin.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

typedef struct caffe_chunk caffe_chunk;

typedef struct caffe_memory {
    const amct_host *host;
    caffe_chunk *chunks; /* the newest first */
    bool exhausted;      /* an allocation has failed */
    ProtobufCAllocator protobuf;
} caffe_memory;

void caffe_memory_init(caffe_memory *memory, const amct_host *host);
/* Frees all of it. */
void caffe_memory_clear(caffe_memory *memory);
/* n elements of size bytes, zeroed, aligned to 16; NULL when out of memory or n * size overflows.
 */
void *caffe_alloc(caffe_memory *memory, size_t n, size_t size);
/* A string made as by printf. */
char *caffe_text(caffe_memory *memory, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A list that grows: *items, of which n are used, has room for one more of size bytes afterwards.
 * False when out of memory. Capacities are powers of two from 4 on. */
bool caffe_grow(caffe_memory *memory, void *items, size_t n, size_t size);

#endif
