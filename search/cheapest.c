#include "search/cheapest.h"

#include "base/pcg.h"

#include <stdlib.h>
#include <string.h>

static const double least_gain = 1e-4; /* of the cost, that counts */

typedef struct descent {
    const amct_space *space;
    amct_memo *memo;
    uint8_t *genome, *saved;
    double cost_ns;
} descent;

/* Sets the genes of the run that have the level to it; keeps that if it is faster. */
static amct_status try_run(descent *d, uint32_t from, uint32_t length, uint8_t level, int *improved,
                           amct_err *err)
{
    int changed = 0;
    for (uint32_t g = from; g < from + length; g++) {
        d->saved[g] = d->genome[g];
        if (level < d->space->n_levels[g] && d->genome[g] != level) {
            d->genome[g] = level;
            changed = 1;
        }
    }
    if (!changed)
        return AMCT_OK;
    double cost;
    AMCT_TRY(amct_memo_screen(d->memo, d->genome, &cost, err));
    if (cost < d->cost_ns) {
        d->cost_ns = cost;
        *improved = 1;
    } else {
        memcpy(d->genome + from, d->saved + from, length);
    }
    return AMCT_OK;
}

static amct_status descend(descent *d, amct_err *err)
{
    uint32_t n = d->space->n_genes;
    AMCT_TRY(amct_memo_screen(d->memo, d->genome, &d->cost_ns, err));
    for (int improved = 1; improved;) {
        improved = 0;
        for (uint32_t length = 1; length <= n; length *= 2)
            for (uint32_t from = 0; from + length <= n; from += (length + 1) / 2)
                for (uint8_t level = 0; level < AMCT_LEVELS_MAX; level++)
                    AMCT_TRY(try_run(d, from, length, level, &improved, err));
    }
    return AMCT_OK;
}

static void uniform(const amct_space *space, uint8_t level, uint8_t *genome)
{
    for (uint32_t g = 0; g < space->n_genes; g++)
        genome[g] = level < space->n_levels[g] ? level : space->n_levels[g] - 1;
}

static void draw(const amct_space *space, amct_pcg *rng, uint8_t *genome)
{
    for (uint32_t g = 0; g < space->n_genes; g++)
        genome[g] = (uint8_t)amct_pcg_below(rng, space->n_levels[g]);
}

static amct_status try_starts(const amct_space *space, amct_chain *chain, amct_memo *memo,
                              uint64_t seed, uint64_t max_calls, descent *d, uint8_t *genome,
                              double *cost_ns, amct_err *err)
{
    enum { RANDOM_STARTS = 2, IN_VAIN = 2 };
    uint32_t levels = 0;
    for (uint32_t g = 0; g < space->n_genes; g++)
        levels = space->n_levels[g] > levels ? space->n_levels[g] : levels;
    amct_pcg rng = amct_pcg_new(seed, 0);
    uint64_t end = amct_memo_spent(memo) + max_calls;
    AMCT_TRY(amct_memo_cost(memo, genome, cost_ns, err)); /* the original, all 0 */
    AMCT_TRY(amct_chain_build(chain, memo, genome, max_calls / 2, err));
    double *no_penalty = calloc(chain->first[space->n_genes], sizeof *no_penalty);
    if (!no_penalty)
        return amct_fail_nomem(err);
    amct_chain_cheapest(chain, no_penalty, d->genome);
    free(no_penalty);
    uint32_t in_vain = 0;
    for (uint32_t start = 0; start <= levels + RANDOM_STARTS && in_vain < IN_VAIN; start++) {
        if (start > 0 && amct_memo_spent(memo) >= end)
            break;
        if (start > levels)
            draw(space, &rng, d->genome);
        else if (start > 0)
            uniform(space, (uint8_t)(start - 1), d->genome);
        double found;
        AMCT_TRY(descend(d, err));
        AMCT_TRY(amct_memo_cost(memo, d->genome, &found, err));
        in_vain = found < *cost_ns * (1 - least_gain) ? 0 : in_vain + 1;
        if (found < *cost_ns) {
            *cost_ns = found;
            memcpy(genome, d->genome, space->n_genes);
        }
    }
    return AMCT_OK;
}

/* A lossy level that saves nothing is given back. */
static amct_status restore(const amct_space *space, amct_memo *memo, uint8_t *genome,
                           double *cost_ns, amct_err *err)
{
    for (uint32_t g = 0; g < space->n_genes; g++) {
        uint8_t level = genome[g];
        if (!level)
            continue;
        double cost;
        genome[g] = 0;
        AMCT_TRY(amct_memo_cost(memo, genome, &cost, err));
        if (cost <= *cost_ns)
            *cost_ns = cost;
        else
            genome[g] = level;
    }
    return AMCT_OK;
}

amct_status amct_cheapest(const amct_space *space, amct_chain *chain, amct_memo *memo,
                          uint64_t seed, uint64_t max_calls, uint8_t *genome, double *cost_ns,
                          amct_err *err)
{
    descent d = {.space = space, .memo = memo};
    d.genome = malloc(space->n_genes);
    d.saved = malloc(space->n_genes);
    memset(genome, 0, space->n_genes);
    amct_status status = d.genome && d.saved ? try_starts(space, chain, memo, seed, max_calls, &d,
                                                          genome, cost_ns, err)
                                             : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = restore(space, memo, genome, cost_ns, err);
    free(d.genome);
    free(d.saved);
    return status;
}
