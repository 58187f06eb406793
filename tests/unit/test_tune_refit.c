/* Which samples finalists are refined on. */
#include "tune/refinery.h"
#include "tune/setup.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { CALIBRATION = 3, SEARCH = 6 };

static uint32_t calibration[CALIBRATION] = {100, 101, 102};
static uint32_t search[SEARCH] = {10, 11, 12, 13, 14, 15};
/* Two logits each: how far apart they are is how sure the answer is. */
static float rows[2 * SEARCH] = {9, 0, 0, 0.5f, 4, 0, 0, 1, 0, 20, 0.2f, 0};
static amct_err err;

static amct_setup setup_of(uint32_t n_confirm)
{
    amct_setup s = {.calibration = {.indices = calibration, .n = CALIBRATION},
                    .search = {.indices = search, .n = SEARCH},
                    .confirm = {.n = n_confirm},
                    .rows = rows,
                    .outputs = {.classes = 2, .row = 2, .scale = 1}};
    s.search_judge.outputs = s.outputs;
    cr_assert_eq(amct_setup_refit(&s, &err), AMCT_OK);
    return s;
}

static void check(const amct_setup *s, const uint32_t *expected, uint32_t n)
{
    cr_assert_eq(s->refit.n, n);
    for (uint32_t i = 0; i < n; i++)
        cr_expect_eq(s->refit.indices[i], expected[i], "%u: %u", i, s->refit.indices[i]);
}

Test(tune_refit, of_the_search_samples_those_that_are_least_sure_are_taken)
{
    amct_setup s = setup_of(50);
    check(&s, (const uint32_t[]){10, 11, 12, 100, 101, 102}, 6);
    cr_assert_eq(amct_setup_refit_choose(&s, &err), AMCT_OK);
    check(&s, (const uint32_t[]){13, 11, 15, 100, 101, 102}, 6);
    free(s.refit_indices);
}

Test(tune_refit, where_the_search_samples_have_to_judge_none_is_taken)
{
    amct_setup s = setup_of(0);
    cr_assert_eq(amct_setup_refit_choose(&s, &err), AMCT_OK);
    check(&s, calibration, CALIBRATION);
    free(s.refit_indices);
}

Test(tune_refit, answers_that_are_no_classes_are_taken_as_they_come)
{
    amct_setup s = setup_of(50);
    s.outputs.classes = s.search_judge.outputs.classes = 0;
    cr_assert_eq(amct_setup_refit_choose(&s, &err), AMCT_OK);
    check(&s, (const uint32_t[]){10, 11, 12, 100, 101, 102}, 6);
    free(s.refit_indices);
}

/* Unsure ones lose more, so that what is held back and what it is compared with would be unlike. */
Test(tune_refit, what_is_held_back_is_compared_with_other_calibration_samples)
{
    for (uint32_t n = 1; n < 600; n++)
        for (uint32_t more = 0; more <= n; more++)
            cr_assert_leq(2 * amct_refinery_held(n + more), n, "%u and %u", n, more);
    cr_assert_eq(amct_refinery_held(7), 1);
    cr_assert_eq(amct_refinery_held(1024), 64);
}
