#include "search/search.h"

#include "search/engine.h"
#include "search/refining.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 1024 };

amct_search_options amct_search_defaults(void)
{
    return (amct_search_options){.algorithm = "auto",
                                 .seed = 1,
                                 .batch = 8,
                                 .evaluations = 400,
                                 .stall = 120,
                                 .probe_samples = 64,
                                 .front = 14,
                                 .refinements = 12};
}

static amct_status check(const amct_search_problem *problem, const amct_search_options *options,
                         amct_err *err)
{
    AMCT_TRY(amct_space_check(&problem->space, err));
    if (!(problem->budget_ratio > 0 && problem->budget_ratio < 1))
        return amct_fail(err, AMCT_E_INVALID, "budget is a drop of %g, wanted above 0 and below 1",
                         problem->budget_ratio);
    if (!(problem->least_gain_ratio >= 0 && problem->least_gain_ratio < 1))
        return amct_fail(err, AMCT_E_INVALID, "a gain of %g is worth a search, wanted 0 to 1",
                         problem->least_gain_ratio);
    if (!(problem->confidence > 0 && problem->confidence < 1))
        return amct_fail(err, AMCT_E_INVALID, "confidence is %g, wanted above 0 and below 1",
                         problem->confidence);
    if (!(problem->refit_growth >= 0 && isfinite(problem->refit_growth)))
        return amct_fail(err, AMCT_E_INVALID, "finalists refined on %g times the samples",
                         problem->refit_growth);
    if (problem->search_samples == 0)
        return amct_fail(err, AMCT_E_INVALID, "there are no samples to search on");
    if (options->batch == 0 || options->batch > BATCH_MAX)
        return amct_fail(err, AMCT_E_INVALID, "batch is %u, wanted 1 to %d", options->batch,
                         BATCH_MAX);
    if (options->evaluations == 0 || options->evaluations >= AMCT_GENOMES_NONE / 4)
        return amct_fail(err, AMCT_E_INVALID, "evaluations is %u, wanted 1 to %u",
                         options->evaluations, AMCT_GENOMES_NONE / 4 - 1);
    if (options->probe_samples == 0)
        return amct_fail(err, AMCT_E_INVALID, "probe samples is 0, wanted 1 or more");
    return AMCT_OK;
}

/* Copies the space as the algorithm may see it, and the table that is laid out for it. */
static amct_status copy_space(amct_search *search, amct_err *err)
{
    amct_space *space = &search->problem.space;
    const uint8_t *n_levels = space->n_levels, *kinds = space->kinds;
    const double *from = search->problem.bit_ops;
    uint32_t may = search->algorithm->kinds;
    uint32_t *first = amct_space_first(space);
    search->n_levels = malloc(space->n_genes);
    search->kinds = calloc(space->n_genes, 1);
    search->bit_ops = from && first ? calloc(first[space->n_genes], sizeof(double)) : NULL;
    double *to = search->bit_ops;
    bool failed = !first || !search->n_levels || !search->kinds || (from && !to);
    for (uint32_t g = 0; !failed && g < space->n_genes; g++) {
        search->kinds[g] = kinds ? kinds[g] : (uint8_t)AMCT_GENE_BITS;
        search->n_levels[g] = !may || may >> search->kinds[g] & 1 ? n_levels[g] : 1;
        if (from)
            memcpy(to, from + first[g], search->n_levels[g] * sizeof *to);
        to += from ? search->n_levels[g] : 0;
    }
    free(first);
    if (failed)
        return amct_fail_nomem(err);
    space->n_levels = search->n_levels;
    space->kinds = search->kinds;
    search->problem.bit_ops = search->bit_ops;
    return search->algorithm->needs_bit_ops && !from
               ? amct_fail(err, AMCT_E_INVALID, "algorithm %s needs a table of bit operations",
                           search->algorithm->name)
               : AMCT_OK;
}

/* Everything but the algorithm's own state. */
static amct_status build(amct_search *search, amct_err *err)
{
    amct_search_problem *problem = &search->problem;
    size_t n_genes = problem->space.n_genes, batch = search->options.batch;
    AMCT_TRY(copy_space(search, err));
    search->asks = calloc(batch, sizeof *search->asks);
    search->slots = calloc(batch, sizeof *search->slots);
    search->ask_genomes = calloc(batch, n_genes);
    search->canonical = calloc(1, n_genes);
    if (!search->asks || !search->slots || !search->ask_genomes || !search->canonical)
        return amct_fail_nomem(err);
    search->options.algorithm = search->algorithm->name;
    amct_memo_start(&search->memo, problem->space.n_genes, problem->cost, problem->screen,
                    problem->cost_ctx);
    amct_archive_start(&search->archive, problem->space.n_genes);
    amct_drop_start(&search->drop, problem->budget_ratio, problem->confidence,
                    problem->confirm_samples, problem->labels, problem->expected);
    amct_race_plan(&search->plan, problem->search_samples);
    search->plan.expected = problem->expected;
    amct_engine_refit(search);
    search->stall_ns = INFINITY;
    search->phase = "start";
    search->self = search->algorithm->start(search);
    return search->self ? AMCT_OK : amct_fail_nomem(err);
}

amct_status amct_search_new(amct_search **out, const amct_search_problem *problem,
                            const amct_search_options *options, amct_err *err)
{
    const amct_algorithm *algorithm;
    AMCT_TRY(check(problem, options, err));
    AMCT_TRY(amct_algorithm_find(&algorithm, options->algorithm, err));
    amct_search *search = calloc(1, sizeof *search);
    if (!search)
        return amct_fail_nomem(err);
    search->problem = *problem;
    search->options = *options;
    search->algorithm = algorithm;
    amct_status status = build(search, err);
    if (status == AMCT_OK)
        *out = search;
    else
        amct_search_free(search);
    return status;
}

void amct_search_free(amct_search *search)
{
    if (!search)
        return;
    if (search->self)
        search->algorithm->end(search->self);
    amct_memo_end(&search->memo);
    amct_archive_end(&search->archive);
    free(search->ask_numbers);
    free(search->asks);
    free(search->slots);
    free(search->ask_genomes);
    free(search->canonical);
    free(search->n_levels);
    free(search->kinds);
    free(search->bit_ops);
    free(search);
}

static amct_status ask_original(amct_search *search, amct_err *err)
{
    if (search->n_asked > 0)
        return AMCT_OK;
    /* The batch is still empty: its block of genomes is all zero. */
    return amct_memo_cost(&search->memo, search->ask_genomes, &search->original_ns, err);
}

amct_status amct_search_ask(amct_search *search, const amct_ask **out, size_t *n, amct_err *err)
{
    if (!search->waiting && search->ended == AMCT_SEARCH_RUNNING) {
        AMCT_TRY(ask_original(search, err));
        search->n_asks = 0;
        AMCT_TRY(search->algorithm->next(search->self, search, err));
        search->waiting = search->n_asks > 0;
    }
    *out = search->asks;
    *n = search->ended == AMCT_SEARCH_RUNNING ? search->n_asks : 0;
    return AMCT_OK;
}

static amct_status check_score(const amct_ask *ask, const amct_score *score, uint32_t before,
                               bool last, amct_err *err)
{
    uint32_t upto;
    uint64_t changed = (uint64_t)score->lost + score->gained;
    if (score->n == 0 || changed > score->n)
        return amct_fail(err, AMCT_E_INVALID, "%llu of %u answers changed",
                         (unsigned long long)changed, score->n);
    uint32_t look = 0;
    while (look < ask->race.n_looks && ask->race.looks[look].n != score->n)
        look++;
    if (look == ask->race.n_looks || score->n <= before)
        return amct_fail(err, AMCT_E_INVALID, "a score of %u samples, which is not the next look",
                         score->n);
    bool goes_on = amct_race_step(&ask->race, score, &upto) == AMCT_RACE_CONTINUE;
    if (goes_on == last)
        return amct_fail(err, AMCT_E_INVALID, "measuring %s after %u samples",
                         last ? "ended" : "went on", score->n);
    return AMCT_OK;
}

static amct_status check_result(const amct_ask *ask, const amct_result *result, amct_err *err)
{
    if (result->number != ask->number)
        return amct_fail(err, AMCT_E_INVALID, "wanted the result of candidate %llu",
                         (unsigned long long)ask->number);
    if (result->failed)
        return AMCT_OK;
    if (result->n_scores == 0 || result->n_scores > AMCT_RACE_LOOKS)
        return amct_fail(err, AMCT_E_INVALID, "%u scores, wanted 1 to %d", result->n_scores,
                         AMCT_RACE_LOOKS);
    uint32_t before = 0;
    for (uint32_t i = 0; i < result->n_scores; i++) {
        AMCT_TRY(check_score(ask, &result->scores[i], before, i + 1 == result->n_scores, err));
        before = result->scores[i].n;
    }
    return AMCT_OK;
}

/* Where refining leaves more of the drop than of the loss, the loss that goes with that drop is
 * kept. */
static void take_refined(amct_search *search, amct_member *member, const amct_score *score)
{
    member->refined = true;
    if (!score) {
        member->state = AMCT_MEMBER_FAILED;
        return;
    }
    double power = amct_refining_power(search->problem.expected);
    double left = amct_score_loss(score) / amct_score_loss(&member->score);
    member->left = pow(left, power);
    member->ratio = 1;
    member->score = *score;
    member->score.loss_sum *= member->left / left;
    member->score.loss_sum_sq *= member->left / left * (member->left / left);
    amct_lossbins_add(&search->lossbins, &search->plan, &member->score, 1);
}

/* Returns the last score, NULL if the candidate is to be left aside. */
static const amct_score *take(amct_search *search, uint32_t i, const amct_result *result)
{
    const amct_score *last = result->failed ? NULL : &result->scores[result->n_scores - 1];
    if (last)
        search->samples += last->n;
    if (last &&
        (!isfinite(last->loss_sum) || !isfinite(last->loss_sum_sq) ||
         !isfinite(last->expected_sum) || !isfinite(last->expected_sum_sq) || last->loss_sum < 0))
        last = NULL;
    if (search->slots[i].kind == AMCT_SLOT_PROBE) {
        search->probes++;
        search->probe_samples += last ? last->n : 0;
        return last;
    }
    amct_member *member = &search->archive.members[search->slots[i].member];
    if (search->slots[i].kind == AMCT_SLOT_REFINED) {
        take_refined(search, member, last);
        return last;
    }
    search->evaluations++;
    if (!last) {
        member->state = AMCT_MEMBER_FAILED;
        return NULL;
    }
    member->score = *last;
    member->state =
        last->n == search->problem.search_samples ? AMCT_MEMBER_FULL : AMCT_MEMBER_REJECTED;
    if (member->state == AMCT_MEMBER_FULL) {
        amct_lossbins_add(&search->lossbins, &search->plan, result->scores, result->n_scores);
    } else {
        search->rejected++;
        search->rejected_samples += last->n;
    }
    return last;
}

static void watch_stall(amct_search *search)
{
    double best = amct_engine_incumbent_ns(search);
    if (best < search->stall_ns * (1 - AMCT_LEAST_GAIN)) {
        search->stall_ns = best;
        search->stall_evaluations = 0;
    }
}

amct_status amct_search_tell(amct_search *search, const amct_result *results, size_t n,
                             amct_err *err)
{
    if (!search->waiting || n != search->n_asks)
        return amct_fail(err, AMCT_E_INVALID, "%zu results told, %u candidates asked", n,
                         search->waiting ? search->n_asks : 0);
    for (uint32_t i = 0; i < n; i++)
        if (check_result(&search->asks[i], &results[i], err) != AMCT_OK)
            return amct_fail_in(err, "result of candidate %llu",
                                (unsigned long long)results[i].number);
    const amct_score **last = calloc(n, sizeof *last);
    if (!last)
        return amct_fail_nomem(err);
    search->waiting = false;
    uint32_t before = search->evaluations;
    for (uint32_t i = 0; i < n; i++)
        last[i] = take(search, i, &results[i]);
    if (search->evaluations > before) {
        amct_engine_refit(search);
        search->stall_evaluations += search->evaluations - before;
        watch_stall(search);
    }
    bool refined = false;
    for (uint32_t i = 0; i < n; i++) {
        if (search->algorithm->told)
            search->algorithm->told(search->self, search, &search->slots[i], last[i]);
        refined |= search->slots[i].kind == AMCT_SLOT_REFINED;
    }
    if (refined) { /* what is worth trying may be others now */
        amct_engine_judge(search);
        search->stall_evaluations = 0;
        search->stall_ns = amct_engine_incumbent_ns(search);
    }
    free(last);
    return AMCT_OK;
}

void amct_search_stop(amct_search *search, amct_search_end why)
{
    amct_engine_finish(search, why);
}

amct_status amct_search_set_budget(amct_search *search, double budget_ratio, amct_err *err)
{
    search->problem.budget_ratio = budget_ratio;
    AMCT_TRY(check(&search->problem, &search->options, err));
    amct_search_stop(search, AMCT_SEARCH_COMPLETE);
    search->drop = (amct_drop_model){0};
    amct_drop_start(&search->drop, budget_ratio, search->problem.confidence,
                    search->problem.confirm_samples, search->problem.labels,
                    search->problem.expected);
    amct_engine_refit(search);
    while (amct_engine_incumbent_ns(search) >= search->original_ns &&
           amct_engine_demand_less(search))
        continue;
    return AMCT_OK;
}

amct_search_end amct_search_ended(const amct_search *search)
{
    return search->ended;
}

const char *amct_search_reason(const amct_search *search)
{
    return search->reason;
}
