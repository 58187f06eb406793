/*
 * torch_archive.h - archives like PyTorch's, made in memory for tests and fuzz targets.
 */
#ifndef TESTS_TORCH_ARCHIVE_H
#define TESTS_TORCH_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

typedef struct torch_archive {
    uint8_t *bytes;
    size_t size, cap;
    uint8_t *directory;
    size_t directory_size, directory_cap;
    uint32_t n;
} torch_archive;

/* All of them abort when memory runs out. A zeroed archive is empty. */
void torch_archive_add(torch_archive *a, const char *name, const void *data, size_t size);
void torch_archive_add_text(torch_archive *a, const char *name, const char *text);
/* The member deflated, with a size that may be a lie. */
void torch_archive_add_packed(torch_archive *a, const char *name, const void *data, size_t size,
                              uint32_t declared);
/* Writes the directory: bytes are a whole archive then. */
void torch_archive_end(torch_archive *a);
void torch_archive_free(torch_archive *a);

/* A pickle, or any stream of bytes. */
typedef struct torch_stream {
    uint8_t *bytes;
    size_t size, cap;
} torch_stream;

void torch_put(torch_stream *s, const void *bytes, size_t n);
void torch_put_text(torch_stream *s, const char *text);   /* as opcodes */
void torch_put_string(torch_stream *s, const char *text); /* as a string */
void torch_put_int(torch_stream *s, int64_t i);
/* A float tensor of that size in C order, at an offset of a storage. */
void torch_put_tensor(torch_stream *s, const char *storage, int64_t elements, int64_t offset,
                      const int64_t *dims, const int64_t *strides, uint32_t rank);
void torch_stream_free(torch_stream *s);

#endif
