/* The network of a genome, with its numbers. */
#include "structure/structure_parts.h"

static amct_status set_form(amct_layer_form *form, double *error, amct_structure *s, uint32_t l,
                            const bool *keep, amct_rank rank, amct_err *err)
{
    amct_pieces *pieces = &s->pieces[l];
    bool less =
        amct_piece_loses(s->graph, s->groups->lanes, s->layers[l].node, AMCT_LANE_TAKEN, keep);
    if (!pieces->gram || (!less && !rank.rank))
        return AMCT_OK;
    amct_piece *piece;
    AMCT_TRY(amct_piece_get(&piece, pieces, &s->maker, keep, err));
    const amct_piece_factors *f = NULL;
    if (rank.rank)
        AMCT_TRY(amct_piece_split(&f, piece, pieces, &s->maker, keep, rank.form, rank.rank, err));
    *error = f ? f->error : piece->error;
    if (f)
        *form = (amct_layer_form){.bias = f->bias, .factors = &f->factors};
    else if (less)
        *form = (amct_layer_form){.weights = piece->weights, .bias = piece->bias};
    return AMCT_OK;
}

static amct_status set_forms(amct_layer_form *forms, double *errors, amct_structure *s,
                             const bool *keep, const amct_structure_genome *genome, amct_err *err)
{
    for (uint32_t l = 0; l < s->n_layers; l++) {
        amct_rank rank = amct_structure_rank(genome, l);
        if (set_form(&forms[l], &errors[l], s, l, keep, rank, err) != AMCT_OK)
            return amct_fail_in(err, "layer '%s'", s->layers[l].name);
        if (s->maker.bytes > s->options.limit_bytes) {
            for (uint32_t i = 0; i < s->n_layers; i++)
                amct_pieces_shrink(&s->pieces[i]);
            s->maker.bytes = 0;
        }
    }
    return AMCT_OK;
}

amct_status amct_structure_build(amct_structured *out, amct_structure *s,
                                 const amct_structure_genome *genome, amct_err *err)
{
    amct_structured made;
    amct_layer_form *forms;
    if (s->outline)
        return amct_fail(err, AMCT_E_INTERNAL, "an outline has no numbers to build from");
    amct_status status = amct_structured_begin(&made, &forms, s, genome, err);
    if (status == AMCT_OK)
        status = set_forms(forms, made.errors, s, made.keep, genome, err);
    if (status == AMCT_OK)
        status = amct_restructure(&made.graph, s->graph, s->groups->lanes, made.keep, s->layers,
                                  s->n_layers, forms, err);
    if (status == AMCT_OK)
        status = amct_structured_trace(&made, s, forms, err);
    return amct_structured_end(out, &made, forms, status);
}
