#include "search/refine_choice.h"

#include "base/stats.h"

#include <math.h>

static const double least_chance = 0.1, least_worth = 0.01;
static const double least_left = 0.1; /* of a loss: less than this is not hoped for */

static bool can_refine(const amct_search *search, uint32_t member)
{
    const amct_member *m = &search->archive.members[member];
    return m->state == AMCT_MEMBER_FULL && !m->refined && !amct_engine_refines(search, member);
}

static double best_refined_ns(const amct_search *search)
{
    double best = search->original_ns;
    for (uint32_t i = 0; i < search->archive.genomes.count; i++) {
        const amct_member *m = &search->archive.members[i];
        if (m->refined && m->state == AMCT_MEMBER_FULL && m->drop.margin >= 0)
            best = fmin(best, m->cost_ns);
    }
    return best;
}

uint32_t amct_refine_cheapest(const amct_search *search)
{
    double below_ns = best_refined_ns(search);
    uint32_t best = AMCT_GENOMES_NONE;
    for (uint32_t i = 0; i < search->archive.genomes.count; i++) {
        const amct_member *m = &search->archive.members[i];
        if (can_refine(search, i) && m->drop.margin >= 0 && m->cost_ns < below_ns) {
            below_ns = m->cost_ns;
            best = i;
        }
    }
    return best;
}

/* The greatest part of its loss that a member may keep to be good enough; 0: none suffices. */
static double enough(const amct_search *search, const amct_member *m)
{
    double low = log(least_left), high = log(m->ratio);
    if (low >= high || amct_drop_estimate(&search->drop, &m->score, exp(low)).margin < 0)
        return 0;
    for (int i = 0; i < 20; i++) {
        double middle = (low + high) / 2;
        *(amct_drop_estimate(&search->drop, &m->score, exp(middle)).margin < 0 ? &high : &low) =
            middle;
    }
    return exp(low);
}

uint32_t amct_refine_chance(const amct_search *search, const amct_surrogate *surrogate,
                            const amct_refining *refining, double *shares)
{
    double most = least_worth, best_ns = amct_engine_incumbent_ns(search);
    uint32_t best = AMCT_GENOMES_NONE;
    for (uint32_t i = 0; i < search->archive.genomes.count; i++) {
        const amct_member *m = &search->archive.members[i];
        if (!can_refine(search, i) || !(m->cost_ns < best_ns))
            continue;
        double left = enough(search, m), saved = 1 - m->cost_ns / best_ns;
        if (!(left > 0))
            continue;
        const uint8_t *genome = amct_genomes_at(&search->archive.genomes, i);
        amct_surrogate_shares(surrogate, genome, shares);
        double sd = amct_refining_sd(refining, genome, shares);
        double chance = amct_normal_cdf(log(left / m->ratio) / sd);
        if (chance >= least_chance && chance * saved > most) {
            most = chance * saved;
            best = i;
        }
    }
    return best;
}
