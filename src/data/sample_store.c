#define _GNU_SOURCE /* mkostemp */
#include "data/sample_store.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* An open file of that size without a name, or -1 and errno. Reserving its space now turns a full
 * disk into an error here instead of a signal at the first write. */
static int open_nameless(const char *folder, uint64_t size)
{
    char *path = amct_path_join(folder, "samples.XXXXXX");
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
        int error = posix_fallocate(fd, 0, (off_t)size);
        if (error) {
            close(fd);
            fd = -1;
            errno = error;
        }
    }
    int error = errno;
    free(path);
    errno = error;
    return fd;
}

amct_status amct_sample_store_new(amct_sample_store *out, uint64_t size, uint64_t limit_bytes,
                                  const char *spill_folder, amct_err *err)
{
    bool spill = size > limit_bytes;
    int fd = -1, flags = MAP_SHARED;
    if (size > (UINT64_C(1) << 46)) /* more than an address space has room for */
        return amct_fail(err, AMCT_E_LIMIT, "the samples take %llu bytes",
                         (unsigned long long)size);
    if (spill && !spill_folder)
        return amct_fail(err, AMCT_E_LIMIT,
                         "the samples take %llu MiB, the memory limit leaves %llu MiB",
                         (unsigned long long)(size >> 20), (unsigned long long)(limit_bytes >> 20));
    if (spill) {
        fd = open_nameless(spill_folder, size);
        if (fd < 0)
            return amct_fail_errno(err, errno, "cannot keep %llu MiB of samples in %s",
                                   (unsigned long long)(size >> 20), spill_folder);
    } else {
        flags |= MAP_ANONYMOUS;
    }
    void *data = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, flags, fd, 0);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (data == MAP_FAILED)
        return error == ENOMEM ? amct_fail_nomem(err)
                               : amct_fail_errno(err, error, "cannot map %llu MiB for the samples",
                                                 (unsigned long long)(size >> 20));
    *out = (amct_sample_store){data, (size_t)size, spill};
    return AMCT_OK;
}

void amct_sample_store_seal(amct_sample_store *store)
{
    mprotect(store->data, store->size, PROT_READ);
}

void amct_sample_store_free(amct_sample_store *store)
{
    if (store->data)
        munmap(store->data, store->size);
    *store = (amct_sample_store){0};
}
