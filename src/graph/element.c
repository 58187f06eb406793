#include "graph/element.h"

#include "graph/tensor.h"

#include <string.h>

int64_t amct_element_get_int(uint32_t dtype, const void *data, int64_t i)
{
    const unsigned char *bytes = data;
    switch (dtype) {
    case AMCT_BOOL:
    case AMCT_UINT8: return bytes[i];
    case AMCT_INT8: return (int8_t)bytes[i];
    case AMCT_UINT4: return bytes[i / 2] >> (i % 2 * 4) & 15;
    case AMCT_INT4: return ((bytes[i / 2] >> (i % 2 * 4) & 15) ^ 8) - 8;
#define LOAD(code, type)                                                                           \
    case code: {                                                                                   \
        type v;                                                                                    \
        memcpy(&v, bytes + (size_t)i * sizeof v, sizeof v);                                        \
        return (int64_t)v;                                                                         \
    }
        LOAD(AMCT_UINT16, uint16_t)
        LOAD(AMCT_INT16, int16_t)
        LOAD(AMCT_UINT32, uint32_t)
        LOAD(AMCT_INT32, int32_t)
        LOAD(AMCT_UINT64, uint64_t)
        LOAD(AMCT_INT64, int64_t)
#undef LOAD
    default: break;
    }
    double value = amct_element_get(dtype, data, i);
    if (value >= 0x1p63)
        return INT64_MAX;
    if (value <= -0x1p63)
        return INT64_MIN;
    return value == value ? (int64_t)value : 0;
}

double amct_element_get(uint32_t dtype, const void *data, int64_t i)
{
    const char *bytes = data;
    switch (dtype) {
    case AMCT_FLOAT: {
        float v;
        memcpy(&v, bytes + (size_t)i * sizeof v, sizeof v);
        return v;
    }
    case AMCT_DOUBLE: {
        double v;
        memcpy(&v, bytes + (size_t)i * sizeof v, sizeof v);
        return v;
    }
    case AMCT_FLOAT16:
    case AMCT_BFLOAT16: {
        uint16_t v;
        memcpy(&v, bytes + (size_t)i * sizeof v, sizeof v);
        return dtype == AMCT_FLOAT16 ? amct_half_to_float(v) : amct_bfloat_to_float(v);
    }
    case AMCT_UINT64: return (double)(uint64_t)amct_element_get_int(dtype, data, i);
    case AMCT_STRING:
    case AMCT_UNDEFINED: return 0;
    default: return (double)amct_element_get_int(dtype, data, i);
    }
}

static void put_nibble(unsigned char *byte, int64_t i, unsigned value)
{
    *byte = i % 2 ? (unsigned char)((*byte & 15) | value << 4)
                  : (unsigned char)((*byte & 0xf0) | (value & 15));
}

void amct_element_put_int(uint32_t dtype, void *data, int64_t i, int64_t number)
{
    unsigned char *bytes = data;
    switch (dtype) {
    case AMCT_BOOL: bytes[i] = number != 0; return;
    case AMCT_UINT8:
    case AMCT_INT8: bytes[i] = (unsigned char)number; return;
    case AMCT_UINT4:
    case AMCT_INT4: put_nibble(&bytes[i / 2], i, (unsigned)number & 15); return;
#define STORE(code, type)                                                                          \
    case code: {                                                                                   \
        type v = (type)number;                                                                     \
        memcpy(bytes + (size_t)i * sizeof v, &v, sizeof v);                                        \
        return;                                                                                    \
    }
        STORE(AMCT_UINT16, uint16_t)
        STORE(AMCT_INT16, uint16_t)
        STORE(AMCT_UINT32, uint32_t)
        STORE(AMCT_INT32, uint32_t)
        STORE(AMCT_UINT64, uint64_t)
        STORE(AMCT_INT64, int64_t)
#undef STORE
    default: amct_element_put(dtype, data, i, (double)number);
    }
}

void amct_element_put(uint32_t dtype, void *data, int64_t i, double number)
{
    char *bytes = data;
    switch (dtype) {
    case AMCT_FLOAT: {
        float v = (float)number;
        memcpy(bytes + (size_t)i * sizeof v, &v, sizeof v);
        return;
    }
    case AMCT_DOUBLE: memcpy(bytes + (size_t)i * sizeof number, &number, sizeof number); return;
    case AMCT_FLOAT16:
    case AMCT_BFLOAT16: {
        uint16_t v = dtype == AMCT_FLOAT16 ? amct_float_to_half((float)number)
                                           : amct_float_to_bfloat((float)number);
        memcpy(bytes + (size_t)i * sizeof v, &v, sizeof v);
        return;
    }
    case AMCT_BOOL: bytes[i] = number != 0; return;
    case AMCT_UINT64:
        if (number >= 0x1p63) {
            uint64_t v = number < 0x1p64 ? (uint64_t)number : UINT64_MAX;
            memcpy(bytes + (size_t)i * sizeof v, &v, sizeof v);
            return;
        }
        break;
    case AMCT_STRING:
    case AMCT_UNDEFINED: return;
    default: break;
    }
    amct_element_put_int(dtype, data, i, amct_element_get_int(AMCT_DOUBLE, &number, 0));
}
