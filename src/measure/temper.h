/*
 * temper.h - how sure a network really is: the temperature at which its softmax gives the labels
 * their best likelihood (C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural
 * Networks", 2017). With it the probabilities of answers are those with which they are right.
 */
#ifndef AMCT_MEASURE_TEMPER_H
#define AMCT_MEASURE_TEMPER_H

#include "measure/judge.h"

/* What the logits of this network, scaled (judge.h), or the logarithms of its probabilities are to
 * be multiplied by, e^-20 .. e^20, from n rows of its answers and their labels; 1 if there are
 * none. */
double amct_temper(const amct_outputs *outputs, const float *rows, const int32_t *labels,
                   uint32_t n);

/* The probability of an answer in a row, at that temperature. */
double amct_tempered(const amct_outputs *outputs, const float *row, uint32_t answer, double temper);

/* How unsure a row's answer is, 0 .. 1: the sum of p (1 - p) over its probabilities, as they are
 * for the divergence (judge.h). It is the trace of the Fisher information of the logits, by which
 * small changes of these count in the divergence. 0 of a row that is not finite. */
double amct_unsure(const amct_outputs *outputs, const float *row);

#endif
