/*
 * measured.h - what a profile and a measured latency did to estimates, in answers.
 */
#ifndef AMCT_CLI_MEASURED_H
#define AMCT_CLI_MEASURED_H

#include "measure/correction.h"
#include "report/json.h"

/* On stdout, a line for each; found may be NULL: nothing was measured. */
void amct_measured_print(const amct_correction_found *found);
/* The object `correction`; null if found is NULL. */
void amct_measured_add(amct_json *json, cJSON *at, const amct_correction_found *found);

#endif
