/*
 * latency_params.h - what is fitted, as one vector of logarithms.
 */
#ifndef AMCT_BENCH_LATENCY_PARAMS_H
#define AMCT_BENCH_LATENCY_PARAMS_H

#include "bench/latency/latency_points.h"
#include "plugins/estimators/ascend/ascend_fit.h"

enum { LATENCY_PARAMS = 64 };

typedef struct latency_params {
    ascend_constants constants;
    ascend_tuning tunings[LATENCY_CHIPS]; /* band is 1 */
    double host_s; /* what wall times of host programs contain; no part of the product */
} latency_params;

/* A number with what is thought of it before any measurement: its logarithm is normal around that
 * of `center`, with this deviation. */
typedef struct latency_param {
    char name[48];
    double center, deviation;
    size_t offset; /* in latency_params */
    int chip;      /* that it belongs to, -1: all */
} latency_param;

/* All of them, in the order of the vector. Returns how many. */
uint32_t latency_params_list(latency_param params[LATENCY_PARAMS]);
/* Numbers from the logarithms. */
void latency_params_set(latency_params *out, const latency_param *list, uint32_t n,
                        const double *logs);

#endif
