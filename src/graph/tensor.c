#include "graph/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t dtype, bits;
    const char *name;
} types[] = {
    {AMCT_FLOAT, 32, "float32"},   {AMCT_UINT8, 8, "uint8"},        {AMCT_INT8, 8, "int8"},
    {AMCT_UINT16, 16, "uint16"},   {AMCT_INT16, 16, "int16"},       {AMCT_INT32, 32, "int32"},
    {AMCT_INT64, 64, "int64"},     {AMCT_STRING, 0, "string"},      {AMCT_BOOL, 8, "bool"},
    {AMCT_FLOAT16, 16, "float16"}, {AMCT_DOUBLE, 64, "float64"},    {AMCT_UINT32, 32, "uint32"},
    {AMCT_UINT64, 64, "uint64"},   {AMCT_BFLOAT16, 16, "bfloat16"}, {AMCT_UINT4, 4, "uint4"},
    {AMCT_INT4, 4, "int4"},
};

uint32_t amct_dtype_bits(uint32_t dtype)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].dtype == dtype)
            return types[i].bits;
    return 0;
}

bool amct_dtype_is_float(uint32_t dtype)
{
    return dtype == AMCT_FLOAT || dtype == AMCT_DOUBLE || dtype == AMCT_FLOAT16 ||
           dtype == AMCT_BFLOAT16;
}

const char *amct_dtype_name(uint32_t dtype)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].dtype == dtype)
            return types[i].name;
    return "?";
}

bool amct_shape_known(const amct_shape *shape)
{
    if (shape->rank < 0)
        return false;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0)
            return false;
    return true;
}

bool amct_shape_equal(const amct_shape *a, const amct_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

amct_shape amct_shape_of(int32_t rank, const int64_t *dims)
{
    amct_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++)
        shape.dims[i] = dims[i];
    return shape;
}

int64_t amct_shape_count(const amct_shape *shape, int32_t first, int32_t last)
{
    int64_t count = 1;
    for (int32_t i = first; i < last; i++)
        count *= shape->dims[i];
    return count;
}

amct_status amct_tensor_bytes(size_t *out, uint32_t dtype, const amct_shape *shape, amct_err *err)
{
    char text[128];
    int64_t count = 1;
    bool empty = false;
    for (int32_t i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dims[i];
        if (dim < 0)
            return amct_fail(err, AMCT_E_LIMIT, "shape %s is not fully known",
                             amct_shape_print(shape, text, sizeof text));
        empty |= dim == 0;
        if (dim > 0 && count > AMCT_MAX_TENSOR_BYTES / dim)
            return amct_fail(err, AMCT_E_LIMIT, "a tensor of shape %s is too large",
                             amct_shape_print(shape, text, sizeof text));
        if (dim > 0)
            count *= dim;
    }
    uint32_t bits = amct_dtype_bits(dtype);
    if (!bits)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "elements of type %s cannot be computed with",
                         amct_dtype_name(dtype));
    if (count > AMCT_MAX_TENSOR_BYTES / 8)
        return amct_fail(err, AMCT_E_LIMIT, "a tensor of shape %s is too large",
                         amct_shape_print(shape, text, sizeof text));
    *out = empty ? 0 : ((size_t)count * bits + 7) / 8;
    return AMCT_OK;
}

char *amct_shape_print(const amct_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    if (shape->rank <= 0)
        snprintf(text, size, "%s", shape->rank < 0 ? "?" : "scalar");
    for (int32_t i = 0; i < shape->rank && used < size; i++) {
        const char *x = i ? "x" : "";
        int n = shape->dims[i] < 0
                    ? snprintf(text + used, size - used, "%s?", x)
                    : snprintf(text + used, size - used, "%s%lld", x, (long long)shape->dims[i]);
        used += (size_t)n;
    }
    return text;
}

amct_status amct_axis_normalise(int32_t *out, int64_t axis, int32_t rank, amct_err *err)
{
    if (axis < -(int64_t)rank || axis >= rank)
        return amct_fail(err, AMCT_E_INVALID, "axis %lld is outside of a tensor of %d dims",
                         (long long)axis, rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return AMCT_OK;
}

float amct_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, bits;
    uint32_t mantissa = half & 1023;
    float value;
    if (exponent == 0) {
        value = ldexpf((float)mantissa, -24);
        return sign ? -value : value;
    }
    bits = exponent == 31 ? sign | 0x7f800000 | mantissa << 13
                          : sign | (exponent + 112) << 23 | mantissa << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t amct_float_to_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return sign | 0x7e00;
    if (magnitude >= 0x477ff000) /* rounds to 65536 or more */
        return sign | 0x7c00;
    if (magnitude < 0x38800000) { /* subnormal: the unit is 2^-24 */
        float scaled = fabsf(value) * 0x1p24f;
        return sign | (uint16_t)lrintf(scaled);
    }
    uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return sign | (uint16_t)((rounded - (112u << 23)) >> 13);
}

float amct_bfloat_to_float(uint16_t bfloat)
{
    uint32_t bits = (uint32_t)bfloat << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t amct_float_to_bfloat(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
