#include "search/chaincost.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_chain_start(amct_chain *chain, const amct_space *space, amct_err *err)
{
    uint32_t n = space->n_genes;
    *chain = (amct_chain){.space = *space, .first = amct_space_first(space)};
    chain->pair_first = calloc(n + 1, sizeof *chain->pair_first);
    if (!chain->first || !chain->pair_first)
        goto nomem;
    for (uint32_t g = 0; g + 1 < n; g++)
        chain->pair_first[g + 1] =
            chain->pair_first[g] + (uint32_t)space->n_levels[g] * space->n_levels[g + 1];
    chain->pair_first[n] = chain->pair_first[n - 1];
    chain->single = calloc(chain->first[n], sizeof(double));
    chain->best = calloc(chain->first[n], sizeof(double));
    chain->from = calloc(chain->first[n], 1);
    chain->pair = calloc((size_t)chain->pair_first[n] + 1, sizeof(double));
    if (chain->single && chain->best && chain->from && chain->pair)
        return AMCT_OK;
nomem:
    amct_chain_end(chain);
    return amct_fail_nomem(err);
}

void amct_chain_end(amct_chain *chain)
{
    free(chain->first);
    free(chain->pair_first);
    free(chain->single);
    free(chain->pair);
    free(chain->best);
    free(chain->from);
    *chain = (amct_chain){0};
}

static double *pair_at(const amct_chain *chain, uint32_t gene, uint8_t level, uint8_t next)
{
    return &chain->pair[chain->pair_first[gene] +
                        (uint32_t)level * chain->space.n_levels[gene + 1] + next];
}

static uint64_t pair_calls(const amct_space *space)
{
    uint64_t calls = 0;
    for (uint32_t g = 0; g + 1 < space->n_genes; g++)
        calls += (uint64_t)(space->n_levels[g] - 1) * (space->n_levels[g + 1] - 1);
    return calls;
}

static amct_status build_singles(amct_chain *chain, amct_memo *memo, uint8_t *genome,
                                 double base_ns, amct_err *err)
{
    for (uint32_t g = 0; g < chain->space.n_genes; g++) {
        uint8_t base = genome[g];
        for (uint8_t l = 0; l < chain->space.n_levels[g]; l++) {
            double cost = base_ns;
            genome[g] = l;
            if (l != base)
                AMCT_TRY(amct_memo_screen(memo, genome, &cost, err));
            chain->single[chain->first[g] + l] = cost - base_ns;
        }
        genome[g] = base;
    }
    return AMCT_OK;
}

static amct_status build_pairs(amct_chain *chain, amct_memo *memo, uint8_t *genome, double base_ns,
                               amct_err *err)
{
    for (uint32_t g = 0; g + 1 < chain->space.n_genes; g++) {
        uint8_t base = genome[g], next = genome[g + 1];
        for (uint8_t a = 0; a < chain->space.n_levels[g]; a++)
            for (uint8_t b = 0; b < chain->space.n_levels[g + 1]; b++) {
                *pair_at(chain, g, a, b) = 0;
                if (a == base || b == next)
                    continue;
                double cost;
                genome[g] = a;
                genome[g + 1] = b;
                AMCT_TRY(amct_memo_screen(memo, genome, &cost, err));
                *pair_at(chain, g, a, b) = cost - base_ns - chain->single[chain->first[g] + a] -
                                           chain->single[chain->first[g + 1] + b];
            }
        genome[g] = base;
        genome[g + 1] = next;
    }
    return AMCT_OK;
}

amct_status amct_chain_build(amct_chain *chain, amct_memo *memo, const uint8_t *base,
                             uint64_t max_calls, amct_err *err)
{
    double base_ns; /* differences are taken to this one */
    AMCT_TRY(amct_memo_cost(memo, base, &chain->base_ns, err));
    AMCT_TRY(amct_memo_screen(memo, base, &base_ns, err));
    uint8_t *genome = malloc(chain->space.n_genes);
    if (!genome)
        return amct_fail_nomem(err);
    memcpy(genome, base, chain->space.n_genes);
    amct_status status = build_singles(chain, memo, genome, base_ns, err);
    if (status == AMCT_OK) {
        if (pair_calls(&chain->space) <= max_calls * (memo->screen ? AMCT_MEMO_SCREENS : 1))
            status = build_pairs(chain, memo, genome, base_ns, err);
        else
            memset(chain->pair, 0, chain->pair_first[chain->space.n_genes] * sizeof(double));
    }
    free(genome);
    return status;
}

double amct_chain_cost(const amct_chain *chain, const uint8_t *genome)
{
    double cost = chain->base_ns;
    for (uint32_t g = 0; g < chain->space.n_genes; g++) {
        cost += chain->single[chain->first[g] + genome[g]];
        if (g > 0)
            cost += *pair_at(chain, g - 1, genome[g - 1], genome[g]);
    }
    return cost;
}

double amct_chain_change(const amct_chain *chain, const uint8_t *genome, uint32_t gene,
                         uint8_t level)
{
    const double *single = chain->single + chain->first[gene];
    double change = single[level] - single[genome[gene]];
    if (gene > 0)
        change += *pair_at(chain, gene - 1, genome[gene - 1], level) -
                  *pair_at(chain, gene - 1, genome[gene - 1], genome[gene]);
    if (gene + 1 < chain->space.n_genes)
        change += *pair_at(chain, gene, level, genome[gene + 1]) -
                  *pair_at(chain, gene, genome[gene], genome[gene + 1]);
    return change;
}

void amct_chain_cheapest(amct_chain *chain, const double *penalty, uint8_t *genome)
{
    const uint8_t *n_levels = chain->space.n_levels;
    uint32_t last = chain->space.n_genes - 1;
    /* best[level of g]: the least cost of genes 0..g that ends in it; of equal ones the first. */
    for (uint32_t g = 0; g <= last; g++) {
        double *best = chain->best + chain->first[g];
        for (uint8_t l = 0; l < n_levels[g]; l++) {
            uint32_t at = chain->first[g] + l;
            double own = chain->single[at] + penalty[at];
            best[l] = own;
            for (uint8_t k = 0; g > 0 && k < n_levels[g - 1]; k++) {
                double cost = chain->best[chain->first[g - 1] + k] + *pair_at(chain, g - 1, k, l);
                if (k == 0 || own + cost < best[l]) {
                    best[l] = own + cost;
                    chain->from[at] = k;
                }
            }
        }
    }
    uint8_t level = 0;
    for (uint8_t l = 1; l < n_levels[last]; l++)
        if (chain->best[chain->first[last] + l] < chain->best[chain->first[last] + level])
            level = l;
    for (uint32_t g = last + 1; g-- > 0;) {
        genome[g] = level;
        level = chain->from[chain->first[g] + level];
    }
}
