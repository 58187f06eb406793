/*
 * utf8.h - texts from outside: whether they are UTF-8, and how they are shown. [any thread]
 */
#ifndef AMCT_BASE_UTF8_H
#define AMCT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 sequence at `at`, which ends with a zero byte, and its character; 0 if there
 * is none: table 3-7 of the Unicode Standard. */
size_t amct_utf8_next(uint32_t *code, const char *at);

bool amct_utf8_is_valid(const char *text);

/* Whether a terminal or page shows the character and does nothing else: no control character, no
 * override of the writing direction, no noncharacter. */
bool amct_utf8_is_shown(uint32_t code);

/* In place: a '?' for every character that is not shown, and every byte that is not UTF-8. */
void amct_utf8_clean(char *text);

enum {
    AMCT_SHOWN = 1024, /* bytes that show any name of a sane length */
    AMCT_CLIPPED = 64  /* bytes for a value in a message, which must keep its words */
};

/* A copy of text, cleaned so; cut with "..." if it does not fit into size bytes (at least 8).
 * Returns out. */
const char *amct_utf8_show(const char *text, char *out, size_t size);

#endif
