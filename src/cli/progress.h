/*
 * progress.h - what a search shows while it runs, and how its best latency fell.
 */
#ifndef AMCT_CLI_PROGRESS_H
#define AMCT_CLI_PROGRESS_H

#include "tune/tune.h"

/* When the fastest feasible candidate changed. */
typedef struct amct_step_down {
    uint32_t evaluations;
    double latency_ns;
} amct_step_down;

typedef struct amct_progress {
    const amct_config *config;
    double shown_at; /* amct_clock */
    amct_step_down *steps;
    uint32_t n_steps;
    size_t capacity;
} amct_progress;

void amct_progress_begin(amct_progress *progress, const amct_config *config);
void amct_progress_end(amct_progress *progress);

/* The hooks of amct_tune; ctx is the amct_progress. Shown on stderr: a line on a terminal, lines
 * elsewhere, or a JSON object a line. */
void amct_progress_stage(void *ctx, const char *text);
void amct_progress_show(void *ctx, const amct_search_progress *progress,
                        const amct_loop_stats *stats);

#endif
