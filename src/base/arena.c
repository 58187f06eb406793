#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_BY_BLOCK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_BY_BLOCK 1
#endif
#endif
#ifndef BLOCK_BY_BLOCK
#define BLOCK_BY_BLOCK 0
#endif

enum { CHUNK_BYTES = 64 * 1024, ALIGN_SMALL = 16, ALIGN_LARGE = 64 };

typedef struct chunk {
    struct chunk *next;
    size_t used, size; /* of data, which begins at an aligned address behind this header */
} chunk;

typedef struct owned {
    struct owned *next;
    void *object;
    void (*release)(void *object);
} owned;

struct amct_arena {
    chunk *chunks; /* the newest first; only it has room */
    owned *owned;
};

static const size_t header_bytes = (sizeof(chunk) + ALIGN_LARGE - 1) / ALIGN_LARGE * ALIGN_LARGE;

amct_arena *amct_arena_new(void)
{
    return calloc(1, sizeof(amct_arena));
}

void amct_arena_free(amct_arena *arena)
{
    if (!arena)
        return;
    for (owned *o = arena->owned; o; o = o->next)
        o->release(o->object);
    for (chunk *c = arena->chunks; c;) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
    free(arena);
}

static chunk *new_chunk(amct_arena *arena, size_t size)
{
    if (size > SIZE_MAX - header_bytes - ALIGN_LARGE)
        return NULL;
    size_t total = header_bytes + size;
    if (!BLOCK_BY_BLOCK)
        total = (total + ALIGN_LARGE - 1) / ALIGN_LARGE * ALIGN_LARGE;
    void *memory = NULL;
    if (posix_memalign(&memory, ALIGN_LARGE, total))
        return NULL;
    chunk *c = memory;
    memset(c, 0, total);
    *c = (chunk){.next = arena->chunks, .size = size};
    arena->chunks = c;
    return c;
}

void *amct_arena_alloc(amct_arena *arena, size_t size)
{
    if (size == 0)
        size = 1;
    size_t align = size >= ALIGN_LARGE ? ALIGN_LARGE : ALIGN_SMALL;
    chunk *c = arena->chunks;
    if (!BLOCK_BY_BLOCK && c) {
        size_t at = (c->used + align - 1) / align * align;
        if (at <= c->size && size <= c->size - at) {
            c->used = at + size;
            return (char *)c + header_bytes + at;
        }
    }
    int alone = BLOCK_BY_BLOCK || size > CHUNK_BYTES / 4;
    chunk *full = c;
    c = new_chunk(arena, alone ? size : CHUNK_BYTES);
    if (!c)
        return NULL;
    c->used = size;
    if (alone && full && !BLOCK_BY_BLOCK) { /* keep the one with room in front */
        arena->chunks = full;
        c->next = full->next;
        full->next = c;
    }
    return (char *)c + header_bytes;
}

void *amct_arena_array(amct_arena *arena, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return amct_arena_alloc(arena, n * size);
}

void *amct_arena_copy(amct_arena *arena, const void *data, size_t size)
{
    void *copy = amct_arena_alloc(arena, size);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

char *amct_arena_string(amct_arena *arena, const char *text)
{
    return amct_arena_copy(arena, text, strlen(text) + 1);
}

char *amct_arena_join(amct_arena *arena, const char *first, const char *second)
{
    size_t length = strlen(first), size = strlen(second) + 1;
    char *text = amct_arena_alloc(arena, length + size);
    if (text) {
        memcpy(text, first, length);
        memcpy(text + length, second, size);
    }
    return text;
}

char *amct_arena_printf(amct_arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : amct_arena_alloc(arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

int amct_arena_own(amct_arena *arena, void *object, void (*release)(void *object))
{
    owned *o = amct_arena_alloc(arena, sizeof *o);
    if (!o) {
        release(object);
        return -1;
    }
    *o = (owned){arena->owned, object, release};
    arena->owned = o;
    return 0;
}
