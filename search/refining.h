/*
 * refining.h - what refining a candidate is expected to leave of its loss, before it is done.
 *
 * The search measures candidates as they are stitched. The winner is a refined one, and refining
 * repairs much: it leaves 0.4 to 0.8 of the loss of assignments of bits, 0.2 to 0.6 of that of
 * dropped channels and of ranks (docs/quantisation.md, docs/structure.md), so candidates of one
 * loss are not of one worth. Assumed:
 *
 *     loss refined / loss = sum over kinds of share[kind] left[kind]
 *
 * with the share of each kind of genes in the predicted loss (surrogate.h). The logarithms of left
 * have normal priors and are fitted to the candidates that were refined, whose own deviation from
 * that is 25 %.
 */
#ifndef AMCT_SEARCH_REFINING_H
#define AMCT_SEARCH_REFINING_H

#include "search/space.h"

enum { AMCT_REFINING_SEEN = 64 };

typedef struct amct_refining {
    double left[AMCT_GENE_KINDS];
    double variance[AMCT_GENE_KINDS]; /* of the logarithm of each, the others given */
    uint32_t n;
    double shares[AMCT_REFINING_SEEN][AMCT_GENE_KINDS], log_ratio[AMCT_REFINING_SEEN];
} amct_refining;

void amct_refining_start(amct_refining *refining);
/* A candidate of these shares had this ratio (> 0) of its loss left. More than AMCT_REFINING_SEEN
 * are not taken. */
void amct_refining_observe(amct_refining *refining, const double shares[AMCT_GENE_KINDS],
                           double ratio);
/* 1 if all shares are 0. */
double amct_refining_ratio(const amct_refining *refining, const double shares[AMCT_GENE_KINDS]);
/* Standard deviation of the logarithm of what a candidate of these shares will show. */
double amct_refining_sd(const amct_refining *refining, const double shares[AMCT_GENE_KINDS]);

#endif
