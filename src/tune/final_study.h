/*
 * final_study.h - what a study keeps of finalists by the numbers of their candidates: how they were
 * refined, and what they showed on the search and on the confirm samples.
 */
#ifndef AMCT_TUNE_FINAL_STUDY_H
#define AMCT_TUNE_FINAL_STUDY_H

#include "study/study.h"
#include "tune/refinery.h"

typedef struct amct_final_kept {
    amct_refined refined;
    amct_tally search; /* on all search samples */
} amct_final_kept;

/* how: "refined", on the calibration samples, or "refitted", on samples of the search, too. */

/* Keeps a refined candidate, unless it is larger than what a study takes: then it is made anew when
 * it is needed again. */
amct_status amct_final_save(amct_study *study, const char *how, uint64_t number,
                            const amct_final_kept *kept, const amct_candidate *candidate,
                            amct_err *err);
/* *found: the study has it, and the candidate, as amct_candidate_make made it, is what the study
 * says now; what it points to is in the arena. */
amct_status amct_final_load(bool *found, amct_final_kept *kept, amct_candidate *candidate,
                            amct_study *study, const char *how, uint64_t number, amct_arena *arena,
                            amct_err *err);

amct_status amct_final_save_confirmed(amct_study *study, uint64_t number, const amct_tally *tally,
                                      amct_err *err);
amct_status amct_final_load_confirmed(bool *found, amct_tally *tally, amct_study *study,
                                      uint64_t number, amct_err *err);

#endif
