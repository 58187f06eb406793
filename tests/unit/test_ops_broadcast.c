#include "ops/broadcast.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;

#define SHAPE(...)                                                                                 \
    amct_shape_of((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                   \
                  (int64_t[]){__VA_ARGS__})

Test(ops_broadcast, shapes_align_at_the_last_dim)
{
    amct_shape a = SHAPE(2, 1, 4), b = SHAPE(3, 1), c = SHAPE(5, 1, 1, 1), out, want;
    const amct_shape *shapes[] = {&a, &b, &c};
    cr_assert_eq(amct_broadcast_shape(&out, 3, shapes, &err), AMCT_OK);
    want = SHAPE(5, 2, 3, 4);
    cr_assert(amct_shape_equal(&out, &want));
    cr_assert_eq(amct_broadcast_shape(&out, 2, shapes, &err), AMCT_OK);
    want = SHAPE(2, 3, 4);
    cr_assert(amct_shape_equal(&out, &want));
    cr_assert_eq(amct_broadcast_shape(&out, 1, shapes, &err), AMCT_OK);
    cr_assert(amct_shape_equal(&out, &a));
}

Test(ops_broadcast, one_gives_way_to_zero_and_scalars_to_anything)
{
    amct_shape a = SHAPE(1, 2), b = SHAPE(0, 1), scalar = {0}, out, want = SHAPE(0, 2);
    const amct_shape *shapes[] = {&a, &b, &scalar};
    cr_assert_eq(amct_broadcast_shape(&out, 3, shapes, &err), AMCT_OK);
    cr_assert(amct_shape_equal(&out, &want));
    shapes[0] = shapes[1] = &scalar;
    cr_assert_eq(amct_broadcast_shape(&out, 3, shapes, &err), AMCT_OK);
    cr_assert_eq(out.rank, 0);
}

Test(ops_broadcast, unequal_dims_are_refused_by_name)
{
    amct_shape a = SHAPE(2, 3), b = SHAPE(2, 4), out = SHAPE(7);
    const amct_shape *shapes[] = {&a, &b};
    cr_assert_eq(amct_broadcast_shape(&out, 2, shapes, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "shapes 2x3 and 2x4 do not broadcast");
    cr_assert_eq(out.dims[0], 7);
    a = SHAPE(0), b = SHAPE(3);
    cr_assert_eq(amct_broadcast_shape(&out, 2, shapes, &err), AMCT_E_INVALID);
}

Test(ops_broadcast, fits_only_what_does_not_change_the_target)
{
    amct_shape to = SHAPE(2, 3, 1), scalar = {0};
    amct_shape column = SHAPE(3, 1), wider = SHAPE(3, 4), deeper = SHAPE(1, 1, 1, 1);
    cr_assert(amct_broadcast_fits(&scalar, &to));
    cr_assert(amct_broadcast_fits(&to, &to));
    cr_assert(amct_broadcast_fits(&column, &to));
    cr_assert_not(amct_broadcast_fits(&wider, &to));
    cr_assert_not(amct_broadcast_fits(&deeper, &to));
}

Test(ops_broadcast, whole_tensors_are_one_run)
{
    amct_shape a = SHAPE(2, 1, 3, 4), scalar = {0};
    const amct_shape *shapes[] = {&a, &a, &scalar};
    amct_walk w;
    amct_walk_broadcast(&w, &a, 3, shapes);
    cr_assert_not(w.done);
    cr_assert_eq(w.run, 24);
    cr_assert_eq(w.step[0], 1);
    cr_assert_eq(w.step[2], 0);
    amct_walk_next(&w);
    cr_assert(w.done);
    amct_walk_broadcast(&w, &scalar, 1, (const amct_shape *[]){&scalar});
    cr_assert(!w.done && w.run == 1 && w.at[0] == 0);
    amct_walk_next(&w);
    cr_assert(w.done);
}

Test(ops_broadcast, nothing_is_visited_in_an_empty_shape)
{
    amct_shape a = SHAPE(2, 0, 3), b = SHAPE(2, 1, 3);
    amct_walk w;
    amct_walk_broadcast(&w, &a, 2, (const amct_shape *[]){&a, &b});
    cr_assert(w.done);
}

/* The element of `shape` at a flat index of `to`, the slow way. */
static int64_t element_of(const amct_shape *shape, const amct_shape *to, int64_t flat)
{
    int64_t at = 0, stride = 1;
    for (int32_t back = 1; back <= to->rank; back++) {
        int64_t index = flat % to->dims[to->rank - back];
        flat /= to->dims[to->rank - back];
        if (back > shape->rank)
            continue;
        int64_t dim = shape->dims[shape->rank - back];
        at += dim == 1 ? 0 : index * stride;
        stride *= dim;
    }
    return at;
}

Test(ops_broadcast, walks_meet_the_right_elements_in_order)
{
    const amct_shape shapes[] = {SHAPE(2, 3, 4, 5), SHAPE(3, 1, 5),    SHAPE(4, 1),      SHAPE(1),
                                 SHAPE(2, 1, 1, 1), SHAPE(1, 1, 4, 5), SHAPE(2, 3, 1, 1)};
    const amct_shape *to = &shapes[0];
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 7; j++) {
            const amct_shape *operands[] = {to, &shapes[i], &shapes[j]};
            int64_t flat = 0;
            amct_walk w;
            for (amct_walk_broadcast(&w, to, 3, operands); !w.done; amct_walk_next(&w))
                for (int64_t r = 0; r < w.run; r++, flat++)
                    for (int k = 0; k < 3; k++)
                        cr_assert_eq(w.at[k] + r * w.step[k], element_of(operands[k], to, flat));
            cr_assert_eq(flat, 120);
        }
}

Test(ops_broadcast, strided_walks_reverse_and_begin_anywhere)
{
    /* x[::-1, 1::2] of a 3 x 5 tensor. */
    amct_shape over = SHAPE(3, 2);
    const int64_t strides[1][AMCT_MAX_RANK] = {{-5, 2}}, start[] = {11};
    const int64_t want[] = {11, 13, 6, 8, 1, 3};
    int n = 0;
    amct_walk w;
    for (amct_walk_strided(&w, &over, 1, strides, start); !w.done; amct_walk_next(&w))
        for (int64_t r = 0; r < w.run; r++)
            cr_assert_eq(w.at[0] + r * w.step[0], want[n++]);
    cr_assert_eq(n, 6);
}
