/*
 * settle.h - the space as an algorithm wants it. For those that know one kind of genes (bits,
 * channels or ranks) the others are off; AMCT's own find AMCT's rules for channels and ranks.
 */
#ifndef AMCT_TUNE_SETTLE_H
#define AMCT_TUNE_SETTLE_H

#include "tune/config.h"

/* A copy of config so changed, which borrows from it. AMCT_E_INVALID for an unknown algorithm, and
 * if the space has nothing of the one kind that it knows. */
amct_status amct_settle(amct_config *out, const amct_config *config, amct_err *err);
/* AMCT_E_INVALID if the algorithm knows one kind only and the network has nothing of that kind,
 * whatever the target is. n_bits: genes of bits that were found. */
amct_status amct_settle_check(const amct_config *settled, const amct_graph *graph,
                              const amct_layer *layers, uint32_t n_layers, uint32_t n_bits,
                              amct_err *err);

#endif
