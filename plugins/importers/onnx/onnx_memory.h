/*
 * onnx_memory.h - memory of the importer: blocks from the host that are freed one by one or all at
 * once, also behind protobuf-c.
 */
#ifndef ONNX_MEMORY_H
#define ONNX_MEMORY_H

#include <amct/plugin.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

typedef struct onnx_block onnx_block;

typedef struct onnx_memory {
    const amct_host *host;
    onnx_block *blocks;
    bool exhausted; /* an allocation has failed */
    ProtobufCAllocator protobuf;
} onnx_memory;

void onnx_memory_init(onnx_memory *memory, const amct_host *host);
/* Frees all of it. */
void onnx_memory_clear(onnx_memory *memory);
/* n elements of size bytes, zeroed, aligned to 16; NULL when out of memory or n * size overflows.
 */
void *onnx_alloc(onnx_memory *memory, size_t n, size_t size);
/* A string made as by printf. */
char *onnx_text(onnx_memory *memory, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
