#include "import_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 1 << 16, ALIGN = 16 };

struct import_chunk {
    import_chunk *next;
    void *unused; /* keeps what follows aligned */
};
_Static_assert(sizeof(import_chunk) == ALIGN, "the header keeps the alignment");

static void *new_chunk(import_memory *memory, size_t size)
{
    import_chunk *chunk = NULL;
    bool within = size <= memory->limit - memory->used;
    memory->full |= !within;
    if (within)
        chunk = memory->host->alloc(memory->host->ctx, sizeof *chunk + size, ALIGN);
    if (!chunk) {
        memory->exhausted = true;
        return NULL;
    }
    chunk->next = memory->chunks;
    memory->chunks = chunk;
    memory->used += size;
    return chunk + 1;
}

void *import_alloc(import_memory *memory, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2) {
        memory->full = memory->exhausted = true;
        return NULL;
    }
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes > memory->left || !memory->at) {
        if (bytes > CHUNK / 4) { /* one of its own, what is left of the present one stays in use */
            void *large = new_chunk(memory, bytes);
            return large ? memset(large, 0, bytes) : NULL;
        }
        char *fresh = new_chunk(memory, CHUNK);
        if (!fresh)
            return NULL;
        memory->at = fresh;
        memory->left = CHUNK;
    }
    void *data = memory->at;
    memory->at += bytes;
    memory->left -= bytes;
    return memset(data, 0, bytes);
}

char *import_text(import_memory *memory, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : import_alloc(memory, (size_t)n + 1, 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

char *import_copy(import_memory *memory, const void *bytes, size_t n)
{
    char *text = import_alloc(memory, n + 1, 1);
    if (text && n)
        memcpy(text, bytes, n);
    return text;
}

void *import_grow(import_memory *memory, void *data, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return data;
    size_t bigger = *cap ? 2 * *cap : 8;
    void *copy = import_alloc(memory, bigger, size);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, data, n * size);
    *cap = bigger;
    return copy;
}

void import_memory_clear(import_memory *memory)
{
    while (memory->chunks) {
        import_chunk *chunk = memory->chunks;
        memory->chunks = chunk->next;
        memory->host->free(memory->host->ctx, chunk);
    }
    memory->at = NULL;
    memory->left = memory->used = 0;
}
