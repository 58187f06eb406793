/*
 * report.h - report.html: the outcome of a search for people. One file that needs nothing else: no
 * network, no other file, no JavaScript (a little makes tables sortable and dots easier to read).
 */
#ifndef AMCT_REPORT_REPORT_H
#define AMCT_REPORT_REPORT_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A candidate that was measured. */
typedef struct amct_report_point {
    uint64_t number; /* in the study */
    double latency_ms;
    double drop;      /* a ratio, as on its samples; NAN: it could not be measured */
    uint32_t samples; /* that it was measured on */
    bool complete;    /* false: given up early */
    bool probe;       /* a first look at a single layer */
    bool refined;     /* an earlier candidate, refined; no evaluation of its own */
} amct_report_point;

/* Writes the page about a result.json (the keys of product's contract; as parsed, or as just
 * built) and the n candidates of its study, in the order of their numbers. *out_html ends with a
 * zero and is freed with free. Values that are missing, null or of another type become a dash;
 * texts are escaped, whatever they hold. AMCT_E_FORMAT if result is not an object with a schema,
 * AMCT_E_UNSUPPORTED if the schema is another. [any thread] */
amct_status amct_report_html(char **out_html, const cJSON *result, const amct_report_point *points,
                             size_t n, amct_err *err);

#endif
