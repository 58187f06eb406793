#include "tune/tune.h"

#include "base/file.h"
#include "base/fork.h"
#include "base/log.h"
#include "tune/answers.h"
#include "tune/canonical.h"
#include "tune/confirming.h"
#include "tune/cost_table.h"
#include "tune/fixed_share.h"
#include "tune/publish.h"
#include "tune/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct runner {
    amct_tuned *to;
    const amct_tune_hooks *hooks;
    double published_at; /* amct_clock */
    double published_ns; /* cost of what best/ holds; INFINITY: it is not there */
    uint64_t published;  /* its candidate */
    bool search;         /* false: only what the study holds */
    double other_budget; /* then: as the user said it, and whether it is relative */
    bool other_relative;
    const char *folder;
    double refining_since;     /* amct_clock: the first of the finalists */
    amct_cost_table *table;    /* of the search that runs; NULL: it has not screened yet */
    amct_canonical *canonical; /* of its genes */
} runner;

static void stage(const runner *r, const char *text)
{
    if (r->hooks->stage)
        r->hooks->stage(r->hooks->ctx, text);
}

static amct_status cost_of(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    const runner *r = ctx;
    amct_setup *s = &r->to->setup;
    uint8_t choices[AMCT_MESSAGE_MAX];
    amct_graph_cost total;
    if (r->table) /* may as well learn from it */
        return amct_cost_table_exact(cost_ns, r->table, genome, err);
    amct_genes_express(&s->genes, genome, choices);
    AMCT_TRY(amct_costing_total(s->costing, choices, &total, err));
    *cost_ns = total.latency_ns;
    return AMCT_OK;
}

/* One search alone asks its table, so that a search made anew is answered the same. */
static amct_status screen(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    runner *r = ctx;
    amct_setup *s = &r->to->setup;
    if (!r->table)
        AMCT_TRY(amct_cost_table_new(&r->table, &s->genes, s->costing, err));
    return amct_cost_table_ns(cost_ns, r->table, genome, err);
}

static void canonical(void *ctx, uint8_t *genome)
{
    amct_canonical_make(((const runner *)ctx)->canonical, genome);
}

static void end_screening(runner *r)
{
    if (r->table) {
        amct_cost_table_stats stats = amct_cost_table_get_stats(r->table);
        amct_log(AMCT_LOG_DEBUG, "the search screened %llu latencies by %llu estimates",
                 (unsigned long long)stats.asked, (unsigned long long)stats.estimated);
    }
    amct_cost_table_free(r->table);
    r->table = NULL;
}

/* Writes a measured candidate to best/ while the search goes on, so that whatever happens there is
 * a valid model: the first there is, then better ones, but not more often than they are written. */
static amct_status publish_interim(runner *r, const amct_loop *loop, amct_err *err)
{
    enum { EVERY_S = 20 };
    amct_setup *s = &r->to->setup;
    amct_finalist f;
    if (!loop->stats.measured || /* best/ is still that of the run that is carried on */
        (r->published_ns < INFINITY && amct_clock() - r->published_at < EVERY_S))
        return AMCT_OK;
    if (!amct_search_finalists(r->to->search, &f, 1) || f.number == r->published ||
        (r->published_ns < INFINITY && (!f.feasible || f.cost_ns >= r->published_ns)))
        return AMCT_OK;
    amct_candidate candidate;
    uint8_t *choices = malloc(s->genes.n_choices + (size_t)1);
    if (!choices)
        return amct_fail_nomem(err);
    amct_genes_express(&s->genes, f.genome, choices);
    amct_status status = amct_candidate_make(&candidate, &s->bench.parts, choices, err);
    free(choices);
    AMCT_TRY(status);
    status = amct_publish(s, &candidate, err);
    amct_candidate_free(&candidate);
    r->published_at = amct_clock();
    r->published_ns = f.cost_ns;
    r->published = f.number;
    return status;
}

static amct_status after_batch(void *ctx, const amct_loop *loop, amct_err *err)
{
    runner *r = ctx;
    amct_search_progress p = amct_search_get_progress(loop->search);
    if (r->hooks->progress)
        r->hooks->progress(r->hooks->ctx, &p, &loop->stats);
    return r->search ? publish_interim(r, loop, err) : AMCT_OK;
}

static amct_finals_work finals_work(const amct_setup *s)
{
    return (amct_finals_work){.bench = &s->bench,
                              .confirm_judge = &s->confirm_judge,
                              .confirm_feed = amct_selection_feed(&s->confirm),
                              .calibration_feed = amct_selection_feed(&s->calibration),
                              .refit_feed = amct_selection_feed(&s->refit),
                              .calibration = s->stats,
                              .range = &s->config->range,
                              .level = &s->level,
                              .genes = &s->genes,
                              .study = s->study,
                              .budget_ratio = s->budget_ratio,
                              .confidence = s->config->confidence,
                              .limit_bytes = amct_setup_refine_bytes(s),
                              .refine_at_a_time = s->refine_at_a_time,
                              .refit_at_a_time = s->refit_at_a_time,
                              .jobs = s->jobs};
}

static amct_status refine(void *ctx, const amct_ask *const *asks, size_t n, amct_score *scores,
                          amct_err *err)
{
    const amct_setup *s = &((const runner *)ctx)->to->setup;
    amct_finals_work work = finals_work(s);
    amct_finalist candidates[AMCT_REFINED_AT_A_TIME];
    amct_tally tallies[AMCT_REFINED_AT_A_TIME];
    for (size_t i = 0; i < n; i++)
        candidates[i] = (amct_finalist){
            .number = asks[i]->of, .genome = asks[i]->genome, .cost_ns = asks[i]->cost_ns};
    AMCT_TRY(amct_finals_refine(tallies, &work, candidates, n, err));
    for (size_t i = 0; i < n; i++)
        scores[i] = amct_bench_score(&s->search_judge, &tallies[i]);
    return AMCT_OK;
}

static amct_status search(runner *r, double begin, amct_err *err)
{
    amct_setup *s = &r->to->setup;
    const amct_config *c = s->config;
    amct_search_options options = amct_search_defaults();
    options.algorithm = c->algorithm;
    options.seed = c->seed;
    options.batch = c->population;
    options.evaluations = c->evaluations;
    amct_metric metric = s->search_judge.metric;
    amct_tables tables;
    r->canonical = amct_canonical_new(&s->genes, s->structure);
    if (!r->canonical)
        return amct_fail_nomem(err);
    AMCT_TRY(
        amct_tables_make(&tables, &s->genes, s->cost_graph, s->model.layers, s->structure, err));
    amct_search_problem problem = {.space = {s->genes.n, s->genes.n_levels, tables.kinds},
                                   .cost = cost_of,
                                   .screen = screen,
                                   .cost_ctx = r,
                                   .canonical = canonical,
                                   .bit_ops = tables.bit_ops,
                                   .least_gain_ratio = AMCT_FASTER_RATIO,
                                   .budget_ratio = s->budget_ratio,
                                   .confidence = c->confidence,
                                   .search_samples = s->search.n,
                                   .confirm_samples = s->confirm.n,
                                   .labels = metric != AMCT_METRIC_AGREEMENT,
                                   .expected = s->search_judge.temper > 0,
                                   .refit_growth = (double)s->refit.n / s->calibration.n};
    amct_status status = amct_search_new(&r->to->search, &problem, &options, err);
    amct_tables_free(&tables);
    AMCT_TRY(status);
    amct_evaluator *evaluator = NULL;
    if (r->search)
        AMCT_TRY(amct_evaluator_new(&evaluator, &s->bench, s->jobs, err));
    amct_loop loop = {.genes = &s->genes,
                      .search = r->to->search,
                      .study = s->study,
                      .evaluator = evaluator,
                      .deadline =
                          c->time_limit_ns ? begin + (double)c->time_limit_ns * 1e-9 : INFINITY,
                      .stop = r->hooks->stop,
                      .refine = refine,
                      .after_batch = after_batch,
                      .ctx = r};
    amct_parallel_watch(r->hooks->stop); /* refining takes long */
    status = amct_loop_run(&loop, err);
    amct_parallel_watch(NULL);
    end_screening(r);
    amct_evaluator_free(evaluator);
    r->to->stats = loop.stats;
    r->to->end = amct_search_ended(r->to->search);
    r->to->progress = amct_search_get_progress(r->to->search);
    return status;
}

/* A line for each, as they may take minutes; how long once one is finished. */
static void tell_refining(void *ctx, uint32_t begun, uint32_t finished, uint32_t n)
{
    const runner *r = ctx;
    char left[48] = "", text[128];
    if (finished)
        snprintf(left, sizeof left, ", %.0f s left",
                 (amct_clock() - r->refining_since) / finished * (n - finished));
    snprintf(text, sizeof text, "refining finalist %u of %u at most%s", begun + 1, n, left);
    stage(r, text);
}

static amct_status finals(runner *r, amct_err *err)
{
    amct_setup *s = &r->to->setup;
    amct_finalist candidates[AMCT_FINALISTS];
    size_t n = amct_search_finalists(r->to->search, candidates, amct_finals_most(s->confirm.n));
    amct_finals_work work = finals_work(s);
    for (size_t i = 0; i < n; i++)
        amct_log(AMCT_LOG_DEBUG,
                 "finalist %llu: %.4g ms, foreseen drop %.2f +- %.2f pp, chance %.2f",
                 (unsigned long long)candidates[i].number, candidates[i].cost_ns / 1e6,
                 100 * candidates[i].drop, 100 * candidates[i].drop_se, candidates[i].chance);
    work.refining = tell_refining;
    work.ctx = r;
    r->refining_since = amct_clock();
    AMCT_TRY(amct_finals_run(&r->to->finals, &work, candidates, n, err));
    if (s->confirming)
        stage(r, "measuring the best");
    AMCT_TRY(amct_confirming_finals(r->to->measured, &r->to->finals, s, err));
    r->to->measured_in_part = s->confirming && r->hooks->stop && *r->hooks->stop;
    int chosen = r->to->finals.chosen;
    if (chosen >= 0 && r->to->measured[chosen].latency_ns >= s->measured.latency_ns &&
        s->confirming)
        r->to->slower = &r->to->measured[chosen];
    else if (chosen >= 0)
        r->to->best = &r->to->finals.at[chosen];
    return AMCT_OK;
}

const amct_graph_cost *amct_tuned_measured(const amct_tuned *to)
{
    const amct_graph_cost *found = NULL;
    if (!to->setup.confirming)
        return NULL;
    found = to->best ? &to->measured[to->best - to->finals.at] : &to->setup.measured;
    return found->latency_ns > 0 ? found : NULL;
}

/* By as much as is worth a mention, and more than the bands of both measurements. */
static bool is_measured_faster(const amct_graph_cost *before, const amct_graph_cost *after)
{
    double unsure = hypot(before->error_band_ratio * before->latency_ns,
                          after->error_band_ratio * after->latency_ns);
    return before->latency_ns - after->latency_ns >
           fmax(unsure, AMCT_FASTER_RATIO * before->latency_ns);
}

static void conclude(amct_tuned *to)
{
    bool cut = to->end == AMCT_SEARCH_TIME_LIMIT || to->end == AMCT_SEARCH_CANCELLED ||
               to->measured_in_part;
    double before = to->setup.original_cost.latency_ns;
    to->faster = to->best && before - to->best_cost.latency_ns >
                                 fmax(to->paired_ns, AMCT_FASTER_RATIO * before);
    const amct_graph_cost *measured = amct_tuned_measured(to);
    if (measured)
        to->faster = to->best && is_measured_faster(&to->setup.measured, measured);
    to->verdict = to->best ? to->best->verdict.verdict : AMCT_MET;
    to->exit_status = cut                              ? AMCT_EXIT_STOPPED
                      : to->verdict == AMCT_MISSED     ? AMCT_EXIT_MISSED
                      : to->verdict == AMCT_NOT_PROVEN ? AMCT_EXIT_NOT_PROVEN
                      : to->faster                     ? AMCT_EXIT_MET
                                                       : AMCT_EXIT_NOT_FASTER;
}

/* Ends between two stages if the user wants it to. */
static amct_status check_stop(const runner *r, amct_err *err)
{
    return r->hooks->stop && *r->hooks->stop
               ? amct_fail(err, AMCT_E_CANCELLED, "stopped before any candidate was measured")
               : AMCT_OK;
}

static amct_status check_provable(runner *r, amct_err *err)
{
    amct_setup *s = &r->to->setup;
    double needed;
    if (amct_setup_provable(s, &needed))
        return AMCT_OK;
    r->to->exit_status = AMCT_EXIT_NOT_PROVEN;
    return amct_fail(err, AMCT_E_INVALID,
                     "a drop of at most %.4g %% cannot be proven at %.4g %% confidence with %u "
                     "confirm samples, even if no answer changes: %.10g would do. Give more "
                     "samples, allow more (--budget), or ask for no proof (--confirm 0)",
                     100 * s->budget_ratio, 100 * s->config->confidence, s->confirm.n, needed);
}

/* Goes on as if the search had been for the other budget. */
static amct_status change_budget(runner *r, amct_err *err)
{
    amct_setup *s = &r->to->setup;
    amct_setup_budget(s, r->other_budget, r->other_relative);
    AMCT_TRY(check_provable(r, err));
    r->to->end = AMCT_SEARCH_COMPLETE;
    r->to->other = true;
    return r->to->search ? amct_search_set_budget(r->to->search, s->budget_ratio, err) : AMCT_OK;
}

static amct_status write_best(runner *r, amct_err *err)
{
    amct_setup *s = &r->to->setup;
    const amct_quantised **none = calloc(s->model.n_layers + 1, sizeof *none);
    if (!none)
        return amct_fail_nomem(err);
    amct_candidate original = {.graph = s->model.graph,
                               .layers = s->model.layers,
                               .n_layers = s->model.n_layers,
                               .levels = none};
    const amct_candidate *best = r->to->best ? &r->to->best->candidate : &original;
    amct_status status =
        r->search ? amct_publish(s, best, err) : amct_publish_to(r->folder, s, best, err);
    free(none);
    return status;
}

static amct_status tell_fixed(const amct_setup *s, amct_err *err)
{
    amct_fixed_share share;
    char text[AMCT_FIXED_TEXT];
    AMCT_TRY(amct_fixed_share_find(&share, s->original_cost.fixed_ns / s->original_cost.latency_ns,
                                   s->plugins, s->config, s->cost_graph, s->model.layers,
                                   s->model.n_layers, err));
    if (share.ratio >= AMCT_FIXED_MUCH)
        amct_log(AMCT_LOG_INFO, "%s", amct_fixed_share_print(&share, text));
    return AMCT_OK;
}

static void tell_measured(const amct_setup *s)
{
    char text[AMCT_CORRECTION_TEXT];
    const amct_correction_found *found = amct_costing_found(s->costing);
    if (found && *amct_correction_tell(found, text))
        amct_log(AMCT_LOG_INFO, "%s", text);
    if (found && *amct_correction_tell_scale(found, text))
        amct_log(AMCT_LOG_INFO, "%s", text);
}

static amct_status run(runner *r, double begin, amct_err *err)
{
    amct_tuned *to = r->to;
    amct_setup *s = &to->setup;
    if (r->search) {
        tell_measured(s);
        AMCT_TRY(tell_fixed(s, err));
    }
    stage(r, "running the original");
    AMCT_TRY(amct_setup_baseline(s, err));
    if (r->search)
        AMCT_TRY(check_provable(r, err));
    AMCT_TRY(check_stop(r, err));
    if (s->confirming)
        stage(r, "measuring the original");
    AMCT_TRY(amct_confirming_original(s, err));
    AMCT_TRY(amct_setup_study(s, err));
    AMCT_TRY(amct_confirming_scale(s, err));
    if (r->search)
        AMCT_TRY(amct_config_save(r->to->setup.asked, err));
    stage(r, "calibrating");
    AMCT_TRY(amct_setup_levels(s, err));
    AMCT_TRY(check_stop(r, err));
    AMCT_TRY(amct_setup_bench(s, err));
    AMCT_TRY(check_stop(r, err));
    if (s->genes.n) {
        stage(r, r->search ? "searching" : "reading the study");
        AMCT_TRY(search(r, begin, err));
    }
    if (!r->search)
        AMCT_TRY(change_budget(r, err));
    if (s->genes.n) {
        stage(r, s->confirm.n ? "refining and confirming the best" : "refining the best");
        AMCT_TRY(finals(r, err));
    }
    AMCT_TRY(amct_answers_cost(r->to, err));
    AMCT_TRY(amct_answers_known(r->to, err));
    stage(r, "writing and checking the model");
    AMCT_TRY(amct_study_check(s->study, err));
    AMCT_TRY(write_best(r, err));
    conclude(to);
    return AMCT_OK;
}

static amct_status tune(runner *r, const amct_config *config, amct_err *err)
{
    double begin = amct_clock();
    amct_tuned *out = r->to;
    *out = (amct_tuned){.exit_status = AMCT_EXIT_USAGE};
    stage(r, "reading");
    amct_status status = amct_folder_check(config->output, err);
    if (status == AMCT_OK)
        status = amct_setup_inputs(&out->setup, config, err);
    if (status == AMCT_OK)
        status = run(r, begin, err);
    if (status == AMCT_E_NOMEM || status == AMCT_E_INTERNAL || status == AMCT_E_PLUGIN)
        out->exit_status = AMCT_EXIT_INTERNAL;
    if (status == AMCT_E_CANCELLED)
        out->exit_status = AMCT_EXIT_STOPPED;
    out->seconds = amct_clock() - begin;
    amct_canonical_free(r->canonical);
    return status;
}

amct_status amct_tune(amct_tuned *out, const amct_config *config, const amct_tune_hooks *hooks,
                      amct_err *err)
{
    runner r = {.to = out,
                .hooks = hooks,
                .published_ns = INFINITY,
                .published = UINT64_MAX,
                .search = true};
    return tune(&r, config, err);
}

amct_status amct_tune_export(amct_tuned *out, const amct_config *config, double max_drop_ratio,
                             bool relative, const char *folder, const amct_tune_hooks *hooks,
                             amct_err *err)
{
    *out = (amct_tuned){.exit_status = AMCT_EXIT_USAGE};
    runner r = {.to = out,
                .hooks = hooks,
                .other_budget = max_drop_ratio,
                .other_relative = relative,
                .folder = folder};
    return tune(&r, config, err);
}

void amct_tuned_free(amct_tuned *tuned)
{
    amct_finals_free(&tuned->finals);
    amct_search_free(tuned->search);
    free(tuned->original_layers);
    free(tuned->best_layers);
    free(tuned->other_ns);
    free(tuned->alone_loss);
    free(tuned->known);
    amct_setup_free(&tuned->setup);
}
