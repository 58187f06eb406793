#include "structure/structure_parts.h"

#include <stdlib.h>

/* Moments of all layers that can have some, without their numbers. */
static amct_status shape_grams(const amct_gram *const **out, amct_structure *s, amct_err *err)
{
    amct_gram *grams = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *grams);
    const amct_gram **of = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *of);
    if (!grams || !of)
        return amct_fail_nomem(err);
    for (uint32_t l = 0; l < s->n_layers; l++)
        if (amct_gram_shape(&grams[l], s->graph, &s->layers[l]))
            of[l] = &grams[l];
    *out = of;
    return AMCT_OK;
}

static amct_status begin(amct_structure *s, const amct_gram *const *grams, amct_err *err)
{
    AMCT_TRY(amct_groups_find(&s->groups, s->graph, s->options.other, err));
    if (s->outline)
        AMCT_TRY(shape_grams(&grams, s, err));
    s->orders = amct_arena_array(s->arena, s->groups->n + (size_t)1, sizeof *s->orders);
    s->levels = amct_arena_array(s->arena, s->groups->n + (size_t)1, sizeof *s->levels);
    s->ranks = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *s->ranks);
    s->pieces = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *s->pieces);
    s->place = amct_arena_array(s->arena, s->groups->lanes->n + (size_t)1, sizeof *s->place);
    if (!s->orders || !s->levels || !s->ranks || !s->pieces || !s->place)
        return amct_fail_nomem(err);
    for (uint32_t g = 0; g < s->groups->n; g++)
        AMCT_TRY(amct_structure_list_group(s, g, grams, err));
    for (uint32_t l = 0; l < s->n_layers; l++) {
        s->pieces[l] = (amct_pieces){.graph = s->graph, .layer = &s->layers[l], .gram = grams[l]};
        AMCT_TRY(amct_structure_list_ranks(s, l, grams[l], err));
    }
    s->maker = (amct_piece_maker){
        .lanes = s->groups->lanes, .place = s->place, .ridge = s->options.ridge, .arena = s->arena};
    return AMCT_OK;
}

/* What a structure is before it is begun. */
static amct_structure blank_structure(const amct_graph *graph, const amct_layer *layers,
                                      uint32_t n_layers, const amct_structure_options *options)
{
    amct_structure s = {
        .graph = graph, .layers = layers, .n_layers = n_layers, .options = *options};
    if (!s.options.multiple)
        s.options.multiple = 1;
    return s;
}

static amct_status make(amct_structure **out, const amct_structure *blank,
                        const amct_gram *const *grams, amct_err *err)
{
    amct_structure *s = malloc(sizeof *s);
    if (!s)
        return amct_fail_nomem(err);
    *s = *blank;
    s->arena = amct_arena_new();
    amct_status status = s->arena ? begin(s, grams, err) : amct_fail_nomem(err);
    if (status != AMCT_OK)
        amct_structure_free(s);
    else
        *out = s;
    return status;
}

amct_status amct_structure_new(amct_structure **out, const amct_graph *graph,
                               const amct_layer *layers, uint32_t n_layers,
                               const amct_gram *const *grams, uint32_t n_samples,
                               const amct_structure_options *options, amct_err *err)
{
    amct_structure blank = blank_structure(graph, layers, n_layers, options);
    if (blank.options.ridge <= 0)
        blank.options.ridge = amct_refit_ridge(n_samples);
    return make(out, &blank, grams, err);
}

amct_status amct_structure_outline(amct_structure **out, const amct_graph *graph,
                                   const amct_layer *layers, uint32_t n_layers,
                                   const amct_structure_options *options, amct_err *err)
{
    amct_structure blank = blank_structure(graph, layers, n_layers, options);
    blank.outline = true;
    return make(out, &blank, NULL, err);
}

void amct_structure_free(amct_structure *s)
{
    if (!s)
        return;
    for (uint32_t l = 0; s->pieces && l < s->n_layers; l++)
        amct_pieces_free(&s->pieces[l]);
    amct_groups_free(s->groups);
    amct_arena_free(s->arena);
    free(s);
}

uint32_t amct_structure_n_groups(const amct_structure *s)
{
    return s->groups->n;
}

amct_group_levels amct_structure_group(const amct_structure *s, uint32_t group)
{
    return s->levels[group];
}

amct_layer_ranks amct_structure_layer(const amct_structure *s, uint32_t layer)
{
    return s->ranks[layer];
}

int64_t amct_structure_group_of(const amct_structure *s, uint32_t layer)
{
    const amct_lanes *lanes = s->groups->lanes;
    uint32_t node = s->layers[layer].node;
    const amct_lane_operand *o = amct_lanes_operand(lanes, node, AMCT_LANE_MADE);
    if (!o)
        o = amct_lanes_operand(lanes, node, AMCT_LANE_THROUGH);
    return o ? (int64_t)s->groups->of_lane[o->lanes[0]] : -1;
}

const amct_groups *amct_structure_groups(const amct_structure *s)
{
    return s->groups;
}

const amct_lanes *amct_structure_lanes(const amct_structure *s)
{
    return s->groups->lanes;
}
