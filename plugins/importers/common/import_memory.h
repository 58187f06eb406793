/*
 * import_memory.h - memory of an importer with one lifetime: small pieces cut from large blocks of
 * the host, all given back at once. Shared by the importers of this tree.
 */
#ifndef IMPORT_MEMORY_H
#define IMPORT_MEMORY_H

#include <amct/plugin.h>
#include <stdbool.h>

typedef struct import_chunk import_chunk;

/* Ready for use once host and limit are set and the rest is zeroed. */
typedef struct import_memory {
    const amct_host *host;
    size_t limit; /* bytes; a file may not make us take more */
    import_chunk *chunks;
    char *at;
    size_t left, used;
    bool full;      /* it has tried to take more than limit */
    bool exhausted; /* an allocation has failed, for whatever reason */
} import_memory;

/* n elements of size bytes, zeroed, aligned to 16; NULL when out of memory, beyond the limit, or if
 * n * size overflows. */
void *import_alloc(import_memory *memory, size_t n, size_t size);
/* A string made as by printf; NULL as above. */
char *import_text(import_memory *memory, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The first n bytes as a string; NULL as above. */
char *import_copy(import_memory *memory, const void *bytes, size_t n);
/* Makes room for one more of n elements: data, or a larger copy of it; NULL as above. */
void *import_grow(import_memory *memory, void *data, size_t n, size_t *cap, size_t size);
/* Frees all of it. */
void import_memory_clear(import_memory *memory);

#endif
