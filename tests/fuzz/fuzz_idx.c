/* IDX files of any bytes, plain or gzipped: unpacked as a source does it, then read. */
#include "data/array.h"
#include "data/inflate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
    amct_err err = {AMCT_OK, ""};
    amct_array array;
    if (amct_idx_parse(&array, data, size, &err) != AMCT_OK) {
        if (!err.text[0])
            abort();
        return;
    }
    float *sample = malloc(array.sample_count * sizeof *sample);
    for (uint64_t i = 0; sample && i < array.dims[0]; i++)
        amct_array_floats(sample, &array, i);
    free(sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err;
    uint8_t head[AMCT_IDX_HEAD];
    size_t n;
    uint64_t whole;
    if (!amct_is_gzip(data, size)) {
        parse(data, size);
        return 0;
    }
    if (amct_inflate_head(head, sizeof head, &n, data, size, AMCT_PACKED_GZIP, &err) != AMCT_OK ||
        amct_idx_size(&whole, head, n, &err) != AMCT_OK || !amct_inflate_possible(whole, size))
        return 0;
    uint8_t *bytes = malloc(whole + 1);
    if (bytes && amct_inflate(bytes, whole, data, size, AMCT_PACKED_GZIP, &err) == AMCT_OK)
        parse(bytes, whole);
    free(bytes);
    return 0;
}
