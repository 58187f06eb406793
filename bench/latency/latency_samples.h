/*
 * latency_samples.h - the kernels of every graph and batch that was measured, found once: the fit
 * then evaluates numbers only.
 */
#ifndef AMCT_BENCH_LATENCY_SAMPLES_H
#define AMCT_BENCH_LATENCY_SAMPLES_H

#include "bench/latency/latency_points.h"
#include "plugins/estimators/ascend/ascend_cost.h"
#include "plugin/plugins.h"

/* A kernel, told apart from others by its work and by what its network moves. Distances and traffic
 * are rounded to a quarter and an eighth of an octave, so that equal layers are one kernel. */
typedef struct latency_kernel {
    ascend_work work;
    double traffic;
} latency_kernel;

typedef struct latency_part {
    uint32_t kernel, count;
} latency_part;

typedef struct latency_sample {
    const char *file;
    int64_t batch;
    bool aipp, known;
    int chip;      /* of latency_chips */
    char why[200]; /* if it is not known */
    double border_bytes;
    uint32_t first, n; /* parts */
} latency_sample;

typedef struct latency_samples {
    latency_sample *samples;
    latency_kernel *kernels;
    latency_part *parts;
    uint32_t *chips; /* per kernel: bits of the chips that run it */
    uint32_t *of;    /* per point: its sample */
    uint32_t n_samples, n_kernels, n_parts;
} latency_samples;

/* Finds the kernels of all points; a graph that cannot be run at a batch, or has an operator that
 * the estimator does not know, is a sample that is not known. */
amct_status latency_samples_find(latency_samples *out, amct_plugins *importers, const char *folder,
                                 const latency_points *points, amct_err *err);
void latency_samples_free(latency_samples *samples); /* a zeroed one is allowed */

#endif
