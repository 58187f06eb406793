/*
 * report_pages - writes reports of sample searches, to be looked at in a browser:
 *
 *     make tests/report_pages && tests/report_pages FOLDER
 */
#include "base/file.h"
#include "report_sample.h"

#include <stdlib.h>
#include <string.h>

static const struct page {
    const char *name;
    report_sample_shape shape;
} pages[] = {
    {"mobilenet", {28, 400, 0.01, "MET", 0, true}},
    {"deep", {156, 400, 0.01, "MET", 0, true}},
    {"missed", {28, 60, 0.0005, "MISSED", 3, true}},
    {"not_proven", {54, 120, 0.005, "NOT_PROVEN", 6, true}},
    {"not_faster", {28, 40, 0.01, "MET", 4, false}},
    {"stopped", {28, 24, 0.01, "MET", 5, true}},
};

static int write_page(const char *folder, const struct page *page)
{
    amct_err err;
    report_sample sample;
    char name[64], *text;
    report_sample_make(&sample, page->shape);
    snprintf(name, sizeof name, "%s.html", page->name);
    char *path = amct_path_join(folder, name);
    amct_status status = path ? AMCT_OK : amct_fail_nomem(&err);
    if (status == AMCT_OK)
        status = amct_report_html(&text, sample.json.root, sample.points, sample.n, &err);
    if (status == AMCT_OK) {
        status = amct_file_write(path, text, strlen(text), &err);
        free(text);
    }
    free(path);
    report_sample_free(&sample);
    if (status != AMCT_OK)
        fprintf(stderr, "report_pages: %s\n", err.text);
    return status != AMCT_OK;
}

int main(int argc, char **argv)
{
    int failed = argc != 2;
    if (failed)
        fprintf(stderr, "usage: report_pages FOLDER\n");
    for (size_t i = 0; !failed && i < sizeof pages / sizeof *pages; i++)
        failed = write_page(argv[1], &pages[i]);
    return failed;
}
