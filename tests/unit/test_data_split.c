#include "data/split.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

static amct_split_options defaults(void)
{
    return (amct_split_options){AMCT_SPLIT_DEFAULT, AMCT_SPLIT_DEFAULT, AMCT_SPLIT_DEFAULT, 1};
}

static amct_split make(uint32_t n, const int32_t *labels, const amct_split_options *options)
{
    amct_split split;
    cr_assert_eq(amct_split_make(&split, n, labels, options, &err), AMCT_OK, "%s", err.text);
    return split;
}

static void assert_counts(uint32_t n, amct_split_options options, uint32_t calibration,
                          uint32_t search, uint32_t confirm)
{
    amct_split split = make(n, NULL, &options);
    cr_assert_eq(split.n_calibration, calibration, "%u", split.n_calibration);
    cr_assert_eq(split.n_search, search, "%u", split.n_search);
    cr_assert_eq(split.n_confirm, confirm, "%u", split.n_confirm);
    amct_split_free(&split);
}

static void assert_refused(uint32_t n, amct_split_options options, const char *words)
{
    amct_split split = {.n_search = 42};
    cr_assert_eq(amct_split_make(&split, n, NULL, &options, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, words);
    cr_assert_eq(split.n_search, 42);
}

Test(data_split, the_lists_are_disjoint_and_complete)
{
    enum { N = 1000 };
    int32_t labels[N];
    char seen[N] = {0};
    for (int i = 0; i < N; i++)
        labels[i] = i * i % 7;
    amct_split_options options = {100, 300, AMCT_SPLIT_REST, 7};
    amct_split split = make(N, labels, &options);
    for (uint32_t i = 0; i < 100; i++)
        seen[split.calibration[i]]++;
    for (uint32_t i = 0; i < 300; i++)
        seen[split.search[i]]++;
    for (uint32_t i = 0; i < 600; i++)
        seen[split.confirm[i]]++;
    cr_assert_eq(split.n_confirm, 600);
    for (int i = 0; i < N; i++)
        cr_assert_eq(seen[i], 1);
    amct_split_free(&split);
}

Test(data_split, the_seed_alone_decides)
{
    amct_split_options options = defaults(), other = defaults();
    other.seed = 2;
    amct_split a = make(50, NULL, &options), b = make(50, NULL, &options),
               c = make(50, NULL, &other);
    cr_assert_eq(memcmp(a.calibration, b.calibration, 50 * sizeof *a.calibration), 0);
    cr_assert_neq(memcmp(a.calibration, c.calibration, 50 * sizeof *a.calibration), 0);
    /* pcg32 and Fisher-Yates written down in another language give these */
    static const uint32_t first[] = {39, 16, 14, 10, 36, 34};
    cr_assert_eq(memcmp(a.calibration, first, sizeof first), 0);
    amct_split_free(&a);
    amct_split_free(&b);
    amct_split_free(&c);
}

Test(data_split, any_run_of_samples_holds_the_classes_in_proportion)
{
    enum { N = 1000 };
    int32_t labels[N];
    for (int i = 0; i < N; i++) /* 500, 300, 200 in blocks */
        labels[i] = i < 500 ? 0 : i < 800 ? 1 : 2;
    amct_split_options options = {100, 300, AMCT_SPLIT_REST, 3};
    amct_split split = make(N, labels, &options);
    static const double share[] = {0.5, 0.3, 0.2};
    for (uint32_t begin = 0; begin + 50 <= N; begin += 25) {
        int count[3] = {0};
        for (uint32_t i = begin; i < begin + 50; i++)
            count[labels[split.calibration[i]]]++;
        for (int c = 0; c < 3; c++)
            cr_assert(abs(count[c] - (int)(50 * share[c])) <= 1, "%u: %d of class %d", begin,
                      count[c], c);
    }
    amct_split_free(&split);
}

Test(data_split, samples_of_one_class_are_drawn_evenly)
{
    enum { N = 20, ROUNDS = 2000 };
    int first[N] = {0};
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        amct_split_options options = defaults();
        options.seed = seed;
        amct_split split = make(N, NULL, &options);
        first[split.calibration[0]]++;
        amct_split_free(&split);
    }
    for (int i = 0; i < N; i++) /* 100 expected, standard deviation 10 */
        cr_assert(first[i] > 50 && first[i] < 150, "%d: %d", i, first[i]);
}

Test(data_split, counts_that_are_not_given_follow_the_number_of_samples)
{
    assert_counts(10000, defaults(), 256, 1024, 8720);
    assert_counts(500, defaults(), 100, 200, 200);
    assert_counts(10, defaults(), 2, 4, 4);
    assert_counts(3, defaults(), 1, 1, 1);
    amct_split_options options = defaults();
    options.calibration = 256;
    assert_counts(500, options, 256, 122, 122);
    options = (amct_split_options){AMCT_SPLIT_DEFAULT, 10, 80, 1};
    assert_counts(100, options, 3, 10, 80);
    options = (amct_split_options){10, AMCT_SPLIT_REST, 5, 1};
    assert_counts(100, options, 10, 85, 5);
    options = (amct_split_options){10, 20, 30, 1};
    assert_counts(100, options, 10, 20, 30);
    options = (amct_split_options){10, 90, 0, 1};
    assert_counts(100, options, 10, 90, 0);
}

Test(data_split, fewer_samples_than_asked_for_are_refused)
{
    assert_refused(1000, (amct_split_options){256, 1024, AMCT_SPLIT_REST, 1},
                   "1000 samples, but calibration 256 + search 1024 + confirm 0 = 1280 are asked "
                   "for");
    assert_refused(1280, (amct_split_options){256, 1024, AMCT_SPLIT_REST, 1},
                   "1280 samples: none is left for confirm, as calibration 256 + search 1024 + "
                   "confirm 0 are taken");
    assert_refused(100, (amct_split_options){AMCT_SPLIT_REST, 10, AMCT_SPLIT_REST, 1},
                   "the rest of the samples cannot be both calibration and confirm");
    assert_refused(2, defaults(),
                   "2 samples: none is left for confirm, as calibration 1 + search 1 + confirm 0 "
                   "are taken");
    amct_split split;
    amct_split_options options = defaults();
    cr_assert_eq(amct_split_make(&split, 0, NULL, &options, &err), AMCT_E_INVALID);
    options = (amct_split_options){UINT32_MAX - 2, UINT32_MAX - 2, UINT32_MAX - 2, 1};
    cr_assert_eq(amct_split_make(&split, 10, NULL, &options, &err), AMCT_E_INVALID);
}
