#include "base/grow.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

static amct_err err;

Test(base_grow, keeps_what_is_there_and_makes_room_for_one_more)
{
    uint64_t *numbers = NULL;
    size_t cap = 0, grown = 0;
    for (size_t n = 0; n < 10000; n++) {
        size_t before = cap;
        cr_assert_eq(amct_grow(&numbers, n, &cap, sizeof *numbers, &err), AMCT_OK);
        cr_assert_gt(cap, n);
        grown += cap != before;
        numbers[n] = 3 * n;
    }
    for (size_t n = 0; n < 10000; n++)
        cr_assert_eq(numbers[n], 3 * n);
    cr_expect_lt(grown, 12);
    free(numbers);
}

Test(base_grow, any_element_may_come_next)
{
    char *text = NULL;
    size_t cap = 0;
    cr_assert_eq(amct_grow(&text, 1000, &cap, 1, &err), AMCT_OK);
    cr_expect_gt(cap, 1000);
    text[1000] = 'x';
    free(text);
}

Test(base_grow, what_cannot_be_had_changes_nothing)
{
    static const struct {
        size_t n, size;
    } bad[] = {{SIZE_MAX, 1}, {SIZE_MAX / 2, 1}, {SIZE_MAX / 8, 8}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = malloc(4), *had = text;
        size_t cap = 4;
        cr_expect_eq(amct_grow(&text, bad[i].n, &cap, bad[i].size, &err), AMCT_E_NOMEM);
        cr_expect(text == had && cap == 4);
        free(text);
    }
}
