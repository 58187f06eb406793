/* Bad manners that any plugin can have, each when the environment variable AMCT_TEST_BREAKS asks
 * for it. For the plugins that `plugins check` must catch. */
#ifndef TESTS_PLUGINS_BAD_MANNERS_H
#define TESTS_PLUGINS_BAD_MANNERS_H

#include <amct/plugin.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int breaks(const char *rule)
{
    const char *broken = getenv("AMCT_TEST_BREAKS");
    return broken && strcmp(broken, rule) == 0;
}

static inline void *wait_for_ever(void *ctx)
{
    pause();
    return ctx;
}

static int a_static; /* of one that keeps state where it must not */

/* In the middle of the plugin's work. */
static inline void misbehave(const amct_host *host)
{
    pthread_t thread;
    char local = 0;
    if (breaks("stdout"))
        printf("hello\n");
    if (breaks("stderr"))
        fprintf(stderr, "hello\n");
    if (breaks("file") && open("/dev/null", O_RDONLY) < 0)
        abort();
    if (breaks("closed"))
        close(0);
    if (breaks("thread"))
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    if (breaks("handler"))
        signal(SIGUSR1, SIG_IGN);
    if (breaks("mask")) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
    }
    if (breaks("locale"))
        setlocale(LC_ALL, "C.UTF-8");
    if (breaks("folder") && chdir("/") != 0)
        abort();
    if (breaks("environment"))
        setenv("AMCT_TEST_NEW", "1", 1);
    if (breaks("umask"))
        umask(0);
    if (breaks("rounding"))
        fesetround(FE_TOWARDZERO);
    if (breaks("static"))
        a_static++;
    if (breaks("free"))
        host->free(host->ctx, &local);
    if (breaks("align"))
        host->free(host->ctx, host->alloc(host->ctx, 8, 24));
    if (breaks("log"))
        host->log(host->ctx, AMCT_LOG_INFO, "two\nlines");
    if (breaks("level"))
        host->log(host->ctx, 9, "loud");
    if (breaks("exit"))
        exit(3);
    if (breaks("abort"))
        abort();
    if (breaks("hang"))
        wait_for_ever(NULL);
    if (breaks("slow")) { /* once; what it is known by is the thread's name */
        char name[16] = "";
        prctl(PR_GET_NAME, name);
        if (strcmp(name, "slept") != 0)
            usleep(600 * 1000);
        prctl(PR_SET_NAME, "slept");
    }
}

#endif
