/*
 * tf_snappy.h - Snappy's raw format.
 * https://github.com/google/snappy/blob/main/format_description.txt
 */
#ifndef TF_SNAPPY_H
#define TF_SNAPPY_H

#include "../common/wire_message.h"

/* Bytes that it unpacks to, as it says; false if it says more than any input of that size can
 * make. */
bool tf_snappy_size(wire_span packed, size_t *size);
/* Unpacks exactly that many bytes; false if it is damaged. */
bool tf_snappy_unpack(wire_span packed, uint8_t *out, size_t size);

#endif
