#define _GNU_SOURCE
#include "measure/profile_files.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 6 };

typedef struct finder {
    amct_profile_files *files;
    amct_arena *arena;
    const char *run, *device; /* of the folder that is looked at; run is NULL outside of PROF_ */
} finder;

/* Which list a file of that name belongs to, NULL: none. */
static amct_profile_list *list_of(amct_profile_files *files, const char *name)
{
    size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 4, ".csv") != 0)
        return NULL;
    return strncmp(name, "op_summary", 10) == 0     ? &files->summaries
           : strncmp(name, "fusion_op", 9) == 0     ? &files->fusions
           : strncmp(name, "op_statistic", 12) == 0 ? &files->statistics
                                                    : NULL;
}

static amct_status add_file(amct_profile_list *list, const finder *f, const char *folder,
                            const char *path, amct_err *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return amct_fail_errno(err, errno, "%s", path);
    if (!S_ISREG(info.st_mode))
        return amct_fail(err, AMCT_E_IO, "%s: is %s, a file of msprof was wanted", path,
                         S_ISDIR(info.st_mode)    ? "a folder"
                         : S_ISFIFO(info.st_mode) ? "a pipe"
                                                  : "no regular file");
    if (list->n == AMCT_PROFILE_FILES)
        return amct_fail(err, AMCT_E_LIMIT, "%s: more than %d files of its kind", path,
                         AMCT_PROFILE_FILES);
    list->at[list->n++] = (amct_profile_file){path, f->run ? f->run : folder, f->device};
    return AMCT_OK;
}

/* `parent` is the folder that this one lies in, NULL of the first. */
static amct_status find(finder f, const char *parent, const char *folder, int depth, amct_err *err)
{
    struct dirent **entries;
    const char *base = amct_path_base(folder);
    if (strncmp(base, "PROF_", 5) == 0)
        f.run = folder;
    if (strncmp(base, "device_", 7) == 0) {
        f.device = base + 7;
        f.run = f.run ? f.run : parent;
    }
    int n = scandir(folder, &entries, NULL, alphasort);
    amct_status status = AMCT_OK;
    if (n < 0)
        return depth ? AMCT_OK
                     : amct_fail(err, AMCT_E_IO, "%s: is no folder that can be read", folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct stat info;
        char *joined = name[0] == '.' ? NULL : amct_path_join(folder, name);
        char *path = joined ? amct_arena_string(f.arena, joined) : NULL;
        free(joined);
        amct_profile_list *list = list_of(f.files, name);
        if (status == AMCT_OK && name[0] != '.') {
            if (!path)
                status = amct_fail_nomem(err);
            else if (list)
                status = add_file(list, &f, folder, path, err);
            else if (depth < MAX_DEPTH && lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
                status = find(f, folder, path, depth + 1, err);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

amct_status amct_profile_find(amct_profile_files *out, amct_arena *arena, const char *folder,
                              amct_err *err)
{
    memset(out, 0, sizeof *out);
    if (!folder[0])
        return amct_fail(err, AMCT_E_INVALID, "the folder of the profile has no name");
    char *plain = amct_arena_string(arena, folder);
    if (!plain)
        return amct_fail_nomem(err);
    for (size_t n = strlen(plain); n > 1 && plain[n - 1] == '/'; n--)
        plain[n - 1] = 0;
    AMCT_TRY(find((finder){.files = out, .arena = arena, .device = ""}, NULL, plain, 0, err));
    return out->summaries.n || out->statistics.n
               ? AMCT_OK
               : amct_fail(err, AMCT_E_INVALID,
                           "%s: there is no op_summary*.csv in it: export the profile with "
                           "msprof --export=on --output=DIR",
                           folder);
}

static amct_status add_hash(amct_hash *hash, const amct_profile_list *list, amct_err *err)
{
    *hash = amct_hash_u64(*hash, list->n);
    for (uint32_t i = 0; i < list->n; i++) {
        amct_file file;
        AMCT_TRY(amct_file_map(&file, list->at[i].path, err));
        *hash = amct_hash_u64(amct_hash_bytes(*hash, file.data, file.size), file.size);
        amct_file_unmap(&file);
    }
    return AMCT_OK;
}

amct_status amct_profile_hash(amct_hash *out, const char *folder, amct_err *err)
{
    amct_arena *arena = amct_arena_new();
    amct_profile_files *files = arena ? amct_arena_alloc(arena, sizeof *files) : NULL;
    amct_hash hash = {0};
    amct_status status =
        files ? amct_profile_find(files, arena, folder, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = add_hash(&hash, &files->summaries, err);
    if (status == AMCT_OK)
        status = add_hash(&hash, &files->fusions, err);
    if (status == AMCT_OK)
        status = add_hash(&hash, &files->statistics, err);
    amct_arena_free(arena);
    if (status == AMCT_OK)
        *out = hash;
    return status;
}
