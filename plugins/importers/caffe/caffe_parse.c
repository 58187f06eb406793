/* Protobuf's text format, by the descriptors that protoc-c makes of caffe_net.proto. */
#include "caffe_parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TEXT = 16 << 20, MAX_LAYERS = 65536, MAX_WARNINGS = 8 };

int32_t caffe_parse_fail(caffe_parser *p, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return caffe_fail(p->r, AMCT_E_FORMAT, "line %u, column %u: %s", p->lexer.token.line,
                      p->lexer.token.column, text);
}

int32_t caffe_parse_next(caffe_parser *p)
{
    return caffe_next(&p->lexer) ? AMCT_OK : caffe_parse_fail(p, "%s", p->lexer.problem);
}

/* Names of Caffe and its forks that say nothing of what a trained network computes. */
static bool is_quiet(const char *name)
{
    static const char *const quiet[] = {
        "accuracy_param",
        "annotated_data_param",
        "backend",
        "batch_norm_fraction",
        "bias_filler",
        "blob_share_mode",
        "blobs_lr",
        "contrastive_loss_param",
        "debug_info",
        "decay_mult",
        "detection_evaluate_param",
        "device",
        "dropout_param",
        "engine",
        "filler",
        "force_backward",
        "force_encoded_color",
        "force_nd_im2col",
        "hdf5_data_param",
        "hdf5_output_param",
        "hinge_loss_param",
        "infogain_loss_param",
        "loss_param",
        "loss_weight",
        "lr_mult",
        "mean_file",
        "mirror",
        "moving_average_fraction",
        "multibox_loss_param",
        "phase",
        "prefetch",
        "propagate_down",
        "python_param",
        "rand_skip",
        "root_folder",
        "scale",
        "scale_filler",
        "share_mode",
        "shuffle",
        "sigmoid_param",
        "source",
        "stable_prod_grad",
        "tanh_param",
        "weight_decay",
        "weight_filler",
        "window_data_param",
    };
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
        if (strcmp(name, quiet[i]) == 0)
            return true;
    return false;
}

static int32_t skip_unknown(caffe_parser *p, const ProtobufCMessageDescriptor *type)
{
    const char *name = p->lexer.token.text;
    if (type == &caffe_net__v1_layer_parameter__descriptor && strcmp(name, "layer") == 0)
        return caffe_parse_fail(p, "layers of the oldest form (V0) are not read; upgrade the net "
                                   "with Caffe's upgrade_net_proto_text");
    if (!is_quiet(name) && p->r->n_warned++ < MAX_WARNINGS)
        caffe_log(p->r, AMCT_LOG_WARN, "line %u, column %u: unknown field '%.64s' of %s is ignored",
                  p->lexer.token.line, p->lexer.token.column, name, type->short_name);
    CAFFE_TRY(caffe_parse_next(p));
    return caffe_parse_skip(p);
}

/* "[package.extension]", the name of an extension. */
static int32_t skip_extension(caffe_parser *p)
{
    while (!caffe_parse_sees(p, ']')) {
        CAFFE_TRY(caffe_parse_next(p));
        if (p->lexer.token.kind == CAFFE_END)
            return caffe_parse_fail(p, "the file ends where a ']' is wanted");
    }
    CAFFE_TRY(caffe_parse_next(p));
    return caffe_parse_skip(p);
}

static int32_t parse_fields(caffe_parser *p, const ProtobufCMessageDescriptor *type, void *message,
                            char closer, uint32_t begin);

static int32_t note_line(caffe_parser *p, uint32_t line)
{
    CaffeNet__NetParameter *net = p->r->net;
    size_t n = net->n_layer + net->n_layers;
    if (n > MAX_LAYERS)
        return caffe_parse_fail(p, "more than %d layers", MAX_LAYERS);
    if (!caffe_grow(&p->r->memory, &p->r->lines, n - 1, sizeof *p->r->lines))
        return caffe_nomem(p->r);
    p->r->lines[n - 1] = line;
    return AMCT_OK;
}

/* One message in brackets. */
static int32_t parse_message(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *parent,
                             uint32_t line)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    bool brace = caffe_parse_sees(p, '{');
    if (!brace && !caffe_parse_sees(p, '<'))
        return caffe_parse_fail(p, "'{' wanted behind %s", field->name);
    uint32_t begin = p->lexer.token.line;
    void *place = (char *)parent + field->offset,
         *message = import_alloc(&p->r->memory, 1, type->sizeof_message);
    if (!message)
        return caffe_nomem(p->r);
    type->message_init(message);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        CAFFE_TRY(caffe_parse_append(p, field, parent, sizeof message, &place));
    } else {
        void *before;
        memcpy(&before, place, sizeof before);
        if (before)
            return caffe_parse_fail(p, "%s is there twice", field->name);
    }
    memcpy(place, &message, sizeof message);
    if (parent == p->r->net && (field->id == 2 || field->id == 100))
        CAFFE_TRY(note_line(p, line));
    CAFFE_TRY(caffe_parse_next(p));
    return parse_fields(p, type, message, brace ? '}' : '>', begin);
}

static int32_t parse_one(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *message,
                         uint32_t line)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? parse_message(p, field, message, line)
                                                  : caffe_parse_scalar(p, field, message);
}

/* Several values in square brackets. */
static int32_t parse_list(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *message,
                          uint32_t line)
{
    CAFFE_TRY(caffe_parse_next(p));
    while (!caffe_parse_sees(p, ']')) {
        CAFFE_TRY(parse_one(p, field, message, line));
        if (caffe_parse_sees(p, ','))
            CAFFE_TRY(caffe_parse_next(p));
        else if (!caffe_parse_sees(p, ']'))
            return caffe_parse_fail(p, "',' or ']' wanted");
    }
    return caffe_parse_next(p);
}

static int32_t parse_field(caffe_parser *p, const ProtobufCMessageDescriptor *type, void *message)
{
    uint32_t line = p->lexer.token.line;
    const char *name = strcmp(p->lexer.token.text, "base") == 0 ? "base_" : p->lexer.token.text;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type, name);
    if (!field)
        return skip_unknown(p, type);
    CAFFE_TRY(caffe_parse_next(p));
    bool colon = caffe_parse_sees(p, ':');
    if (colon)
        CAFFE_TRY(caffe_parse_next(p));
    else if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return caffe_parse_fail(p, "':' wanted behind %s", field->name);
    return field->label == PROTOBUF_C_LABEL_REPEATED && colon && caffe_parse_sees(p, '[')
               ? parse_list(p, field, message, line)
               : parse_one(p, field, message, line);
}

/* Up to and with the bracket that closes the message; 0: up to the end of the file. */
static int32_t parse_fields(caffe_parser *p, const ProtobufCMessageDescriptor *type, void *message,
                            char closer, uint32_t begin)
{
    char text[64];
    for (;;) {
        if (closer && caffe_parse_sees(p, closer))
            return caffe_parse_next(p);
        if (p->lexer.token.kind == CAFFE_END)
            return closer ? caffe_parse_fail(p, "the file ends where the '%c' of line %u is wanted",
                                             closer, begin)
                          : AMCT_OK;
        if (p->lexer.token.kind == CAFFE_NAME)
            CAFFE_TRY(parse_field(p, type, message));
        else if (caffe_parse_sees(p, '['))
            CAFFE_TRY(skip_extension(p));
        else
            return caffe_parse_fail(p, "%s where a field's name is wanted",
                                    caffe_token_show(&p->lexer.token, text, sizeof text));
        if (caffe_parse_sees(p, ',') || caffe_parse_sees(p, ';'))
            CAFFE_TRY(caffe_parse_next(p));
    }
}

int32_t caffe_parse(caffe_reader *r)
{
    if (r->model.size > MAX_TEXT)
        return caffe_fail(r, AMCT_E_LIMIT, "the text has %zu bytes, at most %d wanted",
                          r->model.size, MAX_TEXT);
    caffe_parser *p = import_alloc(&r->memory, 1, sizeof *p);
    r->net = import_alloc(&r->memory, 1, sizeof *r->net);
    if (!p || !r->net)
        return caffe_nomem(r);
    caffe_net__net_parameter__init(r->net);
    p->r = r;
    caffe_lexer_init(&p->lexer, r->model.data, r->model.size);
    CAFFE_TRY(caffe_parse_next(p));
    return parse_fields(p, &caffe_net__net_parameter__descriptor, r->net, 0, 1);
}
