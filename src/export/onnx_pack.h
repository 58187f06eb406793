/*
 * onnx_pack.h - a graph as the messages of onnx.proto, without the bytes of its constants: those
 * are many, and go from where they lie to the file (onnx_save.h).
 */
#ifndef AMCT_EXPORT_ONNX_PACK_H
#define AMCT_EXPORT_ONNX_PACK_H

#include "graph/graph.h"

#include "onnx/onnx.pb-c.h"

/* Concatenated messages of one type are one message with the fields of all, so what stands before
 * and behind the constants are messages of their own. Everything is borrowed from graph and arena.
 */
typedef struct amct_onnx_pack {
    Onnx__ModelProto head, tail;    /* of the model: before the graph and behind it */
    Onnx__GraphProto nodes, values; /* of the graph: before the constants and behind them */
    uint32_t n_constants;
    uint32_t *ids;                /* tensors of the constants that nodes or outputs name */
    Onnx__TensorProto *constants; /* raw_data is left out */
} amct_onnx_pack;

/* Names of nodes and tensors must be unique. With free_batch the first dim of every input, and of
 * every output whose first dim is the same, is left open. AMCT_E_UNSUPPORTED, naming the node, for
 * what the file cannot say. */
amct_status amct_onnx_pack_graph(amct_onnx_pack *out, amct_arena *arena, const amct_graph *graph,
                                 bool free_batch, amct_err *err);

#endif
