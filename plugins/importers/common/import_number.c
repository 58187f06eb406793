#include "import_number.h"

#include <math.h>
#include <string.h>

double import_number(uint32_t dtype, const void *data, size_t i)
{
    union {
        float f;
        double d;
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
    } bits;
    const char *bytes = data;
#define READ(member)                                                                               \
    (memcpy(&bits.member, bytes + i * sizeof bits.member, sizeof bits.member), bits.member)
    switch (dtype) {
    case AMCT_FLOAT: return READ(f);
    case AMCT_DOUBLE: return READ(d);
    case AMCT_INT8: return READ(i8);
    case AMCT_INT16: return READ(i16);
    case AMCT_INT32: return READ(i32);
    case AMCT_INT64: return (double)READ(i64);
    case AMCT_UINT16: return READ(u16);
    case AMCT_UINT32: return READ(u32);
    case AMCT_UINT64: return (double)READ(u64);
    case AMCT_UINT8:
    case AMCT_BOOL: return READ(u8);
    default: return NAN;
    }
#undef READ
}
