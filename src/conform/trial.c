#define _GNU_SOURCE /* memfd_create, sigabbrev_np */
#include "conform/trial.h"

#include "base/file.h"
#include "base/fork.h"
#include "base/log.h"
#include "plugin/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A plugin that takes more than this on top of what the program has, takes too much. */
#define MEMORY_BYTES ((rlim_t)4 << 30)

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 }; /* its shadow is larger than any limit */
#else
enum { SANITIZED = 0 };
#endif

static void say(char *to, size_t size, const char *fmt, va_list args)
{
    amct_err clean; /* texts of plugins are hostile, too */
    char text[AMCT_ERR_TEXT];
    vsnprintf(text, sizeof text, fmt, args);
    amct_fail(&clean, AMCT_OK, "%s", text);
    snprintf(to, size, "%s", clean.text);
}

_Noreturn static void end(amct_trial *trial)
{
    trial->board->ended = true;
    _exit(0);
}

void amct_trial_fail(amct_trial *trial, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(trial->board->found, sizeof trial->board->found, fmt, args);
    va_end(args);
    trial->board->verdict = AMCT_CONFORM_FAIL;
    end(trial);
}

void amct_trial_skip(amct_trial *trial, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(trial->board->found, sizeof trial->board->found, fmt, args);
    va_end(args);
    trial->board->verdict = AMCT_CONFORM_SKIP;
    end(trial);
}

void amct_trial_warn(amct_trial *trial, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(trial->board->found, sizeof trial->board->found, fmt, args);
    va_end(args);
    trial->board->verdict = AMCT_CONFORM_WARN;
}

void amct_trial_at(amct_trial *trial, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(trial->board->at, sizeof trial->board->at, fmt, args);
    va_end(args);
}

void amct_trial_need(amct_trial *trial, amct_status status, const amct_err *err)
{
    if (status != AMCT_OK)
        amct_trial_skip(trial, "%s", err->text);
}

const char *amct_trial_folder(amct_trial *trial)
{
    if (!trial->folder)
        amct_trial_skip(trial, "there can be no temporary folder in TMPDIR or /tmp");
    return trial->folder;
}

double amct_trial_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- The process --------------------------------------------------------------------------- */

static void limit(int what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(what, &now) != 0)
        return;
    now.rlim_cur = most < now.rlim_max ? most : now.rlim_max;
    setrlimit(what, &now);
}

static rlim_t memory_now(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Output goes where the case can look at it; signals do what they do to any program. */
static void enclose(void)
{
    static const int ours[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    amct_log_set_level(AMCT_LOG_ERROR); /* our own words are not the plugin's */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    limit(RLIMIT_CORE, 0);
    if (!SANITIZED)
        limit(RLIMIT_AS, memory_now() + MEMORY_BYTES);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        signal(ours[i], SIG_DFL); /* a sanitizer's handler would turn them into an exit */
    for (int fd = 1; fd <= 2; fd++) {
        int file = memfd_create("output", 0);
        if (file >= 0) {
            dup2(file, fd);
            close(file);
        }
    }
    int none = open("/dev/null", O_RDONLY);
    if (none >= 0) {
        dup2(none, 0);
        close(none);
    }
}

_Noreturn static void inside(amct_trial *trial, amct_trial_fn *fn)
{
    amct_err err;
    enclose();
    amct_trial_at(trial, "while it is loaded");
    if (amct_plugin_load(&trial->plugin, trial->subject->plugin, &err) != AMCT_OK)
        amct_trial_fail(trial, "%s", err.text);
    fn(trial);
    end(trial);
}

/* Waits up to limit_ms; false if the process had to be killed. */
static bool await(int *how, pid_t pid, uint32_t limit_ms)
{
    int fd = pidfd_open(pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int n = fd >= 0 ? poll(&ended, 1, (int)limit_ms) : 1; /* without it: as long as it takes */
    if (fd >= 0)
        close(fd);
    if (n == 0)
        kill(-pid, SIGKILL);
    while (waitpid(pid, how, 0) < 0 && errno == EINTR)
        continue;
    kill(-pid, SIGKILL); /* what it may have started */
    return n != 0;
}

static void describe(amct_trial_board *board, int how, bool in_time, uint32_t limit_ms)
{
    const char *space = board->at[0] ? " " : "";
    board->verdict = AMCT_CONFORM_FAIL;
    if (!in_time)
        snprintf(board->found, sizeof board->found, "did not end within %.3g s%s%s", limit_ms / 1e3,
                 space, board->at);
    else if (WIFSIGNALED(how))
        snprintf(board->found, sizeof board->found, "crashed with SIG%s (%s)%s%s",
                 sigabbrev_np(WTERMSIG(how)) ? sigabbrev_np(WTERMSIG(how)) : "?",
                 strsignal(WTERMSIG(how)), space, board->at);
    else
        snprintf(board->found, sizeof board->found, "ended the process with exit status %d%s%s",
                 WEXITSTATUS(how), space, board->at);
}

amct_status amct_trial_run(amct_trial_board *board, const amct_conform_subject *subject,
                           amct_trial_fn *fn, amct_err *err)
{
    amct_trial_board *shared = amct_shared_alloc(sizeof *shared);
    if (!shared)
        return amct_fail_nomem(err);
    amct_err ignored;
    char *folder = NULL;
    amct_folder_make_temporary(&folder, "check", &ignored);
    amct_trial trial = {.subject = subject, .board = shared, .folder = folder};
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        if (getppid() != parent)
            _exit(0);
        inside(&trial, fn);
    }
    amct_status status = AMCT_OK;
    if (pid < 0) {
        status = amct_fail_errno(err, errno, "cannot start a process");
    } else {
        int how = 0;
        bool in_time = await(&how, pid, subject->limit_ms);
        if (!shared->ended)
            describe(shared, how, in_time, subject->limit_ms);
        *board = *shared;
        board->found[sizeof board->found - 1] = 0; /* the plugin may have written there */
    }
    if (folder)
        amct_folder_remove(folder, &ignored);
    free(folder);
    amct_shared_free(shared, sizeof *shared);
    return status;
}
