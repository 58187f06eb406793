#include "plugins/estimators/ascend/ascend_fit.h"

#include "plugins/estimators/ascend/ascend_data.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ascend_chip chip(const char *name)
{
    ascend_chip c;
    amct_err err;
    cr_assert_eq(ascend_chip_read(&c, name, NULL, &err), AMCT_OK, "%s", err.text);
    return c;
}

static amct_status read_text(ascend_fit *out, const char *text, size_t size, amct_err *err)
{
    char path[] = "/tmp/ascend_fit_XXXXXX";
    ascend_chip c = chip("Ascend310P3");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, size), (ssize_t)size);
    close(fd);
    amct_status status = ascend_fit_read(out, &c, path, err);
    unlink(path);
    return status;
}

Test(ascend_fit, every_chip_has_one)
{
    for (int i = 0; ascend_chip_names[i]; i++) {
        ascend_chip c = chip(ascend_chip_names[i]);
        ascend_fit fit;
        amct_err err;
        cr_assert_eq(ascend_fit_read(&fit, &c, NULL, &err), AMCT_OK, "%s", err.text);
        for (const ascend_number *n = ascend_constant_numbers; n->name; n++)
            cr_expect_gt(*ascend_number_at(&fit.constants, n), 0, "%s", n->name);
        for (const ascend_number *n = ascend_tuning_numbers; n->name; n++)
            cr_expect_gt(*ascend_number_at(&fit.tuning, n), 0, "%s", n->name);
        cr_expect(fit.constants.overlap > 1);
    }
}

Test(ascend_fit, bands_of_chips_without_measurements_are_wider)
{
    static const char *const pairs[][2] = {{"Ascend310P3", "Ascend310P1"},
                                           {"Ascend310P3", "Ascend910A"},
                                           {"Ascend310B1", "Ascend310B4"}};
    for (int i = 0; i < 3; i++) {
        ascend_chip a = chip(pairs[i][0]), b = chip(pairs[i][1]);
        ascend_fit known, unknown;
        amct_err err;
        cr_assert_eq(ascend_fit_read(&known, &a, NULL, &err), AMCT_OK);
        cr_assert_eq(ascend_fit_read(&unknown, &b, NULL, &err), AMCT_OK);
        for (int k = 0; k < ASCEND_PARTS; k++)
            cr_expect_gt(unknown.spread[k], known.spread[k]);
    }
}

Test(ascend_fit, the_plugins_own_file_can_be_read_as_one_of_the_users)
{
    ascend_chip c = chip("Ascend310P3");
    ascend_fit own, copy;
    amct_err err;
    cr_assert_eq(ascend_fit_read(&own, &c, NULL, &err), AMCT_OK);
    cr_assert_eq(read_text(&copy, ascend_fit_text.text, ascend_fit_text.size, &err), AMCT_OK, "%s",
                 err.text);
    cr_expect_eq(memcmp(&own, &copy, sizeof own), 0);
}

Test(ascend_fit, every_missing_number_is_named)
{
    /* Lines one by one; those of other chips are not read. */
    const char *end = strstr(ascend_fit_text.text, "  Ascend310:");
    for (const char *line = ascend_fit_text.text; line < end; line = strchr(line, '\n') + 1) {
        char key[40], words[80], *text = strdup(ascend_fit_text.text);
        size_t at = (size_t)(line - ascend_fit_text.text), n = strcspn(line, "\n") + 1;
        ascend_fit fit;
        amct_err err;
        if (sscanf(line, " %39[^: ]: %*[0-9]", key) != 1 || strchr(line, '.') > line + n ||
            line[0] != ' ' || line[n - 2] == ':') {
            free(text);
            continue;
        }
        memmove(text + at, text + at + n, strlen(text + at + n) + 1);
        cr_expect_eq(read_text(&fit, text, strlen(text), &err), AMCT_E_INVALID, "%s", key);
        snprintf(words, sizeof words, "has no '%s'", key);
        cr_expect_not_null(strstr(err.text, words), "%s", err.text);
        free(text);
    }
}

/* The plugin's own file with the first `from` written as `to`. */
static void expect_refused(const char *from, const char *to, const char *words)
{
    const char *own = ascend_fit_text.text, *at = strstr(own, from);
    char *text = malloc(ascend_fit_text.size + strlen(to) + 1);
    ascend_fit fit;
    amct_err err;
    cr_assert(text && at, "%s", from);
    int n = sprintf(text, "%.*s%s%s", (int)(at - own), own, to, at + strlen(from));
    cr_expect_eq(read_text(&fit, text, (size_t)n, &err), AMCT_E_INVALID, "%s", to);
    cr_expect_not_null(strstr(err.text, words), "%s", err.text);
    free(text);
}

Test(ascend_fit, a_rate_of_zero_and_what_is_no_number_are_refused_with_their_place)
{
    expect_refused("  cube: ", "  cube: 0 #", ":4:9: cube: 1e-06 to 1e9 is wanted");
    expect_refused("  cube: ", "  cube: 1e-300 #", ":4:9: cube: 1e-06 to 1e9 is wanted");
    expect_refused("  cube: ", "  cube: -1 #", ":4:9: cube: 0 to 1e9 is wanted");
    expect_refused("  cube: ", "  cube: much #", ":4:9: cube:");
    expect_refused("    band: ", "    band: 0 #", "band: 1e-06 to 1e9 is wanted");
    expect_refused("unmeasured: ", "unmeasured: 0 #", "unmeasured: 1e-06 to 1e9 is wanted");
}

Test(ascend_fit, unknown_keys_are_refused_with_their_place)
{
    expect_refused("constants:\n", "constants:\n  cubes: 1\n", ":4:3: unknown key 'cubes'");
    expect_refused("constants:\n", "note: 1\nconstants:\n", ":3:1: unknown key 'note'");
    expect_refused("    base_s: ", "    base: 1\n    base_s: ", "unknown key 'base'");
    expect_refused("spread:\n", "spread:\n  whole: 1\n", "unknown key 'whole'");
}

Test(ascend_fit, a_file_without_the_chip_is_refused_with_its_place)
{
    expect_refused("  Ascend310P3:", "  Ascend310P9:", "'chips' has no 'Ascend310P3', which ");
}
