#include "search/knapsack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_MAX = 16, TRIED = 12, PARTNERS = 48 };

typedef struct run {
    uint32_t from, to; /* genes from .. to - 1 */
    uint8_t level;
} run;

typedef struct move {
    double change; /* of the chain cost */
    double sum_change;
    run runs[2]; /* the second may be empty */
} move;

typedef struct climb {
    const amct_chain *chain;
    amct_memo *memo;
    const double *terms;
    double target, cost_ns, sum;
    uint8_t *genome, *trial, *start;
    move best[TRIED]; /* in order of change */
    int n_best;
    move cheaper[PARTNERS], dearer[PARTNERS]; /* single genes: the cheapest; the best exchange */
    int n_cheaper, n_dearer;
} climb;

/* Keeps the `capacity` least by key in order; of equal keys the earlier stays in front. */
static void keep(move *list, int *n, int capacity, move m, double (*key)(const move *))
{
    int at = *n;
    while (at > 0 && key(&m) < key(&list[at - 1]))
        at--;
    if (at == capacity)
        return;
    if (*n < capacity)
        ++*n;
    memmove(&list[at + 1], &list[at], (size_t)(*n - 1 - at) * sizeof m);
    list[at] = m;
}

static double by_change(const move *m)
{
    return m->change;
}

/* Cost paid per sum won. */
static double by_exchange(const move *m)
{
    return m->change / -m->sum_change;
}

/* Less than noise of rounding, and not worth a candidate. */
static double nothing(const climb *c)
{
    return 1e-9 * c->cost_ns;
}

static void consider(climb *c, move m)
{
    int improves = m.change < -nothing(c) || (m.change <= nothing(c) && m.sum_change < 0);
    if (improves && c->sum + m.sum_change <= c->target)
        keep(c->best, &c->n_best, TRIED, m, by_change);
}

/* All runs from a gene that go to the level: grows the run on a copy, where the change of each gene
 * is known from its neighbours. */
static void consider_runs(climb *c, uint32_t from, uint8_t level)
{
    const amct_chain *chain = c->chain;
    uint32_t n = chain->space.n_genes, end = from + RUN_MAX < n ? from + RUN_MAX : n;
    move m = {.runs = {{from, from, level}}};
    for (uint32_t g = from; g < end && level < chain->space.n_levels[g]; g++) {
        if (c->trial[g] != level) {
            const double *term = c->terms + chain->first[g];
            m.change += amct_chain_change(chain, c->trial, g, level);
            m.sum_change += term[level] - term[c->trial[g]];
            c->trial[g] = level;
        } else if (g == from) {
            break; /* the run that begins behind is the same */
        }
        m.runs[0].to = g + 1;
        consider(c, m);
        if (g > from)
            continue;
        if (m.change < 0)
            keep(c->cheaper, &c->n_cheaper, PARTNERS, m, by_change);
        if (m.sum_change < 0)
            keep(c->dearer, &c->n_dearer, PARTNERS, m, by_exchange);
    }
    memcpy(c->trial + from, c->genome + from, end - from);
}

static void consider_exchanges(climb *c)
{
    for (int i = 0; i < c->n_cheaper; i++)
        for (int k = 0; k < c->n_dearer; k++) {
            const move *a = &c->cheaper[i], *b = &c->dearer[k];
            if (a->runs[0].from != b->runs[0].from)
                consider(c, (move){a->change + b->change,
                                   a->sum_change + b->sum_change,
                                   {a->runs[0], b->runs[0]}});
        }
}

static void apply(const move *m, uint8_t *genome)
{
    for (int r = 0; r < 2; r++)
        for (uint32_t g = m->runs[r].from; g < m->runs[r].to; g++)
            genome[g] = m->runs[r].level;
}

/* One round; *moved tells whether anything was taken. */
static amct_status climb_once(climb *c, int *moved, amct_err *err)
{
    size_t n = c->chain->space.n_genes;
    c->n_best = c->n_cheaper = c->n_dearer = 0;
    memcpy(c->trial, c->genome, n);
    for (uint32_t g = 0; g < n; g++)
        for (uint8_t l = 0; l < c->chain->space.n_levels[g]; l++)
            consider_runs(c, g, l);
    consider_exchanges(c);
    int taken = -1;
    double cost_ns = c->cost_ns, sum_change = 0;
    for (int i = 0; i < c->n_best; i++) {
        double cost;
        memcpy(c->trial, c->genome, n);
        apply(&c->best[i], c->trial);
        AMCT_TRY(amct_memo_screen(c->memo, c->trial, &cost, err));
        double sum = c->best[i].sum_change;
        if (cost < cost_ns - nothing(c) || (cost <= cost_ns && sum < sum_change)) {
            taken = i;
            cost_ns = cost;
            sum_change = sum;
        }
    }
    *moved = taken >= 0;
    if (*moved) {
        apply(&c->best[taken], c->genome);
        c->cost_ns = cost_ns;
        c->sum = amct_terms_sum(c->chain, c->terms, c->genome);
    }
    return AMCT_OK;
}

amct_status amct_polish(const amct_chain *chain, amct_memo *memo, const double *terms,
                        double target, int rounds, uint8_t *genome, double *cost_ns, amct_err *err)
{
    climb c = {.chain = chain, .memo = memo, .terms = terms, .target = target, .genome = genome};
    double before, after;
    AMCT_TRY(amct_memo_cost(memo, genome, &before, err));
    AMCT_TRY(amct_memo_screen(memo, genome, &c.cost_ns, err));
    c.sum = amct_terms_sum(chain, terms, genome);
    size_t n = chain->space.n_genes;
    c.trial = malloc(n);
    c.start = malloc(n);
    amct_status status = c.trial && c.start ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        memcpy(c.start, genome, n);
    int moved = 1;
    while (status == AMCT_OK && moved && rounds-- > 0)
        status = climb_once(&c, &moved, err);
    if (status == AMCT_OK)
        status = amct_memo_cost(memo, genome, &after, err);
    if (status == AMCT_OK && after > before) /* it was not what the screened costs promised */
        memcpy(genome, c.start, n);
    else if (status == AMCT_OK)
        before = after;
    free(c.trial);
    free(c.start);
    if (status == AMCT_OK)
        *cost_ns = before;
    return status;
}
