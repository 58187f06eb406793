/*
 * writer.h - a file written piece by piece, whole or not at all: to a temporary file beside it,
 * synced, then renamed, so that the path holds either what it held before or everything, whatever
 * happens. Failures are remembered and told by amct_writer_commit, so that writing needs no checks.
 * Not for several threads.
 */
#ifndef AMCT_BASE_WRITER_H
#define AMCT_BASE_WRITER_H

#include "base/err.h"

typedef struct amct_writer amct_writer;

/* Creates the temporary file. AMCT_E_IO, naming the path, if its folder does not take one. */
amct_status amct_writer_new(amct_writer **out, const char *path, amct_err *err);
/* Appends size bytes. */
void amct_writer_put(amct_writer *writer, const void *data, size_t size);
/* Appends zeros until the file's size is a multiple of align. */
void amct_writer_align(amct_writer *writer, size_t align);
/* Bytes appended so far. */
uint64_t amct_writer_size(const amct_writer *writer);
/* Gives the file its name, and frees the writer in any case. */
amct_status amct_writer_commit(amct_writer *writer, amct_err *err);
/* Frees a writer and leaves nothing behind; NULL is allowed. */
void amct_writer_free(amct_writer *writer);

#endif
