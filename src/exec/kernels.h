/*
 * kernels.h - the few loops between oneDNN's primitives: quantisation, changes between the forms of
 * 8-bit tensors. Any alignment; src and dst do not overlap.
 */
#ifndef AMCT_EXEC_KERNELS_H
#define AMCT_EXEC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* dst = clip(rint(src * scale) + offset, low, high), products and sums in float32, half to even;
 * NaN becomes low. offset, low and high are whole numbers within 0 .. 255. */
void amct_quantize_u8(uint8_t *dst, const float *src, size_t n, float scale, float offset,
                      float low, float high);
/* dst = clip(rint(src * scale), low, high) as floats. */
void amct_quantize_f32(float *dst, const float *src, size_t n, float scale, float low, float high);

void amct_fill_f32(float *dst, size_t n, float value);
/* dst = src with the top bit turned: int8 to uint8 + 128 and back. */
void amct_shift_u8(uint8_t *dst, const uint8_t *src, size_t n);
/* dst = src - zero_point. */
void amct_center_u8(float *dst, const uint8_t *src, size_t n, int32_t zero_point);
/* dst = src + zero_point of whole numbers within 0 .. 255. */
void amct_uncenter_u8(uint8_t *dst, const float *src, size_t n, int32_t zero_point);

#endif
