#define _GNU_SOURCE /* memfd_create */
#include "device_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void *device_shared_alloc(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void device_shared_free(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}

/* In the child: alone in its group, signals as usual, dead when the parent is. */
static void settle(pid_t parent, int output)
{
    int nothing = open("/dev/null", O_RDWR);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (getppid() != parent || nothing < 0)
        _exit(127);
    dup2(nothing, STDIN_FILENO);
    dup2(output < 0 ? nothing : output, STDOUT_FILENO);
    dup2(output < 0 ? nothing : output, STDERR_FILENO);
}

bool device_stopped(const amct_host *host)
{
    return AMCT_HAS(host, amct_host, stopped) && host->stopped(host->ctx);
}

/* Waits with growing pauses: a child's end cannot be waited for with a limit in a portable way. */
static device_end wait_for(int *code, pid_t pid, const device_limit *limit)
{
    double deadline = now() + limit->seconds;
    long pause_ns = 100 * 1000;
    int status;
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            break;
        bool stopped = device_stopped(limit->host);
        if (stopped || now() >= deadline) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
            return stopped ? DEVICE_END_STOPPED : DEVICE_END_TIME;
        }
        nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
        pause_ns = pause_ns < 20 * 1000 * 1000 ? pause_ns * 2 : pause_ns;
    }
    kill(-pid, SIGKILL); /* what it left running */
    *code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return WIFSIGNALED(status) ? DEVICE_END_SIGNAL : DEVICE_END_EXIT;
}

static void read_end(char *output, size_t size, int fd)
{
    off_t length = lseek(fd, 0, SEEK_END),
          skip = length > (off_t)size - 1 ? length - ((off_t)size - 1) : 0;
    ssize_t got = length > 0 ? pread(fd, output, size - 1, skip) : 0;
    output[got > 0 ? got : 0] = 0;
}

device_end device_run_program(int *code, char *output, size_t size, char *const *argv,
                              const char *folder, const device_limit *limit)
{
    pid_t parent = getpid();
    output[0] = 0;
    int said = memfd_create("output", MFD_CLOEXEC);
    if (said < 0) {
        *code = errno;
        return DEVICE_END_FAILED;
    }
    pid_t pid = fork();
    if (pid == 0) {
        settle(parent, said);
        if (chdir(folder) == 0)
            execv(argv[0], argv);
        _exit(127);
    }
    device_end end = DEVICE_END_FAILED;
    *code = errno;
    if (pid > 0) {
        setpgid(pid, pid); /* also here: whoever is first */
        end = wait_for(code, pid, limit);
        read_end(output, size, said);
    }
    close(said);
    return end;
}

device_end device_run_work(int *code, int (*work)(void *ctx), void *ctx, const device_limit *limit)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        settle(parent, -1);
        _exit(work(ctx));
    }
    *code = errno;
    if (pid < 0)
        return DEVICE_END_FAILED;
    setpgid(pid, pid);
    return wait_for(code, pid, limit);
}
