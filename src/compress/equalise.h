/*
 * equalise.h - cross-layer equalisation: scales the channels between two layers so that the weights
 * that make a channel and those that take it have like ranges (M. Nagel et al., "Data-Free
 * Quantization Through Weight Equalization and Bias Correction", 2019, section 4.1).
 *
 * Only where it is exact: between Conv or Gemm layers with nothing but Relu, LeakyRelu, PRelu and
 * pooling in between, which commute with a positive factor. A Clip (ReLU6) does not, and dropping
 * its bounds, as is often done, changes the network. Factors are powers of two, so that the float
 * network's results stay the same to the bit (short of overflow and denormals).
 */
#ifndef AMCT_COMPRESS_EQUALISE_H
#define AMCT_COMPRESS_EQUALISE_H

#include "graph/graph.h"

/* Replaces weights and biases in a prepared graph of known shapes. *n_pairs is the number of pairs
 * of layers that were scaled. */
amct_status amct_equalise(uint32_t *n_pairs, amct_graph *graph, amct_err *err);

#endif
