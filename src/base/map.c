#include "base/map.h"

#include <stdlib.h>

static struct amct_map_slot *find(const amct_map *map, amct_hash key)
{
    size_t at = key.lo & (map->cap - 1);
    while (map->slots[at].value && !amct_hash_equal(map->slots[at].key, key))
        at = (at + 1) & (map->cap - 1);
    return &map->slots[at];
}

void *amct_map_get(const amct_map *map, amct_hash key)
{
    return map->cap ? find(map, key)->value : NULL;
}

static bool grow(amct_map *map)
{
    amct_map bigger = {.cap = map->cap ? map->cap * 2 : 64};
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->cap; i++)
        if (map->slots[i].value)
            *find(&bigger, map->slots[i].key) = map->slots[i];
    bigger.n = map->n;
    free(map->slots);
    *map = bigger;
    return true;
}

bool amct_map_put(amct_map *map, amct_hash key, void *value)
{
    if (2 * (map->n + 1) > map->cap && !grow(map))
        return false;
    struct amct_map_slot *slot = find(map, key);
    map->n += !slot->value;
    *slot = (struct amct_map_slot){key, value};
    return true;
}

void amct_map_free(amct_map *map)
{
    free(map->slots);
    *map = (amct_map){0};
}
