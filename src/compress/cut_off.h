/*
 * cut_off.h - what an activation cuts off: all below low and above high, which may be infinite.
 */
#ifndef AMCT_COMPRESS_CUT_OFF_H
#define AMCT_COMPRESS_CUT_OFF_H

#include <math.h>

static inline double amct_cut(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

/* What a result should aim at, given what it is: where `want` is cut off it only has to be cut off,
 * too. The square distance to it bounds the one behind the cut, and is the same unless `have` is
 * cut off and `want` is not: solving for it again and again is a majorisation, all but there. */
static inline double amct_cut_aim(double want, double have, double low, double high)
{
    return want <= low ? fmin(have, low) : want >= high ? fmax(have, high) : want;
}

#endif
