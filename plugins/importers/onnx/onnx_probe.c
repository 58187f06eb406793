/*
 * Whether a file is a ModelProto, by the shape of its first fields. The other protobuf files that a
 * user may have differ in these:
 *   TensorFlow GraphDef     field 1 is a message (a node), here a varint (ir_version)
 *   TensorFlow SavedModel   field 1 is a varint, but field 2 a long binary message (meta graphs),
 *                           here a short text (producer_name)
 *   Caffe NetParameter      field 1 is a text (name)
 *   MindIR ModelProto       field 1 is a text (its ir_version is a string)
 *   ONNX TensorProto        field 1 is a varint or packed (dims), field 2 a varint
 */
#include "onnx_reader.h"

enum { NO = 0, LIKELY = 60, SURE = 90 };
/* No name, domain or version that stands before the graph is longer. */
enum { MAX_TEXT = 1024 };

/* The wire type of each field of ModelProto, as of IR version 12. */
static int wire_of(uint32_t number)
{
    switch (number) {
    case 1: /* ir_version */
    case 5: return WIRE_VARINT;
    case 2:
    case 3:
    case 4:
    case 6:
    case 7:
    case 8:
    case 14:
    case 20:
    case 25:
    case 26: return WIRE_LENGTH;
    default: return -1;
    }
}

static bool is_text(wire_span bytes, size_t n)
{
    if (bytes.size > MAX_TEXT)
        return false;
    for (size_t i = 0; i < n; i++)
        if (bytes.data[i] < 0x20)
            return false;
    return true;
}

/* Whether these are the first bytes of a GraphProto. */
static bool is_graph(const uint8_t *data, size_t n, size_t size)
{
    wire_span rest = {data, n};
    uint64_t tag;
    if (size == 0)
        return true;
    if (wire_varint(&rest, &tag) < 0 || (tag & 7) != WIRE_LENGTH)
        return false;
    uint64_t number = tag >> 3;
    return number == 1 || number == 2 || number == 5 || (number >= 10 && number <= 16);
}

/* Like wire_next, but the last field may be longer than what is there. */
static bool next_in_head(wire_span *rest, wire_field *field, size_t *size)
{
    if (wire_next(rest, field) > 0) {
        *size = field->bytes.size;
        return true;
    }
    uint64_t tag, length;
    if (wire_varint(rest, &tag) < 0 || (tag & 7) != WIRE_LENGTH || tag >> 3 > UINT16_MAX ||
        wire_varint(rest, &length) < 0)
        return false;
    *field = (wire_field){.number = (uint32_t)(tag >> 3), .wire = WIRE_LENGTH, .bytes = *rest};
    field->bytes.size = length > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)length;
    *size = rest->size;
    *rest = (wire_span){rest->data, 0};
    return true;
}

int32_t onnx_probe(const void *head, size_t n, const char *path)
{
    (void)path;
    wire_span rest = {head, n};
    bool version = false, opset = false, graph = false, producer = false;
    while (rest.size) {
        wire_field f;
        size_t there;
        const uint8_t *before = rest.data;
        if (!next_in_head(&rest, &f, &there))
            /* a tag or a length that the head's end cuts in two proves nothing */
            return graph && before + 10 > (const uint8_t *)head + n && n >= 4096 ? SURE : NO;
        if (wire_of(f.number) != (int)f.wire)
            return NO;
        if (f.number == 1) {
            version = f.value >= 1 && f.value < 256;
            if (!version)
                return NO;
        }
        if (f.number >= 2 && f.number <= 4) {
            if (!is_text(f.bytes, there))
                return NO;
            producer = true;
        }
        if (f.number == 7) {
            if (!is_graph(f.bytes.data, there, f.bytes.size))
                return NO;
            graph = true;
        }
        opset |= f.number == 8;
    }
    if (graph && (version || opset))
        return SURE;
    return (version && (opset || producer)) ? LIKELY : NO;
}
