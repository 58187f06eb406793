#define _GNU_SOURCE /* inotify_init1's flags */
#include "conform/cases.h"
#include "conform/reading.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int32_t probe(amct_trial *trial, const void *head, size_t n, const char *path)
{
    int32_t sure = trial->plugin->importer->probe(head, n, path);
    if (sure < 0 || sure > 100)
        amct_trial_fail(trial, "'probe' gave %d, 0 to 100 wanted", sure);
    return sure;
}

/* Heads of what is surely another format, whoever asks. */
static const struct foreign {
    const char *what, *bytes;
    size_t n;
} foreign[] = {
    {"an empty file", "", 0},
    {"a PNG image", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\2\0\0\0", 29},
    {"a program",
     "\x7f"
     "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0",
     24},
    {"a gzip file", "\x1f\x8b\x08\0\0\0\0\0\0\3", 10},
    {"English text", "It was a bright cold day in April, and the clocks were striking.\n", 65},
    {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32},
};
enum { N_FOREIGN = sizeof foreign / sizeof *foreign };

static void run_probe(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    const char *path = trial->subject->model;
    size_t n = model.size < AMCT_PROBE_BYTES ? model.size : AMCT_PROBE_BYTES;
    int32_t sure = probe(trial, model.data, n, path);
    if (sure == 0)
        amct_trial_fail(trial, "'probe' gave 0 for the model, more than 0 wanted");
    if (probe(trial, model.data, n, path) != sure)
        amct_trial_fail(trial, "'probe' gave another answer the second time");
}

static void run_probe_foreign(amct_trial *trial)
{
    for (int i = 0; i < N_FOREIGN; i++) {
        amct_trial_at(trial, "while %s is probed", foreign[i].what);
        const void *head = amct_reading_guarded(trial, foreign[i].bytes, foreign[i].n);
        int32_t sure = probe(trial, head, foreign[i].n, "file");
        if (sure)
            amct_trial_fail(trial, "'probe' gave %d for %s, 0 wanted", sure, foreign[i].what);
    }
}

static void run_probe_short(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    size_t most = model.size < AMCT_PROBE_BYTES ? model.size : AMCT_PROBE_BYTES;
    for (size_t n = 0; n <= most; n++) {
        amct_trial_at(trial, "while the first %zu bytes are probed", n);
        const void *head = amct_reading_guarded(trial, model.data, n);
        probe(trial, head, n, trial->subject->model);
        amct_reading_unguard(head, n);
    }
}

/* The kernel tells who opens a file. */
static void run_probe_opens(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    const char *folder = amct_trial_folder(trial);
    char events[4096];
    char *path = amct_path_join(folder, amct_path_base(trial->subject->model));
    int fd = path ? open(path, O_WRONLY | O_CREAT, 0600) : -1;
    ssize_t written = fd >= 0 ? write(fd, model.data, model.size < 65536 ? model.size : 65536) : -1;
    if (fd >= 0)
        close(fd);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    bool ready = written >= 0 && watch >= 0 && inotify_add_watch(watch, folder, IN_OPEN) >= 0;
    if (ready)
        probe(trial, model.data, model.size < AMCT_PROBE_BYTES ? model.size : AMCT_PROBE_BYTES,
              path);
    bool opened = ready && read(watch, events, sizeof events) > 0;
    if (!ready)
        amct_trial_skip(trial, "cannot watch a folder");
    if (opened)
        amct_trial_fail(trial, "'probe' opened the file");
}

const amct_case amct_probe_cases[] = {
    {"probe", "'probe' knows the model, with 0 to 100", run_probe},
    {"probe-foreign", "'probe' gives 0 for what is surely another format", run_probe_foreign},
    {"probe-short", "'probe' reads only the bytes it is given", run_probe_short},
    {"probe-opens-nothing", "'probe' does not open the file", run_probe_opens},
    {0},
};
