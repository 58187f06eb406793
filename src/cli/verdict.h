/*
 * verdict.h - the outcome of a search in words.
 */
#ifndef AMCT_CLI_VERDICT_H
#define AMCT_CLI_VERDICT_H

#include "tune/tune.h"

/* Prints accuracy, latency, size and verdict to stdout. */
void amct_verdict_print(const amct_tuned *tuned);

/* The command that compiles the model in `folder` for the chip, with all shapes fixed: with an open
 * batch size ATC would leave out the offset of quantised Gemm and MatMul layers; with --sparsity=1
 * where layers are 4:2 sparse, which ATC does not look for by itself. malloc'd; NULL
 * when out of memory, or if the model has no form for ATC. */
char *amct_verdict_compile(const amct_tuned *tuned, const char *folder);

#endif
