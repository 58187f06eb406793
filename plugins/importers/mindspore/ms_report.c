/* Failures, warnings, and how names and dims are shown in them. */
#include "../common/import_report.h"
#include "ms_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ms_at(ms_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->place, sizeof r->place, fmt, args);
    va_end(args);
}

int32_t ms_fail(ms_reader *r, int32_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int32_t status = import_fail(r->host, code, r->place, fmt, args);
    va_end(args);
    return status;
}

int32_t ms_nomem(ms_reader *r)
{
    if (r->memory.full)
        return ms_fail(r, AMCT_E_LIMIT, "reading it takes more than %zu MiB besides the weights",
                       r->memory.limit >> 20);
    return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
}

int32_t ms_damaged(ms_reader *r, const uint8_t *at)
{
    return ms_fail(r, AMCT_E_FORMAT, "the file is damaged or ends too early: no field at byte %zu",
                   (size_t)(at - (const uint8_t *)r->model.data));
}

void ms_warn(ms_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    import_log(r->host, AMCT_LOG_WARN, r->place, fmt, args);
    va_end(args);
}

const char *ms_dims_text(int32_t rank, const int64_t *dims, char *text, size_t size)
{
    snprintf(text, size, "%s", rank < 0 ? "any shape" : rank == 0 ? "a scalar" : "");
    for (int32_t d = 0; d < rank; d++) {
        size_t used = strlen(text);
        if (dims[d] < 0)
            snprintf(text + used, size - used, "%s?", d ? "x" : "");
        else
            snprintf(text + used, size - used, "%s%" PRId64, d ? "x" : "", dims[d]);
    }
    return text;
}
