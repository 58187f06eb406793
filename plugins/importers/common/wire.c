#include "wire.h"

int wire_varint(wire_span *rest, uint64_t *value)
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

static uint64_t little_endian(wire_span bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes.size; i++)
        v |= (uint64_t)bytes.data[i] << (8 * i);
    return v;
}

int wire_next(wire_span *rest, wire_field *field)
{
    if (rest->size == 0)
        return 0;
    wire_span at = *rest;
    uint64_t tag, length = 0;
    if (wire_varint(&at, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return -1;
    wire_field f = {.number = (uint32_t)(tag >> 3), .wire = tag & 7, .bytes = at};
    switch (f.wire) {
    case WIRE_VARINT:
        if (wire_varint(&at, &f.value) < 0)
            return -1;
        length = (uint64_t)(at.data - f.bytes.data);
        at = f.bytes;
        break;
    case WIRE_FIXED64: length = 8; break;
    case WIRE_FIXED32: length = 4; break;
    case WIRE_LENGTH:
        if (wire_varint(&at, &length) < 0)
            return -1;
        break;
    default: return -1;
    }
    if (length > at.size)
        return -1;
    f.bytes = (wire_span){at.data, (size_t)length};
    if (f.wire == WIRE_FIXED64 || f.wire == WIRE_FIXED32)
        f.value = little_endian(f.bytes);
    at.data += length;
    at.size -= (size_t)length;
    f.whole = (wire_span){rest->data, (size_t)(at.data - rest->data)};
    *rest = at;
    *field = f;
    return 1;
}

int wire_next_cut(wire_span *rest, wire_field *field)
{
    uint64_t tag, length;
    wire_span at = *rest;
    if (at.size == 0)
        return 0;
    if (wire_next(rest, field) > 0)
        return 1;
    if (wire_varint(&at, &tag) < 0 || (tag & 7) != WIRE_LENGTH || tag >> 3 == 0 ||
        tag >> 3 > UINT16_MAX || wire_varint(&at, &length) < 0)
        return -1;
    *field = (wire_field){.number = (uint32_t)(tag >> 3), .wire = WIRE_LENGTH, .bytes = at};
    *rest = (wire_span){at.data + at.size, 0};
    return 1;
}
