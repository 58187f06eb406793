/*
 * fork.h - one piece of work spread over forked processes, and memory that they share.
 */
#ifndef AMCT_BASE_FORK_H
#define AMCT_BASE_FORK_H

#include "base/err.h"

#include <signal.h>

/* Zeroed memory that children forked later share; NULL when out of memory. */
void *amct_shared_alloc(size_t bytes);
void amct_shared_free(void *memory, size_t bytes); /* NULL is allowed */

/* Does task i. ctx is the child's own copy, kept from task to task; what is to outlive it goes into
 * shared memory. worker is 0 .. jobs - 1. */
typedef amct_status amct_task(void *ctx, uint32_t worker, uint32_t i, amct_err *err);

/* Runs tasks 0 .. n - 1, each once, in `jobs` processes (in this one if jobs is 1) and waits. Which
 * process takes which task is open; results must not depend on it. The failure of the lowest failed
 * task is returned. A child that dies is AMCT_E_INTERNAL. Not while other threads run. */
amct_status amct_parallel(uint32_t jobs, uint32_t n, amct_task *task, void *ctx, amct_err *err);

/* From now on amct_parallel begins no more tasks once *flag, in shared memory, is not 0, and ends
 * with AMCT_E_CANCELLED if any are left. NULL: it goes on. */
void amct_parallel_watch(const volatile sig_atomic_t *flag);

/* Processors this process may use. */
uint32_t amct_cpu_count(void);

#endif
