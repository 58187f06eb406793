/*
 * derive_parts.h - shared by the files behind derive.h.
 */
#ifndef AMCT_STRUCTURE_DERIVE_PARTS_H
#define AMCT_STRUCTURE_DERIVE_PARTS_H

#include "structure/derive.h"

typedef struct amct_deriving {
    const amct_derive_source *source;
    const amct_structured *candidate;
    const amct_layer *layer; /* of the candidate */
    const amct_layer *from;  /* of the original */
    const amct_layer_stats *stats;
    const amct_gram *gram; /* of the original; NULL: none, or of several parts */
    amct_part part;
    bool want_gram;
    /* channels of the original's source */
    bool *kept;
    int64_t n_channels, n_kept;
    amct_columns columns; /* of the layer of the candidate */
    /* Columns of the original that are left, in a group: at[j * p + i] at place i of the first
     * window and place j of the second one; s is 1 for a whole layer. */
    int64_t *at;
    size_t p, s;
} amct_deriving;

/* Memory for the gram of the layer, with its columns and rows. */
amct_gram *amct_derive_new_gram(const amct_deriving *d);
/* The statistics, and the gram if it is wanted, of a second factor. */
amct_status amct_derive_second(amct_derivation *out, const amct_deriving *d,
                               const amct_layer *first, const amct_columns *first_columns,
                               amct_err *err);

/* An element of the triangle of a group of a gram of one part, of k columns, before units. */
static inline double amct_derive_sum(const int64_t *group, int64_t k, int64_t a, int64_t b)
{
    int64_t i = a < b ? a : b, j = a < b ? b : a;
    return (double)group[i * (2 * k - i + 1) / 2 + j - i];
}
/* Numbers of a group of such a gram. */
static inline size_t amct_derive_group(size_t k)
{
    return k * (k + 1) / 2 + k;
}

#endif
