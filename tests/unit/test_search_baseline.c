#include "search/engine.h"
#include "search/search.h"

#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static synthetic net;
static amct_err err;

static amct_search *make(const char *algorithm, synthetic_shape shape, uint64_t seed)
{
    synthetic_make(&net, shape, seed);
    memset(net.kinds, AMCT_GENE_BITS, sizeof net.kinds); /* that all of these may change */
    amct_search_problem problem = synthetic_problem(&net, 2048, 0);
    amct_search_options options = amct_search_defaults();
    options.algorithm = algorithm;
    options.evaluations = 200;
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    return search;
}

Test(search_baseline, uniform_asks_each_level_once)
{
    amct_search *search =
        make("uniform", (synthetic_shape){.n_genes = 9, .n_levels = 4, .boundary = 0.1}, 1);
    net.n_levels[4] = 2; /* too late: the space was copied */
    const amct_ask *asks;
    size_t n;
    cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
    cr_assert_eq(n, 3);
    for (size_t i = 0; i < 3; i++)
        for (int g = 0; g < 9; g++)
            cr_assert_eq(asks[i].genome[g], i + 1);
    amct_search_free(search);
}

Test(search_baseline, uniform_takes_the_last_level_of_genes_with_fewer)
{
    synthetic_make(&net, (synthetic_shape){.n_genes = 3, .n_levels = 4}, 1);
    net.n_levels[1] = 2;
    net.n_levels[2] = 1;
    amct_search_problem problem = synthetic_problem(&net, 256, 0);
    amct_search_options options = amct_search_defaults();
    options.algorithm = "uniform";
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    const amct_ask *asks;
    size_t n;
    cr_assert_eq(amct_search_ask(search, &asks, &n, &err), AMCT_OK);
    cr_assert_eq(n, 3);
    static const uint8_t wanted[3][3] = {{1, 1, 0}, {2, 1, 0}, {3, 1, 0}};
    for (size_t i = 0; i < 3; i++)
        cr_assert_arr_eq(asks[i].genome, wanted[i], 3);
    amct_search_free(search);
}

Test(search_baseline, random_spreads_over_the_number_of_changed_genes)
{
    amct_search *search =
        make("random",
             (synthetic_shape){.n_genes = 20, .n_levels = 4, .boundary = 0.1, .noise = true}, 1);
    const amct_ask *asks;
    size_t n;
    int changed[21] = {0}, levels[4] = {0}, total = 0;
    amct_result results[8];
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            int k = 0;
            for (int g = 0; g < 20; g++) {
                k += asks[i].genome[g] != 0;
                levels[asks[i].genome[g]]++;
            }
            changed[k]++;
            total++;
            results[i] = synthetic_measure(&net, &asks[i]);
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
    }
    cr_assert_eq(total, 200);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_EVALUATIONS);
    cr_assert_eq(changed[0], 0);
    for (int quarter = 0; quarter < 4; quarter++) {
        int sum = 0;
        for (int k = 1; k <= 5; k++)
            sum += changed[5 * quarter + k];
        cr_assert(sum > 30 && sum < 75, "%d of 200 change %d to %d genes", sum, 5 * quarter + 1,
                  5 * quarter + 5);
    }
    for (int l = 1; l < 4; l++)
        cr_assert_gt(levels[l], 500);
    amct_search_free(search);
}

Test(search_baseline, random_ends_when_a_small_space_is_used_up)
{
    amct_search *search =
        make("random", (synthetic_shape){.n_genes = 3, .n_levels = 3, .noise = true}, 1);
    synthetic_run(&net, search);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_EXHAUSTED);
    cr_assert_eq(amct_search_get_progress(search).evaluations, 26);
    amct_search_free(search);
}

static int by_loss(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return net.loss[a][1] != net.loss[b][1] ? (net.loss[a][1] > net.loss[b][1] ? -1 : 1) : 0;
}

Test(search_baseline, rollback_finds_the_shortest_prefix_that_meets_the_budget)
{
    int searched = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        synthetic_shape shape = {.n_genes = 24, .n_levels = 2, .boundary = 0.05};
        amct_search *search = make("amct-rollback", shape, seed);
        /* Two levels only, the second one as lossy as 4 bits. */
        for (int g = 0; g < 24; g++)
            net.loss[g][1] *= 60;
        synthetic_run(&net, search);
        cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_COMPLETE);
        amct_search_progress progress = amct_search_get_progress(search);
        cr_assert_leq(progress.evaluations, 1 + 5, "%u", progress.evaluations);
        /* The same by walking the prefix, with the limit of the last estimate. */
        uint32_t ranking[24];
        uint8_t genome[24];
        for (uint32_t g = 0; g < 24; g++) {
            ranking[g] = g;
            genome[g] = 1;
        }
        qsort(ranking, 24, sizeof *ranking, by_loss);
        uint32_t prefix = 0;
        while (prefix < 24 && synthetic_loss(&net, genome) > search->drop.limit_loss)
            genome[ranking[prefix++]] = 0;
        if (prefix > 0 && prefix < 24) {
            uint32_t back = 0;
            const uint8_t *best = amct_genomes_at(&search->archive.genomes, search->archive.best);
            for (int g = 0; g < 24; g++)
                back += best[g] == 0;
            for (uint32_t k = 0; k < back; k++)
                cr_assert_eq(best[ranking[k]], 0, "not a prefix of the ranking");
            /* The limit moved a little while the estimate learnt. */
            cr_assert_leq(abs((int)back - (int)prefix), 2, "seed %d: %u, wanted %u", (int)seed,
                          back, prefix);
            searched++;
        }
        amct_search_free(search);
    }
    cr_assert_gt(searched, 15);
}
