/* Chart 1: drop against latency of every candidate that was measured. */
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"
#include "report/plot.h"

#include <math.h>
#include <stdlib.h>

/* Dots that would lie on each other are drawn once: a study of 100,000 stays a page of a few MB. */
enum { COLUMNS = 700, ROWS = AMCT_PLOT_HEIGHT, KINDS = 3 };

static bool is_drawn(const amct_report_point *p)
{
    return isfinite(p->latency_ms) && isfinite(p->drop);
}

static amct_mark mark_of(const amct_report_point *p)
{
    return p->probe ? AMCT_MARK_PROBE : p->complete ? AMCT_MARK_FULL : AMCT_MARK_REJECTED;
}

static amct_axis latency_axis(const amct_page *page)
{
    amct_range s = {NAN, NAN};
    amct_range_widen(&s, page->original_ms);
    amct_range_widen(&s, page->best_ms);
    for (const cJSON *p = amct_json_get_items(page->result, "front"); p; p = p->next)
        amct_range_widen(&s, amct_json_get_number(p, "latency_ms"));
    for (size_t i = 0; i < page->n; i++)
        if (is_drawn(&page->points[i]))
            amct_range_widen(&s, page->points[i].latency_ms);
    double margin = 0.03 * (s.hi - s.lo);
    return amct_axis_make(s.lo - margin, s.hi + margin, 8);
}

/* Bad candidates may be fifty points beyond a budget of one: what matters lies about the budget, so
 * the scale ends at three budgets, or where the chosen one needs it. */
static amct_axis drop_axis(const amct_page *page)
{
    amct_range need = {0, 0}, s;
    amct_range_widen(&need, page->budget);
    amct_range_widen(&need, page->best_drop);
    amct_range_widen(&need, page->best_drop_lo);
    amct_range_widen(&need, page->best_drop_hi);
    s = need;
    for (const cJSON *p = amct_json_get_items(page->result, "front"); p; p = p->next)
        amct_range_widen(&s, amct_json_get_number(p, "drop"));
    for (size_t i = 0; i < page->n; i++)
        if (is_drawn(&page->points[i]))
            amct_range_widen(&s, page->points[i].drop);
    if (page->budget > 0) {
        s.hi = fmin(s.hi, fmax(need.hi, 3 * page->budget));
        s.lo = fmax(s.lo, fmin(need.lo, -page->budget));
    }
    double margin = 0.04 * (s.hi - s.lo);
    return amct_axis_make(page->factor * (s.lo - margin), page->factor * (s.hi + margin), 7);
}

static void draw_point(const amct_page *page, const amct_plot *plot, const amct_report_point *p,
                       uint8_t *taken)
{
    amct_mark mark = mark_of(p), kind = mark;
    double drop = page->factor * p->drop, right = amct_axis_place(&plot->x, p->latency_ms),
           up = amct_axis_place(&plot->y, drop);
    mark = up > 1 ? AMCT_MARK_ABOVE : up < 0 ? AMCT_MARK_BELOW : mark;
    size_t column = (size_t)(fmin(fmax(right, 0), 1) * (COLUMNS - 1));
    size_t row = (size_t)(fmin(fmax(up, 0), 1) * (ROWS - 1));
    size_t cell = ((size_t)kind * ROWS + row) * COLUMNS + column;
    if (taken[cell])
        return;
    taken[cell] = 1;
    amct_plot_open_mark(plot, mark, p->latency_ms, drop);
    fprintf(page->out, "%s %llu: ", p->probe ? "first look" : "candidate",
            (unsigned long long)p->number);
    amct_page_ms(page, p->latency_ms);
    fprintf(page->out, ", drop ");
    amct_page_drop(page, p->drop);
    fprintf(page->out, " on %u samples%s", p->samples,
            p->complete || p->probe ? "" : ", then given up");
    amct_plot_close_mark(plot, mark);
}

static void draw_points(const amct_page *page, const amct_plot *plot)
{
    static const amct_mark order[KINDS] = {AMCT_MARK_PROBE, AMCT_MARK_REJECTED, AMCT_MARK_FULL};
    uint8_t *taken = calloc((size_t)KINDS * ROWS, COLUMNS);
    *page->failed |= !taken;
    for (int k = 0; taken && k < KINDS; k++)
        for (size_t i = 0; i < page->n; i++)
            if (is_drawn(&page->points[i]) && mark_of(&page->points[i]) == order[k])
                draw_point(page, plot, &page->points[i], taken);
    free(taken);
}

/* Stairs: what lies right of and above a point of the front is beaten by it. */
static void draw_front(const amct_page *page, const amct_plot *plot)
{
    const cJSON *front = amct_json_get_items(page->result, "front");
    double last_x = NAN, last_y = NAN;
    for (const cJSON *item = front; item; item = item->next) {
        double x = amct_json_get_number(item, "latency_ms");
        double y = page->factor * amct_json_get_number(item, "drop");
        if (isnan(x) || isnan(y))
            continue;
        if (!isnan(last_x)) {
            amct_plot_line(plot, "stairs", last_x, last_y, x, last_y);
            amct_plot_line(plot, "stairs", x, last_y, x, y);
        }
        last_x = x;
        last_y = y;
    }
    for (const cJSON *item = front; item; item = item->next) {
        double x = amct_json_get_number(item, "latency_ms"),
               drop = amct_json_get_number(item, "drop");
        double up = amct_axis_place(&plot->y, page->factor * drop);
        if (isnan(x) || !(up >= 0 && up <= 1))
            continue;
        amct_plot_open_mark(plot, AMCT_MARK_FRONT, x, page->factor * drop);
        fprintf(page->out, "front, candidate ");
        amct_html_number(page->out, amct_json_get_number(item, "candidate"), 0);
        fprintf(page->out, ": ");
        amct_page_ms(page, x);
        fprintf(page->out, ", expected drop ");
        amct_page_drop(page, drop);
        amct_plot_close_mark(plot, AMCT_MARK_FRONT);
    }
}

static void draw_original(const amct_page *page, const amct_plot *plot)
{
    if (isnan(page->original_ms))
        return;
    amct_plot_open_mark(plot, AMCT_MARK_ORIGINAL, page->original_ms, 0);
    fprintf(page->out, "original: ");
    amct_page_ms(page, page->original_ms);
    amct_plot_close_mark(plot, AMCT_MARK_ORIGINAL);
    amct_plot_note(plot, page->original_ms, 0, true, "original");
}

static void draw_chosen(const amct_page *page, const amct_plot *plot)
{
    double x = page->best_ms, y = page->factor * page->best_drop;
    if (isnan(x) || isnan(y))
        return;
    amct_plot_line(plot, "error", x, page->factor * page->best_drop_lo, x,
                   page->factor * page->best_drop_hi);
    amct_plot_open_mark(plot, AMCT_MARK_CHOSEN, x, y);
    fprintf(page->out, "chosen: ");
    amct_page_ms(page, x);
    fprintf(page->out, ", drop ");
    amct_page_drop(page, page->best_drop);
    amct_plot_close_mark(plot, AMCT_MARK_CHOSEN);
    amct_plot_note(plot, x, y, false, "chosen");
}

static void write_caption(const amct_page *page, const amct_plot *plot)
{
    FILE *out = page->out;
    size_t above = 0, below = 0, missing = 0;
    double most = 0;
    bool probes = false, rejected = false;
    const char *form = amct_json_get_text(page->best, "form");
    bool restored = amct_json_get_true(page->best, "restored");
    for (size_t i = 0; i < page->n; i++) {
        const amct_report_point *p = &page->points[i];
        double up = amct_axis_place(&plot->y, page->factor * p->drop);
        missing += !is_drawn(p);
        above += is_drawn(p) && up > 1;
        below += is_drawn(p) && up < 0;
        if (is_drawn(p))
            most = fmax(most, p->drop);
        probes = probes || p->probe;
        rejected = rejected || (!p->probe && !p->complete);
    }
    fprintf(out, "<p class=\"keys\">");
    amct_plot_key(out, AMCT_MARK_CHOSEN, "chosen");
    amct_plot_key(out, AMCT_MARK_ORIGINAL, "original");
    amct_plot_key(out, AMCT_MARK_FRONT, "Pareto front");
    amct_plot_key(out, AMCT_MARK_FULL, "measured in full");
    if (rejected)
        amct_plot_key(out, AMCT_MARK_REJECTED, "given up early");
    if (probes)
        amct_plot_key(out, AMCT_MARK_PROBE, "first look at one layer");
    if (above || below)
        amct_plot_key(out, above ? AMCT_MARK_ABOVE : AMCT_MARK_BELOW, "beyond the scale");
    fprintf(
        out,
        "</p>\n<figcaption>Down and to the left is better. Dots stand where their samples put "
        "them; the front stands at the drop to be expected, which also counts how far the "
        "outputs have moved. The chosen model%s%s%s%s stands at the drop of the verdict, with its "
        "interval.",
        form ? ", " : "", restored ? "restored, " : "", form ? form : "", form ? "," : "");
    if (above) {
        fprintf(out, " %zu candidate%s above the scale, up to ", above,
                above > 1 ? "s lie" : " lies");
        amct_page_drop(page, most);
        fprintf(out, ".");
    }
    if (missing)
        fprintf(out, " %zu could not be measured.", missing);
    fprintf(out, "</figcaption>\n");
}

void amct_page_scatter(const amct_page *page)
{
    FILE *out = page->out;
    const amct_plot plot = {out, latency_axis(page), drop_axis(page)};
    fprintf(out, "<figure class=\"chart\">\n<h2>What was tried</h2>\n");
    if (!page->n) {
        fprintf(out, "<p>No candidate was measured.</p>\n</figure>\n");
        return;
    }
    fprintf(out, "<p class=\"axis\">Drop of ");
    amct_html_text(out, page->metric);
    fprintf(out, *page->drop_unit ? " (%s)</p>\n" : "%s</p>\n", page->drop_unit);
    amct_plot_begin(&plot, "Drop of accuracy against latency of every candidate");
    if (page->budget > 0) {
        double y = page->factor * page->budget;
        amct_plot_line(&plot, "budget", plot.x.lo, y, plot.x.hi, y);
        amct_plot_note(&plot, plot.x.hi, y, false, "budget");
    }
    draw_points(page, &plot);
    draw_front(page, &plot);
    draw_original(page, &plot);
    draw_chosen(page, &plot);
    amct_plot_end(&plot);
    fprintf(out, "<p class=\"axis x\">Latency on ");
    amct_page_target(page);
    fprintf(out, " (ms)</p>\n");
    write_caption(page, &plot);
    fprintf(out, "</figure>\n");
}
