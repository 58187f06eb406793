#include "tune/costing_shape.h"

#include <stdlib.h>

amct_status amct_shape_parts_start(amct_shape_parts *p, amct_err *err)
{
    int64_t most = 1;
    for (uint32_t i = 0; i < p->n_layers; i++)
        most = p->layers[i].channels > most ? p->layers[i].channels : most;
    for (uint32_t i = 0; p->structure && i < p->n_layers; i++) { /* first factors */
        amct_layer_ranks ranks = amct_structure_layer(p->structure, i);
        for (uint32_t k = 0; k < ranks.n; k++)
            most = ranks.ranks[k].rank > most ? ranks.ranks[k].rank : most;
    }
    p->ones = calloc((size_t)most, sizeof *p->ones);
    p->zeros = calloc((size_t)most, sizeof *p->zeros);
    if (!p->ones || !p->zeros)
        return amct_fail_nomem(err);
    for (int64_t i = 0; i < most; i++)
        p->ones[i] = 1;
    return AMCT_OK;
}

void amct_shape_parts_end(amct_shape_parts *p)
{
    free(p->ones);
    free(p->zeros);
}

void amct_costing_shape_free(amct_costing_shape *s)
{
    amct_structured_free(&s->structured);
    free(s->forms);
    free(s->levels);
}

uint32_t amct_costing_shape_origin(const amct_costing_shape *shape, uint32_t i)
{
    return shape->structured.graph ? shape->structured.origins[i].layer : i;
}

static amct_status set_structure(amct_costing_shape *s, const amct_shape_parts *p,
                                 const uint8_t *choices, amct_err *err)
{
    amct_structure_genome genome;
    AMCT_TRY(amct_choices_genome(&genome, choices, p->n_layers, p->structure, err));
    amct_status status = amct_structure_shape(&s->structured, p->structure, p->graph, &genome, err);
    amct_choices_free(&genome);
    AMCT_TRY(status);
    s->graph = s->structured.graph;
    s->layers = s->structured.layers;
    s->n_layers = s->structured.n_layers;
    return AMCT_OK;
}

static amct_status set_levels(amct_costing_shape *s, const amct_shape_parts *p,
                              const uint8_t *kinds, amct_err *err)
{
    s->forms = calloc(s->n_layers + (size_t)1, sizeof *s->forms);
    s->levels = calloc(s->n_layers + (size_t)1, sizeof *s->levels);
    if (!s->forms || !s->levels)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < s->n_layers; i++) {
        const amct_layer *l = &s->layers[i];
        amct_level_kind k = (amct_level_kind)kinds[amct_costing_shape_origin(s, i)];
        if (k == AMCT_LEVEL_16 || l->no_int8)
            continue;
        const amct_tensor *w = &s->graph->tensors[l->weights];
        s->forms[i] = (amct_quantised){.src = {1, 0},
                                       .src_bits = amct_level_src_bits(k),
                                       .weight_bits = amct_level_weight_bits(k),
                                       .sparse = amct_level_sparse(k),
                                       .n_weights = amct_shape_size(&w->shape),
                                       .n_scales = l->per_channel ? l->channels : 1,
                                       .channels = l->channels,
                                       .weights = w->data,
                                       .scales = p->ones,
                                       .bias = (const int32_t *)p->zeros,
                                       .blank = p->zeros};
        s->levels[i] = &s->forms[i];
    }
    return AMCT_OK;
}

amct_status amct_costing_shape_make(amct_costing_shape *out, const amct_shape_parts *p,
                                    const uint8_t *choices, amct_err *err)
{
    amct_costing_shape s = {.graph = p->graph, .layers = p->layers, .n_layers = p->n_layers};
    amct_status status = AMCT_OK;
    if (amct_choices_are_structured(choices, p->n_layers, p->structure))
        status = set_structure(&s, p, choices, err);
    if (status == AMCT_OK)
        status = set_levels(&s, p, choices, err);
    if (status != AMCT_OK)
        amct_costing_shape_free(&s);
    else
        *out = s;
    return status;
}
