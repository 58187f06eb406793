/* Small constants of ours, and how constants and other tensors reach the sink. */
#include "ms_reader.h"

#include <math.h>
#include <string.h>

int32_t ms_const_ints(ms_reader *r, const char *name, const int64_t *ints, uint32_t n,
                      ms_tensor **out)
{
    ms_tensor *t = NULL;
    const int64_t dim = n;
    int64_t *copy = import_alloc(&r->memory, (size_t)n + 1, sizeof *copy);
    if (!copy)
        return ms_nomem(r);
    if (n)
        memcpy(copy, ints, n * sizeof *ints);
    MS_TRY(ms_tensor_new(r, name, AMCT_INT64, 1, &dim, &t));
    t->owner = AMCT_DATA_HOST;
    MS_TRY(ms_tensor_bind(r, t, (wire_span){(const uint8_t *)copy, n * sizeof *ints}));
    *out = t;
    return AMCT_OK;
}

/* Rounded to nearest. */
static uint16_t half_of(double number)
{
    int exponent;
    double m = frexp(fabs(number), &exponent); /* 0.5 <= m < 1 */
    uint16_t sign = signbit(number) ? 0x8000 : 0;
    if (number == 0 || exponent < -24)
        return sign;
    if (!isfinite(number) || exponent > 16)
        return (uint16_t)(sign | (isnan(number) ? 0x7e00 : 0x7c00));
    if (exponent < -13) /* subnormal */
        return (uint16_t)(sign | (uint16_t)rint(ldexp(m, exponent + 24)));
    return (uint16_t)(sign + ((exponent + 14) << 10) + (uint16_t)rint(ldexp(m, 11)) - 1024);
}

static uint16_t bfloat_of(double number)
{
    float f = (float)number;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static int64_t whole(double number)
{
    const double most = 4611686018427387904.0; /* 2^62 */
    return isnan(number) ? 0 : (int64_t)fmax(-most, fmin(most, number));
}

int32_t ms_const_number(ms_reader *r, const char *name, uint32_t dtype, double number,
                        ms_tensor **out)
{
    union {
        float f;
        double d;
        int64_t i;
        uint16_t half;
    } bits = {.i = 0};
    ms_tensor *t = NULL;
    size_t width = ms_dtype_bytes(dtype);
    switch (dtype) {
    case AMCT_FLOAT: bits.f = (float)number; break;
    case AMCT_DOUBLE: bits.d = number; break;
    case AMCT_FLOAT16: bits.half = half_of(number); break;
    case AMCT_BFLOAT16: bits.half = bfloat_of(number); break;
    case AMCT_BOOL: bits.i = number != 0; break;
    default: bits.i = whole(number); /* the low bytes, in little-endian order */
    }
    uint8_t *copy = (uint8_t *)import_copy(&r->memory, &bits, width);
    if (!copy)
        return ms_nomem(r);
    MS_TRY(ms_tensor_new(r, name, dtype, 0, NULL, &t));
    t->owner = AMCT_DATA_HOST;
    MS_TRY(ms_tensor_bind(r, t, (wire_span){copy, width}));
    *out = t;
    return AMCT_OK;
}

int32_t ms_tensor_emit(ms_reader *r, ms_tensor *t)
{
    void *block = NULL;
    if (t->id != AMCT_NO_TENSOR)
        return AMCT_OK;
    if (t->owner == AMCT_DATA_HOST && t->data_size) {
        block = r->host->alloc(r->host->ctx, t->data_size, 16);
        if (!block)
            return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
        memcpy(block, t->data, t->data_size);
    }
    const amct_tensor_desc desc = {.struct_size = sizeof desc,
                                   .kind = t->kind,
                                   .dtype = t->dtype,
                                   .rank = t->rank < 0 ? AMCT_RANK_UNKNOWN : (uint32_t)t->rank,
                                   .name = t->name,
                                   .dims = t->dims,
                                   .data = block ? block : t->data,
                                   .data_size = t->data_size,
                                   .owner = block ? AMCT_DATA_HOST : AMCT_DATA_MAPPED};
    int32_t status = r->sink->tensor(r->sink->ctx, &desc, &t->id);
    if (status != AMCT_OK)
        r->host->free(r->host->ctx, block);
    return status;
}
