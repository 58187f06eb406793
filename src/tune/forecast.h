/*
 * forecast.h - what a search would take and could win, told after running the original on a few
 * samples. Nothing is written.
 */
#ifndef AMCT_TUNE_FORECAST_H
#define AMCT_TUNE_FORECAST_H

#include "tune/fixed_share.h"
#include "tune/gains.h"
#include "tune/setup.h"

typedef struct amct_forecast {
    amct_setup setup; /* with the genes, those of channels and ranks by an outline */
    uint32_t layers, genes;
    uint32_t bits, channels, ranks; /* genes of each kind */
    uint32_t evaluations, probes;
    uint32_t calibration_samples, search_samples, confirm_samples;
    bool provable;         /* the budget, on the confirm samples, if no answer changes */
    double confirm_needed; /* if not: as many of them would do at least */
    double seconds;        /* if all evaluations are used, none of them raced */
    double refine_seconds; /* of these: moments, least squares and what is done to finalists */
    uint64_t memory_bytes, disk_bytes;
    amct_gains gains;
    amct_fixed_share fixed;
} amct_forecast;

/* out is freed with amct_forecast_free whatever comes out. */
amct_status amct_forecast_make(amct_forecast *out, const amct_config *config, amct_err *err);
void amct_forecast_free(amct_forecast *forecast);

#endif
