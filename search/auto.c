/*
 * The algorithm "auto". Phases:
 * 1. The fastest genome by cost alone, measured, and refined if that may help: if it is safe within
 *    the budget there is nothing to search. Else the same with the genes of one kind alone.
 * 2. Probes: every level of every gene alone on a few samples.
 * 3. Warm start: the knapsack of single losses, solved for a spread of targets about the limit and,
 *    corrected by what those showed, for a narrow one. Measured in full, as they also teach how
 *    loss and accuracy are related and how early looks foresee late ones.
 * 4. Evolution and the neighbours of good ones, raced, until it stalls, nothing promising is found,
 *    or the evaluations are used up.
 * 5. The fastest that are good enough, as far as is foreseen of what refining makes of them
 *    (refining.h), are refined; with what that teaches, evolution goes on, until the fastest is a
 *    refined one and nothing promising is left; then refinements that are left over go to faster
 *    ones that may turn out good enough, and a few to genomes that are unlike what was refined. If
 *    refining showed that the best were not good enough after all, knapsacks for what is known now
 *    come first: evolution from what is left would take long. If the fastest of all is good enough,
 *    but not safe, surer ones stand by it.
 * 6. Candidates for the chances that finalists are to have (finalists.h), of which those beyond the
 *    limit are rejected if they are raced, and a few more points of the front, for other budgets:
 *    knapsacks for other targets.
 * 7. Evolution once more, of faster ones that are hardly good enough: one of the finalists may be.
 */
#include "search/auto.h"
#include "search/neighbours.h"
#include "search/refine_choice.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double probe_sd = 0.5;       /* of the log of a single loss */
static const double disappointing = 1.02; /* cost to beat, after by before refining */
static const double exploring_sd = 0.7;   /* of the log of a loss, unlike any that was refined */
enum { EXPLORED = 3 }; /* candidates, and refinements that are kept for what they show */
static const double front_from = 1.0 / 50, front_to = 20; /* of the limit */

static void end(void *self)
{
    amct_auto *a = self;
    amct_chain_end(&a->chain);
    amct_surrogate_free(a->surrogate);
    amct_refining_end(&a->refining);
    amct_probes_end(&a->probes);
    free(a->genome_block);
    free(a->number_block);
    free(a->genes);
    free(a);
}

/* The surrogate predicts what is left in the end. */
static void take_left(amct_auto *a)
{
    amct_refining_end_left(&a->refining, a->breeder.terms);
    amct_surrogate_left(a->surrogate, a->breeder.terms);
}

static void *start(const amct_search *search)
{
    const amct_space *space = &search->problem.space;
    amct_err err;
    amct_auto *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    if (amct_chain_start(&a->chain, space, &err) != AMCT_OK ||
        amct_probes_start(&a->probes, space, &err) != AMCT_OK ||
        !amct_refining_start(&a->refining, space, amct_refining_power(search->problem.expected),
                             fmax(search->problem.refit_growth, 1)))
        goto nomem;
    size_t n_genes = space->n_genes, n_levels = a->chain.first[n_genes];
    a->surrogate = amct_surrogate_new(space);
    a->genome_block = calloc(5, n_genes);
    a->number_block = calloc(3 * n_levels + n_genes, sizeof(double));
    a->genes = calloc(n_levels, sizeof *a->genes);
    if (!a->surrogate || !a->genome_block || !a->number_block || !a->genes)
        goto nomem;
    for (uint32_t g = 0; g < n_genes; g++)
        for (uint32_t i = a->chain.first[g]; i < a->chain.first[g + 1]; i++)
            a->genes[i] = g;
    a->fastest = a->genome_block;
    a->genome = a->genome_block + n_genes;
    a->breeder = (amct_breeder){
        .chain = &a->chain,
        .surrogate = a->surrogate,
        .genes = a->genes,
        .penalty = a->number_block,
        .terms = a->number_block + n_levels,
        .sds = a->number_block + 2 * n_levels,
        .child = a->genome_block + 2 * n_genes,
        .best = a->genome_block + 3 * n_genes,
        .polished = a->genome_block + 4 * n_genes,
    };
    a->shares = a->number_block + 3 * n_levels;
    if (search->options.refinements)
        take_left(a);
    return a;
nomem:
    end(a);
    return NULL;
}

/* ---- Probes --------------------------------------------------------------------------------- */

static amct_status ask_probes(amct_auto *a, amct_search *search, amct_err *err)
{
    search->phase = "single genes";
    AMCT_TRY(amct_probes_propose(&a->probes, search, err));
    if (search->n_asks)
        return AMCT_OK;
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++) {
        double losses[AMCT_LEVELS_MAX];
        AMCT_TRY(amct_probes_losses(&a->probes, search, g, losses, err));
        for (uint32_t l = 1; l < search->n_levels[g]; l++)
            amct_surrogate_prior(a->surrogate, g, l, losses[l], probe_sd);
    }
    amct_engine_judge(search); /* there are ratios now */
    amct_auto_enter(a, AMCT_AUTO_WARM);
    return AMCT_OK;
}

/* ---- Refining ------------------------------------------------------------------------------- */

/* The cheapest that is foreseen to be good enough, and beside it a faster one that may be. */
static void refine_cheapest(const amct_auto *a, amct_search *search)
{
    uint32_t member = amct_refine_cheapest(search);
    if (member == AMCT_GENOMES_NONE || !amct_engine_refine(search, member))
        return;
    member = amct_refine_chance(search, a->surrogate, &a->refining, a->shares);
    if (member == AMCT_GENOMES_NONE)
        member = amct_refine_cheapest(search);
    if (member != AMCT_GENOMES_NONE)
        amct_engine_refine(search, member);
}

static amct_status ask_refine(amct_auto *a, amct_search *search, amct_err *err)
{
    search->phase = "refining";
    if (a->round++ == 0) {
        AMCT_TRY(amct_auto_move_chain(a, search, err));
        a->unrefined_ns = amct_engine_incumbent_ns(search);
        refine_cheapest(a, search);
        if (search->n_asks)
            return AMCT_OK;
    }
    bool disappointed = amct_engine_incumbent_ns(search) > disappointing * a->unrefined_ns;
    amct_auto_enter(a, disappointed ? AMCT_AUTO_WARM : AMCT_AUTO_EVOLVE);
    a->round = disappointed; /* the narrow spread */
    return AMCT_OK;
}

/* So sure to be proven that no slower one has to stand by (finalists.h). */
static bool is_safe(const amct_search *search, uint32_t number)
{
    const amct_member *m = &search->archive.members[number];
    return !search->problem.confirm_samples ||
           amct_drop_chance(&search->drop, &m->score, m->ratio) >= AMCT_DROP_SAFE;
}

/* ---- Evolution, front ----------------------------------------------------------------------- */

static uint32_t front_reserve(const amct_search *search)
{
    uint32_t most = search->options.evaluations / 6;
    return search->options.front < most ? search->options.front : most;
}

static uint32_t bold_reserve(const amct_search *search)
{
    return search->drop.proof == AMCT_PROOF_NONE ? 0 : search->options.evaluations / 12;
}

/* How many may be asked in the present phase. */
static uint32_t most_asked(const amct_auto *a, const amct_search *search)
{
    if (a->bold_until)
        return a->bold_until;
    uint32_t reserved = bold_reserve(search) + (a->front_done ? 0 : front_reserve(search));
    return search->options.evaluations - reserved;
}

static void become_bold(amct_auto *a, amct_search *search)
{
    uint32_t until = search->archive.genomes.count + bold_reserve(search);
    a->bold_until = until < search->options.evaluations ? until : search->options.evaluations;
    search->stall_evaluations = 0;
    amct_engine_be_bold(search, true);
}

/* Refinements that are left over are worth more as chances than not at all. */
static void take_chances(const amct_auto *a, amct_search *search)
{
    uint32_t member = amct_refine_chance(search, a->surrogate, &a->refining, a->shares);
    while (member != AMCT_GENOMES_NONE && amct_engine_refine(search, member))
        member = amct_refine_chance(search, a->surrogate, &a->refining, a->shares);
}

/* Nothing is left that is foreseen to be good enough. Foreseen are genomes by others that are like
 * them; what is unlike all that was refined may be left less. The one of which most is to be
 * expected is measured in full, and refined, so that those like it are foreseen better. */
static amct_status explore(amct_auto *a, amct_search *search, amct_err *err)
{
    double limit = search->drop.limit_loss, incumbent_ns = amct_engine_incumbent_ns(search);
    double most = AMCT_LEAST_GAIN;
    uint32_t measured = a->exploring;
    a->exploring = 0;
    if (measured && amct_engine_refine(search, measured))
        return AMCT_OK;
    if (a->why != AMCT_SEARCH_EXHAUSTED || a->explored == EXPLORED ||
        search->refinements + EXPLORED >= search->options.refinements || !(limit > 0))
        return AMCT_OK;
    for (double part = 1; part < 4; part *= 1.1) {
        AMCT_TRY(amct_auto_solve(a, search, limit * part, err));
        amct_engine_canonical(search, a->genome);
        if (amct_engine_asked(search, a->genome))
            continue;
        double cost, sum = amct_surrogate_sum(a->surrogate, a->genome);
        AMCT_TRY(amct_memo_cost(&search->memo, a->genome, &cost, err));
        double off = log(limit) - amct_surrogate_foreseen(a->surrogate, sum);
        double worth = amct_normal_cdf(off / exploring_sd) * (1 - cost / incumbent_ns);
        if (worth > most) {
            most = worth;
            memcpy(a->breeder.best, a->genome, search->problem.space.n_genes);
        }
    }
    if (!(most > AMCT_LEAST_GAIN))
        return AMCT_OK;
    bool added;
    uint32_t member = search->archive.genomes.count;
    AMCT_TRY(amct_engine_propose(search, a->breeder.best, AMCT_SLOT_UNRACED, &added, err));
    if (added) {
        a->exploring = member;
        a->explored++;
    }
    return AMCT_OK;
}

/* The fastest of all is good enough, but not safe: surer ones have to stand by. */
static amct_status propose_surer(amct_auto *a, amct_search *search, amct_err *err)
{
    double limit = search->drop.limit_loss;
    if (search->archive.best != 0 || is_safe(search, 0))
        return AMCT_OK;
    for (double loss = limit; loss > limit * front_from && amct_engine_room(search); loss /= 2) {
        AMCT_TRY(amct_auto_solve(a, search, loss, err));
        if (!amct_engine_asked(search, a->genome))
            AMCT_TRY(amct_auto_propose(a, search, err));
    }
    return AMCT_OK;
}

static amct_status ask_evolution(amct_auto *a, amct_search *search, amct_err *err)
{
    search->phase = a->bold_until ? "bolder ones" : "evolution";
    uint32_t asked = search->archive.genomes.count, most = most_asked(a, search);
    bool stalled = search->options.stall && search->stall_evaluations >= search->options.stall;
    if (!a->bold_until)
        a->why = stalled        ? AMCT_SEARCH_STALLED
                 : asked < most ? AMCT_SEARCH_EXHAUSTED
                                : AMCT_SEARCH_EVALUATIONS;
    if (!stalled && asked < most) {
        uint32_t room = amct_engine_room(search);
        room = room < most - asked ? room : most - asked;
        AMCT_TRY(amct_neighbours(&a->breeder, search, (room + 1) / 2, err));
        AMCT_TRY(amct_evolve(&a->breeder, search, room, err));
        AMCT_TRY(amct_neighbours(&a->breeder, search, room, err));
    }
    if (search->n_asks)
        return AMCT_OK;
    if (a->bold_until) {
        amct_engine_finish(search, a->why);
        return AMCT_OK;
    }
    if (search->refinements < search->options.refinements &&
        amct_refine_cheapest(search) != AMCT_GENOMES_NONE) {
        amct_auto_enter(a, AMCT_AUTO_REFINE);
        return AMCT_OK;
    }
    take_chances(a, search);
    if (search->n_asks) {
        search->phase = "refining";
        return AMCT_OK;
    }
    AMCT_TRY(explore(a, search, err));
    if (search->n_asks) {
        search->phase = "exploring";
        return AMCT_OK;
    }
    AMCT_TRY(propose_surer(a, search, err));
    if (search->n_asks)
        search->phase = "surer ones";
    else if (!a->front_done)
        amct_auto_enter(a, AMCT_AUTO_FRONT);
    else if (bold_reserve(search))
        become_bold(a, search);
    else
        amct_engine_finish(search, a->why);
    return AMCT_OK;
}

static bool measured_near(const amct_search *search, double loss)
{
    for (uint32_t i = 0; i < search->archive.genomes.count; i++) {
        const amct_member *member = &search->archive.members[i];
        if (member->state == AMCT_MEMBER_FULL &&
            fabs(log(amct_score_loss(&member->score) / loss)) < 0.15)
            return true;
    }
    return false;
}

/* Of step r < k: safe, as something has to be proven, then from what hardly ever fails down to
 * what hardly ever is proven, at even steps of the normal distribution. */
static double step_chance(uint32_t r, uint32_t k)
{
    if (r == 0)
        return AMCT_DROP_SAFE;
    double from = amct_normal_quantile(0.8), to = amct_normal_quantile(0.15);
    return amct_normal_cdf(k > 2 ? from + (to - from) * (r - 1) / (k - 2) : from);
}

/* First what may become finalists: from what is surely proven to what hardly is, where candidates
 * that are raced are rejected. Then losses evenly spaced in their logarithm, from small ones up to
 * that of the fastest. */
static amct_status ask_front(amct_auto *a, amct_search *search, amct_err *err)
{
    search->phase = "other budgets";
    uint32_t points = front_reserve(search);
    double limit = search->drop.limit_loss;
    uint32_t steps = points < 4 ? 0 : points / 2;
    if (a->round == 0)
        AMCT_TRY(amct_auto_move_chain(a, search, err));
    for (; a->round < points && amct_engine_room(search) && limit > 0; a->round++) {
        double loss;
        if (a->round < steps) {
            double chance = step_chance(a->round, steps);
            loss = amct_drop_loss_with(&search->drop, chance, search->problem.search_samples);
            if (!(loss > 0))
                continue;
        } else {
            double t = (a->round - steps + 0.5) / (points - steps);
            loss = limit * front_from * pow(front_to / front_from, t);
            if (measured_near(search, loss))
                continue;
        }
        AMCT_TRY(amct_auto_solve(a, search, loss, err));
        AMCT_TRY(amct_auto_propose(a, search, err));
    }
    if (!search->n_asks) { /* what it left over, or found, goes to evolution */
        a->front_done = true;
        amct_auto_enter(a, AMCT_AUTO_EVOLVE);
    }
    return AMCT_OK;
}

static amct_status ask_phase(amct_auto *a, amct_search *search, amct_err *err)
{
    switch (a->phase) {
    case AMCT_AUTO_FASTEST: return amct_auto_ask_fastest(a, search, err);
    case AMCT_AUTO_PROBES: return ask_probes(a, search, err);
    case AMCT_AUTO_WARM: return amct_auto_ask_warm(a, search, err);
    case AMCT_AUTO_REFINE: return ask_refine(a, search, err);
    case AMCT_AUTO_EVOLVE: return ask_evolution(a, search, err);
    case AMCT_AUTO_FRONT: return ask_front(a, search, err);
    }
    return AMCT_OK;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    amct_auto *a = self;
    amct_surrogate_fit(a->surrogate);
    while (search->n_asks == 0 && search->ended == AMCT_SEARCH_RUNNING) {
        if (search->archive.genomes.count == search->options.evaluations &&
            a->phase < AMCT_AUTO_REFINE)
            amct_auto_enter(a, AMCT_AUTO_REFINE);
        /* The first one asked is the fastest. */
        if (search->archive.best == 0 && amct_engine_refine(search, 0))
            break;
        if (search->archive.best == 0 && amct_engine_count(search, 0) && is_safe(search, 0))
            amct_engine_finish(search, AMCT_SEARCH_FASTEST_MEETS);
        else
            AMCT_TRY(ask_phase(a, search, err));
    }
    return AMCT_OK;
}

static void told(void *self, amct_search *search, const amct_slot *slot, const amct_score *score)
{
    amct_auto *a = self;
    if (slot->kind == AMCT_SLOT_PROBE) {
        amct_probes_told(&a->probes, slot, score);
        return;
    }
    if (!score)
        return;
    const uint8_t *genome = amct_genomes_at(&search->archive.genomes, slot->member);
    if (slot->kind == AMCT_SLOT_REFINED) {
        amct_surrogate_shares(a->surrogate, genome, a->shares);
        amct_refining_observe(&a->refining, genome, a->shares,
                              search->archive.members[slot->member].left);
        take_left(a);
        return;
    }
    double loss, sd;
    amct_engine_foreseen(search, score, &loss, &sd);
    /* Far from the limit the model need not fit. */
    if (search->drop.limit_loss > 0)
        sd = hypot(sd, 0.1 * log(loss / search->drop.limit_loss));
    amct_surrogate_observe(a->surrogate, genome, loss, sd);
}

static double ratio(const void *self, const uint8_t *genome, bool refined)
{
    const amct_auto *a = self;
    amct_surrogate_shares(a->surrogate, genome, a->shares);
    return amct_refining_end_ratio(&a->refining, genome, a->shares, refined);
}

#define AUTO(name_, kinds_, summary_)                                                              \
    {                                                                                              \
        .name = name_, .summary = summary_, .kinds = kinds_, .start = start, .end = end,           \
        .next = next, .told = told, .ratio = ratio,                                                \
    }

const amct_algorithm amct_algorithm_auto =
    AUTO("auto", 0, "knapsack on single losses, then evolution with racing");
const amct_algorithm amct_algorithm_bits_only =
    AUTO("bits-only", 1u << AMCT_GENE_BITS, "auto that chooses bits only");
const amct_algorithm amct_algorithm_prune_only =
    AUTO("prune-only", 1u << AMCT_GENE_CHANNELS, "auto that chooses channels only");
const amct_algorithm amct_algorithm_rank_only =
    AUTO("rank-only", 1u << AMCT_GENE_RANK, "auto that chooses ranks only");
