/*
 * torch_memory.h - memory of the importer: small pieces cut from blocks of the host, all freed at
 * once, and a map from names to pointers that lives in it.
 */
#ifndef TORCH_MEMORY_H
#define TORCH_MEMORY_H

#include <amct/plugin.h>

/* What is read from a file may not take more than this, without the weights, which stay in it. */
#define TORCH_MAX_MEMORY ((size_t)1 << 29)

typedef struct torch_block torch_block;

typedef struct torch_memory {
    const amct_host *host;
    torch_block *blocks;
    size_t left;  /* of the first block */
    size_t total; /* of all blocks */
} torch_memory;

void torch_memory_init(torch_memory *memory, const amct_host *host);
/* Frees all of it. */
void torch_memory_clear(torch_memory *memory);
/* n elements of size bytes, zeroed, aligned to 16; NULL when out of memory, when n * size
 * overflows, and beyond TORCH_MAX_MEMORY. */
void *torch_alloc(torch_memory *memory, size_t n, size_t size);
/* A string made as by printf; NULL as above. */
char *torch_text(torch_memory *memory, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The first n bytes as a string; NULL as above. */
char *torch_copy(torch_memory *memory, const void *bytes, size_t n);
/* Makes room for one more of n elements: data, or a larger copy of it; NULL as above. */
void *torch_grow(torch_memory *memory, void *data, size_t n, size_t *cap, size_t size);

/* Names to pointers. A zeroed one is empty. Keys are not copied. */
typedef struct torch_map {
    struct torch_map_node *root;
} torch_map;

void *torch_map_get(const torch_map *map, const char *key); /* NULL if it is not there */
/* The place for key's pointer, made if it is not there (NULL then); NULL when out of memory. */
void **torch_map_at(torch_map *map, torch_memory *memory, const char *key);

#endif
