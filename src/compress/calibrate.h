/*
 * calibrate.h - what the original network does on the calibration samples, as far as compression
 * needs it: the range of every layer's source, and means per channel.
 */
#ifndef AMCT_COMPRESS_CALIBRATE_H
#define AMCT_COMPRESS_CALIBRATE_H

#include "compress/layer.h"
#include "compress/range.h"
#include "exec/feed.h"

typedef struct amct_layer_stats {
    bool seen;              /* false for layers that cannot be quantised */
    amct_qparams src, src4; /* of the source in 8 and in 4 bits, as options ask */
    float src_min, src_max;
    int64_t n_src_channels;
    const double *src_mean;    /* E[x] per channel of the source */
    const double *result_mean; /* E[y] per channel of the result, with its bias */
} amct_layer_stats;

typedef struct amct_calibration {
    uint32_t n_layers;
    amct_layer_stats *layers;
    uint32_t n_samples;
    amct_arena *arena;
} amct_calibration;

/* Runs graph (float, shapes known) twice over the samples, in `jobs` processes; the result does not
 * depend on jobs. Activations that are not finite are refused, naming the layer. */
amct_status amct_calibrate(amct_calibration **out, const amct_graph *graph,
                           const amct_layer *layers, uint32_t n_layers, const amct_feed *feed,
                           const amct_range_options *options, uint32_t jobs, amct_err *err);
void amct_calibration_free(amct_calibration *calibration); /* NULL is allowed */

#endif
