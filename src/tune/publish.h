/*
 * publish.h - writes a candidate to OUT/best, and makes sure that what was written is what was
 * measured.
 */
#ifndef AMCT_TUNE_PUBLISH_H
#define AMCT_TUNE_PUBLISH_H

#include "tune/setup.h"

/* Writes the files of a candidate into a fresh folder, reads
 * the models back through the importers, runs them on some samples, and puts the folder in the
 * place of OUT/best. Outputs that differ in a single bit from the candidate's are
 * AMCT_E_INTERNAL, and OUT/best stays as it was. */
amct_status amct_publish(const amct_setup *s, const amct_candidate *candidate, amct_err *err);

/* Whether amct_publish_to may replace the folder: it is not there, empty, or holds nothing but
 * what an earlier one wrote, and is not best/ of a search. AMCT_E_INVALID names what else is in it.
 */
amct_status amct_publish_may_replace(const char *folder, amct_err *err);
/* The same into any folder, which is replaced. */
amct_status amct_publish_to(const char *folder, const amct_setup *s,
                            const amct_candidate *candidate, amct_err *err);

/* What the files of a model are called in front: its file's name without the suffix. */
void amct_publish_prefix(char *prefix, size_t size, const amct_config *config);

#endif
