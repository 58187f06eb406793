#include "compress/rebuild_layer.h"

#include "compress/cut_off.h"

#include <math.h>

typedef struct system {
    double error;      /* sum of squares */
    double ss, sm, mm; /* of the derivatives by scale and middle */
    double s, m;
} system_of;

static bool is_inside(double x, const amct_aim *aim)
{
    return x > aim->low && x < aim->high;
}

/* Values that are cut off on both sides do not count. */
static system_of linearise(double scale, double middle, const float *y, const float *z,
                           const float *t, size_t n, const amct_aim *aim)
{
    system_of e = {0};
    for (size_t i = 0; i < n; i++) {
        double other = t ? t[i] : 0, have = scale * y[i] + middle + other, want = z[i] + other;
        if (!is_inside(have, aim) && !is_inside(want, aim)) {
            double rest = amct_cut(have, aim->low, aim->high) - amct_cut(want, aim->low, aim->high);
            e.error += rest * rest;
            continue;
        }
        double rest = amct_cut(have, aim->low, aim->high) - amct_cut(want, aim->low, aim->high);
        e.error += rest * rest;
        e.ss += (double)y[i] * y[i];
        e.sm += y[i];
        e.mm += 1;
        e.s += rest * y[i];
        e.m += rest;
    }
    return e;
}

void amct_rebuild_fit(double *scale, double *middle, const float *y, const float *z, const float *t,
                      size_t n, const amct_aim *aim, double ridge, bool scale_is_free)
{
    enum { STEPS = 10 };
    const double least = 0.5, most = 2;
    double mean = 0, spread = 0, best = INFINITY, s = 1;
    for (size_t i = 0; i < n; i++) {
        mean += z[i] / (double)n;
        spread += (double)y[i] * y[i];
    }
    double m = mean;
    *scale = s;
    *middle = m;
    for (int step = 0; step < STEPS; step++) {
        system_of e = linearise(s, m, y, z, t, n, aim);
        if (!(e.error < best)) { /* too far */
            s = (s + *scale) / 2;
            m = (m + *middle) / 2;
            continue;
        }
        bool done = e.error > best * (1 - 1e-4);
        best = e.error;
        *scale = s;
        *middle = m;
        if (done)
            break;
        e.ss += ridge * spread;
        e.s += ridge * spread * (s - 1);
        e.mm += ridge * (double)n;
        e.m += ridge * (double)n * (m - mean);
        if (!scale_is_free || !(spread > 0))
            e.ss = 1, e.sm = 0, e.s = 0;
        double det = e.ss * e.mm - e.sm * e.sm;
        if (!(det > 1e-12 * e.ss * e.mm))
            break;
        s -= (e.mm * e.s - e.sm * e.m) / det;
        m -= (e.ss * e.m - e.sm * e.s) / det;
        s = s < least ? least : s > most ? most : s;
    }
}
