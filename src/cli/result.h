/*
 * result.h - result.json: the outcome of a search for machines. The keys are a contract.
 */
#ifndef AMCT_CLI_RESULT_H
#define AMCT_CLI_RESULT_H

#include "report/json.h"
#include "tune/tune.h"

/* When the fastest feasible candidate changed. */
typedef struct amct_step_down {
    uint32_t evaluations;
    double latency_ns;
} amct_step_down;

/* Adds everything to a begun document. started and finished are times as texts. */
void amct_result_fill(amct_json *json, const amct_tuned *tuned, const amct_step_down *steps,
                      uint32_t n_steps, const char *started, const char *finished);

#endif
