#include "onnx_wire.h"

#include <string.h>

static onnx_part *find_part(onnx_part *parts, size_t n, const wire_field *field)
{
    if (field->wire == WIRE_LENGTH)
        for (size_t i = 0; i < n; i++)
            if (parts[i].number == field->number)
                return &parts[i];
    return NULL;
}

int32_t onnx_wire_split(onnx_memory *memory, wire_span message, onnx_part *parts, size_t n_parts,
                        wire_span *others, const uint8_t **bad)
{
    size_t n_others = 0;
    wire_field field;
    int more;
    for (size_t i = 0; i < n_parts; i++)
        parts[i].n = 0;
    wire_span rest = message;
    while ((more = wire_next(&rest, &field)) > 0) {
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
    *others = (wire_span){copy, n_others};
    rest = message;
    while (wire_next(&rest, &field) > 0) {
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

int onnx_wire_type_depth(wire_span type, int limit)
{
    int deepest = 1;
    wire_field outer, inner;
    while (wire_next(&type, &outer) > 0) {
        uint32_t wanted = element_field(outer.number);
        if (!wanted || outer.wire != WIRE_LENGTH)
            continue;
        wire_span holder = outer.bytes;
        while (wire_next(&holder, &inner) > 0) {
            if (inner.number != wanted || inner.wire != WIRE_LENGTH)
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
