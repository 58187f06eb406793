/*
 * latency.h - a graph as an estimator sees it, and what the estimator says.
 */
#ifndef AMCT_MEASURE_LATENCY_H
#define AMCT_MEASURE_LATENCY_H

#include "graph/graph.h"
#include "plugin/estimator.h"

typedef struct amct_latency {
    uint32_t n_nodes;
    amct_node_cost *costs; /* per node of the graph */
    amct_graph_cost total;
    amct_arena *arena;
} amct_latency;

/* The graph as an estimator is shown it. Texts and dims are the graph's, the rest is in arena. */
amct_status amct_latency_view(amct_graph_view *out, amct_arena *arena, const amct_graph *graph,
                              amct_err *err);

/* Estimates a graph in deploy form. Floating-point tensors are shown as float16, which they are on
 * the device. */
amct_status amct_latency_estimate(amct_latency *out, amct_estimating *estimator,
                                  const amct_graph *graph, amct_err *err);
/* A warning if nodes are not in it, with their number and the first one. */
void amct_latency_warn(const amct_latency *latency, const amct_graph *graph);
void amct_latency_free(amct_latency *latency); /* a zeroed one is allowed */

/* The latency that is bound by each of amct_node_bound, AMCT_BOUND_NONE for what is fixed, and the
 * half width of its 90 % band. */
enum { AMCT_LATENCY_PARTS = 5 };
typedef struct amct_latency_parts {
    double ns[AMCT_LATENCY_PARTS], spread_ns[AMCT_LATENCY_PARTS];
} amct_latency_parts;

void amct_latency_split(amct_latency_parts *out, const amct_latency *latency);
/* Half width of the 90 % band of the difference of two latencies of one network on one device. The
 * estimator errs in the same way on what both have in common, so only what differs counts: of each
 * part the difference, as unsure as the part is. Parts err independently of each other. */
double amct_latency_paired_ns(const amct_latency_parts *a, const amct_latency_parts *b);

/* "cube", "vector" ...; "ok", "fused" ...; as in the JSON of `estimate`. */
const char *amct_bound_name(uint32_t bound);
const char *amct_node_status_name(uint32_t status);

#endif
