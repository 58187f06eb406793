/*
 * Recorded estimates: they show which changes alter what the model says. After a change that is
 * meant to, record them anew with AMCT_GOLDEN_RECORD=1 make check TESTS=tests/unit/test_ascend and
 * look at the difference.
 */
#include "ascend_net.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_rates(FILE *out, const char *chip)
{
    static const int bits[][2] = {{16, 16}, {8, 8}, {8, 4}, {4, 4}};
    char option[64];
    snprintf(option, sizeof option, "chip=%s", chip);
    for (int64_t batch = 1; batch <= 64; batch *= 8)
        for (int b = 0; b < 4; b++) {
            net *n = net_new();
            net_resnet50(n, batch, bits[b][0], bits[b][1]);
            NET_ESTIMATE(n, option);
            fprintf(out, "%s batch %d, %d bits, weights of %d: %.4g ms +- %.3f\n", chip, (int)batch,
                    bits[b][0], bits[b][1], n->total.latency_ns / 1e6, n->total.error_band_ratio);
            net_free(n);
        }
}

Test(ascend_golden, resnet50_takes_what_it_took)
{
    char path[4096], line[256], *now = NULL;
    size_t size;
    const char *top = getenv("AMCT_TOP_SRCDIR");
    if (!top)
        cr_skip_test("AMCT_TOP_SRCDIR is not set");
    FILE *memory = open_memstream(&now, &size);
    for (int i = 0; net_estimator()->devices[i]; i++)
        write_rates(memory, net_estimator()->devices[i]);
    fclose(memory);
    snprintf(path, sizeof path, "%s/tests/golden/ascend.txt", top);
    FILE *file = fopen(path, getenv("AMCT_GOLDEN_RECORD") ? "w+" : "r");
    cr_assert_not_null(file, "%s cannot be opened", path);
    if (getenv("AMCT_GOLDEN_RECORD"))
        fwrite(now, 1, size, file);
    rewind(file);
    const char *at = now;
    while (fgets(line, sizeof line, file)) {
        cr_assert(strncmp(at, line, strlen(line)) == 0, "it was %s and is %.*s", line,
                  (int)strcspn(at, "\n"), at);
        at += strlen(line);
    }
    cr_assert_eq(*at, 0, "more: %.*s", (int)strcspn(at, "\n"), at);
    fclose(file);
    free(now);
}
