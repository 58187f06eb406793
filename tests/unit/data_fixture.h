/*
 * data_fixture.h - files for the tests of src/data, made by code: written with libpng, turbojpeg
 * and zlib, or byte by byte.
 */
#ifndef AMCT_TESTS_DATA_FIXTURE_H
#define AMCT_TESTS_DATA_FIXTURE_H

#include "base/err.h"

#include <stdbool.h>

/* Bytes of a file, malloc'd. */
typedef struct blob {
    uint8_t *data;
    size_t size;
} blob;

void blob_free(blob *b);
/* Appends; `blob b = {0}` is an empty one. */
void blob_add(blob *b, const void *data, size_t size);
void blob_add_text(blob *b, const char *text);
void blob_add16(blob *b, uint32_t value); /* little-endian */
void blob_add32(blob *b, uint32_t value);
void blob_add64(blob *b, uint64_t value);
void blob_add32_big(blob *b, uint32_t value);

/* A folder of its own for each case; use as .init and .fini. */
void fixture_setup(void);
void fixture_teardown(void);
/* A path in it; valid until the case ends. */
const char *fixture_path(const char *name);
/* Writes a file, making the folders of its name. */
void fixture_write(const char *name, const void *data, size_t size);
void fixture_write_text(const char *name, const char *text);
void fixture_write_blob(const char *name, blob b); /* frees it */

/* pixels are 8 bits a channel, 16 big-endian if depth is 16, packed below 8; color_type is
 * libpng's; palette colours are (i, 255 - i, 7). */
blob make_png(const uint8_t *rows, uint32_t width, uint32_t height, int depth, int color_type,
              bool interlaced);
/* format is turbojpeg's TJPF_RGB, TJPF_GRAY or TJPF_CMYK. */
blob make_jpeg(const uint8_t *pixels, int width, int height, int format, bool progressive);
/* A JPEG of one colour. */
blob make_plain_jpeg(int width, int height, uint8_t red, uint8_t green, uint8_t blue);
/* shape is Python: "(2, 3)". */
blob make_npy(const char *descr, const char *shape, const void *data, size_t size);
blob make_npy_header(int version, const char *header);
blob make_idx(uint8_t type, uint32_t rank, const uint32_t *dims, const void *data, size_t size);
blob make_gzip(const void *data, size_t size);
blob make_deflated(const void *data, size_t size);

/* A zip archive with one member, whose fields can be wrong. */
typedef struct zip_fixture {
    const char *name;
    blob packed;
    uint32_t method, crc32, flags;
    uint64_t bytes;        /* declared */
    uint64_t packed_bytes; /* declared */
    bool zip64;
} zip_fixture;
zip_fixture make_member(const char *name, const void *data, size_t size, bool deflated);
blob make_zip(const zip_fixture *members, size_t n);
void free_members(zip_fixture *members, size_t n);

/* n records of 3073 bytes, or 3074 if fine: labels i % 10 (coarse i % 20, fine i % 100), pixel
 * bytes from the record's number on. */
blob make_cifar(uint32_t n, bool fine);

#endif
