/*
 * report_sample.h - results and candidates as a search leaves them, for the tests of report/: a
 * real search on a synthetic problem (synthetic.h), told in the keys of result.json.
 */
#ifndef AMCT_TESTS_REPORT_SAMPLE_H
#define AMCT_TESTS_REPORT_SAMPLE_H

#include "report/json.h"
#include "report/report.h"

typedef struct report_sample_shape {
    uint32_t layers;      /* 2 .. 322; the first and the last have no choice */
    uint32_t evaluations; /* at most */
    double budget;        /* 0.01 */
    const char *verdict;  /* "MET" ... */
    int status;
    bool faster; /* false: the original is chosen */
} report_sample_shape;

typedef struct report_sample {
    amct_json json; /* json.root is the result */
    amct_report_point *points;
    size_t n;
} report_sample;

/* Aborts where it cannot. */
void report_sample_make(report_sample *sample, report_sample_shape shape);
void report_sample_free(report_sample *sample);

#endif
