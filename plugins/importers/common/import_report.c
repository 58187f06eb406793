#include "import_report.h"

#include <stdio.h>
#include <string.h>

enum { MAX_TEXT = 2048 };

static void compose(char text[MAX_TEXT], const char *place, const char *fmt, va_list args)
{
    snprintf(text, MAX_TEXT / 2, "%s%s", place, place[0] ? ": " : "");
    size_t used = strlen(text);
    vsnprintf(text + used, MAX_TEXT - used, fmt, args);
}

int32_t import_fail(const amct_host *host, int32_t code, const char *place, const char *fmt,
                    va_list args)
{
    char text[MAX_TEXT];
    compose(text, place, fmt, args);
    return host->fail(host->ctx, code, text);
}

void import_log(const amct_host *host, uint32_t level, const char *place, const char *fmt,
                va_list args)
{
    char text[MAX_TEXT];
    compose(text, place, fmt, args);
    host->log(host->ctx, level, text);
}
