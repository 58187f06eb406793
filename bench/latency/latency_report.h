/*
 * latency_report.h - how good held-out predictions are, and the file that the plugin reads.
 */
#ifndef AMCT_BENCH_LATENCY_REPORT_H
#define AMCT_BENCH_LATENCY_REPORT_H

#include "bench/latency/latency_fitter.h"

/* Predictions of every point by a fit without its architecture. */
typedef struct latency_held {
    const int *folds; /* per point */
    int n_folds;
    double *seconds;               /* NAN where the sample is not known */
    double (*parts)[ASCEND_PARTS]; /* of seconds */
    bool *inside; /* filled by latency_bands_find: within the band of the other folds */
} latency_held;

/* A prediction's band is prediction / (1 + w) .. prediction * (1 + w), for w the band of its chip
 * times the sum of spreads, each times the share of its part. */
typedef struct latency_bands {
    double spread[ASCEND_PARTS];
    double band[LATENCY_CHIPS];
    double unmeasured; /* wider by that where the tuning of another chip is used */
} latency_bands;

/* Bands that hold 90 % of the held-out points that are not doubted: spreads by the likelihood of
 * Laplace's distribution, bands by their quantile. */
amct_status latency_bands_find(latency_bands *out, latency_fitter *f, const latency_held *held,
                               const latency_params *params, amct_err *err);

void latency_report_print(const latency_fitter *f, const latency_held *held,
                          const latency_bands *bands);
amct_status latency_report_write(const char *path, const latency_fitter *f,
                                 const latency_params *params, const latency_bands *bands,
                                 amct_err *err);

#endif
