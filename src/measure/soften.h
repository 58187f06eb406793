/*
 * soften.h - logits so far apart that softmax makes them certain, or so near that it cannot decide.
 *
 * A divergence of such answers tells nothing: it is 0, or as large as the logits, and candidates
 * cannot be told apart until an answer changes. Multiplied by one number for all samples (a
 * temperature, as in G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural
 * Network", 2015) they are like those of any other network; first answers stay what they are.
 */
#ifndef AMCT_MEASURE_SOFTEN_H
#define AMCT_MEASURE_SOFTEN_H

#include "measure/judge.h"

/* What the logits of this network are to be multiplied by, from n rows of its answers: 1 unless the
 * first answer is more than 100 or less than 0.3 ahead of the second on most samples. Fails for
 * want of memory. */
amct_status amct_soften(double *scale, const amct_outputs *outputs, const float *rows, uint32_t n,
                        amct_err *err);

#endif
