#include "ops/rows.h"

#include <stdlib.h>

/* Constants may be mapped at any address. */
static bool direct_floats(const amct_value *v)
{
    return v->dtype == AMCT_FLOAT && (uintptr_t)v->data % sizeof(float) == 0;
}

void amct_row_load(double *to, const amct_value *from, int64_t at, int64_t step, int64_t n)
{
    if (direct_floats(from)) {
        const float *x = from->data;
        for (int64_t i = 0; i < n; i++)
            to[i] = x[at + i * step];
    } else if (from->dtype == AMCT_INT8) {
        const int8_t *x = from->data;
        for (int64_t i = 0; i < n; i++)
            to[i] = x[at + i * step];
    } else if (from->dtype == AMCT_UINT8) {
        const uint8_t *x = from->data;
        for (int64_t i = 0; i < n; i++)
            to[i] = x[at + i * step];
    } else {
        for (int64_t i = 0; i < n; i++)
            to[i] = amct_value_get(from, at + i * step);
    }
}

void amct_row_store(const amct_value *to, int64_t at, int64_t step, const double *from, int64_t n)
{
    if (direct_floats(to)) {
        float *y = to->data;
        for (int64_t i = 0; i < n; i++)
            y[at + i * step] = (float)from[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            amct_value_put(to, at + i * step, from[i]);
    }
}

void amct_row_load_int(int64_t *to, const amct_value *from, int64_t at, int64_t step, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = amct_value_get_int(from, at + i * step);
}

void amct_row_store_int(const amct_value *to, int64_t at, int64_t step, const int64_t *from,
                        int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        amct_value_put_int(to, at + i * step, from[i]);
}

double *amct_rows_new(int64_t rows, int64_t n)
{
    int64_t limit = AMCT_MAX_TENSOR_BYTES;
    if (rows > 0 && n > limit / rows)
        return NULL;
    int64_t count = rows * n;
    return calloc(count > 0 ? (size_t)count : 1, sizeof(double));
}

void amct_dtype_limits(uint32_t dtype, double *least, double *greatest)
{
    bool is_signed =
        dtype == AMCT_INT4 || dtype == AMCT_INT8 || dtype == AMCT_INT16 || dtype == AMCT_INT32;
    double span = (double)((uint64_t)1 << amct_dtype_bits(dtype));
    *least = is_signed ? -span / 2 : 0;
    *greatest = *least + span - 1;
}

double amct_round_to(uint32_t dtype, double number)
{
    double slot = 0;
    if (dtype == AMCT_FLOAT)
        return (float)number;
    amct_element_put(dtype, &slot, 0, number);
    return amct_element_get(dtype, &slot, 0);
}
