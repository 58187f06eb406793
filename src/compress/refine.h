/*
 * refine.h - sequential mean correction: what is left of a candidate's error in the mean of every
 * layer's result, given what the compressed layers before it really produce, moves into its bias.
 *
 * The compressed network is walked beside the original on the calibration samples, layer by layer:
 * all samples reach layer i through the corrected layers before it; the difference of the channel
 * means to the original is added to its bias (in whole units of its sums) and to its results; then
 * the walk goes on. The correction from the float statistics alone (quantise.h) does not see what
 * the layers before have broken.
 */
#ifndef AMCT_COMPRESS_REFINE_H
#define AMCT_COMPRESS_REFINE_H

#include "compress/stitch.h"

/* refined[i] becomes a copy of levels[i] in the arena with a corrected bias, or NULL where
 * levels[i] is NULL. limit_bytes: for what is kept of the runs (walk.h). The result does not depend
 * on jobs. */
amct_status amct_refine_means(const amct_quantised **refined, amct_arena *arena, amct_exec *exec,
                              const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                              const amct_calibration *calibration,
                              const amct_quantised *const *levels, const amct_feed *feed,
                              size_t limit_bytes, uint32_t jobs, amct_err *err);

#endif
