/*
 * stitch.h - a candidate: the original graph with some layers in another form, in the form that
 * Ascend's compiler reads (AscendQuant -> int8 layer -> AscendDequant). What is measured is what is
 * exported: they are this graph.
 */
#ifndef AMCT_COMPRESS_STITCH_H
#define AMCT_COMPRESS_STITCH_H

#include "compress/quantise.h"

/* A clone of graph in which layer i has the form levels[i] (NULL: as it is). Weights are borrowed
 * from the levels, everything else from graph. Names are AMCT's: `<layer>.quant`,
 * `<layer>.dequant`, `<layer>.dequant.param`. */
amct_status amct_stitch(amct_graph **out, const amct_graph *graph, const amct_layer *layers,
                        uint32_t n_layers, const amct_quantised *const *levels, amct_err *err);

#endif
