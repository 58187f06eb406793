#include "base/pcg.h"

#include <criterion/criterion.h>

Test(base_pcg, gives_the_published_numbers_for_seed_42_stream_54)
{
    /* Output of pcg32-demo in the authors' C distribution. */
    static const uint32_t published[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                         0x83d2f293, 0xbfa4784b, 0xcbed606e};
    amct_pcg rng = amct_pcg_new(42, 54);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(amct_pcg_next(&rng), published[i], "number %d", i);
}

Test(base_pcg, below_stays_below_and_reaches_every_value)
{
    amct_pcg rng = amct_pcg_new(1, 1);
    int seen[7] = {0};
    for (int i = 0; i < 1000; i++) {
        uint32_t r = amct_pcg_below(&rng, 7);
        cr_assert_lt(r, 7);
        seen[r]++;
    }
    for (int i = 0; i < 7; i++)
        cr_assert_gt(seen[i], 80, "value %d came %d times of 1000", i, seen[i]);
}

Test(base_pcg, streams_differ)
{
    amct_pcg a = amct_pcg_new(1, 1), b = amct_pcg_new(1, 2);
    int equal = 0;
    for (int i = 0; i < 100; i++)
        equal += amct_pcg_next(&a) == amct_pcg_next(&b);
    cr_assert_lt(equal, 3);
}
