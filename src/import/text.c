#include "import/text.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_TEXT = 65536 };

/* Length of the UTF-8 sequence at s, 0 if there is none: table 3-7 of the Unicode Standard. */
static size_t sequence(const unsigned char *s)
{
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
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

amct_status amct_text_check(const char *text, const char *what, amct_err *err)
{
    if (!text)
        return amct_fail(err, AMCT_E_PLUGIN, "%s is NULL", what);
    size_t length = strnlen(text, MAX_TEXT + 1);
    if (length > MAX_TEXT)
        return amct_fail(err, AMCT_E_LIMIT, "%s is longer than %d bytes: '%.40s...'", what,
                         MAX_TEXT, text);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = sequence(s);
        if (!n)
            return amct_fail(err, AMCT_E_FORMAT, "%s is not UTF-8: '%.100s'", what, text);
        s += n;
    }
    return AMCT_OK;
}
