/*
 * costing.h - the latency of candidates. The estimator plugin runs in a process of its own: if it
 * crashes or hangs, that candidate's cost fails with words about it, and nothing is lost.
 */
#ifndef AMCT_TUNE_COSTING_H
#define AMCT_TUNE_COSTING_H

#include "base/workers.h"
#include "compress/level.h"
#include "measure/correction.h"
#include "tune/candidate.h"
#include "tune/config.h"

typedef struct amct_costing amct_costing;

/* What one layer of the original takes on the device; of a factorised one both factors. */
typedef struct amct_layer_cost {
    double latency_ns; /* of the fused operator it runs in, if it is the layer that carries it */
    uint32_t status;   /* amct_node_status of the layer's node */
    uint32_t bound;
    uint32_t rolled_back; /* quantised, but the device computes it in floating point */
} amct_layer_cost;

/* graph is at the device's batch size; graph, layers, plugins and structure must outlive it.
 * structure, of the same network, may be NULL: then choices of channels and ranks are not known. */
amct_status amct_costing_new(amct_costing **out, const amct_plugins *plugins,
                             const amct_config *config, const amct_graph *graph,
                             const amct_layer *layers, uint32_t n_layers,
                             const amct_structure *structure, amct_err *err);
void amct_costing_free(amct_costing *costing); /* NULL is allowed */

/* The cost of the candidate with these choices (candidate.h). */
amct_status amct_costing_total(amct_costing *costing, const uint8_t *choices,
                               amct_graph_cost *total, amct_err *err);
amct_status amct_costing_original(amct_costing *costing, amct_graph_cost *total, amct_err *err);
/* A warning if the estimator does not support all nodes of the original. */
amct_status amct_costing_warn(amct_costing *costing, amct_err *err);
/* The same as amct_costing_total, with n_layers per-layer costs, and with the parts of the latency
 * if parts is not NULL. */
amct_status amct_costing_layers(amct_costing *costing, const uint8_t *choices,
                                amct_graph_cost *total, amct_layer_cost *layers,
                                amct_latency_parts *parts, amct_err *err);
/* The latency split over the nodes of the original graph: each has what the nodes of the candidate
 * take that come from it. nodes_ns has room for one more: what is of none of them, or fixed. */
amct_status amct_costing_nodes(amct_costing *costing, const uint8_t *choices,
                               amct_graph_cost *total, double *nodes_ns, amct_err *err);
uint32_t amct_costing_n_nodes(const amct_costing *costing); /* that one more included */

/* What the profile and the measured latency did to the estimates; NULL: neither was given, or
 * nothing was costed yet. Lives as long as costing. */
const amct_correction_found *amct_costing_found(const amct_costing *costing);

#endif
