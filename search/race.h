/*
 * race.h - measuring a candidate in looks, and giving up early on one that is surely too lossy.
 *
 * The samples of the search lie in one fixed shuffled order. A candidate is measured on the first
 * few, looked at, and so on; the scores grow, nothing is measured twice. What to do after a look is
 * a function of the score and of the amct_race that came with the ask: it does not depend on
 * other candidates in flight, so results are the same for any number of workers.
 *
 *     amct_score score = {0};
 *     uint32_t upto;
 *     while (amct_race_step(&ask->race, &score, &upto) == AMCT_RACE_CONTINUE)
 *         measure samples score.n .. upto - 1, add them to score, append score to the result
 *
 * The test. A candidate is feasible if its estimated drop at the last look is within a limit
 * (drop.h). From look k the mean loss of the last look is foreseen as the mean loss so far times a
 * factor that all candidates share (the first samples are harder or easier than all of them), with
 * a spread, both learnt from the candidates measured in full. The drop foreseen is that of the
 * loss, and of the changed answers with the small weight that they have in the estimate, where
 * samples that are still to come drop as the loss foreseen says, and by chance. If even the lower
 * end is beyond the limit the candidate is rejected. Over its looks a candidate just within the
 * limit is rejected wrongly with probability at most 30 %, spent on the looks by the Pocock-type
 * function ln(1 + (e - 1) t), t = samples so far / all (K.K.G. Lan, D.L. DeMets,
 * "Discrete sequential boundaries for clinical trials", Biometrika 70 (1983) 659), each look's
 * share being tested alone, which is conservative. Nothing is accepted early.
 */
#ifndef AMCT_SEARCH_RACE_H
#define AMCT_SEARCH_RACE_H

#include <stdbool.h>
#include <stdint.h>

enum { AMCT_RACE_LOOKS = 5, AMCT_RACE_SAMPLES_MIN = 128 };

/* What a candidate did on the first n samples. */
typedef struct amct_score {
    uint32_t n;
    uint32_t lost;      /* right in the original, wrong now; without labels: another answer */
    uint32_t gained;    /* wrong in the original, right now; without labels: 0 */
    double loss_sum;    /* of a smooth loss per sample >= 0, 0 for the original (KL to it) */
    double loss_sum_sq; /* of its squares */
    /* Where drops are expected (amct_search_problem): of each sample, whatever its label, the drop
     * that is expected, and its square. */
    double expected_sum, expected_sum_sq;
} amct_score;

typedef struct amct_race_look {
    uint32_t n;       /* measure up to here */
    double log_ratio; /* log of (mean loss at the last look / mean loss here), foreseen */
    double sd;        /* its standard deviation */
    double z;         /* quantile of the error spent here; INFINITY: do not reject */
} amct_race_look;

/* Plain data: may be copied to a worker as bytes. */
typedef struct amct_race {
    uint32_t n_looks;
    amct_race_look looks[AMCT_RACE_LOOKS];
    double limit_drop; /* greatest estimated drop */
    double limit_loss; /* the mean loss that has it, from the loss alone */
    double exponent;   /* drop ~ loss^exponent about there */
    double weight;     /* of the changed answers in the estimated drop, 0..1 */
    double spread;     /* about there, variance of one sample's drop */
    bool expected;     /* drops are expected, not counted */
} amct_race;

typedef enum amct_race_verdict {
    AMCT_RACE_CONTINUE, /* measure up to *upto samples */
    AMCT_RACE_COMPLETE, /* measured in full */
    AMCT_RACE_REJECTED,
} amct_race_verdict;

/* The mean drop of a score, and the mean of its squares. */
double amct_score_drop(const amct_score *score, bool expected);
double amct_score_drop_sq(const amct_score *score, bool expected);

/* upto is written with CONTINUE only. A score whose sums are not finite, or which is not that of a
 * look, is measured no further: REJECTED. [any thread] */
amct_race_verdict amct_race_step(const amct_race *race, const amct_score *score, uint32_t *upto);

/* Fills looks with 1/16, 1/8, 1/4, 1/2 and all of n samples, leaving out those of fewer than 24;
 * one look below AMCT_RACE_SAMPLES_MIN samples. All z are INFINITY. */
void amct_race_plan(amct_race *race, uint32_t n);
/* Sets the z of all looks but the last. */
void amct_race_spend(amct_race *race);

#endif
