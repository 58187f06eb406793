/*
 * tf_wire.h - protobuf's wire format, read where it lies: nothing is unpacked, nothing is copied,
 * so that weights stay in the mapped file and no message can make us allocate.
 * https://protobuf.dev/programming-guides/encoding/
 */
#ifndef TF_WIRE_H
#define TF_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tf_span {
    const uint8_t *data;
    size_t size;
} tf_span;

enum tf_wire_type { TF_VARINT = 0, TF_FIXED64 = 1, TF_LENGTH = 2, TF_FIXED32 = 5 };

typedef struct tf_field {
    uint32_t number;
    uint32_t wire;  /* tf_wire_type */
    uint64_t value; /* of a varint; the bits of a fixed one */
    tf_span bytes;  /* of TF_LENGTH: the content; else the bytes of the number */
} tf_field;

/* Takes the next field off the front of *rest. 1, 0 at the end, -1 if there is no whole field. */
int tf_wire_next(tf_span *rest, tf_field *field);
/* Takes a varint off the front. 1, or -1. */
int tf_wire_varint(tf_span *rest, uint64_t *value);
/* Whether a message is whole fields to its end. */
bool tf_wire_valid(tf_span message);

/* The last field of that number and wire type (protobuf's rule for repeated singular fields); false
 * if there is none. Damage ends the search. */
bool tf_wire_find(tf_span message, uint32_t number, uint32_t wire, tf_field *out);
/* The same for what is most often wanted, or the default. */
tf_span tf_wire_bytes(tf_span message, uint32_t number);
int64_t tf_wire_int(tf_span message, uint32_t number, int64_t otherwise);

/* Goes on to the next TF_LENGTH field of that number: 1, 0 at the end or at damage. */
int tf_wire_each(tf_span *rest, uint32_t number, tf_span *bytes);

/* Takes the next number of a repeated integer field, packed or not. Begin with *packed zeroed. */
int tf_wire_each_int(tf_span *rest, tf_span *packed, uint32_t number, int64_t *value);

bool tf_span_is(tf_span span, const char *text);

#endif
