/*
 * elementwise.h - functions applied element by element, or row by row. A kernel is a function over
 * a short row of doubles (float types, rounded once when stored) and, if it takes integer types
 * too, one over 64-bit integers, which wrap to their width when stored.
 */
#ifndef AMCT_OPS_ELEMENTWISE_H
#define AMCT_OPS_ELEMENTWISE_H

#include "ops/op.h"

/* x[i] = f(x[i]); param is what the caller of amct_map gives. */
typedef void amct_map_fn(double *x, int64_t n, const double *param);
/* a[i] = f(a[i], b[i]) */
typedef void amct_zip_fn(double *a, const double *b, int64_t n);
/* The same over integers. wide: they are uint64, whose order is not that of int64. */
typedef void amct_map_int_fn(int64_t *x, int64_t n, const int64_t *param, bool wide);
typedef void amct_zip_int_fn(int64_t *a, const int64_t *b, int64_t n, bool wide);

/* dst = f(src), of equal shapes. */
void amct_map(const amct_value *dst, const amct_value *src, amct_map_fn *f, const double *param);
void amct_map_int(const amct_value *dst, const amct_value *src, amct_map_int_fn *f,
                  const int64_t *param);
/* The same with f over each whole row along an axis: f sees no row of no elements. */
amct_status amct_map_axis(const amct_value *dst, const amct_value *src, int32_t axis,
                          amct_map_fn *f, const double *param, amct_err *err);
/* dst = f(a, b), both broadcast to dst; a may be dst. */
void amct_zip(const amct_value *dst, const amct_value *a, const amct_value *b, amct_zip_fn *f);
void amct_zip_int(const amct_value *dst, const amct_value *a, const amct_value *b,
                  amct_zip_int_fn *f);

/* Any type with arithmetic of its own: floats and integers of 8 to 64 bits, no bool. */
bool amct_dtype_is_number(uint32_t dtype);

/* Shape rules: the result is like source 0, of a float type, or of any number type (then with the
 * zero point: what keeps codes keeps their meaning). */
amct_status amct_infer_map(const amct_infer *in, amct_err *err);
amct_status amct_infer_map_number(const amct_infer *in, amct_err *err);
/* All sources have the type of source 0, any number type, and broadcast to the result. */
amct_status amct_infer_zip(const amct_infer *in, amct_err *err);

#endif
