/*
 * wire_message.h - protobuf messages read where they lie: nothing is unpacked, nothing is copied,
 * so that weights stay in the mapped file and no message can make us allocate.
 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "wire.h"

#include <stdbool.h>

/* Whether a message is whole fields to its end. */
bool wire_valid(wire_span message);

/* The last field of that number and wire type (protobuf's rule for repeated singular fields); false
 * if there is none. Damage ends the search. */
bool wire_find(wire_span message, uint32_t number, uint32_t wire, wire_field *out);
/* The same for what is most often wanted, or the default. */
wire_span wire_bytes(wire_span message, uint32_t number);
int64_t wire_int(wire_span message, uint32_t number, int64_t otherwise);

/* Goes on to the next WIRE_LENGTH field of that number: 1, 0 at the end or at damage. */
int wire_each(wire_span *rest, uint32_t number, wire_span *bytes);

/* Takes the next number of a repeated integer field, packed or not. Begin with *packed zeroed. */
int wire_each_int(wire_span *rest, wire_span *packed, uint32_t number, int64_t *value);

bool wire_is(wire_span span, const char *text);

#endif
