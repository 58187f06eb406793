/*
 * sample_list.h - text files that name samples or their labels, one a line.
 */
#ifndef AMCT_DATA_SAMPLE_LIST_H
#define AMCT_DATA_SAMPLE_LIST_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

typedef enum amct_list_kind {
    AMCT_LIST_LABELLED, /* `file label`: the label is the last field, blanks in the name are kept */
    AMCT_LIST_FILES,    /* `file` or `file label`, the same in all lines */
    AMCT_LIST_LABELS    /* `label` */
} amct_list_kind;

typedef struct amct_list_entry {
    const char *file; /* NULL in a list of labels */
    int64_t label;    /* 0 where there is none */
    uint32_t line;    /* from 1 */
} amct_list_entry;

typedef struct amct_sample_list {
    amct_list_entry *entries; /* in the order of the file */
    uint32_t n;               /* at least 1 */
    bool labelled;
} amct_sample_list;

/* Reads the bytes of a list into the arena. Empty lines are skipped; \r\n, and a UTF-8 mark in
 * front, are understood. Messages begin with `line 3: `. [any thread] */
amct_status amct_sample_list_parse(amct_sample_list *out, amct_arena *arena, const void *bytes,
                                   size_t size, amct_list_kind kind, amct_err *err);

#endif
