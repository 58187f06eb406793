#include "device_atc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Where they are -------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* folder/below as an absolute path, if it is a program (or only a file). */
static bool try_path(char out[PATH_MAX], const char *folder, size_t length, const char *below,
                     bool program)
{
    char path[PATH_MAX], real[PATH_MAX];
    if (!length || length + strlen(below) + 2 > sizeof path)
        return false;
    snprintf(path, sizeof path, "%.*s/%s", (int)length, folder, below);
    if (program ? !is_program(path) : access(path, R_OK) != 0)
        return false;
    /* atc is a script that looks around itself: its folder is resolved, not its own link */
    snprintf(path, sizeof path, "%.*s", (int)length, folder);
    if (!realpath(path, real) || strlen(real) + strlen(below) + 2 > PATH_MAX)
        return false;
    memcpy(out, real, strlen(real) + 1);
    strcat(strcat(out, "/"), below);
    return true;
}

bool device_cann_find(device_cann *out, char problem[DEVICE_TEXT])
{
    const char *home = getenv("ASCEND_TOOLKIT_HOME"), *at = getenv("PATH");
    bool found = false;
    *out = (device_cann){.library = "libascendcl.so"};
    while (at && *at && !found) {
        size_t length = strcspn(at, ":");
        found = try_path(out->atc, at, length, "atc", true);
        at += length + (at[length] == ':');
    }
    if (home) {
        found = found || try_path(out->atc, home, strlen(home), "bin/atc", true);
        try_path(out->library, home, strlen(home), "lib64/libascendcl.so", false);
    }
    if (!found)
        snprintf(problem, DEVICE_TEXT,
                 "there is no atc in PATH nor in ASCEND_TOOLKIT_HOME/bin: measuring on a device "
                 "needs CANN (source its set_env.sh)");
    return found;
}

/* ---- What atc says ----------------------------------------------------------------------------
 */

/* A line that tells what is wrong: "E10001: ...", "[ERROR] ...". */
static bool tells(const char *line, size_t length)
{
    if (length > 7 && line[0] == 'E' && line[6] == ':') {
        int digits = 0;
        while (digits < 5 && isdigit((unsigned char)line[1 + digits]))
            digits++;
        if (digits == 5)
            return true;
    }
    for (size_t i = 0; i + 7 <= length; i++)
        if (strncmp(line + i, "[ERROR]", 7) == 0)
            return true;
    return false;
}

/* The lines that tell what is wrong, else the last that is not empty, on one line. */
static void shorten(char *out, size_t size, const char *said)
{
    size_t used = 0;
    const char *last = "";
    size_t last_length = 0;
    out[0] = 0;
    for (const char *line = said; *line;) {
        size_t length = strcspn(line, "\r\n");
        if (length) {
            last = line;
            last_length = length;
        }
        if (tells(line, length) && used + length + 3 < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "; " : "",
                                     (int)length, line);
        line += length + (line[length] != 0);
    }
    if (!used && last_length)
        snprintf(out, size, "%.*s", (int)(last_length < size - 1 ? last_length : size - 1), last);
}

/* ---- The run -----------------------------------------------------------------------------------
 */

static bool find_om(char om[PATH_MAX], const char *folder)
{
    DIR *dir = opendir(folder);
    bool found = false;
    for (const struct dirent *e; dir && !found && (e = readdir(dir));) {
        size_t length = strlen(e->d_name);
        found = length > 3 && strcmp(e->d_name + length - 3, ".om") == 0 &&
                snprintf(om, PATH_MAX, "%s/%s", folder, e->d_name) < PATH_MAX;
    }
    if (dir)
        closedir(dir);
    return found;
}

bool device_atc_run(char om[PATH_MAX], const device_cann *cann, const device_compile *what,
                    const char *folder, char problem[DEVICE_TEXT])
{
    enum { SAID = 64 * 1024, ARGUMENT = PATH_MAX + 64 };
    char *said = malloc(SAID), *shapes = malloc(strlen(what->input_shape) + 32);
    char model[ARGUMENT], output[ARGUMENT], soc[128], aipp[ARGUMENT];
    char words[DEVICE_TEXT / 2] = "";
    char *argv[10];
    int n = 0, code = 0;
    if (!said || !shapes) {
        free(said);
        free(shapes);
        snprintf(problem, DEVICE_TEXT, "out of memory");
        return false;
    }
    snprintf(model, sizeof model, "--model=%s", what->model);
    snprintf(output, sizeof output, "--output=%s/model", folder);
    snprintf(soc, sizeof soc, "--soc_version=%s", what->soc);
    sprintf(shapes, "--input_shape=%s", what->input_shape);
    argv[n++] = (char *)(uintptr_t)cann->atc;
    argv[n++] = (char[]){"--framework=5"};
    argv[n++] = model;
    argv[n++] = output;
    argv[n++] = soc;
    argv[n++] = shapes;
    argv[n++] = (char[]){"--log=error"};
    if (what->sparse)
        argv[n++] = (char[]){"--sparsity=1"};
    if (what->aipp) {
        snprintf(aipp, sizeof aipp, "--insert_op_conf=%s", what->aipp);
        argv[n++] = aipp;
    }
    argv[n] = NULL;
    device_end end = device_run_program(&code, said, SAID, argv, folder, &what->limit);
    shorten(words, sizeof words, said);
    free(said);
    free(shapes);
    bool done = end == DEVICE_END_EXIT && code == 0 && find_om(om, folder);
    if (done)
        return true;
    const char *colon = words[0] ? ": " : "";
    if (end == DEVICE_END_STOPPED)
        snprintf(problem, DEVICE_TEXT, "stopped while atc ran");
    else if (end == DEVICE_END_TIME)
        snprintf(problem, DEVICE_TEXT, "atc took more than %.4g s%s%s", what->limit.seconds, colon,
                 words);
    else if (end == DEVICE_END_SIGNAL)
        snprintf(problem, DEVICE_TEXT, "atc was ended by signal %d%s%s", code, colon, words);
    else if (end == DEVICE_END_FAILED)
        snprintf(problem, DEVICE_TEXT, "atc could not be started: %s", strerror(code));
    else if (code)
        snprintf(problem, DEVICE_TEXT, "atc failed with status %d%s%s", code, colon, words);
    else
        snprintf(problem, DEVICE_TEXT, "atc wrote no .om file%s%s", colon, words);
    return false;
}
