#include "ops_case.h"

#include <criterion/criterion.h>

Test(ops_transpose, perm_names_the_source_of_each_dim)
{
    const int64_t perm[] = {1, 2, 0};
    ops_case *c = ops_case_new("Transpose", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 3, 1), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_ints(c, "perm", perm, 3);
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 1, 2), NUMBERS(1, 4, 2, 5, 3, 6));
}

Test(ops_transpose, without_perm_dims_are_reversed)
{
    ops_case *c = ops_case_new("Transpose", 1);
    ops_case_src(c, AMCT_INT4, DIMS(2, 3), NUMBERS(1, 2, 3, -4, -5, -6));
    c->src[0].zero_point = 1;
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, AMCT_INT4, DIMS(3, 2), NUMBERS(1, -4, 2, -5, 3, -6));
    cr_assert_eq(c->dst[0].zero_point, 1);
    ops_case_free(c);
    c = ops_case_new("Transpose", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(5));
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(5));
    c = ops_case_new("Transpose", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(0, 3), NUMBERS(0));
    ops_case_gives(c, AMCT_FLOAT, DIMS(3, 0), NULL, 0);
}

/* Every permutation of a tensor that is larger than the tiles, in all element sizes, against the
 * index arithmetic of the definition. */
Test(ops_transpose, all_permutations_and_sizes_agree_with_the_definition)
{
    static const int64_t perms[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const uint32_t types[] = {AMCT_INT4, AMCT_UINT8, AMCT_FLOAT16, AMCT_FLOAT, AMCT_DOUBLE};
    static const int64_t dims[3] = {3, 37, 70};
    double numbers[3 * 37 * 70];
    for (int i = 0; i < 3 * 37 * 70; i++)
        numbers[i] = i % 7;
    for (int p = 0; p < 6; p++)
        for (int t = 0; t < 5; t++) {
            ops_case *c = ops_case_new("Transpose", 1);
            ops_case_src(c, types[t], amct_shape_of(3, dims), numbers, 3 * 37 * 70);
            ops_case_ints(c, "perm", perms[p], 3);
            cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
            const int64_t *to = c->dst[0].shape.dims;
            for (int64_t i = 0; i < 3 * 37 * 70; i++) {
                int64_t at[3];
                at[perms[p][0]] = i / (to[1] * to[2]);
                at[perms[p][1]] = i / to[2] % to[1];
                at[perms[p][2]] = i % to[2];
                int64_t from = (at[0] * dims[1] + at[1]) * dims[2] + at[2];
                cr_assert_eq(amct_value_get(&c->dst[0], i), from % 7, "perm %d type %d", p, t);
            }
            ops_case_free(c);
        }
}

static void refuse_perm(const int64_t *perm, size_t n, const char *text)
{
    ops_case *c = ops_case_new("Transpose", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 3), NUMBERS(1));
    ops_case_ints(c, "perm", perm, n);
    ops_case_refuses(c, AMCT_E_INVALID, text);
}

Test(ops_transpose, no_permutation_is_refused)
{
    refuse_perm((int64_t[]){0, 0}, 2, "Transpose: perm is no permutation: axis 0 at place 1");
    refuse_perm((int64_t[]){0, 2}, 2, "Transpose: perm is no permutation: axis 2 at place 1");
    refuse_perm((int64_t[]){-1, 0}, 2, "Transpose: perm is no permutation: axis -1 at place 0");
    refuse_perm((int64_t[]){0}, 1, "Transpose: perm has 1 axes for a tensor of 2 dims");
}

static ops_case *blocks(const char *op, const char *mode, amct_shape shape, const double *numbers,
                        size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, AMCT_FLOAT, shape, numbers, n);
    ops_case_int(c, "blocksize", 2);
    if (mode)
        ops_case_string(c, "mode", mode);
    return c;
}

Test(ops_transpose, depth_to_space_lays_out_blocks)
{
    /* Channel k holds 10 k + column. By default block row and column lead, then come channels. */
    const double x[] = {0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61, 70, 71};
    const double dcr[] = {0, 20, 1, 21, 40, 60, 41, 61, 10, 30, 11, 31, 50, 70, 51, 71};
    const double crd[] = {0, 10, 1, 11, 20, 30, 21, 31, 40, 50, 41, 51, 60, 70, 61, 71};
    ops_case_gives(blocks("DepthToSpace", NULL, DIMS(1, 8, 1, 2), x, 16), AMCT_FLOAT,
                   DIMS(1, 2, 2, 4), dcr, 16);
    ops_case_gives(blocks("DepthToSpace", "CRD", DIMS(1, 8, 1, 2), x, 16), AMCT_FLOAT,
                   DIMS(1, 2, 2, 4), crd, 16);
    ops_case_gives(blocks("SpaceToDepth", NULL, DIMS(1, 2, 2, 4), dcr, 16), AMCT_FLOAT,
                   DIMS(1, 8, 1, 2), x, 16);
    ops_case_gives(blocks("SpaceToDepth", "CRD", DIMS(1, 2, 2, 4), crd, 16), AMCT_FLOAT,
                   DIMS(1, 8, 1, 2), x, 16);
}

Test(ops_transpose, blocks_that_do_not_divide_are_refused)
{
    ops_case_refuses(blocks("DepthToSpace", NULL, DIMS(1, 6, 1, 1), NUMBERS(1)), AMCT_E_INVALID,
                     "DepthToSpace: 6 channels do not divide into blocks of 4");
    ops_case_refuses(blocks("SpaceToDepth", NULL, DIMS(1, 1, 3, 2), NUMBERS(1)), AMCT_E_INVALID,
                     "SpaceToDepth: 3 x 2 does not divide into blocks of 2");
    ops_case_refuses(blocks("SpaceToDepth", NULL, DIMS(4, 4), NUMBERS(1)), AMCT_E_INVALID,
                     "SpaceToDepth: the input has 2 dims, wanted are N x C x H x W");
    ops_case_refuses(blocks("DepthToSpace", "XYZ", DIMS(1, 4, 1, 1), NUMBERS(1)), AMCT_E_INVALID,
                     "DepthToSpace: mode 'XYZ' is not one of: DCR, CRD");
    ops_case *c = ops_case_new("DepthToSpace", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 4, 1, 1), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "DepthToSpace: blocksize is 0");
    c = ops_case_new("DepthToSpace", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 0, INT64_C(1) << 36, 1), NUMBERS(1));
    ops_case_int(c, "blocksize", INT32_MAX);
    ops_case_refuses(c, AMCT_E_LIMIT, "DepthToSpace: dim 2 times blocksize overflows");
}
