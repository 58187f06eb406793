#include "data/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { MAX_THREADS = 256 };

typedef struct crew {
    size_t n;
    amct_task task;
    void *context;
    atomic_size_t next;
    atomic_bool stop;
    pthread_mutex_t mutex; /* of what follows */
    size_t failed;         /* smallest item that failed, n if none */
    amct_err err;
} crew;

static void *work(void *argument)
{
    crew *c = argument;
    while (!atomic_load(&c->stop)) {
        size_t i = atomic_fetch_add(&c->next, 1);
        amct_err err;
        if (i >= c->n)
            break;
        if (c->task(c->context, i, &err) == AMCT_OK)
            continue;
        /* items begin in order: all that are smaller than a failed one have begun, and end */
        atomic_store(&c->stop, true);
        pthread_mutex_lock(&c->mutex);
        if (i < c->failed) {
            c->failed = i;
            c->err = err;
        }
        pthread_mutex_unlock(&c->mutex);
    }
    return NULL;
}

amct_status amct_parallel(size_t n, uint32_t jobs, amct_task task, void *context, amct_err *err)
{
    crew c = {
        .n = n, .task = task, .context = context, .mutex = PTHREAD_MUTEX_INITIALIZER, .failed = n};
    pthread_t threads[MAX_THREADS];
    uint32_t n_threads = 0;
    while (n_threads + 1 < jobs && n_threads + 1 < n && n_threads < MAX_THREADS &&
           pthread_create(&threads[n_threads], NULL, work, &c) == 0)
        n_threads++; /* where no more can be had, fewer do the work */
    work(&c);
    for (uint32_t t = 0; t < n_threads; t++)
        pthread_join(threads[t], NULL);
    pthread_mutex_destroy(&c.mutex);
    if (c.failed == n)
        return AMCT_OK;
    *err = c.err;
    return c.err.code;
}
