/*
 * tf_memory.h - memory of the importer: taken from the host in large blocks, given back at once.
 */
#ifndef TF_MEMORY_H
#define TF_MEMORY_H

#include <amct/plugin.h>
#include <stdbool.h>

typedef struct tf_chunk tf_chunk;

typedef struct tf_memory {
    const amct_host *host;
    tf_chunk *chunks;
    char *at;
    size_t left;
    size_t used, limit; /* bytes; a file may not make us take more than limit */
    bool full;          /* it has tried to */
} tf_memory;

/* n elements of size bytes, zeroed, aligned to 16; NULL when out of memory, beyond the limit, or if
 * n * size overflows. */
void *tf_alloc(tf_memory *memory, size_t n, size_t size);
/* A string made as by printf. */
char *tf_text(tf_memory *memory, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Frees all of it. */
void tf_memory_clear(tf_memory *memory);

#endif
