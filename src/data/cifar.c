#include "data/array.h"

enum { PIXELS = 3 * 32 * 32 };

/* Whether the bytes are records of this size whose labels are all in range. */
static bool are_records(const uint8_t *p, size_t size, size_t record)
{
    bool fine = record == AMCT_CIFAR100_RECORD;
    if (size == 0 || size % record != 0)
        return false;
    for (const uint8_t *end = p + size; p < end; p += record)
        if (fine ? p[0] >= 20 || p[1] >= 100 : p[0] >= 10)
            return false;
    return true;
}

static size_t record_size(const uint8_t *p, size_t size)
{
    return are_records(p, size, AMCT_CIFAR10_RECORD)    ? AMCT_CIFAR10_RECORD
           : are_records(p, size, AMCT_CIFAR100_RECORD) ? AMCT_CIFAR100_RECORD
                                                        : 0;
}

amct_status amct_cifar_parse(amct_array *out, const void *bytes, size_t size, amct_err *err)
{
    size_t record = record_size(bytes, size);
    if (!record)
        return amct_fail(err, AMCT_E_FORMAT,
                         "%zu bytes are not CIFAR records: 3073 bytes each with a label below 10 "
                         "in front, or 3074 with labels below 20 and 100",
                         size);
    *out = (amct_array){.dtype = AMCT_UINT8,
                        .rank = 4,
                        .dims = {size / record, 3, 32, 32},
                        .sample_count = PIXELS,
                        .data = (const uint8_t *)bytes + (record - PIXELS),
                        .stride_bytes = record};
    return AMCT_OK;
}
