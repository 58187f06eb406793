/*
 * refine_all.h - several candidates are refined (refinery.h), some of them at once, each in a
 * process of its own.
 */
#ifndef AMCT_TUNE_REFINE_ALL_H
#define AMCT_TUNE_REFINE_ALL_H

#include "tune/refinery.h"

typedef struct amct_refine_task {
    const uint8_t *choices;
    amct_candidate *candidate; /* made of the choices; of it, the refined one is made */
    amct_refined *refined;     /* what became of it */
} amct_refine_task;

/* Called, in any of the processes, before each one: of n, so many were begun and finished before.
 */
typedef void amct_refining_hook(void *ctx, uint32_t begun, uint32_t finished, uint32_t n);

/* Refines the candidates, which point into the arena then. Of the refinery, what
 * amct_refinery_start makes is not set yet. at_a_time: 1 .. refinery->jobs; they share its
 * processes and its memory limit, which must be as good as unlimited for each of them
 * (amct_refine_at_a_time). hook may be NULL. */
amct_status amct_refine_all(const amct_refine_task *tasks, uint32_t n,
                            const amct_refinery *refinery, uint32_t at_a_time, amct_arena *arena,
                            amct_refining_hook *hook, void *ctx, amct_err *err);

/* What the activations of two networks take while one candidate is restored beside the original on
 * all of n_samples; 0 if no candidate has another structure. */
amct_status amct_refine_activations(size_t *bytes, const amct_bench *bench, uint32_t n_samples,
                                    amct_err *err);

/* How many of a network's candidates can be refined at once within a memory limit so that the
 * results are those of one after the other, `jobs` at most. 1 is returned if the limit is too
 * little for one. n_samples: that they are refined on. */
amct_status amct_refine_at_a_time(uint32_t *out, const amct_bench *bench, uint32_t n_samples,
                                  size_t limit_bytes, uint32_t jobs, amct_err *err);

#endif
