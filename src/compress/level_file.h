/*
 * level_file.h - one quantised layer in a file: a header with hashes, then scales, bias, weights.
 */
#ifndef AMCT_COMPRESS_LEVEL_FILE_H
#define AMCT_COMPRESS_LEVEL_FILE_H

#include "base/arena.h"
#include "compress/quantise.h"

/* Bytes of scales, bias and weights, which lie behind each other. */
size_t amct_level_payload(const amct_quantised *q);
/* Lets q's pointers lie in such a block. */
void amct_level_lay_out(amct_quantised *q, void *payload);

/* Reads a file that holds the level `key`, with q's lengths, into q; it stays mapped as long as the
 * arena. False if there is none, or not a sound one. */
bool amct_level_read(amct_quantised *q, amct_arena *arena, const char *path, amct_hash key);
amct_status amct_level_write(const amct_quantised *q, const char *path, amct_hash key,
                             amct_err *err);

#endif
