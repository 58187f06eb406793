/*
 * Whether a file is a net: a text whose outermost fields are those of NetParameter, with a layer
 * among them; or the same in wire format. Other protobuf files differ early:
 *   ONNX ModelProto         field 1 is a varint (ir_version), here a text (name)
 *   TensorFlow GraphDef     field 1 is a message (a node)
 *   TensorFlow SavedModel   field 1 is a varint
 *   MindIR ModelProto       field 2 is a text (producer_name), here a message (a layer)
 *   MindSpore checkpoint    field 1 is a message
 *   Caffe BlobProto         field 1 is a varint (*.binaryproto)
 */
#include "caffe_lexer.h"
#include "caffe_reader.h"

#include <string.h>

enum { NO = 0, MAYBE = 20, LIKELY = 60, SURE = 90, MAX_TEXT = 1024 };

bool caffe_is_text(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size && i < 4096; i++)
        if (bytes[i] < 0x20 && !(bytes[i] >= '\t' && bytes[i] <= '\r'))
            return false;
    return size > 0;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

static int32_t probe_text(const void *head, size_t n, const char *path)
{
    static const char *const fields[] = {"name",       "input",  "input_dim", "input_shape",
                                         "layer",      "layers", "state",     "force_backward",
                                         "debug_info", NULL};
    static const char *const layers[] = {"layer", "layers", NULL};
    caffe_lexer lexer;
    int32_t sure = NO, depth = 0;
    bool layer = false;
    size_t length = strlen(path);
    caffe_lexer_init(&lexer, head, n);
    while (caffe_next(&lexer) && lexer.token.kind != CAFFE_END) {
        char sign = lexer.token.kind == CAFFE_SIGN ? lexer.token.sign : 0;
        depth += (sign == '{') - (sign == '}');
        if (depth == 1 && sign == '{' && layer)
            return SURE;
        if (depth != 0 || (lexer.token.kind != CAFFE_NAME && !sign))
            continue; /* a value */
        if (lexer.token.kind == CAFFE_NAME) {
            if (!is_one_of(lexer.token.text, fields))
                return sure == NO || depth ? NO : sure;
            layer = is_one_of(lexer.token.text, layers);
            sure = LIKELY;
        }
    }
    /* all that is there may be a comment */
    bool suffix = length > 9 && strcmp(path + length - 9, ".prototxt") == 0;
    return sure ? sure : n >= 4096 && suffix ? MAYBE : NO;
}

static bool is_label(wire_span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20)
            return false;
    return text.size <= MAX_TEXT;
}

/* Whether these are the first bytes of a layer: texts (names, type) or, of the old form, a type. */
static bool is_layer(wire_span message, bool old)
{
    wire_field f;
    if (wire_next_cut(&message, &f) <= 0)
        return false;
    if (old)
        return (f.number >= 2 && f.number <= 4 && f.wire == WIRE_LENGTH && is_label(f.bytes)) ||
               (f.number == 5 && f.wire == WIRE_VARINT);
    return f.number <= 4 && f.wire == WIRE_LENGTH && is_label(f.bytes);
}

int32_t caffe_probe(const void *head, size_t n, const char *path)
{
    if (caffe_is_text(head, n))
        return probe_text(head, n, path);
    wire_span rest = {head, n};
    wire_field f;
    int32_t sure = NO;
    while (rest.size && wire_next_cut(&rest, &f) > 0) {
        bool length = f.wire == WIRE_LENGTH;
        switch (f.number) {
        case 1:
        case 3:
            if (!length || !is_label(f.bytes))
                return NO;
            break;
        case 2:
        case 100:
            if (!length || !is_layer(f.bytes, f.number == 2))
                return NO;
            sure = SURE;
            break;
        case 4:
        case 5:
        case 7:
            if (length && f.number != 4)
                return NO;
            break;
        case 6:
        case 8:
            if (!length)
                return NO;
            break;
        default: return NO;
        }
    }
    return sure;
}
