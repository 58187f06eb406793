#include "torch_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void torch_at(torch_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->place, sizeof r->place, fmt, args);
    va_end(args);
    r->file = NULL;
}

static void put_words(const torch_reader *r, char *text, size_t size, const char *fmt, va_list args)
{
    int used = r->file ? snprintf(text, size, "%.250s:%u: ", r->file, r->line)
                       : snprintf(text, size, "%s%s", r->place, r->place[0] ? ": " : "");
    vsnprintf(text + used, size - (size_t)used, fmt, args);
}

int32_t torch_fail(torch_reader *r, int32_t code, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    put_words(r, text, sizeof text, fmt, args);
    va_end(args);
    return r->host->fail(r->host->ctx, code, text);
}

int32_t torch_nomem(torch_reader *r)
{
    if (r->memory.full)
        return torch_fail(r, AMCT_E_LIMIT, "reading it takes more than %zu MiB besides the weights",
                          r->memory.limit >> 20);
    return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
}

void torch_warn(torch_reader *r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    put_words(r, text, sizeof text, fmt, args);
    va_end(args);
    r->host->log(r->host->ctx, AMCT_LOG_WARN, text);
}
