#include "plugins/estimators/ascend/ascend_chip.h"

#include "plugins/estimators/ascend/ascend_data.h"
#include "plugins/estimators/ascend/ascend_fit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The published table once more, in its own units: platform_config/<SoC>.ini and board bandwidths.
 */
static const struct expected {
    const char *name;
    int cores, vector_cores, mhz, l2_read, l2_write;
    long l2_bytes;
    double ddr_gbs;
    int int4, sparse, first_pool, fixpipe;
} table[] = {
    {"Ascend310", 2, 2, 680, 128, 64, 8388608, 51.2, 0, 0, 0, 0},
    {"Ascend310P1", 10, 10, 1060, 114, 114, 16777216, 204.8, 1, 0, 1, 0},
    {"Ascend310P3", 8, 8, 1060, 114, 114, 16777216, 204.8, 1, 0, 1, 0},
    {"Ascend310B1", 1, 1, 1224, 256, 128, 4194304, 51.2, 0, 1, 0, 1},
    {"Ascend310B4", 1, 1, 500, 256, 128, 4194304, 51.2, 0, 1, 0, 1},
    {"Ascend910A", 32, 32, 1000, 110, 86, 33554432, 1200, 0, 0, 0, 0},
    {"Ascend910B1", 24, 48, 1850, 110, 86, 201326592, 1421, 0, 1, 0, 1},
    {"Ascend910B2", 24, 48, 1800, 110, 86, 201326592, 1382, 0, 1, 0, 1},
    {"Ascend910B3", 20, 40, 1800, 110, 86, 201326592, 1152, 0, 1, 0, 1},
    {"Ascend910B4", 20, 40, 1500, 110, 86, 100663296, 960, 0, 1, 0, 1},
};
enum { N_CHIPS = sizeof table / sizeof table[0] };

static ascend_chip chip(const char *name)
{
    ascend_chip c;
    amct_err err;
    cr_assert_eq(ascend_chip_read(&c, name, NULL, &err), AMCT_OK, "%s", err.text);
    return c;
}

Test(ascend_chip, files_hold_the_published_numbers)
{
    for (size_t i = 0; i < N_CHIPS; i++) {
        const struct expected *e = &table[i];
        ascend_chip c = chip(e->name);
        cr_expect_str_eq(c.name, e->name);
        cr_expect_eq(c.cores, e->cores, "%s", e->name);
        cr_expect_eq(c.vector_cores, e->vector_cores, "%s", e->name);
        cr_expect_float_eq(c.cube_hz, e->mhz * 1e6, 1, "%s", e->name);
        cr_expect_eq(c.vector_lanes, 128, "%s", e->name);
        cr_expect_eq(c.l2_bytes, e->l2_bytes, "%s", e->name);
        cr_expect_eq(c.l2_read_rate, e->l2_read, "%s", e->name);
        cr_expect_eq(c.l2_write_rate, e->l2_write, "%s", e->name);
        cr_expect_float_eq(c.ddr_bytes_per_s, e->ddr_gbs * 1e9, 1, "%s", e->name);
        cr_expect_eq(c.int4, e->int4, "%s", e->name);
        cr_expect_eq(c.sparse, e->sparse, "%s", e->name);
        cr_expect_eq(c.first_pool, e->first_pool, "%s", e->name);
        cr_expect_eq(c.fixpipe, e->fixpipe, "%s", e->name);
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
        ascend_chip c = chip(peaks[i].name);
        double tflops = 2 * 4096 * c.cores * c.cube_hz / 1e12;
        cr_expect_float_eq(tflops, peaks[i].tflops, 0.006 * peaks[i].tflops, "%s %g", peaks[i].name,
                           tflops);
    }
}

Test(ascend_chip, names_are_listed_in_order_and_end_with_null)
{
    for (size_t i = 0; i < N_CHIPS; i++)
        cr_expect_str_eq(ascend_chip_names[i], table[i].name);
    cr_assert_null(ascend_chip_names[N_CHIPS]);
}

Test(ascend_chip, unknown_names_are_refused_with_those_that_are_known)
{
    static const char *const names[] = {"Ascend310P", "ascend310", ""};
    for (int i = 0; i < 3; i++) {
        ascend_chip c;
        amct_err err;
        cr_expect_eq(ascend_chip_read(&c, names[i], NULL, &err), AMCT_E_INVALID);
        cr_expect_not_null(strstr(err.text, "Ascend310, Ascend310P1, Ascend310P3"), "%s", err.text);
    }
}

/* ---- Files of one's own -------------------------------------------------------------------- */

static const char whole[] = "Ascend999:\n"
                            "  cores: 4\n"
                            "  vector_cores: 4\n"
                            "  cube_mhz: 900\n"
                            "  vector_lanes: 128\n"
                            "  l2_bytes: 1MiB\n"
                            "  l2_read_rate: 100\n"
                            "  l2_write_rate: 90\n"
                            "  memory_gb_per_s: 30\n"
                            "  int4: false\n"
                            "  sparse: true\n"
                            "  first_pool: false\n"
                            "  fixpipe: false\n"
                            "  fitted_as: Ascend310\n";

static char path[] = "/tmp/ascend_chip_XXXXXX";

static void write_file(const char *text)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void expect_refused(const char *text, const char *words)
{
    ascend_chip c;
    amct_err err;
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    write_file(text);
    cr_expect_neq(ascend_chip_read(&c, "Ascend999", path, &err), AMCT_OK, "%s", text);
    cr_expect_not_null(strstr(err.text, words), "%s", err.text);
    cr_expect_eq(strncmp(err.text, path, strlen(path)), 0, "%s", err.text);
    unlink(path);
}

Test(ascend_chip, a_file_adds_a_chip_and_the_others_stay_known)
{
    ascend_chip c;
    amct_err err;
    ascend_fit fit;
    write_file(whole);
    cr_assert_eq(ascend_chip_read(&c, "Ascend999", path, &err), AMCT_OK, "%s", err.text);
    cr_expect_eq(c.cores, 4);
    cr_expect_float_eq(c.ddr_bytes_per_s, 30e9, 1);
    cr_expect_eq(c.sparse, true);
    cr_expect_eq(ascend_fit_read(&fit, &c, NULL, &err), AMCT_OK, "%s", err.text);
    cr_expect_eq(ascend_chip_read(&c, "Ascend310P3", path, &err), AMCT_OK, "%s", err.text);
    cr_expect_eq(c.cores, 8);
    unlink(path);
}

Test(ascend_chip, every_missing_key_is_named_with_its_place)
{
    for (const char *line = strchr(whole, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char text[sizeof whole], key[40], words[80];
        size_t at = (size_t)(line - whole);
        memcpy(text, whole, at);
        strcpy(text + at, strchr(line, '\n') + 1);
        cr_assert_eq(sscanf(line, " %39[^:]:", key), 1);
        snprintf(words, sizeof words, ":1: chip 'Ascend999' has no '%s'", key);
        expect_refused(text, words);
    }
}

Test(ascend_chip, what_is_no_number_of_a_chip_is_refused)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"cores: 4\n", "cores: 0\n", "cores"},
        {"cores: 4\n", "cores: 65\n", "cores"},
        {"cube_mhz: 900", "cube_mhz: 0", ":4:13: cube_mhz: 1 to 1e+06 is wanted"},
        {"cube_mhz: 900", "cube_mhz: -1", "1 to 1e+06 is wanted"},
        {"cube_mhz: 900", "cube_mhz: 1e-300", "1 to 1e+06 is wanted"},
        {"memory_gb_per_s: 30", "memory_gb_per_s: 0.01", ":9:20: memory_gb_per_s: 0.1 to"},
        {"cube_mhz: 900", "cube_mhz: fast", "cube_mhz"},
        {"l2_bytes: 1MiB", "l2_bytes: many", "l2_bytes"},
        {"l2_bytes: 1MiB", "l2_bytes: 0", ":6:13: l2_bytes: 64KiB to 1TiB is wanted"},
        {"int4: false", "int4: maybe", "int4"},
        {"int4: false", "int4: false\n  int8: true", ":11:3: unknown key 'int8' (did you mean"},
        {"Ascend310\n", "''\n", ":14:14: fitted_as: the name of a chip is 1 to 31 bytes long"},
        {"Ascend310\n", "Ascend310\nother: {cores: 1}\n",
         ":15: chip 'other' has no 'vector_cores'"},
        {"Ascend999:", "Ascend999: [1]\nother:", "Ascend999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[2 * sizeof whole];
        const char *at = strstr(whole, cases[i].from);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, cases[i].to,
                 at + strlen(cases[i].from));
        expect_refused(text, cases[i].words);
    }
}

Test(ascend_chip, a_file_without_chips_is_refused)
{
    expect_refused("", ":1: no chip is in it");
    expect_refused("# nothing\n", ":1: no chip is in it");
}

Test(ascend_chip, a_chip_that_nothing_was_measured_of_is_blamed_on_its_own_file)
{
    char text[2 * sizeof whole];
    ascend_chip c;
    ascend_fit fit;
    amct_err err;
    snprintf(text, sizeof text, "%.*sAscend999\n", (int)(strstr(whole, "Ascend310") - whole),
             whole);
    write_file(text);
    cr_assert_eq(ascend_chip_read(&c, "Ascend999", path, &err), AMCT_OK, "%s", err.text);
    cr_expect_eq(ascend_fit_read(&fit, &c, NULL, &err), AMCT_E_INVALID);
    cr_expect_eq(strncmp(err.text, path, strlen(path)), 0, "%s", err.text);
    cr_expect_not_null(strstr(err.text, ":14:14: fitted_as: 'Ascend999' is no chip"), "%s",
                       err.text);
    unlink(path);
}
