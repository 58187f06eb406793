/*
 * final_record.h - a refined candidate as one run of bytes, for the study and between processes: of
 * its layers how sources are quantised, weights, scales and biases; if it was restored (restore.h),
 * also the new numbers of the layers that stay at 16 bits. Those of the others are used no more.
 */
#ifndef AMCT_TUNE_FINAL_RECORD_H
#define AMCT_TUNE_FINAL_RECORD_H

#include "tune/candidate.h"

/* The same before and after the candidate is refined. */
size_t amct_final_record_size(const amct_candidate *candidate, bool restored);
void amct_final_record_write(char *record, const amct_candidate *candidate);
/* A candidate as amct_candidate_make made it becomes what the record holds, which has that size;
 * what it points to is in the arena then, which has to outlive it. */
amct_status amct_final_record_read(amct_candidate *candidate, bool restored, const char *record,
                                   amct_arena *arena, amct_err *err);

#endif
