/*
 * sample_graphs.h - small networks that every estimator must be able to answer about.
 */
#ifndef AMCT_CONFORM_SAMPLE_GRAPHS_H
#define AMCT_CONFORM_SAMPLE_GRAPHS_H

#include "conform/trial.h"
#include "measure/latency.h"

typedef struct amct_sample {
    const char *what; /* "a convolutional network in float16" */
    amct_graph_view view;
} amct_sample;

enum { AMCT_MAX_SAMPLES = 8 };

/* Ours and the subject's. Live as long as the case. Returns their number. */
uint32_t amct_samples_make(amct_trial *trial, amct_sample *out);

/* A copy whose structs are each `more` bytes longer than ours, filled with noise; or, if shorter,
 * as interface 1.0 has them. */
amct_graph_view amct_sample_spread(amct_trial *trial, const amct_graph_view *view, uint32_t more);
amct_graph_view amct_sample_shorter(amct_trial *trial, const amct_graph_view *view);

#endif
