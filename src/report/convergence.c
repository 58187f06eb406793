/* Chart 2: how the best latency fell while the search went on. */
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"
#include "report/plot.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { COLUMNS = 500, ROWS = AMCT_PLOT_HEIGHT / 2 }; /* one dot in each cell at most */

typedef struct course {
    const amct_page *page;
    const cJSON *steps;
    double end; /* evaluations */
} course;

static bool is_evaluation(const amct_report_point *p)
{
    return !p->probe && !p->refined;
}

static course find_course(const amct_page *page)
{
    course c = {page, amct_json_get_items(page->result, "convergence"), 0};
    amct_range x = {0, 0};
    double counted = 0;
    amct_range_widen(&x, amct_json_get_number(page->result, "evaluations"));
    for (const cJSON *step = c.steps; step; step = step->next)
        amct_range_widen(&x, amct_json_get_number(step, "evaluations"));
    for (size_t i = 0; i < page->n; i++)
        counted += is_evaluation(&page->points[i]);
    amct_range_widen(&x, counted);
    c.end = x.hi;
    return c;
}

static amct_axis latency_axis(const course *c)
{
    const amct_page *page = c->page;
    amct_range range = {NAN, NAN};
    amct_range_widen(&range, page->original_ms);
    amct_range_widen(&range, page->best_ms);
    for (const cJSON *step = c->steps; step; step = step->next)
        amct_range_widen(&range, amct_json_get_number(step, "latency_ms"));
    for (size_t i = 0; i < page->n; i++)
        if (!page->points[i].probe)
            amct_range_widen(&range, page->points[i].latency_ms);
    double margin = 0.06 * (range.hi - range.lo);
    return amct_axis_make(range.lo - margin, range.hi + margin, 6);
}

static void draw_candidates(const course *c, const amct_plot *plot)
{
    const amct_page *page = c->page;
    uint8_t *taken = calloc(ROWS, COLUMNS);
    *page->failed |= !taken;
    double number = 0;
    for (size_t i = 0; taken && i < page->n; i++) {
        const amct_report_point *p = &page->points[i];
        number += is_evaluation(p);
        if (p->probe || !isfinite(p->latency_ms))
            continue;
        double right = fmin(fmax(amct_axis_place(&plot->x, number), 0), 1);
        double up = fmin(fmax(amct_axis_place(&plot->y, p->latency_ms), 0), 1);
        size_t cell = (size_t)(up * (ROWS - 1)) * COLUMNS + (size_t)(right * (COLUMNS - 1));
        if (taken[cell])
            continue;
        taken[cell] = 1;
        amct_mark mark = p->complete ? AMCT_MARK_FULL : AMCT_MARK_REJECTED;
        amct_plot_open_mark(plot, mark, number, p->latency_ms);
        fprintf(page->out, "evaluation %.0f, candidate %llu%s: ", number,
                (unsigned long long)p->number, p->refined ? ", refined" : "");
        amct_page_ms(page, p->latency_ms);
        amct_plot_close_mark(plot, mark);
    }
    free(taken);
}

static void draw_best(const course *c, const amct_plot *plot)
{
    double last_x = NAN, last_y = NAN;
    for (const cJSON *step = c->steps; step; step = step->next) {
        double x = amct_json_get_number(step, "evaluations"),
               y = amct_json_get_number(step, "latency_ms");
        if (isnan(x) || isnan(y))
            continue;
        if (!isnan(last_x)) {
            amct_plot_line(plot, "best", last_x, last_y, x, last_y);
            amct_plot_line(plot, "best", x, last_y, x, y);
        }
        last_x = x;
        last_y = y;
    }
    if (!isnan(last_x))
        amct_plot_line(plot, "best", last_x, last_y, c->end, last_y);
}

/* A level line across the chart with its name. */
static void draw_level(const amct_plot *plot, double latency_ms, bool below, const char *name)
{
    if (isnan(latency_ms))
        return;
    amct_plot_line(plot, "level", plot->x.lo, latency_ms, plot->x.hi, latency_ms);
    amct_plot_note(plot, plot->x.hi, latency_ms, below, name);
}

void amct_page_convergence(const amct_page *page)
{
    FILE *out = page->out;
    course c = find_course(page);
    fprintf(out, "<figure class=\"chart\">\n<h2>How the search converged</h2>\n");
    if (!(c.end > 1)) {
        fprintf(out, "<p>%s candidate was measured.</p>\n</figure>\n", c.end > 0 ? "One" : "No");
        return;
    }
    /* from 5 on ticks are whole numbers */
    const amct_plot plot = {out, amct_axis_make(0, fmax(c.end, 5), 8), latency_axis(&c)};
    fprintf(out, "<p class=\"axis\">Latency (ms)</p>\n");
    amct_plot_begin(&plot, "Best latency over the evaluations");
    draw_level(&plot, page->original_ms, false, "original");
    fprintf(out, "<g class=\"faint\">\n");
    draw_candidates(&c, &plot);
    fprintf(out, "</g>\n");
    draw_best(&c, &plot);
    draw_level(&plot, page->best_ms, true, "chosen");
    amct_plot_end(&plot);
    fprintf(out, "<p class=\"axis x\">Evaluations (candidates measured)</p>\n");
    if (!c.steps)
        fprintf(out, "<p>No candidate was found that is likely to meet the budget.</p>\n");
    fprintf(out, "<figcaption>The line is the fastest candidate so far that is likely to meet the "
                 "budget; it may rise when more evidence tells against one. Filled dots were "
                 "measured in full, hollow ones given up early.</figcaption>\n</figure>\n");
}
