/*
 * weights.h - how the weights of Conv, ConvTranspose, Gemm and MatMul are laid out: which channel
 * of the result each belongs to.
 */
#ifndef AMCT_OPS_WEIGHTS_H
#define AMCT_OPS_WEIGHTS_H

#include "graph/graph.h"

/* Channels of the result of a layer node with weights of that shape (rank >= 2). */
int64_t amct_weights_channels(const amct_node *node, const amct_shape *weights);
/* The dim of the weights that counts those channels (within a group for ConvTranspose). */
int32_t amct_weights_axis(const amct_node *node, const amct_shape *weights);
/* The channel of the weight at index i in C order. */
int64_t amct_weights_channel(const amct_node *node, const amct_shape *weights, int64_t i);

#endif
