/*
 * rebuild.h - the refined form of a candidate: its layers are made anew, one after the other, each
 * for the inputs that the compressed layers before it really produce, and for the results of the
 * original network (rebuild_layer.h says how). The last layer of a residual block makes up for what
 * is wrong with the block's other branch.
 *
 * The two networks are walked side by side on the calibration samples (walk.h). What a layer
 * becomes depends on all layers before it, so this is nothing for the level database but for
 * finalists. Layers that stay at 16 bits are as they are. It fits the calibration samples better
 * than others: measure it on samples that it has not seen.
 */
#ifndef AMCT_COMPRESS_REBUILD_H
#define AMCT_COMPRESS_REBUILD_H

#include "compress/quantise.h"
#include "exec/feed.h"

/* rebuilt[i] becomes a form of the same bits as levels[i], with the same quantisation of its
 * source, in the arena, or NULL where levels[i] is NULL. limit_bytes: what the work on one layer
 * needs, half of it at most, and the rest for what is kept of the runs; wide layers that this does
 * not suffice for keep their integers and get new scales and biases. The result does not depend on
 * jobs. */
amct_status amct_rebuild(const amct_quantised **rebuilt, amct_arena *arena, amct_exec *exec,
                         const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                         const amct_quantised *const *levels, const amct_feed *feed,
                         size_t limit_bytes, uint32_t jobs, amct_err *err);

/* Of how many layers amct_rebuild would take fewer rows than are enough (columns.h), or keep the
 * integers, so little is limit_bytes. */
uint32_t amct_rebuild_short(const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                            uint32_t n_samples, size_t limit_bytes);

#endif
