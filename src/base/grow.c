#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_grow(void *array, size_t n, size_t *cap, size_t size, amct_err *err)
{
    size_t wanted, bytes;
    void *memory;
    if (n < *cap)
        return AMCT_OK;
    if (__builtin_mul_overflow(n, 2, &wanted) || __builtin_add_overflow(wanted, 16, &wanted) ||
        __builtin_mul_overflow(wanted, size, &bytes))
        return amct_fail_nomem(err);
    memcpy(&memory, array, sizeof memory); /* a pointer of whatever type */
    memory = realloc(memory, bytes);
    if (!memory)
        return amct_fail_nomem(err);
    memcpy(array, &memory, sizeof memory);
    *cap = wanted;
    return AMCT_OK;
}
