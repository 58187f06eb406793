/*
 * axis.h - a linear scale with round ticks. [any thread]
 */
#ifndef AMCT_REPORT_AXIS_H
#define AMCT_REPORT_AXIS_H

typedef struct amct_axis {
    double lo, hi; /* where it ends; lo < hi */
    double step;   /* between ticks: 1, 2 or 5 times a power of ten */
    double first;  /* tick, the first not below lo */
    int n_ticks;
    int decimals; /* that tell all ticks apart */
} amct_axis;

/* What an axis should cover; begins as {NAN, NAN}. */
typedef struct amct_range {
    double lo, hi;
} amct_range;
/* Values that are not finite change nothing. */
void amct_range_widen(amct_range *range, double value);

/* An axis from lo to hi, in either order and widened if they are too near each other for a double
 * to tell ticks apart, with at least one tick and at most max_ticks >= 4. Values that are not
 * finite count as 0, those beyond 1e300 as that. */
amct_axis amct_axis_make(double lo, double hi, int max_ticks);

double amct_axis_tick(const amct_axis *axis, int i);
/* 0 at lo, 1 at hi; beyond them if value is. */
double amct_axis_place(const amct_axis *axis, double value);

#endif
