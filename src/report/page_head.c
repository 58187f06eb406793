/* The first screen of the report: is it faster, and at what price. */
#include "base/file.h"
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"

#include <math.h>
#include <string.h>

enum { EXIT_STOPPED = 5 }; /* of the program: ended before its time */

static bool verdict_is(const amct_page *page, const char *verdict)
{
    const char *text = amct_json_get_text(page->result, "verdict");
    return text && strcmp(text, verdict) == 0;
}

static void put_gain(const amct_page *page, bool faster)
{
    if (!faster) {
        fprintf(page->out, "Not faster than the original");
        return;
    }
    amct_page_speedup(page);
    fprintf(page->out, " faster");
}

static void write_verdict(const amct_page *page)
{
    FILE *out = page->out;
    bool faster = amct_json_get_true(page->result, "faster");
    bool met = verdict_is(page, "MET"), missed = verdict_is(page, "MISSED");
    const char *word = met                              ? "MET"
                       : verdict_is(page, "NOT_PROVEN") ? "NOT PROVEN"
                       : missed                         ? "MISSED"
                                                        : NULL;
    fprintf(out, "<p class=\"verdict\"><strong>%s</strong> ", word ? word : "NO VERDICT");
    put_gain(page, faster);
    if (met)
        fprintf(out, faster ? ", within the accuracy budget." : "; the accuracy budget is met.");
    else if (missed)
        fprintf(out, "; the accuracy budget is exceeded. What was written is the best effort.");
    else if (word)
        fprintf(out, "; the samples do not prove that the accuracy budget is met.");
    else
        fprintf(out, "; the result says nothing about the accuracy budget.");
    fprintf(out, "</p>\n");
    if (amct_json_get_number(page->result, "status") == EXIT_STOPPED)
        fprintf(out,
                "<p class=\"warn\">The search was stopped early: this is the best so far.</p>\n");
}

static void put_interval(const amct_page *page, double lo, double hi, const char *unit)
{
    amct_html_number(page->out, page->factor * lo, page->decimals);
    fprintf(page->out, "\u00a0\u2026\u00a0");
    amct_html_number(page->out, page->factor * hi, page->decimals);
    if (*unit)
        fprintf(page->out, "\u00a0%s", unit);
}

static void put_confidence(const amct_page *page)
{
    double confidence = 100 * amct_json_get_number(page->best, "drop_confidence");
    amct_html_number(page->out, confidence, confidence == floor(confidence) ? 0 : 1);
    fprintf(page->out, "\u00a0%% interval");
}

static void write_accuracy(const amct_page *page)
{
    FILE *out = page->out;
    double lo, hi, best_lo, best_hi;
    double budget = page->factor * page->budget;
    amct_json_get_pair(&lo, &hi, page->baseline, "interval");
    amct_json_get_pair(&best_lo, &best_hi, page->best, "interval");
    fprintf(out, "<section><h2>Accuracy (");
    amct_html_text(out, page->metric);
    fprintf(out, ")</h2>\n<p class=\"big\">");
    amct_page_value(page, amct_json_get_number(page->baseline, "value"));
    fprintf(out, " <span>\u2192</span> ");
    amct_page_value(page, amct_json_get_number(page->best, "value"));
    fprintf(out, "</p>\n<p>Drop <b>");
    amct_page_drop(page, page->best_drop);
    fprintf(out, "</b> (");
    put_confidence(page);
    fprintf(out, " ");
    put_interval(page, page->best_drop_lo, page->best_drop_hi, "");
    fprintf(out, "), budget <b>");
    amct_html_number(out, budget, (int)fmax(amct_html_decimals(budget, 2), 1));
    fprintf(out, "%s%s</b></p>\n<p class=\"quiet\">Original ", *page->drop_unit ? "\u00a0" : "",
            page->drop_unit);
    put_interval(page, lo, hi, page->value_unit);
    fprintf(out, ", chosen ");
    put_interval(page, best_lo, best_hi, page->value_unit);
    fprintf(out, "</p>\n</section>\n");
}

/* What the device itself said of it, if it was asked. */
static void write_measured(const amct_page *page)
{
    FILE *out = page->out;
    const char *by = amct_json_get_text(page->result, "confirmed_by");
    double before = amct_json_get_number(page->result, "baseline_measured_ms");
    double after = amct_json_get_number(page->result, "best_measured_ms");
    if (!by || isnan(before))
        return;
    fprintf(out, "<p>Measured by ");
    amct_html_text(out, by);
    fprintf(out, ": <b>");
    amct_page_ms(page, before);
    fprintf(out, " \u2192 ");
    if (isnan(after))
        fprintf(out, "could not be measured");
    else
        amct_page_ms(page, after);
    fprintf(out, "</b></p>\n");
}

static void put_share(FILE *out, const cJSON *at, const char *matched, const char *all,
                      const char *ratio)
{
    amct_html_count(out, amct_json_get_number(at, matched));
    fprintf(out, " of ");
    amct_html_count(out, amct_json_get_number(at, all));
    fprintf(out, " (");
    amct_html_number(out, 100 * amct_json_get_number(at, ratio), 0);
    fprintf(out, "\u00a0%% of the time)");
}

/* What estimates were set right by. */
static void write_correction(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *at = amct_json_get_object(page->result, "correction");
    const char *profile = amct_json_get_text(at, "profile");
    if (profile) {
        fprintf(out, "<p class=\"quiet\">Set right by a profile (");
        amct_html_text(out, profile);
        fprintf(out, "): %s of it that are of this network ",
                amct_json_get_true(at, "by_type") ? "types of operators" : "operators");
        put_share(out, at, "operators_matched", "operators", "time_matched_ratio");
        fprintf(out, ", the network\u2019s kernels that it has ");
        put_share(out, at, "kernels_matched", "kernels", "kernels_time_ratio");
        fprintf(out, ".</p>\n");
    }
    if (!isnan(amct_json_get_number(at, "measured_ms"))) {
        fprintf(out, "<p class=\"quiet\">Scaled by ");
        amct_html_number(out, amct_json_get_number(at, "scale"), 3);
        fprintf(out, " to the latency that was measured.</p>\n");
    }
}

static void write_latency(const amct_page *page)
{
    FILE *out = page->out;
    double band = amct_json_get_number(page->result, "error_band_ratio");
    double fixed = amct_json_get_number(page->result, "fixed_ratio");
    fprintf(out, "<section><h2>Latency (");
    amct_page_target(page);
    fprintf(out, ")</h2>\n<p class=\"big\">");
    amct_page_ms(page, page->original_ms);
    fprintf(out, " <span>\u2192</span> ");
    amct_page_ms(page, page->best_ms);
    fprintf(out, "</p>\n<p>Speed-up <b>");
    amct_page_speedup(page);
    fprintf(out, "</b>, estimated by ");
    amct_html_text(out, amct_json_get_text(page->result, "estimator"));
    fprintf(out, "; the latter is within ");
    amct_page_ms(page, page->best_ms / (1 + band));
    fprintf(out, " and ");
    amct_page_ms(page, page->best_ms * (1 + band));
    fprintf(out, " in nine of ten networks</p>\n");
    write_measured(page);
    write_correction(page);
    fprintf(out, "<p class=\"quiet\">");
    amct_html_number(out, 100 * fixed, 0);
    fprintf(out,
            "\u00a0%% of the original\u2019s latency is fixed: no layer\u2019s level changes it%s."
            "</p>\n</section>\n",
            fixed > 0.5 ? ", so a larger batch gains more" : "");
}

static void write_size(const amct_page *page)
{
    FILE *out = page->out;
    double before = amct_json_get_number(page->baseline, "bytes");
    double after = amct_json_get_number(page->best, "bytes"), change = 100 * (after / before - 1);
    fprintf(out, "<section><h2>Size on the device</h2>\n<p class=\"big\">");
    amct_html_bytes(out, before);
    fprintf(out, " <span>\u2192</span> ");
    amct_html_bytes(out, after);
    fprintf(out, "</p>\n<p>Weights and other constants: <b>");
    amct_html_change(out, change, 0);
    fprintf(
        out,
        "\u00a0%%</b></p>\n<p class=\"quiet\">The original taken in 16 bits.</p>\n</section>\n");
}

static void put_fact(const amct_page *page, const char *name)
{
    fprintf(page->out, "</dd></div>\n<div><dt>%s</dt><dd>", name);
}

static void write_facts(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *result = page->result, *samples = amct_json_get_object(result, "samples");
    double evaluations = amct_json_get_number(result, "evaluations");
    double rejected = amct_json_get_number(result, "rejected");
    fprintf(out, "<dl class=\"facts\">\n<div><dt>Chip</dt><dd>");
    amct_html_text(out, amct_json_get_text(result, "target"));
    put_fact(page, "Batch");
    amct_html_count(out, amct_json_get_number(result, "batch"));
    put_fact(page, "Samples");
    amct_html_count(out, amct_json_get_number(samples, "calibration"));
    fprintf(out, " calibration, ");
    amct_html_count(out, amct_json_get_number(samples, "search"));
    fprintf(out, " search, ");
    amct_html_count(out, amct_json_get_number(samples, "confirm"));
    fprintf(out, " confirm");
    put_fact(page, "Candidates");
    amct_html_count(out, evaluations);
    fprintf(out, " measured, ");
    amct_html_count(out, rejected);
    fprintf(out, " of them given up early");
    put_fact(page, "Search");
    amct_html_text(out, amct_json_get_text(result, "algorithm"));
    fprintf(out, ", seed ");
    amct_html_number(out, amct_json_get_number(result, "seed"), 0);
    put_fact(page, "Time");
    amct_html_duration(out, amct_json_get_number(result, "seconds"));
    fprintf(out, ", memory ");
    amct_html_bytes(out, amct_json_get_number(result, "peak_rss_bytes"));
    put_fact(page, "Ended because");
    amct_html_text(out, amct_json_get_text(result, "reason"));
    fprintf(out, "</dd></div>\n</dl>\n");
}

/* When weights fit the samples that they were made of much better than others. */
static void write_overfit(const amct_page *page)
{
    FILE *out = page->out;
    double fitted = amct_json_get_number(page->best, "fitted_loss");
    double unseen = amct_json_get_number(page->best, "loss");
    if (!amct_json_get_true(page->best, "overfitted"))
        return;
    fprintf(out, "<p class=\"warn\">The weights fit the calibration samples too well: mean loss ");
    amct_html_number(out, fitted, amct_html_decimals(fitted, 3));
    fprintf(out, " on those they were fitted to, ");
    amct_html_number(out, unseen, amct_html_decimals(unseen, 3));
    fprintf(out, " on others. More calibration samples (<code>--calibration</code>) would help."
                 "</p>\n");
}

void amct_page_head(const amct_page *page)
{
    FILE *out = page->out;
    const char *model = amct_json_get_text(page->result, "model");
    fprintf(out, "<header>\n<p class=\"quiet\">amct-autotune: report of a search</p>\n<h1>");
    amct_html_text(out, model ? amct_path_base(model) : NULL);
    fprintf(out, " <span>on ");
    amct_page_target(page);
    fprintf(out, "</span></h1>\n");
    write_verdict(page);
    fprintf(out, "</header>\n<div class=\"tiles\">\n");
    write_accuracy(page);
    write_latency(page);
    write_size(page);
    fprintf(out, "</div>\n");
    if (amct_json_get_number(amct_json_get_object(page->result, "samples"), "confirm") == 0)
        fprintf(out,
                "<p class=\"warn\">No samples were kept for confirmation: these accuracies are "
                "of samples that the search has seen, and flatter the chosen model.</p>\n");
    write_overfit(page);
    write_facts(page);
}
