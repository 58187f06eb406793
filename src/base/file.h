/*
 * file.h - files: mapped for reading, written whole or not at all.
 */
#ifndef AMCT_BASE_FILE_H
#define AMCT_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>

/* A regular file mapped read-only. data is NULL for an empty one. */
typedef struct amct_file {
    const void *data;
    size_t size;
} amct_file;

/* Fails with AMCT_E_IO, naming the path, if it is not a regular, readable file. */
amct_status amct_file_map(amct_file *out, const char *path, amct_err *err);
void amct_file_unmap(amct_file *file); /* a zeroed one is allowed */

/* Writes size bytes to path in the way of writer.h: path holds either what it held before or all of
 * data, whatever happens. */
amct_status amct_file_write(const char *path, const void *data, size_t size, amct_err *err);

/* Creates the folder and those above it; one that exists is fine. */
amct_status amct_folder_make(const char *path, amct_err *err);
/* Whether amct_folder_make could make it, as far as can be seen without doing so: what is there of
 * the path are folders, and the last one may be written to. */
amct_status amct_folder_check(const char *path, amct_err *err);
/* Makes an empty folder "amct-NAME-" and six random characters below TMPDIR, else /tmp, that others
 * cannot enter. *out is its malloc'd path. */
amct_status amct_folder_make_temporary(char **out, const char *name, amct_err *err);
/* Removes a folder with all that is in it; one that does not exist is fine. */
amct_status amct_folder_remove(const char *path, amct_err *err);
/* Puts the folder `fresh` in the place of `path`, in one step if the system can; what was at path
 * before is removed. */
amct_status amct_folder_replace(const char *path, const char *fresh, amct_err *err);

/* "folder/name", or name alone if it is absolute or folder is empty. malloc'd; NULL when out of
 * memory. */
char *amct_path_join(const char *folder, const char *name);
/* The part behind the last slash; points into path. */
const char *amct_path_base(const char *path);
/* The part before the last slash, "." if there is none. malloc'd; NULL when out of memory. */
char *amct_path_folder(const char *path);

#endif
