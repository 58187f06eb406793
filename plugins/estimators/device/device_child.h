/*
 * device_child.h - work that may hang or crash, in processes of their own with a time limit. They
 * die with this process; a child that runs another program takes its own children along.
 */
#ifndef DEVICE_CHILD_H
#define DEVICE_CHILD_H

#include <amct/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { DEVICE_TEXT = 512 };

typedef enum device_end {
    DEVICE_END_EXIT,    /* by itself, with the status `code` */
    DEVICE_END_SIGNAL,  /* by signal `code` */
    DEVICE_END_TIME,    /* the time was up */
    DEVICE_END_STOPPED, /* the user wants to end */
    DEVICE_END_FAILED   /* it could not be started; code is errno */
} device_end;

/* How long a child may run: seconds, and until the host says that the user wants to end. */
typedef struct device_limit {
    double seconds;
    const amct_host *host;
} device_limit;
/* Whether the host says so; one that is older than that never does. */
bool device_stopped(const amct_host *host);

/* Runs argv[0], a path, with folder as its working folder and nothing to read, within the limit.
 * What it says on both its outputs goes to output, cut at the front so that the last size - 1
 * bytes stay. */
device_end device_run_program(int *code, char *output, size_t size, char *const *argv,
                              const char *folder, const device_limit *limit);

/* Calls work(ctx) in a child without outputs, which ends with its result as its status. What is to
 * be seen here afterwards lies in memory that both share. */
device_end device_run_work(int *code, int (*work)(void *ctx), void *ctx, const device_limit *limit);

/* Zeroed memory that children share; NULL when out of memory. */
void *device_shared_alloc(size_t bytes);
void device_shared_free(void *memory, size_t bytes); /* NULL is allowed */

#endif
