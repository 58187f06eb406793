#include "data/array.h"

#include <string.h>

static uint32_t idx_dtype(uint8_t code)
{
    switch (code) {
    case 0x08: return AMCT_UINT8;
    case 0x09: return AMCT_INT8;
    case 0x0b: return AMCT_INT16;
    case 0x0c: return AMCT_INT32;
    case 0x0d: return AMCT_FLOAT;
    case 0x0e: return AMCT_DOUBLE;
    default: return AMCT_UNDEFINED;
    }
}

bool amct_is_idx(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    return size >= 4 && p[0] == 0 && p[1] == 0 && idx_dtype(p[2]) && p[3] >= 1 &&
           p[3] <= AMCT_MAX_RANK;
}

/* Type and dims; *head is how many bytes they take. */
static amct_status parse_head(amct_array *array, size_t *head, const uint8_t *p, size_t n,
                              amct_err *err)
{
    static const uint16_t one = 1;
    if (!amct_is_idx(p, n))
        return amct_fail(err, AMCT_E_FORMAT, "not an IDX file");
    *array = (amct_array){.dtype = idx_dtype(p[2]), .rank = p[3]};
    array->swapped = *(const uint8_t *)&one == 1;
    *head = 4 + 4 * (size_t)array->rank;
    if (n < *head)
        return amct_fail(err, AMCT_E_FORMAT, "the IDX file is cut within its dims");
    for (uint32_t d = 0; d < array->rank; d++) {
        const uint8_t *dim = p + 4 + 4 * d;
        array->dims[d] =
            (uint32_t)dim[0] << 24 | (uint32_t)dim[1] << 16 | (uint32_t)dim[2] << 8 | dim[3];
    }
    return AMCT_OK;
}

amct_status amct_idx_size(uint64_t *out, const void *head, size_t n, amct_err *err)
{
    amct_array array;
    size_t head_bytes;
    AMCT_TRY(parse_head(&array, &head_bytes, head, n, err));
    uint64_t total = amct_array_item_bytes(array.dtype);
    for (uint32_t d = 0; d < array.rank; d++)
        if (__builtin_mul_overflow(total, array.dims[d], &total))
            return amct_fail(err, AMCT_E_FORMAT, "the IDX file's dims make no size");
    if (__builtin_add_overflow(total, head_bytes, &total))
        return amct_fail(err, AMCT_E_FORMAT, "the IDX file's dims make no size");
    *out = total;
    return AMCT_OK;
}

amct_status amct_idx_parse(amct_array *out, const void *bytes, size_t size, amct_err *err)
{
    amct_array array;
    size_t head;
    AMCT_TRY(parse_head(&array, &head, bytes, size, err));
    array.data = (const uint8_t *)bytes + head;
    AMCT_TRY(amct_array_finish(&array, size - head, err));
    *out = array;
    return AMCT_OK;
}
