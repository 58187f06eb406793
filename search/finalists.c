#include "search/finalists.h"

#include <stdlib.h>

static const double least_saving = 1e-3; /* of the cost, by one more */

/* Members in order of cost, each with its chance to be proven. */
typedef struct ladder {
    uint32_t *numbers;
    double *costs, *chances;
    double original_ns;
    uint32_t n;
    double *saved;  /* of (m, i): by m + 1 finalists, of which the fastest is i */
    uint32_t *from; /* the second fastest of them */
} ladder;

static void end(ladder *l)
{
    free(l->numbers);
    free(l->costs);
    free(l->saved);
    free(l->from);
}

static bool start(ladder *l, const amct_archive *archive, const amct_drop_model *model,
                  double original_ns, uint32_t k)
{
    *l = (ladder){.original_ns = original_ns};
    l->numbers = amct_archive_by_cost(archive, original_ns, &l->n);
    l->costs = malloc((2 * (size_t)l->n + 1) * sizeof *l->costs);
    l->saved = malloc(((size_t)k * l->n + 1) * sizeof *l->saved);
    l->from = malloc(((size_t)k * l->n + 1) * sizeof *l->from);
    if (!l->numbers || !l->costs || !l->saved || !l->from)
        return false;
    l->chances = l->costs + l->n;
    for (uint32_t i = 0; i < l->n; i++) {
        const amct_member *m = &archive->members[l->numbers[i]];
        double chance = amct_drop_chance(model, &m->score, m->ratio);
        l->costs[i] = m->cost_ns;
        l->chances[i] = chance >= AMCT_DROP_SAFE ? 1 : chance;
    }
    return true;
}

static void solve(ladder *l, uint32_t k)
{
    for (uint32_t m = 0; m < k; m++)
        for (uint32_t i = 0; i < l->n; i++) {
            double *best = &l->saved[(size_t)m * l->n + i];
            *best = l->chances[i] * (l->original_ns - l->costs[i]);
            l->from[(size_t)m * l->n + i] = l->n;
            for (uint32_t j = i + 1; m > 0 && j < l->n; j++) {
                double saved = l->saved[(size_t)(m - 1) * l->n + j] +
                               l->chances[i] * (l->costs[j] - l->costs[i]);
                if (saved > *best) {
                    *best = saved;
                    l->from[(size_t)m * l->n + i] = j;
                }
            }
        }
}

static uint32_t best_of(const ladder *l, uint32_t m)
{
    const double *saved = l->saved + (size_t)m * l->n;
    uint32_t best = 0;
    for (uint32_t i = 1; i < l->n; i++)
        if (saved[i] > saved[best])
            best = i;
    return best;
}

static uint32_t take(const ladder *l, uint32_t k, uint32_t *numbers)
{
    uint32_t m = k - 1, n = 0;
    double most = l->saved[(size_t)m * l->n + best_of(l, m)];
    double least = most - least_saving * (l->original_ns - most);
    while (m > 0 && l->saved[(size_t)(m - 1) * l->n + best_of(l, m - 1)] >= least)
        m--;
    uint32_t i = best_of(l, m);
    while (i < l->n) {
        numbers[n++] = l->numbers[i];
        i = l->from[(size_t)m * l->n + i];
        m -= m > 0;
    }
    return n;
}

static uint32_t first_good(const ladder *l, const amct_archive *archive)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        if (archive->members[l->numbers[i]].drop.margin >= 0)
            return l->numbers[i];
        if (l->chances[i] > l->chances[most])
            most = i;
    }
    return l->numbers[most];
}

uint32_t amct_finalists(const amct_archive *archive, const amct_drop_model *model, double below_ns,
                        uint32_t *numbers, uint32_t k)
{
    ladder l;
    uint32_t n = 0;
    if (start(&l, archive, model, below_ns, k) && l.n && k) {
        solve(&l, k);
        if (k > 1 && l.saved[best_of(&l, 0)] > 0) {
            n = take(&l, k, numbers);
        } else {
            numbers[0] = first_good(&l, archive);
            n = 1;
        }
    }
    end(&l);
    return n;
}
