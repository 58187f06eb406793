/*
 * readers.h - the layers that read a channel group, as matrices: what a choice among its channels
 * is judged by.
 */
#ifndef AMCT_STRUCTURE_READERS_H
#define AMCT_STRUCTURE_READERS_H

#include "structure/groups.h"
#include "compress/moments.h"

/* Columns of a reader: a part (moments.h) of one of its own groups. */
typedef struct amct_reader {
    size_t n, outputs;
    uint32_t *lane; /* of each column: its place in the group, UINT32_MAX: another's */
    double *c;      /* n x n: covariance of the columns */
    double *w;      /* n x outputs: weights */
    double share;   /* 1 / variance of the layer's result, over its channels; 0 if that is 0 */
} amct_reader;

typedef struct amct_readers {
    amct_reader *at;
    uint32_t n;
    size_t cap;
} amct_readers;

/* Those with moments: grams[i] is that of layer i, or NULL. out is zeroed before, and has to be
 * freed after a failure, too. */
amct_status amct_readers_find(amct_readers *out, const amct_groups *groups, const amct_group *group,
                              const amct_layer *layers, uint32_t n_layers,
                              const amct_gram *const *grams, amct_err *err);
void amct_readers_free(amct_readers *readers);

/* place[lane]: its place in the group, UINT32_MAX for others. Freed with free. */
amct_status amct_group_places(uint32_t **place, const amct_groups *groups, const amct_group *group,
                              amct_err *err);

/* Takes lanes out of the group one after the other, always the one that costs least, until none is
 * left; when[place] is the step at which it went. The others make up for it, by least squares with
 * that ridge. Of more than a few hundred lanes some go at once. Uses the readers up. */
amct_status amct_readers_eliminate(double *when, amct_readers *readers, uint32_t n_lanes,
                                   double ridge, amct_err *err);

#endif
