/*
 * feed.h - where a plan's samples come from. The executor knows no files.
 */
#ifndef AMCT_EXEC_FEED_H
#define AMCT_EXEC_FEED_H

#include "exec/plan.h"

typedef struct amct_feed {
    void *ctx;
    uint32_t n; /* samples */
    /* Writes samples first .. first + count - 1 to dst, one behind the other, in that layout. Safe
     * in forked processes at the same time. */
    amct_status (*fetch)(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *err);
} amct_feed;

/* Fills the plan's only input with up to a batch of samples from `first` on, the rest of the batch
 * with zeros, runs it, and tells how many of the results are real. */
amct_status amct_plan_run_samples(amct_plan *plan, const amct_feed *feed, uint32_t first,
                                  uint32_t *count, amct_err *err);
/* Only fills it. */
amct_status amct_plan_load(amct_plan *plan, const amct_feed *feed, uint32_t first, uint32_t *count,
                           amct_err *err);

#endif
