#include "measure/temper.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>

enum { SAMPLES = 6000, CLASSES = 5 };

typedef struct network {
    float rows[SAMPLES][CLASSES], changed[SAMPLES][CLASSES];
    int32_t labels[SAMPLES];
} network;

static double normal(amct_pcg *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += amct_pcg_unit(rng);
    return sum;
}

/* Answers whose labels come with the probabilities of softmax(sure * row), all multiplied by scale;
 * and the same with some noise. */
static void draw(network *net, double sure, double scale, double noise, uint64_t seed)
{
    amct_pcg rng = amct_pcg_new(seed, 1);
    for (int i = 0; i < SAMPLES; i++) {
        double p[CLASSES], sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            double value = 2 * normal(&rng);
            net->rows[i][c] = (float)(scale * value);
            net->changed[i][c] = (float)(scale * (value + noise * normal(&rng)));
            p[c] = exp(sure * value);
            sum += p[c];
        }
        double u = amct_pcg_unit(&rng) * sum;
        int label = 0;
        while (label + 1 < CLASSES && u >= p[label])
            u -= p[label++];
        net->labels[i] = label;
    }
}

static amct_outputs logits(void)
{
    return (amct_outputs){.row = CLASSES, .classes = CLASSES, .scale = 1};
}

Test(measure_temper, labels_tell_how_sure_a_network_really_is)
{
    static network net;
    amct_outputs outputs = logits();
    for (double scale = 1e-6; scale < 1e7; scale *= 1e6)
        for (double sure = 0.4; sure < 3; sure *= 2) {
            draw(&net, sure, scale, 0, 3);
            double temper = amct_temper(&outputs, net.rows[0], net.labels, SAMPLES);
            cr_expect_float_eq(temper * scale / sure, 1, 0.08, "scale %g, sure %g: %g", scale, sure,
                               temper);
        }
}

Test(measure_temper, probabilities_are_taken_as_such)
{
    static network net;
    amct_outputs outputs = logits();
    draw(&net, 1, 1, 0, 4);
    double temper = amct_temper(&outputs, net.rows[0], net.labels, SAMPLES);
    double p = amct_tempered(&outputs, net.rows[7], 2, 1), sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double total = 0;
        for (int c = 0; c < CLASSES; c++)
            total += exp(net.rows[i][c]);
        for (int c = 0; c < CLASSES; c++)
            net.rows[i][c] = (float)(exp(net.rows[i][c]) / total);
    }
    outputs.probabilities = true;
    cr_expect_float_eq(amct_temper(&outputs, net.rows[0], net.labels, SAMPLES), temper, 0.01);
    cr_expect_float_eq(amct_tempered(&outputs, net.rows[7], 2, 1), p, 1e-5);
    for (uint32_t c = 0; c < CLASSES; c++)
        sum += amct_tempered(&outputs, net.rows[7], c, 0.3);
    cr_expect_float_eq(sum, 1, 1e-9);
}

Test(measure_temper, without_labels_softmax_is_believed)
{
    static network net;
    amct_outputs outputs = logits(), none = {.row = CLASSES, .scale = 1};
    draw(&net, 1, 1, 0, 5);
    cr_expect_eq(amct_temper(&outputs, net.rows[0], NULL, SAMPLES), 1);
    cr_expect_eq(amct_temper(&outputs, net.rows[0], net.labels, 0), 1);
    cr_expect_eq(amct_temper(&none, net.rows[0], net.labels, SAMPLES), 1);
}

/* Over many draws of labels the drop that is expected is the mean of those that are counted, and it
 * is known far better than any of them. */
Test(measure_temper, what_is_expected_is_what_is_counted_on_average)
{
    static network net;
    double expected = 0, counted = 0, expected_var = 0, counted_var = 0;
    enum { DRAWS = 40 };
    for (uint64_t d = 0; d < DRAWS; d++) {
        draw(&net, 0.7, 1, 0.3, 10 + d);
        amct_judge judge = {.outputs = logits(),
                            .metric = AMCT_METRIC_TOP1,
                            .labels = net.labels,
                            .original = net.rows[0]};
        judge.temper = amct_temper(&judge.outputs, net.rows[0], net.labels, SAMPLES);
        amct_tally tally = {0};
        for (uint32_t i = 0; i < SAMPLES; i++)
            amct_judge_add(&judge, i, net.changed[i], &tally);
        expected += tally.fall / SAMPLES;
        counted += ((double)tally.lost - tally.gained) / SAMPLES;
        expected_var += tally.fall_sq;
        counted_var += (double)tally.lost + tally.gained;
    }
    double se = sqrt(counted_var) / SAMPLES / DRAWS;
    cr_assert_gt(expected / DRAWS, 0.005);
    cr_assert_float_eq(expected / DRAWS, counted / DRAWS, 3 * se, "%g, %g", expected / DRAWS,
                       counted / DRAWS);
    cr_assert_lt(expected_var, 0.2 * counted_var);
}

Test(measure_temper, answers_that_stay_have_no_drop)
{
    static network net;
    draw(&net, 1, 1, 0, 6);
    amct_judge judge = {.outputs = logits(),
                        .metric = AMCT_METRIC_TOP1,
                        .labels = net.labels,
                        .original = net.rows[0],
                        .temper = 1};
    amct_tally tally = {0};
    for (uint32_t i = 0; i < SAMPLES; i++)
        amct_judge_add(&judge, i, net.changed[i], &tally);
    cr_assert_eq(tally.fall, 0);
    cr_assert_eq(tally.fall_sq, 0);
}

Test(measure_temper, how_unsure_an_answer_is_is_the_chance_that_two_draws_differ)
{
    amct_outputs outputs = logits();
    float even[16] = {0}, sure[16] = {0}, two[16] = {0}, broken[16] = {0};
    outputs.classes = 4, outputs.row = 4, outputs.scale = 1;
    sure[2] = 200;
    two[0] = two[3] = 100;
    broken[1] = NAN;
    cr_assert_float_eq(amct_unsure(&outputs, even), 0.75, 1e-12);
    cr_assert_float_eq(amct_unsure(&outputs, two), 0.5, 1e-12);
    cr_assert_float_eq(amct_unsure(&outputs, sure), 0, 1e-12);
    cr_assert_eq(amct_unsure(&outputs, broken), 0);
    outputs.scale = 0;
    cr_assert_float_eq(amct_unsure(&outputs, sure), 0.75, 1e-12);
}
