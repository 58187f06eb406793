/*
 * pair_outputs.h - which output of one network is which of another.
 */
#ifndef AMCT_MEASURE_PAIR_OUTPUTS_H
#define AMCT_MEASURE_PAIR_OUTPUTS_H

#include "graph/graph.h"

/* Puts the float outputs of original, which has a batch size like model, into the order of those of
 * model: by name if both have the same names, else as they stand. AMCT_E_INVALID, and nothing is
 * moved, if their numbers differ, or the shapes of two that belong together, dims of 1 aside. */
amct_status amct_outputs_pair(amct_graph *original, const amct_graph *model, amct_err *err);

#endif
