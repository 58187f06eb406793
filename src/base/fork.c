#define _GNU_SOURCE /* sched_getaffinity */
#include "base/fork.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void *amct_shared_alloc(size_t bytes)
{
    void *memory =
        mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void amct_shared_free(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes ? bytes : 1);
}

uint32_t amct_cpu_count(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (uint32_t)n : 1;
}

static const volatile sig_atomic_t *stop_flag;

void amct_parallel_watch(const volatile sig_atomic_t *flag)
{
    stop_flag = flag;
}

static bool must_stop(void)
{
    return stop_flag && *stop_flag;
}

static amct_status fail_stopped(amct_err *err)
{
    return amct_fail(err, AMCT_E_CANCELLED, "stopped");
}

enum { MAX_JOBS = 256 };

typedef struct board {
    atomic_uint next;   /* the task that nobody has taken */
    atomic_bool failed; /* take no more */
    struct {
        bool set;
        uint32_t task;
        amct_err err;
    } failures[MAX_JOBS];
} board;

static void work(board *b, uint32_t worker, uint32_t n, amct_task *task, void *ctx)
{
    uint32_t i;
    while (!atomic_load(&b->failed) && !must_stop() && (i = atomic_fetch_add(&b->next, 1)) < n)
        if (task(ctx, worker, i, &b->failures[worker].err) != AMCT_OK) {
            b->failures[worker].task = i;
            b->failures[worker].set = true;
            atomic_store(&b->failed, true);
        }
}

static amct_status await(pid_t pid, amct_err *err)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR)
            return amct_fail_errno(err, errno, "cannot wait for a worker process");
    if (WIFSIGNALED(how))
        return amct_fail(err, AMCT_E_INTERNAL, "a worker process was ended by signal %d (%s)",
                         WTERMSIG(how), strsignal(WTERMSIG(how)));
    return AMCT_OK;
}

amct_status amct_parallel(uint32_t jobs, uint32_t n, amct_task *task, void *ctx, amct_err *err)
{
    jobs = jobs > n ? n : jobs;
    jobs = jobs > MAX_JOBS ? MAX_JOBS : jobs;
    if (jobs <= 1) {
        for (uint32_t i = 0; i < n; i++)
            AMCT_TRY(must_stop() ? fail_stopped(err) : task(ctx, 0, i, err));
        return AMCT_OK;
    }
    board *b = amct_shared_alloc(sizeof *b);
    if (!b)
        return amct_fail_nomem(err);
    pid_t parent = getpid(), pids[MAX_JOBS];
    amct_status status = AMCT_OK;
    uint32_t started = 0;
    fflush(NULL);
    for (; started < jobs && status == AMCT_OK; started++) {
        pids[started] = fork();
        if (pids[started] < 0) {
            status = amct_fail_errno(err, errno, "cannot start a worker process");
            atomic_store(&b->failed, true);
            break;
        }
        if (pids[started] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent)
                work(b, started, n, task, ctx);
            _exit(0);
        }
    }
    for (uint32_t i = 0; i < started; i++) {
        amct_err died;
        amct_status how = await(pids[i], &died);
        if (how != AMCT_OK && status == AMCT_OK)
            *err = died, status = how;
    }
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < started && status != AMCT_E_IO; i++)
        if (b->failures[i].set && b->failures[i].task < first) {
            first = b->failures[i].task;
            *err = b->failures[i].err;
            status = err->code;
        }
    if (status == AMCT_OK && atomic_load(&b->next) < n)
        status = fail_stopped(err);
    amct_shared_free(b, sizeof *b);
    return status;
}
