#include "data/folder.h"

#include "base/grow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *a, const void *b)
{
    const amct_folder_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool is_folder(int fd, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    return fstatat(fd, entry->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static amct_status append(amct_folder *folder, size_t *room, amct_arena *arena, const char *name,
                          bool is_a_folder, amct_err *err)
{
    AMCT_TRY(amct_grow(&folder->entries, folder->n, room, sizeof *folder->entries, err));
    char *copy = amct_arena_string(arena, name);
    if (!copy)
        return amct_fail_nomem(err);
    folder->entries[folder->n++] = (amct_folder_entry){copy, is_a_folder};
    return AMCT_OK;
}

static amct_status read_entries(amct_folder *folder, amct_arena *arena, DIR *dir, amct_err *err)
{
    size_t room = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno ? amct_fail_errno(err, errno, "cannot be listed") : AMCT_OK;
        if (entry->d_name[0] == '.')
            continue;
        AMCT_TRY(append(folder, &room, arena, entry->d_name, is_folder(dirfd(dir), entry), err));
    }
}

amct_status amct_folder_list(amct_folder *out, amct_arena *arena, const char *path, amct_err *err)
{
    amct_folder folder = {0};
    DIR *dir = opendir(path);
    if (!dir)
        return amct_fail_errno(err, errno, "%s", path);
    amct_status status = read_entries(&folder, arena, dir, err);
    closedir(dir);
    if (status != AMCT_OK) {
        amct_fail_in(err, "%s", path);
    } else {
        if (folder.n)
            qsort(folder.entries, folder.n, sizeof *folder.entries, by_name);
        out->entries = amct_arena_copy(arena, folder.entries, folder.n * sizeof *folder.entries);
        out->n = folder.n;
        if (!out->entries)
            status = amct_fail_nomem(err);
    }
    free(folder.entries);
    return status;
}
