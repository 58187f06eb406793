/*
 * maps.h - the files that an import may take bytes from: the model itself and those mapped beside
 * it, which live as long as an arena.
 */
#ifndef AMCT_IMPORT_MAPS_H
#define AMCT_IMPORT_MAPS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

/* Where a model comes from. */
typedef struct amct_import_place {
    amct_view model;     /* its bytes, which the caller keeps */
    bool is_file;        /* they are a mapped file */
    const char *folder;  /* where further files may be read; NULL: nowhere */
    const char *outside; /* a path, seen from where the program runs, that may be read wherever it
                            lies; NULL if there is none */
} amct_import_place;

typedef struct amct_mapped {
    const char *path; /* without links; "" for the model */
    bool is_file;
    amct_view view;
} amct_mapped;

typedef struct amct_maps {
    amct_arena *arena;
    char *folder;        /* without links; NULL if no further files may be read */
    const char *outside; /* the one name that may be opened outside of it; NULL if there is none */
    amct_mapped *at;
    size_t n, cap;
} amct_maps;

/* Begins with the model's bytes. place->outside must outlive maps. */
amct_status amct_maps_init(amct_maps *maps, amct_arena *arena, const amct_import_place *place,
                           amct_err *err);
void amct_maps_done(amct_maps *maps); /* what is mapped stays in the arena */

/* Maps the file `name` of the folder, or finds it mapped already. Names that are absolute, have a
 * ".." or lead out of the folder by a symbolic link are AMCT_E_INVALID unless they are `outside`;
 * missing files are AMCT_E_IO. */
amct_status amct_maps_open(amct_maps *maps, const char *name, amct_view *out, amct_err *err);

/* Whether all of the bytes lie inside one of the files. */
bool amct_maps_contain(const amct_maps *maps, const void *data, size_t size);
/* Gives the memory of these bytes back, and of some before them, if they are of a mapped file: read
 * again, they come from it again. For what has been copied. */
void amct_maps_forget(const amct_maps *maps, const void *data, size_t size);

#endif
