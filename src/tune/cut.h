/*
 * cut.h - a place at which a network is cut in two: the tensors that the nodes behind it take from
 * those before, and rows of their values, one for each sample.
 *
 * Rows hold the tensors one behind the other as float32, those of three to five dims with their
 * channels last, as plans with inputs_last take them.
 */
#ifndef AMCT_TUNE_CUT_H
#define AMCT_TUNE_CUT_H

#include "exec/feed.h"

#include <stdbool.h>

typedef struct amct_cut {
    uint32_t n;
    uint32_t *tensors; /* ids in the original graph, and in what is stitched from it */
    size_t *bytes;     /* per sample */
    size_t row_bytes;  /* of all of them */
} amct_cut;

/* The cut behind the nodes of which before[node] is true. *usable is false, and nothing needs to be
 * freed, if a tensor there is not float32 or does not have the batch in front. */
amct_status amct_cut_make(amct_cut *out, bool *usable, const amct_graph *graph, const bool *before,
                          amct_err *err);
void amct_cut_free(amct_cut *cut); /* a zeroed one is allowed */
/* The same place in another network with these tensors, of which some may have fewer channels: sets
 * to->bytes, which has room for cut->n, and row_bytes. to borrows cut->tensors. False if nothing
 * can be kept there. */
bool amct_cut_fit(amct_cut *to, const amct_cut *cut, const amct_graph *graph);

/* Makes a graph begin at the cut: its inputs are cut->tensors. */
amct_status amct_cut_begin(const amct_cut *cut, amct_graph *graph, amct_err *err);
/* Makes it end there. A plan of it must watch cut->tensors. */
amct_status amct_cut_end(const amct_cut *cut, amct_graph *graph, amct_err *err);

/* Fills the inputs of a plan of a graph that begins at the cut from n rows; the rest of its batch
 * with zeros. */
void amct_cut_load(const amct_cut *cut, amct_plan *plan, const unsigned char *rows, uint32_t n);
/* Writes n rows from what a plan that watches the cut's tensors has computed. */
void amct_cut_store(const amct_cut *cut, const amct_plan *plan, unsigned char *rows, uint32_t n);

#endif
