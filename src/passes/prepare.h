/*
 * prepare.h - turns a graph as it was imported into the one that is run, compressed and costed:
 * every shape inferred, constants folded, batch normalisation and padding worked into the layers,
 * what does nothing removed, quantised layers in integer form.
 */
#ifndef AMCT_PASSES_PREPARE_H
#define AMCT_PASSES_PREPARE_H

#include "graph/graph.h"

/* Folded constants may not be larger than this, one and all together: a small hostile file must not
 * fill the memory. */
#define AMCT_MAX_FOLDED_BYTES ((size_t)1 << 30)
#define AMCT_MAX_FOLDED_TOTAL ((size_t)4 << 30)

/* Prepares the graph in place; free first dims of inputs become 1. An unknown operator stays as it
 * is, with results of the shape that the file tells, or of unknown shape. Fails where shapes
 * contradict each other, naming the node. */
amct_status amct_prepare(amct_graph *graph, amct_err *err);

/* Sets the batch size (first dim of every input) of a prepared graph and infers all shapes anew.
 * Where the batch is written into the graph (targets of Reshape, sizes, constants that have a part
 * for every sample) it is written anew: each sample gets the results that it has at batch 1.
 * AMCT_E_UNSUPPORTED, naming a node, if samples meet there or cannot be followed; the graph is then
 * as before. */
amct_status amct_set_batch(amct_graph *graph, int64_t batch, amct_err *err);
/* Whether samples lie one behind the other in every output and in what layers take, and a first
 * dim as large as the batch is the batch: what measures samples relies on that. */
bool amct_batch_leads(const amct_graph *graph);
/* The dim along which the samples of every tensor lie, together with others or alone; -1: it has
 * none, or the network cannot be set to another batch size. dims: room for n_tensors. */
amct_status amct_batch_dims(int32_t *dims, const amct_graph *graph, amct_err *err);
/* AMCT_E_UNSUPPORTED, naming a node, if the batch is written into a parameter of it but the sizes of
 * Resize, after amct_set_batch has been to another batch and back. */
amct_status amct_batch_check_free(const amct_graph *graph, amct_err *err);

/* Fills hash of every constant (reads all weights once). */
void amct_hash_constants(amct_graph *graph);

#endif
