#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(base_arena, blocks_are_zeroed_aligned_and_apart)
{
    amct_arena *arena = amct_arena_new();
    unsigned char *blocks[300];
    for (size_t i = 0; i < 300; i++) {
        size_t size = 1 + i * 7 % 500 + (i % 50 == 0 ? 100000 : 0);
        blocks[i] = amct_arena_alloc(arena, size);
        cr_assert_not_null(blocks[i]);
        cr_assert_eq((uintptr_t)blocks[i] % (size >= 64 ? 64 : 16), 0);
        for (size_t k = 0; k < size; k++)
            cr_assert_eq(blocks[i][k], 0);
        memset(blocks[i], (int)(i & 255), size);
    }
    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(blocks[i][0], i & 255);
    amct_arena_free(arena);
}

Test(base_arena, an_array_whose_size_overflows_is_refused)
{
    amct_arena *arena = amct_arena_new();
    cr_assert_null(amct_arena_array(arena, SIZE_MAX / 2, 4));
    cr_assert_null(amct_arena_alloc(arena, SIZE_MAX - 10));
    amct_arena_free(arena);
}

static int released[3], order;
static void note(void *object)
{
    released[*(int *)object] = ++order;
}

Test(base_arena, owned_objects_are_released_in_reverse)
{
    static int ids[3] = {0, 1, 2};
    amct_arena *arena = amct_arena_new();
    for (int i = 0; i < 3; i++)
        cr_assert_eq(amct_arena_own(arena, &ids[i], note), 0);
    amct_arena_free(arena);
    cr_assert_eq(released[2], 1);
    cr_assert_eq(released[1], 2);
    cr_assert_eq(released[0], 3);
}

Test(base_arena, strings_are_copied_and_formatted)
{
    amct_arena *arena = amct_arena_new();
    cr_assert_str_eq(amct_arena_string(arena, "abc"), "abc");
    cr_assert_str_eq(amct_arena_printf(arena, "%s-%d", "abc", 7), "abc-7");
    amct_arena_free(arena);
}
