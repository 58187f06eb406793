/*
 * torch_map.h - a map from names to pointers that lives in the importer's memory.
 */
#ifndef TORCH_MAP_H
#define TORCH_MAP_H

#include "../common/import_memory.h"

/* Names to pointers. A zeroed one is empty. Keys are not copied. */
typedef struct torch_map {
    struct torch_map_node *root;
} torch_map;

void *torch_map_get(const torch_map *map, const char *key); /* NULL if it is not there */
/* The place for key's pointer, made if it is not there (NULL then); NULL when out of memory. */
void **torch_map_at(torch_map *map, import_memory *memory, const char *key);

#endif
