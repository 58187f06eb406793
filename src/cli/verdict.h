/*
 * verdict.h - the outcome of a search in words.
 */
#ifndef AMCT_CLI_VERDICT_H
#define AMCT_CLI_VERDICT_H

#include "tune/tune.h"

/* Prints accuracy, latency, size and verdict to stdout. */
void amct_verdict_print(const amct_tuned *tuned);

#endif
