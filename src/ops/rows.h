/*
 * rows.h - rows of a tensor's elements as doubles or 64-bit integers, so that a kernel is written
 * once for all element types: n elements that lie `step` apart, the first one being element `at`.
 * Aligned float32 and 8-bit elements take a direct way, all others amct_value_get and its siblings,
 * whose rounding and wrapping apply.
 */
#ifndef AMCT_OPS_ROWS_H
#define AMCT_OPS_ROWS_H

#include "ops/op.h"

void amct_row_load(double *to, const amct_value *from, int64_t at, int64_t step, int64_t n);
void amct_row_store(const amct_value *to, int64_t at, int64_t step, const double *from, int64_t n);
/* uint64 elements keep their bits. */
void amct_row_load_int(int64_t *to, const amct_value *from, int64_t at, int64_t step, int64_t n);
void amct_row_store_int(const amct_value *to, int64_t at, int64_t step, const int64_t *from,
                        int64_t n);

/* Room for `rows` rows of n doubles, zeroed; free with free. NULL when out of memory, also when the
 * size overflows. Never NULL for nothing. */
double *amct_rows_new(int64_t rows, int64_t n);

/* Least and greatest value of an integer type of at most 32 bits. */
void amct_dtype_limits(uint32_t dtype, double *least, double *greatest);

/* A number rounded to the precision of a float type. */
double amct_round_to(uint32_t dtype, double number);

#endif
