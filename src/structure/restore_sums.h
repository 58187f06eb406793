/*
 * restore_sums.h - the rows that a layer of a sequential rebuild is fitted to, and their moments,
 * and what they solve for. Between restore_layer.c and restore_aim.c.
 */
#ifndef AMCT_STRUCTURE_RESTORE_SUMS_H
#define AMCT_STRUCTURE_RESTORE_SUMS_H

#include "structure/restore_layer.h"

/* What was added up of some of the samples: means, and moments about means. */
typedef struct amct_restore_fold {
    size_t n;           /* rows */
    double *c, *b;      /* per group: columns x columns, columns x outputs */
    double *mean, *aim; /* of x, of y */
} amct_restore_fold;

/* Samples that weights are fitted to, those that they are tried on, and all of them. */
enum { AMCT_RESTORE_FITTED, AMCT_RESTORE_TRIED, AMCT_RESTORE_ALL, AMCT_RESTORE_FOLDS };

/* One sample in four is tried on. */
static inline int amct_restore_fold_of(uint32_t sample)
{
    return sample % 4 == 3 ? AMCT_RESTORE_TRIED : AMCT_RESTORE_FITTED;
}

typedef struct amct_restore_sums {
    int64_t rows;           /* per sample that are taken */
    size_t width, channels; /* of all groups */
    size_t room;            /* for rows, of a batch at least */
    float *x, *y;           /* rows: what the layer reads, and the result that it should have */
    float *t;               /* what the candidate adds to it: as y; NULL: nothing */
    float *more;            /* room for as many results */
    float *gram, *cross;    /* of a group and a batch */
    uint32_t *at;
    amct_restore_fold folds[AMCT_RESTORE_FOLDS];
} amct_restore_sums;

/* stream: of the random numbers that choose the rows. Free *s, zeroed before, also on failure. */
amct_status amct_restore_sums_make(amct_restore_sums *s, const amct_restoring *r,
                                   const amct_pairs *pairs, uint32_t stream, amct_err *err);
void amct_restore_sums_free(amct_restore_sums *s);

/* Fills x, y and t from row n on with the rows of a batch's samples, those of a fold; how many rows
 * there are then. */
size_t amct_restore_read(amct_restore_sums *s, const amct_restoring *r, const amct_pair *p,
                         uint32_t stream, int fold, size_t n);

/* Of group g: what solves a fold, columns x columns, and what draws towards old weights. */
amct_status amct_restore_factor(double *factor, double *lambda, const amct_restore_fold *f,
                                const amct_columns *c, size_t g, double ridge, amct_err *err);
/* The weights of group g that solve a fold, columns x outputs, drawn towards old ones. */
void amct_restore_solve_by(double *w, const double *old, const amct_restore_fold *f,
                           const amct_columns *c, size_t g, const double *factor, double lambda);
/* Both. */
amct_status amct_restore_solve(double *w, const double *old, const amct_restore_fold *f,
                               const amct_columns *c, size_t g, double ridge, amct_err *err);
/* y = x w of all groups at n rows. w: per group columns x outputs. */
void amct_restore_multiply(float *y, const float *x, const float *w, const amct_columns *c,
                           size_t n);

#endif
