#include "base/file.h"
#include "report/study_report.h"
#include "report_sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static report_sample sample;
static amct_study *study;
static char folder[] = "/tmp/amct_report_XXXXXX";

static void setup(void)
{
    report_sample_make(&sample, (report_sample_shape){6, 16, 0.01, "MET", 0, true});
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(amct_study_open(&study, folder, NULL, 0, &err), AMCT_OK, "%s", err.text);
}

static void teardown(void)
{
    amct_study_free(study);
    amct_folder_remove(folder, &err);
    report_sample_free(&sample);
}

TestSuite(report_study_report, .init = setup, .fini = teardown);

static void put(uint64_t number, uint32_t n, uint32_t lost, bool probe)
{
    static const uint8_t genome[4];
    amct_study_candidate c = {
        .number = number,
        .probe = probe,
        .failed = n == 0,
        .genome = genome,
        .genome_size = 4,
        .cost_ns = 1e6 - 1e4 * (double)number,
        .n_scores = n > 0,
        .scores = {{.n = n, .lost = lost, .gained = 1, .loss_sum = 0.25 * n}}};
    cr_assert_eq(amct_study_put(study, &c, &err), AMCT_OK, "%s", err.text);
}

/* The page about the study so far; freed by the caller. */
static char *write_page(void)
{
    amct_file file;
    char *path = amct_path_join(folder, "report.html");
    cr_assert_eq(amct_report_write(folder, sample.json.root, study, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_OK, "%s", err.text);
    char *page = strndup(file.data, file.size);
    amct_file_unmap(&file);
    free(path);
    return page;
}

static void assert_has(const char *page, const char *words)
{
    cr_assert_not_null(strstr(page, words), "the page lacks '%s'", words);
}

Test(report_study_report, draws_what_the_study_holds)
{
    put(0, 64, 2, true);
    put(1, 1000, 11, false);
    put(2, 63, 1, false);
    put(3, 0, 0, false);
    char *page = write_page();
    assert_has(page, "first look 0: 1.000\u00a0ms, drop 1.56\u00a0pp on 64 samples<");
    assert_has(page, "candidate 1: 0.990\u00a0ms, drop 1.00\u00a0pp on 1000 samples<");
    assert_has(page, "candidate 2: 0.980\u00a0ms, drop 0.00\u00a0pp on 63 samples, then given up<");
    assert_has(page, "1 could not be measured");
    free(page);
}

Test(report_study_report, cosine_takes_the_loss_for_the_drop)
{
    cJSON_ReplaceItemInObjectCaseSensitive(sample.json.root, "metric",
                                           cJSON_CreateString("cosine"));
    put(0, 1000, 11, false);
    char *page = write_page();
    assert_has(page, "candidate 0: 1.000\u00a0ms, drop 0.2500 on 1000 samples<");
    free(page);
}

Test(report_study_report, an_empty_study_makes_a_page)
{
    char *page = write_page();
    assert_has(page, "No candidate was measured.");
    free(page);
}

Test(report_study_report, a_bad_result_is_refused_by_name_and_nothing_is_written)
{
    cJSON *result = cJSON_Parse("{\"schema\":7}");
    char *path = amct_path_join(folder, "report.html");
    cr_assert_eq(amct_report_write(folder, result, study, &err), AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(err.text, "/result.json: the result has schema 7"), "%s", err.text);
    amct_file file;
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_E_IO);
    free(path);
    cJSON_Delete(result);
}
