/*
 * round.h - weights to integers so that the layer's *result* changes least: error-compensated
 * rounding. With H the second moments of the columns (x x^T on average, damped) and e = w - q * s
 * what rounding does to the weights of an output, the mean square of the result's error is e^T H e.
 *
 * Columns are rounded one after the other, each to the integer nearest to its weight plus what
 * makes up for those before: Frantar and Alistarh, "Optimal Brain Compression", 2022 (OBQ); Frantar
 * et al., "GPTQ", 2022 (a fixed order, the Cholesky factor, updates by blocks). That is Babai's
 * nearest plane for the lattice of H's factor (Chen et al., "The Geometry of LLM Quantization",
 * 2025), and is computed so: with H = R^T R no inverse is needed. The columns with the largest
 * second moments come first.
 */
#ifndef AMCT_COMPRESS_ROUND_H
#define AMCT_COMPRESS_ROUND_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of plain loops over outputs, of which a compiler can reckon several at once. */
#if defined(__GNUC__) && !defined(__clang__)
#define AMCT_ROUND_WIDE __attribute__((optimize("O3")))
#else
#define AMCT_ROUND_WIDE
#endif

/* Of the diagonal of second moments, as GPTQ has it: a ratio of its mean. */
#define AMCT_DAMPING 0.01

/* Second moments made ready for rounding. */
typedef struct amct_factor {
    size_t n;
    double *r;       /* n x n: R in the upper triangle, columns in the order below */
    uint32_t *order; /* column at each place; rounded from the last place to the first */
} amct_factor;

/* Of a symmetric matrix (n x n, only read), whose diagonal grows by damping (a ratio of its mean),
 * and by more if rounding has left it indefinite. A matrix of zeros counts as that of equal,
 * independent columns. */
amct_status amct_factor_make(amct_factor *out, const double *matrix, size_t n, double damping,
                             amct_err *err);
void amct_factor_free(amct_factor *factor); /* a zeroed one is allowed */

/* Rounds the weights of `outputs` outputs, weights[column * outputs + output], to integers from low
 * to high, which are multiples of scales[output]; adds e^T H e of each output to errors. With
 * keep_zeros a weight of 0 becomes 0. room is (n + AMCT_ROUND_BLOCK) * outputs. */
enum { AMCT_ROUND_BLOCK = 64 };
void amct_round(int8_t *integers, double *errors, const double *weights, const float *scales,
                size_t outputs, const amct_factor *factor, int low, int high, bool keep_zeros,
                double *room);

/* sum += factor * row, n numbers that do not overlap. */
void amct_round_add(double *sum, const double *row, double factor, size_t n);

#endif
