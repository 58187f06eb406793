#include "report/page.h"

#include "base/file.h"
#include "report/html.h"
#include "report/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *words;
} metrics[] = {{"top1", "top-1"},
               {"top5", "top-5"},
               {"agreement", "agreement with the original"},
               {"cosine", "cosine to the original"},
               {"map", "mAP"},
               {"map50", "mAP at 0.5"}};

static void choose_units(amct_page *page)
{
    const char *metric = amct_json_get_text(page->result, "metric");
    page->metric = metric ? metric : "accuracy";
    for (size_t i = 0; metric && i < sizeof metrics / sizeof *metrics; i++)
        if (strcmp(metric, metrics[i].key) == 0)
            page->metric = metrics[i].words;
    if (metric && strcmp(metric, "cosine") == 0) {
        page->factor = 1;
        page->value_unit = page->drop_unit = "";
        page->decimals = 4;
        return;
    }
    page->factor = 100;
    page->value_unit = "%";
    page->drop_unit = "pp";
    page->decimals = 2;
}

static void read_result(amct_page *page)
{
    page->baseline = amct_json_get_object(page->result, "baseline");
    page->best = amct_json_get_object(page->result, "best");
    page->budget = amct_json_get_number(page->result, "budget_drop");
    page->original_ms = amct_json_get_number(page->baseline, "latency_ms");
    page->best_ms = amct_json_get_number(page->best, "latency_ms");
    page->speedup = amct_json_get_number(page->best, "speedup");
    page->best_drop = amct_json_get_number(page->best, "drop");
    amct_json_get_pair(&page->best_drop_lo, &page->best_drop_hi, page->best, "drop_interval");
    page->ms_decimals = amct_html_decimals(fmin(page->best_ms, page->original_ms), 3);
    choose_units(page);
}

static void put_unit(FILE *out, double value, const char *unit)
{
    if (isfinite(value) && *unit)
        fprintf(out, "\u00a0%s", unit);
}

void amct_page_value(const amct_page *page, double value)
{
    amct_html_number(page->out, page->factor * value, page->decimals);
    put_unit(page->out, value, page->value_unit);
}

void amct_page_drop(const amct_page *page, double drop)
{
    amct_html_number(page->out, page->factor * drop, page->decimals);
    put_unit(page->out, drop, page->drop_unit);
}

void amct_page_ms(const amct_page *page, double ms)
{
    amct_html_number(page->out, ms, page->ms_decimals);
    put_unit(page->out, ms, "ms");
}

void amct_page_speedup(const amct_page *page)
{
    amct_html_number(page->out, page->speedup, 2);
    fprintf(page->out, "\u00d7");
}

void amct_page_target(const amct_page *page)
{
    amct_html_text(page->out, amct_json_get_text(page->result, "target"));
    fprintf(page->out, ", batch ");
    amct_html_number(page->out, amct_json_get_number(page->result, "batch"), 0);
}

int amct_page_name_width(const cJSON *items)
{
    size_t most = 12;
    for (const cJSON *item = items; item; item = item->next) {
        const char *name = amct_json_get_text(item, "name");
        size_t length = name ? strlen(name) : 0;
        most = length > most ? length : most;
    }
    return most < 36 ? (int)most : 36;
}

static void write_page(const amct_page *page)
{
    FILE *out = page->out;
    const char *model = amct_json_get_text(page->result, "model");
    fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>");
    amct_html_text(out, model ? amct_path_base(model) : NULL);
    fprintf(out, " on ");
    amct_page_target(page);
    fprintf(out, ": report of a search</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n",
            amct_page_style);
    amct_page_head(page);
    amct_page_scatter(page);
    amct_page_convergence(page);
    amct_page_picture(page);
    amct_page_bars(page);
    amct_page_layers(page);
    amct_page_skipped(page);
    amct_page_front(page);
    amct_page_run(page);
    fprintf(out, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", amct_page_script);
}

static amct_status check_schema(const cJSON *result, amct_err *err)
{
    if (!cJSON_IsObject(result))
        return amct_fail(err, AMCT_E_FORMAT, "the result is not a JSON object");
    double schema = amct_json_get_number(result, "schema");
    if (isnan(schema))
        return amct_fail(err, AMCT_E_FORMAT, "the result has no number \"schema\"");
    if (schema != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "the result has schema %g, wanted 1", schema);
    return AMCT_OK;
}

amct_status amct_report_html(char **out_html, const cJSON *result, const amct_report_point *points,
                             size_t n, amct_err *err)
{
    AMCT_TRY(check_schema(result, err));
    char *text = NULL;
    size_t size;
    bool failed = false;
    amct_page page = {.out = open_memstream(&text, &size),
                      .failed = &failed,
                      .result = result,
                      .points = points,
                      .n = n};
    if (!page.out)
        return amct_fail_nomem(err);
    read_result(&page);
    write_page(&page);
    failed = ferror(page.out) || failed;
    failed = fclose(page.out) || failed;
    if (failed) {
        free(text);
        return amct_fail_nomem(err);
    }
    *out_html = text;
    return AMCT_OK;
}
