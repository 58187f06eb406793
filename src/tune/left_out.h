/*
 * left_out.h - what an estimate of the original says nothing of.
 */
#ifndef AMCT_TUNE_LEFT_OUT_H
#define AMCT_TUNE_LEFT_OUT_H

#include "plugin/plugins.h"
#include "tune/config.h"

/* A warning if the config's estimator does not support all nodes of the graph, which is that of an
 * estimate that has succeeded: the plugin is asked in this process. */
amct_status amct_left_out_warn(const amct_plugins *plugins, const amct_config *config,
                               const amct_graph *graph, amct_err *err);

#endif
