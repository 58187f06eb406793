/*
 * zip.h - members of a zip archive in memory, for .npz files: PKWARE APPNOTE 6.3, stored and
 * deflated members, zip64.
 *
 * Only the central directory is believed, and every offset and size in it is checked against the
 * archive. Encrypted and split archives are refused.
 */
#ifndef AMCT_DATA_ZIP_H
#define AMCT_DATA_ZIP_H

#include "base/arena.h"
#include "base/err.h"

typedef struct amct_zip_member {
    const char *name; /* zero-terminated; zero bytes in it are shown as '?' */
    uint32_t method;  /* 0 stored, 8 deflated */
    uint32_t crc32;
    const uint8_t *packed; /* inside the archive */
    size_t packed_bytes;
    size_t bytes; /* unpacked; at most 1032 times packed_bytes */
} amct_zip_member;

typedef struct amct_zip_file {
    amct_zip_member *members; /* in the order of the directory */
    size_t n;
} amct_zip_file;

/* Lists the members; names and table live in the arena, the rest borrows from bytes. */
amct_status amct_zip_open(amct_zip_file *out, amct_arena *arena, const void *bytes, size_t size,
                          amct_err *err);

/* Writes the member's bytes to dst and compares the checksum; messages name the member. */
amct_status amct_zip_extract(void *dst, const amct_zip_member *member, amct_err *err);

#endif
