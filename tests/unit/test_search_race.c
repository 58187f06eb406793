#include "search/foresee.h"
#include "search/race.h"
#include "search/lossbins.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* A race with a limit of 1 % at a loss of 0.05 and plain noise of relative deviation 3. */
static amct_race make_race(uint32_t n, double weight)
{
    static const amct_lossbins nothing;
    amct_race race;
    amct_race_plan(&race, n);
    amct_race_spend(&race);
    amct_foresee(&race, &nothing, 0.05);
    race.limit_drop = 0.01;
    race.limit_loss = 0.05;
    race.exponent = 1;
    race.weight = weight;
    race.spread = 0.03;
    return race;
}

Test(search_race, looks_are_at_powers_of_two)
{
    amct_race race;
    amct_race_plan(&race, 1024);
    cr_assert_eq(race.n_looks, 5);
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(race.looks[i].n, 1024u >> (4 - i));
    amct_race_plan(&race, 200); /* 12 samples are no look */
    cr_assert_eq(race.n_looks, 4);
    cr_assert_eq(race.looks[0].n, 25);
    cr_assert_eq(race.looks[3].n, 200);
}

Test(search_race, few_samples_are_not_raced)
{
    amct_race race;
    amct_race_plan(&race, 127);
    cr_assert_eq(race.n_looks, 1);
    cr_assert_eq(race.looks[0].n, 127);
    amct_race_spend(&race);
    cr_assert_eq(race.looks[0].z, INFINITY);
}

Test(search_race, the_error_spent_adds_up_to_less_than_30_percent)
{
    amct_race race = make_race(4096, 0);
    double spent = 0;
    for (uint32_t i = 0; i + 1 < race.n_looks; i++) {
        double share = 0.5 * erfc(race.looks[i].z / sqrt(2));
        cr_assert_gt(share, 0.01);
        spent += share;
    }
    /* ln(1 + (e - 1) / 2) of it has been spent at half of the samples. */
    cr_assert_float_eq(spent, 0.3 * log(1 + (exp(1) - 1) / 2), 1e-9);
    cr_assert_eq(race.looks[race.n_looks - 1].z, INFINITY);
}

Test(search_race, a_good_candidate_goes_through_all_looks)
{
    amct_race race = make_race(1024, 0.2);
    amct_score score = {0};
    uint32_t upto, looks = 0;
    while (amct_race_step(&race, &score, &upto) == AMCT_RACE_CONTINUE) {
        cr_assert_eq(upto, race.looks[looks++].n);
        score.n = upto;
        score.loss_sum = 0.04 * upto;
        score.loss_sum_sq = 10 * 0.04 * 0.04 * upto;
    }
    cr_assert_eq(looks, 5);
    cr_assert_eq(amct_race_step(&race, &score, &upto), AMCT_RACE_COMPLETE);
}

Test(search_race, a_bad_candidate_is_rejected_at_once)
{
    amct_race race = make_race(1024, 0.2);
    amct_score score = {.n = 64, .lost = 10, .loss_sum = 64 * 0.4, .loss_sum_sq = 64 * 0.2};
    uint32_t upto = 7;
    cr_assert_eq(amct_race_step(&race, &score, &upto), AMCT_RACE_REJECTED);
    cr_assert_eq(upto, 7);
}

Test(search_race, what_is_still_to_come_drops_as_the_loss_says)
{
    /* Of a loss that is known well. Few answers have changed so far, which says little of it. */
    amct_race race = make_race(1024, 0.5);
    race.looks[0].sd = 0.05;
    amct_score score = {.n = 64, .lost = 1, .gained = 1, .loss_sum = 64 * 0.1};
    uint32_t upto;
    cr_assert_eq(amct_race_step(&race, &score, &upto), AMCT_RACE_REJECTED);
    race.looks[0].sd = 1; /* of one that is not */
    cr_assert_eq(amct_race_step(&race, &score, &upto), AMCT_RACE_CONTINUE);
}

Test(search_race, without_limits_nothing_is_rejected)
{
    amct_race race;
    amct_race_plan(&race, 1024);
    amct_score score = {.n = 64, .lost = 64, .loss_sum = 64 * 9.0, .loss_sum_sq = 64 * 81.0};
    uint32_t upto;
    cr_assert_eq(amct_race_step(&race, &score, &upto), AMCT_RACE_CONTINUE);
    cr_assert_eq(upto, 128);
}

Test(search_race, a_loss_that_is_no_number_ends_the_measurement)
{
    amct_race race = make_race(1024, 0);
    uint32_t upto;
    amct_score nan = {.n = 64, .loss_sum = NAN}, inf = {.n = 64, .loss_sum_sq = INFINITY};
    cr_assert_eq(amct_race_step(&race, &nan, &upto), AMCT_RACE_REJECTED);
    cr_assert_eq(amct_race_step(&race, &inf, &upto), AMCT_RACE_REJECTED);
    amct_score odd = {.n = 65};
    cr_assert_eq(amct_race_step(&race, &odd, &upto), AMCT_RACE_REJECTED);
}

/* Runs one candidate whose samples have independent lognormal losses; returns the samples used, and
 * whether it was rejected. */
static uint32_t run(const amct_race *race, double loss, double drop, amct_pcg *rng, int *rejected)
{
    amct_score score = {0};
    uint32_t upto;
    amct_race_verdict verdict;
    while ((verdict = amct_race_step(race, &score, &upto)) == AMCT_RACE_CONTINUE)
        for (; score.n < upto; score.n++) {
            double u = sqrt(-2 * log(1 - amct_pcg_unit(rng)));
            double normal = u * cos(2 * M_PI * amct_pcg_unit(rng));
            double value = loss * exp(1.5174 * normal - 1.5174 * 1.5174 / 2);
            double luck = amct_pcg_unit(rng);
            score.loss_sum += value;
            score.loss_sum_sq += value * value;
            score.lost += luck < 0.015 + drop;
            score.gained += luck >= 0.015 + drop && luck < 0.03 + drop;
        }
    *rejected = verdict == AMCT_RACE_REJECTED;
    return score.n;
}

Test(search_race, a_candidate_at_the_limit_is_rejected_less_often_than_planned)
{
    amct_race race = make_race(1024, 0.15);
    amct_pcg rng = amct_pcg_new(17, 1);
    int rejections = 0, rejected;
    for (int i = 0; i < 1000; i++) {
        run(&race, 0.05, 0.01, &rng, &rejected);
        rejections += rejected;
    }
    cr_assert_lt(rejections, 150, "%d of 1000", rejections);
    cr_assert_gt(rejections, 5, "%d of 1000: the test has no teeth", rejections);
}

Test(search_race, rejected_candidates_cost_a_fraction)
{
    amct_race race = make_race(1024, 0.15);
    amct_pcg rng = amct_pcg_new(19, 1);
    for (int factor = 2; factor <= 8; factor *= 2) {
        double samples = 0;
        int rejections = 0, rejected;
        for (int i = 0; i < 400; i++) {
            uint32_t n = run(&race, 0.05 * factor, 0.01 * factor, &rng, &rejected);
            samples += rejected ? n : 0;
            rejections += rejected;
        }
        double cost = samples / rejections / 1024;
        cr_assert_gt(rejections, factor == 2 ? 300 : 390, "x%d: %d", factor, rejections);
        cr_assert_lt(cost,
                     factor == 2   ? 0.3
                     : factor == 4 ? 0.12
                                   : 0.08,
                     "x%d: %.3f", factor, cost);
    }
}

/* Scores at all looks of a candidate whose first samples have `early` times its mean loss. */
static void add_candidate(amct_lossbins *lossbins, const amct_race *plan, double loss, double early)
{
    amct_score scores[AMCT_RACE_LOOKS] = {{0}};
    double all = plan->looks[plan->n_looks - 1].n;
    for (uint32_t i = 0; i < plan->n_looks; i++) {
        double n = plan->looks[i].n, part = n / all;
        scores[i].n = plan->looks[i].n;
        scores[i].loss_sum = loss * n * (early + (1 - early) * part);
        scores[i].loss_sum_sq = 10 * loss * loss * n;
    }
    amct_lossbins_add(lossbins, plan, scores, plan->n_looks);
}

Test(search_race, what_all_early_looks_have_in_common_is_taken_away)
{
    amct_lossbins lossbins = {0};
    amct_race race = make_race(1024, 0), plain = race;
    for (int i = 0; i < 40; i++)
        add_candidate(&lossbins, &race, 0.04 * (1 + 0.01 * i), 1.6 + 0.002 * (i % 5));
    amct_foresee(&race, &lossbins, 0.05);
    double first = 1.6 + (1 - 1.6) / 16;
    cr_assert_float_eq(race.looks[0].log_ratio, -log(first), 0.02);
    cr_assert_lt(race.looks[0].sd, 0.4 * plain.looks[0].sd);
    cr_assert_eq(race.looks[4].sd, 0);
    cr_assert_eq(race.looks[4].log_ratio, 0);
}

Test(search_race, candidates_far_away_say_little_of_the_first_looks)
{
    amct_lossbins lossbins = {0};
    amct_race race = make_race(1024, 0), near = race, far = race;
    for (int i = 0; i < 20; i++)
        add_candidate(&lossbins, &race, 0.05, 1.6);
    amct_foresee(&near, &lossbins, 0.05);
    amct_foresee(&far, &lossbins, 50);
    cr_assert_lt(near.looks[0].log_ratio, -0.35);
    cr_assert_gt(far.looks[0].log_ratio, -0.05);
    cr_assert_gt(far.looks[0].sd, near.looks[0].sd);
}

Test(search_race, a_single_final_score_teaches_nothing_of_early_looks)
{
    amct_lossbins lossbins = {0};
    amct_race race = make_race(1024, 0), before = race;
    amct_score score = {1024, 5, 3, 51.2, 25.6, 0, 0};
    amct_lossbins_add(&lossbins, &race, &score, 1);
    amct_foresee(&race, &lossbins, 0.05);
    cr_assert_eq(race.looks[0].log_ratio, before.looks[0].log_ratio);
    cr_assert_float_eq(race.looks[0].sd, before.looks[0].sd, 0.2 * before.looks[0].sd);
}
