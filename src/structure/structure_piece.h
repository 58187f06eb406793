/*
 * structure_piece.h - what structure.h keeps of a layer: its weights for each set of channels that
 * was asked for, and factors of these.
 */
#ifndef AMCT_STRUCTURE_STRUCTURE_PIECE_H
#define AMCT_STRUCTURE_STRUCTURE_PIECE_H

#include "structure/factorise.h"
#include "structure/groups.h"
#include "structure/refit.h"

enum { AMCT_SPLIT_FORMS = AMCT_SPLIT_COLUMNS + 1 };

typedef struct amct_piece_factors {
    amct_factors factors;
    const float *bias;
    double error;
} amct_piece_factors;

/* A layer with the channels that a key stands for. */
typedef struct amct_piece {
    amct_hash key;
    amct_columns columns; /* of what is left */
    const float *weights, *bias;
    double error; /* in units of the result's variance */
    amct_factoring *factorings[AMCT_SPLIT_FORMS];
    const amct_piece_factors **factors;
    uint32_t n_factors;
} amct_piece;

typedef struct amct_pieces {
    const amct_graph *graph;
    const amct_layer *layer;
    const amct_gram *gram;
    amct_piece **at;
    uint32_t n;
    amct_refit *refit; /* NULL: not now */
} amct_pieces;

/* What a piece is made with. */
typedef struct amct_piece_maker {
    const amct_lanes *lanes;
    const uint32_t *place; /* per lane, as refit.h wants it */
    double ridge;
    size_t bytes;      /* of what can be freed and made again */
    amct_arena *arena; /* of weights */
} amct_piece_maker;

/* Whether some of the channels that a node's weights have for a use are dropped. */
bool amct_piece_loses(const amct_graph *graph, const amct_lanes *lanes, uint32_t node,
                      amct_lane_use use, const bool *keep);
/* The columns of what is left of a layer that has moments. */
amct_columns amct_piece_columns(const amct_lanes *lanes, const amct_layer *layer,
                                const amct_gram *gram, const bool *keep);
/* The layer with those channels; it has moments. */
amct_status amct_piece_get(amct_piece **out, amct_pieces *pieces, amct_piece_maker *maker,
                           const bool *keep, amct_err *err);
/* Its factors. *out is NULL if the rank saves nothing. */
amct_status amct_piece_split(const amct_piece_factors **out, amct_piece *piece, amct_pieces *pieces,
                             amct_piece_maker *maker, const bool *keep, amct_split_form form,
                             int64_t rank, amct_err *err);
/* Frees what can be made again; everything but what lies in the arena. */
void amct_pieces_shrink(amct_pieces *pieces);
void amct_pieces_free(amct_pieces *pieces);

#endif
