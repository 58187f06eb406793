/* What all candidates begin and end with: the genome, and where layers come from. */
#include "structure/structure_parts.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_structure_keep(bool *keep, const amct_structure *s, const uint32_t *kept,
                                amct_err *err)
{
    memset(keep, true, s->groups->lanes->n);
    for (uint32_t g = 0; kept && g < s->groups->n; g++) {
        const amct_group *group = &s->groups->groups[g];
        if (!kept[g] || kept[g] == group->n_lanes)
            continue;
        if (kept[g] > group->n_lanes || !s->orders[g])
            return amct_fail(err, AMCT_E_INVALID, "%u of %u channels of group '%s': %s", kept[g],
                             group->n_lanes, group->name,
                             s->orders[g] ? "there are not as many" : s->levels[g].why);
        for (uint32_t i = kept[g]; i < group->n_lanes; i++)
            keep[s->orders[g][i]] = false;
    }
    return AMCT_OK;
}

static amct_status check_ranks(const amct_structure *s, const amct_rank *ranks, amct_err *err)
{
    for (uint32_t l = 0; ranks && l < s->n_layers; l++) {
        if (ranks[l].rank && s->ranks[l].why)
            return amct_fail(err, AMCT_E_INVALID, "layer '%s' is not factorised: %s",
                             s->layers[l].name, s->ranks[l].why);
        if (ranks[l].rank < 0)
            return amct_fail(err, AMCT_E_INVALID, "layer '%s': rank %lld is less than 0",
                             s->layers[l].name, (long long)ranks[l].rank);
    }
    return AMCT_OK;
}

amct_status amct_structured_begin(amct_structured *made, amct_layer_form **forms,
                                  const amct_structure *s, const amct_structure_genome *genome,
                                  amct_err *err)
{
    *made = (amct_structured){.keep = malloc(s->groups->lanes->n + (size_t)1),
                              .errors = calloc(s->n_layers + (size_t)1, sizeof *made->errors)};
    *forms = calloc(s->n_layers + (size_t)1, sizeof **forms);
    if (!made->keep || !made->errors || !*forms)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_structure_keep(made->keep, s, genome->kept, err));
    return check_ranks(s, genome->ranks, err);
}

/* New layers are met in the order of the old ones, factors by their names. */
static bool comes_from(amct_part *part, const char *name, const char *old, bool factorised)
{
    size_t n = strlen(old);
    if (strncmp(name, old, n) != 0)
        return false;
    *part = !factorised                       ? AMCT_PART_WHOLE
            : strcmp(name + n, ".first") == 0 ? AMCT_PART_FIRST
                                              : AMCT_PART_SECOND;
    return strcmp(name + n, !factorised                ? ""
                            : *part == AMCT_PART_FIRST ? ".first"
                                                       : ".second") == 0;
}

amct_status amct_structured_trace(amct_structured *out, const amct_structure *s,
                                  const amct_layer_form *forms, amct_err *err)
{
    AMCT_TRY(amct_layers_find(&out->layers, &out->n_layers, out->graph, err));
    out->origins = calloc(out->n_layers + (size_t)1, sizeof *out->origins);
    if (!out->origins)
        return amct_fail_nomem(err);
    uint32_t at = 0; /* where the one before was found */
    for (uint32_t i = 0; i < out->n_layers; i++) {
        amct_layer_origin *o = &out->origins[i];
        uint32_t tried = 0;
        while (tried < s->n_layers &&
               !comes_from(&o->part, out->layers[i].name, s->layers[at].name, forms[at].factors)) {
            at = at + 1 < s->n_layers ? at + 1 : 0;
            tried++;
        }
        if (tried == s->n_layers)
            return amct_fail(err, AMCT_E_INTERNAL, "layer '%s' comes from nowhere",
                             out->layers[i].name);
        o->layer = at;
    }
    return AMCT_OK;
}

amct_status amct_structured_end(amct_structured *out, amct_structured *made, amct_layer_form *forms,
                                amct_status status)
{
    free(forms);
    if (status != AMCT_OK)
        amct_structured_free(made);
    else
        *out = *made;
    return status;
}

void amct_structured_free(amct_structured *structured)
{
    amct_graph_free(structured->graph);
    free(structured->layers);
    free(structured->origins);
    free(structured->keep);
    free(structured->errors);
    *structured = (amct_structured){0};
}
