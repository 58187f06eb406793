/* Failures, warnings, and names for them. */
#include "../common/import_report.h"
#include "tf_reader.h"

#include <stdio.h>
#include <string.h>

void tf_at(tf_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->place, sizeof r->place, fmt, args);
    va_end(args);
}

int32_t tf_fail(tf_reader *r, int32_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int32_t status = import_fail(r->host, code, r->place, fmt, args);
    va_end(args);
    return status;
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
    va_list args;
    va_start(args, fmt);
    import_log(r->host, AMCT_LOG_WARN, r->place, fmt, args);
    va_end(args);
}

int32_t tf_copy(tf_reader *r, wire_span span, const char **out)
{
    char *text = import_copy(&r->memory, span.data, span.size);
    if (!text)
        return tf_nomem(r);
    *out = text;
    return AMCT_OK;
}
