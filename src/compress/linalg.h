/*
 * linalg.h - the only door to BLAS and LAPACK: the few products and factorisations that compression
 * is made of. Matrices are row by row; `ld` is the distance of two rows.
 *
 * Everything runs in the calling thread: parallel work is one process per core, and one thread adds
 * up in an order that depends on the sizes alone, so that every process gets the same bytes.
 */
#ifndef AMCT_COMPRESS_LINALG_H
#define AMCT_COMPRESS_LINALG_H

#include "base/err.h"

/* gram += rows^T rows, its upper triangle only. rows: n x columns, gram: columns x columns. */
void amct_linalg_gram(float *gram, size_t ld_gram, const float *rows, size_t ld_rows, size_t n,
                      size_t columns);
/* c += a^T b in float32. a: n x p, b: n x q, c: p x q. */
void amct_linalg_cross(float *c, size_t ld_c, const float *a, size_t ld_a, const float *b,
                       size_t ld_b, size_t n, size_t p, size_t q);
/* c = a b in float32. a: p x n, b: n x q, c: p x q. */
void amct_linalg_apply(float *c, size_t ld_c, const float *a, size_t ld_a, const float *b,
                       size_t ld_b, size_t p, size_t n, size_t q);
/* c = a b. a: p x n, b: n x q, c: p x q. */
void amct_linalg_product(double *c, size_t ld_c, const double *a, size_t ld_a, const double *b,
                         size_t ld_b, size_t p, size_t n, size_t q);

/* Replaces the upper triangle of the symmetric matrix a, n x n, by R with a = R^T R. AMCT_E_INVALID
 * if a is not positive definite (then its triangle is spoilt). */
amct_status amct_linalg_cholesky(double *a, size_t n, amct_err *err);
/* b = (R^T R)^-1 b. r: n x n, upper; b: n x q. */
void amct_linalg_solve(double *b, size_t ld_b, const double *r, size_t n, size_t q);

#endif
