/*
 * rounder.h - the integer weights of one group of a layer, and their scales.
 *
 * Weights are symmetric, q = clip(rint(w / scale), -2^(bits-1), 2^(bits-1) - 1), with one scale per
 * output or one for all. ARQ is AMCT's default: the range of the values. MSE shrinks that range by
 * the ratio (of 1.00, 0.99 ... 0.50) whose rounding and clipping together have the least squared
 * error. GPTQ rounds for the least error of the layer's result (round.h): at 8 bits in the full
 * range, at 4 bits with the ratio (of 1.00, 0.96 ... 0.40) whose result is best; or, rounding only
 * `once`, with the ratio whose plain rounding has the least squared error.
 */
#ifndef AMCT_COMPRESS_ROUNDER_H
#define AMCT_COMPRESS_ROUNDER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum amct_weight_algo {
    AMCT_WEIGHTS_ARQ,
    AMCT_WEIGHTS_MSE,
    AMCT_WEIGHTS_GPTQ
} amct_weight_algo;

extern const char *const amct_weight_algo_names[]; /* "arq", "mse", "gptq", NULL */

typedef struct amct_rounder_options {
    size_t columns, outputs;
    size_t parts, part_columns; /* of the second moments; 0 without */
    uint32_t bits;              /* 8 or 4 */
    bool per_output;            /* a scale for each */
    amct_weight_algo algo;
    bool once;       /* quick: of GPTQ, and of MSE, which then tries these ratios */
    bool keep_zeros; /* weights of 0 become 0 */
} amct_rounder_options;

typedef struct amct_rounder {
    amct_rounder_options options;
    double *weights;  /* columns x outputs: what is to be rounded */
    float *floors;    /* per output: its scale must not be less; zeroed */
    int8_t *integers; /* columns x outputs */
    float *scales;    /* per output */
    struct amct_rounder_work *work;
} amct_rounder;

/* A rounder is used for one group after the other. */
amct_status amct_rounder_new(amct_rounder **out, const amct_rounder_options *options,
                             amct_err *err);
void amct_rounder_free(amct_rounder *rounder); /* NULL is allowed */

/* GPTQ: gives the second moments of a part of the columns, a symmetric matrix. */
amct_status amct_rounder_set_moments(amct_rounder *rounder, size_t part, const double *matrix,
                                     amct_err *err);
/* Rounds rounder->weights into integers and scales. A channel of zeros has scale 1. */
void amct_rounder_run(amct_rounder *rounder);

#endif
