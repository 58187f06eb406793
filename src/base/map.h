/*
 * map.h - content hash -> pointer. Keys are taken as they are: they are hashes already.
 */
#ifndef AMCT_BASE_MAP_H
#define AMCT_BASE_MAP_H

#include "base/hash.h"

#include <stdbool.h>

typedef struct amct_map {
    struct amct_map_slot {
        amct_hash key;
        void *value; /* NULL: empty */
    } * slots;
    size_t n, cap; /* cap is a power of two or 0 */
} amct_map;

/* The value stored for the key, or NULL. */
void *amct_map_get(const amct_map *map, amct_hash key);
/* Stores a value other than NULL, replacing one before; false when out of memory. */
bool amct_map_put(amct_map *map, amct_hash key, void *value);
/* Frees the table, not the values. */
void amct_map_free(amct_map *map);

#endif
