/*
 * cases.h - the lists of cases, in the order in which they are tried.
 */
#ifndef AMCT_CONFORM_CASES_H
#define AMCT_CONFORM_CASES_H

#include "conform/trial.h"

typedef struct amct_case {
    const char *name, *rule;
    amct_trial_fn *run;
} amct_case;

/* Each ends with an entry without a name. */
extern const amct_case amct_common_cases[];    /* of every plugin: what is seen without calling */
extern const amct_case amct_manners_cases[];   /* of every plugin: what it leaves behind */
extern const amct_case amct_probe_cases[];     /* importers */
extern const amct_case amct_importer_cases[];  /* what a good host asks of an importer */
extern const amct_case amct_hostile_cases[];   /* importers: bad files, bad hosts */
extern const amct_case amct_estimator_cases[]; /* what a good host asks of an estimator */
extern const amct_case amct_graph_cases[];     /* estimators: answers about networks */

/* Lets the plugin do everything, with what it must refuse; for amct_manners_cases. strict: misuse
 * of the host table fails the case. */
void amct_importer_exercise(amct_trial *trial, bool strict);
void amct_estimator_exercise(amct_trial *trial, bool strict);

enum { AMCT_PROBE_BYTES = 4096 }; /* that `probe` is shown at most */

/* An option key and value that nobody knows. */
#define AMCT_CASE_NO_KEY   "no-such-option-7"
#define AMCT_CASE_NO_VALUE "no such value 7"

/* Fails the case unless `call`, which returned `code` and gave `err`, was refused in words with one
 * of two codes; b may be a. */
void amct_case_refused(amct_trial *trial, const char *what, const char *call, int32_t code,
                       const amct_err *err, int32_t a, int32_t b);
/* Fails the case if text is NULL, empty, not UTF-8 or more than one line. */
void amct_case_text(amct_trial *trial, const char *what, const char *text);

#endif
