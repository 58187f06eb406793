/*
 * latency_fitter.h - predictions of all points, and the parameters that come nearest to what was
 * measured.
 */
#ifndef AMCT_BENCH_LATENCY_FITTER_H
#define AMCT_BENCH_LATENCY_FITTER_H

#include "bench/latency/latency_params.h"
#include "bench/latency/latency_samples.h"

typedef struct latency_fitter {
    const latency_points *points;
    const latency_samples *samples;
    ascend_chip chips[LATENCY_CHIPS];
    latency_param list[LATENCY_PARAMS];
    uint32_t n_params;
    double *kernel_ns; /* scratch */
    double *jacobian;  /* points x params */
} latency_fitter;

amct_status latency_fitter_new(latency_fitter *out, const latency_points *points,
                               const latency_samples *samples, amct_err *err);
void latency_fitter_free(latency_fitter *f);

/* Seconds of every point, NAN where its sample is not known. chip: only of that one, -1: all. */
void latency_predict(const latency_fitter *f, const latency_params *params, int chip,
                     double *seconds);
/* The parts of every point's latency by amct_node_bound, ASCEND_PARTS each, in seconds. */
void latency_predict_parts(const latency_fitter *f, const latency_params *params, double *seconds);

/* Changes logs to the minimum of the sum over the used points of log(1 + (r / 0.15)^2 / 2), for r
 * the logarithm of predicted over measured (Cauchy's loss: what is far off pulls little), and of
 * the squares of what differs from the priors; by Levenberg and Marquardt, with at most so many
 * steps. */
amct_status latency_fit(latency_fitter *f, const bool *used, int steps, double *logs,
                        amct_err *err);

#endif
