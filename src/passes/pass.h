/*
 * pass.h - the passes that amct_prepare runs, in this order, each on a sorted graph.
 */
#ifndef AMCT_PASSES_PASS_H
#define AMCT_PASSES_PASS_H

#include "passes/prepare.h"

/* Quantised layers written with QuantizeLinear and DequantizeLinear become AscendQuant, a layer on
 * int8 with an int32 bias, AscendDequant: the same arithmetic in integers. Needs no shapes. */
amct_status amct_pass_qdq(amct_graph *graph, amct_err *err);
/* Infers dtypes and shapes of all tensors; with fold, nodes of constants become constants. */
amct_status amct_pass_infer(amct_graph *graph, bool fold, amct_err *err);
/* Removes nodes that change nothing (Identity, Dropout, Pad by 0, Reshape to the same shape ...).
 */
amct_status amct_pass_identity(amct_graph *graph, amct_err *err);
/* Pad by zeros in front of a convolution becomes part of it. */
amct_status amct_pass_pad(amct_graph *graph, amct_err *err);
/* BatchNormalization, and multiplications and additions of one constant per channel, behind a
 * convolution or Gemm become part of its weights and bias. */
amct_status amct_pass_scale(amct_graph *graph, amct_err *err);

/* ---- Shared by passes ---------------------------------------------------------------------- */

/* All users of tensor `from`, and outputs, take `to` instead. If from is an output of the network,
 * to inherits its name; false is returned, with nothing done, if both have one to keep. */
bool amct_replace_tensor(amct_graph *graph, uint32_t from, uint32_t to);
/* Makes node i disappear (amct_graph_prune removes it). */
static inline void amct_drop_node(amct_graph *graph, uint32_t i)
{
    graph->nodes[i].n_src = graph->nodes[i].n_dst = 0;
}

#endif
