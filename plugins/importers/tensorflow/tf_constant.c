/* Constants on their way to the sink. */
#include "tf_reader.h"

#include <string.h>

/* Weights are wanted in one order, seldom in two: a file that wants them in many is hostile. */
#define MIN_EMITTED ((size_t)256 << 20)
enum { EMITTED_PER_BYTE = 4 };

/* Copies elements to where `order` stores them. The source's last dim goes by in short runs, so
 * that both sides are read and written by whole cache lines. */
static void permute(char *dst, const char *src, size_t width, const tf_shape *shape,
                    const tf_order *order)
{
    enum { RUN = 16 };
    uint32_t rank = shape->rank, last = rank - 1, place = tf_order_place(order, rank, last);
    int64_t from[TF_MAX_RANK], to[TF_MAX_RANK], at[TF_MAX_RANK] = {0}, dims[TF_MAX_RANK];
    for (int64_t k = rank - 1, stride = 1; k >= 0; stride *= shape->dims[k--])
        from[tf_order_place(order, rank, (uint32_t)k)] = stride;
    for (int64_t k = rank - 1, stride = 1; k >= 0; stride *= dims[k--]) {
        dims[k] = shape->dims[order->axis[k]];
        to[k] = stride;
    }
    for (int64_t first = 0; first < dims[place]; first += RUN) {
        int64_t run = dims[place] - first < RUN ? dims[place] - first : RUN;
        int64_t s = first, d = first * to[place], k;
        do {
            for (int64_t i = 0; i < run; i++)
                if (width == 4)
                    memcpy(dst + (d + i * to[place]) * 4, src + (s + i) * 4, 4);
                else
                    memcpy(dst + (size_t)(d + i * to[place]) * width, src + (size_t)(s + i) * width,
                           width);
            for (k = rank - 1; k >= 0; k--) {
                if (k == place)
                    continue;
                s += from[k], d += to[k];
                if (++at[k] < dims[k])
                    break;
                s -= from[k] * dims[k], d -= to[k] * dims[k];
                at[k] = 0;
            }
        } while (k >= 0);
    }
}

/* Bytes for what is known as numbers only. */
static int32_t fill_known(tf_reader *r, tf_value *v, int64_t count)
{
    size_t width = tf_dtype_bits(v->dtype) / 8;
    char *data = import_alloc(&r->memory, count ? (size_t)count : 1, 8);
    if (!data)
        return tf_nomem(r);
    for (int64_t i = 0; i < count; i++) {
        double number = v->known[i];
        int64_t whole = tf_whole(number);
        float f = (float)number;
        if (number != number)
            return tf_fail(r, AMCT_E_UNSUPPORTED,
                           "'%.200s' depends on the batch size, which is not known", v->name);
        if (v->dtype == AMCT_FLOAT)
            memcpy(data + (size_t)i * width, &f, sizeof f);
        else if (v->dtype == AMCT_DOUBLE)
            memcpy(data + (size_t)i * width, &number, sizeof number);
        else
            memcpy(data + (size_t)i * width, &whole, width);
    }
    v->data = data;
    v->data_size = (size_t)count * width;
    return AMCT_OK;
}

int32_t tf_constant_emit(tf_reader *r, tf_value *v, const tf_order *order, const tf_shape *dims,
                         uint32_t *id)
{
    const tf_order plain = tf_order_plain();
    int64_t count;
    TF_TRY(tf_count(r, &v->shape, &count));
    if (!v->data && v->known)
        TF_TRY(fill_known(r, v, count));
    if (v->dtype == AMCT_STRING || !v->data)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "takes the text '%.200s', which nothing computes with", v->name);
    amct_tensor_desc desc = {.struct_size = sizeof desc,
                             .kind = AMCT_TENSOR_CONSTANT,
                             .dtype = v->dtype,
                             .rank = dims->rank,
                             .name = v->name,
                             .dims = dims->dims,
                             .data = v->data,
                             .data_size = v->data_size,
                             .owner = AMCT_DATA_MAPPED};
    bool same = count == 0 || tf_order_same(order, &plain, &v->shape);
    if (!v->data_size)
        desc.data = NULL;
    if ((same && v->owner == AMCT_DATA_MAPPED) || !v->data_size)
        return r->sink->tensor(r->sink->ctx, &desc, id);
    if (v->data_size > MIN_EMITTED + EMITTED_PER_BYTE * r->n_mapped_bytes - r->n_emitted_bytes)
        return tf_fail(r, AMCT_E_LIMIT, "constants in other orders take more than %zu MiB",
                       (MIN_EMITTED + EMITTED_PER_BYTE * r->n_mapped_bytes) >> 20);
    r->n_emitted_bytes += v->data_size;
    void *block = r->host->alloc(r->host->ctx, v->data_size, 64);
    if (!block)
        return tf_nomem(r);
    if (same)
        memcpy(block, v->data, v->data_size);
    else
        permute(block, v->data, tf_dtype_bits(v->dtype) / 8, &v->shape, order);
    desc.data = block;
    desc.owner = AMCT_DATA_HOST;
    int32_t status = r->sink->tensor(r->sink->ctx, &desc, id);
    if (status != AMCT_OK)
        r->host->free(r->host->ctx, block);
    return status;
}

int32_t tf_reshaped_constant(tf_reader *r, tf_value *v, const tf_shape *shape, tf_value **out)
{
    tf_value *other;
    TF_TRY(tf_value_new(r, v->name, v->dtype, shape, &other));
    other->kind = TF_CONSTANT;
    other->data = v->data;
    other->data_size = v->data_size;
    other->owner = v->owner;
    other->known = v->known;
    *out = other;
    return AMCT_OK;
}
