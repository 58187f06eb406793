#include "measure/soften.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { SAMPLES = 5, CLASSES = 4 };

static const float answers[SAMPLES][CLASSES] = {
    {9, 0, 1, -3}, {0.5f, 8, 7.5f, 1}, {2, 1, 0, 14}, {-20, -30, -9, -19}, {3, 3, 3, 3}};
static const float changed[SAMPLES][CLASSES] = {
    {8, 0.5f, 1, -2}, {1, 7.5f, 8, 1}, {3, 1, 0, 13}, {-21, -30, -9, -20}, {3, 2, 3, 3.5f}};

static amct_outputs logits(void)
{
    return (amct_outputs){.row = CLASSES, .classes = CLASSES, .scale = 1};
}

static void multiply(float out[SAMPLES][CLASSES], const float rows[SAMPLES][CLASSES], float by)
{
    for (int i = 0; i < SAMPLES; i++)
        for (int c = 0; c < CLASSES; c++)
            out[i][c] = by * rows[i][c];
}

static double scale_of(const amct_outputs *outputs, float by)
{
    amct_err err;
    float rows[SAMPLES][CLASSES];
    double scale = 0;
    multiply(rows, answers, by);
    cr_assert_eq(amct_soften(&scale, outputs, rows[0], SAMPLES, &err), AMCT_OK);
    return scale;
}

static amct_tally tally_of(float by, double scale)
{
    float original[SAMPLES][CLASSES], rows[SAMPLES][CLASSES];
    multiply(original, answers, by);
    multiply(rows, changed, by);
    amct_judge judge = {
        .outputs = logits(), .metric = AMCT_METRIC_AGREEMENT, .original = original[0]};
    amct_tally tally = {0};
    judge.outputs.scale = scale;
    for (uint32_t i = 0; i < SAMPLES; i++)
        amct_judge_add(&judge, i, rows[i], &tally);
    return tally;
}

Test(measure_soften, answers_of_ordinary_networks_are_taken_as_they_are)
{
    amct_outputs outputs = logits();
    cr_assert_eq(scale_of(&outputs, 1), 1);
    cr_assert_eq(scale_of(&outputs, 0.1f), 1);
    cr_assert_eq(scale_of(&outputs, 10), 1);
}

Test(measure_soften, certain_answers_become_ordinary_ones)
{
    amct_outputs outputs = logits();
    /* ahead by 8, 0.5, 12, 10 and 0: the middle one is 8 */
    cr_assert_float_eq(8e12 * scale_of(&outputs, 1e12f), 10, 1e-5);
}

Test(measure_soften, probabilities_and_what_does_not_classify_are_left_alone)
{
    amct_outputs outputs = logits();
    outputs.probabilities = true;
    cr_assert_eq(scale_of(&outputs, 1e12f), 1);
    outputs = (amct_outputs){.row = CLASSES, .scale = 1};
    cr_assert_eq(scale_of(&outputs, 1e12f), 1);
}

Test(measure_soften, a_network_times_a_trillion_loses_what_it_loses_itself)
{
    amct_outputs outputs = logits();
    amct_tally raw = tally_of(1e12f, 1), soft = tally_of(1e12f, scale_of(&outputs, 1e12f)),
               own = tally_of(1, 1.25);
    cr_assert_gt(raw.kl, 1e10);
    cr_assert_float_eq(soft.kl, own.kl, 1e-4 * own.kl);
    cr_assert_float_eq(soft.kl_sq, own.kl_sq, 1e-4 * own.kl_sq);
    cr_assert_eq(soft.lost, 2);
    cr_assert_eq(raw.lost, 2);
}

Test(measure_soften, undecided_answers_become_ordinary_ones)
{
    amct_outputs outputs = logits();
    amct_tally ordinary = tally_of(1, 1);
    for (float by = 0.01f; by > 1e-20f; by *= 1e-3f) {
        double scale = scale_of(&outputs, by);
        cr_assert_gt(scale, 1 / by);
        cr_assert_lt(scale, 10 / by);
        amct_tally tally = tally_of(by, scale);
        cr_expect_gt(tally.kl, 0.5 * ordinary.kl, "by %g", (double)by);
        cr_expect_eq(tally.agree, ordinary.agree);
    }
}
