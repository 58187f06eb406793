/*
 * sparse.h - 4:2 sparsity: of every four input channels, as they follow each other, an output keeps
 * two weights at each tap of the kernel and has zeros for the others (the last group may have fewer
 * channels; it keeps two as well). Which two, and what the kept weights become, is chosen for the
 * least error of the layer's *result*: with H the second moments of the columns (damped as in
 * round.h) and e the change of an output's weights, the mean square of the result's error is e^T H
 * e.
 *
 * Start: the groups are decided one after the other, each for the growth of that error if all
 * weights of the groups to come make up for it, as in Frantar and Alistarh, "SparseGPT", 2023, but
 * with the two weights of a group looked at together. Then sweeps of block coordinate descent, in
 * which each group gets the best two weights given all the others; they only lessen the error.
 */
#ifndef AMCT_COMPRESS_SPARSE_H
#define AMCT_COMPRESS_SPARSE_H

#include "compress/layer.h"

#include <stddef.h>

enum { AMCT_SPARSE_GROUP = 4, AMCT_SPARSE_KEPT = 2 };

/* Replaces weights, columns x outputs, by sparse ones; columns are channels of `taps` each
 * (columns.h). matrix: second moments, columns x columns, only read; NULL: none are known, then the
 * largest weights are kept as they are. */
amct_status amct_sparse_fit(double *weights, size_t columns, size_t outputs, size_t taps,
                            const double *matrix, amct_err *err);

/* Whether the weights of a layer are integers of 8 bits that are sparse so. */
bool amct_sparse_is(const amct_graph *graph, const amct_layer *layer);

#endif
