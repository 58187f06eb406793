#define _GNU_SOURCE
#include "device_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* ---- Keys ---------------------------------------------------------------------------------------
 */

static void add_text(XXH3_state_t *state, const char *text)
{
    XXH3_128bits_update(state, text ? text : "", text ? strlen(text) + 1 : 1);
}

static bool add_file(XXH3_state_t *state, const char *path)
{
    char bytes[64 * 1024];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = -1;
    while (file >= 0 && (n = read(file, bytes, sizeof bytes)) > 0)
        XXH3_128bits_update(state, bytes, (size_t)n);
    if (file >= 0)
        close(file);
    return n == 0;
}

/* A tool by its place, size and date: reading it would take longer than it is worth. */
static void add_tool(XXH3_state_t *state, const char *path)
{
    struct stat info;
    char text[64] = "";
    if (stat(path, &info) == 0)
        snprintf(text, sizeof text, "%lld %lld", (long long)info.st_size, (long long)info.st_mtime);
    add_text(state, path);
    add_text(state, text);
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* The model's folder: it holds the model and what it refers to, in the order of names. */
static bool add_folder(XXH3_state_t *state, const char *model)
{
    char folder[PATH_MAX], path[PATH_MAX];
    struct dirent **entries = NULL;
    struct stat info;
    snprintf(folder, sizeof folder, "%s", model);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = 0;
    int n = scandir(folder, &entries, not_hidden, alphasort);
    bool done = n >= 0;
    for (int i = 0; i < n; i++) {
        size_t length = strlen(entries[i]->d_name);
        bool external = length > 9 && strcmp(entries[i]->d_name + length - 9, ".external") == 0;
        bool own = strcmp(entries[i]->d_name, slash + 1) == 0;
        if ((external || own) &&
            (size_t)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) <
                sizeof path &&
            stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            if (external)
                add_text(state, entries[i]->d_name);
            done &= add_file(state, path);
        }
        free(entries[i]);
    }
    free(entries);
    return done;
}

bool device_key_make(device_key *out, const device_cann *cann, const device_compile *what,
                     int device, unsigned runs, char problem[DEVICE_TEXT])
{
    char host[256] = "", numbers[64];
    XXH3_state_t *state = XXH3_createState();
    if (!state || XXH3_128bits_reset(state) == XXH_ERROR) {
        XXH3_freeState(state);
        snprintf(problem, DEVICE_TEXT, "out of memory");
        return false;
    }
    gethostname(host, sizeof host - 1);
    snprintf(numbers, sizeof numbers, "1 %d %u %d", device, runs, what->sparse);
    add_text(state, numbers);
    add_text(state, host);
    add_text(state, what->soc);
    add_text(state, what->input_shape);
    add_tool(state, cann->atc);
    add_tool(state, cann->library);
    bool done = add_folder(state, what->model);
    if (!done)
        snprintf(problem, DEVICE_TEXT, "'%.200s' or a file beside it cannot be read: %s",
                 what->model, strerror(errno));
    else if (what->aipp && !(done = add_file(state, what->aipp)))
        snprintf(problem, DEVICE_TEXT, "'%.200s' cannot be read: %s", what->aipp, strerror(errno));
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(out->hex, sizeof out->hex, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    return done;
}

/* ---- Entries ------------------------------------------------------------------------------------
 */

static bool entry_path(char path[PATH_MAX], const char *folder, const device_key *key,
                       const char *suffix)
{
    return snprintf(path, PATH_MAX, "%s/%s%s", folder, key->hex, suffix) < PATH_MAX;
}

/* NULL for what is no regular file: a FIFO would be waited for. */
static FILE *open_regular(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        return fdopen(fd, "r");
    if (fd >= 0)
        close(fd);
    return NULL;
}

bool device_cache_get(device_timing *out, const char *folder, const device_key *key)
{
    char path[PATH_MAX];
    device_timing t;
    if (!entry_path(path, folder, key, ".txt"))
        return false;
    FILE *file = open_regular(path);
    if (!file)
        return false;
    bool done = fscanf(file, "latency_ns %lf spread_ns %lf", &t.latency_ns, &t.spread_ns) == 2 &&
                isfinite(t.latency_ns) && t.latency_ns > 0 && isfinite(t.spread_ns) &&
                t.spread_ns >= 0;
    fclose(file);
    if (done)
        *out = t;
    return done;
}

bool device_cache_put(const char *folder, const device_key *key, const device_timing *timing)
{
    char path[PATH_MAX], fresh[PATH_MAX], suffix[32];
    snprintf(suffix, sizeof suffix, ".%ld", (long)getpid());
    if (!device_folder_make(folder) || !entry_path(path, folder, key, ".txt") ||
        !entry_path(fresh, folder, key, suffix))
        return false;
    FILE *file = fopen(fresh, "we");
    if (!file)
        return false;
    bool done = fprintf(file, "latency_ns %.17g spread_ns %.17g\n", timing->latency_ns,
                        timing->spread_ns) > 0;
    done &= fclose(file) == 0;
    if (done && rename(fresh, path) == 0)
        return true;
    unlink(fresh);
    return false;
}

/* ---- Folders ------------------------------------------------------------------------------------
 */

bool device_cache_folder(char out[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return snprintf(out, PATH_MAX, "%s/amct-autotune/device", cache) < PATH_MAX;
    return home && home[0] &&
           snprintf(out, PATH_MAX, "%s/.cache/amct-autotune/device", home) < PATH_MAX;
}

bool device_folder_make(const char *path)
{
    char part[PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
        return false;
    for (char *at = part + 1; *at; at++)
        if (*at == '/') {
            *at = 0;
            if (mkdir(part, 0777) != 0 && errno != EEXIST)
                return false;
            *at = '/';
        }
    return mkdir(part, 0777) == 0 || errno == EEXIST;
}

bool device_folder_fresh(char out[PATH_MAX])
{
    const char *below = getenv("TMPDIR");
    int length = snprintf(out, PATH_MAX, "%s/amct-device-XXXXXX", below && *below ? below : "/tmp");
    return length < PATH_MAX && mkdtemp(out) != NULL;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

void device_folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
