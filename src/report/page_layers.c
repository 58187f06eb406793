/* The tables of the report about layers and candidates. */
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    const char *title, *unit; /* unit "": none */
    bool number;
} column;

/* Digits behind the point for a column: as many as show the largest well. */
static int column_decimals(const cJSON *list, const char *key, double factor, int significant)
{
    double most = 0;
    for (const cJSON *item = list; item; item = item->next)
        most = fmax(most, fabs(factor * amct_json_get_number(item, key)));
    return amct_html_decimals(most, significant);
}

static void begin_table(const amct_page *page, int name_width, const column *columns, size_t n)
{
    FILE *out = page->out;
    fprintf(out,
            "<div class=\"scroll\"><table class=\"sortable\" style=\"--name:%dch\">\n<thead><tr>",
            name_width);
    for (size_t i = 0; i < n; i++)
        fprintf(out,
                *columns[i].unit ? "<th scope=\"col\"%s>%s (%s)</th>"
                                 : "<th scope=\"col\"%s>%s%s</th>",
                columns[i].number ? " class=\"n\"" : "", columns[i].title, columns[i].unit);
    fprintf(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(const amct_page *page)
{
    fprintf(page->out, "</tbody></table></div>\n");
}

static void write_text(const amct_page *page, const char *class, const char *text)
{
    fprintf(page->out, *class ? "<td class=\"%s\">" : "<td>", class);
    amct_html_name(page->out, text);
    fprintf(page->out, "</td>");
}

static void write_number(const amct_page *page, double value, int decimals)
{
    fprintf(page->out, "<td class=\"n\">");
    amct_html_number(page->out, value, decimals);
    fprintf(page->out, "</td>");
}

/* What an alternative is: bits, channels that are kept, or a rank. */
static void write_level(const amct_page *page, const cJSON *at)
{
    double kept = amct_json_get_number(at, "channels_kept"),
           rank = amct_json_get_number(at, "rank");
    if (amct_json_get_text(at, "bits")) {
        amct_html_text(page->out, amct_json_get_text(at, "bits"));
    } else if (!isnan(rank)) {
        fprintf(page->out, "rank %.0f ", rank);
        amct_html_text(page->out, amct_json_get_text(at, "form"));
    } else if (!isnan(kept)) {
        fprintf(page->out, "%.0f channels", kept);
    } else {
        fprintf(page->out, "whole");
    }
}

/* Why its bits are no fewer, and if there is a choice of them, its channels and its rank. */
static void write_reasons_of(const amct_page *page, const cJSON *layer)
{
    static const struct {
        const char *kind, *key;
    } more[] = {{"channels", "sparsity"}, {"rank", "rank"}};
    FILE *out = page->out;
    const cJSON *reasons = amct_json_get_object(layer, "reasons");
    const char *bits = amct_json_get_text(layer, "reason");
    fprintf(out, "<td class=\"why\">");
    bool any = bits != NULL;
    if (bits)
        amct_html_name(out, bits);
    for (int i = 0; i < 2; i++) {
        const char *why = amct_json_get_text(reasons, more[i].key);
        if (!why)
            continue;
        fprintf(out, any ? "<br>%s: " : "%s: ", more[i].kind);
        amct_html_name(out, why);
        any = true;
    }
    if (!any)
        amct_html_name(out, NULL);
    fprintf(out, "</td>");
}

/* "48 / 64", or what there are if all are kept. */
static void write_channels(const amct_page *page, const cJSON *layer)
{
    double kept = amct_json_get_number(layer, "channels_kept");
    double all = amct_json_get_number(layer, "channels");
    if (kept < all)
        fprintf(page->out, "<td class=\"n\"><b>%.0f</b> / %.0f</td>", kept, all);
    else
        write_number(page, all, 0);
}

/* The other levels of this layer: the network's latency with it against the chosen one, and what it
 * loses alone. */
static void write_alternatives(const amct_page *page, const cJSON *layer, int loss_decimals)
{
    FILE *out = page->out;
    const cJSON *others = amct_json_get_items(layer, "alternatives");
    int decimals = amct_html_decimals(1e3 * page->best_ms, 5);
    if (!others) {
        write_text(page, "", NULL);
        write_number(page, NAN, 0);
        write_number(page, NAN, 0);
        return;
    }
    for (const cJSON *other = others; other; other = other->next) {
        fprintf(out, other == others ? "<td class=\"other\">" : "<br>");
        write_level(page, other);
    }
    for (const cJSON *other = others; other; other = other->next) {
        double ms = amct_json_get_number(other, "network_latency_ms");
        fprintf(out, other == others ? "</td><td class=\"n\">" : "<br>");
        amct_html_change(out, 1e3 * (ms - page->best_ms), decimals);
    }
    for (const cJSON *other = others; other; other = other->next) {
        fprintf(out, other == others ? "</td><td class=\"n\">" : "<br>");
        amct_html_number(out, 1e3 * amct_json_get_number(other, "loss_alone"), loss_decimals);
    }
    fprintf(out, "</td>");
}

static void write_layer(const amct_page *page, const cJSON *layer, int us_decimals, int kb_decimals,
                        int loss_decimals)
{
    fprintf(page->out, "<tr>");
    write_text(page, "name", amct_json_get_text(layer, "name"));
    write_text(page, "", amct_json_get_text(layer, "op"));
    write_text(page, "", amct_json_get_text(layer, "bits"));
    write_channels(page, layer);
    write_number(page, amct_json_get_number(layer, "rank"), 0);
    write_number(page, amct_json_get_number(layer, "baseline_latency_us"), us_decimals);
    write_number(page, amct_json_get_number(layer, "latency_us"), us_decimals);
    write_number(page, amct_json_get_number(layer, "bytes") / 1e3, kb_decimals);
    write_number(page, 1e3 * amct_json_get_number(layer, "loss_alone"), loss_decimals);
    write_alternatives(page, layer, loss_decimals);
    write_reasons_of(page, layer);
    fprintf(page->out, "</tr>\n");
}

void amct_page_layers(const amct_page *page)
{
    static const column columns[] = {
        {"Layer", "", false},
        {"Operator", "", false},
        {"Bits", "", false},
        {"Channels", "", true},
        {"Rank", "", true},
        {"Before", "\u00b5s", true},
        {"After", "\u00b5s", true},
        {"Size", "kB", true},
        {"Loss alone", "10\u207b\u00b3", true},
        {"Other level", "", false},
        {"Network with it", "\u00b5s", true},
        {"Loss alone", "10\u207b\u00b3", true},
        {"Why", "", false},
    };
    FILE *out = page->out;
    const cJSON *layers = amct_json_get_items(page->result, "layers");
    int before = column_decimals(layers, "baseline_latency_us", 1, 4);
    int after = column_decimals(layers, "latency_us", 1, 4);
    int kb = column_decimals(layers, "bytes", 1e-3, 4);
    int loss = column_decimals(layers, "loss_alone", 1e3, 3);
    fprintf(out, "<section>\n<h2>Layers</h2>\n");
    if (!layers) {
        fprintf(out, "<p>No layer is listed.</p>\n</section>\n");
        return;
    }
    begin_table(page, amct_page_name_width(layers), columns, sizeof columns / sizeof *columns);
    for (const cJSON *layer = layers; layer; layer = layer->next)
        write_layer(page, layer, before > after ? before : after, kb, loss);
    end_table(page);
    fprintf(
        out,
        "<p class=\"quiet\">\u201cNetwork with it\u201d is what the whole network would take more "
        "(+) or less (\u2212) with that level of the layer and everything else as chosen. "
        "\u201cLoss alone\u201d is how far the outputs move (mean KL divergence, or 1 \u2212 "
        "cosine) when only this layer is at that level. Sizes are of weights, biases and scales as "
        "the "
        "device stores them.</p>\n</section>\n");
}

typedef struct skip {
    const char *name, *level, *reason;
    size_t place;
} skip;

static int compare_reasons(const skip *x, const skip *y)
{
    int order = strcmp(x->level, y->level);
    return order ? order : strcmp(x->reason, y->reason);
}

static int by_reason(const void *a, const void *b)
{
    const skip *x = a, *y = b;
    int order = compare_reasons(x, y);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* The layers of one reason; returns how many they are. */
static size_t write_reason(const amct_page *page, const skip *skips, size_t n)
{
    FILE *out = page->out;
    size_t same = 1;
    while (same < n && compare_reasons(&skips[same], &skips[0]) == 0)
        same++;
    fprintf(out, "<tr>");
    write_text(page, "", *skips[0].level ? skips[0].level : "all");
    write_text(page, "why", *skips[0].reason ? skips[0].reason : NULL);
    fprintf(out, "<td class=\"n\">%zu</td><td class=\"name\">", same);
    for (size_t i = 0; i < same; i++) {
        fprintf(out, i ? ", <bdi>" : "<bdi>");
        amct_html_name(out, skips[i].name);
        fprintf(out, "</bdi>");
    }
    fprintf(out, "</td></tr>\n");
    return same;
}

static void write_reasons(const amct_page *page, const cJSON *list, skip *skips)
{
    static const column columns[] = {
        {"Level", "", false}, {"Reason", "", false}, {"Layers", "", true}, {"Names", "", false}};
    size_t n = 0;
    for (const cJSON *item = list; item; item = item->next, n++) {
        const char *reason = amct_json_get_text(item, "reason");
        const char *level = amct_json_get_text(item, "level");
        skips[n] =
            (skip){amct_json_get_text(item, "name"), level ? level : "", reason ? reason : "", n};
    }
    qsort(skips, n, sizeof *skips, by_reason);
    begin_table(page, amct_page_name_width(list), columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < n;)
        i += write_reason(page, &skips[i], n - i);
    end_table(page);
}

void amct_page_skipped(const amct_page *page)
{
    const cJSON *list = amct_json_get_items(page->result, "skipped");
    size_t n = 0;
    for (const cJSON *item = list; item; item = item->next)
        n++;
    skip *skips = malloc((n + 1) * sizeof *skips);
    *page->failed |= !skips;
    fprintf(page->out, "<section>\n<h2>What was not tried</h2>\n");
    if (n && skips)
        write_reasons(page, list, skips);
    else
        fprintf(page->out, "<p>None.</p>\n");
    free(skips);
    fprintf(page->out, "</section>\n");
}

void amct_page_front(const amct_page *page)
{
    const column columns[] = {{"Latency", "ms", true},
                              {"Speed-up", "", true},
                              {"Expected drop", page->drop_unit, true},
                              {"Size", "MB", true},
                              {"Candidate", "", true}};
    FILE *out = page->out;
    const cJSON *front = amct_json_get_items(page->result, "front");
    int ms = column_decimals(front, "latency_ms", 1, 4);
    int mb = column_decimals(front, "bytes", 1e-6, 3);
    if (!front)
        return;
    fprintf(out, "<section>\n<h2>Pareto front</h2>\n<p>Any of these can be written without another "
                 "search: <code>amct-autotune export . --budget RATIO</code></p>\n");
    begin_table(page, 12, columns, sizeof columns / sizeof *columns);
    for (const cJSON *point = front; point; point = point->next) {
        double latency_ms = amct_json_get_number(point, "latency_ms");
        fprintf(out, "<tr>");
        write_number(page, latency_ms, ms);
        write_number(page, page->original_ms / latency_ms, 2);
        write_number(page, page->factor * amct_json_get_number(point, "drop"), page->decimals + 1);
        write_number(page, amct_json_get_number(point, "bytes") / 1e6, mb);
        write_number(page, amct_json_get_number(point, "candidate"), 0);
        fprintf(out, "</tr>\n");
    }
    end_table(page);
    fprintf(out, "</section>\n");
}
