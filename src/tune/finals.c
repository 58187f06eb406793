#include "tune/finals.h"

#include "base/fork.h"
#include "base/log.h"
#include "measure/tally_verdict.h"
#include "tune/final_study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct final_round {
    const amct_finals_work *work;
    amct_finals *finals;
    amct_final_kept *kept; /* shared, per finalist */
    amct_tally *parts;     /* shared, per finalist and part of the confirm samples */
    /* Of detectors, else NULL: shared, per finalist and confirm sample. */
    amct_matches *matches;
    uint32_t n_parts;
    uint32_t from, to; /* the finalists that are at work */
    bool refit;        /* on the search samples, too: nothing is measured on them */
    bool *todo;        /* per finalist: at work, and not in the study */
    /* of a child */
    amct_exec *exec;
    amct_graph *graph;
    amct_plan *plan;
    float *rows;
    amct_matches *search_matches; /* of detectors, per search sample */
    int at;                       /* the finalist that plan is of */
} final_round;

static amct_status start(final_round *r, amct_err *err)
{
    const amct_bench *bench = r->work->bench;
    if (r->exec)
        return AMCT_OK;
    AMCT_TRY(amct_exec_new(&r->exec, bench->engine, err));
    r->rows = malloc((size_t)amct_batch_of(bench->parts.graph) * bench->judge->outputs.row *
                     sizeof *r->rows);
    if (bench->judge->detector)
        r->search_matches = malloc((bench->feed.n + (size_t)1) * sizeof *r->search_matches);
    return r->rows && (r->search_matches || !bench->judge->detector) ? AMCT_OK
                                                                     : amct_fail_nomem(err);
}

/* A candidate on all samples of a bench. */
static amct_status measure(amct_tally *tally, final_round *r, const amct_candidate *candidate,
                           const amct_bench *bench, uint32_t from, uint32_t to, amct_err *err)
{
    amct_graph *graph;
    amct_plan *plan = NULL;
    AMCT_TRY(amct_candidate_stitch(&graph, candidate, err));
    amct_status status = amct_plan_new(&plan, r->exec, graph, NULL, err);
    if (status == AMCT_OK)
        status = amct_bench_measure(tally, plan, graph, bench, from, to, r->rows, err);
    amct_plan_free(plan);
    amct_graph_free(graph);
    return status;
}

static amct_status measure_one(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    final_round *r = ctx;
    const amct_bench *bench = r->work->bench;
    uint32_t k = r->from + task;
    (void)worker;
    if (!r->todo[k] || r->refit)
        return AMCT_OK;
    AMCT_TRY(start(r, err));
    amct_judge judge = *bench->judge;
    amct_bench own = *bench;
    judge.matches = r->search_matches;
    own.judge = &judge;
    amct_status status =
        measure(&r->kept[k].search, r, &r->finals->at[k].candidate, &own, 0, bench->feed.n, err);
    if (status == AMCT_OK)
        status = amct_judge_finish(&judge, &r->kept[k].search, r->work->confidence, err);
    return status;
}

static amct_status confirm_part(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    final_round *r = ctx;
    const amct_finals_work *work = r->work;
    uint32_t k = r->from + task / r->n_parts, part = task % r->n_parts;
    uint32_t batch = (uint32_t)amct_batch_of(work->bench->parts.graph);
    (void)worker;
    if (!r->todo[k])
        return AMCT_OK;
    AMCT_TRY(start(r, err));
    amct_bench bench = *work->bench; /* on other samples, from their beginning */
    amct_judge judge = *work->confirm_judge;
    if (r->matches)
        judge.matches = r->matches + (size_t)k * work->confirm_feed.n;
    bench.judge = &judge;
    bench.feed = work->confirm_feed;
    if (r->at != (int)k) {
        amct_plan_free(r->plan);
        amct_graph_free(r->graph);
        r->plan = NULL;
        r->graph = NULL;
        AMCT_TRY(amct_candidate_stitch(&r->graph, &r->finals->at[k].candidate, err));
        AMCT_TRY(amct_plan_new(&r->plan, r->exec, r->graph, NULL, err));
        r->at = (int)k;
    }
    uint32_t batches = (bench.feed.n + batch - 1) / batch;
    uint32_t from = batches * part / r->n_parts * batch;
    uint32_t to = batches * (part + 1) / r->n_parts * batch;
    to = to < bench.feed.n ? to : bench.feed.n;
    return amct_bench_measure(&r->parts[k * r->n_parts + part], r->plan, r->graph, &bench, from, to,
                              r->rows, err);
}

/* ---- The round ---------------------------------------------------------------------------- */

static void stop(final_round *r)
{
    amct_plan_free(r->plan);
    amct_graph_free(r->graph);
    amct_exec_free(r->exec);
    free(r->rows);
    free(r->search_matches);
    r->plan = NULL, r->graph = NULL, r->exec = NULL, r->rows = NULL, r->search_matches = NULL;
    r->at = -1;
}

static uint32_t at_a_time(const final_round *r)
{
    return r->refit ? r->work->refit_at_a_time : r->work->refine_at_a_time;
}

/* Of all finalists, those before are refined. */
static void tell_begun(void *ctx, uint32_t begun, uint32_t finished, uint32_t n)
{
    const final_round *r = ctx;
    uint32_t before = r->finals->n - r->to;
    (void)n;
    if (r->work->refining)
        r->work->refining(r->work->ctx, before + begun, before + finished, r->finals->n);
}

/* Those that are not in the study. */
static amct_status refine_missing(final_round *r, amct_err *err)
{
    const amct_finals_work *work = r->work;
    amct_refinery refinery = {.bench = work->bench,
                              .calibration = work->calibration,
                              .range = work->range,
                              .level = work->level,
                              .feed = r->refit ? work->refit_feed : work->calibration_feed,
                              .limit_bytes = work->limit_bytes,
                              .jobs = work->jobs};
    amct_refine_task tasks[AMCT_FINALISTS];
    uint32_t n = 0;
    for (uint32_t k = r->to; k-- > r->from;) {
        amct_final *f = &r->finals->at[k];
        if (r->todo[k])
            tasks[n++] = (amct_refine_task){f->choices, &f->candidate, &r->kept[k].refined};
    }
    return amct_refine_all(tasks, n, &refinery, at_a_time(r), r->finals->arena, tell_begun, r, err);
}

static void tell(const amct_final *f)
{
    const amct_refined *r = &f->refined;
    char tried[128] = "", fitted[80] = "";
    for (int k = 0; k < AMCT_N_REFINEMENTS; k++) {
        size_t used = strlen(tried);
        if (!isnan(r->losses[k]))
            snprintf(tried + used, sizeof tried - used, "%s%.4g %s", used ? ", " : "", r->losses[k],
                     amct_refinement_names[k]);
    }
    if (!isnan(r->fitted_losses[r->form]))
        snprintf(fitted, sizeof fitted, "; %.4g on those that weights were fitted to",
                 r->fitted_losses[r->form]);
    amct_log(AMCT_LOG_INFO, "candidate %llu: %s%s; losses on %s samples: %s%s",
             (unsigned long long)f->number, r->restored ? "restored, " : "",
             amct_refinement_names[r->form], r->n_held ? "held-back" : "calibration", tried,
             fitted);
}

static amct_status refine_all(final_round *r, amct_err *err)
{
    const char *how = r->refit ? "refitted" : "refined";
    for (uint32_t k = r->from; k < r->to; k++) {
        amct_final *f = &r->finals->at[k];
        bool found;
        AMCT_TRY(amct_final_load(&found, &r->kept[k], &f->candidate, r->work->study, how, f->number,
                                 r->finals->arena, err));
        r->todo[k] = !found;
    }
    AMCT_TRY(refine_missing(r, err));
    amct_status status = amct_parallel(r->work->jobs, r->to - r->from, measure_one, r, err);
    stop(r);
    for (uint32_t k = r->to; status == AMCT_OK && k-- > r->from;) {
        amct_final *f = &r->finals->at[k];
        f->refined = r->kept[k].refined;
        f->search = r->kept[k].search;
        if (!r->todo[k])
            continue;
        tell(f);
        status = amct_final_save(r->work->study, how, f->number, &r->kept[k], &f->candidate, err);
    }
    return status;
}

static amct_status confirm_all(final_round *r, amct_err *err)
{
    for (uint32_t k = r->from; k < r->to; k++) {
        amct_final *f = &r->finals->at[k];
        bool found;
        AMCT_TRY(amct_final_load_confirmed(&found, &f->confirm, r->work->study, f->number, err));
        r->todo[k] = !found;
    }
    amct_status status =
        amct_parallel(r->work->jobs, (r->to - r->from) * r->n_parts, confirm_part, r, err);
    stop(r);
    for (uint32_t k = r->from; status == AMCT_OK && k < r->to; k++) {
        amct_tally *t = &r->finals->at[k].confirm;
        if (!r->todo[k])
            continue;
        *t = (amct_tally){0};
        for (uint32_t p = 0; p < r->n_parts; p++) /* in order: the sums are the same for any jobs */
            amct_tally_add(t, &r->parts[k * r->n_parts + p]);
        amct_judge judge = *r->work->confirm_judge;
        if (r->matches)
            judge.matches = r->matches + (size_t)k * r->work->confirm_feed.n;
        status = amct_judge_finish(&judge, t, r->work->confidence, err);
        if (status == AMCT_OK)
            status = amct_final_save_confirmed(r->work->study, r->finals->at[k].number, t, err);
    }
    return status;
}

static amct_status take_candidates(final_round *r, const amct_finalist *candidates, size_t n,
                                   amct_err *err)
{
    const amct_genes *genes = r->work->genes;
    amct_finals *finals = r->finals;
    for (size_t c = 0; c < n && finals->n < AMCT_FINALISTS; c++) {
        amct_final *f = &finals->at[finals->n];
        f->number = candidates[c].number;
        f->cost_ns = candidates[c].cost_ns;
        f->choices = amct_arena_array(finals->arena, genes->n_choices, 1);
        if (!f->choices)
            return amct_fail_nomem(err);
        amct_genes_express(genes, candidates[c].genome, f->choices);
        AMCT_TRY(amct_candidate_make(&f->candidate, &r->work->bench->parts, f->choices, err));
        finals->n++;
    }
    return AMCT_OK;
}

enum { PARTS = 16 };

static size_t matches_bytes(const final_round *r)
{
    return AMCT_FINALISTS * (size_t)r->work->confirm_feed.n * sizeof *r->matches;
}

static amct_status begin(final_round *r, amct_finals *finals, bool *todo,
                         const amct_finals_work *work, const amct_finalist *candidates, size_t n,
                         bool refit, amct_err *err)
{
    *finals = (amct_finals){.chosen = -1, .arena = amct_arena_new()};
    *r = (final_round){
        .work = work, .finals = finals, .todo = todo, .at = -1, .n_parts = PARTS, .refit = refit};
    r->kept = amct_shared_alloc(AMCT_FINALISTS * sizeof *r->kept);
    r->parts = amct_shared_alloc(AMCT_FINALISTS * PARTS * sizeof *r->parts);
    if (work->confirm_judge->detector)
        r->matches = amct_shared_alloc(matches_bytes(r));
    if (!finals->arena || !r->kept || !r->parts || (work->confirm_judge->detector && !r->matches))
        return amct_fail_nomem(err);
    return take_candidates(r, candidates, n, err);
}

static void end(final_round *r)
{
    amct_shared_free(r->kept, AMCT_FINALISTS * sizeof *r->kept);
    amct_shared_free(r->parts, AMCT_FINALISTS * PARTS * sizeof *r->parts);
    if (r->matches)
        amct_shared_free(r->matches, matches_bytes(r));
}

amct_status amct_finals_refine(amct_tally *out, const amct_finals_work *work,
                               const amct_finalist *candidates, size_t n, amct_err *err)
{
    amct_finals finals;
    final_round r;
    bool todo[AMCT_FINALISTS] = {false};
    amct_status status = begin(&r, &finals, todo, work, candidates, n, false, err);
    r.to = finals.n;
    if (status == AMCT_OK && finals.n)
        status = refine_all(&r, err);
    for (size_t k = 0; status == AMCT_OK && k < n; k++)
        out[k] = finals.at[k].search;
    end(&r);
    amct_finals_free(&finals);
    return status;
}

/* Those that are faster than the last one that was tested. */
static void drop_untested(amct_finals *finals, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        amct_candidate_free(&finals->at[k].candidate);
    finals->n -= n;
    memmove(finals->at, finals->at + n, finals->n * sizeof *finals->at);
}

/* The one that was tested last is not MET, or the fastest; before it, all are MET. */
static int choose(const amct_finals *finals)
{
    if (!finals->n)
        return -1;
    return finals->at[0].verdict.verdict == AMCT_MET || finals->n == 1 ? 0 : 1;
}

static void tell_verdict(const amct_final *f, uint32_t faster)
{
    bool met = f->verdict.verdict == AMCT_MET;
    amct_log(AMCT_LOG_INFO, "candidate %llu: drop within %.2f .. %.2f pp: %s%s",
             (unsigned long long)f->number, 100 * f->verdict.drop.lo, 100 * f->verdict.drop.hi,
             amct_verdict_name(f->verdict.verdict),
             met || !faster ? "" : "; faster ones are not tested");
}

/* As many are tested at once as can be refined at once, so some may be in vain. */
static amct_status test_in_order(final_round *r, amct_err *err)
{
    amct_finals *finals = r->finals;
    const amct_finals_work *work = r->work;
    uint32_t at = finals->n;
    bool met = true;
    for (r->to = finals->n; met && r->to > 0; r->to = r->from) {
        r->from = r->to > at_a_time(r) ? r->to - at_a_time(r) : 0;
        AMCT_TRY(refine_all(r, err));
        if (work->confirm_feed.n)
            AMCT_TRY(confirm_all(r, err));
        while (met && at > r->from) {
            amct_final *f = &finals->at[--at];
            f->verdict = amct_tally_judge(work->confirm_judge, &f->confirm, work->budget_ratio,
                                          work->confidence);
            met = f->verdict.verdict == AMCT_MET;
            if (work->confirm_feed.n)
                tell_verdict(f, at);
        }
    }
    drop_untested(finals, at);
    finals->chosen = choose(finals);
    return AMCT_OK;
}

amct_status amct_finals_run(amct_finals *out, const amct_finals_work *work,
                            const amct_finalist *candidates, size_t n, amct_err *err)
{
    amct_finals finals;
    final_round r;
    bool todo[AMCT_FINALISTS] = {false};
    bool refit = work->confirm_feed.n > 0;
    amct_status status = begin(&r, &finals, todo, work, candidates, n, refit, err);
    if (status == AMCT_OK)
        status = test_in_order(&r, err);
    end(&r);
    if (status != AMCT_OK)
        amct_finals_free(&finals);
    else
        *out = finals;
    return status;
}

void amct_finals_free(amct_finals *finals)
{
    for (uint32_t k = 0; k < finals->n; k++)
        amct_candidate_free(&finals->at[k].candidate);
    amct_arena_free(finals->arena);
    *finals = (amct_finals){0};
}
