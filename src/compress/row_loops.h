/*
 * row_loops.h - plain loops over rows of numbers, which compilers vectorise: every number of a row
 * has sums of its own, so that their order is that of the rows on every machine.
 */
#ifndef AMCT_COMPRESS_ROW_LOOPS_H
#define AMCT_COMPRESS_ROW_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* sums[k] += the numbers of column k. rows: n x width. */
void amct_rows_add(double *sums, const float *rows, size_t n, size_t width);
/* Takes means[k] away from column k; largest[k] becomes the largest absolute value that is left.
 * rows: n x width. */
void amct_rows_take_away(float *rows, float *largest, const double *means, size_t n, size_t width);

/* sums[k] += numbers[k] * unit, rounded to whole numbers. */
void amct_rows_add_whole(int64_t *sums, const float *numbers, double unit, size_t n);
/* sums[k] += a[k] * b[k] of n numbers. */
void amct_rows_multiply(float *sums, const float *a, const float *b, size_t n);

/* What results are held against: z + middle + t (NULL: nothing), all below low and above high cut
 * off. */
typedef struct amct_rows_wanted {
    const float *z, *t;
    const double *middle;
    double low, high;
    size_t ld; /* of z and t */
} amct_rows_wanted;

/* errors[m] += the square errors behind the cut of output m, whose results are have + middle + t.
 * have: n x outputs, ld_have apart; from row `first` of what is wanted on. */
void amct_rows_error(double *errors, const float *have, size_t ld_have, const double *middle,
                     const amct_rows_wanted *wanted, size_t first, size_t n, size_t outputs);
/* Results become what they should aim at (cut_off.h), less t and wanted->middle; sums[m] += those
 * of output m. */
void amct_rows_aim(double *sums, float *have, size_t ld_have, const double *middle,
                   const amct_rows_wanted *wanted, size_t first, size_t n, size_t outputs);

/* Of the square error of scale * y + middle + t behind the cut, to z + t behind it: sums over
 * values that are not cut off on both sides. */
typedef struct amct_rows_system {
    double error;      /* of all values */
    double ss, sm, mm; /* of the derivatives by scale and middle */
    double s, m;
} amct_rows_system;

/* y, z and t, which may be NULL: n numbers each. */
amct_rows_system amct_rows_linearise(double scale, double middle, const float *y, const float *z,
                                     const float *t, size_t n, double low, double high);

#endif
