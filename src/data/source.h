/*
 * source.h - where samples come from, before they are decoded: files, or arrays in memory. The
 * first half of amct_dataset_open.
 */
#ifndef AMCT_DATA_SOURCE_H
#define AMCT_DATA_SOURCE_H

#include "base/arena.h"
#include "base/file.h"
#include "data/array.h"
#include "data/dataset.h"
#include "data/folder.h"
#include "data/sample_list.h"

#include <string.h>

typedef enum amct_source_kind {
    AMCT_SOURCE_PICTURES, /* files, one JPEG or PNG each */
    AMCT_SOURCE_RAW,      /* files, one float32 sample each */
    AMCT_SOURCE_ARRAYS    /* one after the other */
} amct_source_kind;

typedef struct amct_source_file {
    const char *path;
    const char *name; /* below the data set's folder */
    int64_t label;    /* 0 where there are none */
} amct_source_file;

typedef struct amct_source {
    amct_arena *arena; /* owns all of it, mappings too */
    const amct_dataset_options *options;
    const char *path;
    amct_source_kind kind;
    const char *format;
    uint32_t n;
    const amct_source_file *files; /* n, for the two kinds of files; else NULL */
    amct_array *arrays;
    uint32_t n_arrays;
    int64_t *labels;         /* n without offset, NULL if there are none */
    const char *labels_from; /* the file they come from, for messages */
    const uint32_t *lines;   /* n, of labels_from; NULL if it has none */
    amct_hash hash;          /* of the contents of arrays */
    uint64_t held_bytes;     /* of memory that amct_source_alloc gave */
} amct_source;

/* Finds out what path is, and lists or maps it. options must outlive the source. */
amct_status amct_source_open(amct_source *out, const char *path,
                             const amct_dataset_options *options, amct_err *err);
void amct_source_close(amct_source *source); /* a zeroed one is allowed */

/* ---- Between the files of the source ------------------------------------------------------- */

/* Maps a file until the source is closed, and mixes name and contents into the hash. */
amct_status amct_source_map(amct_source *source, amct_file *out, const char *path, amct_err *err);
/* The same, unpacked if it is a gzipped IDX file. */
amct_status amct_source_map_idx(amct_source *source, amct_file *out, const char *path,
                                amct_err *err);
/* What the memory limit leaves. */
uint64_t amct_source_memory_left(const amct_source *source);
/* Memory until the source is closed, in a file if it is beyond the limit. */
amct_status amct_source_alloc(amct_source *source, uint8_t **out, uint64_t size, amct_err *err);

/* A path below a folder, or `name` itself if it is absolute; in the arena, NULL without memory. */
const char *amct_source_join(amct_source *source, const char *folder, const char *name);

/* Turns an array of one integer a sample into the labels; `from` names its file. */
amct_status amct_source_set_labels(amct_source *source, const amct_array *array, const char *from,
                                   amct_err *err);
/* Reads the labels of arrays or raw files from a file of their own: .npy, IDX, or text. */
amct_status amct_source_read_labels(amct_source *source, const char *path, amct_err *err);

/* Files, added one by one. */
typedef struct amct_file_table {
    amct_source_file *files;
    uint32_t n;
    size_t room;
} amct_file_table;

/* Adds the file `name` of folder/subfolder; subfolder may be NULL. Strings go to the arena. */
amct_status amct_file_table_add(amct_file_table *table, amct_source *source, const char *folder,
                                const char *subfolder, const char *name, int64_t label,
                                amct_err *err);
void amct_file_table_free(amct_file_table *table);
/* Makes the files of the table the samples. */
amct_status amct_source_set_files(amct_source *source, const amct_file_table *table,
                                  amct_source_kind kind, bool labelled, const char *format,
                                  amct_err *err);

static inline bool amct_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A folder: pictures, or what else is in it; arrays are left to the two below. */
amct_status amct_source_open_folder(amct_source *source, const char *path, amct_err *err);
/* A file of arrays, or a list of .bin files. */
amct_status amct_source_open_file(amct_source *source, const char *path, amct_err *err);
/* All these CIFAR files; names are relative to folder. */
amct_status amct_source_open_cifar(amct_source *source, const char *folder,
                                   const char *const *names, size_t n, amct_err *err);
/* The entries of a list, relative to folder: pictures or .bin files. */
amct_status amct_source_open_list(amct_source *source, const char *folder, const char *list_path,
                                  amct_list_kind kind, amct_err *err);

#endif
