/*
 * channels.h - per-channel sums over what a plan has stored.
 */
#ifndef AMCT_EXEC_CHANNELS_H
#define AMCT_EXEC_CHANNELS_H

#include "exec/plan.h"

/* Adds to sums[channel] all float values of the first `samples` samples of the buffer, channels
 * counted by dim `axis`, and returns how many values that was per channel. */
int64_t amct_channels_sum(double *sums, const amct_buffer *buffer, int32_t axis, uint32_t samples);
/* Adds shift[channel] to every value of the first `samples` samples. */
void amct_channels_shift(const amct_buffer *buffer, int32_t axis, uint32_t samples,
                         const float *shift);

#endif
