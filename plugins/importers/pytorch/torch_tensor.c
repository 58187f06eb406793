/* Tensors: constants lie in the file as strided views of storages; the sink wants C order. */
#include "torch_reader.h"

#include <math.h>
#include <string.h>

/* Constants that do not lie in C order are copied: no more bytes than this, and the file's size. */
enum { MAX_COPIED = 1 << 28 };

int32_t torch_tensor_new(torch_reader *r, const char *name, uint32_t kind, uint32_t dtype,
                         int32_t rank, const int64_t *dims, torch_tensor **out)
{
    torch_tensor *t = import_alloc(&r->memory, 1, sizeof *t);
    torch_alias *alias = import_alloc(&r->memory, 1, sizeof *alias);
    if (!t || !alias)
        return torch_nomem(r);
    if (rank > AMCT_MAX_RANK)
        return torch_fail(r, AMCT_E_LIMIT, "'%.200s' has %d dims, at most %d wanted", name, rank,
                          AMCT_MAX_RANK);
    *t = (torch_tensor){.name = name,
                        .id = AMCT_NO_TENSOR,
                        .kind = kind,
                        .dtype = dtype,
                        .rank = rank,
                        .alias = alias};
    for (int32_t d = 0; d < rank; d++)
        t->dims[d] = dims ? dims[d] : AMCT_DIM_UNKNOWN;
    *out = t;
    return AMCT_OK;
}

int64_t torch_tensor_count(const torch_tensor *t)
{
    int64_t count = 1;
    if (t->rank < 0)
        return -1;
    for (int32_t d = 0; d < t->rank; d++)
        if (t->dims[d] < 0 || __builtin_mul_overflow(count, t->dims[d], &count))
            return -1;
    return count;
}

bool torch_tensor_is_plain(const torch_tensor *t)
{
    int64_t wanted = 1;
    for (int32_t d = t->rank - 1; d >= 0; d--) {
        if (t->dims[d] != 1 && t->strides[d] != wanted)
            return torch_tensor_count(t) == 0;
        wanted *= t->dims[d];
    }
    return true;
}

int32_t torch_tensor_bind(torch_reader *r, torch_tensor *t, torch_span bytes, int64_t offset,
                          const int64_t *strides)
{
    size_t width = torch_dtype_bytes(t->dtype);
    int64_t count = torch_tensor_count(t), last = offset, step = 1;
    if (!width)
        return torch_fail(r, AMCT_E_UNSUPPORTED,
                          "tensor '%.200s' has an element type that is not "
                          "supported",
                          t->name);
    int64_t there = (int64_t)(bytes.size / width);
    if (count < 0)
        return torch_fail(r, AMCT_E_LIMIT, "tensor '%.200s' is too large", t->name);
    if (offset < 0 || offset > there)
        return torch_fail(r, AMCT_E_FORMAT,
                          "tensor '%.200s' begins at element %lld of a storage of %lld", t->name,
                          (long long)offset, (long long)there);
    for (int32_t d = t->rank - 1; d >= 0; d--) {
        int64_t stride = strides ? strides[d] : step, reach;
        if (stride < 0)
            return torch_fail(r, AMCT_E_FORMAT, "tensor '%.200s' has stride %lld", t->name,
                              (long long)stride);
        t->strides[d] = stride;
        step *= t->dims[d]; /* no more than count */
        if (count > 0 && (__builtin_mul_overflow(stride, t->dims[d] - 1, &reach) ||
                          __builtin_add_overflow(last, reach, &last)))
            last = INT64_MAX;
    }
    if (count > 0 && last >= there)
        return torch_fail(
            r, AMCT_E_FORMAT, "tensor '%.200s' needs %lld elements or more, its storage has %lld",
            t->name, last == INT64_MAX ? (long long)last : (long long)last + 1, (long long)there);
    t->kind = AMCT_TENSOR_CONSTANT;
    t->bytes = bytes;
    t->offset = offset;
    return AMCT_OK;
}

int32_t torch_tensor_view(torch_reader *r, const torch_tensor *of, torch_tensor **out)
{
    torch_tensor *t = import_alloc(&r->memory, 1, sizeof *t);
    if (!t)
        return torch_nomem(r);
    *t = *of;
    *out = t;
    return AMCT_OK;
}

/* ---- To the sink --------------------------------------------------------------------------- */

/* Copies elements in C order: the last dim runs fastest. */
static void gather(const torch_tensor *t, uint8_t *dst, size_t width)
{
    const uint8_t *base = t->bytes.data + (size_t)t->offset * width;
    int64_t at[AMCT_MAX_RANK] = {0}, count = torch_tensor_count(t), from = 0;
    for (int64_t i = 0; i < count; i++) {
        memcpy(dst + (size_t)i * width, base + (size_t)from * width, width);
        for (int32_t d = t->rank - 1; d >= 0; d--) {
            from += t->strides[d];
            if (++at[d] < t->dims[d])
                break;
            from -= t->strides[d] * t->dims[d];
            at[d] = 0;
        }
    }
}

static int32_t put(torch_reader *r, torch_tensor *t, const void *data, size_t size, uint32_t owner)
{
    const amct_tensor_desc desc = {
        .struct_size = sizeof desc,
        .kind = t->kind,
        .dtype = t->dtype,
        .rank = t->rank < 0 ? AMCT_RANK_UNKNOWN : (uint32_t)t->rank,
        .name = t->name,
        .dims = t->dims,
        .data = data,
        .data_size = size,
        .owner = owner,
    };
    int32_t status = r->sink->tensor(r->sink->ctx, &desc, &t->id);
    if (status != AMCT_OK && owner == AMCT_DATA_HOST)
        r->host->free(r->host->ctx, (void *)data);
    return status;
}

static bool in_file(const torch_reader *r, const uint8_t *data)
{
    const uint8_t *file = r->model.data;
    return data >= file && data <= file + r->model.size;
}

static int32_t put_constant(torch_reader *r, torch_tensor *t)
{
    size_t width = torch_dtype_bytes(t->dtype);
    int64_t count = torch_tensor_count(t);
    const uint8_t *data = t->bytes.data + (size_t)t->offset * width;
    if (count == 0)
        return put(r, t, NULL, 0, AMCT_DATA_MAPPED);
    if (torch_tensor_is_plain(t) && in_file(r, data))
        return put(r, t, data, (size_t)count * width, AMCT_DATA_MAPPED);
    size_t room = MAX_COPIED + r->model.size - r->n_copied;
    if ((uint64_t)count > room / width)
        return torch_fail(r, AMCT_E_LIMIT,
                          "tensor '%.200s' and others whose elements do not lie in order take more "
                          "than %d MiB beyond the size of the file",
                          t->name, MAX_COPIED >> 20);
    size_t size = (size_t)count * width;
    uint8_t *copy = r->host->alloc(r->host->ctx, size, 64);
    if (!copy)
        return torch_nomem(r);
    r->n_copied += size;
    gather(t, copy, width);
    return put(r, t, copy, size, AMCT_DATA_HOST);
}

int32_t torch_tensor_emit(torch_reader *r, torch_tensor *t)
{
    if (t->version != t->alias->version)
        return torch_fail(r, AMCT_E_UNSUPPORTED,
                          "'%.200s' shares its elements with a tensor that was changed in place in "
                          "between, which is not supported; export the model with "
                          "run_decompositions(), or without in-place operators",
                          t->name);
    if (t->id != AMCT_NO_TENSOR)
        return AMCT_OK;
    if (t->kind == AMCT_TENSOR_CONSTANT)
        return put_constant(r, t);
    return put(r, t, NULL, 0, AMCT_DATA_MAPPED);
}

/* ---- Numbers in constants, constants of numbers ---------------------------------------------- */

static double half(uint16_t bits)
{
    double magnitude, sign = bits & 0x8000 ? -1 : 1;
    int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 31)
        magnitude = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent)
        magnitude = ldexp(1024 + fraction, exponent - 25);
    else
        magnitude = ldexp(fraction, -24);
    return sign * magnitude;
}

double torch_tensor_get(const torch_tensor *t, int64_t i)
{
    size_t width = torch_dtype_bytes(t->dtype);
    int64_t at = t->offset;
    for (int32_t d = t->rank - 1; d >= 0; d--) {
        at += i % t->dims[d] * t->strides[d];
        i /= t->dims[d];
    }
    union {
        float f;
        double d;
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
    } v = {.u64 = 0};
    memcpy(&v, t->bytes.data + (size_t)at * width, width);
    switch (t->dtype) {
    case AMCT_FLOAT: return (double)v.f;
    case AMCT_DOUBLE: return v.d;
    case AMCT_FLOAT16: return half(v.u16);
    case AMCT_BFLOAT16: v.u32 = (uint32_t)v.u16 << 16; return (double)v.f;
    case AMCT_INT8: return v.i8;
    case AMCT_INT16: return v.i16;
    case AMCT_UINT16: return v.u16;
    case AMCT_INT32: return v.i32;
    case AMCT_UINT32: return v.u32;
    case AMCT_INT64: return (double)v.i64;
    case AMCT_UINT64: return (double)v.u64;
    default: return v.u8;
    }
}

int32_t torch_const_bytes(torch_reader *r, const char *name, uint32_t dtype, int32_t rank,
                          const int64_t *dims, const void *bytes, size_t size, torch_tensor **out)
{
    torch_tensor *t = NULL;
    uint8_t *copy = (uint8_t *)import_copy(&r->memory, bytes, size);
    if (!copy)
        return torch_nomem(r);
    TORCH_TRY(torch_tensor_new(r, name, AMCT_TENSOR_CONSTANT, dtype, rank, dims, &t));
    TORCH_TRY(torch_tensor_bind(r, t, (torch_span){copy, size}, 0, NULL));
    *out = t;
    return AMCT_OK;
}

int32_t torch_const_ints(torch_reader *r, const char *name, const int64_t *ints, size_t n,
                         torch_tensor **out)
{
    return torch_const_bytes(r, name, AMCT_INT64, 1, (int64_t[]){(int64_t)n}, ints,
                             n * sizeof *ints, out);
}

int32_t torch_const_int(torch_reader *r, const char *name, int64_t i, torch_tensor **out)
{
    return torch_const_bytes(r, name, AMCT_INT64, 0, NULL, &i, sizeof i, out);
}

/* To nearest even, as by IEEE 754. */
static uint16_t to_half(double number)
{
    uint16_t sign = signbit(number) ? 0x8000 : 0;
    double magnitude = fabs(number);
    int exponent;
    if (isnan(number))
        return sign | 0x7e00;
    if (magnitude >= 65520)
        return sign | 0x7c00;
    if (magnitude < 0x1p-14)
        return sign | (uint16_t)lrint(ldexp(magnitude, 24));
    double fraction = frexp(magnitude, &exponent);
    return sign | (uint16_t)(((exponent + 13) << 10) + lrint(ldexp(fraction, 11)));
}

int32_t torch_const_number(torch_reader *r, const char *name, uint32_t dtype, double number,
                           torch_tensor **out)
{
    union {
        float f;
        double d;
        uint16_t u16;
        uint32_t u32;
        int64_t i64;
        uint8_t bytes[8];
    } v = {.i64 = 0};
    bool whole = number >= -0x1p53 && number <= 0x1p53 && number == floor(number);
    if (dtype == AMCT_DOUBLE) {
        v.d = number;
    } else if (dtype == AMCT_FLOAT16) {
        v.u16 = to_half(number);
    } else if (dtype == AMCT_BFLOAT16) {
        v.f = (float)number;
        v.u32 = (v.u32 + 0x7fff + (v.u32 >> 16 & 1)) >> 16;
    } else if (torch_dtype_bytes(dtype) && dtype != AMCT_FLOAT && whole) {
        v.i64 = (int64_t)number; /* little-endian: narrower ones are its first bytes */
    } else {
        dtype = AMCT_FLOAT;
        v.f = (float)number;
    }
    return torch_const_bytes(r, name, dtype, 0, NULL, v.bytes, torch_dtype_bytes(dtype), out);
}
