/* When a search ends before its evaluations are used up: the fastest of all will do, or there is
 * nothing to gain. */
#include "search/search.h"

#include <criterion/criterion.h>

static amct_err err;

static amct_status cheaper(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)ctx;
    (void)error;
    *cost_ns = 100;
    for (int g = 0; g < 4; g++)
        *cost_ns -= (1 + g) * genome[g];
    return AMCT_OK;
}

/* The fastest has that mean loss, and loses that many answers of 50; of others what they save of
 * that, or none. */
static amct_search *solve_small(double loss, uint32_t lost, bool others)
{
    static uint8_t levels[4] = {3, 3, 3, 3};
    amct_search_problem problem = {.space = {4, levels},
                                   .cost = cheaper,
                                   .budget_ratio = 0.2,
                                   .confidence = 0.95,
                                   .search_samples = 50,
                                   .confirm_samples = 50};
    amct_search_options options = amct_search_defaults();
    options.evaluations = 12;
    amct_search *search;
    const amct_ask *asks;
    amct_result results[8];
    size_t n;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            const amct_race *race = &asks[i].race;
            double cost;
            cr_assert_eq(cheaper(NULL, asks[i].genome, &cost, &err), AMCT_OK);
            results[i] = (amct_result){.number = asks[i].number};
            for (uint32_t k = 0; k < race->n_looks; k++) {
                amct_score *score = &results[i].scores[results[i].n_scores++];
                double share = others ? (100 - cost) / 20 : cost <= 80;
                *score = (amct_score){.n = race->looks[k].n};
                score->loss_sum = share * loss * score->n;
                score->lost = (uint32_t)(share * lost * score->n / 50);
                uint32_t upto;
                if (amct_race_step(race, score, &upto) != AMCT_RACE_CONTINUE)
                    break;
            }
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK, "%s", err.text);
    }
    return search;
}

/* Outputs nearly tied: no loss, and yet the fastest loses answers. */
static amct_search *solve_tied(uint32_t lost)
{
    return solve_small(1e-5, lost, false);
}

Test(search_end, a_fastest_assignment_ends_the_search_only_if_it_is_safe)
{
    uint32_t ended = 0, unsafe = 0;
    for (double loss = 1e-3; loss < 1; loss *= 1.5) {
        amct_search *search = solve_small(loss, 0, true);
        amct_finalist finalists[4];
        size_t n = amct_search_finalists(search, finalists, 4);
        cr_assert_geq(n, 1);
        if (amct_search_ended(search) == AMCT_SEARCH_FASTEST_MEETS) {
            cr_expect_geq(finalists[0].chance, 0.98, "loss %g", loss);
            ended++;
        } else if (finalists[0].cost_ns == 80 && finalists[0].feasible) {
            cr_expect_gt(n, 1, "loss %g", loss);
            unsafe++;
        }
        amct_search_free(search);
    }
    cr_assert_gt(ended, 0);
    cr_assert_gt(unsafe, 0);
}

Test(search_end, a_fastest_assignment_that_loses_answers_does_not_end_the_search)
{
    static const struct {
        uint32_t lost;
        bool ends, fastest;
    } cases[] = {{8, true, true}, {12, false, false}, {28, false, false}};
    for (size_t i = 0; i < 3; i++) {
        amct_search *search = solve_tied(cases[i].lost);
        amct_search_progress progress = amct_search_get_progress(search);
        bool ends = amct_search_ended(search) == AMCT_SEARCH_FASTEST_MEETS;
        cr_expect_eq(ends, cases[i].ends, "%u lost", cases[i].lost);
        cr_expect_eq(progress.evaluations == 1, cases[i].ends, "%u lost", cases[i].lost);
        amct_finalist finalists[4];
        size_t n = amct_search_finalists(search, finalists, 4);
        cr_assert_geq(n, 1);
        cr_expect(finalists[0].feasible);
        cr_expect_eq(finalists[0].cost_ns == 80, cases[i].fastest, "%u lost", cases[i].lost);
        cr_expect(cases[i].ends || finalists[n - 1].score.lost == 0);
        amct_search_free(search);
    }
}

static amct_status dearer(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)ctx;
    (void)error;
    *cost_ns = 100 + genome[0] + genome[1];
    return AMCT_OK;
}

Test(search_end, a_space_without_anything_faster_ends_at_once)
{
    uint8_t levels[2] = {3, 3};
    amct_search_problem problem = {.space = {2, levels},
                                   .cost = dearer,
                                   .budget_ratio = 0.01,
                                   .confidence = 0.95,
                                   .search_samples = 100,
                                   .labels = true};
    amct_search_options options = amct_search_defaults();
    amct_search *search;
    const amct_ask *asks;
    size_t n = 9;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
    cr_assert_eq(n, 0);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_NOTHING_FASTER);
    cr_assert_str_eq(amct_search_reason(search), "no assignment is faster than the original");
    amct_search_free(search);
}

static amct_status hardly_cheaper(void *ctx, const uint8_t *genome, double *cost_ns,
                                  amct_err *error)
{
    (void)ctx;
    (void)error;
    *cost_ns = 100 - 0.2 * (genome[0] + genome[1]);
    return AMCT_OK;
}

Test(search_end, a_gain_that_is_not_worth_a_search_ends_it_at_once)
{
    static const struct {
        double least;
        size_t asks;
    } cases[] = {{0.01, 0}, {0.009, 0}, {0.007, 1}, {0, 1}};
    uint8_t levels[2] = {3, 3};
    amct_search_problem problem = {.space = {2, levels},
                                   .cost = hardly_cheaper,
                                   .budget_ratio = 0.01,
                                   .confidence = 0.95,
                                   .search_samples = 100,
                                   .labels = true};
    amct_search_options options = amct_search_defaults();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_search *search;
        const amct_ask *asks;
        size_t n = 9;
        problem.least_gain_ratio = cases[i].least;
        cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
        cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
        cr_expect_eq(n, cases[i].asks, "%g", cases[i].least);
        if (i == 0)
            cr_expect_str_eq(amct_search_reason(search),
                             "no assignment is faster than the original by 1 %");
        amct_search_free(search);
    }
}

Test(search_end, a_space_of_one_genome_ends_at_once)
{
    uint8_t levels[2] = {1, 1};
    double bit_ops[2] = {1, 1};
    amct_search_problem problem = {.space = {.n_genes = 2, .n_levels = levels},
                                   .cost = dearer,
                                   .bit_ops = bit_ops,
                                   .budget_ratio = 0.01,
                                   .confidence = 0.95,
                                   .search_samples = 100,
                                   .labels = true};
    for (size_t k = 0; amct_search_algorithm(k, NULL); k++) {
        amct_search_options options = amct_search_defaults();
        options.algorithm = amct_search_algorithm(k, NULL);
        amct_search *search;
        const amct_ask *asks;
        size_t n;
        int batches = 0;
        cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
        while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
            amct_result result = {.number = asks[0].number, .n_scores = 1, .scores = {{.n = 100}}};
            cr_assert_eq(n, 1);
            cr_assert_eq(amct_search_tell(search, &result, 1, &err), AMCT_OK, "%s", err.text);
            cr_assert_lt(batches++, 3);
        }
        cr_assert_neq(amct_search_ended(search), AMCT_SEARCH_RUNNING);
        amct_search_free(search);
    }
}
