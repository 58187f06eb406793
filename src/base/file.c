#define _GNU_SOURCE /* renameat2 */
#include "base/file.h"

#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

amct_status amct_file_map(amct_file *out, const char *path, amct_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return amct_fail_errno(err, errno, "%s", path);
    struct stat st;
    amct_file file = {0};
    amct_status status = AMCT_OK;
    if (fstat(fd, &st) != 0)
        status = amct_fail_errno(err, errno, "%s", path);
    else if (S_ISDIR(st.st_mode))
        status = amct_fail(err, AMCT_E_IO, "%s: is a folder, not a file", path);
    else if (!S_ISREG(st.st_mode))
        status = amct_fail(err, AMCT_E_IO, "%s: is not a regular file", path);
    else if (st.st_size > 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            status = amct_fail_errno(err, errno, "%s", path);
        else
            file = (amct_file){data, (size_t)st.st_size};
    }
    close(fd);
    if (status == AMCT_OK)
        *out = file;
    return status;
}

void amct_file_unmap(amct_file *file)
{
    if (file->data)
        munmap((void *)file->data, file->size);
    *file = (amct_file){0};
}

amct_status amct_file_write(const char *path, const void *data, size_t size, amct_err *err)
{
    amct_writer *writer;
    AMCT_TRY(amct_writer_new(&writer, path, err));
    amct_writer_put(writer, data, size);
    return amct_writer_commit(writer, err);
}

amct_status amct_folder_make(const char *path, amct_err *err)
{
    char *partial = strdup(path);
    if (!partial)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    for (char *at = partial; status == AMCT_OK;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char cut = *at;
        *at = 0;
        struct stat st;
        int why = mkdir(partial, 0777) == 0 ? 0 : errno;
        if (why && (stat(partial, &st) != 0 || !S_ISDIR(st.st_mode)))
            status = amct_fail_errno(err, why == EEXIST ? ENOTDIR : why,
                                     "cannot make the folder %s", path);
        *at = cut;
        if (!cut)
            break;
    }
    free(partial);
    return status;
}

amct_status amct_folder_check(const char *path, amct_err *err)
{
    struct stat st;
    char *at = strdup(path);
    while (at && stat(at, &st) != 0 && errno == ENOENT && strcmp(at, ".") != 0) {
        char *above = amct_path_folder(at);
        free(at);
        at = above;
    }
    if (!at)
        return amct_fail_nomem(err);
    int why = stat(at, &st) != 0        ? errno
              : !S_ISDIR(st.st_mode)    ? ENOTDIR
              : access(at, W_OK | X_OK) ? errno
                                        : 0;
    free(at);
    return why ? amct_fail_errno(err, why, "cannot make the folder %s", path) : AMCT_OK;
}

amct_status amct_folder_make_temporary(char **out, const char *name, amct_err *err)
{
    static const char random[] = "XXXXXX";
    const char *below = getenv("TMPDIR");
    if (!below || !*below)
        below = "/tmp";
    size_t size = strlen(below) + strlen("/amct--") + strlen(name) + sizeof random;
    char *path = malloc(size);
    if (!path)
        return amct_fail_nomem(err);
    snprintf(path, size, "%s/amct-%s-%s", below, name, random);
    if (!mkdtemp(path)) {
        amct_fail_errno(err, errno, "there can be no temporary folder %s", path);
        free(path);
        return err->code;
    }
    *out = path;
    return AMCT_OK;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

amct_status amct_folder_remove(const char *path, amct_err *err)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return amct_fail_errno(err, errno, "cannot remove %s", path);
    return AMCT_OK;
}

amct_status amct_folder_replace(const char *path, const char *fresh, amct_err *err)
{
    if (rename(fresh, path) == 0)
        return AMCT_OK;
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) != 0) {
        /* a file system without exchange: the gap between the two steps is unavoidable */
        AMCT_TRY(amct_folder_remove(path, err));
        if (rename(fresh, path) != 0)
            return amct_fail_errno(err, errno, "cannot replace %s", path);
        return AMCT_OK;
    }
    return amct_folder_remove(fresh, err);
}

char *amct_path_join(const char *folder, const char *name)
{
    char *path = NULL;
    if (name[0] == '/' || folder[0] == 0)
        return strdup(name);
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

const char *amct_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *amct_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}
