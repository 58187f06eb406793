/* Element types by PyTorch's names and numbers: c10/core/ScalarType.h, and torch/_export/serde's
 * schema, whose numbers are one more. */
#include "torch_value.h"

#include <string.h>

static const struct {
    const char *name, *storage;
    int32_t script; /* its number in TorchScript */
    uint32_t dtype, bytes;
} types[] = {
    {"uint8", "ByteStorage", 0, AMCT_UINT8, 1},
    {"int8", "CharStorage", 1, AMCT_INT8, 1},
    {"int16", "ShortStorage", 2, AMCT_INT16, 2},
    {"int32", "IntStorage", 3, AMCT_INT32, 4},
    {"int64", "LongStorage", 4, AMCT_INT64, 8},
    {"float16", "HalfStorage", 5, AMCT_FLOAT16, 2},
    {"float32", "FloatStorage", 6, AMCT_FLOAT, 4},
    {"float64", "DoubleStorage", 7, AMCT_DOUBLE, 8},
    {"bool", "BoolStorage", 11, AMCT_BOOL, 1},
    {"bfloat16", "BFloat16Storage", 15, AMCT_BFLOAT16, 2},
    {"uint16", "", 27, AMCT_UINT16, 2},
    {"uint32", "", 28, AMCT_UINT32, 4},
    {"uint64", "", 29, AMCT_UINT64, 8},
};
enum { N_TYPES = sizeof types / sizeof *types };

uint32_t torch_dtype_of_script(int64_t number)
{
    for (int i = 0; i < N_TYPES; i++)
        if (types[i].script == number)
            return types[i].dtype;
    return AMCT_UNDEFINED;
}

/* The schema of .pt2 numbers from 1 on, and knows bfloat16 as 13 and uint16 as 28. */
uint32_t torch_dtype_of_export(int64_t number)
{
    if (number == 12)
        return AMCT_BOOL;
    if (number == 13)
        return AMCT_BFLOAT16;
    if (number == 28)
        return AMCT_UINT16;
    return number >= 1 && number <= 8 ? torch_dtype_of_script(number - 1) : AMCT_UNDEFINED;
}

uint32_t torch_dtype_of_name(const char *name)
{
    for (int i = 0; i < N_TYPES; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].dtype;
    return AMCT_UNDEFINED;
}

uint32_t torch_dtype_of_storage(const char *name)
{
    for (int i = 0; i < N_TYPES; i++)
        if (types[i].storage[0] && strcmp(types[i].storage, name) == 0)
            return types[i].dtype;
    return AMCT_UNDEFINED;
}

size_t torch_dtype_bytes(uint32_t dtype)
{
    for (int i = 0; i < N_TYPES; i++)
        if (types[i].dtype == dtype)
            return types[i].bytes;
    return 0;
}

bool torch_dtype_is_float(uint32_t dtype)
{
    return dtype == AMCT_FLOAT || dtype == AMCT_DOUBLE || dtype == AMCT_FLOAT16 ||
           dtype == AMCT_BFLOAT16;
}
