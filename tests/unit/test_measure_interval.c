#include "measure/interval.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <string.h>

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

/* Candidate i is MET up to a confidence. */
static amct_drop_verdict until(const void *ctx, size_t i, double confidence)
{
    const double *most = ctx;
    return (amct_drop_verdict){.verdict = confidence <= most[i] ? AMCT_MET : AMCT_NOT_PROVEN};
}

static void check_shares(const double *most, const double *begin, const char *met)
{
    double shares[3];
    amct_drop_verdict verdicts[3];
    memcpy(shares, begin, sizeof shares);
    amct_verdicts_share(verdicts, shares, 3, until, most, 0.9);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(verdicts[i].verdict == AMCT_MET, met[i] == '+', "%d of %s", i, met);
}

Test(measure_interval, what_follows_one_that_is_not_met_in_a_sequence_is_not_met)
{
    static const double all_first[] = {1, 0, 0};
    check_shares((const double[]){0.9, 0.9, 0.9}, all_first, "+++");
    check_shares((const double[]){0.9, 0.8, 0.99}, all_first, "+--");
    check_shares((const double[]){0.8, 0.99, 0.99}, all_first, "---");
}

Test(measure_interval, what_is_met_passes_its_share_on)
{
    static const double shares[] = {0.5, 0.25, 0.25}; /* 0.95, 0.975, 0.975 */
    check_shares((const double[]){0.95, 0.8, 0.9}, shares, "+--");
    check_shares((const double[]){0.95, 0.8, 0.98}, shares, "+-+");
    check_shares((const double[]){0.95, 0.925, 0.9}, shares, "+++");
    check_shares((const double[]){0.925, 0.8, 0.98}, shares, "+-+"); /* back to the first */
    check_shares((const double[]){0.92, 0.98, 0.98}, shares, "+++");
}

static amct_drop_verdict judge_count(const void *ctx, size_t i, double confidence)
{
    return amct_drop_judge(((const amct_paired_count *)ctx)[i], 0.02, confidence);
}

Test(measure_interval, a_sequence_rarely_calls_met_what_is_beyond_the_budget)
{
    /* Five candidates, each losing 1.5 times the budget, on the same samples. Judged alone, one of
     * five would be called MET too often. */
    enum { RUNS = 2000, K = 5, N = 600 };
    amct_pcg rng = amct_pcg_new(13, 1);
    int wrong[2] = {0}, alone = 0;
    for (int run = 0; run < RUNS; run++) {
        amct_paired_count counts[K];
        double shares[2][K] = {{1, 0, 0, 0, 0}, {0.5, 0.125, 0.125, 0.125, 0.125}};
        amct_drop_verdict out[K];
        int any = 0;
        for (int k = 0; k < K; k++) {
            counts[k] = (amct_paired_count){N, 0, 0};
            for (int i = 0; i < N; i++) {
                double u = amct_pcg_unit(&rng);
                counts[k].lost += u < 0.025;
                counts[k].gained += u >= 0.025 && u < 0.03;
            }
            out[k] = amct_drop_judge(counts[k], 0.02, 0.95);
            any |= out[k].verdict == AMCT_MET;
        }
        alone += any;
        for (int way = 0; way < 2; way++) {
            amct_verdicts_share(out, shares[way], K, judge_count, counts, 0.95);
            any = 0;
            for (int k = 0; k < K; k++)
                any |= out[k].verdict == AMCT_MET;
            wrong[way] += any;
        }
    }
    cr_assert_gt(alone, 0.06 * RUNS, "%d", alone);
    cr_assert_lt(wrong[0], 0.033 * RUNS, "%d", wrong[0]);
    cr_assert_lt(wrong[1], 0.033 * RUNS, "%d", wrong[1]);
}
