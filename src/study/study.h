/*
 * study.h - what a search has measured, in OUT/study.sqlite: every candidate with its genome and
 * scores, and what is dear to compute again.
 *
 * A record is on disk when its call returns: a killed process loses what it was about to record,
 * nothing else. Fingerprints say what the records were measured with; a study of other ones is not
 * carried on. One process at a time has a study open. Not for several threads; not to be used in
 * forked children.
 */
#ifndef AMCT_STUDY_STUDY_H
#define AMCT_STUDY_STUDY_H

#include "base/err.h"

#include <stdbool.h>

typedef struct amct_study amct_study;

/* One thing that must be the same for records to be worth anything: "model", a hash. */
typedef struct amct_study_fingerprint {
    const char *key, *value;
} amct_study_fingerprint;

enum { AMCT_STUDY_SCORES = 8 };

/* Sums over the first n samples of the search; as amct_score of search/race.h. */
typedef struct amct_study_score {
    uint32_t n, lost, gained;
    double loss_sum, loss_sum_sq, expected_sum, expected_sum_sq;
} amct_study_score;

typedef struct amct_study_candidate {
    uint64_t number;
    bool probe;   /* a first look at single genes */
    bool refined; /* what refining left of an earlier one */
    bool failed;
    const uint8_t *genome; /* the index of a level per gene */
    uint32_t genome_size;
    double cost_ns; /* latency on the device */
    double seconds; /* of a processor, that measuring it took */
    uint32_t n_scores;
    amct_study_score scores[AMCT_STUDY_SCORES]; /* at the looks, the last where it ended */
} amct_study_candidate;

/* Opens the study in folder, which is made if it does not exist. AMCT_E_INVALID if the folder holds
 * a study with other fingerprints (the words say which), or files but no study; AMCT_E_IO if it
 * cannot be written or another process has it open. */
amct_status amct_study_open(amct_study **out, const char *folder,
                            const amct_study_fingerprint *fingerprints, size_t n, amct_err *err);
/* AMCT_E_IO if the study's file has been removed, moved or replaced since it was opened: then what
 * is recorded is lost. */
amct_status amct_study_check(const amct_study *study, amct_err *err);
const char *amct_study_path(const amct_study *study);
/* Whether folder holds a study: AMCT_E_INVALID with words for the user if not. */
amct_status amct_study_exists(const char *folder, amct_err *err);
void amct_study_free(amct_study *study); /* NULL is allowed */

/* Records a candidate; its number must be new. Fails as amct_study_check does. */
amct_status amct_study_put(amct_study *study, const amct_study_candidate *candidate, amct_err *err);
/* genome stays valid until the next call. */
amct_status amct_study_get(bool *found, amct_study_candidate *out, amct_study *study,
                           uint64_t number, amct_err *err);
/* Every candidate in the order of numbers; a failure of fn ends it and is returned. */
amct_status amct_study_each(amct_study *study,
                            amct_status (*fn)(void *ctx, const amct_study_candidate *candidate,
                                              amct_err *err),
                            void *ctx, amct_err *err);

/* Bytes under a kind and a key, replacing those before. */
amct_status amct_study_put_blob(amct_study *study, const char *kind, const char *key,
                                const void *data, size_t size, amct_err *err);
/* *data is NULL if there are none, or they are not what was put there; valid until the next call.
 */
amct_status amct_study_get_blob(const void **data, size_t *size, amct_study *study,
                                const char *kind, const char *key, amct_err *err);

#endif
