/*
 * genomes.h - a growing set of genomes, each with a small number: 0, 1, 2 ... as they came.
 */
#ifndef AMCT_SEARCH_GENOMES_H
#define AMCT_SEARCH_GENOMES_H

#include <stddef.h>
#include <stdint.h>

enum { AMCT_GENOMES_NONE = UINT32_MAX };

typedef struct amct_genomes {
    uint32_t n_genes, count;
    uint8_t *keys;   /* count rows of n_genes */
    uint32_t *slots; /* open addressing: number + 1, 0 is empty */
    size_t capacity, n_slots;
} amct_genomes;

void amct_genomes_start(amct_genomes *set, uint32_t n_genes);
void amct_genomes_end(amct_genomes *set);
/* AMCT_GENOMES_NONE if it is not there. */
uint32_t amct_genomes_find(const amct_genomes *set, const uint8_t *genome);
/* Adds one that is not there; AMCT_GENOMES_NONE when out of memory. */
uint32_t amct_genomes_add(amct_genomes *set, const uint8_t *genome);
/* Valid until the next add. */
static inline const uint8_t *amct_genomes_at(const amct_genomes *set, uint32_t number)
{
    return set->keys + (size_t)number * set->n_genes;
}
/* Forgets all of them, keeps the memory. */
void amct_genomes_clear(amct_genomes *set);

#endif
