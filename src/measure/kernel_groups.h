/*
 * kernel_groups.h - the kernels of a network, as an estimator fuses its nodes, and what a profile
 * tells of them. Nodes that share a time are one group (union-find, the lowest node stands for it).
 */
#ifndef AMCT_MEASURE_KERNEL_GROUPS_H
#define AMCT_MEASURE_KERNEL_GROUPS_H

#include "measure/correction.h"
#include "measure/device_class.h"
#include "measure/profile_match.h"

enum { AMCT_MOST_FUSED = 256 }; /* nodes of one operator of a profile */

typedef struct amct_kernel_groups {
    const amct_graph *graph;
    const amct_latency *estimate;
    uint32_t *root;    /* per node */
    double *measured;  /* per root, ns */
    double *estimated; /* per root, ns */
    double all_ns;     /* of all operators of the profile */
    double matched_ns; /* of those that are of the network */
    double other_ns;   /* of those that are not, and of waits */
} amct_kernel_groups;

amct_status amct_kernel_groups_make(amct_kernel_groups *out, const amct_graph *graph,
                                    const amct_latency *estimate, amct_err *err);
void amct_kernel_groups_free(amct_kernel_groups *groups); /* a zeroed one is allowed */
uint32_t amct_kernel_groups_root(const amct_kernel_groups *groups, uint32_t node);
void amct_kernel_groups_join(amct_kernel_groups *groups, uint32_t a, uint32_t b);
/* Whether the profile tells what the node takes, alone or with others. */
bool amct_kernel_groups_told(const amct_kernel_groups *groups, uint32_t node);

/* Adds the operators of a profile by their names, and counts them in *found. AMCT_E_INVALID where
 * convolutions and matrix products of more than a small share of its time are not of the network,
 * or it was measured at another batch size. */
amct_status amct_kernel_groups_add_ops(amct_kernel_groups *groups, amct_correction_found *found,
                                       const amct_names *names, const amct_profile *profile,
                                       amct_err *err);
/* The same by types. AMCT_E_INVALID where their counts are not those of the network's kernels. */
amct_status amct_kernel_groups_add_types(amct_kernel_groups *groups, amct_correction_found *found,
                                         const amct_profile *profile, amct_err *err);

#endif
