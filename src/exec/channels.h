/*
 * channels.h - per-channel sums over what a plan has stored.
 */
#ifndef AMCT_EXEC_CHANNELS_H
#define AMCT_EXEC_CHANNELS_H

#include "exec/plan.h"

/* The channels of a tensor: dim 1 of three and more dims, else the last one. */
int64_t amct_channels_of(const amct_shape *shape);
/* Adds to sums[channel] all float values of the first `samples` samples of the buffer, and returns
 * how many values that was per channel. */
int64_t amct_channels_sum(double *sums, const amct_buffer *buffer, uint32_t samples);
/* Adds shift[channel] to every value of the first `samples` samples. */
void amct_channels_shift(const amct_buffer *buffer, uint32_t samples, const float *shift);

#endif
