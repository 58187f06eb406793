/*
 * onnx_wire.h - two things that protobuf-c cannot do: leaving large fields where they lie, and
 * bounding how deep messages nest before they are unpacked.
 */
#ifndef ONNX_WIRE_H
#define ONNX_WIRE_H

#include "onnx_memory.h"
#include "../common/wire.h"

/* A length-delimited field that is split off: all its occurrences, in order. */
typedef struct onnx_part {
    uint32_t number;
    size_t n;
    wire_span *at;
} onnx_part;

/* Splits a message into the occurrences of some fields, which point into it, and a message of all
 * the others. Arrays and *others, if it needs a copy, are of memory. AMCT_E_FORMAT, and where to in
 * *bad, if the message is malformed; AMCT_E_NOMEM. */
int32_t onnx_wire_split(onnx_memory *memory, wire_span message, onnx_part *parts, size_t n_parts,
                        wire_span *others, const uint8_t **bad);

/* How deep TypeProtos nest in one (sequence of map of optional of ...), or limit + 1 if deeper than
 * limit. */
int onnx_wire_type_depth(wire_span type, int limit);

#endif
