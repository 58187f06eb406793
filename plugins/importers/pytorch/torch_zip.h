/*
 * torch_zip.h - the members of a zip archive in memory, found through its directory; nothing that
 * the archive says is believed before it is checked.
 */
#ifndef TORCH_ZIP_H
#define TORCH_ZIP_H

#include "torch_map.h"

typedef struct torch_reader torch_reader;

typedef struct torch_span {
    const uint8_t *data;
    size_t size;
} torch_span;

typedef struct torch_member {
    const char *name; /* without the archive's root folder */
    torch_span packed;
    size_t size; /* unpacked, as declared */
    uint32_t crc32;
    uint16_t method; /* 0 stored, 8 deflated */
} torch_member;

typedef struct torch_zip {
    torch_member *members;
    size_t n;
    torch_map names; /* of members */
} torch_zip;

/* Reads the directory. Names that would lead out of the archive, names that are there twice,
 * encrypted members and other packings than deflate are refused. A folder that holds everything is
 * taken off the names. */
int32_t torch_zip_open(torch_reader *r, torch_span bytes, torch_zip *out);
const torch_member *torch_zip_find(const torch_zip *zip, const char *name); /* NULL if missing */
/* The member's bytes: in the file, or unpacked to the reader's memory. Fails if the member is
 * missing; warns once if a checksum is wrong. */
int32_t torch_zip_read(torch_reader *r, const torch_zip *zip, const char *name, torch_span *out);

#endif
