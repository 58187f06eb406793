#include "graph/element.h"
#include "import/finite.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { N = 5000 };
static const uint32_t dtypes[] = {AMCT_FLOAT, AMCT_DOUBLE, AMCT_FLOAT16, AMCT_BFLOAT16};

Test(import_finite, the_first_bad_element_is_found_wherever_it_is)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    static const size_t places[] = {0, 1, 1022, 1023, 1024, 1025, 4096, N - 1};
    char *memory = malloc(N * 8 + 8);
    for (size_t d = 0; d < 4; d++)
        for (size_t shift = 0; shift < 3; shift++) {
            char *data = memory + shift; /* any alignment */
            for (int64_t i = 0; i < N; i++)
                amct_element_put(dtypes[d], data, i, i % 7 ? (double)(i % 60000) : 0);
            cr_assert_eq(amct_first_not_finite(dtypes[d], data, N), N);
            for (size_t p = 0; p < sizeof places / sizeof *places; p++)
                for (size_t b = 0; b < 3; b++) {
                    amct_element_put(dtypes[d], data, (int64_t)places[p], bad[b]);
                    cr_assert_eq(amct_first_not_finite(dtypes[d], data, N), places[p]);
                    amct_element_put(dtypes[d], data, (int64_t)places[p], 1);
                }
        }
    free(memory);
}

Test(import_finite, the_largest_finite_numbers_pass)
{
    const double largest[] = {3.4028234663852886e38, 1.7976931348623157e308, 65504, 3.38e38};
    for (size_t d = 0; d < 4; d++) {
        double number = 0;
        amct_element_put(dtypes[d], &number, 0, -largest[d]);
        cr_assert_eq(amct_first_not_finite(dtypes[d], &number, 1), 1);
    }
    const uint32_t ones = UINT32_MAX;
    cr_assert_eq(amct_first_not_finite(AMCT_INT32, &ones, 1), 1, "integers are always finite");
}
