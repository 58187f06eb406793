#include "onnx_wire.h"

#include <string.h>

int onnx_wire_varint(onnx_span *rest, uint64_t *value)
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

int onnx_wire_next(onnx_span *rest, onnx_field *field)
{
    if (rest->size == 0)
        return 0;
    onnx_span at = *rest;
    uint64_t tag, length = 0;
    if (onnx_wire_varint(&at, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return -1;
    onnx_field f = {.number = (uint32_t)(tag >> 3), .wire = tag & 7, .bytes = at};
    switch (f.wire) {
    case ONNX_VARINT:
        if (onnx_wire_varint(&at, &f.value) < 0)
            return -1;
        length = (uint64_t)(at.data - f.bytes.data);
        at = f.bytes;
        break;
    case ONNX_FIXED64: length = 8; break;
    case ONNX_FIXED32: length = 4; break;
    case ONNX_LENGTH:
        if (onnx_wire_varint(&at, &length) < 0)
            return -1;
        break;
    default: return -1; /* groups were given up before ONNX was there */
    }
    if (length > at.size)
        return -1;
    f.bytes = (onnx_span){at.data, (size_t)length};
    at.data += length;
    at.size -= (size_t)length;
    f.whole = (onnx_span){rest->data, (size_t)(at.data - rest->data)};
    *rest = at;
    *field = f;
    return 1;
}

static onnx_part *find_part(onnx_part *parts, size_t n, const onnx_field *field)
{
    if (field->wire == ONNX_LENGTH)
        for (size_t i = 0; i < n; i++)
            if (parts[i].number == field->number)
                return &parts[i];
    return NULL;
}

int32_t onnx_wire_split(onnx_memory *memory, onnx_span message, onnx_part *parts, size_t n_parts,
                        onnx_span *others, const uint8_t **bad)
{
    size_t n_others = 0;
    onnx_field field;
    int more;
    for (size_t i = 0; i < n_parts; i++)
        parts[i].n = 0;
    onnx_span rest = message;
    while ((more = onnx_wire_next(&rest, &field)) > 0) {
        onnx_part *part = find_part(parts, n_parts, &field);
        if (part)
            part->n++;
        else
            n_others += field.whole.size;
    }
    if (more < 0) {
        *bad = rest.data;
        return AMCT_E_FORMAT;
    }
    for (size_t i = 0; i < n_parts; i++) {
        parts[i].at = parts[i].n ? onnx_alloc(memory, parts[i].n, sizeof *parts[i].at) : NULL;
        if (parts[i].n && !parts[i].at)
            return AMCT_E_NOMEM;
        parts[i].n = 0;
    }
    if (n_others == message.size) {
        *others = message;
        return AMCT_OK;
    }
    uint8_t *copy = onnx_alloc(memory, n_others, 1);
    if (!copy)
        return AMCT_E_NOMEM;
    *others = (onnx_span){copy, n_others};
    rest = message;
    while (onnx_wire_next(&rest, &field) > 0) {
        onnx_part *part = find_part(parts, n_parts, &field);
        if (part) {
            part->at[part->n++] = field.bytes;
        } else {
            memcpy(copy, field.whole.data, field.whole.size);
            copy += field.whole.size;
        }
    }
    return AMCT_OK;
}

/* TypeProto holds, in one of its fields, a message that holds the element's TypeProto: sequence and
 * optional in field 1, map in field 2. */
static uint32_t element_field(uint32_t number)
{
    return number == 4 || number == 9 ? 1 : number == 5 ? 2 : 0;
}

int onnx_wire_type_depth(onnx_span type, int limit)
{
    int deepest = 1;
    onnx_field outer, inner;
    while (onnx_wire_next(&type, &outer) > 0) {
        uint32_t wanted = element_field(outer.number);
        if (!wanted || outer.wire != ONNX_LENGTH)
            continue;
        onnx_span holder = outer.bytes;
        while (onnx_wire_next(&holder, &inner) > 0) {
            if (inner.number != wanted || inner.wire != ONNX_LENGTH)
                continue;
            if (limit <= 1)
                return limit + 1;
            int depth = 1 + onnx_wire_type_depth(inner.bytes, limit - 1);
            deepest = depth > deepest ? depth : deepest;
            if (deepest > limit)
                return limit + 1;
        }
    }
    return deepest;
}
