#include "structure/readers.h"

#include "base/grow.h"
#include "structure/covariance.h"
#include "compress/linalg.h"

#include <float.h>
#include <stdlib.h>

amct_status amct_group_places(uint32_t **place, const amct_groups *groups, const amct_group *group,
                              amct_err *err)
{
    uint32_t *places = malloc((groups->lanes->n + (size_t)1) * sizeof *places);
    if (!places)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < groups->lanes->n; i++)
        places[i] = UINT32_MAX;
    for (uint32_t i = 0; i < group->n_lanes; i++)
        places[group->lanes[i]] = i;
    *place = places;
    return AMCT_OK;
}

void amct_readers_free(amct_readers *v)
{
    for (uint32_t i = 0; i < v->n; i++) {
        free(v->at[i].lane);
        free(v->at[i].c);
        free(v->at[i].w);
    }
    free(v->at);
}

static amct_status add_part(amct_readers *to, double *energy, const amct_gram *gram,
                            const float *weights, const uint32_t *taken, const uint32_t *place,
                            int64_t group, int64_t part, amct_err *err)
{
    const amct_columns *columns = &gram->columns;
    size_t n = (size_t)amct_gram_width(gram, part), outputs = (size_t)columns->outputs;
    int64_t first = part * gram->part_columns;
    AMCT_TRY(amct_grow(&to->at, to->n, &to->cap, sizeof *to->at, err));
    amct_reader *v = &to->at[to->n++];
    *v = (amct_reader){.n = n, .outputs = outputs};
    v->lane = malloc((n + 1) * sizeof *v->lane);
    v->c = malloc((n * n + 1) * sizeof *v->c);
    v->w = malloc((n * outputs + 1) * sizeof *v->w);
    double *room = malloc((n * outputs + n + 1) * sizeof *room);
    if (!v->lane || !v->c || !v->w || !room) {
        free(room);
        return amct_fail_nomem(err);
    }
    for (size_t i = 0; i < n; i++)
        v->lane[i] = place[taken[(first + (int64_t)i) / columns->taps]];
    amct_gram_covariance(v->c, room, gram, group, part);
    amct_covariance_weights(v->w, columns, weights, group, first, n);
    amct_linalg_product(room, outputs, v->c, n, v->w, outputs, n, n, outputs);
    *energy += amct_covariance_dot(room, v->w, n * outputs);
    free(room);
    return AMCT_OK;
}

/* All views of one reader. */
static amct_status add_reader(amct_readers *to, const amct_graph *graph, const amct_layer *layer,
                              const amct_gram *gram, const uint32_t *taken, const uint32_t *place,
                              amct_err *err)
{
    uint32_t first = to->n;
    double energy = 0;
    for (int64_t g = 0; g < gram->columns.groups; g++)
        for (int64_t p = 0; p < gram->parts; p++)
            AMCT_TRY(add_part(to, &energy, gram, graph->tensors[layer->weights].data, taken, place,
                              g, p, err));
    for (uint32_t i = first; i < to->n; i++)
        to->at[i].share = energy > DBL_MIN ? 1 / energy : 0;
    return AMCT_OK;
}

static uint32_t layer_of(const amct_layer *layers, uint32_t n_layers, uint32_t node)
{
    uint32_t i = 0;
    while (i < n_layers && layers[i].node != node)
        i++;
    return i;
}

amct_status amct_readers_find(amct_readers *to, const amct_groups *groups, const amct_group *group,
                              const amct_layer *layers, uint32_t n_layers,
                              const amct_gram *const *grams, amct_err *err)
{
    uint32_t *place;
    AMCT_TRY(amct_group_places(&place, groups, group, err));
    amct_status status = AMCT_OK;
    for (uint32_t i = 0; status == AMCT_OK && i < group->n_members; i++) {
        const amct_lane_operand *o = &groups->lanes->operands[group->members[i].operand];
        uint32_t l = layer_of(layers, n_layers, o->node);
        if (o->use == AMCT_LANE_TAKEN && l < n_layers && grams[l])
            status = add_reader(to, groups->graph, &layers[l], grams[l], o->lanes, place, err);
    }
    free(place);
    return status;
}
