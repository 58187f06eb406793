/*
 * batch_case.h - whether a graph gives each sample of a batch what it gives that sample alone.
 */
#ifndef TESTS_BATCH_CASE_H
#define TESTS_BATCH_CASE_H

#include "exec/plan.h"
#include "graph/graph.h"

/* Runs `batch` samples of random numbers together and one by one, on clones of a prepared graph:
 * |a - b| <= limit * the largest of the output. Asserts that the samples' results differ, unless
 * `alike`. */
void batch_case_check(const amct_graph *graph, int64_t batch, amct_engine engine, double limit,
                      bool alike, const char *what);
/* Gives constants of one and the same number random ones, so that samples can differ. */
void batch_case_randomise(amct_graph *graph);

#endif
