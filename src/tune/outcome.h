/*
 * outcome.h - what a search came to, in numbers.
 */
#ifndef AMCT_TUNE_OUTCOME_H
#define AMCT_TUNE_OUTCOME_H

#include "tune/tune.h"

#define AMCT_OVERFIT       2.0
#define AMCT_OVERFIT_LEAST 1e-4 /* losses below matter to nobody */

typedef struct amct_outcome_value {
    double value; /* of the metric */
    amct_interval interval;
    int64_t bytes; /* of constants, as the device stores them */
    double latency_ns;
} amct_outcome_value;

typedef struct amct_outcome {
    bool confirmed;   /* on the confirm samples, else on the search samples */
    uint32_t samples; /* it was measured on */
    amct_outcome_value before, after;
    double drop;
    amct_interval drop_interval;
    double confidence; /* of drop_interval */
    double needed;     /* confirm samples with which that drop would be proven; NAN: it is, or no
                        * number would do, or the metric is the cosine */
    double loss;       /* mean, of the chosen one */
    /* The same on calibration samples: those that its weights were fitted to, and as many that were
     * held back from that; NAN: too few, or the original. overfitted: it loses more than
     * AMCT_OVERFIT_LEAST, and AMCT_OVERFIT times as much, on samples that it was not fitted to. */
    double fitted_loss, held_loss;
    uint32_t held; /* samples of each */
    bool overfitted;
} amct_outcome;

amct_outcome amct_outcome_of(const amct_tuned *tuned);

/* Why the search ended, or what was chosen from. */
const char *amct_outcome_reason(const amct_tuned *tuned);

/* Bytes of the constants of the candidate with these choices; NULL: of the original. Floats count
 * as float16, which they are on the device. */
int64_t amct_outcome_bytes(const amct_setup *s, const uint8_t *choices);

/* Bytes of the weights, biases and scales of each layer of the original as the chosen one has it,
 * all factors together. bytes: n_layers. */
void amct_outcome_layer_bytes(int64_t *bytes, const amct_tuned *tuned);

#endif
