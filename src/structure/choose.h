/*
 * choose.h - which channels of a group are kept first.
 */
#ifndef AMCT_STRUCTURE_CHOOSE_H
#define AMCT_STRUCTURE_CHOOSE_H

#include "structure/groups.h"
#include "compress/moments.h"

typedef enum amct_choice {
    /* By the layers that read a channel: its share of the variance of their results, tr(w_B^T C_BB
     * w_B) with B its columns; */
    AMCT_CHOOSE_ENERGY,
    /* one after the other, that which the others can replace best: the growth of the least-squares
     * error, from the Schur complement of the covariance (Hassibi and Stork, "Second order
     * derivatives for network pruning: Optimal Brain Surgeon", 1992, for blocks of columns). */
    AMCT_CHOOSE_SCHUR,
    /* By the weights that make a channel, added up over all layers that do: the sum of their
     * magnitudes, the root of the sum of their squares, */
    AMCT_CHOOSE_L1,
    AMCT_CHOOSE_L2,
    /* and AMCT's balanced form of the latter: from 0 for the least of a layer to 1 for its largest.
     */
    AMCT_CHOOSE_BALANCED,
    AMCT_N_CHOICES
} amct_choice;

/* "energy", "schur", "l1", "l2", "balanced-l2". */
const char *amct_choice_name(amct_choice choice);

/* order[]: all lanes of the group, those that are kept first in front. grams[i]: moments of layer
 * i, NULL where there are none: such a layer has no say, and if no reader has one, L2 decides.
 * Readers' errors count in units of the variance of their results. ridge as in refit.h. */
amct_status amct_choose(uint32_t *order, const amct_groups *groups, const amct_group *group,
                        amct_choice choice, const amct_layer *layers, uint32_t n_layers,
                        const amct_gram *const *grams, double ridge, amct_err *err);

/* How many of n channels AMCT keeps at that ratio: n - round(n * ratio), with ascend_optimized
 * rounded up to a multiple of 16; never more than n. */
uint32_t amct_choice_kept(uint32_t n, double ratio, bool ascend_optimized);

#endif
