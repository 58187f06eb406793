/* Scalars of the text, and fields that are skipped. */
#include "caffe_parser.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *place_of(void *message, unsigned offset)
{
    return (char *)message + offset;
}

int32_t caffe_parse_append(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *message,
                           size_t size, void **element)
{
    size_t *n = place_of(message, field->quantifier_offset);
    void *list = place_of(message, field->offset);
    char *items;
    if (!caffe_grow(&p->r->memory, list, *n, size))
        return caffe_nomem(p->r);
    memcpy(&items, list, sizeof items);
    *element = items + (*n)++ * size;
    return AMCT_OK;
}

static int32_t wanted(caffe_parser *p, const ProtobufCFieldDescriptor *field, const char *what)
{
    char text[64];
    return caffe_parse_fail(p, "%s is %s, %s wanted", field->name,
                            caffe_token_show(&p->lexer.token, text, sizeof text), what);
}

static int32_t read_integer(caffe_parser *p, const ProtobufCFieldDescriptor *field, bool negative,
                            void *to)
{
    const char *text = p->lexer.token.text;
    char *end = NULL;
    errno = 0;
    uint64_t value = p->lexer.token.kind == CAFFE_NUMBER ? strtoull(text, &end, 0) : 0;
    if (!end || end == text || *end || errno)
        return wanted(p, field, "a whole number");
    bool is_signed = field->type == PROTOBUF_C_TYPE_INT64;
    if ((negative && (!is_signed || value > (uint64_t)INT64_MAX)) ||
        (!negative && is_signed && value > INT64_MAX))
        return wanted(p, field, is_signed ? "a number of 64 bits" : "a number from 0 on");
    value = negative ? 0 - value : value;
    memcpy(to, &value, sizeof value);
    return AMCT_OK;
}

static int32_t read_float(caffe_parser *p, const ProtobufCFieldDescriptor *field, bool negative,
                          float *to)
{
    const char *text = p->lexer.token.text;
    char *end = NULL;
    double value = p->lexer.token.kind == CAFFE_NUMBER ? strtod(text, &end) : NAN;
    if (end && end != text && (*end == 'f' || *end == 'F'))
        end++;
    if (!end || end == text || *end || !isfinite((float)value))
        return wanted(p, field, "a finite number");
    *to = (float)(negative ? -value : value);
    return AMCT_OK;
}

static int32_t read_bool(caffe_parser *p, const ProtobufCFieldDescriptor *field,
                         protobuf_c_boolean *to)
{
    static const char *const words[] = {"false", "true", "False", "True", "f", "t", "0", "1"};
    const caffe_token *token = &p->lexer.token;
    for (int i = 0; i < 8 && (token->kind == CAFFE_NAME || token->kind == CAFFE_NUMBER); i++)
        if (strcmp(token->text, words[i]) == 0) {
            *to = i % 2;
            return AMCT_OK;
        }
    return wanted(p, field, "true or false");
}

static int32_t read_enum(caffe_parser *p, const ProtobufCFieldDescriptor *field, int *to)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    const caffe_token *token = &p->lexer.token;
    const ProtobufCEnumValue *value = NULL;
    char *end;
    if (token->kind == CAFFE_NAME)
        value = protobuf_c_enum_descriptor_get_value_by_name(type, token->text);
    if (token->kind == CAFFE_NUMBER) {
        long number = strtol(token->text, &end, 10);
        if (!*end && number >= 0 && number <= INT32_MAX)
            value = protobuf_c_enum_descriptor_get_value(type, (int)number);
    }
    if (!value && token->kind == CAFFE_STRING)
        return wanted(p, field, "a word without quotes, as in the old form of layers,");
    char words[96] = "a known word";
    for (unsigned i = 0; !value && type->n_values <= 4 && i < type->n_values; i++)
        snprintf(words + (i ? strlen(words) : 0), sizeof words - (i ? strlen(words) : 0), "%s%s",
                 i ? ", " : "", type->values[i].name);
    if (!value)
        return wanted(p, field, words);
    *to = value->value;
    return AMCT_OK;
}

static int32_t read_string(caffe_parser *p, const ProtobufCFieldDescriptor *field, char **to)
{
    const caffe_token *token = &p->lexer.token;
    if (token->kind != CAFFE_STRING)
        return wanted(p, field, "a text in quotes");
    char *copy = import_alloc(&p->r->memory, token->size + 1, 1);
    if (!copy)
        return caffe_nomem(p->r);
    memcpy(copy, token->text, token->size);
    *to = copy;
    return AMCT_OK;
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM: return sizeof(int);
    case PROTOBUF_C_TYPE_FLOAT: return sizeof(float);
    case PROTOBUF_C_TYPE_STRING: return sizeof(char *);
    default: return sizeof(uint64_t); /* the schema has integers of 64 bits only */
    }
}

static bool is_set(const ProtobufCFieldDescriptor *field, void *message)
{
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return *(protobuf_c_boolean *)place_of(message, field->quantifier_offset) != 0;
    const char *text;
    memcpy(&text, place_of(message, field->offset), sizeof text);
    return text && text != field->default_value;
}

int32_t caffe_parse_scalar(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *message)
{
    void *to = place_of(message, field->offset);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (!repeated && is_set(field, message))
        return caffe_parse_fail(p, "%s is there twice", field->name);
    bool negative = caffe_parse_sees(p, '-');
    if (negative)
        CAFFE_TRY(caffe_parse_next(p));
    if (repeated)
        CAFFE_TRY(caffe_parse_append(p, field, message, size_of(field->type), &to));
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL: CAFFE_TRY(read_bool(p, field, to)); break;
    case PROTOBUF_C_TYPE_ENUM: CAFFE_TRY(read_enum(p, field, to)); break;
    case PROTOBUF_C_TYPE_FLOAT: CAFFE_TRY(read_float(p, field, negative, to)); break;
    case PROTOBUF_C_TYPE_STRING: CAFFE_TRY(read_string(p, field, to)); break;
    default: CAFFE_TRY(read_integer(p, field, negative, to)); break;
    }
    if (!repeated && field->type != PROTOBUF_C_TYPE_STRING)
        *(protobuf_c_boolean *)place_of(message, field->quantifier_offset) = 1;
    return caffe_parse_next(p);
}

static char closer_of(const caffe_parser *p)
{
    return caffe_parse_sees(p, '{')   ? '}'
           : caffe_parse_sees(p, '<') ? '>'
           : caffe_parse_sees(p, '[') ? ']'
                                      : 0;
}

/* From an opening bracket to behind the closing one. */
static int32_t skip_brackets(caffe_parser *p)
{
    enum { DEEPEST = 64 };
    char closers[DEEPEST];
    int depth = 0;
    do {
        char closer = closer_of(p);
        if (p->lexer.token.kind == CAFFE_END)
            return caffe_parse_fail(p, "the file ends where a '%c' is wanted", closers[depth - 1]);
        if (closer && depth == DEEPEST)
            return caffe_parse_fail(p, "more than %d messages in one another", DEEPEST);
        if (closer)
            closers[depth++] = closer;
        else if (caffe_parse_sees(p, closers[depth - 1]))
            depth--;
        else if (caffe_parse_sees(p, '}') || caffe_parse_sees(p, '>') || caffe_parse_sees(p, ']'))
            return caffe_parse_fail(p, "'%c' where a '%c' is wanted", p->lexer.token.sign,
                                    closers[depth - 1]);
        CAFFE_TRY(caffe_parse_next(p));
    } while (depth);
    return AMCT_OK;
}

int32_t caffe_parse_skip(caffe_parser *p)
{
    bool colon = caffe_parse_sees(p, ':');
    if (colon)
        CAFFE_TRY(caffe_parse_next(p));
    if (closer_of(p))
        return skip_brackets(p);
    if (!colon)
        return caffe_parse_fail(p, "':' or '{' wanted behind a field's name");
    if (caffe_parse_sees(p, '-'))
        CAFFE_TRY(caffe_parse_next(p));
    if (p->lexer.token.kind == CAFFE_SIGN || p->lexer.token.kind == CAFFE_END)
        return caffe_parse_fail(p, "a value is wanted");
    return caffe_parse_next(p);
}
