/*
 * parallel.h - the same work for many items, on a few threads, with the same outcome for any number
 * of them.
 */
#ifndef AMCT_DATA_PARALLEL_H
#define AMCT_DATA_PARALLEL_H

#include "base/err.h"

/* Works on item i; may run on any thread, at once with other items. */
typedef amct_status (*amct_task)(void *context, size_t i, amct_err *err);

/* Runs task for 0 .. n-1 on at most `jobs` threads, this one among them, and returns when all have
 * ended. After a failure no further items are begun; the failure of the smallest i is returned. */
amct_status amct_parallel(size_t n, uint32_t jobs, amct_task task, void *context, amct_err *err);

#endif
