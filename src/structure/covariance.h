/*
 * covariance.h - weights of a layer as plain matrices, beside those of its second moments
 * (moments.h), and the factor of those: what least squares and decompositions are reckoned from.
 */
#ifndef AMCT_STRUCTURE_COVARIANCE_H
#define AMCT_STRUCTURE_COVARIANCE_H

#include "compress/moments.h"

/* Weights of n columns of a group from `first` on: n x outputs. */
void amct_covariance_weights(double *w, const amct_columns *columns, const float *weights,
                             int64_t group, int64_t first, size_t n);
/* sum over i, k of a[i] b[i]. */
double amct_covariance_dot(const double *a, const double *b, size_t n);

/* R with R^T R = c + lambda I, its lower triangle 0. lambda is a ratio of c's mean diagonal, raised
 * until the sum is positive definite; 1 if c is 0: then all columns are equal and independent.
 * AMCT_E_INVALID if c is no covariance. */
amct_status amct_covariance_factor(double *r, double *lambda, const double *c, size_t n,
                                   double ridge, amct_err *err);

#endif
