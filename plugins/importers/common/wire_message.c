#include "wire_message.h"

#include <string.h>

bool wire_valid(wire_span message)
{
    wire_field field;
    int more;
    while ((more = wire_next(&message, &field)) > 0)
        ;
    return more == 0;
}

bool wire_find(wire_span message, uint32_t number, uint32_t wire, wire_field *out)
{
    bool found = false;
    wire_field field;
    while (wire_next(&message, &field) > 0)
        if (field.number == number && field.wire == wire) {
            *out = field;
            found = true;
        }
    return found;
}

wire_span wire_bytes(wire_span message, uint32_t number)
{
    wire_field field;
    return wire_find(message, number, WIRE_LENGTH, &field) ? field.bytes : (wire_span){NULL, 0};
}

int64_t wire_int(wire_span message, uint32_t number, int64_t otherwise)
{
    wire_field field;
    return wire_find(message, number, WIRE_VARINT, &field) ? (int64_t)field.value : otherwise;
}

int wire_each(wire_span *rest, uint32_t number, wire_span *bytes)
{
    wire_field field;
    while (wire_next(rest, &field) > 0)
        if (field.number == number && field.wire == WIRE_LENGTH) {
            *bytes = field.bytes;
            return 1;
        }
    return 0;
}

int wire_each_int(wire_span *rest, wire_span *packed, uint32_t number, int64_t *value)
{
    uint64_t v;
    for (;;) {
        if (packed->size) {
            if (wire_varint(packed, &v) < 0)
                return 0;
            *value = (int64_t)v;
            return 1;
        }
        wire_field field;
        if (wire_next(rest, &field) <= 0)
            return 0;
        if (field.number != number)
            continue;
        if (field.wire == WIRE_VARINT) {
            *value = (int64_t)field.value;
            return 1;
        }
        if (field.wire == WIRE_LENGTH)
            *packed = field.bytes;
    }
}

bool wire_is(wire_span span, const char *text)
{
    size_t length = strlen(text);
    return span.size == length && (length == 0 || memcmp(span.data, text, length) == 0);
}
