/*
 * correction.h - an estimator's latencies set right by what was measured of one network, by the
 * operators of a profile, or by its latency as a whole.
 *
 * Each fused operator of the network gets a factor: measured by estimated. Operators of another
 * candidate of it take the factor of the layer they come from: the estimate is the shape of the
 * curve from one choice of channels and bits to another, the measurement its height. What no
 * operator of the profile is, takes the factor of all that are.
 *
 * ATC names a fused operator by the names of what it was fused from, one behind the other. So an
 * operator belongs to the longest list of names of the network's nodes that is found in its name,
 * or to those that fusion_op lists. Operators and nodes that share are taken together.
 */
#ifndef AMCT_MEASURE_CORRECTION_H
#define AMCT_MEASURE_CORRECTION_H

#include "measure/latency.h"
#include "measure/profile.h"

/* A measurement is taken to be right within this ratio; so is a curve's end that was measured. */
#define AMCT_CORRECTION_NOISE 0.03

typedef struct amct_correction {
    amct_arena *arena;
    struct amct_corrected {
        const char *name; /* of the node that carries the time */
        double factor;
        double ns; /* estimated, of the network that was measured */
    } * nodes;     /* sorted by name */
    uint32_t n;
    double others;   /* factor of other nodes */
    double fixed_ns; /* what is fixed, before scale; negative: as estimated */
    double scale;    /* of all */
    /* What was found in the profile. */
    uint32_t n_ops, n_matched;
    double matched_ratio; /* share of its time */
    const char *what;     /* which run; NULL without a profile */
} amct_correction;

/* The profile in `folder` (NULL: none) and the latency as a whole (0: not known) of the network,
 * whose estimate is given. AMCT_E_INVALID, telling how many operators match, if those that do have
 * less than half of the profile's time: it is of another network. */
amct_status amct_correction_make(amct_correction *out, const char *folder, double measured_ns,
                                 const amct_graph *graph, const amct_latency *estimate,
                                 amct_err *err);
void amct_correction_free(amct_correction *correction); /* a zeroed one is allowed */

/* Sets right the estimate of a graph of the same network. */
void amct_correction_apply(amct_latency *latency, const amct_graph *graph,
                           const amct_correction *correction);

#endif
