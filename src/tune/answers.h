/*
 * answers.h - what the verdict, explain and the report tell of the original and the best beside
 * each other.
 */
#ifndef AMCT_TUNE_ANSWERS_H
#define AMCT_TUNE_ANSWERS_H

#include "tune/tune.h"

/* Fills original_layers, best_layers, best_cost, paired_ns, and other_ns: the latency of the best
 * with one choice changed, for every choice. */
amct_status amct_answers_cost(amct_tuned *to, amct_err *err);
/* Fills known, and alone_loss by the candidates of the study that change one gene only. */
amct_status amct_answers_known(amct_tuned *to, amct_err *err);

#endif
