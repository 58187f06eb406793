/*
 * layer.h - the layers of a prepared graph that can be compressed, and why others cannot.
 */
#ifndef AMCT_COMPRESS_LAYER_H
#define AMCT_COMPRESS_LAYER_H

#include "graph/graph.h"

typedef struct amct_layer {
    const char *name; /* of the node */
    const char *op;
    uint32_t node;
    uint32_t src, weights, dst; /* tensors; dst is what the node itself makes */
    uint32_t result;            /* with the bias: dst, or what bias_node makes */
    uint32_t bias;              /* constant, AMCT_NO_TENSOR if there is none */
    uint32_t bias_node;         /* the Add behind a MatMul that holds it, else AMCT_NO_TENSOR */
    int64_t channels;           /* of the result */
    int64_t groups;
    int64_t macs; /* multiplications per sample (of the graph's batch) */
    int64_t parameters;
    bool per_channel;      /* one weight scale per channel, else one for all (Gemm, MatMul) */
    const char *no_int8;   /* why it cannot be quantised to 8 bits; NULL if it can */
    const char *no_sparse; /* why its weights cannot be 4:2 sparse in 8 bits; NULL if they can */
} amct_layer;

/* All Conv, ConvTranspose, Gemm, MatMul and AveragePool nodes in order; strings live as long as the
 * graph. *out is freed with free. What qualifies is what AMCT quantises in ONNX models: Conv of 2
 * or 3 spatial dims (not dilated in depth), ConvTranspose of 2 without dilation, Gemm without
 * transA, alpha and beta, MatMul with a constant matrix. 4:2 sparse can be what ATC compiles so:
 * Conv of 2 spatial dims without groups, Gemm and MatMul. */
amct_status amct_layers_find(amct_layer **out, uint32_t *n, const amct_graph *graph, amct_err *err);

/* The dim that counts the channels of a layer's source or result: the last one of a matrix product,
 * dim 1 of a convolution. */
int32_t amct_layer_axis(const amct_layer *layer, const amct_shape *shape);

#endif
