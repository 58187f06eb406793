/*
 * Whether a file is MindSpore's, by its first fields. What other protobuf files begin with:
 *   ONNX ModelProto         field 1 is a varint (ir_version), here a text
 *   TensorFlow GraphDef     field 1 is a message, field 2 of which is a text (the operator)
 *   Caffe NetParameter      field 1 is a text (name), field 2 a message
 */
#include "ms_reader.h"

#include <string.h>

enum { NO = 0, LIKELY = 70, SURE = 90, MAX_VERSION = 32 };

static bool is_version(wire_span text)
{
    bool dot = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '.' && (text.data[i] < '0' || text.data[i] > '9'))
            return false;
        dot |= text.data[i] == '.';
    }
    return dot && text.size <= MAX_VERSION;
}

static bool is_text(wire_span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20)
            return false;
    return text.size > 0;
}

static int32_t probe_model(wire_span head)
{
    wire_field f;
    if (wire_next_cut(&head, &f) <= 0 || f.number != 1 || f.wire != WIRE_LENGTH ||
        !is_version(f.bytes))
        return NO;
    if (wire_next_cut(&head, &f) <= 0 || f.number != 2 || f.wire != WIRE_LENGTH)
        return NO;
    return wire_is(f.bytes, "MindSpore") ? SURE : is_text(f.bytes) ? LIKELY : NO;
}

/* A value: a tag, and a tensor of dims and the name of a type. */
static int32_t probe_weights(wire_span head)
{
    wire_field f;
    if (wire_next_cut(&head, &f) <= 0 || f.number != 1 || f.wire != WIRE_LENGTH)
        return NO;
    wire_span value = f.bytes;
    if (wire_next_cut(&value, &f) <= 0 || f.number != 1 || f.wire != WIRE_LENGTH ||
        !is_text(f.bytes) || wire_next_cut(&value, &f) <= 0 || f.number != 2 ||
        f.wire != WIRE_LENGTH)
        return NO;
    wire_span tensor = f.bytes;
    while (wire_next_cut(&tensor, &f) > 0) {
        if (f.number == 2)
            return f.wire == WIRE_LENGTH && ms_dtype_named(f.bytes) ? SURE : NO;
        if (f.number != 1)
            return NO;
    }
    return NO;
}

/* The graph of a training step, which MindSpore writes beside checkpoints (*-graph.meta): a varint,
 * then, as field 4, a message of nodes that have messages as inputs. */
static bool is_meta(wire_span head)
{
    wire_field f;
    if (wire_next_cut(&head, &f) <= 0 || f.number != 1 || f.wire != WIRE_VARINT ||
        wire_next_cut(&head, &f) <= 0 || f.number != 4 || f.wire != WIRE_LENGTH)
        return false;
    for (int depth = 0; depth < 2; depth++) {
        wire_span inner = f.bytes;
        if (wire_next_cut(&inner, &f) <= 0 || f.number != 1 || f.wire != WIRE_LENGTH)
            return false;
    }
    wire_span input = f.bytes;
    return wire_next_cut(&input, &f) > 0 && f.number == 1 && f.wire == WIRE_LENGTH &&
           wire_next_cut(&input, &f) > 0 && f.number == 2 && f.wire == WIRE_VARINT;
}

const char *ms_refused(const void *data, size_t size)
{
    static const struct {
        size_t at;
        const char *bytes, *what;
    } magics[] = {
        {0, "\xd8\x5e\x3a\x7f",
         "is encrypted (AES-GCM); load it in MindSpore with its key and export it again without "
         "enc_key"},
        {0, "\xd9\x5e\x3a\x7f",
         "is encrypted (AES-CBC); load it in MindSpore with its key and export it again without "
         "enc_key"},
        {0, "\xda\x5e\x3a\x7f",
         "is encrypted (SM4-CBC); load it in MindSpore with its key and export it again without "
         "enc_key"},
        {4, "MSL2",
         "is a MindSpore Lite model (.ms), converted already; give the MindIR that it was made "
         "from"},
        {4, "MSL1",
         "is a MindSpore Lite model (.ms), converted already; give the MindIR that it was made "
         "from"},
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (size >= magics[i].at + 4 &&
            memcmp((const uint8_t *)data + magics[i].at, magics[i].bytes, 4) == 0)
            return magics[i].what;
    if (is_meta((wire_span){data, size}))
        return "is the graph of a training step (*-graph.meta), which holds no weights; export the "
               "network with mindspore.export(net, input, file_format='MINDIR')";
    return NULL;
}

int32_t ms_probe(const void *head, size_t n, const char *path)
{
    (void)path;
    wire_span span = {head, n};
    if (n >= 8 && ms_refused(head, n))
        return SURE;
    int32_t sure = probe_model(span);
    return sure ? sure : probe_weights(span);
}
