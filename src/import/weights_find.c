#include "import/weights_file.h"

#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcmp(name + n - k, suffix) == 0;
}

/* The only file of the folder that ends so; NULL if there is none or another one. */
static amct_status find_only(char **out, const char *folder, const char *suffix, amct_err *err)
{
    char *only = NULL;
    size_t n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || !ends_with(entry->d_name, suffix))
            continue;
        if (n++ == 0 && !(only = amct_path_join(folder, entry->d_name))) {
            closedir(dir);
            return amct_fail_nomem(err);
        }
    }
    if (dir)
        closedir(dir);
    if (n > 1) {
        amct_log(AMCT_LOG_INFO, "%zu files %s/*%s: say which with --weights", n, folder, suffix);
        free(only);
        only = NULL;
    }
    *out = only;
    return AMCT_OK;
}

amct_status amct_weights_find(char **out, const char *model, const char *suffix, amct_err *err)
{
    const char *base = amct_path_base(model), *dot = strrchr(base, '.');
    if (ends_with(base, suffix)) { /* it is such a file itself */
        *out = NULL;
        return AMCT_OK;
    }
    size_t stem = (size_t)((dot && dot != base ? dot : base + strlen(base)) - model);
    char *path = malloc(stem + strlen(suffix) + 1);
    if (!path)
        return amct_fail_nomem(err);
    sprintf(path, "%.*s%s", (int)stem, model, suffix);
    if (access(path, F_OK) != 0) {
        free(path);
        path = NULL;
        char *folder = amct_path_folder(model);
        amct_status status = folder ? find_only(&path, folder, suffix, err) : amct_fail_nomem(err);
        free(folder);
        AMCT_TRY(status);
    }
    if (path)
        amct_log(AMCT_LOG_INFO, "%s: weights from %s", model, path);
    *out = path;
    return AMCT_OK;
}
