/*
 * surrogate.h - predicts the loss of a genome from the losses of its genes: which candidates are
 * worth measuring, never which is good.
 *
 *     log loss = shift + bend log(sum over genes of term[gene][level]),   term of level 0 is 0
 *
 * The terms begin as the losses of the genes alone (the sum has a Spearman correlation of 0.98 to
 * 0.99 with the loss of the whole); their logarithms, shift and bend are refitted to what was
 * measured: maximum a posteriori by Gauss-Newton steps, each solved by a few conjugate gradients,
 * so that a fit costs (observations x genes). Only the last AMCT_SURROGATE_WINDOW observations
 * count (the search narrows down; old ones lie elsewhere). Priors: shift 0 +- 0.5, bend 1.05 +- 0.1
 * (measured 1.07 to 1.14), log terms +- 0.5 (a probe's own noise: 64 samples, relative standard
 * deviation of one sample's loss 3).
 */
#ifndef AMCT_SEARCH_SURROGATE_H
#define AMCT_SEARCH_SURROGATE_H

#include "search/space.h"

enum { AMCT_SURROGATE_WINDOW = 192 };

typedef struct amct_surrogate amct_surrogate;

amct_surrogate *amct_surrogate_new(const amct_space *space); /* NULL when out of memory */
void amct_surrogate_free(amct_surrogate *surrogate);

/* The loss of a gene alone (> 0) and the standard deviation of its log. level > 0. */
void amct_surrogate_prior(amct_surrogate *surrogate, uint32_t gene, uint32_t level, double loss,
                          double sd);
/* A measured candidate: its loss (> 0), and the standard deviation of the log of it. Updates the
 * errors of prediction, by more the better the loss is known; the fit follows with the next
 * amct_surrogate_fit. */
void amct_surrogate_observe(amct_surrogate *surrogate, const uint8_t *genome, double loss,
                            double sd);
void amct_surrogate_fit(amct_surrogate *surrogate);

/* What refining leaves of the losses of each level (refining.h; laid out by amct_space_first): the
 * terms, sums, chances and predictions below are of what it leaves; those that are observed are of
 * what it finds. All are 1 at first. */
void amct_surrogate_left(amct_surrogate *surrogate, const double *left);
/* The part of each gene in what is predicted for a genome before it is refined; their sum is 1, or
 * 0 for the original. */
void amct_surrogate_shares(const amct_surrogate *surrogate, const uint8_t *genome, double *shares);

/* What predictions are made of: the terms, all levels of gene 0, then of gene 1 and so on (laid out
 * by amct_space_first), and the standard deviations of their logs after the fit, of level 0 unset.
 */
const double *amct_surrogate_terms(const amct_surrogate *surrogate);
void amct_surrogate_term_sds(const amct_surrogate *surrogate, double *sds);
double amct_surrogate_sum(const amct_surrogate *surrogate, const uint8_t *genome);
/* The sum that predicts a loss. */
double amct_surrogate_sum_of(const amct_surrogate *surrogate, double loss);

/* The logarithm of the loss to expect of a genome with this sum, with the mean of recent errors. */
double amct_surrogate_foreseen(const amct_surrogate *surrogate, double sum);
/* Probability that a genome with this sum has a loss of at most `limit`. The errors that the recent
 * predictions turned out to have, their mean included, are taken as those to come: picking the
 * most promising of many picks optimistic predictions too. */
double amct_surrogate_chance(const amct_surrogate *surrogate, double sum, double limit);
/* The sum that has this chance. */
double amct_surrogate_sum_at(const amct_surrogate *surrogate, double chance, double limit);

#endif
