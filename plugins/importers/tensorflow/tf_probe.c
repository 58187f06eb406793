/*
 * Whether a file is a GraphDef or a SavedModel, by the shape of its first fields. What other
 * protobuf files begin with:
 *   ONNX ModelProto         field 1 is a varint (ir_version), then texts (2 to 6), a graph (7)
 *   Caffe NetParameter      field 1 is a text (name), field 2 or 100 a layer
 *   MindIR ModelProto       field 1 is a text
 *   MindSpore checkpoint    field 1 is a message, but in it field 2 is a message
 */
#include "tf_reader.h"

#include <string.h>

enum { NO = 0, LIKELY = 60, SURE = 90 };

/* An operator's name: "Conv2D", "_FusedConv2D". */
static bool is_operator(wire_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i && c >= '0' && c <= '9') && c != '>')
            return false;
    }
    return text.size > 0;
}

static bool is_text(wire_span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20)
            return false;
    return text.size > 0;
}

/* NodeDef: a name, an operator, inputs, a device, attributes. cut: the head ends in it. */
static bool is_node(wire_span node, bool cut)
{
    bool name = false, op = false;
    wire_field f;
    while (node.size) {
        if (wire_next_cut(&node, &f) <= 0)
            return cut && name && op;
        if (f.wire != WIRE_LENGTH || f.number > 7)
            return false;
        if (f.number <= 4 &&
            (f.number == 2 ? !is_operator(f.bytes) : f.bytes.size > 0 && !is_text(f.bytes)))
            return false;
        name |= f.number == 1;
        op |= f.number == 2;
    }
    return name && op;
}

/* MetaGraphDef: what it is of (1), a graph (2), a saver (3), ... */
static bool is_meta_graph(wire_span message)
{
    wire_field f;
    if (!message.size || wire_next_cut(&message, &f) <= 0 || f.wire != WIRE_LENGTH)
        return false;
    if (f.number == 1) /* MetaInfoDef: its second field is an OpList, its fourth a tag */
        return !message.size || (wire_next_cut(&message, &f) > 0 && f.wire == WIRE_LENGTH &&
                                 f.number >= 2 && f.number <= 7);
    return f.number == 2;
}

int32_t tf_probe(const void *head, size_t n, const char *path)
{
    (void)path;
    wire_span rest = {head, n};
    wire_field f;
    uint32_t nodes = 0;
    while (rest.size) {
        bool whole = wire_next(&(wire_span){rest.data, rest.size}, &f) > 0;
        if (wire_next_cut(&rest, &f) <= 0)
            break;
        if (f.number == 1 && f.wire == WIRE_VARINT && !nodes) { /* SavedModel's schema version */
            if (f.value > 16 || !rest.size || wire_next_cut(&rest, &f) <= 0)
                return NO;
            return f.number == 2 && f.wire == WIRE_LENGTH && is_meta_graph(f.bytes) ? SURE : NO;
        }
        if (f.number == 1 && f.wire == WIRE_LENGTH) {
            if (!is_node(f.bytes, !whole))
                return nodes && !whole ? SURE : NO;
            nodes++;
        } else if (f.number > 4 || (f.number == 3) != (f.wire == WIRE_VARINT)) {
            return NO;
        }
    }
    return nodes ? SURE : NO;
}
