/*
 * import_report.h - how importers describe what is wrong: one line, with the place that is being
 * read in front.
 */
#ifndef IMPORT_REPORT_H
#define IMPORT_REPORT_H

#include <amct/plugin.h>
#include <stdarg.h>

/* Describes a failure to the host, behind the place ("" for none) and a colon; returns code. */
int32_t import_fail(const amct_host *host, int32_t code, const char *place, const char *fmt,
                    va_list args) __attribute__((format(printf, 4, 0)));
/* Says something likewise, at a level of amct_log_level. */
void import_log(const amct_host *host, uint32_t level, const char *place, const char *fmt,
                va_list args) __attribute__((format(printf, 4, 0)));

#endif
