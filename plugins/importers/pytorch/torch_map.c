#include "torch_map.h"

#include <string.h>

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

void **torch_map_at(torch_map *map, import_memory *memory, const char *key)
{
    torch_map_node **at = &map->root;
    for (uint64_t hash = hash_of(key); *at; hash >>= 2) {
        if (strcmp((*at)->key, key) == 0)
            return &(*at)->value;
        at = &(*at)->child[hash & 3];
    }
    if (!(*at = import_alloc(memory, 1, sizeof **at)))
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
