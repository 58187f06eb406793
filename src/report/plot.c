#include "report/plot.h"

#include "report/html.h"

#include <math.h>

/* Circles have a radius, the others a path about (0, 0). */
static const struct {
    const char *class;
    double radius;
    const char *path;
} marks[] = {
    [AMCT_MARK_PROBE] = {"probe", 1.7, NULL},
    [AMCT_MARK_REJECTED] = {"rejected", 2.8, NULL},
    [AMCT_MARK_FULL] = {"full", 3.2, NULL},
    [AMCT_MARK_FRONT] = {"front", 4, NULL},
    [AMCT_MARK_ORIGINAL] = {"original", 0, "M-5-5H5V5H-5z"},
    [AMCT_MARK_CHOSEN] = {"chosen", 0, "M0-8 8 0 0 8-8 0z"},
    [AMCT_MARK_ABOVE] = {"beyond", 0, "M0-1 4 6H-4z"},
    [AMCT_MARK_BELOW] = {"beyond", 0, "M0 1 4-6H-4z"},
};

static double hold(double place)
{
    return fmin(fmax(place, 0), 1);
}

static double across(const amct_plot *plot, double x)
{
    return 100 * hold(amct_axis_place(&plot->x, x));
}

static double down(const amct_plot *plot, double y)
{
    return AMCT_PLOT_HEIGHT * (1 - hold(amct_axis_place(&plot->y, y)));
}

void amct_plot_begin(const amct_plot *plot, const char *summary)
{
    FILE *out = plot->out;
    enum { BELOW = 24 }; /* for the labels of the x axis */
    fprintf(out,
            "<div class=\"plot\"><svg role=\"img\" width=\"100%%\" height=\"%d\" "
            "aria-label=\"",
            AMCT_PLOT_HEIGHT + BELOW);
    amct_html_text(out, summary);
    fprintf(out, "\">\n<g class=\"grid\">");
    for (int i = 0; i < plot->y.n_ticks; i++) {
        double y = down(plot, amct_axis_tick(&plot->y, i));
        fprintf(out, "<line x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>", y, y);
    }
    for (int i = 0; i < plot->x.n_ticks; i++) {
        double x = across(plot, amct_axis_tick(&plot->x, i));
        fprintf(out, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%d\"/>", x, x,
                AMCT_PLOT_HEIGHT);
    }
    fprintf(out, "</g>\n<g class=\"ticks\">");
    for (int i = 0; i < plot->y.n_ticks; i++) {
        double value = amct_axis_tick(&plot->y, i);
        fprintf(out, "<text class=\"end\" x=\"-8\" y=\"%.1f\" dy=\"4\">", down(plot, value));
        amct_html_number(out, value, plot->y.decimals);
        fprintf(out, "</text>");
    }
    for (int i = 0; i < plot->x.n_ticks; i++) {
        double value = amct_axis_tick(&plot->x, i);
        fprintf(out, "<text class=\"mid\" x=\"%.2f%%\" y=\"%d\">", across(plot, value),
                AMCT_PLOT_HEIGHT + 18);
        amct_html_number(out, value, plot->x.decimals);
        fprintf(out, "</text>");
    }
    fprintf(out, "</g>\n");
}

void amct_plot_end(const amct_plot *plot)
{
    fprintf(plot->out, "</svg></div>\n");
}

void amct_plot_open_mark(const amct_plot *plot, amct_mark mark, double x, double y)
{
    if (marks[mark].path)
        fprintf(plot->out,
                "<svg class=\"m %s\" x=\"%.2f%%\" y=\"%.1f\" overflow=\"visible\"><title>",
                marks[mark].class, across(plot, x), down(plot, y));
    else
        fprintf(plot->out, "<circle class=\"m %s\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"%g\"><title>",
                marks[mark].class, across(plot, x), down(plot, y), marks[mark].radius);
}

void amct_plot_close_mark(const amct_plot *plot, amct_mark mark)
{
    if (marks[mark].path)
        fprintf(plot->out, "</title><path d=\"%s\"/></svg>\n", marks[mark].path);
    else
        fprintf(plot->out, "</title></circle>\n");
}

static bool beyond(const amct_axis *axis, double a, double b)
{
    return (a > axis->hi && b > axis->hi) || (a < axis->lo && b < axis->lo);
}

void amct_plot_line(const amct_plot *plot, const char *class, double x0, double y0, double x1,
                    double y1)
{
    if (isnan(x0 + y0 + x1 + y1) || beyond(&plot->x, x0, x1) || beyond(&plot->y, y0, y1))
        return;
    fprintf(plot->out, "<line class=\"%s\" x1=\"%.2f%%\" y1=\"%.1f\" x2=\"%.2f%%\" y2=\"%.1f\"/>\n",
            class, across(plot, x0), down(plot, y0), across(plot, x1), down(plot, y1));
}

void amct_plot_note(const amct_plot *plot, double x, double y, bool below, const char *text)
{
    bool right = amct_axis_place(&plot->x, x) < 0.55;
    fprintf(plot->out, "<text class=\"note%s\" x=\"%.2f%%\" y=\"%.1f\" dx=\"%d\" dy=\"%d\">",
            right ? "" : " end", across(plot, x), down(plot, y), right ? 11 : -11, below ? 17 : -8);
    amct_html_text(plot->out, text);
    fprintf(plot->out, "</text>\n");
}

void amct_plot_key(FILE *out, amct_mark mark, const char *meaning)
{
    fprintf(out, "<span class=\"key\"><svg width=\"16\" height=\"16\" viewBox=\"-8 -8 16 16\" "
                 "aria-hidden=\"true\">");
    if (marks[mark].path)
        fprintf(out, "<path class=\"%s\" d=\"%s\"/>", marks[mark].class, marks[mark].path);
    else
        fprintf(out, "<circle class=\"%s\" r=\"%g\"/>", marks[mark].class, marks[mark].radius);
    fprintf(out, "</svg>");
    amct_html_text(out, meaning);
    fprintf(out, "</span>\n");
}
