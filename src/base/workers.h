/*
 * workers.h - forked processes that answer requests one at a time, as long as they are kept.
 *
 * A worker sees the memory of this process as it was when it was started. If it crashes or hangs,
 * its request fails with words about it, another worker takes its place, and nothing else is lost.
 * One thread.
 */
#ifndef AMCT_BASE_WORKERS_H
#define AMCT_BASE_WORKERS_H

#include "base/err.h"

#include <stdbool.h>

enum { AMCT_MESSAGE_MAX = 32 * 1024 }; /* bytes of a request or an answer */

/* Answers a request in the worker: writes up to AMCT_MESSAGE_MAX bytes to `answer` and their number
 * to *answer_size. Its failure becomes that of the request. */
typedef amct_status amct_answer_fn(void *ctx, const void *request, size_t size, void *answer,
                                   size_t *answer_size, amct_err *err);

typedef struct amct_workers amct_workers;

/* Starts jobs workers (256 at most). timeout_ms is the longest that a request may take, 0: no
 * limit. `what` names them in messages: "evaluation worker". */
amct_status amct_workers_new(amct_workers **out, uint32_t jobs, const char *what,
                             amct_answer_fn *answer, void *ctx, uint32_t timeout_ms, amct_err *err);
/* Ends the workers, whatever they do. NULL is allowed. */
void amct_workers_free(amct_workers *workers);

uint32_t amct_workers_idle(const amct_workers *workers);
/* Gives a request to an idle worker; there must be one. */
amct_status amct_workers_submit(amct_workers *workers, uint64_t id, const void *request,
                                size_t size, amct_err *err);

typedef struct amct_answer {
    uint64_t id;
    amct_status status; /* of the request */
    amct_err err;       /* if it failed */
    size_t size;
    unsigned char bytes[AMCT_MESSAGE_MAX];
} amct_answer;

/* Waits up to wait_ms (negative: as long as it takes) for an answer; false if none came or a signal
 * arrived. */
bool amct_workers_wait(amct_workers *workers, amct_answer *answer, int wait_ms);

/* One request and its answer. */
amct_status amct_workers_ask(amct_workers *workers, const void *request, size_t size, void *bytes,
                             size_t *answer_size, amct_err *err);

#endif
