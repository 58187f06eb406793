/*
 * latency_pairs.h - published INT8 latencies beside those that the estimator gives. No INT8
 * measurement is part of the fit.
 */
#ifndef AMCT_BENCH_LATENCY_PAIRS_H
#define AMCT_BENCH_LATENCY_PAIRS_H

#include "bench/latency/latency_points.h"
#include "plugin/plugins.h"

/* Prints every INT8 measurement of the CSV file whose network is in folder, and what W8A8 gains
 * where FP16 was measured at the same batch, beside the estimates by the fit at fit_path. */
amct_status latency_pairs_print(const amct_plugins *plugins, const char *folder, const char *csv,
                                const char *fit_path, amct_err *err);

#endif
