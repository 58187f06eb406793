/* Failures and words, and how shapes are shown in them. */
#include "../common/import_report.h"
#include "caffe_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void caffe_at(caffe_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->place, sizeof r->place, fmt, args);
    va_end(args);
}

int32_t caffe_fail(caffe_reader *r, int32_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int32_t status = import_fail(r->host, code, r->place, fmt, args);
    va_end(args);
    return status;
}

int32_t caffe_nomem(caffe_reader *r)
{
    return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
}

void caffe_log(caffe_reader *r, uint32_t level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    import_log(r->host, level, r->place, fmt, args);
    va_end(args);
}

const char *caffe_hint(const caffe_reader *r)
{
    return r->lines ? "" : "; give the net's prototxt as MODEL and this file with --weights";
}

const char *caffe_show_shape(const caffe_shape *shape, char *text, size_t size)
{
    snprintf(text, size, "%s", shape->rank ? "" : "one number");
    for (uint32_t i = 0; i < shape->rank; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%" PRId64, i ? "x" : "", shape->dims[i]);
    }
    return text;
}
