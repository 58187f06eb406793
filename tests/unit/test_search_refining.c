/* What refining is expected to leave, and what the search makes of it. */
#include "search/refining.h"

#include "search/engine.h"
#include "search/surrogate.h"
#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static synthetic net;
static amct_err err;

/* Two genes of each kind, in the order of the kinds. */
enum { N_GENES = 6 };
static const uint8_t n_levels[N_GENES] = {3, 3, 3, 3, 3, 3}, kinds[N_GENES] = {0, 0, 1, 1, 2, 2};
static const amct_space space = {N_GENES, n_levels, kinds};
static const uint8_t ones[N_GENES] = {1, 1, 1, 1, 1, 1}, twos[N_GENES] = {2, 2, 2, 2, 2, 2};
static const double bits[N_GENES] = {0.5, 0.5}, channels[N_GENES] = {0, 0, 1, 0, 0, 0},
                    mixed[N_GENES] = {0.5, 0, 0.5, 0, 0, 0};

static amct_refining start_refining(double growth)
{
    amct_refining r;
    cr_assert(amct_refining_start(&r, &space, 1, growth));
    return r;
}

Test(search_refining, learns_what_is_left_of_each_kind)
{
    static const double shares[4][N_GENES] = {
        {1, 0, 0, 0, 0, 0},
        {0.2, 0, 0.8, 0, 0, 0},
        {0.3, 0.2, 0, 0, 0.25, 0.25},
        {0.1, 0, 0.1, 0, 0, 0.8},
    };
    static const double left[AMCT_GENE_KINDS] = {0.9, 0.2, 0.5};
    amct_refining r = start_refining(1);
    cr_assert_lt(amct_refining_ratio(&r, ones, shares[1]), amct_refining_ratio(&r, ones, bits));
    for (int i = 0; i < 40; i++) {
        double ratio = 0;
        for (int g = 0; g < N_GENES; g++)
            ratio += shares[i % 4][g] * left[kinds[g]];
        amct_refining_observe(&r, ones, shares[i % 4], ratio);
    }
    for (int g = 0; g < N_GENES; g++) {
        double alone[N_GENES] = {0};
        alone[g] = 1;
        double told = amct_refining_ratio(&r, ones, alone);
        cr_expect_float_eq(told, left[kinds[g]], 0.15, "gene %d: %g", g, told);
        /* Other levels of the same kind are expected to be alike, if not as much. */
        double other = log(amct_refining_ratio(&r, twos, alone));
        cr_expect_lt(fabs(other - log(left[kinds[g]])), 0.8, "gene %d: %g", g, other);
    }
    amct_refining_end(&r);
}

Test(search_refining, a_level_of_a_gene_may_be_left_unlike_others_of_its_kind)
{
    static const double shares[2][N_GENES] = {{0, 0, 0.9, 0.1, 0, 0}, {0, 0, 0.1, 0.9, 0, 0}};
    amct_refining r = start_refining(1);
    for (int i = 0; i < 4; i++) {
        amct_refining_observe(&r, ones, shares[1], 0.8);
        amct_refining_observe(&r, twos, shares[0], 0.5);
    }
    cr_expect_float_eq(amct_refining_ratio(&r, ones, shares[1]), 0.8, 0.02);
    cr_expect_float_eq(amct_refining_ratio(&r, twos, shares[0]), 0.5, 0.02);
    static const uint8_t one_two[N_GENES] = {1, 1, 1, 2, 1, 1};
    double neither = amct_refining_ratio(&r, one_two, mixed);
    cr_expect(neither > 0.4 && neither < 0.9, "%g", neither);
    amct_refining_end(&r);
}

Test(search_refining, what_is_left_is_known_better_the_more_was_refined)
{
    amct_refining r = start_refining(1);
    double at_first = amct_refining_sd(&r, ones, bits), other = amct_refining_sd(&r, ones, mixed);
    for (int i = 0; i < 4; i++)
        amct_refining_observe(&r, ones, bits, 0.5);
    double after = amct_refining_sd(&r, ones, bits);
    cr_expect_lt(after, 0.7 * at_first, "%g of %g", after, at_first);
    cr_expect_gt(after, 0.1, "candidates have deviations of their own");
    cr_expect_gt(amct_refining_sd(&r, twos, bits), after, "other levels");
    cr_expect_lt(amct_refining_sd(&r, ones, mixed), other);
    cr_expect_gt(amct_refining_sd(&r, ones, mixed), after, "channels were never refined alone");
    amct_refining_end(&r);
}

Test(search_refining, the_original_has_nothing_to_lose)
{
    static const uint8_t original[N_GENES] = {0};
    static const double none[N_GENES] = {0};
    amct_refining r = start_refining(1);
    cr_assert_eq(amct_refining_ratio(&r, original, none), 1);
    amct_refining_observe(&r, original, none, 0.1);
    cr_assert_eq(r.n, 0);
    amct_refining_end(&r);
}

Test(search_refining, what_is_refined_once_more_loses_less)
{
    double left[3 * N_GENES];
    amct_refining once = start_refining(1), again = start_refining(3);
    cr_assert_eq(amct_refining_end_ratio(&once, ones, mixed, true), 1);
    cr_assert_float_eq(amct_refining_end_ratio(&once, ones, mixed, false),
                       amct_refining_ratio(&once, ones, mixed), 1e-12);
    cr_assert_eq(amct_refining_end_ratio(&again, ones, bits, true), 1);
    double of_channels = amct_refining_end_ratio(&again, ones, channels, true);
    double of_both = amct_refining_end_ratio(&again, ones, mixed, true);
    cr_assert_lt(of_channels, 0.9);
    cr_assert_gt(of_channels, 0.6);
    cr_assert(of_channels < of_both && of_both < 1);
    cr_assert_float_eq(amct_refining_end_ratio(&again, ones, mixed, false),
                       of_both * amct_refining_ratio(&again, ones, mixed), 1e-12);
    amct_refining_end_left(&again, left);
    cr_assert_float_eq(left[again.first[2] + 1],
                       of_channels * amct_refining_ratio(&again, ones, channels), 1e-12);
    amct_refining_end(&once);
    amct_refining_end(&again);
}

Test(search_refining, terms_are_of_what_is_left)
{
    static const uint8_t levels[] = {2, 2, 2}, genome[] = {1, 1, 0};
    const double left[] = {1, 0.5, 1, 0.25, 1, 1};
    double shares[3];
    amct_space three = {3, levels, NULL};
    amct_surrogate *s = amct_surrogate_new(&three);
    amct_surrogate_prior(s, 0, 1, 0.3, 0.5);
    amct_surrogate_prior(s, 1, 1, 0.1, 0.5);
    amct_surrogate_prior(s, 2, 1, 0.2, 0.5);
    cr_assert_float_eq(amct_surrogate_sum(s, genome), 0.4, 1e-12);
    amct_surrogate_left(s, left);
    cr_assert_float_eq(amct_surrogate_sum(s, genome), 0.175, 1e-12);
    amct_surrogate_shares(s, genome, shares);
    cr_assert_float_eq(shares[0], 0.75, 1e-12);
    cr_assert_float_eq(shares[1], 0.25, 1e-12);
    cr_assert_eq(shares[2], 0);
    amct_surrogate_free(s);
}

/* The least cost within the loss that the search allows itself, of what refining leaves. */
static double optimum(const amct_search *search)
{
    static synthetic refined;
    refined = net;
    for (uint32_t g = 0; g < net.shape.n_genes; g++)
        for (uint32_t l = 0; l < net.shape.n_levels; l++)
            refined.loss[g][l] *= net.shape.left[net.kinds[g]];
    return synthetic_optimum(&refined, search->drop.limit_loss);
}

static amct_search *solve(synthetic_shape shape, uint64_t seed, uint32_t refinements)
{
    synthetic_make(&net, shape, seed);
    amct_search_problem problem = synthetic_problem(&net, 1024, 0);
    amct_search_options options = amct_search_defaults();
    options.evaluations = 120;
    options.seed = seed;
    options.refinements = refinements;
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    synthetic_run(&net, search);
    return search;
}

Test(search_refining, the_winner_is_a_refined_one_and_near_the_optimum)
{
    static const double lefts[][AMCT_GENE_KINDS] = {
        {0.6, 0.4, 0.4}, {0.8, 0.2, 0.3}, {0.2, 0.9, 0.9}, {1, 1, 1}};
    for (int k = 0; k < 4; k++) {
        double with = 0, without = 0;
        for (uint64_t seed = 1; seed <= 10; seed++) {
            synthetic_shape shape = {.n_genes = 12, .n_levels = 3, .boundary = 0.15};
            for (int i = 0; i < AMCT_GENE_KINDS; i++)
                shape.left[i] = lefts[k][i];
            amct_search *search = solve(shape, seed, 8);
            amct_finalist best;
            cr_assert_eq(amct_search_finalists(search, &best, 1), 1);
            cr_assert(best.feasible);
            if (k < 2) { /* else what is expected is wrong at first */
                cr_assert(search->archive.members[search->archive.best].refined, "%d, seed %d", k,
                          (int)seed);
                /* Whole answers are counted. */
                cr_assert_lt(synthetic_refined_loss(&net, best.genome),
                             1.05 * search->drop.limit_loss);
            }
            with += log(best.cost_ns / optimum(search));
            amct_search_free(search);
            search = solve(shape, seed, 0);
            cr_assert_eq(amct_search_finalists(search, &best, 1), 1);
            without += log(best.cost_ns / optimum(search));
            amct_search_free(search);
        }
        cr_assert_lt(with / 10, 0.02, "left %d: %g above the optimum", k, with / 10);
        if (k < 3)
            cr_assert_lt(with, without / 2, "left %d: %g, without refining %g", k, with, without);
    }
}

/* Channels are left far less than is expected of them, so that those that would do look hopeless;
 * 0.3 % without looking at any of them. */
Test(search_refining, what_is_left_less_than_expected_is_found_by_exploring)
{
    synthetic_shape shape = {
        .n_genes = 12, .n_levels = 3, .boundary = 0.15, .left = {0.9, 0.1, 0.9}};
    double above = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        amct_search *search = solve(shape, seed, 12);
        amct_finalist best;
        cr_assert_eq(amct_search_finalists(search, &best, 1), 1);
        above += log(best.cost_ns / optimum(search)) / 10;
        amct_search_free(search);
    }
    cr_assert_lt(above, 0.0025, "%g above the optimum", above);
}
