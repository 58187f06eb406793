/*
 * drop.h - the drop of accuracy to expect of a candidate, with its standard error, and whether that
 * is good enough.
 *
 * Two sources. The changed answers, (lost - gained) / n, are unbiased but hardly tell candidates
 * apart: at n = 1000 their standard error is 0.3 to 0.5 points. The mean loss (KL divergence to the
 * original) is three to ten times as precise relative to itself, and the drop follows it. Assumed:
 *
 * 1. The expected drop of a candidate of mean loss m is budget (m / K)^(p (1 + g)). With labels
 *    p = 1: near the decision boundary a perturbation changes answers in both directions, and what
 *    remains is, like KL, of second order in its size. Without labels every change counts and p is
 *    1/2, first order. K, the loss at which the budget is spent, is a property of the network, and
 *    so is the small deviation g.
 *    Measured over random assignments of 3 to 8 weight bits (150 on ResNet-20, CIFAR-10; 100 on
 *    MobileNet v1 0.75, ImageNet): points of drop per unit of KL 13 to 16 for losses from 0.1 to
 * 0.6, and 20 to 24 from 0.03 to 2.5; disagreement 0.15 to 0.20 and 0.24 to 0.39 times the root of
 * KL. Hence the priors: log K about the log of budget / 0.17 (with labels) or (budget / 0.25)^2,
 *    standard deviation 0.6 or 0.8; g about 0, standard deviation 0.1.
 * 2. A candidate's own drop deviates from that by 15 % (one standard deviation; measured: too
 * little to be told from sampling noise, whose ratio was 0.1 to 0.3).
 * 3. The candidates are measured on the same samples, so the errors of their changed answers
 *    correlate with 0.45 (measured: 0.40 to 0.55). Candidates of similar loss (one bin of tally.h)
 *    are pooled to one observation that never becomes better than that allows, bins are taken as
 *    independent. K and g are integrated over a grid: their posterior gives mean and variance of
 * the drop at any loss.
 * 4. Both estimates of one candidate are combined linearly with least variance, their errors
 *    correlating with 0.3 (measured: 0.0 to 0.5, growing with the loss); a weight below 0 becomes
 * 0.
 *
 * The combination shrinks the noisy part towards what the loss says. That is the defence against
 * the winner's curse: the search picks among hundreds of candidates, but luck in changed answers
 * moves the estimate little, and luck in the loss, which is common to all of them, is in the
 * standard error (the variance of the mean loss on the samples is included).
 *
 * Good enough (margin >= 0) means
 *    drop + z se <= budget,                                          z of the confidence,
 * and provable on the samples kept for the verdict:
 *    drop + z_power sqrt(se^2 + v / n) <= L,
 * L the drop at which the paired interval of n samples ends at the budget (base/paired.h), v the
 * variance of one sample's change; changes per sample are taken from the loss, as a multiple of its
 * root (measured: 0.13 to 0.29).
 */
#ifndef AMCT_SEARCH_DROP_H
#define AMCT_SEARCH_DROP_H

#include "search/tally.h"

#include <stdbool.h>

enum { AMCT_DROP_NODES = 96 };

/* How far the verdict must be provable. Where the demand leaves no candidate at all it is lowered
 * by a step; it begins as NONE if the samples could not even prove that nothing changed. */
typedef enum amct_proof {
    AMCT_PROOF_LIKELY, /* with probability 0.8 */
    AMCT_PROOF_EVEN,   /* with probability 0.5 */
    AMCT_PROOF_NONE,   /* only expected to be within the budget */
} amct_proof;

typedef struct amct_drop_node {
    double mean, sd; /* of the drop expected of candidates of this loss */
    double cv_sq;    /* of one sample's loss */
    double changed;  /* answers per sample */
    double provable; /* L; the budget if nothing is to be proven */
} amct_drop_node;

typedef struct amct_drop_model {
    double budget, confidence;
    double confirm_samples; /* 0: nothing is to be proven */
    bool labels;
    amct_proof proof;
    amct_drop_node nodes[AMCT_DROP_NODES]; /* by log loss */
    double limit_loss; /* greatest loss that is good enough by itself on full samples; may be 0 */
    double limit_drop; /* the drop expected there */
} amct_drop_model;

typedef struct amct_drop {
    double drop, se;
    double within; /* >= 0: within the budget as far as the search samples can tell */
    double margin; /* >= 0: good enough, which is that and provable */
    double weight; /* of the changed answers in drop */
} amct_drop;

void amct_drop_start(amct_drop_model *model, double budget, double confidence,
                     uint32_t confirm_samples, bool labels);
/* Brings the model up to date; samples is the number of a full measurement. */
void amct_drop_fit(amct_drop_model *model, const amct_tally *tally, uint32_t samples);
amct_drop amct_drop_estimate(const amct_drop_model *model, const amct_score *score);
/* Completes a race for candidates near the limit: what they may show, and how it adds up. */
void amct_drop_limit_race(const amct_drop_model *model, amct_race *race);

#endif
