#include "search/space.h"

#include <stdlib.h>

amct_status amct_space_check(const amct_space *space, amct_err *err)
{
    if (space->n_genes == 0 || space->n_genes > AMCT_GENES_MAX)
        return amct_fail(err, AMCT_E_INVALID, "the space has %u genes, wanted 1 to %d",
                         space->n_genes, AMCT_GENES_MAX);
    for (uint32_t i = 0; i < space->n_genes; i++)
        if (space->n_levels[i] == 0 || space->n_levels[i] > AMCT_LEVELS_MAX)
            return amct_fail(err, AMCT_E_INVALID, "gene %u has %u levels, wanted 1 to %d", i,
                             space->n_levels[i], AMCT_LEVELS_MAX);
    for (uint32_t i = 0; space->kinds && i < space->n_genes; i++)
        if (space->kinds[i] >= AMCT_GENE_KINDS)
            return amct_fail(err, AMCT_E_INVALID, "gene %u is of kind %u, wanted 0 to %d", i,
                             space->kinds[i], AMCT_GENE_KINDS - 1);
    return AMCT_OK;
}

uint64_t amct_space_size(const amct_space *space, uint64_t cap)
{
    uint64_t size = 1;
    for (uint32_t i = 0; i < space->n_genes; i++) {
        if (size > cap / space->n_levels[i])
            return cap;
        size *= space->n_levels[i];
    }
    return size;
}

uint32_t *amct_space_first(const amct_space *space)
{
    uint32_t *first = calloc(space->n_genes + 1, sizeof *first);
    for (uint32_t i = 0; first && i < space->n_genes; i++)
        first[i + 1] = first[i] + space->n_levels[i];
    return first;
}

int amct_space_next(const amct_space *space, uint8_t *genome)
{
    for (uint32_t i = 0; i < space->n_genes; i++) {
        if (++genome[i] < space->n_levels[i])
            return 1;
        genome[i] = 0;
    }
    return 0;
}
