#include "exec/kernels.h"

#include <math.h>

/* The loops below are plain so that the compiler vectorises them for each kind of CPU; GCC does
 * little of that at -O2. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#if defined(__x86_64__) && defined(__ELF__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

CLONES void amct_quantize_u8(uint8_t *restrict dst, const float *restrict src, size_t n,
                             float scale, float offset, float low, float high)
{
    for (size_t i = 0; i < n; i++) {
        float q = rintf(src[i] * scale) + offset;
        q = q > low ? q : low; /* NaN as well */
        q = q < high ? q : high;
        dst[i] = (uint8_t)(int32_t)q;
    }
}

CLONES void amct_quantize_f32(float *restrict dst, const float *restrict src, size_t n, float scale,
                              float low, float high)
{
    for (size_t i = 0; i < n; i++) {
        float q = rintf(src[i] * scale);
        q = q > low ? q : low;
        dst[i] = q < high ? q : high;
    }
}

CLONES void amct_fill_f32(float *dst, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = value;
}

CLONES void amct_shift_u8(uint8_t *restrict dst, const uint8_t *restrict src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i] ^ 0x80;
}

CLONES void amct_center_u8(float *restrict dst, const uint8_t *restrict src, size_t n,
                           int32_t zero_point)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)((int32_t)src[i] - zero_point);
}

CLONES void amct_uncenter_u8(uint8_t *restrict dst, const float *restrict src, size_t n,
                             int32_t zero_point)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)((int32_t)src[i] + zero_point);
}
