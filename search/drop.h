/*
 * drop.h - the drop of accuracy to expect of a candidate, with its standard error, and whether that
 * is good enough.
 *
 * Two sources. The changed answers, (lost - gained) / n, are unbiased but hardly tell candidates
 * apart: at n = 1000 their standard error is 0.3 to 0.5 points. The mean loss (KL divergence to the
 * original) is far more precise relative to its size, and the drop follows it. Assumed:
 *
 * 1. The expected drop of a candidate of mean loss m is budget (m / K)^(p (1 + g)). With labels
 *    p = 1: near the decision boundary a perturbation changes answers in both directions, and what
 *    remains is, like KL, of second order in its size. Without labels every change counts and p is
 *    1/2, first order. K, the loss at which the budget is spent, is a property of the network, and
 *    so is the small deviation g. Priors: log K about the log of budget / 0.17 with labels, of
 *    (budget / 0.3)^2 without, standard deviation 0.6 or 0.8; g about 0, standard deviation 0.1.
 *    Where a drop beyond the budget is surely beyond all that is thought possible of K, too, the
 *    prior is moved to it.
 *    It holds up to a drop of 0.3; candidates beyond are no evidence (at last all answers have
 *    changed, whatever the loss).
 * 2. A candidate's own drop deviates from that by 10 % (one standard deviation).
 * 3. The candidates are measured on the same samples, so the errors of their changed answers
 *    correlate with 0.45; of two candidates of unlike loss, what they share is what the less lossy
 *    one changes. Candidates of similar loss are pooled (lossbins.h). Variances come from the rate
 * of changes pooled over all candidates, in proportion to the root of the loss, never from a count
 *    itself: few changes by chance would look precise and pull the estimate down. K and g are
 *    integrated over a grid: their posterior gives mean and variance of the drop at any loss.
 * 4. Both estimates of one candidate are combined linearly with least variance, their errors
 *    correlating with 0.3; a weight below 0 becomes 0.
 *
 * Where the drop of a sample is expected, from the probabilities of the original network's answers
 * (src/measure/temper.h), that takes the place of the changed answers: it is blind to the luck of
 * labels, which is most of what makes counts vary. Then the variance of one sample's drop is 1.25
 * loss^(3/2) before anything was measured (as many answers change as the root of the loss, and each
 * costs about that root), g has standard deviation 0.03 and a candidate's own deviation is 5 %; but
 * all candidates are wrong alike by sqrt(0.15^2 + 1.5^2 / n) of their drop, as probabilities are
 * not exact and as their temperature was found on n samples.
 *
 * The combination shrinks the noisy part towards what the loss says. That is the defence against
 * the winner's curse: the search picks among hundreds of candidates, but luck in changed answers
 * moves the estimate little, and luck in the loss is in the standard error.
 *
 * Where outputs are nearly tied, answers change at any loss: what is lost by more than 2.5 standard
 * errors of the count alone is lost, whatever the loss says.
 *
 * Good enough (margin >= 0) means
 *    drop + z se <= budget,                                          z of the confidence,
 * and provable on the n samples kept for the verdict:
 *    drop + z_power sqrt(se^2 + v / n) <= L,
 * L the drop at which their paired interval ends at the budget (base/paired.h), v the variance of
 * one sample's change.
 *
 * z_power is that of a chance of 0.65: finalists are chosen on both sides of it (finalists.h),
 * so that one in three which fails costs little.
 *
 * Where the numbers are from: random assignments of weight bits (round to nearest), 150 with 3 to 8
 * on ResNet-20 (1000 images of CIFAR-10), 100 with 5 to 8 on MobileNet v1 0.75 (500 of ImageNet).
 *                                                        ResNet-20          MobileNet v1
 *    points of drop per unit of KL                       13 to 16           20 to 24
 *       for losses                                       0.1 to 0.6         0.03 to 2.5
 *    own deviation from that (sampling alone explains)   0.10 (0.15)        0.09 (0.08 to 0.13)
 *    disagreement / root of KL                           0.15 to 0.20       0.24 to 0.39
 *    (lost + gained) / n / root of KL                    0.13 to 0.18       0.19 to 0.29
 *    correlation of changes between candidates           0.40 to 0.55       0.30 to 0.49
 *    correlation of a sample's change with its loss      -0.3 to 0.5        0.0 to 0.5
 *    relative deviation of one sample's loss             2.6 to 6.8         0.9 to 1.8
 * The whole estimator on these, fitted to one half of the images and 40 candidates, against the
 * drop on the other half: root mean square of the difference in standard errors (both) 0.7 to 1.25,
 * on average not beyond the estimate by more than 0.5. Of what is expected: seven candidates of
 * examples/fashion on 2988 samples, KL 0.002 to 0.02: 36 to 41 points of drop per unit of KL,
 * variance of one sample's drop / loss^(3/2) 1.08 to 1.53, temperatures of 0.97 and 0.98 on two
 * sets of samples.
 */
#ifndef AMCT_SEARCH_DROP_H
#define AMCT_SEARCH_DROP_H

#include "search/lossbins.h"

#include <stdbool.h>

enum { AMCT_DROP_NODES = 96 };
#define AMCT_DROP_SAFE   0.98
#define AMCT_DROP_LIKELY 0.65
#define AMCT_DROP_BOLD   0.3

/* How far the verdict must be provable. Where the demand leaves no candidate at all it is lowered
 * by a step; it begins as NONE if the samples could not even prove that nothing changed. */
typedef enum amct_proof {
    AMCT_PROOF_LIKELY, /* with probability AMCT_DROP_LIKELY */
    AMCT_PROOF_EVEN,   /* with probability 0.5 */
    AMCT_PROOF_NONE,   /* only expected to be within the budget */
} amct_proof;

typedef struct amct_drop_node {
    double mean, sd; /* of the drop expected of candidates of this loss */
    double cv_sq;    /* of one sample's loss */
    double changed;  /* answers per sample */
    double spread;   /* variance of one sample's drop */
    double provable; /* L; the budget if nothing is to be proven */
} amct_drop_node;

typedef struct amct_drop_model {
    double budget, confidence;
    double confirm_samples; /* 0: nothing is to be proven */
    bool labels, expected;
    bool hopeless; /* nothing is to be proven, or the confirm samples could not even prove that
                    * nothing changed */
    amct_proof proof;
    bool bold; /* where it is demanded, probability AMCT_DROP_BOLD of proof is good enough */
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
                     uint32_t confirm_samples, bool labels, bool expected);
/* Brings the model up to date; samples is the number of a full measurement. */
void amct_drop_fit(amct_drop_model *model, const amct_lossbins *lossbins, uint32_t samples);
/* Of a candidate of which refining leaves that ratio of its loss (refining.h); 1: as it is. */
amct_drop amct_drop_estimate(const amct_drop_model *model, const amct_score *score, double ratio);
/* The chance that the confirm samples will prove such a candidate, however far it is demanded; that
 * it is within the budget, if they cannot prove anything (hopeless). */
double amct_drop_chance(const amct_drop_model *model, const amct_score *score, double ratio);
/* The greatest loss that has that chance by itself, measured on so many samples; 0: none has. */
double amct_drop_loss_with(const amct_drop_model *model, double chance, uint32_t samples);
/* Completes a race for candidates near the limit: what they may show, and how it adds up. ratio as
 * above: what they show before they are refined. */
void amct_drop_limit_race(const amct_drop_model *model, double ratio, amct_race *race);

#endif
