/*
 * scoring.h - what a form of a network is worth on all samples of a search file: top-1, and how far
 * its outputs are from the original's. For the benchmarks.
 */
#ifndef BENCH_SCORING_H
#define BENCH_SCORING_H

#include "tune/evaluator.h"
#include "tune/model.h"
#include "tune/samples.h"

typedef struct scoring {
    amct_config *config, *scored_config;
    amct_plugins *plugins;
    amct_model model; /* at its evaluation batch, constants hashed */
    amct_dataset *data, *scored;
    amct_outputs outputs;
    uint32_t n_calibration, jobs;
    float *original, *rows; /* of the scored samples */
} scoring;

/* Opens calibration and, if not NULL, scored search files, and runs the original. */
amct_status scoring_open(scoring *s, const char *calibration, uint32_t n_calibration,
                         const char *scored, amct_err *err);
/* Runs a form and prints a line: what it is, then for all scored samples, and if they are those of
 * the calibration for those behind the first n_calibration, top-1 in %, its difference to the
 * original's, agreement with the original, and KL divergence. */
amct_status scoring_print(const scoring *s, const char *what, const amct_graph *form,
                          amct_err *err);
/* Rows of a form on all scored samples, by as many processes as there are processors. rows: shared,
 * like s->rows. */
amct_status scoring_rows(float *rows, const scoring *s, const amct_graph *form, amct_err *err);
/* Such rows against the labels and the original, from sample `first` on. */
amct_tally scoring_tally(const scoring *s, const float *rows, uint32_t first);
/* Rows of a form on the samples of a feed, in this process. */
amct_status scoring_run(float *rows, const scoring *s, amct_exec *exec, const amct_graph *form,
                        const amct_feed *feed, amct_err *err);
/* Mean KL divergence of n rows. */
double scoring_kl(const scoring *s, const float *original, const float *rows, uint32_t n);
/* The first n_calibration samples; selection is filled and must outlive it. */
amct_feed scoring_feed(const scoring *s, amct_selection *selection);
double scoring_now(void); /* seconds */

#endif
