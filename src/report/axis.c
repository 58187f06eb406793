#include "report/axis.h"

#include <math.h>

void amct_range_widen(amct_range *range, double value)
{
    if (!isfinite(value))
        return;
    range->lo = fmin(range->lo, value); /* these pass over NAN */
    range->hi = fmax(range->hi, value);
}

static double tame(double value)
{
    return isfinite(value) ? fmin(fmax(value, -1e300), 1e300) : 0;
}

/* The least round step of which at most max_ticks fit into the range. */
static double round_step(double range, int max_ticks)
{
    static const double round[] = {1, 2, 5, 10};
    double least = range / (max_ticks - 1), power = pow(10, floor(log10(least)));
    for (int i = 0; i < 3; i++)
        if (round[i] * power >= least * (1 - 1e-9))
            return round[i] * power;
    return round[3] * power;
}

static void count_ticks(amct_axis *axis)
{
    /* what arithmetic loses must not lose a tick at an end */
    double slack = 1e-6 * axis->step;
    axis->first = ceil((axis->lo - slack) / axis->step) * axis->step;
    axis->n_ticks = (int)floor((axis->hi + slack - axis->first) / axis->step) + 1;
}

amct_axis amct_axis_make(double lo, double hi, int max_ticks)
{
    amct_axis axis = {.lo = fmin(tame(lo), tame(hi)), .hi = fmax(tame(lo), tame(hi))};
    double size = fmax(fabs(axis.lo), fabs(axis.hi)), least = fmax(1e-6 * size, 1e-12);
    if (axis.hi - axis.lo < least) {
        double wider = axis.hi - axis.lo > 0 ? least : size > 0 ? 0.1 * size : 1;
        axis.lo -= fmax(wider, least) / 2;
        axis.hi += fmax(wider, least) / 2;
    }
    axis.step = round_step(axis.hi - axis.lo, max_ticks);
    axis.decimals = (int)fmin(fmax(-floor(log10(axis.step) + 1e-9), 0), 12);
    count_ticks(&axis);
    return axis;
}

double amct_axis_tick(const amct_axis *axis, int i)
{
    return axis->first + i * axis->step;
}

double amct_axis_place(const amct_axis *axis, double value)
{
    return (value - axis->lo) / (axis->hi - axis->lo);
}
