/*
 * lossbins.h - what the candidates measured in full have in common, by size of their loss.
 *
 * Candidates of similar loss are pooled in bins of a factor of four; sums only, so that the order
 * and the number of candidates cost nothing. drop.h and foresee.h read it.
 */
#ifndef AMCT_SEARCH_LOSSBINS_H
#define AMCT_SEARCH_LOSSBINS_H

#include "search/race.h"

enum { AMCT_LOSSBINS_BINS = 18 };

typedef struct amct_lossbin {
    double n;                      /* candidates */
    double log_loss;               /* sum of log mean losses */
    double drop;                   /* sum of mean drops */
    double drop_sq;                /* sum of means of squared drops */
    double changed;                /* sum of (lost + gained) / samples */
    double root_loss;              /* sum of square roots of mean losses */
    double steep_loss;             /* sum of their powers 3/2 */
    double cv_sq;                  /* sum of (per-sample standard deviation / mean)^2 of the loss */
    double looks;                  /* candidates with scores of all looks */
    double ratio[AMCT_RACE_LOOKS]; /* per look, over those: sum of log (mean loss at the end /
                                      there) */
    double ratio_sq[AMCT_RACE_LOOKS]; /* sum of its squares */
} amct_lossbin;

typedef struct amct_lossbins {
    amct_lossbin bins[AMCT_LOSSBINS_BINS]; /* bin i: losses from 4^(i - 14) on */
} amct_lossbins;

/* Scores at the looks of plan, the last one in full; with the last one only, n is 1. All sums are
 * finite. */
void amct_lossbins_add(amct_lossbins *lossbins, const amct_race *plan, const amct_score *scores,
                       uint32_t n);

/* Mean losses below this count as this much, so that their logarithm exists. */
double amct_score_loss(const amct_score *score);
/* Squared relative standard deviation of one sample's loss for candidates of about this loss. */
double amct_lossbins_cv_sq(const amct_lossbins *lossbins, double loss);
/* Weight of bin i for questions about this loss: 1 where it lies, fading out over a few bins. */
double amct_lossbins_nearness(uint32_t i, double loss);

#endif
