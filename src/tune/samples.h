/*
 * samples.h - the user's data as the network's input: opened, split, fed to plans.
 */
#ifndef AMCT_TUNE_SAMPLES_H
#define AMCT_TUNE_SAMPLES_H

#include "data/split.h"
#include "exec/feed.h"
#include "tune/config.h"

/* Opens config's data for the only input of a prepared graph. classes: of the network, 0 if it does
 * not classify. spill_folder may be NULL. Unreadable files are reported on stderr. */
amct_status amct_samples_open(amct_dataset **out, const amct_config *config,
                              const amct_graph *graph, uint32_t classes, const char *spill_folder,
                              uint32_t jobs, amct_err *err);

/* Some samples of a data set in a fixed order. */
typedef struct amct_selection {
    const amct_dataset *dataset;
    const uint32_t *indices; /* NULL: all, in order */
    uint32_t n;
} amct_selection;

/* The selection must outlive the feed. */
amct_feed amct_selection_feed(const amct_selection *selection);

/* labels[i] of the selection's samples, malloc'd; NULL if there are none (or no memory: *failed).
 */
int32_t *amct_selection_labels(const amct_selection *selection, bool *failed);

#endif
