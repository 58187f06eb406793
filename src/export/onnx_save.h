/*
 * onnx_save.h - a graph as an ONNX file. Constants go from where they lie to the file, so what is
 * held in memory does not grow with their size.
 */
#ifndef AMCT_EXPORT_ONNX_SAVE_H
#define AMCT_EXPORT_ONNX_SAVE_H

#include "graph/graph.h"

/* What one protobuf message may hold: sizes within it are signed 32-bit numbers for most readers.
 */
#define AMCT_ONNX_MAX_BYTES ((uint64_t)INT32_MAX)

typedef struct amct_onnx_file {
    const char *folder, *name; /* where it goes */
    const char *external;      /* the file beside it that takes the constants if need be */
    uint64_t max_bytes;        /* of the file; a larger one leaves its constants to `external` */
    bool free_batch;           /* leave the first dim of inputs and outputs open */
} amct_onnx_file;

/* Graph: sorted, valid, its names unique. Both files appear whole or not at all. AMCT_E_LIMIT if
 * even without its constants the file would be too large. */
amct_status amct_onnx_save(const amct_onnx_file *file, const amct_graph *graph, amct_err *err);

#endif
