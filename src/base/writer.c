#define _GNU_SOURCE /* mkostemp */
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16 };

struct amct_writer {
    char *path, *temporary;
    int fd, error; /* errno of the first failure, 0 while there is none */
    uint64_t size;
    size_t buffered;
    char buffer[BUFFER_BYTES];
};

amct_status amct_writer_new(amct_writer **out, const char *path, amct_err *err)
{
    amct_writer *writer = malloc(sizeof *writer);
    if (!writer)
        return amct_fail_nomem(err);
    writer->error = 0;
    writer->size = writer->buffered = 0;
    writer->fd = -1;
    writer->path = strdup(path);
    writer->temporary = malloc(strlen(path) + sizeof ".XXXXXX");
    amct_status status = writer->path && writer->temporary ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        strcat(strcpy(writer->temporary, path), ".XXXXXX");
        writer->fd = mkostemp(writer->temporary, O_CLOEXEC);
        if (writer->fd < 0)
            status = amct_fail_errno(err, errno, "cannot write %s", path);
    }
    if (status != AMCT_OK)
        amct_writer_free(writer);
    else
        *out = writer;
    return status;
}

static void write_all(amct_writer *writer, const char *data, size_t size)
{
    while (size && !writer->error) {
        ssize_t n = write(writer->fd, data, size);
        if (n < 0 && errno != EINTR)
            writer->error = errno;
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
}

void amct_writer_put(amct_writer *writer, const void *data, size_t size)
{
    writer->size += size;
    if (size > BUFFER_BYTES - writer->buffered) {
        write_all(writer, writer->buffer, writer->buffered);
        writer->buffered = 0;
        if (size >= BUFFER_BYTES) {
            write_all(writer, data, size);
            return;
        }
    }
    if (size)
        memcpy(writer->buffer + writer->buffered, data, size);
    writer->buffered += size;
}

void amct_writer_align(amct_writer *writer, size_t align)
{
    static const char zeros[64];
    while (writer->size % align) {
        size_t missing = align - writer->size % align;
        amct_writer_put(writer, zeros, missing < sizeof zeros ? missing : sizeof zeros);
    }
}

uint64_t amct_writer_size(const amct_writer *writer)
{
    return writer->size;
}

amct_status amct_writer_commit(amct_writer *writer, amct_err *err)
{
    write_all(writer, writer->buffer, writer->buffered);
    if (!writer->error && fchmod(writer->fd, 0644) != 0)
        writer->error = errno;
    if (!writer->error && fsync(writer->fd) != 0)
        writer->error = errno;
    if (close(writer->fd) != 0 && !writer->error)
        writer->error = errno;
    if (!writer->error && rename(writer->temporary, writer->path) != 0)
        writer->error = errno;
    amct_status status = AMCT_OK;
    if (writer->error) {
        status = amct_fail_errno(err, writer->error, "cannot write %s", writer->path);
        unlink(writer->temporary);
    }
    writer->fd = -1;
    amct_writer_free(writer);
    return status;
}

void amct_writer_free(amct_writer *writer)
{
    if (!writer)
        return;
    if (writer->fd >= 0) {
        close(writer->fd);
        unlink(writer->temporary);
    }
    free(writer->temporary);
    free(writer->path);
    free(writer);
}
