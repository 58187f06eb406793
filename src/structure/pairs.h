/*
 * pairs.h - the original network and a candidate side by side on samples: one pair of plans per
 * batch, all of them at the same place, so that a layer of the candidate can be looked at, changed
 * and passed before the next one runs.
 */
#ifndef AMCT_STRUCTURE_PAIRS_H
#define AMCT_STRUCTURE_PAIRS_H

#include "exec/feed.h"

typedef struct amct_pair {
    amct_plan *original, *candidate;
    uint32_t first, count; /* samples */
} amct_pair;

typedef struct amct_pairs {
    amct_pair *at;
    uint32_t n, n_samples;
    uint32_t original_step, candidate_step; /* done by all */
} amct_pairs;

/* For as many samples of the feed as activations fit into limit_bytes, at least one batch. Both
 * graphs have the same batch size; their watched tensors are kept only briefly (plan.h). out is
 * zeroed before, and has to be freed after a failure, too. */
amct_status amct_pairs_start(amct_pairs *out, amct_exec *exec, const amct_graph *original,
                             const uint32_t *watch_original, uint32_t n_watch_original,
                             const amct_graph *candidate, const uint32_t *watch_candidate,
                             uint32_t n_watch_candidate, const amct_feed *feed, size_t limit_bytes,
                             amct_err *err);
void amct_pairs_free(amct_pairs *pairs);

/* Runs all of them until these numbers of steps are done; fewer than before: nothing. */
amct_status amct_pairs_run(amct_pairs *pairs, uint32_t original_step, uint32_t candidate_step,
                           amct_err *err);

#endif
