/* The contract of search.h: what is asked, what may be told, and that it is the same every time. */
#include "search/search.h"

#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static synthetic net;
static amct_search_problem problem;
static amct_search_options options;
static amct_err err;

static void small_problem(void)
{
    synthetic_make(&net,
                   (synthetic_shape){.n_genes = 16,
                                     .n_levels = 4,
                                     .boundary = 0.15,
                                     .interaction = 0.15,
                                     .deviation = 0.1,
                                     .noise = true},
                   5);
    problem = synthetic_problem(&net, 512, 0);
}

static void set_up(void)
{
    small_problem();
    options = amct_search_defaults();
    options.evaluations = 80;
}

static amct_search *make(void)
{
    amct_search *search = NULL;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    return search;
}

static void refuses(const char *words)
{
    amct_search *search = NULL;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_E_INVALID);
    cr_assert_null(search);
    cr_assert_not_null(strstr(err.text, words), "%s", err.text);
    set_up();
}

Test(search_contract, an_unknown_algorithm_is_refused_with_those_known, .init = set_up)
{
    options.algorithm = "hill-climbing";
    refuses("unknown search algorithm 'hill-climbing', known are auto, nsga2, random, "
            "uniform, bits-only, prune-only, rank-only, chain, amct-rollback, amct-ilp, "
            "amct-greedy-prune, amct-fixed-rank");
    for (size_t i = 0; amct_search_algorithm(i, NULL); i++) {
        options.algorithm = amct_search_algorithm(i, NULL);
        amct_search_free(make());
    }
}

Test(search_contract, a_problem_out_of_range_is_refused, .init = set_up)
{
    problem.budget_ratio = 0;
    refuses("budget is a drop of 0");
    problem.budget_ratio = NAN;
    refuses("budget is a drop of nan");
    problem.confidence = 1;
    refuses("confidence is 1");
    problem.search_samples = 0;
    refuses("no samples to search on");
    options.batch = 0;
    refuses("batch is 0, wanted 1 to 1024");
    options.evaluations = 0;
    refuses("evaluations is 0");
    options.probe_samples = 0;
    refuses("probe samples is 0");
    problem.space.n_genes = 0;
    refuses("the space has 0 genes");
}

/* All asks of a run, as text. */
typedef struct record {
    char *text;
    size_t size;
    FILE *file;
} record;

static void begin(record *r)
{
    r->file = open_memstream(&r->text, &r->size);
}

static void note(record *r, const amct_ask *ask)
{
    fprintf(r->file, "%llu ", (unsigned long long)ask->number);
    for (uint32_t g = 0; g < problem.space.n_genes; g++)
        fputc('0' + ask->genome[g], r->file);
    fprintf(r->file, " %a %u %a\n", ask->cost_ns, ask->race.n_looks, ask->race.limit_loss);
}

/* Runs to the end, measuring each batch forwards or backwards; n_known results are answered from
 * known, those behind are stored there if it is not NULL. */
static void run(amct_search *search, record *r, bool backwards, amct_result *known, size_t n_known)
{
    const amct_ask *asks;
    size_t n, at = 0;
    static amct_result results[1024];
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++)
            note(r, &asks[i]);
        for (size_t k = 0; k < n; k++) {
            size_t i = backwards ? n - 1 - k : k;
            results[i] = at + i < n_known ? known[at + i] : synthetic_measure(&net, &asks[i]);
            if (known)
                known[at + i] = results[i];
        }
        at += n;
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK, "%s", err.text);
    }
    fclose(r->file);
}

Test(search_contract, the_same_seed_gives_the_same_asks_in_any_order_of_measuring, .init = set_up)
{
    options.evaluations = 160; /* evolution, which draws, comes last */
    for (size_t i = 0; amct_search_algorithm(i, NULL); i++) {
        record r[3];
        options.algorithm = amct_search_algorithm(i, NULL);
        bool seeded = strcmp(options.algorithm, "auto") == 0 ||
                      strcmp(options.algorithm, "nsga2") == 0 ||
                      strcmp(options.algorithm, "random") == 0;
        if (seeded) { /* so rough that neighbours are not all that is left */
            synthetic_shape rough = {
                .n_genes = 24, .n_levels = 4, .interaction = 0.15, .noise = true};
            synthetic_make(&net, rough, 3);
            problem = synthetic_problem(&net, 512, 0);
        } else {
            small_problem();
        }
        for (int k = 0; k < 3; k++) {
            options.seed = k == 2 ? 2 : 1;
            amct_search *search = make();
            begin(&r[k]);
            run(search, &r[k], k == 1, NULL, 0);
            amct_search_free(search);
        }
        cr_assert_str_eq(r[0].text, r[1].text);
        cr_assert_gt(r[0].size, 30); /* one line at least */
        cr_assert_eq(strcmp(r[0].text, r[2].text) != 0, seeded, "%s", options.algorithm);
        for (int k = 0; k < 3; k++)
            free(r[k].text);
    }
}

Test(search_contract, a_new_search_catches_up_from_recorded_results, .init = set_up)
{
    amct_result *known = calloc(4096, sizeof *known);
    record whole, again;
    amct_search *search = make();
    begin(&whole);
    run(search, &whole, false, known, 0);
    uint64_t calls = amct_search_get_progress(search).cost_calls;
    amct_search_free(search);
    /* As after a crash, with the results of part of a batch. */
    search = make();
    begin(&again);
    run(search, &again, false, known, 77);
    cr_assert_str_eq(again.text, whole.text);
    cr_assert_eq(amct_search_get_progress(search).cost_calls, calls);
    amct_search_free(search);
    free(whole.text);
    free(again.text);
    free(known);
}

Test(search_contract, batches_are_no_larger_than_asked_and_no_genome_comes_twice, .init = set_up)
{
    options.batch = 5;
    amct_search *search = make();
    const amct_ask *asks, *same;
    amct_result results[5];
    size_t n, n_same, candidates = 0;
    static uint8_t seen[400][16], of[1000][16];
    uint32_t refined = 0;
    uint64_t number = 0;
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        cr_assert_leq(n, 5);
        cr_assert_eq(amct_search_ask(search, &same, &n_same, &err), AMCT_OK);
        cr_assert(same == asks && n_same == n);
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(asks[i].number, number++);
            cr_assert_eq(asks[i].cost_ns, synthetic_cost(&net, asks[i].genome));
            results[i] = synthetic_measure(&net, &asks[i]);
            if (asks[i].race.looks[asks[i].race.n_looks - 1].n != problem.search_samples)
                continue;
            if (asks[i].refined) { /* once, after the candidate itself */
                cr_assert_lt(asks[i].of, asks[i].number);
                cr_assert(memcmp(of[asks[i].of], asks[i].genome, 16) == 0);
                memset(of[asks[i].of], 0xff, 16);
                refined++;
                continue;
            }
            memcpy(of[number - 1], asks[i].genome, 16);
            for (size_t k = 0; k < candidates; k++)
                cr_assert(memcmp(seen[k], asks[i].genome, 16) != 0);
            memcpy(seen[candidates++], asks[i].genome, 16);
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
    }
    amct_search_progress progress = amct_search_get_progress(search);
    cr_assert_eq(progress.evaluations, candidates);
    cr_assert_leq(candidates, options.evaluations);
    cr_assert_eq(progress.evaluations_planned, candidates);
    cr_assert_eq(progress.samples_planned, progress.samples);
    amct_search_free(search);
}

/* An odd gene comes to nothing beside a changed one before it. */
static void drop_odd(void *ctx, uint8_t *genome)
{
    (void)ctx;
    for (int g = 1; g < 16; g += 2)
        if (genome[g - 1])
            genome[g] = 0;
}

static amct_status cost_of_form(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *e)
{
    uint8_t form[16];
    (void)e;
    memcpy(form, genome, 16);
    drop_odd(ctx, form);
    *cost_ns = synthetic_cost(ctx, form);
    return AMCT_OK;
}

Test(search_contract, genomes_of_the_same_network_are_asked_once, .init = set_up)
{
    static uint8_t seen[400][16];
    problem.cost = cost_of_form;
    problem.canonical = drop_odd;
    for (size_t a = 0; amct_search_algorithm(a, NULL); a++) {
        options.algorithm = amct_search_algorithm(a, NULL);
        amct_search *search = make();
        const amct_ask *asks;
        amct_result results[16];
        size_t n, candidates = 0;
        cr_assert_leq(options.batch, 16);
        while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
            for (size_t i = 0; i < n; i++) {
                results[i] = synthetic_measure(&net, &asks[i]);
                if (asks[i].probe || asks[i].refined)
                    continue;
                for (int g = 1; g < 16; g += 2)
                    cr_assert_not(asks[i].genome[g - 1] && asks[i].genome[g]);
                for (size_t k = 0; k < candidates; k++)
                    cr_assert(memcmp(seen[k], asks[i].genome, 16) != 0);
                memcpy(seen[candidates++], asks[i].genome, 16);
            }
            cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK, "%s", err.text);
        }
        cr_assert_gt(candidates, 0, "%s", options.algorithm);
        amct_search_free(search);
    }
}

Test(search_contract, what_cannot_be_the_answer_is_refused_and_changes_nothing, .init = set_up)
{
    options.algorithm = "uniform"; /* asks full measurements at once */
    amct_search *search = make();
    const amct_ask *asks;
    size_t n;
    cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
    cr_assert_eq(n, 3);
    amct_result good[3], bad[3];
    for (size_t i = 0; i < n; i++)
        good[i] = synthetic_measure(&net, &asks[i]);
    cr_assert_eq(good[1].n_scores, 5);

    static const char *const words[] = {
        "result of candidate 7: wanted the result of candidate 1",
        "result of candidate 1: 0 scores, wanted 1 to 5",
        "result of candidate 1: 6 scores, wanted 1 to 5",
        "result of candidate 1: 600 of 512 answers changed",
        "result of candidate 1: a score of 500 samples, which is not the next look",
        "result of candidate 1: a score of 256 samples, which is not the next look",
        "result of candidate 1: measuring ended after 256 samples",
        "result of candidate 1: 0 of 0 answers changed",
    };
    for (int i = 0; i < 8; i++) {
        memcpy(bad, good, sizeof good);
        amct_score *last = &bad[1].scores[4];
        switch (i) {
        case 0: bad[1].number = 7; break;
        case 1: bad[1].n_scores = 0; break;
        case 2: bad[1].n_scores = 6; break;
        case 3: last->lost = 600 - last->gained; break;
        case 4: last->n = 500; break;
        case 5: last->n = 256; break;
        case 6: bad[1].n_scores = 4; break;
        case 7: bad[1].scores[0] = (amct_score){0}; break;
        }
        cr_assert_eq(amct_search_tell(search, bad, 3, &err), AMCT_E_INVALID);
        cr_assert_str_eq(err.text, words[i]);
    }
    cr_assert_eq(amct_search_tell(search, good, 2, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "2 results told, 3 candidates asked");
    cr_assert_eq(amct_search_get_progress(search).evaluations, 0);
    cr_assert_eq(amct_search_tell(search, good, 3, &err), AMCT_OK);
    cr_assert_eq(amct_search_get_progress(search).evaluations, 3);
    cr_assert_eq(amct_search_tell(search, good, 3, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "3 results told, 0 candidates asked");
    amct_search_free(search);
}

Test(search_contract, the_last_score_alone_is_enough, .init = set_up)
{
    amct_search *search = make();
    const amct_ask *asks;
    size_t n;
    amct_result results[8];
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            results[i] = synthetic_measure(&net, &asks[i]);
            results[i].scores[0] = results[i].scores[results[i].n_scores - 1];
            results[i].n_scores = 1;
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
    }
    amct_search_progress progress = amct_search_get_progress(search);
    cr_assert_lt(progress.best_ns, progress.original_ns / 1.3);
    amct_search_free(search);
}

Test(search_contract, failed_and_senseless_candidates_are_left_aside, .init = set_up)
{
    amct_search *search = make();
    const amct_ask *asks;
    size_t n;
    amct_result results[8];
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            results[i] = synthetic_measure(&net, &asks[i]);
            amct_score *first = &results[i].scores[0];
            switch (asks[i].number % 6) {
            case 1: results[i] = (amct_result){.number = asks[i].number, .failed = true}; break;
            case 3:
                first->loss_sum = asks[i].number % 4 == 3 ? NAN : INFINITY;
                results[i].n_scores = 1;
                break;
            }
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK, "%s", err.text);
    }
    amct_search_progress progress = amct_search_get_progress(search);
    cr_assert_lt(progress.best_ns, progress.original_ns / 1.2);
    cr_assert(isfinite(progress.best_drop) && isfinite(progress.best_drop_se));
    amct_search_free(search);
}

Test(search_contract, nothing_can_be_measured_at_all, .init = set_up)
{
    for (size_t k = 0; amct_search_algorithm(k, NULL); k++) {
        options.algorithm = amct_search_algorithm(k, NULL);
        amct_search *search = make();
        const amct_ask *asks;
        size_t n;
        amct_result results[8];
        while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
            for (size_t i = 0; i < n; i++)
                results[i] = (amct_result){.number = asks[i].number, .failed = true};
            cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
        }
        amct_finalist finalists[4];
        cr_assert_neq(amct_search_ended(search), AMCT_SEARCH_RUNNING);
        cr_assert(isnan(amct_search_get_progress(search).best_ns));
        cr_assert_eq(amct_search_finalists(search, finalists, 4), 0);
        cr_assert_eq(amct_search_front(search, finalists, 4), 0);
        amct_search_free(search);
    }
}

Test(search_contract, the_caller_may_stop_it, .init = set_up)
{
    amct_search *search = make();
    const amct_ask *asks;
    size_t n;
    cr_assert_str_eq(amct_search_reason(search), "");
    cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
    cr_assert_gt(n, 0);
    amct_search_stop(search, AMCT_SEARCH_TIME_LIMIT);
    amct_search_stop(search, AMCT_SEARCH_CANCELLED);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_TIME_LIMIT);
    cr_assert_str_eq(amct_search_reason(search),
                     "stopped by the time limit after 0 candidates; --resume carries on");
    cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
    cr_assert_eq(n, 0);
    amct_search_free(search);
    search = make();
    amct_search_stop(search, AMCT_SEARCH_CANCELLED);
    cr_assert_str_eq(amct_search_reason(search),
                     "stopped by the user after 0 candidates; --resume carries on");
    amct_search_free(search);
}

static int calls_left;

static amct_status failing_cost(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    if (calls_left-- == 0)
        return amct_fail(error, AMCT_E_PLUGIN, "estimator: out of chips");
    *cost_ns = synthetic_cost(ctx, genome);
    return AMCT_OK;
}

Test(search_contract, a_failing_cost_function_fails_the_ask, .init = set_up)
{
    problem.cost = failing_cost;
    for (size_t k = 0; amct_search_algorithm(k, NULL); k++) {
        options.algorithm = amct_search_algorithm(k, NULL);
        for (int after = 0; after < 2000; after = after * 2 + 1) {
            const amct_ask *asks = NULL;
            size_t n = 99;
            amct_status status;
            amct_result results[8];
            calls_left = after;
            amct_search *search = make();
            while ((status = amct_search_ask(search, &asks, &n, &err)) == AMCT_OK && n > 0) {
                for (size_t i = 0; i < n; i++)
                    results[i] = synthetic_measure(&net, &asks[i]);
                cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
            }
            if (status != AMCT_OK) {
                cr_assert_eq(status, AMCT_E_PLUGIN);
                cr_assert_str_eq(err.text, "estimator: out of chips");
            }
            amct_search_free(search);
        }
    }
}

Test(search_contract, progress_foresees_the_work_that_is_left, .init = set_up)
{
    amct_search *search = make();
    const amct_ask *asks;
    size_t n;
    amct_result results[8];
    uint64_t before = 0;
    bool probing = false;
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        amct_search_progress progress = amct_search_get_progress(search);
        size_t fresh = 0; /* what is refined is measured after all of it */
        for (size_t i = 0; i < n; i++)
            fresh += !asks[i].refined;
        cr_assert_geq(progress.samples_planned, progress.samples + (n > 1 ? 64 * fresh : 0));
        cr_assert_leq(progress.evaluations_planned, options.evaluations);
        cr_assert_geq(progress.samples, before);
        cr_assert_not_null(progress.phase);
        before = progress.samples;
        probing |= strcmp(progress.phase, "single genes") == 0;
        for (size_t i = 0; i < n; i++)
            results[i] = synthetic_measure(&net, &asks[i]);
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
    }
    cr_assert(probing);
    amct_search_free(search);
}
