#include "plugins/estimators/ascend/ascend_cost.h"

#include "plugins/estimators/ascend/ascend_data.h"

#include <amct/plugin.h>
#include <criterion/criterion.h>
#include <math.h>

/* A device whose every rate is easy to reckon with. */
static const ascend_chip plain = {.cores = 8,
                                  .vector_cores = 8,
                                  .cube_hz = 1e9,
                                  .vector_lanes = 128,
                                  .l2_bytes = 1e6,
                                  .l2_read_rate = 100,
                                  .l2_write_rate = 50,
                                  .ddr_bytes_per_s = 1e11};

/* The longest part hides the others, nothing is wasted, a kernel costs 1 us. */
static ascend_fit ideal(void)
{
    return (ascend_fit){
        .constants = {.cube = 1,
                      .l2 = 1,
                      .ddr = 1,
                      .overlap = 1e3,
                      .l2_reach = 1,
                      .depthwise = 1,
                      .matmul = 1,
                      .transposed = 1,
                      .move = 1,
                      .join = 1,
                      .overhead_cube_s = 1e-6,
                      .overhead_move_s = 1e-6,
                      .overhead_other_s = 1e-6},
        .tuning = {
            .base_s = 1e-4, .overhead = 1, .cube = 1, .vector = 1, .l2 = 1, .ddr = 1, .band = 1}};
}

static double ns_of(const ascend_fit *fit, ascend_work w)
{
    return ascend_cost(&plain, fit, &w, 1).ns - 1000;
}

static ascend_chip chip_named(const char *name)
{
    ascend_chip c;
    amct_err err;
    cr_assert_eq(ascend_chip_read(&c, name, NULL, &err), AMCT_OK, "%s", err.text);
    return c;
}

static ascend_fit fit_of(const ascend_chip *chip)
{
    ascend_fit fit;
    amct_err err;
    cr_assert_eq(ascend_fit_read(&fit, chip, NULL, &err), AMCT_OK, "%s", err.text);
    return fit;
}

/* A 3x3 convolution of 64 to 64 channels on 56 x 56, FP16, and its ReLU. */
static ascend_work conv64(void)
{
    ascend_work w = {.kind = ASCEND_WORK_CUBE,
                     .m_tiles = 196,
                     .k_steps = 36,
                     .n_tiles = 4,
                     .window = 9,
                     .images = 1,
                     .elements = 56 * 56 * 64,
                     .write_bytes = 56 * 56 * 64 * 2,
                     .weight_bytes = 64 * 64 * 9 * 2};
    ascend_work_read(&w, 56 * 56 * 64 * 2, 0);
    return w;
}

Test(ascend_cost, follows_the_formula)
{
    ascend_chip chip = chip_named("Ascend310P3");
    ascend_fit fit = fit_of(&chip);
    const ascend_constants *c = &fit.constants;
    const ascend_tuning *t = &fit.tuning;
    ascend_work w = conv64();
    ascend_time time = ascend_cost(&chip, &fit, &w, 0.5);
    /* By hand: 2 x 4 and 4 x 2 cores take 98 tiles each, 8 x 1 takes 25 x 4; of the first two 4 x 2
     * reads less: the input twice, the weights four times. */
    double f = 1.06e9, act = 56 * 56 * 64 * 2, weights = 64 * 64 * 9 * 2;
    double l2 = 8 * 114 * f * c->l2 * t->l2, ddr = 204.8e9 * c->ddr * t->ddr;
    double held = 1 / (1 + pow(2 * act / (c->l2_reach * 16777216), 4));
    double cube = (98 * (36 + c->fill) + 49 * 36 * c->rows + c->image) / f / c->cube / t->cube;
    double vector = act / 2 * c->epilogue / 128 / 8 / f / t->vector;
    double memory = 2 * act * (held / l2 + (1 - held) / ddr) +
                    c->reread * (act + 3 * weights) / l2 + weights * (0.5 / l2 + 0.5 / ddr);
    double p = c->overlap, sum = pow(cube, p) + pow(vector, p) + pow(memory, p);
    double expected = c->overhead_cube_s * t->overhead + pow(sum, 1 / p);
    cr_assert_float_eq(time.ns, expected * 1e9, 1e-6 * time.ns, "%g, by hand %g", time.ns,
                       expected * 1e9);
}

Test(ascend_cost, tiles_are_split_over_the_cores_in_the_best_way)
{
    /* Rows and columns of tiles, the cycles of the best split over 8 cores. */
    static const double cases[][3] = {
        {1, 1, 1}, {8, 1, 1}, {1, 8, 1}, {4, 2, 1}, {3, 3, 2}, {196, 4, 98}, {7, 1, 1}, {9, 1, 2},
    };
    ascend_fit fit = ideal();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double cycles = ns_of(&fit, (ascend_work){.kind = ASCEND_WORK_CUBE,
                                                  .m_tiles = cases[i][0],
                                                  .n_tiles = cases[i][1],
                                                  .k_steps = 10});
        cr_expect_float_eq(cycles, 10 * cases[i][2], 1e-6, "%g x %g: %g", cases[i][0], cases[i][1],
                           cycles);
    }
}

Test(ascend_cost, the_longest_part_names_the_bound)
{
    ascend_fit fit = ideal();
    fit.constants.alone = 1;
    ascend_work cube = {.kind = ASCEND_WORK_CUBE, .m_tiles = 1e4, .k_steps = 100, .n_tiles = 4};
    ascend_work vector = {.kind = ASCEND_WORK_ELTWISE, .elements = 1e8, .write_bytes = 1};
    ascend_work memory = {.kind = ASCEND_WORK_ELTWISE, .elements = 1, .write_bytes = 1e9};
    ascend_work conversion = {.kind = ASCEND_WORK_ELTWISE, .transdata_bytes = 1e9};
    ascend_work nothing = {.kind = ASCEND_WORK_ELTWISE};
    fit.constants.transdata = 1;
    cr_expect_eq(ascend_cost(&plain, &fit, &cube, 1).bound, AMCT_BOUND_CUBE);
    cr_expect_eq(ascend_cost(&plain, &fit, &vector, 1).bound, AMCT_BOUND_VECTOR);
    cr_expect_eq(ascend_cost(&plain, &fit, &memory, 1).bound, AMCT_BOUND_MEMORY);
    cr_expect_eq(ascend_cost(&plain, &fit, &conversion, 1).bound, AMCT_BOUND_MEMORY);
    cr_expect_eq(ascend_cost(&plain, &fit, &nothing, 1).bound, AMCT_BOUND_OVERHEAD);
    cr_expect_float_eq(ascend_cost(&plain, &fit, &nothing, 1).ns, 1000, 1e-9);
}

Test(ascend_cost, what_went_out_of_l2_is_read_at_the_pace_of_ddr)
{
    ascend_fit fit = ideal();
    ascend_work near = {.kind = ASCEND_WORK_ELTWISE}, far = near;
    ascend_work_read(&near, 1e3, 0);
    ascend_work_read(&far, 1e3, 1e9);
    cr_expect_float_eq(ns_of(&fit, near), 1e3 / 800, 1e-3);
    cr_expect_float_eq(ns_of(&fit, far), 1e3 / 100, 1e-3);
    ascend_work half = {.kind = ASCEND_WORK_ELTWISE};
    ascend_work_read(&half, 1e3, 1e6 - 1e3); /* a working set of just what L2 reaches */
    cr_expect_float_eq(ns_of(&fit, half), (1e3 / 800 + 1e3 / 100) / 2, 1e-3);
}

Test(ascend_cost, throughput_falls_when_a_batch_does_not_fit_l2)
{
    ascend_chip chip = chip_named("Ascend310P3");
    ascend_fit fit = fit_of(&chip);
    double rates[8];
    for (int i = 0; i < 8; i++) { /* 0.8 MB an image each way: batch 1 to 128 */
        double bytes = 4e5 * (1 << i);
        ascend_work w = {.kind = ASCEND_WORK_ELTWISE, .write_bytes = bytes};
        ascend_work_read(&w, bytes, 0);
        rates[i] = (1 << i) / ascend_cost(&chip, &fit, &w, 1).ns;
    }
    cr_expect_gt(rates[3], rates[0]); /* the kernel's own cost is shared */
    cr_expect_lt(rates[7], 0.5 * rates[4]);
}

Test(ascend_cost, reads_beyond_the_third_join_the_farthest)
{
    ascend_work w = {0};
    for (int i = 1; i <= 5; i++)
        ascend_work_read(&w, 10 * i, 100 * i);
    cr_expect_eq(ascend_work_bytes(&w), 150);
    double farthest = 0;
    for (int i = 0; i < ASCEND_READS; i++)
        farthest = fmax(farthest, w.read[i].distance);
    cr_expect_eq(farthest, 500);
}

Test(ascend_cost, weights_beyond_the_resident_share_come_from_ddr)
{
    ascend_chip chip = chip_named("Ascend310P3");
    ascend_fit fit = fit_of(&chip);
    double room = fit.constants.l2_weights * 16777216;
    cr_expect_eq(ascend_weight_resident(&chip, &fit, 0), 1);
    cr_expect_eq(ascend_weight_resident(&chip, &fit, room), 1);
    cr_expect_float_eq(ascend_weight_resident(&chip, &fit, 2 * room), 0.5, 1e-12);
    ascend_work w = conv64();
    w.weight_bytes = 1e7;
    cr_expect_gt(ascend_cost(&chip, &fit, &w, 0).ns, ascend_cost(&chip, &fit, &w, 1).ns);
}

Test(ascend_cost, a_fixpipe_takes_the_epilogue_from_the_vector_unit)
{
    ascend_fit fit = ideal();
    ascend_chip with = plain;
    fit.constants.epilogue = 2;
    fit.constants.operand = 3;
    with.fixpipe = true;
    ascend_work w = {.kind = ASCEND_WORK_CUBE, .elements = 128 * 8 * 1000};
    cr_expect_float_eq(ascend_cost(&plain, &fit, &w, 1).ns, 1000 + 2000, 1e-6);
    cr_expect_float_eq(ascend_cost(&with, &fit, &w, 1).ns, 1000, 1e-6);
    w.operands = 1; /* a residual addition stays */
    cr_expect_float_eq(ascend_cost(&with, &fit, &w, 1).ns, 1000 + 3000, 1e-6);
}

Test(ascend_cost, steps_of_a_recurrent_layer_follow_each_other)
{
    ascend_fit fit = ideal();
    fit.constants.step_s = 2e-6;
    ascend_work w = {.kind = ASCEND_WORK_CUBE,
                     .cube = ASCEND_CUBE_MATMUL,
                     .m_tiles = 1,
                     .k_steps = 32,
                     .n_tiles = 8,
                     .sequence = 26};
    cr_expect_float_eq(ns_of(&fit, w), 26 * (32 + 2000), 1e-6);
}

Test(ascend_cost, wide_windows_bring_rows_in_more_slowly)
{
    ascend_fit fit = ideal();
    fit.constants.window = 4;
    ascend_work w = {.kind = ASCEND_WORK_CUBE, .m_tiles = 8, .k_steps = 10, .n_tiles = 1};
    w.window = 9;
    cr_expect_float_eq(ns_of(&fit, w), 10, 1e-6);
    w.window = 29;
    cr_expect_float_eq(ns_of(&fit, w), 10 * (1 + 2), 1e-6);
    w.window = 125;
    cr_expect_float_eq(ns_of(&fit, w), 10 * (1 + 4), 1e-6);
}

Test(ascend_cost, more_work_never_costs_less)
{
    for (uint32_t i = 0; ascend_chip_names[i]; i++) {
        ascend_chip chip = chip_named(ascend_chip_names[i]);
        ascend_fit fit = fit_of(&chip);
        for (double in = 1e3; in < 1e10; in *= 3)
            for (double out = 1e3; out < 1e10; out *= 3) {
                ascend_work w = {.kind = ASCEND_WORK_ELTWISE, .write_bytes = out}, more = w;
                ascend_work_read(&w, in, 1e5);
                ascend_work_read(&more, 1.5 * in, 1e5);
                double t = ascend_cost(&chip, &fit, &w, 1).ns;
                cr_assert_geq(ascend_cost(&chip, &fit, &more, 1).ns, t, "%s in %g out %g",
                              chip.name, in, out);
                more = w;
                more.write_bytes *= 1.5;
                cr_assert_geq(ascend_cost(&chip, &fit, &more, 1).ns, t, "%s in %g out %g",
                              chip.name, in, out);
                more = w;
                more.read[0].distance = 1e7;
                cr_assert_geq(ascend_cost(&chip, &fit, &more, 1).ns, t, "%s in %g out %g",
                              chip.name, in, out);
            }
    }
}

Test(ascend_cost, huge_work_stays_finite)
{
    ascend_chip chip = chip_named("Ascend310B4");
    ascend_fit fit = fit_of(&chip);
    ascend_work w = {.kind = ASCEND_WORK_CUBE,
                     .m_tiles = 1e30,
                     .k_steps = 1e30,
                     .n_tiles = 1e30,
                     .images = 1e30,
                     .sequence = 1e30,
                     .elements = 1e30,
                     .simple = 1000000000,
                     .write_bytes = 1e30,
                     .weight_bytes = 1e30,
                     .transdata_bytes = 1e30};
    for (int i = 0; i < 5; i++)
        ascend_work_read(&w, 1e30, 1e30);
    for (uint32_t kind = 0; kind <= ASCEND_WORK_JOIN; kind++) {
        w.kind = kind;
        w.pool_elements = w.rows = w.runs = 1e30;
        w.row_elements = 3;
        cr_assert_eq(ascend_cost(&chip, &fit, &w, 0).ns, 1e18, "kind %u", kind);
    }
    cr_assert(isfinite(ascend_fixed_ns(&chip, &fit, 1e31)));
}
