/*
 * cut_off.h - what an activation cuts off: all below low and above high, which may be infinite.
 */
#ifndef AMCT_COMPRESS_CUT_OFF_H
#define AMCT_COMPRESS_CUT_OFF_H

static inline double amct_cut(double x, double low, double high)
{
    x = x > low ? x : low; /* no calls: loops can be vectorised */
    return x < high ? x : high;
}

/* What a result should aim at, given what it is: where `want` is cut off it only has to be cut off,
 * too. The square distance to it bounds the one behind the cut, and is the same unless `have` is
 * cut off and `want` is not: solving for it again and again is a majorisation, all but there. */
static inline double amct_cut_aim(double want, double have, double low, double high)
{
    double below = have < low ? have : low, above = have > high ? have : high;
    double aim = want >= high ? above : want;
    return want <= low ? below : aim;
}

#endif
