/*
 * forecast.h - what a search would take and could win, told after running the original on a few
 * samples. Nothing is written.
 */
#ifndef AMCT_TUNE_FORECAST_H
#define AMCT_TUNE_FORECAST_H

#include "tune/setup.h"

typedef struct amct_forecast {
    uint32_t layers, genes; /* genes: layers that have a choice on the target */
    uint32_t evaluations, probes;
    uint32_t calibration_samples, search_samples, confirm_samples;
    double seconds; /* if all evaluations are used, none of them raced */
    uint64_t memory_bytes, disk_bytes;
    double original_ns, fastest_ns; /* all genes at their fastest */
    double fixed_ratio;             /* of the original's latency: what nothing can change */
} amct_forecast;

amct_status amct_forecast_make(amct_forecast *out, const amct_config *config, amct_err *err);

#endif
