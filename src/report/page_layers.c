/* The tables of the report about layers and candidates. */
#include "report/field.h"
#include "report/html.h"
#include "report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits behind the point for a column: the largest shows four. */
static int column_decimals(const cJSON *list, const char *key, double factor)
{
    double most = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) most = fmax(most, fabs(factor * amct_field_number(item, key)));
    return amct_html_decimals(most, 4);
}

static void begin_table(const amct_page *page, const char *head)
{
    fprintf(page->out,
            "<div class=\"scroll\"><table class=\"sortable\">\n<thead><tr>%s</tr></thead>\n"
            "<tbody>\n",
            head);
}

static void end_table(const amct_page *page)
{
    fprintf(page->out, "</tbody></table></div>\n");
}

/* What the network's latency would be with another level of this layer, against the chosen one. */
static void write_alternatives(const amct_page *page, const cJSON *layer)
{
    FILE *out = page->out;
    const cJSON *other, *others = amct_field_array(layer, "alternatives");
    fprintf(out, "<td>");
    cJSON_ArrayForEach(other, others)
    {
        amct_html_text(out, amct_field_text(other, "bits"));
        fprintf(out, other->next ? "<br>" : "");
    }
    if (!cJSON_GetArraySize(others))
        amct_html_text(out, NULL);
    fprintf(out, "</td><td class=\"n\">");
    cJSON_ArrayForEach(other, others)
    {
        double ms = amct_field_number(other, "network_latency_ms");
        double change_us = 1e3 * (ms - page->best_ms);
        amct_html_change(out, change_us, amct_html_decimals(1e3 * page->best_ms, 5));
        fprintf(out, other->next ? "<br>" : "");
    }
    if (!cJSON_GetArraySize(others))
        amct_html_text(out, NULL);
    fprintf(out, "</td>");
}

void amct_page_layers(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *layer, *layers = amct_field_array(page->result, "layers");
    int before = column_decimals(layers, "baseline_latency_us", 1);
    int after = column_decimals(layers, "latency_us", 1);
    int loss = column_decimals(layers, "loss_alone", 1);
    fprintf(out, "<section>\n<h2>Layers</h2>\n");
    if (!cJSON_GetArraySize(layers)) {
        fprintf(out, "<p>The network has no layer that could be compressed.</p>\n</section>\n");
        return;
    }
    begin_table(page, "<th scope=\"col\">Layer</th><th scope=\"col\">Operator</th>"
                      "<th scope=\"col\">Bits</th>"
                      "<th scope=\"col\" class=\"n\">Before (\u00b5s)</th>"
                      "<th scope=\"col\" class=\"n\">After (\u00b5s)</th>"
                      "<th scope=\"col\">Other level</th>"
                      "<th scope=\"col\" class=\"n\">Network with it (\u00b5s)</th>"
                      "<th scope=\"col\" class=\"n\">Loss alone</th><th scope=\"col\">Why</th>");
    cJSON_ArrayForEach(layer, layers)
    {
        fprintf(out, "<tr>");
        amct_page_text_cell(page, "name", amct_field_text(layer, "name"));
        amct_page_text_cell(page, "", amct_field_text(layer, "op"));
        amct_page_text_cell(page, "", amct_field_text(layer, "bits"));
        amct_page_cell(page, amct_field_number(layer, "baseline_latency_us"),
                       before > after ? before : after);
        amct_page_cell(page, amct_field_number(layer, "latency_us"),
                       before > after ? before : after);
        write_alternatives(page, layer);
        amct_page_cell(page, amct_field_number(layer, "loss_alone"), loss);
        amct_page_text_cell(page, "why", amct_field_text(layer, "reason"));
        fprintf(out, "</tr>\n");
    }
    end_table(page);
    fprintf(out,
            "<p class=\"quiet\">\u201cNetwork with it\u201d is what the whole network would take "
            "more (+) or less (\u2212) with the layer\u2019s other level and everything else as "
            "chosen. \u201cLoss alone\u201d is how far the outputs move (mean KL divergence, or "
            "1 \u2212 cosine) when only this layer is in 8 bits.</p>\n</section>\n");
}

typedef struct skip {
    const char *name, *reason;
    int place;
} skip;

static int by_reason(const void *a, const void *b)
{
    const skip *x = a, *y = b;
    int order = strcmp(x->reason, y->reason);
    return order ? order : x->place - y->place;
}

/* The layers of one reason; returns how many they are. */
static int write_reason(const amct_page *page, const skip *skips, int n)
{
    FILE *out = page->out;
    int same = 1;
    while (same < n && strcmp(skips[same].reason, skips[0].reason) == 0)
        same++;
    fprintf(out, "<tr>");
    amct_page_text_cell(page, "why", *skips[0].reason ? skips[0].reason : NULL);
    fprintf(out, "<td class=\"n\">%d</td><td class=\"name\">", same);
    for (int i = 0; i < same; i++) {
        fprintf(out, i ? ", <bdi>" : "<bdi>");
        amct_html_text(out, skips[i].name);
        fprintf(out, "</bdi>");
    }
    fprintf(out, "</td></tr>\n");
    return same;
}

static void write_reasons(const amct_page *page, const cJSON *list, skip *skips)
{
    int n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *reason = amct_field_text(item, "reason");
        skips[n] = (skip){amct_field_text(item, "name"), reason ? reason : "", n};
        n++;
    }
    qsort(skips, (size_t)n, sizeof *skips, by_reason);
    begin_table(page, "<th scope=\"col\">Reason</th><th scope=\"col\" class=\"n\">Layers</th>"
                      "<th scope=\"col\">Names</th>");
    for (int i = 0; i < n;)
        i += write_reason(page, &skips[i], n - i);
    end_table(page);
}

void amct_page_skipped(const amct_page *page)
{
    const cJSON *list = amct_field_array(page->result, "skipped");
    int n = cJSON_GetArraySize(list);
    skip *skips = malloc(((size_t)n + 1) * sizeof *skips);
    fprintf(page->out, "<section>\n<h2>Layers without a choice</h2>\n");
    if (n && skips)
        write_reasons(page, list, skips);
    else
        fprintf(page->out, "<p>None: every layer could be chosen for.</p>\n");
    free(skips);
    fprintf(page->out, "</section>\n");
}

void amct_page_front(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *point, *front = amct_field_array(page->result, "front");
    int ms = column_decimals(front, "latency_ms", 1), mb = column_decimals(front, "bytes", 1e-6);
    if (!cJSON_GetArraySize(front))
        return;
    fprintf(out, "<section>\n<h2>Pareto front</h2>\n<p>Any of these can be written without another "
                 "search: <code>amct-autotune export OUT --budget RATIO</code></p>\n");
    begin_table(page, "<th scope=\"col\" class=\"n\">Latency (ms)</th>"
                      "<th scope=\"col\" class=\"n\">Speed-up</th>"
                      "<th scope=\"col\" class=\"n\">Expected drop</th>"
                      "<th scope=\"col\" class=\"n\">Size (MB)</th>"
                      "<th scope=\"col\" class=\"n\">Candidate</th>");
    cJSON_ArrayForEach(point, front)
    {
        double latency_ms = amct_field_number(point, "latency_ms");
        fprintf(out, "<tr>");
        amct_page_cell(page, latency_ms, ms);
        amct_page_cell(page, page->original_ms / latency_ms, 2);
        amct_page_cell(page, page->factor * amct_field_number(point, "drop"), page->decimals + 1);
        amct_page_cell(page, amct_field_number(point, "bytes") / 1e6, mb);
        amct_page_cell(page, amct_field_number(point, "candidate"), 0);
        fprintf(out, "</tr>\n");
    }
    end_table(page);
    fprintf(out, "</section>\n");
}
