/*
 * loop.h - the search loop: what the search asks is answered from the study's records, or measured
 * by the workers and recorded. A search that was interrupted is thereby carried on where it ended.
 */
#ifndef AMCT_TUNE_LOOP_H
#define AMCT_TUNE_LOOP_H

#include "search/search.h"
#include "study/study.h"
#include "tune/evaluator.h"
#include "tune/genes.h"

#include <signal.h>

/* What the loop has done, also while it runs. */
typedef struct amct_loop_stats {
    uint32_t measured, replayed; /* candidates and probes, and what was refined */
    uint32_t failed;
    uint64_t samples;          /* run by measured ones */
    uint64_t rejected_samples; /* of candidates that were given up */
    uint32_t rejected;
    double seconds;      /* of this process since the loop began */
    double busy_seconds; /* of processors, measuring */
} amct_loop_stats;

typedef struct amct_loop {
    const amct_genes *genes;
    amct_search *search;
    amct_study *study;
    amct_evaluator *evaluator;         /* NULL: only what the study holds */
    double deadline;                   /* amct_clock; INFINITY: none */
    const volatile sig_atomic_t *stop; /* not 0: the user wants it to end */
    /* Refines the candidates of n asks and measures what that leaves on all search samples: a score
     * for each. */
    amct_status (*refine)(void *ctx, const amct_ask *const *asks, size_t n, amct_score *scores,
                          amct_err *err);
    /* Called after each batch, for progress and to publish what is new. */
    amct_status (*after_batch)(void *ctx, const struct amct_loop *loop, amct_err *err);
    void *ctx;
    amct_loop_stats stats;
} amct_loop;

/* Runs until the search ends by itself, the deadline passes or stop is set. */
amct_status amct_loop_run(amct_loop *loop, amct_err *err);

double amct_clock(void); /* seconds, monotonic */

#endif
