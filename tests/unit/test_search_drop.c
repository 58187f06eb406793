#include "search/drop.h"

#include "base/paired.h"
#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>

/* A candidate of the network drop = slope * loss, exact but for rounding. */
static amct_score score_of(uint32_t n, double loss, double slope)
{
    double drop = slope * loss, changed = fmax(0.2 * sqrt(loss), drop);
    return (amct_score){.n = n,
                        .lost = (uint32_t)lround((changed + drop) / 2 * n),
                        .gained = (uint32_t)lround((changed - drop) / 2 * n),
                        .loss_sum = loss * n,
                        .loss_sum_sq = 10 * loss * loss * n,
                        .expected_sum = drop * n,
                        .expected_sum_sq = 1.25 * loss * sqrt(loss) * n};
}

static amct_drop_model fitted_to(double budget, uint32_t samples, uint32_t confirm, double slope,
                                 bool observed, bool expected)
{
    amct_lossbins lossbins = {0};
    amct_race plan;
    amct_race_plan(&plan, samples);
    plan.expected = expected;
    amct_drop_model model;
    amct_drop_start(&model, budget, 0.95, confirm, true, expected);
    for (double loss = 0.01; observed && loss < 3; loss *= 1.5) {
        amct_score score = score_of(samples, loss, slope);
        amct_lossbins_add(&lossbins, &plan, &score, 1);
    }
    amct_drop_fit(&model, &lossbins, samples);
    return model;
}

static amct_drop_model fitted(double budget, uint32_t samples, uint32_t confirm, double slope,
                              bool observed)
{
    return fitted_to(budget, samples, confirm, slope, observed, false);
}

Test(search_drop, before_anything_is_measured_the_slope_is_the_prior_and_doubtful)
{
    amct_drop_model model = fitted(0.01, 4096, 0, 0, false);
    amct_score score = {.n = 4096,
                        .lost = 28,
                        .gained = 0,
                        .loss_sum = 0.04 * 4096,
                        .loss_sum_sq = 10 * 0.0016 * 4096};
    amct_drop drop = amct_drop_estimate(&model, &score, 1);
    cr_assert_float_eq(drop.drop, 0.17 * 0.04, 0.002);
    cr_assert_gt(model.limit_loss, 0.005);
    cr_assert_lt(model.limit_loss, 0.04, "only a part of 0.06, where the budget is spent: %g",
                 model.limit_loss);
}

Test(search_drop, the_slope_of_the_network_is_learnt)
{
    for (double slope = 0.08; slope < 0.5; slope *= 1.6) {
        amct_drop_model model = fitted(0.01, 4096, 0, slope, true);
        double loss = 0.009 / slope;
        amct_score score = score_of(4096, loss, slope);
        amct_drop drop = amct_drop_estimate(&model, &score, 1);
        cr_assert_float_eq(drop.drop, 0.009, 0.0018, "slope %g: %g", slope, drop.drop);
        cr_assert_lt(drop.se, 0.0030, "slope %g: %g", slope, drop.se);
        cr_assert_gt(model.limit_loss, 0.4 * 0.01 / slope);
        cr_assert_lt(model.limit_loss, 0.01 / slope);
    }
}

Test(search_drop, an_expected_drop_tells_more_than_a_count)
{
    amct_score score = score_of(1000, 0.015, 0.4), lucky = score;
    lucky.lost -= 6;
    for (int observed = 0; observed < 2; observed++) {
        amct_drop_model counts = fitted_to(0.01, 1000, 3000, 0.4, observed, false);
        amct_drop_model expects = fitted_to(0.01, 1000, 3000, 0.4, observed, true);
        amct_drop count = amct_drop_estimate(&counts, &score, 1);
        amct_drop expected = amct_drop_estimate(&expects, &score, 1);
        cr_assert_lt(expected.se, 0.85 * count.se, "%g, by counts %g", expected.se, count.se);
        cr_assert_float_eq(expected.drop, 0.006, observed ? 0.0006 : 0.003);
        cr_assert_eq(amct_drop_estimate(&expects, &lucky, 1).drop, expected.drop);
    }
    /* Probabilities may all be wrong alike: that does not go away with more samples. */
    amct_drop_model many = fitted_to(0.01, 100000, 3000, 0.4, true, true);
    score = score_of(100000, 0.015, 0.4);
    cr_assert_gt(amct_drop_estimate(&many, &score, 1).se, 0.05 * 0.006);
}

Test(search_drop, a_lucky_count_moves_the_estimate_little)
{
    amct_drop_model model = fitted(0.01, 1000, 0, 0.17, true);
    amct_score fair = score_of(1000, 0.06, 0.17), lucky = fair;
    lucky.lost -= 10; /* two standard errors */
    double moved =
        amct_drop_estimate(&model, &fair, 1).drop - amct_drop_estimate(&model, &lucky, 1).drop;
    cr_assert_geq(moved, 0);
    cr_assert_lt(moved, 0.3 * 0.01);
}

Test(search_drop, many_samples_make_counts_count)
{
    /* Without knowledge of the slope and with 50000 samples the counts are better than the loss. */
    amct_drop_model model = fitted(0.05, 50000, 0, 0, false);
    amct_score score = score_of(50000, 0.1, 0.35);
    amct_drop drop = amct_drop_estimate(&model, &score, 1);
    cr_assert_gt(drop.weight, 0.9);
    cr_assert_float_eq(drop.drop, 0.035, 0.002);
}

Test(search_drop, a_ruined_candidate_says_nothing_of_the_slope)
{
    amct_lossbins lossbins = {0}, ruined;
    amct_race plan;
    amct_race_plan(&plan, 1024);
    for (double loss = 0.01; loss < 0.2; loss *= 1.5) {
        amct_score score = score_of(1024, loss, 0.2);
        amct_lossbins_add(&lossbins, &plan, &score, 1);
    }
    ruined = lossbins;
    amct_score all = {1024, 900, 10, 9.0 * 1024, 200.0 * 1024, 0, 0};
    amct_lossbins_add(&ruined, &plan, &all, 1);
    amct_drop_model with, without;
    amct_drop_start(&with, 0.01, 0.95, 0, true, false);
    without = with;
    amct_drop_fit(&with, &ruined, 1024);
    amct_drop_fit(&without, &lossbins, 1024);
    cr_assert_float_eq(with.limit_loss, without.limit_loss, 0.01 * without.limit_loss);
}

Test(search_drop, agreement_falls_with_the_root_of_the_loss)
{
    amct_lossbins lossbins = {0};
    amct_race plan;
    amct_race_plan(&plan, 2000);
    amct_drop_model model;
    amct_drop_start(&model, 0.02, 0.95, 0, false, false);
    for (double loss = 0.001; loss < 1; loss *= 2) {
        amct_score score = {2000,
                            (uint32_t)lround(0.2 * sqrt(loss) * 2000),
                            0,
                            loss * 2000,
                            10 * loss * loss * 2000,
                            0,
                            0};
        amct_lossbins_add(&lossbins, &plan, &score, 1);
    }
    amct_drop_fit(&model, &lossbins, 2000);
    cr_assert_gt(model.limit_loss, 0.3 * 0.01);
    cr_assert_lt(model.limit_loss, 0.01); /* (0.02 / 0.2)^2 */
    amct_score score = {2000, 20, 0, 0.0025 * 2000, 10 * 0.0025 * 0.0025 * 2000, 0, 0};
    cr_assert_float_eq(amct_drop_estimate(&model, &score, 1).drop, 0.01, 0.002);
}

Test(search_drop, what_is_good_enough_is_provable_as_often_as_asked)
{
    /* The limit for 5000 samples kept for the verdict: draw those for a candidate that just meets
     * it. */
    amct_drop_model model = fitted(0.01, 20000, 5000, 0.17, true);
    double loss = model.limit_loss, drop = 0.17 * loss, changed = 0.2 * sqrt(loss);
    cr_assert_gt(model.limit_drop, 0.001);
    cr_assert_lt(model.limit_drop, 0.007);
    amct_pcg rng = amct_pcg_new(23, 1);
    int proven = 0;
    for (int run = 0; run < 400; run++) {
        int lost = 0, gained = 0;
        for (int i = 0; i < 5000; i++) {
            double u = amct_pcg_unit(&rng);
            lost += u < (changed + drop) / 2;
            gained += u >= (changed + drop) / 2 && u < changed;
        }
        proven += amct_paired_interval(5000, lost, gained, 0.95).hi <= 0.01;
    }
    cr_assert_gt(proven, (AMCT_DROP_LIKELY - 0.05) * 400, "%d of 400", proven);
}

Test(search_drop, the_loss_with_a_chance_has_it)
{
    amct_drop_model model = fitted(0.01, 20000, 5000, 0.17, true);
    double before = INFINITY;
    for (double chance = 0.1; chance < 1; chance += 0.2) {
        double loss = amct_drop_loss_with(&model, chance, 20000);
        amct_score score = score_of(20000, loss, 0.17);
        cr_assert_lt(loss, before);
        cr_assert_float_eq(amct_drop_chance(&model, &score, 1), chance, 0.03, "%g", chance);
        before = loss;
    }
    cr_assert_eq(amct_drop_loss_with(&model, 1.1, 20000), 0);
}

Test(search_drop, who_is_bold_demands_a_chance_and_no_more)
{
    amct_drop_model model = fitted(0.01, 20000, 5000, 0.17, true);
    amct_lossbins nothing = {0};
    for (int bold = 0; bold < 2; bold++) {
        model.bold = bold;
        amct_drop_fit(&model, &nothing, 20000);
        double loss = amct_drop_loss_with(&model, AMCT_DROP_BOLD, 20000);
        if (bold)
            cr_assert_float_eq(model.limit_loss, loss, 1e-9);
        else
            cr_assert_lt(model.limit_loss, 0.9 * loss);
    }
}

Test(search_drop, more_samples_to_confirm_allow_more_loss)
{
    double before = 0;
    for (uint32_t confirm = 700; confirm < 100000; confirm *= 3) {
        amct_drop_model model = fitted(0.01, 4096, confirm, 0.17, true);
        cr_assert_gt(model.limit_loss, before, "%u samples", confirm);
        before = model.limit_loss;
    }
    cr_assert_lt(before, fitted(0.01, 4096, 0, 0.17, true).limit_loss * 1.001);
}

Test(search_drop, too_few_samples_to_confirm_prove_nothing)
{
    cr_assert_eq(fitted(0.01, 1000, 300, 0.17, false).proof, AMCT_PROOF_NONE);
    cr_assert_eq(fitted(0.01, 1000, 500, 0.17, false).proof, AMCT_PROOF_LIKELY);
    cr_assert_eq(fitted(0.01, 1000, 0, 0.17, false).proof, AMCT_PROOF_NONE);
}

Test(search_drop, a_candidate_without_loss_is_good_and_a_terrible_one_is_not)
{
    amct_drop_model model = fitted(0.01, 1024, 0, 0.17, true);
    amct_score none = {.n = 1024};
    amct_drop drop = amct_drop_estimate(&model, &none, 1);
    cr_assert(isfinite(drop.drop) && drop.drop < 1e-5 && drop.margin > 0);
    amct_score all = {1024, 1024, 0, 1e6, 1e12, 0, 0};
    drop = amct_drop_estimate(&model, &all, 1);
    cr_assert(isfinite(drop.drop) && drop.margin < 0);
    cr_assert_lt(drop.within, 0);
}

Test(search_drop, the_race_limit_is_that_of_the_estimate)
{
    amct_drop_model model = fitted(0.01, 1024, 0, 0.17, true);
    amct_race race;
    amct_race_plan(&race, 1024);
    amct_drop_limit_race(&model, 1, &race);
    cr_assert_eq(race.limit_loss, model.limit_loss);
    cr_assert_float_eq(race.exponent, 1, 0.1);
    cr_assert(race.weight >= 0 && race.weight < 0.5);
    amct_score at = score_of(1024, model.limit_loss, 0.17);
    cr_assert_float_eq(amct_drop_estimate(&model, &at, 1).drop, race.limit_drop, 0.001);
}

Test(search_drop, answers_that_are_surely_lost_count_however_small_the_loss)
{
    amct_drop_model model;
    amct_lossbins none = {0};
    amct_drop_start(&model, 0.3, 0.95, 0, false, false);
    amct_drop_fit(&model, &none, 120);
    amct_score same = {.n = 120, .loss_sum = 1e-12}, other = same;
    other.lost = 120;
    cr_assert_geq(amct_drop_estimate(&model, &same, 1).margin, 0);
    cr_assert_lt(amct_drop_estimate(&model, &other, 1).margin, 0);
    cr_assert_lt(amct_drop_estimate(&model, &other, 1).within, 0);
    /* More than half of the answers, of 50: more than a budget of a fifth for sure. */
    amct_drop_start(&model, 0.2, 0.95, 50, false, false);
    amct_drop_fit(&model, &none, 50);
    amct_score half = {.n = 50, .lost = 28, .loss_sum = 1e-14}, some = half;
    some.lost = 12; /* as likely as not */
    cr_assert_lt(amct_drop_estimate(&model, &half, 1).within, 0);
    cr_assert_lt(amct_drop_estimate(&model, &half, 1).margin, 0);
    cr_assert_geq(amct_drop_estimate(&model, &some, 1).margin, 0);
}

Test(search_drop, drops_beyond_all_that_was_thought_possible_move_the_prior)
{
    amct_drop_model model;
    amct_lossbins bins = {0};
    amct_race plan;
    amct_score many = {.n = 50, .lost = 13, .loss_sum = 50 * 5e-5}, few = many;
    few.lost = 0, few.loss_sum = 50 * 1e-8;
    amct_race_plan(&plan, 50);
    amct_drop_start(&model, 0.1, 0.95, 500, false, false);
    amct_drop_fit(&model, &bins, 50);
    cr_assert_lt(amct_drop_estimate(&model, &many, 1).drop, 0.05);
    amct_lossbins_add(&bins, &plan, &many, 1);
    amct_drop_fit(&model, &bins, 50);
    cr_assert_float_eq(amct_drop_estimate(&model, &many, 1).drop, 0.26, 0.05);
    cr_assert_lt(amct_drop_estimate(&model, &many, 1).margin, 0);
    cr_assert_gt(amct_drop_estimate(&model, &few, 1).margin, 0);
    cr_assert_lt(model.limit_loss, 5e-5);
}
