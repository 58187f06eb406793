/*
 * measuring.h - a candidate on the device itself: its deploy model is written to a folder of its
 * own, and an estimator plugin that measures files is asked what it takes.
 */
#ifndef AMCT_TUNE_MEASURING_H
#define AMCT_TUNE_MEASURING_H

#include "export/export.h"
#include "plugin/estimator.h"

/* graph is what amct_stitch made of origin, or a model in deploy form (an origin of no layers);
 * batch is that on the device. What was written is removed again. */
amct_status amct_measuring_run(amct_graph_cost *total, amct_estimating *estimator,
                               const amct_graph *graph, const amct_origin *origin, int64_t batch,
                               amct_err *err);

/* The inputs as atc --input_shape takes them: "image:256,1,28,28". malloc'd; NULL when out of
 * memory. */
char *amct_measuring_shapes(const amct_graph *graph);

#endif
