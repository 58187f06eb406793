#include "../common/import_report.h"
#include "torch_reader.h"

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

enum { MAX_PLACE = 320 };

/* Where it is read, or the line of code that runs. */
static const char *place_of(const torch_reader *r, char text[MAX_PLACE])
{
    if (!r->file)
        return r->place;
    snprintf(text, MAX_PLACE, "%.250s:%u", r->file, r->line);
    return text;
}

int32_t torch_fail(torch_reader *r, int32_t code, const char *fmt, ...)
{
    char place[MAX_PLACE];
    va_list args;
    va_start(args, fmt);
    int32_t status = import_fail(r->host, code, place_of(r, place), fmt, args);
    va_end(args);
    return status;
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
    char place[MAX_PLACE];
    va_list args;
    va_start(args, fmt);
    import_log(r->host, AMCT_LOG_WARN, place_of(r, place), fmt, args);
    va_end(args);
}
