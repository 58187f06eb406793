/*
 * onnx_wire.h - protobuf's wire format by hand, for two things that protobuf-c cannot do: leaving
 * large fields where they lie, and bounding how deep messages nest before they are unpacked.
 * https://protobuf.dev/programming-guides/encoding/
 */
#ifndef ONNX_WIRE_H
#define ONNX_WIRE_H

#include "onnx_memory.h"

typedef struct onnx_span {
    const uint8_t *data;
    size_t size;
} onnx_span;

enum onnx_wire_type { ONNX_VARINT = 0, ONNX_FIXED64 = 1, ONNX_LENGTH = 2, ONNX_FIXED32 = 5 };

typedef struct onnx_field {
    uint32_t number;
    uint32_t wire;   /* onnx_wire_type */
    uint64_t value;  /* of a varint */
    onnx_span bytes; /* what stands behind tag and length; of a varint its bytes */
    onnx_span whole; /* with tag and length */
} onnx_field;

/* Takes the next field off the front of *rest. 1, 0 at the end, -1 if there is no whole field. */
int onnx_wire_next(onnx_span *rest, onnx_field *field);
/* Takes a varint off the front. 1, or -1. */
int onnx_wire_varint(onnx_span *rest, uint64_t *value);

/* A length-delimited field that is split off: all its occurrences, in order. */
typedef struct onnx_part {
    uint32_t number;
    size_t n;
    onnx_span *at;
} onnx_part;

/* Splits a message into the occurrences of some fields, which point into it, and a message of all
 * the others. Arrays and *others, if it needs a copy, are of memory. AMCT_E_FORMAT, and where to in
 * *bad, if the message is malformed; AMCT_E_NOMEM. */
int32_t onnx_wire_split(onnx_memory *memory, onnx_span message, onnx_part *parts, size_t n_parts,
                        onnx_span *others, const uint8_t **bad);

/* How deep TypeProtos nest in one (sequence of map of optional of ...), or limit + 1 if deeper than
 * limit. */
int onnx_wire_type_depth(onnx_span type, int limit);

#endif
