#include "data/array.h"

#include <string.h>

uint32_t amct_array_item_bytes(uint32_t dtype)
{
    switch (dtype) {
    case AMCT_UINT8:
    case AMCT_INT8: return 1;
    case AMCT_UINT16:
    case AMCT_INT16: return 2;
    case AMCT_FLOAT:
    case AMCT_UINT32:
    case AMCT_INT32: return 4;
    case AMCT_DOUBLE:
    case AMCT_UINT64:
    case AMCT_INT64: return 8;
    default: return 0;
    }
}

bool amct_array_is_integer(const amct_array *array)
{
    return array->dtype != AMCT_FLOAT && array->dtype != AMCT_DOUBLE;
}

amct_status amct_array_finish(amct_array *array, size_t size, amct_err *err)
{
    uint64_t count = 1, item = amct_array_item_bytes(array->dtype), total = 0;
    bool fits = true;
    for (uint32_t d = 1; d < array->rank; d++)
        fits = fits && !__builtin_mul_overflow(count, array->dims[d], &count);
    uint64_t stride = 0;
    fits = fits && !__builtin_mul_overflow(count, item, &stride) &&
           !__builtin_mul_overflow(stride, array->dims[0], &total);
    if (!fits || total > size)
        return amct_fail(err, AMCT_E_FORMAT,
                         "the file is cut, or its shape wrong: it has %zu bytes of elements, its "
                         "shape needs %s%llu",
                         size, fits ? "" : "more than ",
                         (unsigned long long)(fits ? total : UINT64_MAX));
    if (total < size)
        return amct_fail(err, AMCT_E_FORMAT, "%llu bytes behind the last element",
                         (unsigned long long)(size - total));
    if (total == 0)
        return amct_fail(err, AMCT_E_FORMAT, "an array without elements");
    array->sample_count = count;
    array->stride_bytes = (size_t)stride;
    return AMCT_OK;
}

/* An element as the bits of its type in this machine's order. */
static uint64_t get_bits(const amct_array *array, const uint8_t *at, uint32_t item)
{
    uint16_t half;
    uint32_t word;
    uint64_t all;
    switch (item) {
    case 1: return *at;
    case 2: memcpy(&half, at, 2); return array->swapped ? __builtin_bswap16(half) : half;
    case 4: memcpy(&word, at, 4); return array->swapped ? __builtin_bswap32(word) : word;
    default: memcpy(&all, at, 8); return array->swapped ? __builtin_bswap64(all) : all;
    }
}

static float get_float(const amct_array *array, const uint8_t *at, uint32_t item)
{
    uint64_t bits = get_bits(array, at, item);
    uint32_t word = (uint32_t)bits;
    float single;
    double wide;
    switch (array->dtype) {
    case AMCT_INT8: return (int8_t)bits;
    case AMCT_INT16: return (int16_t)bits;
    case AMCT_INT32: return (float)(int32_t)bits;
    case AMCT_INT64: return (float)(int64_t)bits;
    case AMCT_FLOAT: memcpy(&single, &word, 4); return single;
    case AMCT_DOUBLE: memcpy(&wide, &bits, 8); return (float)wide;
    default: return (float)bits;
    }
}

void amct_array_floats(float *dst, const amct_array *array, uint64_t i)
{
    const uint8_t *at = array->data + i * array->stride_bytes;
    uint32_t item = amct_array_item_bytes(array->dtype);
    for (uint64_t e = 0; e < array->sample_count; e++, at += item)
        dst[e] = get_float(array, at, item);
}

int64_t amct_array_integer(const amct_array *array, uint64_t i)
{
    uint64_t bits =
        get_bits(array, array->data + i * array->stride_bytes, amct_array_item_bytes(array->dtype));
    switch (array->dtype) {
    case AMCT_INT8: return (int8_t)bits;
    case AMCT_INT16: return (int16_t)bits;
    case AMCT_INT32: return (int32_t)bits;
    case AMCT_UINT64: return bits > INT64_MAX ? -1 : (int64_t)bits;
    default: return (int64_t)bits;
    }
}
