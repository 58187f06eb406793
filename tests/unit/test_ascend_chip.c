#include "plugins/estimators/ascend/ascend_chip.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* The published table once more, in its own units: platform_config/<SoC>.ini and board bandwidths.
 */
static const struct expected {
    const char *name;
    int cores, vector_cores, mhz, l2_read, l2_write;
    long l2_bytes;
    double ddr_gbs;
    int int4, fixpipe;
} table[] = {
    {"Ascend310", 2, 2, 680, 128, 64, 8388608, 51.2, 0, 0},
    {"Ascend310P1", 10, 10, 1060, 114, 114, 16777216, 204.8, 1, 0},
    {"Ascend310P3", 8, 8, 1060, 114, 114, 16777216, 204.8, 1, 0},
    {"Ascend310B1", 1, 1, 1224, 256, 128, 4194304, 51.2, 0, 1},
    {"Ascend310B4", 1, 1, 500, 256, 128, 4194304, 51.2, 0, 1},
    {"Ascend910A", 32, 32, 1000, 110, 86, 33554432, 1200, 0, 0},
    {"Ascend910B1", 24, 48, 1850, 110, 86, 201326592, 1421, 0, 1},
    {"Ascend910B2", 24, 48, 1800, 110, 86, 201326592, 1382, 0, 1},
    {"Ascend910B3", 20, 40, 1800, 110, 86, 201326592, 1152, 0, 1},
    {"Ascend910B4", 20, 40, 1500, 110, 86, 100663296, 960, 0, 1},
};

Test(ascend_chip, tables_hold_the_published_numbers)
{
    cr_assert_eq(ascend_n_chips, sizeof table / sizeof table[0]);
    for (size_t i = 0; i < ascend_n_chips; i++) {
        const struct expected *e = &table[i];
        const ascend_chip *c = ascend_chip_find(e->name);
        cr_assert_not_null(c, "%s", e->name);
        cr_expect_eq(c->cores, e->cores, "%s", e->name);
        cr_expect_eq(c->vector_cores, e->vector_cores, "%s", e->name);
        cr_expect_eq(c->cube_hz, e->mhz * 1e6, "%s", e->name);
        cr_expect_eq(c->vector_lanes, 128, "%s", e->name);
        cr_expect_eq(c->l2_bytes, e->l2_bytes, "%s", e->name);
        cr_expect_eq(c->l2_read_rate, e->l2_read, "%s", e->name);
        cr_expect_eq(c->l2_write_rate, e->l2_write, "%s", e->name);
        cr_expect_float_eq(c->ddr_bytes_per_s, e->ddr_gbs * 1e9, 1, "%s", e->name);
        cr_expect_eq(c->int4, e->int4, "%s", e->name);
        cr_expect_eq(c->fixpipe, e->fixpipe, "%s", e->name);
    }
}

Test(ascend_chip, peaks_are_the_published_ones)
{
    /* FP16 TFLOPS: 16 x 16 x 16 multiply-adds a cycle and core. */
    static const struct {
        const char *name;
        double tflops;
    } peaks[] = {{"Ascend310", 11.1},   {"Ascend310P3", 69.5}, {"Ascend310P1", 86.8},
                 {"Ascend310B1", 10.0}, {"Ascend310B4", 4.1},  {"Ascend910A", 262},
                 {"Ascend910B1", 364},  {"Ascend910B2", 354},  {"Ascend910B3", 295},
                 {"Ascend910B4", 246}};
    for (size_t i = 0; i < sizeof peaks / sizeof peaks[0]; i++) {
        const ascend_chip *c = ascend_chip_find(peaks[i].name);
        double tflops = 2 * 4096 * c->cores * c->cube_hz / 1e12;
        cr_expect_float_eq(tflops, peaks[i].tflops, 0.006 * peaks[i].tflops, "%s %g", peaks[i].name,
                           tflops);
    }
}

Test(ascend_chip, names_are_listed_in_order_and_end_with_null)
{
    for (uint32_t i = 0; i < ascend_n_chips; i++)
        cr_expect_str_eq(ascend_chip_names[i], ascend_chips[i].name);
    cr_assert_null(ascend_chip_names[ascend_n_chips]);
}

Test(ascend_chip, unknown_names_are_not_found)
{
    cr_assert_null(ascend_chip_find("Ascend310P"));
    cr_assert_null(ascend_chip_find("ascend310"));
    cr_assert_null(ascend_chip_find(""));
}

Test(ascend_chip, bands_follow_the_measured_errors)
{
    /* Cross-validated MAPE 17.5 %, 12 %, 20 %; 90 % quantile of Laplace's distribution. */
    cr_expect_float_eq(ascend_chip_band(ascend_chip_find("Ascend310P3")), 0.403, 5e-4);
    cr_expect_float_eq(ascend_chip_band(ascend_chip_find("Ascend310")), 0.276, 5e-4);
    cr_expect_float_eq(ascend_chip_band(ascend_chip_find("Ascend310B1")), 0.461, 5e-4);
    double widest_measured = ascend_chip_band(ascend_chip_find("Ascend310B1"));
    for (uint32_t i = 0; i < ascend_n_chips; i++)
        if (strncmp(ascend_chips[i].name, "Ascend910", 9) == 0)
            cr_expect_gt(ascend_chip_band(&ascend_chips[i]), widest_measured);
}
