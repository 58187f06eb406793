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
 *
 * The winner is refined once more, on more samples, before it is judged. By what that has shown
 * (docs/quantisation.md) it leaves growth^-0.2 of what channels and ranks lose then, with growth
 * times as many samples, and no less of what bits lose.
 *
 * Refining brings answers nearer more than it brings them right. Of 39 candidates in four searches
 * of examples/fashion it left 0.47 to 0.95 of the KL divergence (geometric mean 0.60) and 0.38 to
 * 1.5 of the drop that is expected (0.74), which is that to the power 0.6. So where drops are
 * expected (amct_search_problem) all that is said here of losses is of losses to that power.
 */
#ifndef AMCT_SEARCH_REFINING_H
#define AMCT_SEARCH_REFINING_H

#include "search/space.h"

#include <stdbool.h>

enum { AMCT_REFINING_SEEN = 64 };

typedef struct amct_refining {
    double left[AMCT_GENE_KINDS], prior[AMCT_GENE_KINDS];
    double variance[AMCT_GENE_KINDS]; /* of the logarithm of each, the others given */
    uint32_t n;
    double shares[AMCT_REFINING_SEEN][AMCT_GENE_KINDS], log_ratio[AMCT_REFINING_SEEN];
    double again[AMCT_GENE_KINDS]; /* what the last refining leaves of what the first did */
} amct_refining;

/* The power: 0.6, or 1 where drops are counted. */
double amct_refining_power(bool expected);
/* power: of what is left of losses, that is left of drops. growth >= 1: of the samples, from the
 * first refining to the last one. */
void amct_refining_start(amct_refining *refining, double power, double growth);
/* A candidate of these shares had this ratio (> 0) of its loss left. More than AMCT_REFINING_SEEN
 * are not taken. */
void amct_refining_observe(amct_refining *refining, const double shares[AMCT_GENE_KINDS],
                           double ratio);
/* What the first refining leaves of the whole; 1 if all shares are 0. */
double amct_refining_ratio(const amct_refining *refining, const double shares[AMCT_GENE_KINDS]);
/* What is left in the end of what has not been refined, or of what has, once. */
double amct_refining_end_ratio(const amct_refining *refining, const double shares[AMCT_GENE_KINDS],
                               bool refined);
/* Of each kind, what is left in the end. */
void amct_refining_end_left(const amct_refining *refining, double left[AMCT_GENE_KINDS]);
/* Standard deviation of the logarithm of what a candidate of these shares will show. */
double amct_refining_sd(const amct_refining *refining, const double shares[AMCT_GENE_KINDS]);

#endif
