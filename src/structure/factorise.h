/*
 * factorise.h - a layer as two layers of a lower rank, every rank from one decomposition.
 *
 * Columns of the layer (columns.h) are pairs (i, j) of a place i in the first layer's window and a
 * place j in the second one's. With w the weights and C the covariance of the columns, or I where
 * there is none, and D = C + l I, the first layer is a basis V of the places i, the second one what
 * least squares make of it:
 *
 *     minimise tr((w - (V x I) u)^T D (w - (V x I) u)) over u.
 *
 * V are the leading left singular vectors of w, its rows the places i, in the metric of the mean of
 * D's blocks over j ("whitened"). For the form AFTER, whose second window has one place, this is
 * the best there is (Zhang et al., "Accelerating Very Deep Convolutional Networks for
 * Classification and Detection", 2015: principal components of the results); without C, the spatial
 * forms are those of Jaderberg et al., "Speeding up Convolutional Neural Networks with Low Rank
 * Expansions", 2014. As V of a rank is the beginning of that of the next one, one Cholesky factor
 * serves all of them, and errors do not grow with the rank. What comes out is (Q x I) (R u) with
 * V = Q R, Q^T Q = I: the same product, but of weights that integers hold well.
 */
#ifndef AMCT_STRUCTURE_FACTORISE_H
#define AMCT_STRUCTURE_FACTORISE_H

#include "compress/columns.h"
#include "structure/restructure.h"

/* Rank 0: the layer stays whole. */
typedef struct amct_rank {
    amct_split_form form;
    int64_t rank;
} amct_rank;

typedef struct amct_factoring amct_factoring;

/* What is factorised: a layer, or what is left of one when channels are dropped. columns and bias
 * are borrowed until the factoring is freed. */
typedef struct amct_factor_source {
    const amct_columns *columns; /* of one group */
    const float *weights;
    const float *bias;      /* a number per output; NULL: 0 */
    const double *c, *mean; /* of the columns; both NULL: none */
    double ridge;           /* l as a ratio of C's mean diagonal, as of refit.h */
} amct_factor_source;

/* Whether a layer can have that form: windows of AFTER, BEFORE have more than one place and the
 * spatial forms' are of 2 dims, more than 1 in each; matrix products and 1 x 1 have AFTER only.
 * Else why not. */
const char *amct_factorise_why(const amct_columns *columns, amct_split_form form);
/* Multiplications per row of the result; and the largest rank that has fewer than the layer. */
int64_t amct_factorise_macs(const amct_columns *columns, amct_split_form form, int64_t rank);
int64_t amct_factorise_most(const amct_columns *columns, amct_split_form form);

/* For ranks up to `most`. AMCT_E_UNSUPPORTED if it cannot have the form, saying why. */
amct_status amct_factorise(amct_factoring **out, const amct_factor_source *source,
                           amct_split_form form, int64_t most, amct_err *err);
void amct_factorise_free(amct_factoring *factoring);          /* NULL is allowed */
size_t amct_factorise_bytes(const amct_factoring *factoring); /* of memory, about */

/* Numbers of the two matrices of amct_factors at a rank. */
int64_t amct_factorise_first(const amct_factoring *factoring, int64_t rank);
int64_t amct_factorise_second(const amct_factoring *factoring, int64_t rank);
/* The layer at that rank, from 1 to most. bias: a number per output, which takes in what the
 * factors do to the result's mean. *error: what was minimised, in units of tr(w^T D w); 0 if that
 * is 0. */
amct_status amct_factorise_get(float *first, float *second, float *bias, double *error,
                               const amct_factoring *factoring, int64_t rank, amct_err *err);

/* The weights that two factors make together, in the layout of columns. */
void amct_factorise_product(float *weights, const amct_columns *columns,
                            const amct_factors *factors);

#endif
