/*
 * profile_files.h - the CSV files that `msprof` wrote into a folder, and below it.
 */
#ifndef AMCT_MEASURE_PROFILE_FILES_H
#define AMCT_MEASURE_PROFILE_FILES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

typedef struct amct_profile_file {
    const char *path;
    const char *run;    /* the folder PROF_... that it lies in, which is of one run of msprof; else
                         * the folder that it lies in itself */
    const char *device; /* "0" below a folder device_0, "" elsewhere */
} amct_profile_file;

enum { AMCT_PROFILE_FILES = 256 }; /* of a kind, at most */

typedef struct amct_profile_list {
    amct_profile_file at[AMCT_PROFILE_FILES];
    uint32_t n;
} amct_profile_list;

typedef struct amct_profile_files {
    amct_profile_list summaries, fusions, statistics; /* op_summary*.csv ..., in order of paths */
} amct_profile_files;

/* Finds them at any sane depth; links to files are followed, those to folders are not. Texts lie in
 * the arena. AMCT_E_IO if folder is none that can be read, or if what has such a name is no file;
 * AMCT_E_INVALID if there is neither an op_summary nor an op_statistic. */
amct_status amct_profile_find(amct_profile_files *out, amct_arena *arena, const char *folder,
                              amct_err *err);

/* Of the content of all of them. */
amct_status amct_profile_hash(amct_hash *out, const char *folder, amct_err *err);

#endif
