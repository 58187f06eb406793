/*
 * row_loops.h - plain loops over rows of numbers, which compilers vectorise: every number of a row
 * has sums of its own, so that their order is that of the rows on every machine.
 */
#ifndef AMCT_COMPRESS_ROW_LOOPS_H
#define AMCT_COMPRESS_ROW_LOOPS_H

#include <stddef.h>

/* sums[k] += the numbers of column k. rows: n x width. */
void amct_rows_add(double *sums, const float *rows, size_t n, size_t width);
/* Takes means[k] away from column k; largest[k] becomes the largest absolute value that is left.
 * rows: n x width. */
void amct_rows_take_away(float *rows, float *largest, const double *means, size_t n, size_t width);

#endif
