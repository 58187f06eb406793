/*
 * wire_bytes.h - protobuf messages made in memory, byte by byte.
 */
#ifndef TESTS_WIRE_BYTES_H
#define TESTS_WIRE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed one is empty. */
typedef struct wb_bytes {
    uint8_t *data;
    size_t size, cap;
} wb_bytes;

void wb_append(wb_bytes *to, const void *data, size_t size);
void wb_varint(wb_bytes *to, uint64_t value);
void wb_int(wb_bytes *to, uint32_t number, uint64_t value);
void wb_field(wb_bytes *to, uint32_t number, const void *data, size_t size);
void wb_text(wb_bytes *to, uint32_t number, const char *text);
/* Field `number` with the message, which is emptied. */
void wb_message(wb_bytes *to, uint32_t number, wb_bytes *message);
void wb_free(wb_bytes *bytes);

/* The next of words separated by spaces: its length, 0 at the end. */
size_t wb_next_word(const char **at);

#endif
