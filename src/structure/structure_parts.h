/*
 * structure_parts.h - shared by the files behind structure.h.
 */
#ifndef AMCT_STRUCTURE_STRUCTURE_PARTS_H
#define AMCT_STRUCTURE_STRUCTURE_PARTS_H

#include "structure/structure.h"
#include "structure/structure_piece.h"

struct amct_structure {
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    amct_structure_options options;
    bool outline; /* moments have shapes, but no numbers */
    amct_groups *groups;
    uint32_t **orders; /* per group: lanes, those that are kept first in front; NULL: all stay */
    amct_group_levels *levels; /* per group */
    amct_layer_ranks *ranks;   /* per layer */
    amct_pieces *pieces;       /* per layer */
    uint32_t *place;           /* per lane */
    amct_piece_maker maker;
    amct_arena *arena;
};

/* What can be chosen for group g, with the order of its lanes. */
amct_status amct_structure_list_group(amct_structure *s, uint32_t g, const amct_gram *const *grams,
                                      amct_err *err);
/* What can be chosen for layer l. gram NULL: it has no moments. */
amct_status amct_structure_list_ranks(amct_structure *s, uint32_t l, const amct_gram *gram,
                                      amct_err *err);

/* keep[]: which lanes are left. AMCT_E_INVALID as amct_structure_build says. */
amct_status amct_structure_keep(bool *keep, const amct_structure *s, const uint32_t *kept,
                                amct_err *err);
/* What a candidate begins with, if the genome is one: keep[], errors of 0, and forms of all layers
 * that leave them as they are. amct_structured_end frees it, after a failure too. */
amct_status amct_structured_begin(amct_structured *made, amct_layer_form **forms,
                                  const amct_structure *s, const amct_structure_genome *genome,
                                  amct_err *err);
/* The layers of made->graph, and where they come from. */
amct_status amct_structured_trace(amct_structured *made, const amct_structure *s,
                                  const amct_layer_form *forms, amct_err *err);
/* Frees forms; *out is *made if status is AMCT_OK, else *made is freed. Returns status. */
amct_status amct_structured_end(amct_structured *out, amct_structured *made, amct_layer_form *forms,
                                amct_status status);

/* Of a layer in a genome; 0: it is not factorised. */
static inline amct_rank amct_structure_rank(const amct_structure_genome *genome, uint32_t l)
{
    return genome->ranks ? genome->ranks[l] : (amct_rank){.rank = 0};
}

#endif
