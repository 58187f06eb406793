/*
 * study_report.h - OUT/report.html, from OUT/result.json and the study.
 */
#ifndef AMCT_REPORT_STUDY_REPORT_H
#define AMCT_REPORT_STUDY_REPORT_H

#include "report/json.h"
#include "study/study.h"

/* Writes folder/report.html. result is the document of result.json. */
amct_status amct_report_write(const char *folder, const cJSON *result, amct_study *study,
                              amct_err *err);

#endif
