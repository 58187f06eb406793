/*
 * batch_size.h - the batch size that a file states.
 */
#ifndef AMCT_EXPORT_BATCH_SIZE_H
#define AMCT_EXPORT_BATCH_SIZE_H

#include "graph/graph.h"

/* Rewrites a prepared graph so that no parameter holds its batch size, which is then any.
 * AMCT_E_UNSUPPORTED, saying why, if it can be run at no other. */
amct_status amct_batch_free(amct_graph *graph, amct_err *err);

#endif
