#include "search/knapsack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Losses are counted in steps of target / BUCKETS, rounded up: what fits in steps fits. */
enum { BUCKETS = 1000, WORK_MAX = 16 << 20 };

typedef struct table {
    const amct_chain *chain;
    uint32_t *steps;    /* of a level; BUCKETS + 1 if it never fits */
    double *now, *next; /* [level][bucket]: least cost with at most so many steps */
    uint8_t *from;      /* [gene level][bucket]: level of the gene before */
} table;

static uint64_t work_of(const amct_space *space)
{
    uint64_t work = 0;
    for (uint32_t g = 1; g < space->n_genes; g++)
        work += (uint64_t)space->n_levels[g - 1] * space->n_levels[g] * BUCKETS;
    return work;
}

static void count_steps(table *t, const double *terms, double target)
{
    for (uint32_t i = 0; i < t->chain->first[t->chain->space.n_genes]; i++) {
        double steps = terms[i] > 0 ? ceil(terms[i] / target * BUCKETS) : 0;
        t->steps[i] = steps <= BUCKETS ? (uint32_t)steps : BUCKETS + 1;
    }
}

static void first_gene(table *t)
{
    for (uint32_t l = 0; l < t->chain->space.n_levels[0]; l++)
        for (uint32_t b = 0; b <= BUCKETS; b++)
            t->now[l * (BUCKETS + 1) + b] = b >= t->steps[l] ? t->chain->single[l] : INFINITY;
}

static void next_gene(table *t, uint32_t gene)
{
    const amct_space *space = &t->chain->space;
    const double *pair = t->chain->pair + t->chain->pair_first[gene - 1];
    for (uint32_t l = 0; l < space->n_levels[gene]; l++) {
        uint32_t at = t->chain->first[gene] + l, steps = t->steps[at];
        double *next = t->next + l * (BUCKETS + 1);
        uint8_t *from = t->from + (size_t)at * (BUCKETS + 1);
        for (uint32_t b = 0; b <= BUCKETS; b++)
            next[b] = INFINITY;
        for (uint32_t k = 0; k < space->n_levels[gene - 1]; k++) {
            const double *now = t->now + k * (BUCKETS + 1);
            double own = t->chain->single[at] + pair[k * space->n_levels[gene] + l];
            for (uint32_t b = steps; b <= BUCKETS; b++)
                if (now[b - steps] + own < next[b]) {
                    next[b] = now[b - steps] + own;
                    from[b] = (uint8_t)k;
                }
        }
    }
    double *swap = t->now;
    t->now = t->next;
    t->next = swap;
}

static void trace(const table *t, uint8_t *genome)
{
    uint32_t g = t->chain->space.n_genes - 1, bucket = BUCKETS;
    uint8_t level = 0;
    for (uint8_t l = 1; l < t->chain->space.n_levels[g]; l++)
        if (t->now[l * (BUCKETS + 1) + BUCKETS] < t->now[level * (BUCKETS + 1) + BUCKETS])
            level = l;
    for (;; g--) {
        uint32_t at = t->chain->first[g] + level;
        genome[g] = level;
        if (g == 0)
            return;
        level = t->from[(size_t)at * (BUCKETS + 1) + bucket];
        bucket -= t->steps[at];
    }
}

amct_status amct_knapsack_exact(amct_chain *chain, const double *terms, double target,
                                double *penalty, double *price, uint8_t *genome, amct_err *err)
{
    if (work_of(&chain->space) > WORK_MAX || !(target > 0)) {
        amct_knapsack(chain, terms, target, penalty, price, genome);
        return AMCT_OK;
    }
    size_t n = chain->first[chain->space.n_genes], row = BUCKETS + 1;
    table t = {.chain = chain};
    t.steps = calloc(n, sizeof *t.steps);
    t.from = calloc(n, row);
    t.now = calloc(AMCT_LEVELS_MAX * row, sizeof *t.now);
    t.next = calloc(AMCT_LEVELS_MAX * row, sizeof *t.next);
    amct_status status = AMCT_OK;
    if (t.steps && t.from && t.now && t.next) {
        count_steps(&t, terms, target);
        first_gene(&t);
        for (uint32_t g = 1; g < chain->space.n_genes; g++)
            next_gene(&t, g);
        trace(&t, genome);
        amct_knapsack_fill(chain, terms, target, genome);
    } else {
        status = amct_fail_nomem(err);
    }
    free(t.steps);
    free(t.from);
    free(t.now);
    free(t.next);
    return status;
}
