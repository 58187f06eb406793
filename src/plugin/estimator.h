/*
 * estimator.h - an estimator plugin at work: opened by name, asked, and its answers checked before
 * anyone believes them. One thread per instance.
 */
#ifndef AMCT_PLUGIN_ESTIMATOR_H
#define AMCT_PLUGIN_ESTIMATOR_H

#include "plugin/plugins.h"

#include <stdbool.h>

typedef struct amct_estimating amct_estimating;

/* Opens the estimator `name`; AMCT_E_INVALID, with the estimators that are known, if there is none.
 * plugins and options must outlive the instance. */
amct_status amct_estimating_open(amct_estimating **out, const amct_plugins *plugins,
                                 const char *name, const amct_option *options, size_t n_options,
                                 amct_err *err);
void amct_estimating_close(amct_estimating *e); /* NULL is allowed */

const amct_plugin *amct_estimating_plugin(const amct_estimating *e);
/* What it estimates for, checked when it was opened. Lives as long as the instance. */
const amct_estimator_info *amct_estimating_info(const amct_estimating *e);

/* Latencies of the graph: fills costs[0 .. graph->n_nodes) and total; they may hold anything before
 * and hold nothing useful after a failure. On success every status and bound is a known one, every
 * time is finite and >= 0, fused_into of a fused node is the node that carries its time (chains
 * are followed), and nodes that are not AMCT_NODE_OK have a latency of 0. Anything else is
 * AMCT_E_PLUGIN, naming the node. */
amct_status amct_estimating_run(amct_estimating *e, const amct_graph_view *graph,
                                amct_node_cost *costs, amct_graph_cost *total, amct_err *err);

/* Whether it measures written models (amct_estimating_measure). */
bool amct_estimating_measures(const amct_estimating *e);
/* Measures one: the same is true of total as above, and a latency of 0 is wrong. May take minutes.
 */
amct_status amct_estimating_measure(amct_estimating *e, const amct_model_file *file,
                                    amct_graph_cost *total, amct_err *err);

/* What a node's status is before the plugin sets it. */
#define AMCT_COST_NOT_FILLED UINT32_MAX

/* The checks of amct_estimating_run alone, on what the plugin answered; before, every status was
 * AMCT_COST_NOT_FILLED and the total NaN. */
amct_status amct_estimating_check(const amct_graph_view *graph, amct_node_cost *costs,
                                  const amct_graph_cost *total, amct_err *err);

#endif
