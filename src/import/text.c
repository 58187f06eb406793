#include "import/text.h"

#include "base/utf8.h"

#include <string.h>

enum { MAX_TEXT = 65536 };

amct_status amct_text_check(const char *text, const char *what, amct_err *err)
{
    if (!text)
        return amct_fail(err, AMCT_E_PLUGIN, "%s is NULL", what);
    size_t length = strnlen(text, MAX_TEXT + 1);
    if (length > MAX_TEXT)
        return amct_fail(err, AMCT_E_LIMIT, "%s is longer than %d bytes: '%.40s...'", what,
                         MAX_TEXT, text);
    if (!amct_utf8_is_valid(text))
        return amct_fail(err, AMCT_E_FORMAT, "%s is not UTF-8: '%.100s'", what, text);
    return AMCT_OK;
}
