/*
 * Recorded runs: they show which changes alter what the search does. After a change that is meant
 * to, record it anew with AMCT_GOLDEN_RECORD=1 make check TESTS=tests/unit/test_search and look at
 * the difference.
 */
#include "search/search.h"

#include "synthetic.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static synthetic net;

static void write_run(FILE *out, const char *algorithm)
{
    amct_err err;
    amct_search *search;
    const amct_ask *asks;
    amct_result results[8];
    size_t n;
    synthetic_make(&net,
                   (synthetic_shape){.n_genes = 14,
                                     .n_levels = 4,
                                     .boundary = 0.2,
                                     .interaction = 0.15,
                                     .deviation = 0.1,
                                     .noise = true},
                   11);
    amct_search_problem problem = synthetic_problem(&net, 512, 4000);
    amct_search_options options = amct_search_defaults();
    options.algorithm = algorithm;
    options.evaluations = 64;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        fprintf(out, "%s\n", amct_search_get_progress(search).phase);
        for (size_t i = 0; i < n; i++) {
            results[i] = synthetic_measure(&net, &asks[i]);
            fprintf(out, "%llu ", (unsigned long long)asks[i].number);
            for (int g = 0; g < 14; g++)
                fputc('0' + asks[i].genome[g], out);
            fprintf(out, " %.0f %u\n", asks[i].cost_ns,
                    results[i].scores[results[i].n_scores - 1].n);
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
    }
    fprintf(out, "%s\n", amct_search_reason(search));
    amct_finalist finalists[3];
    n = amct_search_finalists(search, finalists, 3);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "finalist %llu %.4f +- %.4f\n", (unsigned long long)finalists[i].number,
                finalists[i].drop, finalists[i].drop_se);
    amct_search_free(search);
}

static void compare(const char *top, const char *algorithm)
{
    char path[4096], *now = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/tests/golden/search_%s.txt", top, algorithm);
    FILE *memory = open_memstream(&now, &size);
    write_run(memory, algorithm);
    fclose(memory);
    FILE *file = fopen(path, getenv("AMCT_GOLDEN_RECORD") ? "w+" : "r");
    cr_assert_not_null(file, "%s cannot be opened", path);
    if (getenv("AMCT_GOLDEN_RECORD"))
        fwrite(now, 1, size, file);
    rewind(file);
    char line[256], *at = now;
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        cr_assert(strncmp(at, line, strlen(line)) == 0, "%s: line %d was %s and is %.*s", algorithm,
                  number, line, (int)strcspn(at, "\n"), at);
        at += strlen(line);
    }
    cr_assert_eq(*at, 0, "%s: the run goes on: %.*s", algorithm, (int)strcspn(at, "\n"), at);
    fclose(file);
    free(now);
}

Test(search_golden, the_searches_do_what_they_did)
{
    static const char *const algorithms[] = {
        "auto", "nsga2", "chain", "prune-only", "amct-ilp", "amct-greedy-prune", "amct-rollback",
    };
    const char *top = getenv("AMCT_TOP_SRCDIR");
    if (!top)
        cr_skip_test("AMCT_TOP_SRCDIR is not set");
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        compare(top, algorithms[i]);
}
