/* .npy files of any bytes: what parses can be read to its last element. */
#include "data/array.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err = {AMCT_OK, ""};
    amct_array array;
    if (amct_npy_parse(&array, data, size, &err) != AMCT_OK) {
        if (!err.text[0])
            abort();
        return 0;
    }
    float *sample = malloc(array.sample_count * sizeof *sample);
    for (uint64_t i = 0; sample && i < array.dims[0]; i++)
        amct_array_floats(sample, &array, i);
    for (uint64_t i = 0; amct_array_is_integer(&array) && i < array.dims[0]; i++)
        amct_array_integer(&array, i);
    free(sample);
    return 0;
}
