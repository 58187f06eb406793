/*
 * plot.h - the frame of a chart as inline SVG: grid, axes, marks. Across it is as wide as the page
 * (positions are percentages, so that texts keep their size), down it counts in pixels. [any
 * thread]
 */
#ifndef AMCT_REPORT_PLOT_H
#define AMCT_REPORT_PLOT_H

#include "report/axis.h"

#include <stdbool.h>
#include <stdio.h>

enum { AMCT_PLOT_HEIGHT = 340 }; /* of the area within the axes */

typedef struct amct_plot {
    FILE *out;
    amct_axis x, y;
} amct_plot;

typedef enum amct_mark {
    AMCT_MARK_PROBE,
    AMCT_MARK_REJECTED,
    AMCT_MARK_FULL,
    AMCT_MARK_FRONT,
    AMCT_MARK_ORIGINAL,
    AMCT_MARK_CHOSEN,
    AMCT_MARK_ABOVE, /* beyond the scale */
    AMCT_MARK_BELOW,
} amct_mark;

/* Draws grid and labels of the ticks; what is drawn until amct_plot_end lies on top. The summary is
 * for those who cannot see it, plain text of ours. */
void amct_plot_begin(const amct_plot *plot, const char *summary);
void amct_plot_end(const amct_plot *plot);

/* A mark, its position held within the axes. What the caller writes until amct_plot_close_mark,
 * escaped, is its tooltip. */
void amct_plot_open_mark(const amct_plot *plot, amct_mark mark, double x, double y);
void amct_plot_close_mark(const amct_plot *plot, amct_mark mark);

/* A line of a class of the style sheet, held within the axes; nothing if all of it is beyond one
 * side, or a value is NAN. */
void amct_plot_line(const amct_plot *plot, const char *class, double x0, double y0, double x1,
                    double y1);
/* Plain text of ours beside (x, y), on the side where the chart has more room; above it or below.
 */
void amct_plot_note(const amct_plot *plot, double x, double y, bool below, const char *text);

/* The mark with its meaning, for legends. */
void amct_plot_key(FILE *out, amct_mark mark, const char *meaning);

#endif
