#include "measure/interval.h"

#include <criterion/criterion.h>

Test(measure_interval, wilson_agrees_with_newcombes_examples)
{
    /* R.G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
     * Medicine 17 (1998) 857, table I, method 3. */
    static const struct {
        uint32_t successes, n;
        double lo, hi;
    } examples[] = {{81, 263, 0.2553, 0.3662},
                    {15, 148, 0.0624, 0.1605},
                    {0, 20, 0, 0.1611},
                    {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        amct_interval got = amct_wilson_interval(examples[i].n, examples[i].successes, 0.95);
        cr_assert_float_eq(got.lo, examples[i].lo, 0.6e-4, "example %zu: %.6f", i, got.lo);
        cr_assert_float_eq(got.hi, examples[i].hi, 0.6e-4, "example %zu: %.6f", i, got.hi);
    }
}

Test(measure_interval, wilson_of_nothing_or_everything_stays_in_range)
{
    amct_interval none = amct_wilson_interval(0, 0, 0.95);
    cr_assert(none.lo == 0 && none.hi == 1);
    amct_interval all = amct_wilson_interval(50, 50, 0.95);
    cr_assert(all.hi == 1 && all.lo > 0.9 && all.lo < 1);
}

Test(measure_interval, verdict_follows_from_interval_and_budget)
{
    amct_paired_count good = {5000, 10, 12}, close = {1000, 15, 8}, bad = {1000, 60, 5};
    cr_assert_eq(amct_drop_judge(good, 0.01, 0.95).verdict, AMCT_MET);
    cr_assert_eq(amct_drop_judge(close, 0.01, 0.95).verdict, AMCT_NOT_PROVEN);
    cr_assert_eq(amct_drop_judge(bad, 0.01, 0.95).verdict, AMCT_MISSED);
    amct_paired_count perfect = {300, 0, 0}; /* nothing changed, but too few samples to tell */
    cr_assert_eq(amct_drop_judge(perfect, 0.01, 0.95).verdict, AMCT_NOT_PROVEN);
    perfect.n = 400;
    cr_assert_eq(amct_drop_judge(perfect, 0.01, 0.95).verdict, AMCT_MET);
    amct_paired_count none = {0, 0, 0};
    cr_assert_eq(amct_drop_judge(none, 0.01, 0.95).verdict, AMCT_NOT_PROVEN);
}

Test(measure_interval, verdicts_have_the_names_of_the_result_file)
{
    cr_assert_str_eq(amct_verdict_name(AMCT_MET), "MET");
    cr_assert_str_eq(amct_verdict_name(AMCT_NOT_PROVEN), "NOT_PROVEN");
    cr_assert_str_eq(amct_verdict_name(AMCT_MISSED), "MISSED");
}
