#include "plugins/estimators/ascend/ascend_cost.h"

#include <amct/plugin.h>
#include <criterion/criterion.h>
#include <math.h>

static const ascend_constants *const fit = &ascend_joint_fit;

static const ascend_chip *chip(const char *name)
{
    return ascend_chip_find(name);
}

/* A 3x3 convolution of 64 to 64 channels on 56 x 56, FP16. */
static ascend_work conv64(void)
{
    return (ascend_work){.m_tiles = 196,
                         .k_steps = 36,
                         .n_tiles = 4,
                         .vector_elements = 56 * 56 * 64,
                         .vector_passes = 1,
                         .epilogue = true,
                         .read_bytes = 56 * 56 * 64 * 2,
                         .write_bytes = 56 * 56 * 64 * 2,
                         .weight_bytes = 64 * 64 * 9 * 2,
                         .weight_resident = 1};
}

Test(ascend_cost, follows_the_published_formula)
{
    ascend_work w = conv64();
    ascend_time t = ascend_cost(chip("Ascend310P3"), fit, &w);
    /* By hand: 2 x 4 cores take 98 row tiles x 1 column tile. */
    double f = 1.06e9, l2 = 8 * 114 * f;
    double cube = 98 * 36 / f / 0.954;
    double vector = 56 * 56 * 64 / 128.0 / 8 / f * 0.36;
    double memory = 2 * 56 * 56 * 64 * 2 / l2 / 0.534 + 64 * 64 * 9 * 2 / l2 / 0.534;
    double expected = 1.94e-6 + cube + 0.53 * (vector + memory);
    cr_assert_float_eq(t.ns, expected * 1e9, 1e-6 * t.ns);
    cr_assert_eq(t.bound, AMCT_BOUND_CUBE);
}

Test(ascend_cost, tiles_are_split_over_the_cores_in_the_best_way)
{
    ascend_chip c = *chip("Ascend310P3");
    ascend_constants bare = *fit;
    bare.overhead_s = 0;
    /* Rows and columns of tiles, the cycles of the best split over 8 cores. */
    static const double cases[][3] = {
        {1, 1, 1}, {8, 1, 1}, {1, 8, 1}, {4, 2, 1}, {3, 3, 2}, {196, 4, 98}, {7, 1, 1}, {9, 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ascend_work w = {.m_tiles = cases[i][0], .n_tiles = cases[i][1], .k_steps = 10};
        double cycles = ascend_cost(&c, &bare, &w).ns * 1e-9 * c.cube_hz * bare.e_cube;
        cr_expect_float_eq(cycles, 10 * cases[i][2], 1e-6, "%g x %g: %g", w.m_tiles, w.n_tiles,
                           cycles);
    }
}

Test(ascend_cost, the_longest_part_names_the_bound)
{
    const ascend_chip *c = chip("Ascend310P3");
    ascend_work cube = {.m_tiles = 1e4, .k_steps = 100, .n_tiles = 4, .read_bytes = 1};
    ascend_work vector = {.vector_elements = 1e8, .vector_passes = 1, .read_bytes = 1};
    ascend_work memory = {.vector_elements = 1, .vector_passes = 1, .read_bytes = 1e9};
    ascend_work nothing = {0};
    cr_expect_eq(ascend_cost(c, fit, &cube).bound, AMCT_BOUND_CUBE);
    cr_expect_eq(ascend_cost(c, fit, &vector).bound, AMCT_BOUND_VECTOR);
    cr_expect_eq(ascend_cost(c, fit, &memory).bound, AMCT_BOUND_MEMORY);
    cr_expect_eq(ascend_cost(c, fit, &nothing).bound, AMCT_BOUND_OVERHEAD);
    cr_expect_float_eq(ascend_cost(c, fit, &nothing).ns, 1940, 1e-9);
}

Test(ascend_cost, what_exceeds_l2_is_read_at_the_pace_of_ddr)
{
    const ascend_chip *c = chip("Ascend310P3");
    ascend_work w = {.vector_passes = 1, .read_bytes = 1e9};
    double hit = 1.54 * 16777216 / 1e9;
    double seconds = hit * 1e9 / (8 * 114 * 1.06e9) / 0.534 + (1 - hit) * 1e9 / 204.8e9;
    cr_expect_float_eq(ascend_cost(c, fit, &w).ns, 1940 + seconds * 1e9, 1);
    w.moves = true;
    cr_expect_float_eq(ascend_cost(c, fit, &w).ns, 1940 + 2.87 * seconds * 1e9, 3);
}

Test(ascend_cost, weights_beyond_the_resident_share_come_from_ddr)
{
    const ascend_chip *c = chip("Ascend310P3");
    cr_expect_eq(ascend_weight_resident(c, fit, 0), 1);
    cr_expect_eq(ascend_weight_resident(c, fit, 0.7 * 16777216), 1);
    cr_expect_float_eq(ascend_weight_resident(c, fit, 16777216), 0.7, 1e-12);
    ascend_work near = conv64(), far = conv64();
    far.weight_resident = 0;
    near.weight_bytes = far.weight_bytes = 1e7;
    cr_expect_gt(ascend_cost(c, fit, &far).ns, ascend_cost(c, fit, &near).ns);
}

Test(ascend_cost, a_fixpipe_takes_the_epilogue_from_the_vector_unit)
{
    ascend_chip with = *chip("Ascend310B1"), without = with;
    without.fixpipe = false;
    ascend_work plain = conv64(), residual = conv64();
    residual.vector_passes = 2;
    double vector = 56 * 56 * 64 / 128.0 / 1.224e9 * 0.36 * 1e9;
    cr_expect_float_eq(ascend_cost(&without, fit, &plain).ns - ascend_cost(&with, fit, &plain).ns,
                       0.53 * vector, 1e-6 * vector);
    /* The addition stays: 0.6 of a pass. */
    cr_expect_float_eq(ascend_cost(&with, fit, &residual).ns - ascend_cost(&with, fit, &plain).ns,
                       0.53 * 0.6 * vector, 1e-6 * vector);
}

Test(ascend_cost, more_work_never_costs_less)
{
    for (uint32_t i = 0; i < ascend_n_chips; i++)
        for (double in = 1e3; in < 1e10; in *= 3)
            for (double out = 1e3; out < 1e10; out *= 3) {
                ascend_work w = {.read_bytes = in, .write_bytes = out, .weight_resident = 1};
                double t = ascend_cost(&ascend_chips[i], fit, &w).ns;
                w.read_bytes *= 1.5;
                cr_assert_geq(ascend_cost(&ascend_chips[i], fit, &w).ns, t, "%s in %g out %g",
                              ascend_chips[i].name, in, out);
                w.read_bytes = in;
                w.write_bytes *= 1.5;
                cr_assert_geq(ascend_cost(&ascend_chips[i], fit, &w).ns, t, "%s in %g out %g",
                              ascend_chips[i].name, in, out);
            }
}

Test(ascend_cost, huge_work_stays_finite)
{
    ascend_work w = {.m_tiles = 1e30,
                     .k_steps = 1e30,
                     .n_tiles = 1e30,
                     .vector_elements = 1e30,
                     .vector_passes = 1e9,
                     .pool_elements = 1e30,
                     .read_bytes = 1e30,
                     .write_bytes = 1e30,
                     .weight_bytes = 1e30};
    cr_assert_eq(ascend_cost(chip("Ascend310B4"), fit, &w).ns, 1e18);
    cr_assert(isfinite(ascend_fixed_ns(chip("Ascend310B4"), fit, 1e31, 1e31)));
}
