/*
 * tensor.h - element types, shapes and constant bytes.
 */
#ifndef AMCT_GRAPH_TENSOR_H
#define AMCT_GRAPH_TENSOR_H

#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>

/* Dims of a tensor. rank -1: nothing is known. A dim of AMCT_DIM_UNKNOWN is not known. */
typedef struct amct_shape {
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
} amct_shape;

/* No tensor may need more bytes than this (1 TiB): a product below cannot overflow, and what is
 * allowed but too large for the machine fails as out of memory. */
#define AMCT_MAX_TENSOR_BYTES ((int64_t)1 << 40)

/* Bits of one element; 0 for AMCT_STRING, AMCT_UNDEFINED and unknown numbers. */
uint32_t amct_dtype_bits(uint32_t dtype);
bool amct_dtype_is_float(uint32_t dtype);    /* FLOAT, DOUBLE, FLOAT16, BFLOAT16 */
const char *amct_dtype_name(uint32_t dtype); /* "float16", "?" if unknown */

bool amct_shape_known(const amct_shape *shape);
bool amct_shape_equal(const amct_shape *a, const amct_shape *b);
amct_shape amct_shape_of(int32_t rank, const int64_t *dims);
/* Product of the dims from `first` to before `last`; 1 if there are none. All known. */
int64_t amct_shape_count(const amct_shape *shape, int32_t first, int32_t last);
static inline int64_t amct_shape_size(const amct_shape *shape)
{
    return amct_shape_count(shape, 0, shape->rank);
}
/* Bytes of a tensor, 4-bit types packed; AMCT_E_LIMIT if a dim is negative or there are too many.
 */
amct_status amct_tensor_bytes(size_t *out, uint32_t dtype, const amct_shape *shape, amct_err *err);
/* "1x3x224x224", "scalar", "?x3"; cut to fit. Returns text. */
char *amct_shape_print(const amct_shape *shape, char *text, size_t size);

/* Axis in 0 .. rank-1, counted from the end if negative; AMCT_E_INVALID outside of it. */
amct_status amct_axis_normalise(int32_t *out, int64_t axis, int32_t rank, amct_err *err);

/* Conversions of 16-bit floats, round to nearest even. */
float amct_half_to_float(uint16_t half);
uint16_t amct_float_to_half(float value);
float amct_bfloat_to_float(uint16_t bfloat);
uint16_t amct_float_to_bfloat(float value);

#endif
