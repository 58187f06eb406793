/*
 * correction.h - an estimator's latencies set right by what was measured of one network, by the
 * operators of a profile, or by its latency as a whole.
 *
 * Each fused operator of the network gets a factor: measured by estimated. Operators of another
 * candidate of it take the factor of the layer they come from: the estimate is the shape of the
 * curve from one choice of channels and bits to another, the measurement its height. What no
 * operator of the profile is, takes the factor of all that are, and stays as unsure as it was.
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
/* The same where only the sums of types of operators were. */
#define AMCT_CORRECTION_TYPES_NOISE 0.10

/* What was found, as people are told of it. */
typedef struct amct_correction_found {
    char what[192]; /* which run of msprof; "" without a profile */
    bool by_type;
    double runs; /* of the network that the times of types are of; else 1 */
    /* Operators of the profile, or types of them: how many, how many of them are of the network,
     * and the share of their time. */
    uint32_t n_ops, n_matched;
    double matched_ratio;
    /* Kernels of the network likewise: how many, how many the profile has, and the share of their
     * estimated time. */
    uint32_t n_kernels, n_told;
    double told_ratio;
    double estimated_ns; /* the network, as it was estimated */
    double profiled_ns;  /* the same, set right by the profile alone; else as estimated */
    double measured_ns;  /* the latency as a whole; 0: not known */
    double scale;        /* of all, to that; else 1 */
} amct_correction_found;

typedef struct amct_correction {
    amct_arena *arena;
    struct amct_corrected {
        const char *name; /* of the node that carries the time */
        double factor;
        double ns; /* estimated, of the network that was measured; 0: nobody measured it */
    } * nodes;     /* sorted by name */
    uint32_t n;
    double others;       /* factor of other nodes */
    double fixed_ns;     /* what is fixed, before scale; negative: as estimated */
    double fixed_unsure; /* share of that which was estimated, not measured */
    double noise;        /* of what was measured */
    amct_correction_found found;
} amct_correction;

/* The profile in `folder` (NULL: none) and the latency as a whole (0: not known) of the network,
 * whose estimate is given. AMCT_E_INVALID, telling what matches, if the profile is of another
 * network or batch size, or has less than half of this one. */
amct_status amct_correction_make(amct_correction *out, const char *folder, double measured_ns,
                                 const amct_graph *graph, const amct_latency *estimate,
                                 amct_err *err);
void amct_correction_free(amct_correction *correction); /* a zeroed one is allowed */

/* Sets right the estimate of a graph of the same network. */
void amct_correction_apply(amct_latency *latency, const amct_graph *graph,
                           const amct_correction *correction);

/* ---- What people are told --------------------------------------------------------------------
 */

enum { AMCT_CORRECTION_TEXT = 640 };

/* "set right by ... (device 0, model 1)"; "" without a profile. Returns text. */
char *amct_correction_tell(const amct_correction_found *found, char text[AMCT_CORRECTION_TEXT]);
/* "scaled by ..."; "" if the latency as a whole is not known. Returns text. */
char *amct_correction_tell_scale(const amct_correction_found *found,
                                 char text[AMCT_CORRECTION_TEXT]);
/* Warns, in the log, of a profile that leaves much of the network out, and of times that are too
 * far from what was estimated to be in the same unit. */
void amct_correction_warn(const amct_correction_found *found);

#endif
