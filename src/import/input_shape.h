/*
 * input_shape.h - dims of inputs, as a user says them.
 */
#ifndef AMCT_IMPORT_INPUT_SHAPE_H
#define AMCT_IMPORT_INPUT_SHAPE_H

#include "graph/graph.h"

/* Gives the inputs of a graph the dims of text, "1,3,224,224" for its only input, else
 * "NAME:1,3,224,224;NAME:1,10"; -1 leaves a dim open. AMCT_E_INVALID if it is misspelt, names no
 * input, or contradicts what the model says. */
amct_status amct_input_shape_set(amct_graph *graph, const char *text, amct_err *err);

#endif
