#include "search/greedy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

amct_status amct_greedy_start(amct_greedy *greedy, const amct_space *space, amct_err *err)
{
    amct_greedy g = {.n = 0};
    amct_status status = amct_chain_start(&g.chain, space, err);
    if (status == AMCT_OK)
        status = amct_probes_start(&g.probes, space, err);
    if (status == AMCT_OK) {
        size_t n_genes = space->n_genes, n_levels = g.chain.first[n_genes];
        g.losses = calloc(n_levels, sizeof *g.losses);
        g.penalty = calloc(n_levels, sizeof *g.penalty);
        g.base = calloc(n_genes, 1);
        g.genome = calloc(n_genes, 1);
        g.genes = calloc(n_levels, sizeof *g.genes);
        g.levels = calloc(n_levels, 1);
        if (!g.losses || !g.penalty || !g.base || !g.genome || !g.genes || !g.levels)
            status = amct_fail_nomem(err);
    }
    if (status == AMCT_OK)
        *greedy = g;
    else
        amct_greedy_end(&g);
    return status;
}

void amct_greedy_end(amct_greedy *greedy)
{
    amct_probes_end(&greedy->probes);
    amct_chain_end(&greedy->chain);
    free(greedy->losses);
    free(greedy->penalty);
    free(greedy->base);
    free(greedy->genome);
    free(greedy->genes);
    free(greedy->levels);
    *greedy = (amct_greedy){0};
}

amct_status amct_greedy_probe(amct_greedy *greedy, amct_search *search, amct_err *err)
{
    search->phase = "single genes";
    if (!greedy->planned)
        AMCT_TRY(amct_probes_plan_all(&greedy->probes, search, err));
    greedy->planned = true;
    AMCT_TRY(amct_probes_propose(&greedy->probes, search, err));
    if (search->n_asks)
        return AMCT_OK;
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++) {
        double losses[AMCT_LEVELS_MAX];
        AMCT_TRY(amct_probes_losses(&greedy->probes, search, g, losses, err));
        for (uint32_t l = 1; l < search->n_levels[g]; l++)
            greedy->losses[greedy->chain.first[g] + l] = losses[l];
    }
    greedy->probed = true;
    return AMCT_OK;
}

void amct_greedy_told(amct_greedy *greedy, const amct_slot *slot, const amct_score *score)
{
    if (slot->kind == AMCT_SLOT_PROBE)
        amct_probes_told(&greedy->probes, slot, score);
}

void amct_greedy_count_bit_ops(amct_greedy *greedy, const amct_search *search)
{
    amct_chain *chain = &greedy->chain;
    for (uint32_t g = 0; g < chain->space.n_genes; g++)
        for (uint32_t i = chain->first[g]; i < chain->first[g + 1]; i++)
            chain->single[i] = search->bit_ops[i] - search->bit_ops[chain->first[g]];
}

typedef struct move {
    uint32_t gene;
    uint8_t level;
    double worth;
} move;

static void note(amct_greedy *greedy, uint32_t gene, uint8_t level)
{
    greedy->genes[greedy->n] = gene;
    greedy->levels[greedy->n++] = level;
}

/* Of the moves of a kind that save something, the one that loses least for it; of those that lose
 * less (back), the one that wins most for what it costs. worth is -INFINITY if there is none. */
static move best_move(const amct_greedy *greedy, uint32_t kind, bool back)
{
    const amct_chain *chain = &greedy->chain;
    move best = {.worth = -INFINITY};
    for (uint32_t g = 0; g < chain->space.n_genes; g++) {
        const double *losses = greedy->losses + chain->first[g];
        uint8_t now = greedy->genome[g];
        for (uint8_t l = 0; chain->space.kinds[g] == kind && l < chain->space.n_levels[g]; l++) {
            if (l == now)
                continue;
            double lost = losses[l] - losses[now];
            double saved = -amct_chain_change(chain, greedy->genome, g, l);
            if (back ? !(lost < 0) : !(saved > 0))
                continue;
            double worth = !back       ? -lost / saved
                           : saved < 0 ? lost / saved
                                       : -lost * 1e30; /* nothing to pay: before all others */
            if (worth > best.worth)
                best = (move){g, l, worth};
        }
    }
    return best;
}

void amct_greedy_forwards(amct_greedy *greedy, uint32_t kind)
{
    uint32_t most = greedy->chain.first[greedy->chain.space.n_genes];
    memcpy(greedy->genome, greedy->base, greedy->chain.space.n_genes);
    greedy->n = 0;
    for (move m; greedy->n < most && (m = best_move(greedy, kind, false)).worth > -INFINITY;) {
        note(greedy, m.gene, m.level);
        greedy->genome[m.gene] = m.level;
    }
}

void amct_greedy_backwards(amct_greedy *greedy, uint32_t kind)
{
    const amct_chain *chain = &greedy->chain;
    uint32_t n_genes = chain->space.n_genes;
    for (uint32_t g = 0; g < n_genes; g++)
        for (uint32_t i = chain->first[g]; i < chain->first[g + 1]; i++)
            greedy->penalty[i] =
                chain->space.kinds[g] == kind || i - chain->first[g] == greedy->base[g] ? 0
                                                                                        : INFINITY;
    amct_chain_cheapest(&greedy->chain, greedy->penalty, greedy->genome);
    greedy->n = 0;
    for (move m; (m = best_move(greedy, kind, true)).worth > -INFINITY;) {
        note(greedy, m.gene, greedy->genome[m.gene]); /* the way there is the way back, turned */
        greedy->genome[m.gene] = m.level;
    }
    for (uint32_t i = 0, k = greedy->n; i + 1 < k; i++) {
        uint32_t gene = greedy->genes[i];
        uint8_t level = greedy->levels[i];
        greedy->genes[i] = greedy->genes[--k];
        greedy->levels[i] = greedy->levels[k];
        greedy->genes[k] = gene;
        greedy->levels[k] = level;
    }
}

amct_status amct_greedy_make(void *self, amct_search *search, uint32_t k, uint8_t *genome,
                             amct_err *err)
{
    const amct_greedy *greedy = self;
    (void)err;
    memcpy(genome, greedy->base, search->problem.space.n_genes);
    for (uint32_t i = 0; i < k; i++)
        genome[greedy->genes[i]] = greedy->levels[i];
    return AMCT_OK;
}
