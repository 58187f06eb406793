/*
 * prefix.h - the part of the network in front of everything that candidates may change, run once
 * for every sample of the search; candidates begin behind it.
 */
#ifndef AMCT_TUNE_PREFIX_H
#define AMCT_TUNE_PREFIX_H

#include "exec/feed.h"

typedef struct amct_prefix {
    uint32_t n;          /* tensors at which the network is cut */
    uint32_t *tensors;   /* ids in the original graph */
    size_t *bytes;       /* per sample */
    size_t row_bytes;    /* of all of them */
    unsigned char *rows; /* shared memory: a row per sample, as a plan with inputs_last takes it */
    uint32_t n_samples;
    double saved_ratio; /* share of the network's multiplications that is not repeated */
} amct_prefix;

/* changing[node] tells the nodes that candidates change. *out is NULL, without a failure, if
 * nothing comes before them, or if the rows would take more than limit_bytes. */
amct_status amct_prefix_make(amct_prefix **out, const amct_graph *graph, const bool *changing,
                             const double *node_macs, const amct_feed *feed, amct_engine engine,
                             size_t limit_bytes, uint32_t jobs, amct_err *err);
void amct_prefix_free(amct_prefix *prefix); /* NULL is allowed */

/* Makes a candidate's graph begin at the cut: its inputs are prefix->tensors. */
amct_status amct_prefix_cut(const amct_prefix *prefix, amct_graph *graph, amct_err *err);
/* Fills the inputs of a plan of such a graph with samples first .. first + *count - 1, *count as
 * many as fit its batch. */
void amct_prefix_load(const amct_prefix *prefix, amct_plan *plan, uint32_t first, uint32_t *count);

#endif
