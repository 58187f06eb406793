/*
 * trial.h - one case in a process of its own, seen from inside it. What goes wrong ends the process
 * at once, so that a case is written as if everything went well.
 */
#ifndef AMCT_CONFORM_TRIAL_H
#define AMCT_CONFORM_TRIAL_H

#include "conform/conform.h"

#include <stdbool.h>

/* Memory that the case and who waits for it share. */
typedef struct amct_trial_board {
    bool ended; /* the case came to an end of its own */
    uint32_t verdict;
    char found[AMCT_ERR_TEXT];
    char at[256]; /* what is being done, for the case that it does not end */
    amct_conform_identity identity;
} amct_trial_board;

typedef struct amct_trial {
    const amct_conform_subject *subject;
    const amct_plugin *plugin;
    amct_trial_board *board;
    const char *folder; /* amct_trial_folder */
} amct_trial;

typedef void amct_trial_fn(amct_trial *trial);

/* Runs fn on the loaded plugin in a fresh process and waits. board says how it ended, whatever
 * happened. Fails only if no process can be started. */
amct_status amct_trial_run(amct_trial_board *board, const amct_conform_subject *subject,
                           amct_trial_fn *fn, amct_err *err);

/* ---- In a case ----------------------------------------------------------------------------- */

/* What the plugin did against the rule: ends the case. */
_Noreturn void amct_trial_fail(amct_trial *trial, const char *fmt, ...) AMCT_PRINTF(2, 3);
/* Why it cannot be tried: ends the case. */
_Noreturn void amct_trial_skip(amct_trial *trial, const char *fmt, ...) AMCT_PRINTF(2, 3);
/* Goes on. */
void amct_trial_warn(amct_trial *trial, const char *fmt, ...) AMCT_PRINTF(2, 3);
/* Says what is done next. */
void amct_trial_at(amct_trial *trial, const char *fmt, ...) AMCT_PRINTF(2, 3);
/* An empty folder for the case's files; who waits for it removes it, however the case ends. Ends the
 * case if there is none. */
const char *amct_trial_folder(amct_trial *trial);
double amct_trial_seconds(void); /* of a clock that only runs forward */
/* A failure of ours, which says nothing about the plugin: ends the case. */
void amct_trial_need(amct_trial *trial, amct_status status, const amct_err *err);

#endif
