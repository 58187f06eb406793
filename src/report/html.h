#ifndef AMCT_REPORT_HTML_H
#define AMCT_REPORT_HTML_H
#include "report/json.h"
typedef struct amct_report_point { double latency_ms, drop; bool complete; bool probe; uint64_t number; } amct_report_point;
amct_status amct_report_html(char **out_html, const cJSON *result, const amct_report_point *points, size_t n, amct_err *err);
#endif
