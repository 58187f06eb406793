/*
 * prefix.h - the part of the network in front of everything that candidates may change, run once
 * for every sample of the search; candidates begin behind it.
 */
#ifndef AMCT_TUNE_PREFIX_H
#define AMCT_TUNE_PREFIX_H

#include "tune/cut.h"

typedef struct amct_prefix {
    amct_cut cut;
    unsigned char *rows; /* shared memory: a row of the cut per sample */
    uint32_t n_samples;
    double saved_ratio; /* share of the network's multiplications that is not repeated */
} amct_prefix;

/* fixed[node]: neither changed nor fed by anything that is. Freed with free; NULL when out of
 * memory. */
bool *amct_prefix_fixed(const amct_graph *graph, const bool *changing);

/* changing[node] tells the nodes that candidates change. *out is NULL, without a failure, if
 * nothing comes before them, or if the rows would take more than limit_bytes. */
amct_status amct_prefix_make(amct_prefix **out, const amct_graph *graph, const bool *changing,
                             const double *node_macs, const amct_feed *feed, amct_engine engine,
                             size_t limit_bytes, uint32_t jobs, amct_err *err);
void amct_prefix_free(amct_prefix *prefix); /* NULL is allowed */

/* The row of a sample. */
static inline const unsigned char *amct_prefix_row(const amct_prefix *prefix, uint32_t sample)
{
    return prefix->rows + sample * prefix->cut.row_bytes;
}

#endif
