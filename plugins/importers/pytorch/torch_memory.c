#include "torch_memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16, ALIGN = 16 };

struct torch_block {
    torch_block *next;
    char *end; /* of what follows the header */
};
_Static_assert(sizeof(torch_block) == ALIGN, "the header keeps the alignment");

void torch_memory_init(torch_memory *memory, const amct_host *host)
{
    *memory = (torch_memory){.host = host};
}

void torch_memory_clear(torch_memory *memory)
{
    while (memory->blocks) {
        torch_block *next = memory->blocks->next;
        memory->host->free(memory->host->ctx, memory->blocks);
        memory->blocks = next;
    }
    memory->left = memory->total = 0;
}

static bool add_block(torch_memory *memory, size_t size)
{
    size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    if (room > TORCH_MAX_MEMORY - memory->total)
        return false;
    torch_block *block =
        memory->host->alloc(memory->host->ctx, sizeof *block + room, sizeof *block);
    if (!block)
        return false;
    *block = (torch_block){memory->blocks, (char *)(block + 1) + room};
    memory->blocks = block;
    memory->left = room;
    memory->total += room;
    return true;
}

void *torch_alloc(torch_memory *memory, size_t n, size_t size)
{
    if (size && n > TORCH_MAX_MEMORY / size)
        return NULL;
    size_t bytes = (n * size + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes == 0)
        bytes = ALIGN;
    if (bytes > memory->left && !add_block(memory, bytes))
        return NULL;
    char *data = memory->blocks->end - memory->left;
    memory->left -= bytes;
    return memset(data, 0, bytes);
}

char *torch_text(torch_memory *memory, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : torch_alloc(memory, (size_t)n + 1, 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

char *torch_copy(torch_memory *memory, const void *bytes, size_t n)
{
    char *text = torch_alloc(memory, n + 1, 1);
    if (text && n)
        memcpy(text, bytes, n);
    return text;
}

void *torch_grow(torch_memory *memory, void *data, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return data;
    size_t bigger = *cap ? 2 * *cap : 8;
    void *copy = torch_alloc(memory, bigger, size);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, data, n * size);
    *cap = bigger;
    return copy;
}

/* ---- Map ----------------------------------------------------------------------------------- */

/* A tree of four branches a node, taken by two bits of the hash at a time. */
typedef struct torch_map_node {
    struct torch_map_node *child[4];
    const char *key;
    void *value;
} torch_map_node;

static uint64_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3;
    return hash ^ hash >> 32;
}

void **torch_map_at(torch_map *map, torch_memory *memory, const char *key)
{
    torch_map_node **at = &map->root;
    for (uint64_t hash = hash_of(key); *at; hash >>= 2) {
        if (strcmp((*at)->key, key) == 0)
            return &(*at)->value;
        at = &(*at)->child[hash & 3];
    }
    if (!(*at = torch_alloc(memory, 1, sizeof **at)))
        return NULL;
    (*at)->key = key;
    return &(*at)->value;
}

void *torch_map_get(const torch_map *map, const char *key)
{
    const torch_map_node *node = map->root;
    for (uint64_t hash = hash_of(key); node; hash >>= 2) {
        if (strcmp(node->key, key) == 0)
            return node->value;
        node = node->child[hash & 3];
    }
    return NULL;
}
