#include "search/probes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double least_loss =
    1e-6;                             /* seen on a few samples; not 0, so that it can be refitted */
static const double failed_loss = 50; /* NaN or worse: lossier than any answer */

amct_status amct_probes_start(amct_probes *probes, const amct_space *space, amct_err *err)
{
    *probes = (amct_probes){.first = amct_space_first(space)};
    if (probes->first) {
        probes->list = calloc(probes->first[space->n_genes], sizeof *probes->list);
        probes->losses = calloc(probes->first[space->n_genes], sizeof *probes->losses);
    }
    if (!probes->list || !probes->losses) {
        amct_probes_end(probes);
        return amct_fail_nomem(err);
    }
    for (uint32_t i = 0; i < probes->first[space->n_genes]; i++)
        probes->losses[i] = NAN;
    return AMCT_OK;
}

void amct_probes_end(amct_probes *probes)
{
    free(probes->list);
    free(probes->first);
    free(probes->losses);
    *probes = (amct_probes){0};
}

void amct_probes_plan(amct_probes *probes, uint32_t gene, uint32_t level)
{
    probes->list[probes->n++] = (amct_probe){gene, level};
}

/* The levels but 0 of a gene, dearest first. Returns how many. */
static amct_status order(amct_search *search, uint32_t gene, uint8_t levels[AMCT_LEVELS_MAX],
                         uint32_t *n, amct_err *err)
{
    double costs[AMCT_LEVELS_MAX];
    uint8_t *genome = calloc(search->problem.space.n_genes, 1);
    if (!genome)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    *n = 0;
    for (uint8_t l = 1; l < search->n_levels[gene] && status == AMCT_OK; l++) {
        double cost = 0;
        genome[gene] = l;
        status = amct_memo_cost(&search->memo, genome, &cost, err);
        uint32_t at = (*n)++;
        for (; at > 0 && costs[at - 1] < cost; at--) {
            costs[at] = costs[at - 1];
            levels[at] = levels[at - 1];
        }
        costs[at] = cost;
        levels[at] = l;
    }
    free(genome);
    return status;
}

amct_status amct_probes_plan_all(amct_probes *probes, amct_search *search, amct_err *err)
{
    uint32_t n_genes = search->problem.space.n_genes;
    double affordable = 0.25 * search->options.evaluations * search->problem.search_samples /
                        search->options.probe_samples;
    uint32_t quota = (uint32_t)fmin(fmax(affordable / n_genes, 1), AMCT_LEVELS_MAX);
    if (affordable >= probes->first[n_genes] - n_genes)
        quota = AMCT_LEVELS_MAX;
    for (uint32_t g = 0; g < n_genes; g++) {
        uint8_t levels[AMCT_LEVELS_MAX];
        uint32_t n;
        AMCT_TRY(order(search, g, levels, &n, err));
        uint32_t take = n < quota ? n : quota;
        for (uint32_t i = 1; i <= take; i++)
            amct_probes_plan(probes, g, levels[(uint64_t)i * n / take - 1]);
    }
    search->probes_planned = probes->n;
    return AMCT_OK;
}

amct_status amct_probes_propose(amct_probes *probes, amct_search *search, amct_err *err)
{
    while (probes->asked < probes->n && search->n_asks < search->options.batch) {
        const amct_probe *probe = &probes->list[probes->asked++];
        AMCT_TRY(amct_engine_probe(search, probe->gene, probe->level, err));
    }
    return AMCT_OK;
}

void amct_probes_told(amct_probes *probes, const amct_slot *slot, const amct_score *score)
{
    double loss = score ? fmax(amct_score_loss(score), least_loss) : failed_loss;
    probes->losses[probes->first[slot->gene] + slot->level] = loss;
}

amct_status amct_probes_losses(const amct_probes *probes, amct_search *search, uint32_t gene,
                               double losses[AMCT_LEVELS_MAX], amct_err *err)
{
    uint8_t levels[AMCT_LEVELS_MAX];
    uint32_t n;
    const double *known = probes->losses + probes->first[gene];
    AMCT_TRY(order(search, gene, levels, &n, err));
    /* before, after: nearest measured ones in the order; before the first the loss falls to nothing
     * with the saving. */
    int before = -1;
    for (int i = 0; i < (int)n; i++) {
        int after = i;
        while (after < (int)n && isnan(known[levels[after]]))
            after++;
        if (after == i)
            before = i;
        if (after == (int)n) /* the cheapest is measured, unless nothing is */
            losses[levels[i]] = before >= 0 ? known[levels[before]] : failed_loss;
        else if (before < 0)
            losses[levels[i]] = known[levels[after]] * (i + 1) / (after + 1);
        else {
            double t = after == before ? 0 : (double)(i - before) / (after - before);
            losses[levels[i]] =
                known[levels[before]] * pow(known[levels[after]] / known[levels[before]], t);
        }
    }
    return AMCT_OK;
}
