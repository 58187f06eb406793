/*
 * quantise.h - a layer in integers: weights of 8 or 4 bits, and the bias that goes with them.
 *
 * The weights' integers are those of rounder.h.
 */
#ifndef AMCT_COMPRESS_QUANTISE_H
#define AMCT_COMPRESS_QUANTISE_H

#include "compress/moments.h"
#include "compress/rounder.h"

/* A layer in integers: result = (sum (q_x - offset) q_w + bias) * scale_x * scale_w[channel]. */
typedef struct amct_quantised {
    amct_qparams src;
    uint32_t src_bits, weight_bits; /* 8 or 4; in bytes of 8 bits each here */
    int64_t n_weights, n_scales, channels;
    const int8_t *weights; /* in the order of the float weights */
    const float *scales;   /* of the weights; 1 or channels */
    const int32_t *bias;   /* channels */
    amct_hash weights_hash;
    bool sparse; /* weights are 4:2 sparse (sparse.h) */
    /* What AscendDequant is given, n_scales of 8 bytes, where numbers do not matter; NULL: it is
     * made of the scales. */
    const void *blank;
} amct_quantised;

typedef struct amct_quantise_options {
    uint32_t weight_bits, src_bits;
    amct_weight_algo weights;
    bool correct_mean;
    bool once;   /* quick rounding, as of rounder.h */
    bool sparse; /* 4:2 (sparse.h), before they are rounded */
} amct_quantise_options;

/* Makes the layer's integer form in the memory that out->weights, scales and bias point to (all of
 * its lengths are set). A channel of zeros has scale 1. gram is that of the layer's source; without
 * it (NULL) GPTQ becomes MSE, and sparse weights are the largest ones. With correct_mean the bias
 * takes in what rounding does to the result's mean, -(W' - W) E[x] (Nagel et al., "Data-Free
 * Quantization Through Weight Equalization and Bias Correction", 2019), E[x] over the windows with
 * their padding. AMCT_E_UNSUPPORTED, saying why, if a bias does not fit into 32 bits. */
amct_status amct_quantise_layer(amct_quantised *out, const amct_graph *graph,
                                const amct_layer *layer, const amct_layer_stats *stats,
                                const amct_gram *gram, const amct_quantise_options *options,
                                amct_err *err);

/* Memory that it needs besides, with a gram. */
size_t amct_quantise_bytes(const amct_graph *graph, const amct_layer *layer);

/* rint(bias / scale) of each channel into to[]; AMCT_E_UNSUPPORTED if one does not fit. */
amct_status amct_quantise_bias(int32_t *to, const amct_quantised *q, const double *bias,
                               amct_err *err);
/* float32 product of the scales: what one unit of a channel's sum is worth. */
static inline float amct_quantised_unit(const amct_quantised *q, int64_t channel)
{
    return q->src.scale * q->scales[q->n_scales > 1 ? channel : 0];
}

#endif
