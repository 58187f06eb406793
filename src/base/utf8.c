#include "base/utf8.h"

#include <string.h>

size_t amct_utf8_next(uint32_t *code, const char *at)
{
    const unsigned char *s = (const unsigned char *)at;
    *code = s[0];
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    unsigned char low = 0x80, high = 0xbf;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    if (s[0] == 0xed)
        high = 0x9f;
    if (s[0] == 0xf0)
        low = 0x90;
    if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    *code = s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    return n;
}

bool amct_utf8_is_valid(const char *text)
{
    uint32_t code;
    size_t n = 1;
    for (; n && *text; text += n)
        n = amct_utf8_next(&code, text);
    return n != 0;
}

bool amct_utf8_is_shown(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool override = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    bool separator = code == 0x2028 || code == 0x2029; /* of lines */
    bool nothing = (code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
    return !control && !override && !separator && !nothing;
}

void amct_utf8_clean(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        uint32_t code;
        size_t n = amct_utf8_next(&code, at);
        bool shown = n && amct_utf8_is_shown(code);
        if (shown)
            memmove(to, at, n);
        else
            *to = '?';
        to += shown ? n : 1;
        at += n ? n : 1;
    }
    *to = 0;
}

const char *amct_utf8_show(const char *text, char *out, size_t size)
{
    uint32_t code;
    size_t length = strlen(text), kept = 0, n;
    if (length < size) {
        memcpy(out, text, length + 1);
    } else {
        /* whole characters only */
        while ((n = amct_utf8_next(&code, text + kept), kept + (n ? n : 1) + sizeof "..." <= size))
            kept += n ? n : 1;
        memcpy(out, text, kept);
        memcpy(out + kept, "...", sizeof "...");
    }
    amct_utf8_clean(out);
    return out;
}
