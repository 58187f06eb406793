#include "tf_wire.h"

#include <string.h>

int tf_wire_varint(tf_span *rest, uint64_t *value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < 10 && i < rest->size; i++) {
        v |= (uint64_t)(rest->data[i] & 0x7f) << (7 * i);
        if (rest->data[i] < 0x80) {
            rest->data += i + 1;
            rest->size -= i + 1;
            *value = v;
            return 1;
        }
    }
    return -1;
}

static uint64_t little_endian(const uint8_t *data, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)data[i] << (8 * i);
    return v;
}

int tf_wire_next(tf_span *rest, tf_field *field)
{
    if (rest->size == 0)
        return 0;
    tf_span at = *rest;
    uint64_t tag, length = 0;
    if (tf_wire_varint(&at, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return -1;
    tf_field f = {.number = (uint32_t)(tag >> 3), .wire = tag & 7, .bytes = at};
    switch (f.wire) {
    case TF_VARINT:
        if (tf_wire_varint(&at, &f.value) < 0)
            return -1;
        length = (uint64_t)(at.data - f.bytes.data);
        at = f.bytes;
        break;
    case TF_FIXED64: length = 8; break;
    case TF_FIXED32: length = 4; break;
    case TF_LENGTH:
        if (tf_wire_varint(&at, &length) < 0)
            return -1;
        break;
    default: return -1; /* groups, which none of these formats has */
    }
    if (length > at.size)
        return -1;
    f.bytes = (tf_span){at.data, (size_t)length};
    if (f.wire == TF_FIXED64 || f.wire == TF_FIXED32)
        f.value = little_endian(at.data, (size_t)length);
    *rest = (tf_span){at.data + length, at.size - (size_t)length};
    *field = f;
    return 1;
}

bool tf_wire_valid(tf_span message)
{
    tf_field field;
    int more;
    while ((more = tf_wire_next(&message, &field)) > 0)
        ;
    return more == 0;
}

bool tf_wire_find(tf_span message, uint32_t number, uint32_t wire, tf_field *out)
{
    bool found = false;
    tf_field field;
    while (tf_wire_next(&message, &field) > 0)
        if (field.number == number && field.wire == wire) {
            *out = field;
            found = true;
        }
    return found;
}

tf_span tf_wire_bytes(tf_span message, uint32_t number)
{
    tf_field field;
    return tf_wire_find(message, number, TF_LENGTH, &field) ? field.bytes : (tf_span){NULL, 0};
}

int64_t tf_wire_int(tf_span message, uint32_t number, int64_t otherwise)
{
    tf_field field;
    return tf_wire_find(message, number, TF_VARINT, &field) ? (int64_t)field.value : otherwise;
}

int tf_wire_each(tf_span *rest, uint32_t number, tf_span *bytes)
{
    tf_field field;
    while (tf_wire_next(rest, &field) > 0)
        if (field.number == number && field.wire == TF_LENGTH) {
            *bytes = field.bytes;
            return 1;
        }
    return 0;
}

int tf_wire_each_int(tf_span *rest, tf_span *packed, uint32_t number, int64_t *value)
{
    uint64_t v;
    for (;;) {
        if (packed->size) {
            if (tf_wire_varint(packed, &v) < 0)
                return 0;
            *value = (int64_t)v;
            return 1;
        }
        tf_field field;
        if (tf_wire_next(rest, &field) <= 0)
            return 0;
        if (field.number != number)
            continue;
        if (field.wire == TF_VARINT) {
            *value = (int64_t)field.value;
            return 1;
        }
        if (field.wire == TF_LENGTH)
            *packed = field.bytes;
    }
}

bool tf_span_is(tf_span span, const char *text)
{
    size_t length = strlen(text);
    return span.size == length && (length == 0 || memcmp(span.data, text, length) == 0);
}
