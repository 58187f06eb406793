#include "search/engine.h"

#include "base/grow.h"
#include "search/foresee.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t amct_engine_room(const amct_search *search)
{
    uint32_t batch = search->options.batch - search->n_asks;
    uint32_t left = search->options.evaluations - search->archive.genomes.count;
    return batch < left ? batch : left;
}

void amct_engine_canonical(const amct_search *search, uint8_t *genome)
{
    if (search->problem.canonical)
        search->problem.canonical(search->problem.cost_ctx, genome);
}

static const uint8_t *canonical_of(const amct_search *search, const uint8_t *genome)
{
    memcpy(search->canonical, genome, search->problem.space.n_genes);
    amct_engine_canonical(search, search->canonical);
    return search->canonical;
}

uint32_t amct_engine_member(const amct_search *search, const uint8_t *genome)
{
    return amct_genomes_find(&search->archive.genomes, canonical_of(search, genome));
}

bool amct_engine_asked(const amct_search *search, const uint8_t *genome)
{
    return amct_engine_member(search, genome) != AMCT_GENOMES_NONE;
}

/* Takes the next place of the batch for the genome. */
static void fill_ask(amct_search *search, const uint8_t *genome, double cost_ns, amct_slot slot)
{
    uint32_t i = search->n_asks++;
    size_t n_genes = search->problem.space.n_genes;
    uint8_t *copy = search->ask_genomes + i * n_genes;
    memcpy(copy, genome, n_genes);
    search->slots[i] = slot;
    amct_ask *ask = &search->asks[i];
    *ask = (amct_ask){.number = search->n_asked++,
                      .genome = copy,
                      .cost_ns = cost_ns,
                      .probe = slot.kind == AMCT_SLOT_PROBE};
    if (slot.kind == AMCT_SLOT_PROBE) {
        uint32_t n = search->options.probe_samples, all = search->problem.search_samples;
        ask->race.n_looks = 1;
        ask->race.looks[0] = (amct_race_look){.n = n < all ? n : all, .z = INFINITY};
        return;
    }
    if (slot.kind == AMCT_SLOT_REFINED) {
        ask->refined = true;
        ask->of = search->ask_numbers[slot.member];
        ask->race.n_looks = 1;
        ask->race.looks[0] = (amct_race_look){.n = search->problem.search_samples, .z = INFINITY};
        return;
    }
    ask->race = search->plan;
    if (slot.kind == AMCT_SLOT_RACED) {
        amct_race_spend(&ask->race);
        amct_drop_limit_race(&search->drop, search->archive.members[slot.member].ratio, &ask->race);
        amct_foresee(&ask->race, &search->lossbins, ask->race.limit_loss);
    }
}

static amct_status note_number(amct_search *search, uint32_t member, amct_err *err)
{
    AMCT_TRY(amct_grow(&search->ask_numbers, member, &search->ask_capacity,
                       sizeof *search->ask_numbers, err));
    search->ask_numbers[member] = search->n_asked;
    return AMCT_OK;
}

/* What is expected of a member's final form. */
static double ratio_of(const amct_search *search, uint32_t member, bool refined)
{
    if (!search->options.refinements || !search->algorithm->ratio)
        return 1;
    const uint8_t *genome = amct_genomes_at(&search->archive.genomes, member);
    return search->algorithm->ratio(search->self, genome, refined);
}

static void set_ratio(amct_search *search, uint32_t number)
{
    amct_member *member = &search->archive.members[number];
    member->ratio = ratio_of(search, number, member->refined);
}

void amct_engine_refit(amct_search *search)
{
    amct_drop_fit(&search->drop, &search->lossbins, search->problem.search_samples);
    amct_archive_refresh(&search->archive, &search->drop);
}

void amct_engine_judge(amct_search *search)
{
    for (uint32_t i = 0; i < search->archive.genomes.count; i++)
        set_ratio(search, i);
    amct_engine_refit(search);
}

bool amct_engine_refines(const amct_search *search, uint32_t member)
{
    for (uint32_t i = 0; i < search->n_asks; i++)
        if (search->slots[i].kind == AMCT_SLOT_REFINED && search->slots[i].member == member)
            return true;
    return false;
}

uint32_t amct_engine_refining(const amct_search *search)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < search->n_asks; i++)
        n += search->slots[i].kind == AMCT_SLOT_REFINED;
    return n;
}

bool amct_engine_refine(amct_search *search, uint32_t member)
{
    const amct_member *m = &search->archive.members[member];
    if (search->refinements == search->options.refinements || m->refined ||
        m->state != AMCT_MEMBER_FULL || search->n_asks == search->options.batch ||
        amct_engine_refining(search) == AMCT_REFINED_AT_A_TIME ||
        amct_engine_refines(search, member))
        return false;
    search->refinements++;
    fill_ask(search, amct_genomes_at(&search->archive.genomes, member), m->cost_ns,
             (amct_slot){.kind = AMCT_SLOT_REFINED, .member = member});
    return true;
}

amct_status amct_engine_propose(amct_search *search, const uint8_t *genome, amct_slot_kind kind,
                                bool *added, amct_err *err)
{
    if (added)
        *added = false;
    if (amct_engine_room(search) == 0)
        return AMCT_OK;
    genome = canonical_of(search, genome);
    if (amct_genomes_find(&search->archive.genomes, genome) != AMCT_GENOMES_NONE)
        return AMCT_OK;
    double cost_ns;
    AMCT_TRY(amct_memo_cost(&search->memo, genome, &cost_ns, err));
    uint32_t member = amct_archive_add(&search->archive, genome, cost_ns);
    if (member == AMCT_GENOMES_NONE)
        return amct_fail_nomem(err);
    AMCT_TRY(note_number(search, member, err));
    set_ratio(search, member);
    fill_ask(search, genome, cost_ns, (amct_slot){.kind = kind, .member = member});
    if (added)
        *added = true;
    return AMCT_OK;
}

amct_status amct_engine_probe(amct_search *search, uint32_t gene, uint32_t level, amct_err *err)
{
    if (search->n_asks == search->options.batch)
        return AMCT_OK;
    uint8_t *genome = calloc(search->problem.space.n_genes, 1);
    if (!genome)
        return amct_fail_nomem(err);
    double cost_ns;
    genome[gene] = (uint8_t)level;
    amct_status status = amct_memo_cost(&search->memo, genome, &cost_ns, err);
    if (status == AMCT_OK)
        fill_ask(search, genome, cost_ns,
                 (amct_slot){.kind = AMCT_SLOT_PROBE, .gene = gene, .level = level});
    free(genome);
    return status;
}

static void tell_cut(amct_search *search, const char *what)
{
    uint32_t n = search->evaluations;
    snprintf(search->reason, sizeof search->reason, "%s after %u candidate%s; --resume carries on",
             what, n, n == 1 ? "" : "s");
}

void amct_engine_finish(amct_search *search, amct_search_end why)
{
    if (search->ended != AMCT_SEARCH_RUNNING)
        return;
    search->ended = why;
    for (uint32_t i = 0; i < search->archive.genomes.count; i++)
        search->archive.members[i].counted = false;
    amct_engine_be_bold(search, false);
    char *text = search->reason;
    size_t size = sizeof search->reason;
    switch (why) {
    case AMCT_SEARCH_RUNNING: break;
    case AMCT_SEARCH_FASTEST_MEETS:
        snprintf(text, size, "the fastest assignment is within the budget on the search samples");
        break;
    case AMCT_SEARCH_NOTHING_FASTER:
        snprintf(text, size, "no assignment is faster than the original");
        if (search->problem.least_gain_ratio > 0)
            snprintf(text, size, "no assignment is faster than the original by %g %%",
                     100 * search->problem.least_gain_ratio);
        break;
    case AMCT_SEARCH_EVALUATIONS:
        snprintf(text, size, "all %u evaluations are used", search->options.evaluations);
        break;
    case AMCT_SEARCH_EXHAUSTED:
        snprintf(text, size, "nothing faster is left that is foreseen to meet the budget");
        break;
    case AMCT_SEARCH_STALLED:
        snprintf(text, size, "%u evaluations in a row brought no gain of 0.1 %%",
                 search->options.stall);
        break;
    case AMCT_SEARCH_COMPLETE: snprintf(text, size, "the algorithm has run its course"); break;
    case AMCT_SEARCH_TIME_LIMIT: tell_cut(search, "stopped by the time limit"); break;
    case AMCT_SEARCH_CANCELLED: tell_cut(search, "stopped by the user"); break;
    }
}

bool amct_engine_within(const amct_search *search, uint32_t member, double share)
{
    const amct_member *m = &search->archive.members[member];
    if (m->state != AMCT_MEMBER_FULL)
        return false;
    if (share >= 1)
        return m->drop.margin >= 0;
    /* The drop is of first order in the loss with labels, else of its root (drop.h). */
    double loss = search->drop.limit_loss * pow(share, search->problem.labels ? 1 : 2);
    return amct_score_loss(&m->score) <= loss;
}

double amct_engine_incumbent_ns(const amct_search *search)
{
    uint32_t best = search->archive.best;
    double original = search->original_ns;
    return best == AMCT_GENOMES_NONE ? original
                                     : fmin(search->archive.members[best].cost_ns, original);
}

/* Whether one of this batch costs nearly the same: if that is good enough, this one gains nothing,
 * and if it is not, this one is less likely. */
static bool has_twin(const amct_search *search, double cost_ns)
{
    for (uint32_t i = 0; i < search->n_asks; i++)
        if (search->slots[i].kind == AMCT_SLOT_RACED &&
            fabs(search->asks[i].cost_ns - cost_ns) < AMCT_LEAST_GAIN * cost_ns)
            return true;
    return false;
}

/* Once rejected candidates have taken nearly a tenth of the samples, twice as likely ones. */
static double least_chance(const amct_search *search)
{
    return search->rejected_samples > search->samples / 12 ? 2 * AMCT_LEAST_CHANCE
                                                           : AMCT_LEAST_CHANCE;
}

double amct_engine_hoped(const amct_search *search, double cost_ns, double chance)
{
    double incumbent_ns = amct_engine_incumbent_ns(search);
    double hoped = (incumbent_ns - cost_ns) * chance;
    if (chance < least_chance(search) || hoped < AMCT_LEAST_GAIN * incumbent_ns ||
        has_twin(search, cost_ns))
        return 0;
    return hoped;
}

bool amct_engine_count(amct_search *search, uint32_t member)
{
    search->archive.members[member].counted = true;
    amct_archive_refresh(&search->archive, &search->drop);
    return search->archive.members[member].drop.margin >= 0;
}

void amct_engine_be_bold(amct_search *search, bool bold)
{
    search->drop.bold = bold;
    amct_engine_refit(search);
}

bool amct_engine_demand_less(amct_search *search)
{
    if (search->drop.proof == AMCT_PROOF_NONE)
        return false;
    search->drop.proof++;
    amct_engine_refit(search);
    return true;
}

double amct_engine_unrefined_loss(const amct_search *search, uint32_t member)
{
    const amct_member *m = &search->archive.members[member];
    double loss = amct_score_loss(&m->score);
    return m->refined ? loss / m->left * ratio_of(search, member, false) : loss * m->ratio;
}

void amct_engine_foreseen(const amct_search *search, const amct_score *score, double *loss,
                          double *sd)
{
    amct_race race = search->plan;
    *loss = amct_score_loss(score);
    amct_foresee(&race, &search->lossbins, *loss);
    *sd = 0;
    for (uint32_t i = 0; i < race.n_looks; i++)
        if (race.looks[i].n == score->n) {
            *loss *= exp(race.looks[i].log_ratio);
            *sd = race.looks[i].sd;
        }
}
