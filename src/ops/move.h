/*
 * move.h - elements of any type from one tensor to another, unchanged. Indices and steps are in
 * elements; `bits` is amct_dtype_bits of both sides (4: packed nibbles). Source and destination do
 * not overlap.
 */
#ifndef AMCT_OPS_MOVE_H
#define AMCT_OPS_MOVE_H

#include "ops/op.h"

/* dst[to + i] = src[from + i * step] for i < n. A step of 0 repeats one element. */
void amct_move(void *dst, int64_t to, const void *src, int64_t from, int64_t step, int64_t n,
               uint32_t bits);

/* Fills dst, whose elements in C order over its own shape come from src element
 * start + sum of index[d] * strides[d]. */
void amct_move_strided(const amct_value *dst, const amct_value *src, int64_t start,
                       const int64_t *strides);

/* All elements of src, whatever the shapes, which have equally many. */
void amct_move_all(const amct_value *dst, const amct_value *src);

#endif
