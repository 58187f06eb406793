#define _GNU_SOURCE /* environ, sigabbrev_np */
#include "conform/manners.h"

#include "base/utf8.h"

#include <dirent.h>
#include <fenv.h>
#include <limits.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 1024 };

struct amct_manners {
    bool open[MAX_FILES];
    struct sigaction actions[NSIG];
    sigset_t blocked;
    char locale[256], folder[PATH_MAX];
    amct_hash environment;
    mode_t mask;
    int rounding;
};

static void list_files(bool *open)
{
    memset(open, 0, MAX_FILES * sizeof *open);
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *e; folder && (e = readdir(folder));) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] != '.' && fd < MAX_FILES && fd != dirfd(folder))
            open[fd] = true;
    }
    if (folder)
        closedir(folder);
}

static amct_hash hash_environment(void)
{
    amct_hash h = {0};
    for (char **e = environ; e && *e; e++)
        h = amct_hash_string(h, *e);
    return h;
}

static mode_t mask_now(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return mask;
}

static void fill(amct_manners *m)
{
    const char *locale = setlocale(LC_ALL, NULL);
    list_files(m->open);
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &m->actions[i]);
    sigprocmask(SIG_BLOCK, NULL, &m->blocked);
    snprintf(m->locale, sizeof m->locale, "%s", locale ? locale : "");
    if (!getcwd(m->folder, sizeof m->folder))
        m->folder[0] = 0;
    m->environment = hash_environment();
    m->mask = mask_now();
    m->rounding = fegetround();
}

const amct_manners *amct_manners_now(amct_trial *trial)
{
    amct_manners *m = calloc(1, sizeof *m);
    if (!m)
        amct_trial_skip(trial, "out of memory");
    fill(m);
    return m;
}

void amct_manners_check_files(amct_trial *trial, const amct_manners *before)
{
    bool now[MAX_FILES];
    list_files(now);
    for (int fd = 0; fd < MAX_FILES; fd++) {
        char link[64], what[256], shown[256];
        if (now[fd] == before->open[fd])
            continue;
        if (!now[fd])
            amct_trial_fail(trial, "closed file descriptor %d, which is not its own", fd);
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, what, sizeof what - 1);
        what[n > 0 ? n : 0] = 0;
        amct_trial_fail(trial, "left file descriptor %d open (%s)", fd,
                        amct_utf8_show(what, shown, sizeof shown));
    }
}

void amct_manners_check_threads(amct_trial *trial)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/task");
    for (struct dirent *e; folder && (e = readdir(folder));)
        n += e->d_name[0] != '.';
    if (folder)
        closedir(folder);
    if (n > 1)
        amct_trial_fail(trial, "left %d thread%s running after 'close'", n - 1, n > 2 ? "s" : "");
}

void amct_manners_check_signals(amct_trial *trial, const amct_manners *before)
{
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction now;
        const char *name = sigabbrev_np(i);
        if (sigaction(i, NULL, &now) == 0 && now.sa_handler != before->actions[i].sa_handler)
            amct_trial_fail(trial, "changed the handler of signal %d (SIG%s)", i,
                            name ? name : "?");
        if (sigismember(&blocked, i) != sigismember(&before->blocked, i))
            amct_trial_fail(trial, "changed whether signal %d (SIG%s) is blocked", i,
                            name ? name : "?");
    }
}

void amct_manners_check_surroundings(amct_trial *trial, const amct_manners *before)
{
    amct_manners *now = (amct_manners *)amct_manners_now(trial);
    if (strcmp(now->locale, before->locale) != 0)
        amct_trial_fail(trial, "changed the locale from '%s' to '%s'", before->locale, now->locale);
    if (strcmp(now->folder, before->folder) != 0)
        amct_trial_fail(trial, "changed the working folder");
    if (!amct_hash_equal(now->environment, before->environment))
        amct_trial_fail(trial, "changed the environment");
    if (now->mask != before->mask)
        amct_trial_fail(trial, "changed the umask from %03o to %03o", (unsigned)before->mask,
                        (unsigned)now->mask);
    if (now->rounding != before->rounding)
        amct_trial_fail(trial, "changed how floating-point numbers are rounded");
}

void amct_manners_check_output(amct_trial *trial)
{
    static const char *const names[] = {"", "standard output", "standard error"};
    fflush(NULL); /* what is in stdio's buffers is written, too */
    for (int fd = 1; fd <= 2; fd++) {
        char text[64], shown[64];
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        if (n <= 0)
            continue;
        text[n] = 0;
        text[strcspn(text, "\n")] = 0;
        amct_trial_fail(trial, "wrote to %s: '%s'", names[fd],
                        amct_utf8_show(text, shown, sizeof shown));
    }
}

void amct_heap_look(amct_heap_watch *watch)
{
    struct mallinfo2 info = mallinfo2();
    size_t now = info.uordblks + info.hblkhd;
    size_t growth = now > watch->last ? now - watch->last : 0;
    /* the first growth is that from nothing */
    if (watch->n_looks == 1 || (watch->n_looks > 1 && growth < watch->least))
        watch->least = growth;
    watch->last = now;
    watch->n_looks++;
}
