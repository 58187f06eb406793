/*
 * mindir_run.h - small MindIRs, imported and run on the plain reference.
 */
#ifndef TESTS_MINDIR_RUN_H
#define TESTS_MINDIR_RUN_H

#include "unit/mindir_file.h"

amct_status mi_import(mindir_file *m, const char *result, amct_graph **g);
/* Imports, prepares and runs the network on the numbers of its inputs, one behind the other: its
 * first result must be the n numbers. */
void mi_expect(mindir_file *m, const char *result, const float *x, size_t n, const float *wanted);

#endif
