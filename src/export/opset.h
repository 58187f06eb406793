/*
 * opset.h - the version of ONNX's operator set under which a graph is written.
 */
#ifndef AMCT_EXPORT_OPSET_H
#define AMCT_EXPORT_OPSET_H

#include "graph/graph.h"

/* The lowest version, from 15 on, in which every node of the graph means what it says. Nodes are in
 * the form of opset 18, most of which is older: the lower the version, the more releases of ATC
 * read the file. */
int64_t amct_opset_of(const amct_graph *graph);
/* The IR version that came with it. */
int64_t amct_opset_ir_version(int64_t opset);

#endif
