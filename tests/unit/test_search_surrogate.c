#include "search/surrogate.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>

enum { GENES = 20, LEVELS = 3 };

typedef struct network {
    double loss[GENES][LEVELS];
    double shift, bend;
} network;

static double normal(amct_pcg *rng)
{
    double u = sqrt(-2 * log(1 - amct_pcg_unit(rng)));
    return u * cos(2 * M_PI * amct_pcg_unit(rng));
}

static double true_loss(const network *n, const uint8_t *genome)
{
    double sum = 0;
    for (int g = 0; g < GENES; g++)
        sum += n->loss[g][genome[g]];
    return exp(n->shift) * pow(sum, n->bend);
}

static amct_surrogate *make(network *n, amct_pcg *rng, double prior_noise)
{
    static uint8_t levels[GENES];
    for (int g = 0; g < GENES; g++)
        levels[g] = LEVELS;
    amct_space space = {.n_genes = GENES, .n_levels = levels};
    amct_surrogate *s = amct_surrogate_new(&space);
    *n = (network){.shift = 0.3, .bend = 1.1};
    for (uint32_t g = 0; g < GENES; g++)
        for (uint32_t l = 1; l < LEVELS; l++) {
            n->loss[g][l] = 0.01 * exp(normal(rng)) * (l == 2 ? 5 : 1);
            amct_surrogate_prior(s, g, l, n->loss[g][l] * exp(prior_noise * normal(rng)), 0.5);
        }
    return s;
}

static void draw(amct_pcg *rng, uint8_t *genome)
{
    for (int g = 0; g < GENES; g++)
        genome[g] = (uint8_t)amct_pcg_below(rng, LEVELS);
}

/* The loss that a sum predicts. */
static double predicted(const amct_surrogate *s, double sum)
{
    double low = 1e-9, high = 1e9;
    while (high > low * (1 + 1e-12))
        if (amct_surrogate_sum_of(s, sqrt(low * high)) < sum)
            low = sqrt(low * high);
        else
            high = sqrt(low * high);
    return low;
}

/* Root mean square error of log predictions on new genomes. */
static double error_of(const amct_surrogate *s, const network *n, amct_pcg *rng)
{
    double sq = 0;
    for (int i = 0; i < 200; i++) {
        uint8_t genome[GENES];
        draw(rng, genome);
        double sum = amct_surrogate_sum(s, genome);
        double off = log(predicted(s, sum) / true_loss(n, genome));
        sq += off * off;
    }
    return sqrt(sq / 200);
}

Test(search_surrogate, begins_as_the_sum_of_the_single_losses)
{
    network n;
    amct_pcg rng = amct_pcg_new(1, 1);
    amct_surrogate *s = make(&n, &rng, 0);
    uint8_t none[GENES] = {0}, one[GENES] = {[3] = 2};
    cr_assert_eq(amct_surrogate_sum(s, none), 0);
    cr_assert_float_eq(amct_surrogate_sum(s, one), n.loss[3][2], 1e-12);
    /* Nothing is measured yet: a little more than the sum, as networks are. */
    cr_assert_float_eq(predicted(s, 0.2), pow(0.2, 1.05), 1e-9);
    cr_assert_eq(amct_surrogate_sum_of(s, 0), 0);
    amct_surrogate_free(s);
}

Test(search_surrogate, learns_from_candidates)
{
    network n;
    amct_pcg rng = amct_pcg_new(2, 1);
    amct_surrogate *s = make(&n, &rng, 0.5);
    double before = error_of(s, &n, &rng), after[3];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            uint8_t genome[GENES];
            draw(&rng, genome);
            amct_surrogate_observe(s, genome, true_loss(&n, genome) * exp(0.05 * normal(&rng)), 0);
            if (i % 8 == 7)
                amct_surrogate_fit(s);
        }
        after[round] = error_of(s, &n, &rng);
    }
    cr_assert_lt(after[0], 0.75 * before, "%g to %g", before, after[0]);
    cr_assert_lt(after[2], 0.4 * before, "%g to %g", before, after[2]);
    cr_assert_lt(after[2], 0.12);
    amct_surrogate_free(s);
}

Test(search_surrogate, one_mad_candidate_does_not_turn_it_over)
{
    network n;
    amct_pcg rng = amct_pcg_new(3, 1);
    amct_surrogate *s = make(&n, &rng, 0.2);
    for (int i = 0; i < 40; i++) {
        uint8_t genome[GENES];
        draw(&rng, genome);
        amct_surrogate_observe(s, genome, true_loss(&n, genome), 0);
    }
    amct_surrogate_fit(s);
    double before = error_of(s, &n, &rng);
    uint8_t genome[GENES];
    draw(&rng, genome);
    amct_surrogate_observe(s, genome, 1e6, 0);
    amct_surrogate_fit(s);
    cr_assert_lt(error_of(s, &n, &rng), before + 0.15);
    amct_surrogate_free(s);
}

Test(search_surrogate, chances_come_true)
{
    network n;
    amct_pcg rng = amct_pcg_new(4, 1);
    amct_surrogate *s = make(&n, &rng, 0.5);
    for (int i = 0; i < 80; i++) {
        uint8_t genome[GENES];
        draw(&rng, genome);
        amct_surrogate_observe(s, genome, true_loss(&n, genome) * exp(0.15 * normal(&rng)), 0);
        if (i % 8 == 7)
            amct_surrogate_fit(s);
    }
    double expected = 0;
    int came = 0;
    for (int i = 0; i < 500; i++) {
        uint8_t genome[GENES];
        draw(&rng, genome);
        double loss = true_loss(&n, genome) * exp(0.15 * normal(&rng)),
               sum = amct_surrogate_sum(s, genome);
        expected += amct_surrogate_chance(s, sum, 0.7);
        came += loss <= 0.7;
    }
    cr_assert(expected > 50 && expected < 450, "%g", expected);
    cr_assert_float_eq(came / expected, 1, 0.2, "%d came, %g expected", came, expected);
    double sum = amct_surrogate_sum_at(s, 0.3, 0.7);
    cr_assert_float_eq(amct_surrogate_chance(s, sum, 0.7), 0.3, 1e-9);
    amct_surrogate_free(s);
}

Test(search_surrogate, predictions_that_were_too_good_lower_the_chances)
{
    network n;
    amct_pcg rng = amct_pcg_new(5, 1);
    amct_surrogate *s = make(&n, &rng, 0);
    uint8_t genome[GENES];
    draw(&rng, genome);
    double sum = amct_surrogate_sum(s, genome), limit = predicted(s, sum);
    double before = amct_surrogate_chance(s, sum, limit);
    cr_assert_float_eq(before, 0.5, 1e-9);
    for (int i = 0; i < 5; i++)
        amct_surrogate_observe(s, genome, 1.5 * limit, 0.1);
    cr_assert_lt(amct_surrogate_chance(s, sum, limit), 0.2);
    cr_assert_eq(amct_surrogate_chance(s, sum, 0), 0);
    amct_surrogate_free(s);
}
