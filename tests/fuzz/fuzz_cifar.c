/* CIFAR records of any bytes: labels and pixels of all samples can be read. */
#include "data/array.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err = {AMCT_OK, ""};
    amct_array array;
    static float sample[3 * 32 * 32];
    if (amct_cifar_parse(&array, data, size, &err) != AMCT_OK) {
        if (!err.text[0])
            abort();
        return 0;
    }
    for (uint64_t i = 0; i < array.dims[0]; i++) {
        amct_array_floats(sample, &array, i);
        if (*(array.data + i * array.stride_bytes - 1) >= 100)
            abort();
    }
    return 0;
}
