/*
 * result.h - result.json: the outcome of a search for machines. The keys are a contract.
 */
#ifndef AMCT_CLI_RESULT_H
#define AMCT_CLI_RESULT_H

#include "cli/progress.h"
#include "report/json.h"
#include "tune/tune.h"

/* Adds everything to a begun document. folder is where the model is, seen from where the document
 * will be. steps (may be NULL) tells how the latency fell; started and finished are times as texts
 * (may be NULL). */
void amct_result_fill(amct_json *json, const amct_tuned *tuned, const char *folder,
                      const amct_progress *steps, const char *started, const char *finished);

#endif
