#include "import/air.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Fields of the messages in GE's ge_ir.proto. */
enum { MODEL_NAME = 1, MODEL_VERSION = 2, MODEL_CUSTOM_VERSION = 3, MODEL_GRAPH = 7 };
enum { GRAPH_NAME = 1, GRAPH_INPUT = 4, GRAPH_OUTPUT = 5, GRAPH_OP = 6 };
enum { OP_NAME = 1, OP_TYPE = 2 };
enum { VARINT = 0, BYTES = 2, NAME_MAX_BYTES = 512 };

/* What is left of the head. */
typedef struct span {
    const unsigned char *at, *end;
} span;

static bool read_varint(span *s, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && s->at < s->end; shift += 7) {
        unsigned char byte = *s->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* Takes the tag if it is the next. */
static bool take_tag(span *s, unsigned field, unsigned kind)
{
    if (s->at == s->end || *s->at != (field << 3 | kind))
        return false;
    s->at++;
    return true;
}

/* Enters a message that may go on behind the head. */
static bool enter(span *s, unsigned field)
{
    uint64_t size;
    if (!take_tag(s, field, BYTES) || !read_varint(s, &size))
        return false;
    if (size < (uint64_t)(s->end - s->at))
        s->end = s->at + size;
    return true;
}

/* Takes a text of printable ASCII; *text is NULL if the field is not the next. False: it is bad. */
static bool take_text(span *s, unsigned field, const unsigned char **text, uint64_t *size)
{
    *text = NULL;
    *size = 0;
    if (!take_tag(s, field, BYTES))
        return true;
    if (!read_varint(s, size) || *size > NAME_MAX_BYTES || *size > (uint64_t)(s->end - s->at))
        return false;
    for (uint64_t i = 0; i < *size; i++)
        if (!isprint(s->at[i]))
            return false;
    *text = s->at;
    s->at += *size;
    return true;
}

/* "Conv2D", "NetOutput": as every type of GE is written. */
static bool is_type(const unsigned char *text, uint64_t size)
{
    if (!text || size < 2 || !isupper(text[0]))
        return false;
    for (uint64_t i = 0; i < size; i++)
        if (!isalnum(text[i]) && text[i] != '_')
            return false;
    return true;
}

bool amct_air_is(const void *head, size_t n)
{
    span s = {head, (const unsigned char *)head + n};
    const unsigned char *text;
    uint64_t size, version;
    if (!take_text(&s, MODEL_NAME, &text, &size) || !text || !size)
        return false;
    if (!take_tag(&s, MODEL_VERSION, VARINT) || !read_varint(&s, &version) || version > UINT32_MAX)
        return false;
    if (!take_text(&s, MODEL_CUSTOM_VERSION, &text, &size) || !enter(&s, MODEL_GRAPH))
        return false;
    if (!take_text(&s, GRAPH_NAME, &text, &size) || !text || !size)
        return false;
    for (unsigned field = GRAPH_INPUT; field <= GRAPH_OUTPUT; field++)
        do {
            if (!take_text(&s, field, &text, &size))
                return false;
        } while (text);
    if (!enter(&s, GRAPH_OP) || !take_text(&s, OP_NAME, &text, &size) || !text || !size)
        return false;
    return take_text(&s, OP_TYPE, &text, &size) && is_type(text, size);
}
