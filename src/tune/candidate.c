#include "tune/candidate.h"

#include "compress/stitch.h"
#include "passes/prepare.h"

#include <stdlib.h>
#include <string.h>

bool amct_choices_are_structured(const uint8_t *choices, uint32_t n_layers,
                                 const amct_structure *structure)
{
    uint32_t n = amct_parts_choices(n_layers, structure);
    for (uint32_t i = n_layers; structure && i < n; i++)
        if (choices[i])
            return true;
    return false;
}

void amct_choices_structure(uint32_t *kept, amct_rank *ranks, const uint8_t *choices,
                            uint32_t n_layers, const amct_structure *structure)
{
    uint32_t n_groups = amct_parts_groups(structure);
    const uint8_t *groups = choices + n_layers, *layers = groups + n_groups;
    for (uint32_t g = 0; g < n_groups; g++)
        kept[g] = groups[g] ? amct_structure_group(structure, g).kept[groups[g] - 1] : 0;
    for (uint32_t l = 0; l < n_layers; l++)
        ranks[l] = layers[l] ? amct_structure_layer(structure, l).ranks[layers[l] - 1]
                             : (amct_rank){.rank = 0};
}

amct_status amct_choices_genome(amct_structure_genome *out, const uint8_t *choices,
                                uint32_t n_layers, const amct_structure *structure, amct_err *err)
{
    uint32_t n_groups = amct_parts_groups(structure);
    uint32_t *kept = calloc(n_groups + (size_t)1, sizeof *kept);
    amct_rank *ranks = calloc(n_layers + (size_t)1, sizeof *ranks);
    if (!kept || !ranks) {
        free(kept);
        free(ranks);
        return amct_fail_nomem(err);
    }
    amct_choices_structure(kept, ranks, choices, n_layers, structure);
    *out = (amct_structure_genome){kept, ranks};
    return AMCT_OK;
}

void amct_choices_free(amct_structure_genome *genome)
{
    free((void *)genome->kept);
    free((void *)genome->ranks);
}

static amct_status build(amct_candidate *c, const amct_parts *parts, const uint8_t *choices,
                         amct_err *err)
{
    amct_structure_genome genome;
    AMCT_TRY(amct_choices_genome(&genome, choices, parts->n_layers, parts->structure, err));
    amct_status status = amct_structure_build(&c->structured, parts->structure, &genome, err);
    amct_choices_free(&genome);
    AMCT_TRY(status);
    amct_hash_constants(c->structured.graph);
    c->graph = c->structured.graph;
    c->layers = c->structured.layers;
    c->n_layers = c->structured.n_layers;
    return AMCT_OK;
}

static amct_status take_levels(amct_candidate *c, const amct_parts *parts, const uint8_t *choices,
                               amct_err *err)
{
    c->levels = calloc(c->n_layers + (size_t)1, sizeof *c->levels);
    if (!c->levels)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < c->n_layers; i++) {
        bool structured = c->structured.graph;
        uint32_t origin = structured ? c->structured.origins[i].layer : i;
        amct_level_kind kind = (amct_level_kind)choices[origin];
        if (structured && c->layers[i].no_int8)
            continue;
        amct_status status =
            kind == AMCT_LEVEL_16 ? AMCT_OK
            : structured
                ? amct_derived_get(&c->levels[i], parts->derived, &c->structured, i, kind, err)
                : amct_leveldb_get(&c->levels[i], parts->levels, i, kind, err);
        if (status != AMCT_OK)
            return amct_fail_in(err, "layer '%s'", c->layers[i].name);
    }
    return AMCT_OK;
}

amct_status amct_candidate_make(amct_candidate *out, const amct_parts *parts,
                                const uint8_t *choices, amct_err *err)
{
    amct_candidate c = {
        .graph = parts->graph, .layers = parts->layers, .n_layers = parts->n_layers};
    amct_status status = AMCT_OK;
    if (amct_choices_are_structured(choices, parts->n_layers, parts->structure))
        status = build(&c, parts, choices, err);
    if (status == AMCT_OK)
        status = take_levels(&c, parts, choices, err);
    if (status != AMCT_OK)
        amct_candidate_free(&c);
    else
        *out = c;
    return status;
}

void amct_candidate_free(amct_candidate *candidate)
{
    amct_graph_free(candidate->restored);
    amct_structured_free(&candidate->structured);
    free(candidate->levels);
    *candidate = (amct_candidate){0};
}

amct_status amct_candidate_restore(amct_candidate *c, amct_graph *restored, amct_err *err)
{
    amct_layer *layers;
    uint32_t n;
    c->restored = restored;
    amct_hash_constants(restored);
    AMCT_TRY(amct_layers_find(&layers, &n, restored, err));
    if (n != c->n_layers) {
        free(layers);
        return amct_fail(err, AMCT_E_INTERNAL, "%u of %u layers are restored", n, c->n_layers);
    }
    free(c->structured.layers);
    c->structured.layers = layers;
    c->graph = restored;
    c->layers = layers;
    return AMCT_OK;
}

amct_status amct_candidate_stitch(amct_graph **out, const amct_candidate *candidate, amct_err *err)
{
    return amct_stitch(out, candidate->graph, candidate->layers, candidate->n_layers,
                       candidate->levels, err);
}
