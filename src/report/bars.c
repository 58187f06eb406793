/* Chart 3: latency of each layer before and after, one row a layer. A table, so that names can be
 * cut to the width there is, and pages break between rows. */
#include "report/axis.h"
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"

#include <math.h>

typedef struct layer_sums {
    double before_us, after_us, most_us;
    unsigned shown, fused;
} layer_sums;

static layer_sums add_up(const cJSON *layers)
{
    layer_sums sums = {0};
    for (const cJSON *layer = layers; layer; layer = layer->next) {
        double before = amct_json_get_number(layer, "baseline_latency_us");
        double after = amct_json_get_number(layer, "latency_us");
        bool shown = !isnan(before) || !isnan(after);
        sums.shown += shown;
        sums.fused += !shown;
        sums.before_us += isnan(before) ? 0 : before;
        sums.after_us += isnan(after) ? 0 : after;
        sums.most_us = fmax(sums.most_us, fmax(before, after));
    }
    return sums;
}

static void draw_bar(const amct_page *page, const amct_axis *axis, const char *class, double us,
                     int y, int height)
{
    double width = 100 * fmin(fmax(amct_axis_place(axis, us), 0), 1);
    if (!isnan(us))
        fprintf(page->out, "<rect class=\"%s\" y=\"%d\" height=\"%d\" width=\"%.2f%%\"/>", class, y,
                height, width);
}

static void write_row(const amct_page *page, const amct_axis *axis, const char *name, double before,
                      double after)
{
    FILE *out = page->out;
    int decimals = amct_html_decimals(fmax(before, after), 3);
    fprintf(out, "<tr title=\"");
    amct_html_text(out, name);
    fprintf(out, ": ");
    amct_html_number(out, before, decimals);
    fprintf(out, " \u2192 ");
    amct_html_number(out, after, decimals);
    fprintf(out, " \u00b5s\"><th scope=\"row\"><span><bdi>");
    amct_html_text(out, name);
    fprintf(out, "</bdi></span></th><td><svg width=\"100%%\" height=\"14\" aria-hidden=\"true\">");
    draw_bar(page, axis, "before", before, 1, 12);
    draw_bar(page, axis, "after", after, 4, 6);
    fprintf(out, "</svg></td></tr>\n");
}

static void write_scale(const amct_page *page, const amct_axis *axis)
{
    fprintf(page->out,
            "<thead><tr><th>Latency (\u00b5s)</th><td><svg width=\"100%%\" height=\"18\">"
            "<g class=\"ticks\">");
    for (int i = 0; i < axis->n_ticks; i++) {
        double tick = amct_axis_tick(axis, i);
        fprintf(page->out, "<text class=\"mid\" x=\"%.2f%%\" y=\"13\">",
                100 * amct_axis_place(axis, tick));
        amct_html_number(page->out, tick, axis->decimals);
        fprintf(page->out, "</text>");
    }
    fprintf(page->out, "</g></svg></td></tr></thead>\n");
}

/* Too large beside single layers to be a bar. */
static void write_rest(const amct_page *page, const layer_sums *sums)
{
    double before = 1e3 * page->original_ms - sums->before_us;
    double after = 1e3 * page->best_ms - sums->after_us;
    if (!(before > 0 && after > 0))
        return;
    fprintf(page->out, " Everything else (the fixed cost of a run, operators that are no layers, "
                       "conversions between levels) takes ");
    amct_html_number(page->out, before, amct_html_decimals(before, 4));
    fprintf(page->out, " \u2192 ");
    amct_html_number(page->out, after, amct_html_decimals(before, 4));
    fprintf(page->out, "\u00a0\u00b5s.");
}

void amct_page_bars(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *layers = amct_json_get_items(page->result, "layers");
    layer_sums sums = add_up(layers);
    fprintf(out, "<figure>\n<h2>Latency per layer, before and after</h2>\n");
    if (!sums.shown) {
        fprintf(out, "<p>No layer has a latency.</p>\n</figure>\n");
        return;
    }
    const amct_axis axis = amct_axis_make(0, fmax(sums.most_us, 1e-9), 6);
    fprintf(out,
            "<p class=\"keys\"><span class=\"key\"><svg width=\"26\" height=\"14\"><rect "
            "class=\"before\" y=\"1\" width=\"26\" height=\"12\"/></svg>original</span>\n"
            "<span class=\"key\"><svg width=\"26\" height=\"14\"><rect class=\"after\" y=\"4\" "
            "width=\"26\" height=\"6\"/></svg>chosen</span></p>\n");
    fprintf(out, "<table class=\"bars\" style=\"--step:%.3f%%;--name:%dch\">\n",
            100 * axis.step / (axis.hi - axis.lo), amct_page_name_width(layers));
    write_scale(page, &axis);
    fprintf(out, "<tbody>\n");
    for (const cJSON *layer = layers; layer; layer = layer->next) {
        double before = amct_json_get_number(layer, "baseline_latency_us");
        double after = amct_json_get_number(layer, "latency_us");
        if (!isnan(before) || !isnan(after))
            write_row(page, &axis, amct_json_get_text(layer, "name"), before, after);
    }
    fprintf(out, "</tbody></table>\n<figcaption>In the order of the network.");
    write_rest(page, &sums);
    if (sums.fused)
        fprintf(out, " %u layers that run as part of another are not shown.", sums.fused);
    fprintf(out, "</figcaption>\n</figure>\n");
}
