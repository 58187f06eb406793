#include "compress/row_loops.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
/* Nobody looks at exceptions, and without contraction all clones give the same numbers. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-trapping-math")
#endif

#include "compress/cut_off.h" /* as quick as the rest of the file */

AMCT_CLONES void amct_rows_add(double *restrict sums, const float *restrict rows, size_t n,
                               size_t width)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++)
            sums[k] += (double)rows[i * width + k];
}

AMCT_CLONES void amct_rows_take_away(float *restrict rows, float *restrict largest,
                                     const double *restrict means, size_t n, size_t width)
{
    memset(largest, 0, width * sizeof *largest);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++) {
            float x = rows[i * width + k] - (float)means[k], size = fabsf(x);
            rows[i * width + k] = x;
            largest[k] = size > largest[k] ? size : largest[k];
        }
}

AMCT_CLONES void amct_rows_add_whole(int64_t *restrict sums, const float *restrict numbers,
                                     double unit, size_t n)
{
    for (size_t k = 0; k < n; k++)
        sums[k] += (int64_t)rint((double)numbers[k] * unit);
}

AMCT_CLONES void amct_rows_multiply(float *restrict sums, const float *restrict a,
                                    const float *restrict b, size_t n)
{
    for (size_t k = 0; k < n; k++)
        sums[k] += a[k] * b[k];
}

static inline double error_of(float have, double middle, float z, double z_middle, double other,
                              double low, double high)
{
    double is = (double)have + middle + other, want = (double)z + z_middle + other;
    double rest = amct_cut(is, low, high) - amct_cut(want, low, high);
    return rest * rest;
}

static inline float aim_of(float have, double middle, float z, double z_middle, double other,
                           double low, double high)
{
    double is = (double)have + middle + other, want = (double)z + z_middle + other;
    return (float)(amct_cut_aim(want, is, low, high) - other - z_middle);
}

AMCT_CLONES void amct_rows_error(double *restrict errors, const float *restrict have,
                                 size_t ld_have, const double *restrict middle,
                                 const amct_rows_wanted *wanted, size_t first, size_t n,
                                 size_t outputs)
{
    const float *restrict z = wanted->z + first * wanted->ld;
    const float *restrict t = wanted->t ? wanted->t + first * wanted->ld : NULL;
    const double *restrict z_middle = wanted->middle;
    double low = wanted->low, high = wanted->high;
    size_t ld = wanted->ld;
    for (size_t i = 0; i < n; i++)
        if (t)
            for (size_t m = 0; m < outputs; m++)
                errors[m] += error_of(have[i * ld_have + m], middle[m], z[i * ld + m], z_middle[m],
                                      (double)t[i * ld + m], low, high);
        else
            for (size_t m = 0; m < outputs; m++)
                errors[m] += error_of(have[i * ld_have + m], middle[m], z[i * ld + m], z_middle[m],
                                      0, low, high);
}

AMCT_CLONES void amct_rows_aim(double *restrict sums, float *restrict have, size_t ld_have,
                               const double *restrict middle, const amct_rows_wanted *wanted,
                               size_t first, size_t n, size_t outputs)
{
    const float *restrict z = wanted->z + first * wanted->ld;
    const float *restrict t = wanted->t ? wanted->t + first * wanted->ld : NULL;
    const double *restrict z_middle = wanted->middle;
    double low = wanted->low, high = wanted->high;
    size_t ld = wanted->ld;
    for (size_t i = 0; i < n; i++, have += ld_have, z += ld) {
        if (t)
            for (size_t m = 0; m < outputs; m++)
                have[m] =
                    aim_of(have[m], middle[m], z[m], z_middle[m], (double)t[i * ld + m], low, high);
        else
            for (size_t m = 0; m < outputs; m++)
                have[m] = aim_of(have[m], middle[m], z[m], z_middle[m], 0, low, high);
        for (size_t m = 0; m < outputs; m++)
            sums[m] += (double)have[m];
    }
}

enum { LANES = 64 }; /* values that are added up side by side */

typedef struct lanes {
    double error[LANES], ss[LANES], sm[LANES], mm[LANES], s[LANES], m[LANES];
} lanes;

static inline void linearise_one(lanes *e, size_t i, double scale, double middle, double y,
                                 double z, double other, double low, double high)
{
    double have = scale * y + middle + other, want = z + other;
    double rest = amct_cut(have, low, high) - amct_cut(want, low, high);
    int counts = ((have > low) & (have < high)) | ((want > low) & (want < high));
    double part = counts ? 1 : 0;
    e->error[i] += rest * rest;
    e->ss[i] += part * (y * y);
    e->sm[i] += part * y;
    e->mm[i] += part;
    e->s[i] += part * (rest * y);
    e->m[i] += part * rest;
}

static double sum_lanes(const double *lane)
{
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += lane[i];
    return sum;
}

AMCT_CLONES amct_rows_system amct_rows_linearise(double scale, double middle,
                                                 const float *restrict y, const float *restrict z,
                                                 const float *restrict t, size_t n, double low,
                                                 double high)
{
    lanes e;
    memset(&e, 0, sizeof e);
    for (size_t at = 0; at < n; at += LANES) {
        size_t many = n - at < LANES ? n - at : LANES;
        if (t)
            for (size_t i = 0; i < many; i++)
                linearise_one(&e, i, scale, middle, (double)y[at + i], (double)z[at + i],
                              (double)t[at + i], low, high);
        else
            for (size_t i = 0; i < many; i++)
                linearise_one(&e, i, scale, middle, (double)y[at + i], (double)z[at + i], 0, low,
                              high);
    }
    return (amct_rows_system){sum_lanes(e.error), sum_lanes(e.ss), sum_lanes(e.sm),
                              sum_lanes(e.mm),    sum_lanes(e.s),  sum_lanes(e.m)};
}
