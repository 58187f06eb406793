/*
 * refining.h - what refining a candidate is expected to leave of its loss, before it is done.
 *
 * The search measures candidates as they are stitched. The winner is a refined one, and refining
 * repairs much: it leaves 0.4 to 0.8 of the loss of assignments of bits, 0.2 to 0.6 of that of
 * dropped channels and of ranks (docs/quantisation.md, docs/structure.md), so candidates of one
 * loss are not of one worth. Assumed:
 *
 *     loss refined / loss = sum over genes of share[gene] left[gene][level]
 *
 * with the share of each gene in the predicted loss (surrogate.h). The logarithm of left is that of
 * its kind of genes, which has a normal prior, and a deviation of the level, normal with standard
 * deviation 0.5. Both are fitted to the candidates that were refined, whose own deviation from that
 * is 10 %: candidates that owe most of their loss to one gene at one level are left alike (0.49 and
 * 0.51 in two searches of examples/fashion, where other candidates were left 0.74 to 0.83). Over
 * 168 of them, each foreseen from those before it in its search, the logarithm is foreseen to 0.156
 * (root mean square), by kinds alone to 0.175 (of a
 * trial on kept studies that no command repeats).
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
    amct_space space;
    uint32_t *first; /* of amct_space_first, by which these are laid out: */
    double *own;     /* the deviation of each level */
    double *own_variance;
    double kind[AMCT_GENE_KINDS], prior[AMCT_GENE_KINDS]; /* log of what is left of each kind */
    double kind_variance[AMCT_GENE_KINDS]; /* variances: of each parameter, the others given */
    double again[AMCT_GENE_KINDS];         /* what the last refining leaves of what the first did */
    uint32_t n;
    uint8_t *genomes; /* that were seen, with the shares of their genes */
    double *shares;
    double log_ratio[AMCT_REFINING_SEEN], fitted[AMCT_REFINING_SEEN]; /* fitted is no logarithm */
} amct_refining;

/* The power: 0.6, or 1 where drops are counted. */
double amct_refining_power(bool expected);
/* power: of what is left of losses, that is left of drops. growth >= 1: of the samples, from the
 * first refining to the last one. False when out of memory; amct_refining_end in any case. */
bool amct_refining_start(amct_refining *refining, const amct_space *space, double power,
                         double growth);
void amct_refining_end(amct_refining *refining);
/* A genome, of which each gene has that share of the loss, had this ratio (> 0) of it left. More
 * than AMCT_REFINING_SEEN are not taken. */
void amct_refining_observe(amct_refining *refining, const uint8_t *genome, const double *shares,
                           double ratio);
/* What the first refining leaves of the whole; 1 if all shares are 0. */
double amct_refining_ratio(const amct_refining *refining, const uint8_t *genome,
                           const double *shares);
/* What is left in the end of what has not been refined, or of what has, once. */
double amct_refining_end_ratio(const amct_refining *refining, const uint8_t *genome,
                               const double *shares, bool refined);
/* Of each level of each gene, what is left in the end; laid out by amct_space_first. */
void amct_refining_end_left(const amct_refining *refining, double *left);
/* Standard deviation of the logarithm of what such a genome will show. */
double amct_refining_sd(const amct_refining *refining, const uint8_t *genome, const double *shares);

#endif
