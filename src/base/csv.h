/*
 * csv.h - a table of comma-separated values, as RFC 4180 has them: fields may be quoted, a quote
 * within is doubled. The first line names the columns.
 */
#ifndef AMCT_BASE_CSV_H
#define AMCT_BASE_CSV_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

typedef struct amct_csv {
    const char *path;
    uint32_t n_columns, n_rows;
    const char *const *names;
    const char *const *fields; /* n_rows x n_columns, without blanks around; never NULL */
    const uint32_t *lines;     /* of the file, per row, from 1 */
} amct_csv;

/* Everything lies in the arena. Lines of nothing are passed over. AMCT_E_FORMAT, naming file and
 * line, where a line has fewer or more fields than there are columns (but for empty ones at its
 * end), a quote is not closed, a byte is zero, or there are no columns: how a file that was cut
 * shows; AMCT_E_LIMIT where a field is longer than 64 KiB. */
amct_status amct_csv_read(amct_csv *out, amct_arena *arena, const char *path, amct_err *err);

/* The column of that name, -1 if there is none: letters of any case, "(us)" and the like and blanks
 * do not count, so that "Task Duration(us)" is "task duration". AMCT_E_FORMAT if there are two. */
amct_status amct_csv_column(int32_t *out, const amct_csv *csv, const char *name, amct_err *err);

#endif
