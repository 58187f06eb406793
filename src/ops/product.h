/*
 * product.h - the loops of all matrix products. Sums are kept in double and in the order of the
 * shared dim: more than a float result needs, and exact for integers of 8 bits.
 */
#ifndef AMCT_OPS_PRODUCT_H
#define AMCT_OPS_PRODUCT_H

#include "ops/op.h"

/* A matrix inside of a tensor: element (r, c) is number at + r * row_step + c * col_step. */
typedef struct amct_matrix {
    const amct_value *value;
    int64_t at, row_step, col_step;
    /* What is subtracted from each element: `zero`; or, where zeros is given, its only element or
     * its element of the row (of a left matrix) or of the column (of a right one). */
    double zero;
    const amct_value *zeros;
} amct_matrix;

/* sums[r * cols + c] += sum over k of a(r, k) * b(k, c). room is rows + 2 * cols doubles. */
void amct_product_add(double *sums, double *room, const amct_matrix *a, const amct_matrix *b,
                      int64_t rows, int64_t shared, int64_t cols);

/* numpy.matmul's view of two shapes: stacks of matrices, vectors made to matrices. */
typedef struct amct_matmul {
    amct_shape result;
    amct_shape stack, a_stack, b_stack; /* the dims in front of matrices: of the result, a, b */
    int64_t rows, shared, cols;
} amct_matmul;

/* AMCT_E_INVALID if the shapes do not multiply. */
amct_status amct_matmul_make(amct_matmul *out, const amct_shape *a, const amct_shape *b,
                             amct_err *err);

/* Computes the sums of each matrix of the stack, lets `finish` (NULL: nothing) change them, and
 * stores them to dst. Of a and b only value and zeros are read; the steps are those of m. */
amct_status amct_matmul_run(const amct_matmul *m, const amct_matrix *a, const amct_matrix *b,
                            const amct_value *dst,
                            void (*finish)(const void *ctx, double *sums, int64_t rows,
                                           int64_t cols),
                            const void *ctx, amct_err *err);

#endif
