/*
 * weights_file.h - weights that lie in another file than the network.
 */
#ifndef AMCT_IMPORT_WEIGHTS_FILE_H
#define AMCT_IMPORT_WEIGHTS_FILE_H

#include "graph/graph.h"

/* Gives the constants of graph the bytes of those of the same name in weights, a graph of constants
 * alone that passes to graph whatever happens. Names, shapes and types must agree: every float of
 * weights has its place in graph, every float weight of a layer of graph is in weights, no name is
 * there twice. Else AMCT_E_INVALID, with the first ten that do not. The paths of both files are
 * for messages. */
amct_status amct_weights_put(amct_graph *graph, const char *graph_path, amct_graph *weights,
                             const char *weights_path, amct_err *err);

/* The file of weights beside a model: that of the model's name up to its last dot and suffix, else
 * the only one whose name ends with suffix; says which it is. *out is malloc'd, NULL if there is
 * none or more than one, and for a model whose own name ends so. */
amct_status amct_weights_find(char **out, const char *model, const char *suffix, amct_err *err);

#endif
