/*
 * TensorProto: 1 dtype, 2 tensor_shape, 4 tensor_content, and a field of numbers per kind of
 * element, where fewer than there are elements mean that the last one is repeated.
 */
#include "tf_reader.h"

#include <string.h>

/* Tensors that are spelt as one number and a shape may not fill the memory. */
#define MAX_COPIED ((size_t)256 << 20)

static const struct layout {
    uint32_t dtype, number, wire, width;
} layouts[] = {
    {AMCT_FLOAT, 5, WIRE_FIXED32, 4},    {AMCT_DOUBLE, 6, WIRE_FIXED64, 8},
    {AMCT_INT32, 7, WIRE_VARINT, 4},     {AMCT_INT16, 7, WIRE_VARINT, 2},
    {AMCT_INT8, 7, WIRE_VARINT, 1},      {AMCT_UINT8, 7, WIRE_VARINT, 1},
    {AMCT_UINT16, 7, WIRE_VARINT, 2},    {AMCT_INT64, 10, WIRE_VARINT, 8},
    {AMCT_BOOL, 11, WIRE_VARINT, 1},     {AMCT_FLOAT16, 13, WIRE_VARINT, 2},
    {AMCT_BFLOAT16, 13, WIRE_VARINT, 2}, {AMCT_UINT32, 16, WIRE_VARINT, 4},
    {AMCT_UINT64, 17, WIRE_VARINT, 8},
};

static const struct layout *layout_of(uint32_t dtype)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].dtype == dtype)
            return &layouts[i];
    return NULL;
}

/* The next number's bits: 1, 0 at the end, -1 if it is damaged. */
static int next_number(wire_span *rest, wire_span *packed, const struct layout *how, uint64_t *bits)
{
    wire_field field;
    for (;;) {
        if (packed->size && how->wire == WIRE_VARINT)
            return wire_varint(packed, bits);
        if (packed->size) {
            if (packed->size < how->width)
                return -1;
            *bits = 0;
            memcpy(bits, packed->data, how->width);
            packed->data += how->width;
            packed->size -= how->width;
            return 1;
        }
        int more = wire_next(rest, &field);
        if (more <= 0)
            return more;
        if (field.number != how->number)
            continue;
        if (field.wire == WIRE_LENGTH) {
            *packed = field.bytes;
        } else if (field.wire == how->wire) {
            *bits = field.value;
            return 1;
        }
    }
}

/* Whether the numbers are one run of bytes that can stay where it is. */
static bool find_run(wire_span message, const struct layout *how, size_t bytes, wire_span *out)
{
    wire_span rest = message, run;
    size_t n = 0;
    if (how->wire == WIRE_VARINT)
        return false;
    for (; wire_each(&rest, how->number, &run); n++)
        *out = run;
    return n == 1 && out->size == bytes && bytes > 0;
}

static int32_t read_numbers(tf_reader *r, wire_span message, const struct layout *how, tf_value *v)
{
    wire_span rest = message, packed = {NULL, 0}, run;
    uint64_t bits = 0;
    size_t n = v->data_size / how->width, i = 0;
    if (find_run(message, how, v->data_size, &run)) {
        v->data = run.data;
        return AMCT_OK;
    }
    if (v->data_size > MAX_COPIED - r->n_copied_bytes)
        return tf_fail(r, AMCT_E_LIMIT,
                       "constants that are not stored as bytes take more than %zu MiB",
                       MAX_COPIED >> 20);
    r->n_copied_bytes += v->data_size;
    uint8_t *data = import_alloc(&r->memory, n ? n : 1, how->width);
    if (!data)
        return tf_nomem(r);
    for (int more; i < n && (more = next_number(&rest, &packed, how, &bits)) != 0; i++) {
        if (more < 0)
            return tf_fail(r, AMCT_E_FORMAT, "its numbers are damaged");
        memcpy(data + i * how->width, &bits, how->width);
    }
    for (; i < n; i++) /* the last one again, 0 if there is none */
        memcpy(data + i * how->width, &bits, how->width);
    v->data = data;
    v->owner = AMCT_DATA_HOST;
    return AMCT_OK;
}

int32_t tf_read_tensor(tf_reader *r, wire_span message, const char *name, tf_value **out)
{
    int64_t type = wire_int(message, 1, 0), count;
    uint32_t dtype = tf_dtype(type);
    tf_shape shape;
    bool known;
    tf_value *v;
    wire_field content;
    TF_TRY(tf_read_shape(r, wire_bytes(message, 2), &shape, &known));
    if (!known)
        return tf_fail(r, AMCT_E_FORMAT, "a constant without a shape");
    TF_TRY(tf_count(r, &shape, &count));
    if (count < 0)
        return tf_fail(r, AMCT_E_FORMAT, "a constant with a dim that is not known");
    TF_TRY(tf_value_new(r, name, dtype, &shape, &v));
    v->kind = TF_CONSTANT;
    const struct layout *how = layout_of(dtype);
    if (!how && dtype != AMCT_STRING)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "its element type %s is not supported",
                       tf_dtype_name(type));
    if (how) {
        v->data_size = (size_t)count * how->width;
        if (wire_find(message, 4, WIRE_LENGTH, &content) && content.bytes.size) {
            if (content.bytes.size != v->data_size)
                return tf_fail(r, AMCT_E_FORMAT, "tensor_content has %zu bytes, %zu wanted",
                               content.bytes.size, v->data_size);
            v->data = content.bytes.data;
        } else {
            TF_TRY(read_numbers(r, message, how, v));
        }
    }
    *out = v;
    return AMCT_OK;
}
