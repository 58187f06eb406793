/*
 * latency_table.h - a text file of rows and named columns: CSV with quotes, or columns between
 * tabs.
 */
#ifndef AMCT_BENCH_LATENCY_TABLE_H
#define AMCT_BENCH_LATENCY_TABLE_H

#include "base/arena.h"
#include "base/err.h"

enum { LATENCY_COLUMNS = 16 };

typedef struct latency_table {
    char *(*rows)[LATENCY_COLUMNS]; /* the first is the names; never NULL */
    uint32_t n_rows;
} latency_table;

amct_status latency_table_read(latency_table *out, amct_arena *arena, const char *path,
                               char separator, amct_err *err);
/* Column of that name. */
amct_status latency_table_column(uint32_t *out, const latency_table *table, const char *name,
                                 amct_err *err);

#endif
