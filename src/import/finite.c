#include "import/finite.h"

#include <amct/plugin.h>

/* A float is not finite if all bits of its exponent are set. The inner loop over a fixed number of
 * elements has no early exit, so that compilers vectorise it; elements may be misaligned. */
enum { BLOCK = 1024 };

#define DEFINE_SCAN(bits, type)                                                                    \
    typedef type unaligned_##bits __attribute__((aligned(1), may_alias));                          \
    static size_t scan_##bits(const void *data, size_t n, type exponent)                           \
    {                                                                                              \
        const unaligned_##bits *at = data;                                                         \
        size_t i = 0;                                                                              \
        for (; i + BLOCK <= n; i += BLOCK) {                                                       \
            type bad = 0;                                                                          \
            for (size_t k = 0; k < BLOCK; k++)                                                     \
                bad |= (at[i + k] & exponent) == exponent;                                         \
            if (bad)                                                                               \
                break;                                                                             \
        }                                                                                          \
        while (i < n && (at[i] & exponent) != exponent)                                            \
            i++;                                                                                   \
        return i;                                                                                  \
    }
DEFINE_SCAN(16, uint16_t)
DEFINE_SCAN(32, uint32_t)
DEFINE_SCAN(64, uint64_t)

size_t amct_first_not_finite(uint32_t dtype, const void *data, size_t n)
{
    switch (dtype) {
    case AMCT_FLOAT: return scan_32(data, n, 0x7f800000);
    case AMCT_DOUBLE: return scan_64(data, n, 0x7ff0000000000000);
    case AMCT_FLOAT16: return scan_16(data, n, 0x7c00);
    case AMCT_BFLOAT16: return scan_16(data, n, 0x7f80);
    default: return n;
    }
}
