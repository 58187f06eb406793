#include "tf_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 1 << 16, ALIGN = 16 };

struct tf_chunk {
    tf_chunk *next;
    void *unused; /* keeps what follows aligned */
};
_Static_assert(sizeof(tf_chunk) == ALIGN, "the header keeps the alignment");

static void *new_chunk(tf_memory *memory, size_t size)
{
    tf_chunk *chunk = NULL;
    memory->full |= size > memory->limit - memory->used;
    if (!memory->full)
        chunk = memory->host->alloc(memory->host->ctx, sizeof *chunk + size, ALIGN);
    if (!chunk)
        return NULL;
    chunk->next = memory->chunks;
    memory->chunks = chunk;
    memory->used += size;
    return chunk + 1;
}

void *tf_alloc(tf_memory *memory, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes > memory->left) {
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

char *tf_text(tf_memory *memory, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : tf_alloc(memory, (size_t)n + 1, 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

void tf_memory_clear(tf_memory *memory)
{
    while (memory->chunks) {
        tf_chunk *chunk = memory->chunks;
        memory->chunks = chunk->next;
        memory->host->free(memory->host->ctx, chunk);
    }
    memory->at = NULL;
    memory->left = memory->used = 0;
}
