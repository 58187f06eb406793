/*
 * ascend_describe.h - a kernel that the graph pass found, in the numbers of ascend_cost.h.
 */
#ifndef AMCT_ASCEND_DESCRIBE_H
#define AMCT_ASCEND_DESCRIBE_H

#include "ascend_cost.h"
#include "ascend_graph.h"

/* The work of the kernel led by node `leader`. Marks tensors as read, written and converted, and
 * counts the traffic: call it once for each kernel, in order. */
void ascend_describe(ascend_graph *g, uint32_t leader, ascend_work *work);

/* Bytes that the conversion of the network's inputs and outputs reads and writes: they come in
 * ONNX's order and FP32, unless AIPP feeds them. */
double ascend_describe_border(const ascend_graph *g);

/* ---- The cube's part (ascend_geometry.c) --------------------------------------------------- */

/* Tiles, kind and weights of a kernel led by a convolution, a product or a recurrent layer. */
void ascend_describe_cube(const ascend_graph *g, uint32_t leader, ascend_work *work);

#endif
