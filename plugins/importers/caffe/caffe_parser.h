/*
 * caffe_parser.h - the text of a net on its way into protobuf-c's structs, which the parser knows
 * from their descriptors. Failures are described with line and column.
 */
#ifndef CAFFE_PARSER_H
#define CAFFE_PARSER_H

#include "caffe_lexer.h"
#include "caffe_reader.h"

typedef struct caffe_parser {
    caffe_reader *r;
    caffe_lexer lexer;
} caffe_parser;

/* Describes a failure at the token that is looked at. */
int32_t caffe_parse_fail(caffe_parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Moves on to the next token. */
int32_t caffe_parse_next(caffe_parser *p);
static inline bool caffe_parse_sees(const caffe_parser *p, char sign)
{
    return p->lexer.token.kind == CAFFE_SIGN && p->lexer.token.sign == sign;
}

/* Reads one scalar at the token into the field of message, which is appended to if repeated. */
int32_t caffe_parse_scalar(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *message);
/* Room for one more element of a repeated field; *n counts it already. */
int32_t caffe_parse_append(caffe_parser *p, const ProtobufCFieldDescriptor *field, void *message,
                           size_t size, void **element);
/* Skips a field that nobody reads; the token stands behind its name. */
int32_t caffe_parse_skip(caffe_parser *p);

#endif
