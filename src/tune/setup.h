/*
 * setup.h - everything a search works on, made in an order in which bad input is found before
 * anything is written or computed for long.
 */
#ifndef AMCT_TUNE_SETUP_H
#define AMCT_TUNE_SETUP_H

#include "tune/finals.h"
#include "tune/loop.h"
#include "tune/model.h"
#include "tune/detection.h"

typedef struct amct_setup {
    const amct_config *asked;  /* by the user */
    const amct_config *config; /* the same, settled */
    amct_config settled;
    uint32_t jobs;
    amct_plugins *plugins;
    amct_model model;       /* at the batch size of evaluation */
    amct_graph *cost_graph; /* at the batch size of the device */
    amct_costing *costing;
    amct_estimating *confirming; /* confirming.h; NULL: estimates have the last word */
    amct_graph_cost measured;    /* the original, as that measured it */

    amct_dataset *dataset;
    amct_split split;
    amct_selection calibration, search, confirm;
    amct_selection refit; /* that finalists are refined on (setup_refit.c) */
    uint32_t *refit_indices;
    int32_t *search_labels, *confirm_labels;
    amct_outputs outputs;
    float *rows; /* shared: the original's, of the search samples and then the confirm samples */
    size_t rows_bytes;
    amct_detection_data detection;
    amct_judge search_judge, confirm_judge;
    amct_tally search_baseline, confirm_baseline;
    double budget_ratio; /* absolute */

    amct_study *study;
    amct_calibration *stats;
    amct_level_options level;
    amct_leveldb *levels;
    amct_moments *moments;   /* this and what follows only with a choice of channels or ranks */
    const amct_gram **grams; /* per layer, NULL where there are none */
    amct_structure *structure;
    amct_derived *derived;
    amct_genes genes;
    amct_prefix *prefix;
    amct_stages stages;
    amct_bench bench;
    uint32_t refine_at_a_time, refit_at_a_time; /* candidates (refine_all.h) */
    amct_graph_cost original_cost;
} amct_setup;

/* A setup stays where it is: config points into it. Loads and checks model, target and data, splits
 * the samples and finds the genes. Writes nothing.
 */
amct_status amct_setup_inputs(amct_setup *s, const amct_config *config, amct_err *err);
/* Begins costing anew, with what is known by now, and costs the original. */
amct_status amct_setup_costing(amct_setup *s, amct_err *err);
/* Runs the original network on the search and confirm samples. */
amct_status amct_setup_baseline(amct_setup *s, amct_err *err);
/* Sets budget_ratio from what the user said, once the original was run. */
void amct_setup_budget(amct_setup *s, double max_drop_ratio, bool relative);
/* Whether the confirm samples could prove the budget if no answer changed; if not, how many would
 * do goes to *needed. Always true where nothing is to be proven, or the metric is the cosine. */
bool amct_setup_provable(const amct_setup *s, double *needed);
/* Opens or makes the study in config->output. */
amct_status amct_setup_study(amct_setup *s, amct_err *err);
/* Calibrates, fills the level database with what the genes may want, and finds the genes of
 * channels and ranks. */
amct_status amct_setup_levels(amct_setup *s, amct_err *err);
/* The genes of channels and ranks as far as they can be told before any sample was run: with them
 * nothing can be searched (amct_structure_outline). Nothing happens if none are asked for. */
amct_status amct_setup_outline(amct_setup *s, amct_err *err);
/* Of the memory limit, what refining may take: half, less what samples take of that, but a quarter
 * at least. */
size_t amct_setup_refine_bytes(const amct_setup *s);
/* The samples that finalists are refined on: if the confirm samples judge them, these are what the
 * search has looked at, too. */
amct_status amct_setup_refit(amct_setup *s, amct_err *err);
/* Once the original was run: of the search samples those whose answers are least sure. */
amct_status amct_setup_refit_choose(amct_setup *s, amct_err *err);
/* Once the bench is made: of the search samples only as many as two finalists at once can be
 * restored on within the limit. */
amct_status amct_setup_refit_cut(amct_setup *s, size_t limit_bytes, amct_err *err);
/* Computes what comes before all genes, and how many candidates can be refined at once. */
amct_status amct_setup_bench(amct_setup *s, amct_err *err);
void amct_setup_free(amct_setup *s);

#endif
