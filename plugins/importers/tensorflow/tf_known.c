/* Constants as numbers. */
#include "../common/import_number.h"
#include "tf_reader.h"

#include <math.h>
#include <string.h>

int64_t tf_whole(double number)
{
    const double most = 4611686018427387904.0; /* 2^62: no sum of two overflows */
    return number != number ? 0
           : number > most  ? (int64_t)most
           : number < -most ? -(int64_t)most
                            : (int64_t)number;
}

const double *tf_known(tf_reader *r, tf_value *v, size_t *n)
{
    int64_t count = 1;
    if (v->kind != TF_CONSTANT || v->dtype == AMCT_STRING)
        return NULL;
    for (uint32_t i = 0; i < v->shape.rank; i++) {
        int64_t dim = v->shape.dims[i];
        if (dim > TF_MAX_KNOWN || (dim > 0 && count > TF_MAX_KNOWN / dim))
            return NULL;
        count *= dim;
    }
    *n = (size_t)count;
    if (v->known)
        return v->known;
    double *numbers = import_alloc(&r->memory, (size_t)count + 1, sizeof *numbers);
    if (!numbers || !v->data)
        return NULL;
    for (int64_t i = 0; i < count; i++)
        numbers[i] = import_number(v->dtype, v->data, (size_t)i);
    v->known = numbers;
    return numbers;
}

int32_t tf_ints(tf_reader *r, tf_value *v, const char *what, int64_t *out, uint32_t max,
                uint32_t *n)
{
    size_t count;
    const double *numbers = tf_known(r, v, &count);
    if (!numbers)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "%s ('%.200s') is not known before the network runs",
                       what, v->name);
    if (count > max)
        return tf_fail(r, AMCT_E_FORMAT, "%s ('%.200s') has %zu numbers, at most %u wanted", what,
                       v->name, count, max);
    for (size_t i = 0; i < count; i++) {
        if (isnan(numbers[i]))
            return tf_fail(r, AMCT_E_UNSUPPORTED,
                           "%s ('%.200s') depends on the batch size, which is not known", what,
                           v->name);
        out[i] = tf_whole(numbers[i]);
    }
    *n = (uint32_t)count;
    return AMCT_OK;
}

int32_t tf_int(tf_reader *r, tf_value *v, const char *what, int64_t *out)
{
    uint32_t n;
    TF_TRY(tf_ints(r, v, what, out, 1, &n));
    return n == 1 ? AMCT_OK : tf_fail(r, AMCT_E_FORMAT, "%s ('%.200s') is empty", what, v->name);
}

int32_t tf_known_new(tf_reader *r, const char *name, uint32_t dtype, const tf_shape *shape,
                     const double *numbers, tf_value **out)
{
    size_t count = 1;
    tf_value *v;
    for (uint32_t i = 0; i < shape->rank; i++)
        count *= (size_t)shape->dims[i];
    double *copy = import_alloc(&r->memory, count + 1, sizeof *copy);
    if (!copy || !name)
        return tf_nomem(r);
    if (count)
        memcpy(copy, numbers, count * sizeof *copy);
    TF_TRY(tf_value_new(r, name, dtype, shape, &v));
    v->kind = TF_CONSTANT;
    v->known = copy;
    v->owner = AMCT_DATA_HOST;
    *out = v;
    return AMCT_OK;
}
