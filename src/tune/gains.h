/*
 * gains.h - what choices are worth on the target, told by the estimator alone: no sample is run.
 */
#ifndef AMCT_TUNE_GAINS_H
#define AMCT_TUNE_GAINS_H

#include "tune/genes.h"

typedef struct amct_gains {
    double original_ns;
    double fixed_ratio; /* of original_ns: what nothing can change */
    double bits_ns;     /* every gene of bits at the level that loses most */
    double fastest_ns;  /* every gene at its fastest beside the others, found one after the other */
    double *alone_ns;   /* per gene, AMCT_GENE_LEVELS each: with this level and no other choice */
} amct_gains;

/* costing is the one that the genes were made with last. */
amct_status amct_gains_find(amct_gains *out, const amct_genes *genes, amct_costing *costing,
                            amct_err *err);
void amct_gains_free(amct_gains *gains); /* a zeroed one is allowed */

#endif
