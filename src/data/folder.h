/*
 * folder.h - what is in a folder, in the order of names.
 */
#ifndef AMCT_DATA_FOLDER_H
#define AMCT_DATA_FOLDER_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

typedef struct amct_folder_entry {
    const char *name;
    bool is_folder; /* or a link to one */
} amct_folder_entry;

typedef struct amct_folder {
    amct_folder_entry *entries; /* sorted by bytes; without those that begin with a dot */
    size_t n;
} amct_folder;

/* Lists a folder into the arena. */
amct_status amct_folder_list(amct_folder *out, amct_arena *arena, const char *path, amct_err *err);

#endif
