#include "compress/rebuild_layer.h"

#include "compress/row_loops.h"

#include <math.h>

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
        amct_rows_system e = amct_rows_linearise(s, m, y, z, t, n, aim->low, aim->high);
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
