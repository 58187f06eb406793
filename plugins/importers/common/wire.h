/*
 * wire.h - protobuf's wire format by hand, for what protobuf-c cannot do: leaving large fields
 * where they lie, and looking at a message before it is unpacked. Shared by the importers of this
 * tree. https://protobuf.dev/programming-guides/encoding/
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

typedef struct wire_span {
    const uint8_t *data;
    size_t size;
} wire_span;

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

typedef struct wire_field {
    uint32_t number;
    uint32_t wire;   /* wire_type; groups, which none of these formats has, are damage */
    uint64_t value;  /* of a varint; the bits of a fixed one */
    wire_span bytes; /* what stands behind tag and length; of a number its bytes */
    wire_span whole; /* with tag and length */
} wire_field;

/* Takes the next field off the front of *rest. 1, 0 at the end, -1 if there is no whole field. */
int wire_next(wire_span *rest, wire_field *field);
/* The same of the head of a file: the last field may be longer than what is there. */
int wire_next_cut(wire_span *rest, wire_field *field);
/* Takes a varint off the front. 1, or -1. */
int wire_varint(wire_span *rest, uint64_t *value);

#endif
