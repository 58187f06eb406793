#include "exec/kernels.h"

#include <math.h>

#include "base/clones.h"

AMCT_CLONES void amct_quantize_u8(uint8_t *restrict dst, const float *restrict src, size_t n,
                                  float scale, float offset, float low, float high)
{
    for (size_t i = 0; i < n; i++) {
        float q = rintf(src[i] * scale) + offset;
        q = q > low ? q : low; /* NaN as well */
        q = q < high ? q : high;
        dst[i] = (uint8_t)(int32_t)q;
    }
}

AMCT_CLONES void amct_quantize_f32(float *restrict dst, const float *restrict src, size_t n,
                                   float scale, float low, float high)
{
    for (size_t i = 0; i < n; i++) {
        float q = rintf(src[i] * scale);
        q = q > low ? q : low;
        dst[i] = q < high ? q : high;
    }
}

AMCT_CLONES void amct_fill_f32(float *dst, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = value;
}

AMCT_CLONES void amct_shift_u8(uint8_t *restrict dst, const uint8_t *restrict src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i] ^ 0x80;
}

AMCT_CLONES void amct_center_u8(float *restrict dst, const uint8_t *restrict src, size_t n,
                                int32_t zero_point)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)((int32_t)src[i] - zero_point);
}

AMCT_CLONES void amct_uncenter_u8(uint8_t *restrict dst, const float *restrict src, size_t n,
                                  int32_t zero_point)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)((int32_t)src[i] + zero_point);
}
