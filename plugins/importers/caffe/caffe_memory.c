#include "caffe_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 64 * 1024, ALIGN = 16 };

struct caffe_chunk {
    caffe_chunk *next;
    size_t used, size; /* behind the header */
};
_Static_assert(sizeof(caffe_chunk) % 8 == 0, "the header keeps the alignment");
#define HEAD ((sizeof(caffe_chunk) + ALIGN - 1) / ALIGN * ALIGN)

static caffe_chunk *add_chunk(caffe_memory *memory, size_t size)
{
    caffe_chunk *chunk = memory->host->alloc(memory->host->ctx, HEAD + size, ALIGN);
    if (!chunk)
        return NULL;
    *chunk = (caffe_chunk){.size = size};
    if (memory->chunks && size > CHUNK) { /* the newest still has room */
        chunk->next = memory->chunks->next;
        memory->chunks->next = chunk;
    } else {
        chunk->next = memory->chunks;
        memory->chunks = chunk;
    }
    return chunk;
}

static void *take(void *data, size_t size)
{
    caffe_memory *memory = data;
    if (size > SIZE_MAX / 2) {
        memory->exhausted = true;
        return NULL;
    }
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    caffe_chunk *chunk = memory->chunks;
    if (!chunk || chunk->size - chunk->used < size)
        chunk = add_chunk(memory, size > CHUNK ? size : CHUNK);
    if (!chunk) {
        memory->exhausted = true;
        return NULL;
    }
    void *piece = (char *)chunk + HEAD + chunk->used;
    chunk->used += size;
    return piece;
}

static void keep(void *data, void *pointer)
{
    (void)data, (void)pointer; /* freed with all the rest */
}

void caffe_memory_init(caffe_memory *memory, const amct_host *host)
{
    *memory = (caffe_memory){.host = host, .protobuf = {take, keep, memory}};
}

void caffe_memory_clear(caffe_memory *memory)
{
    while (memory->chunks) {
        caffe_chunk *next = memory->chunks->next;
        memory->host->free(memory->host->ctx, memory->chunks);
        memory->chunks = next;
    }
}

void *caffe_alloc(caffe_memory *memory, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size) {
        memory->exhausted = true;
        return NULL;
    }
    void *data = take(memory, n * size);
    if (data)
        memset(data, 0, n * size);
    return data;
}

char *caffe_text(caffe_memory *memory, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : caffe_alloc(memory, (size_t)n + 1, 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

bool caffe_grow(caffe_memory *memory, void *items, size_t n, size_t size)
{
    void *old, *bigger;
    if (n && (n < 4 || (n & (n - 1))))
        return true;
    bigger = caffe_alloc(memory, n ? 2 * n : 4, size);
    if (!bigger)
        return false;
    memcpy(&old, items, sizeof old);
    if (n)
        memcpy(bigger, old, n * size);
    memcpy(items, &bigger, sizeof bigger);
    return true;
}
