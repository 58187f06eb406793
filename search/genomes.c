#include "search/genomes.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void amct_genomes_start(amct_genomes *set, uint32_t n_genes)
{
    *set = (amct_genomes){.n_genes = n_genes};
}

void amct_genomes_end(amct_genomes *set)
{
    free(set->keys);
    free(set->slots);
    *set = (amct_genomes){0};
}

/* The slot of the genome, or the empty one where it belongs. */
static size_t slot_of(const amct_genomes *set, const uint8_t *genome)
{
    size_t at = amct_hash_bytes((amct_hash){0}, genome, set->n_genes).lo & (set->n_slots - 1);
    while (set->slots[at] &&
           memcmp(amct_genomes_at(set, set->slots[at] - 1), genome, set->n_genes) != 0)
        at = (at + 1) & (set->n_slots - 1);
    return at;
}

uint32_t amct_genomes_find(const amct_genomes *set, const uint8_t *genome)
{
    if (!set->count)
        return AMCT_GENOMES_NONE;
    uint32_t found = set->slots[slot_of(set, genome)];
    return found ? found - 1 : AMCT_GENOMES_NONE;
}

/* Slots are at most half full. */
static int grow(amct_genomes *set)
{
    size_t capacity = set->capacity ? 2 * set->capacity : 256;
    if (capacity >= AMCT_GENOMES_NONE)
        return 0;
    uint8_t *keys = realloc(set->keys, capacity * set->n_genes);
    if (!keys)
        return 0;
    set->keys = keys;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!slots)
        return 0;
    free(set->slots);
    set->slots = slots;
    set->capacity = capacity;
    set->n_slots = 2 * capacity;
    for (uint32_t i = 0; i < set->count; i++)
        slots[slot_of(set, amct_genomes_at(set, i))] = i + 1;
    return 1;
}

uint32_t amct_genomes_add(amct_genomes *set, const uint8_t *genome)
{
    if (set->count == set->capacity && !grow(set))
        return AMCT_GENOMES_NONE;
    size_t slot = slot_of(set, genome);
    memcpy(set->keys + (size_t)set->count * set->n_genes, genome, set->n_genes);
    set->slots[slot] = ++set->count;
    return set->count - 1;
}

void amct_genomes_clear(amct_genomes *set)
{
    set->count = 0;
    if (set->slots)
        memset(set->slots, 0, set->n_slots * sizeof *set->slots);
}
