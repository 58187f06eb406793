#include "base/err.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *text, size_t size)
{
    memcpy(text + size - 4, "...", 4);
}

amct_status amct_fail(amct_err *err, amct_status code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    if (n >= (int)sizeof err->text)
        mark_cut(err->text, sizeof err->text);
    /* Names in messages come from hostile files: a message stays one line, and harmless. */
    amct_utf8_clean(err->text);
    err->code = code;
    return code;
}

amct_status amct_fail_in(amct_err *err, const char *fmt, ...)
{
    char where[AMCT_ERR_TEXT], rest[AMCT_ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(where, sizeof where, fmt, args);
    va_end(args);
    memcpy(rest, err->text, sizeof rest);
    return amct_fail(err, err->code, "%s: %s", where, rest);
}

amct_status amct_fail_errno(amct_err *err, int error, const char *fmt, ...)
{
    char what[AMCT_ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return amct_fail(err, AMCT_E_IO, "%s: %s", what, strerror(error));
}

amct_status amct_fail_nomem(amct_err *err)
{
    return amct_fail(err, AMCT_E_NOMEM, "out of memory");
}

const char *amct_status_name(amct_status code)
{
    switch (code) {
    case AMCT_OK: return "ok";
    case AMCT_E_NOMEM: return "nomem";
    case AMCT_E_IO: return "io";
    case AMCT_E_FORMAT: return "format";
    case AMCT_E_UNSUPPORTED: return "unsupported";
    case AMCT_E_INVALID: return "invalid";
    case AMCT_E_LIMIT: return "limit";
    case AMCT_E_PLUGIN: return "plugin";
    case AMCT_E_CANCELLED: return "cancelled";
    case AMCT_E_INTERNAL: return "internal";
    }
    return "unknown";
}
