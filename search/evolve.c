#include "search/evolve.h"

#include "base/pcg.h"

#include <math.h>
#include <string.h>

enum {
    OFFSPRING = 16,      /* per candidate */
    EXACT = 4,           /* of them, whose exact cost is asked */
    REPAIR_SAMPLES = 24, /* moves looked at per step */
    REPAIR_STEPS = 64,
    POLISH_ROUNDS = 2,
};

void amct_evolve_parents(const amct_search *search, bool rejected, amct_parents *p)
{
    p->n = 0;
    double limit = search->drop.limit_loss;
    for (uint32_t i = 0; i < search->archive.genomes.count; i++) {
        const amct_member *member = &search->archive.members[i];
        if (member->state != AMCT_MEMBER_FULL &&
            !(rejected && member->state == AMCT_MEMBER_REJECTED))
            continue;
        double beyond = fmax(member->ratio * amct_score_loss(&member->score) / limit, 1);
        double key = member->cost_ns * sqrt(sqrt(beyond));
        uint32_t at = p->n < AMCT_PARENTS ? p->n : AMCT_PARENTS;
        while (at > 0 && key < p->keys[at - 1])
            at--;
        if (at == AMCT_PARENTS)
            continue;
        if (p->n < AMCT_PARENTS)
            p->n++;
        for (uint32_t k = p->n - 1; k > at; k--) {
            p->keys[k] = p->keys[k - 1];
            p->numbers[k] = p->numbers[k - 1];
        }
        p->keys[at] = key;
        p->numbers[at] = i;
    }
}

static const uint8_t *draw_parent(const amct_search *search, const amct_parents *p, amct_pcg *rng)
{
    /* The better the likelier: the least of two draws. */
    uint32_t a = amct_pcg_below(rng, p->n), b = amct_pcg_below(rng, p->n);
    return amct_genomes_at(&search->archive.genomes, p->numbers[a < b ? a : b]);
}

static void switch_genes(const amct_space *space, amct_pcg *rng, uint8_t *child)
{
    for (uint32_t k = 1 + amct_pcg_below(rng, 3); k > 0; k--) {
        uint32_t g = amct_pcg_below(rng, space->n_genes);
        child[g] = (uint8_t)amct_pcg_below(rng, space->n_levels[g]);
    }
}

static void set_run(const amct_space *space, amct_pcg *rng, uint8_t *child)
{
    uint32_t from = amct_pcg_below(rng, space->n_genes), g = from;
    uint8_t level = (uint8_t)amct_pcg_below(rng, space->n_levels[from]);
    do { /* geometric, four genes on average */
        if (level < space->n_levels[g])
            child[g] = level;
        g++;
    } while (g < space->n_genes && amct_pcg_below(rng, 4) > 0);
}

static void cross(const amct_space *space, amct_pcg *rng, const uint8_t *other, uint8_t *child)
{
    if (amct_pcg_below(rng, 2)) {
        for (uint32_t g = 0; g < space->n_genes; g++)
            if (amct_pcg_below(rng, 2))
                child[g] = other[g];
        return;
    }
    uint32_t a = amct_pcg_below(rng, space->n_genes), b = amct_pcg_below(rng, space->n_genes);
    for (uint32_t g = a < b ? a : b; g <= (a < b ? b : a); g++)
        child[g] = other[g];
}

typedef struct step {
    uint32_t gene;
    uint8_t level;
    double worth;
} step;

/* The best of some random single moves: downwards, the least cost for sum won; else the most cost
 * won for sum spent, within the room. worth is 0 if there is none. */
static step draw_step(const amct_breeder *b, amct_pcg *rng, double room, const uint8_t *child)
{
    const amct_chain *chain = b->chain;
    step best = {.worth = 0};
    for (int i = 0; i < REPAIR_SAMPLES; i++) {
        uint32_t at = amct_pcg_below(rng, chain->first[chain->space.n_genes]);
        uint32_t g = b->genes[at];
        uint8_t l = (uint8_t)(at - chain->first[g]);
        const double *terms = b->terms + chain->first[g];
        double spent = terms[l] - terms[child[g]];
        if (l == child[g] || (room < 0 && spent >= 0) || (room >= 0 && spent > room))
            continue;
        double change = amct_chain_change(chain, child, g, l);
        if (room >= 0 && change >= 0)
            continue;
        /* Won per spent; where both are won, or nothing is spent, there is no better. */
        double worth = room < 0 ? spent / fmin(-change, -1e-9) : change / fmin(-spent, -1e-15);
        if (change <= 0 && spent <= 0)
            worth = INFINITY;
        if (worth > best.worth)
            best = (step){g, l, worth};
    }
    return best;
}

static void repair(const amct_breeder *b, amct_pcg *rng, double target, uint8_t *child)
{
    double sum = amct_terms_sum(b->chain, b->terms, child);
    for (int i = 0; i < REPAIR_STEPS; i++) {
        step s = draw_step(b, rng, target - sum, child);
        if (s.worth > 0)
            child[s.gene] = s.level;
        else if (sum <= target)
            break;
        sum = amct_terms_sum(b->chain, b->terms, child);
    }
}

/* A standard normal number: twelve uniform ones do. */
static double draw_normal(amct_pcg *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += amct_pcg_unit(rng);
    return sum;
}

static void solve_drawn(amct_breeder *b, amct_pcg *rng, double target, uint8_t *child)
{
    uint32_t n = b->chain->first[b->chain->space.n_genes];
    const double *terms = amct_surrogate_terms(b->surrogate);
    for (uint32_t i = 0; i < n; i++)
        b->terms[i] = terms[i] * exp(b->sds[i] * draw_normal(rng));
    amct_knapsack(b->chain, b->terms, target, b->penalty, &b->price, child);
    memcpy(b->terms, terms, n * sizeof *terms);
}

static void breed(amct_breeder *b, const amct_search *search, const amct_parents *p, amct_pcg *rng)
{
    const amct_space *space = &b->chain->space;
    /* From safe and hardly faster to a gamble; the expected gain decides. */
    double risk = AMCT_LEAST_CHANCE + (1 - 2 * AMCT_LEAST_CHANCE) * amct_pcg_unit(rng);
    double target = amct_surrogate_sum_at(b->surrogate, risk, search->drop.limit_loss);
    uint32_t way = amct_pcg_below(rng, 8);
    if (p->n == 0 || way == 0) {
        solve_drawn(b, rng, target, b->child);
        amct_engine_canonical(search, b->child);
        return;
    }
    memcpy(b->child, draw_parent(search, p, rng), space->n_genes);
    if (way <= 3)
        switch_genes(space, rng, b->child);
    else if (way <= 5)
        set_run(space, rng, b->child);
    else
        cross(space, rng, draw_parent(search, p, rng), b->child);
    repair(b, rng, target, b->child);
    amct_engine_canonical(search, b->child);
}

static double chance(const amct_breeder *b, const amct_search *search, const uint8_t *genome)
{
    return amct_surrogate_chance(b->surrogate, amct_surrogate_sum(b->surrogate, genome),
                                 search->drop.limit_loss);
}

/* Expected gain of a genome by exact cost; 0 if it was asked or is not worth it. */
static amct_status expected_gain(const amct_breeder *b, amct_search *search, const uint8_t *genome,
                                 double *gain, amct_err *err)
{
    double likely = chance(b, search, genome), cost;
    *gain = 0;
    if (likely < AMCT_LEAST_CHANCE || amct_engine_asked(search, genome))
        return AMCT_OK;
    AMCT_TRY(amct_memo_cost(&search->memo, genome, &cost, err));
    *gain = amct_engine_hoped(search, cost, likely);
    return AMCT_OK;
}

/* The best offspring of one candidate in b->best; *gain 0 if there is none. */
static amct_status best_offspring(amct_breeder *b, amct_search *search, const amct_parents *p,
                                  double *gain, amct_err *err)
{
    size_t n_genes = b->chain->space.n_genes;
    amct_pcg rng = amct_pcg_new(search->options.seed, ++b->attempts);
    *gain = 0;
    for (int i = 0, exact = 0; i < OFFSPRING && exact < EXACT; i++) {
        breed(b, search, p, &rng);
        double saved = amct_engine_incumbent_ns(search) - amct_chain_cost(b->chain, b->child);
        double hoped = saved * chance(b, search, b->child);
        if (hoped <= *gain || amct_engine_asked(search, b->child))
            continue;
        double found;
        AMCT_TRY(expected_gain(b, search, b->child, &found, err));
        exact++;
        if (found > *gain) {
            *gain = found;
            memcpy(b->best, b->child, n_genes);
        }
    }
    return AMCT_OK;
}

/* Replaces b->best by what local search makes of it, if that is still new and not worse. */
static amct_status polish_best(amct_breeder *b, amct_search *search, double gain, amct_err *err)
{
    double target = amct_terms_sum(b->chain, b->terms, b->best), cost, after;
    memcpy(b->polished, b->best, b->chain->space.n_genes);
    AMCT_TRY(amct_polish(b->chain, &search->memo, b->terms, target, POLISH_ROUNDS, b->polished,
                         &cost, err));
    amct_engine_canonical(search, b->polished);
    AMCT_TRY(expected_gain(b, search, b->polished, &after, err));
    if (after > gain)
        memcpy(b->best, b->polished, b->chain->space.n_genes);
    return AMCT_OK;
}

amct_status amct_evolve(amct_breeder *b, amct_search *search, uint32_t limit, amct_err *err)
{
    uint32_t room = amct_engine_room(search);
    limit = limit < room ? limit : room;
    amct_parents p;
    amct_evolve_parents(search, true, &p);
    uint32_t n = b->chain->first[b->chain->space.n_genes];
    memcpy(b->terms, amct_surrogate_terms(b->surrogate), n * sizeof *b->terms);
    amct_surrogate_term_sds(b->surrogate, b->sds);
    for (uint32_t tries = 4 * limit; tries > 0 && search->n_asks < limit; tries--) {
        double gain;
        AMCT_TRY(best_offspring(b, search, &p, &gain, err));
        if (!(gain > 0))
            continue;
        AMCT_TRY(polish_best(b, search, gain, err));
        AMCT_TRY(amct_engine_propose(search, b->best, AMCT_SLOT_RACED, NULL, err));
    }
    return AMCT_OK;
}
