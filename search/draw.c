#include "search/draw.h"

#include <string.h>

void amct_draw_stratified(uint8_t *genome, const amct_space *space, uint32_t *scratch,
                          amct_pcg *rng)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < space->n_genes; g++)
        if (space->n_levels[g] > 1)
            scratch[n++] = g;
    memset(genome, 0, space->n_genes);
    uint32_t changed = n ? 1 + amct_pcg_below(rng, n) : 0;
    for (uint32_t i = 0; i < changed; i++) { /* the first steps of a shuffle */
        uint32_t k = i + amct_pcg_below(rng, n - i), g = scratch[k];
        scratch[k] = scratch[i];
        scratch[i] = g;
        genome[g] = (uint8_t)(1 + amct_pcg_below(rng, space->n_levels[g] - 1u));
    }
}
