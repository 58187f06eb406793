/* Failures, warnings, and names for them. */
#include "tf_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tf_at(tf_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->place, sizeof r->place, fmt, args);
    va_end(args);
}

static void print(const tf_reader *r, char *text, size_t size, const char *fmt, va_list args)
{
    snprintf(text, size, "%s%s", r->place, r->place[0] ? ": " : "");
    size_t used = strlen(text);
    vsnprintf(text + used, size - used, fmt, args);
}

int32_t tf_fail(tf_reader *r, int32_t code, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    print(r, text, sizeof text, fmt, args);
    va_end(args);
    return r->host->fail(r->host->ctx, code, text);
}

int32_t tf_nomem(tf_reader *r)
{
    enum { MIB = 20 };
    if (r->memory.full)
        return tf_fail(r, AMCT_E_LIMIT, "reading this takes more than %zu MiB: it is not sane",
                       r->memory.limit >> MIB);
    return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
}

void tf_warn(tf_reader *r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    print(r, text, sizeof text, fmt, args);
    va_end(args);
    r->host->log(r->host->ctx, AMCT_LOG_WARN, text);
}

int32_t tf_copy(tf_reader *r, wire_span span, const char **out)
{
    char *text = import_alloc(&r->memory, span.size + 1, 1);
    if (!text)
        return tf_nomem(r);
    if (span.size)
        memcpy(text, span.data, span.size);
    *out = text;
    return AMCT_OK;
}
