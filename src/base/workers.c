#define _GNU_SOURCE
#include "base/workers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORKERS = 256 };

typedef struct worker {
    pid_t pid;
    int fd; /* our end; -1: not running */
    bool busy;
    uint64_t id;
    uint64_t deadline_ms; /* 0: none */
} worker;

struct amct_workers {
    amct_answer_fn *answer;
    void *ctx;
    const char *what;
    uint32_t timeout_ms;
    uint32_t n;
    worker workers[];
};

/* What a worker sends back: this, then the bytes of the answer or of the message. */
typedef struct reply {
    int32_t status;
    uint32_t size;
    unsigned char bytes[AMCT_MESSAGE_MAX];
} reply;

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void serve(const amct_workers *w, int fd)
{
    static unsigned char request[AMCT_MESSAGE_MAX];
    static reply r;
    for (;;) {
        ssize_t n = recv(fd, request, sizeof request, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        amct_err err = {0};
        size_t size = 0;
        r.status = w->answer(w->ctx, request, (size_t)n, r.bytes, &size, &err);
        if (r.status != AMCT_OK) {
            size = strlen(err.text) + 1;
            memcpy(r.bytes, err.text, size);
        }
        r.size = (uint32_t)size;
        if (send(fd, &r, offsetof(reply, bytes) + size, MSG_NOSIGNAL) < 0)
            _exit(0);
    }
}

static amct_status start(amct_workers *w, worker *one, amct_err *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return amct_fail_errno(err, errno, "cannot start an %s", w->what);
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return amct_fail_errno(err, errno, "cannot start an %s", w->what);
    }
    if (pid == 0) {
        /* ^C is the parent's business; without it there is nothing left to do */
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        for (uint32_t i = 0; i < w->n; i++)
            if (w->workers[i].fd >= 0)
                close(w->workers[i].fd);
        close(ends[0]);
        serve(w, ends[1]);
    }
    close(ends[1]);
    *one = (worker){.pid = pid, .fd = ends[0]};
    return AMCT_OK;
}

/* Ends a worker and says how it went. */
static void end(worker *one, char *how, size_t size)
{
    int status = 0;
    close(one->fd);
    one->fd = -1;
    kill(one->pid, SIGKILL);
    while (waitpid(one->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!how)
        return;
    if (WIFSIGNALED(status))
        snprintf(how, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(how, size, "exit with status %d", WEXITSTATUS(status));
}

amct_status amct_workers_new(amct_workers **out, uint32_t jobs, const char *what,
                             amct_answer_fn *answer, void *ctx, uint32_t timeout_ms, amct_err *err)
{
    jobs = jobs > MAX_WORKERS ? MAX_WORKERS : jobs;
    amct_workers *w = calloc(1, sizeof *w + jobs * sizeof *w->workers);
    if (!w)
        return amct_fail_nomem(err);
    *w = (amct_workers){
        .answer = answer, .ctx = ctx, .what = what, .timeout_ms = timeout_ms, .n = jobs};
    for (uint32_t i = 0; i < jobs; i++)
        w->workers[i].fd = -1;
    for (uint32_t i = 0; i < jobs; i++) {
        amct_status status = start(w, &w->workers[i], err);
        if (status != AMCT_OK) {
            amct_workers_free(w);
            return status;
        }
    }
    *out = w;
    return AMCT_OK;
}

void amct_workers_free(amct_workers *workers)
{
    if (!workers)
        return;
    for (uint32_t i = 0; i < workers->n; i++)
        if (workers->workers[i].fd >= 0)
            end(&workers->workers[i], NULL, 0);
    free(workers);
}

uint32_t amct_workers_idle(const amct_workers *workers)
{
    uint32_t idle = 0;
    for (uint32_t i = 0; i < workers->n; i++)
        idle += !workers->workers[i].busy;
    return idle;
}

amct_status amct_workers_submit(amct_workers *w, uint64_t id, const void *request, size_t size,
                                amct_err *err)
{
    if (size > AMCT_MESSAGE_MAX)
        return amct_fail(err, AMCT_E_INTERNAL, "a request of %zu bytes is too long", size);
    for (uint32_t i = 0; i < w->n; i++) {
        worker *one = &w->workers[i];
        if (one->busy)
            continue;
        for (int attempt = 0;; attempt++) {
            if (one->fd < 0)
                AMCT_TRY(start(w, one, err));
            if (send(one->fd, request, size, MSG_NOSIGNAL) >= 0)
                break;
            int error = errno; /* it died while it had nothing to do */
            end(one, NULL, 0);
            if (attempt == 1)
                return amct_fail_errno(err, error, "cannot reach an %s", w->what);
        }
        one->busy = true;
        one->id = id;
        one->deadline_ms = w->timeout_ms ? now_ms() + w->timeout_ms : 0;
        return AMCT_OK;
    }
    return amct_fail(err, AMCT_E_INTERNAL, "no %s is idle", w->what);
}

static void fail_answer(amct_answer *answer, const worker *one, amct_status code, const char *what,
                        const char *how)
{
    answer->id = one->id;
    answer->size = 0;
    answer->status = amct_fail(&answer->err, code, "%s: %s", what, how);
}

/* Takes the answer of a worker whose end is readable. */
static void receive(amct_workers *w, worker *one, amct_answer *answer)
{
    static reply r;
    ssize_t n;
    do
        n = recv(one->fd, &r, sizeof r, 0);
    while (n < 0 && errno == EINTR);
    one->busy = false;
    if (n < (ssize_t)offsetof(reply, bytes) || (size_t)n != offsetof(reply, bytes) + r.size) {
        char how[128], text[256];
        end(one, how, sizeof how);
        snprintf(text, sizeof text, "ended by %s", how);
        fail_answer(answer, one, AMCT_E_PLUGIN, w->what, text);
        return;
    }
    answer->id = one->id;
    answer->status = (amct_status)r.status;
    if (r.status != AMCT_OK) {
        amct_fail(&answer->err, answer->status, "%.*s", (int)r.size, (const char *)r.bytes);
        return;
    }
    answer->size = r.size;
    memcpy(answer->bytes, r.bytes, r.size);
}

bool amct_workers_wait(amct_workers *w, amct_answer *answer, int wait_ms)
{
    uint64_t give_up = wait_ms < 0 ? UINT64_MAX : now_ms() + (uint64_t)wait_ms;
    for (;;) {
        struct pollfd fds[MAX_WORKERS];
        worker *who[MAX_WORKERS];
        nfds_t n = 0;
        uint64_t now = now_ms(), until = give_up;
        for (uint32_t i = 0; i < w->n; i++) {
            worker *one = &w->workers[i];
            if (!one->busy)
                continue;
            if (one->deadline_ms && now >= one->deadline_ms) {
                char text[128];
                snprintf(text, sizeof text, "no answer within %.3g s", w->timeout_ms / 1000.0);
                end(one, NULL, 0);
                one->busy = false;
                fail_answer(answer, one, AMCT_E_PLUGIN, w->what, text);
                return true;
            }
            if (one->deadline_ms && one->deadline_ms < until)
                until = one->deadline_ms;
            who[n] = one;
            fds[n++] = (struct pollfd){.fd = one->fd, .events = POLLIN};
        }
        if (!n)
            return false;
        int timeout = until == UINT64_MAX ? -1 : until > now ? (int)(until - now) : 0;
        int ready = poll(fds, n, timeout);
        if (ready < 0)
            return false; /* a signal */
        for (nfds_t i = 0; ready > 0 && i < n; i++)
            if (fds[i].revents) {
                receive(w, who[i], answer);
                return true;
            }
        if (now_ms() >= give_up)
            return false;
    }
}

amct_status amct_workers_ask(amct_workers *workers, const void *request, size_t size, void *bytes,
                             size_t *answer_size, amct_err *err)
{
    amct_answer *answer = malloc(sizeof *answer);
    if (!answer)
        return amct_fail_nomem(err);
    amct_status status = amct_workers_submit(workers, 0, request, size, err);
    if (status == AMCT_OK) {
        while (!amct_workers_wait(workers, answer, -1))
            ;
        status = answer->status;
        if (status != AMCT_OK)
            *err = answer->err;
        else
            memcpy(bytes, answer->bytes, *answer_size = answer->size);
    }
    free(answer);
    return status;
}
