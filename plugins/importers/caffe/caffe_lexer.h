/*
 * caffe_lexer.h - the words of protobuf's text format, with their places.
 * https://protobuf.dev/reference/protobuf/textformat-spec/
 */
#ifndef CAFFE_LEXER_H
#define CAFFE_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum caffe_word {
    CAFFE_END,    /* of the file */
    CAFFE_NAME,   /* an identifier: a field, an enumerator, true, inf */
    CAFFE_NUMBER, /* without a sign */
    CAFFE_STRING, /* unescaped, adjacent ones joined */
    CAFFE_SIGN    /* one of : { } < > [ ] , ; - / . */
};

typedef struct caffe_token {
    enum caffe_word kind;
    char sign;
    const char *text; /* zero-terminated; of names, numbers and strings; until the next token */
    size_t size;
    uint32_t line, column; /* of its first byte, from 1 */
} caffe_token;

enum { CAFFE_MAX_WORD = 4096 };

typedef struct caffe_lexer {
    const char *at, *end, *line_begin;
    uint32_t line;
    caffe_token token;   /* the one that is looked at */
    const char *problem; /* what is wrong at the token, if caffe_next has failed */
    char word[CAFFE_MAX_WORD + 1];
} caffe_lexer;

/* Begins before the first word; text need not end with a zero byte. */
void caffe_lexer_init(caffe_lexer *lexer, const char *text, size_t size);
/* Moves to the next word; false with problem set if there is none that can be read. */
bool caffe_next(caffe_lexer *lexer);
/* "'kernel_size'", "a string", "the end of the file": what the token is, for messages. */
const char *caffe_token_show(const caffe_token *token, char *text, size_t size);

#endif
