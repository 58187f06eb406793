#include "structure/derived_cut.h"

#include <stdlib.h>
#include <string.h>

/* Where a layer's channels lie in those of the original. */
typedef struct cutting {
    const amct_tensor *tensors, *old_tensors;
    const amct_layer *layer, *old;
    amct_columns columns, old_columns;
    int64_t *channel; /* of the original, per channel that is left */
    bool whole;       /* every group that is left has all that it read */
} cutting;

static amct_status begin(cutting *c, const amct_derive_source *source,
                         const amct_structured *candidate, uint32_t layer, amct_err *err)
{
    const amct_lanes *lanes = source->lanes;
    *c = (cutting){.tensors = candidate->graph->tensors,
                   .old_tensors = source->graph->tensors,
                   .layer = &candidate->layers[layer],
                   .old = &source->layers[candidate->origins[layer].layer]};
    AMCT_TRY(amct_columns_make(&c->columns, candidate->graph, c->layer, 1, err));
    AMCT_TRY(amct_columns_make(&c->old_columns, source->graph, c->old, 1, err));
    c->channel = malloc(((size_t)c->old->channels + 1) * sizeof *c->channel);
    if (!c->channel)
        return amct_fail_nomem(err);
    uint32_t dst = c->old->dst;
    int32_t axis = amct_layer_axis(c->old, &c->old_tensors[dst].shape);
    int64_t n = 0;
    for (int64_t i = 0; i < c->old->channels; i++)
        if (lanes->axis[dst] != axis || candidate->keep[lanes->of[dst][i]])
            c->channel[n++] = i;
    c->whole = n == c->layer->channels && c->columns.columns == c->old_columns.columns;
    return AMCT_OK;
}

/* The original's index of a weight, given its output among all of the layer. */
static int64_t old_weight(const cutting *c, int64_t channel, int64_t column)
{
    int64_t old = c->channel[channel], outputs = c->old_columns.outputs;
    return amct_columns_weight(&c->old_columns, old / outputs, old % outputs, column);
}

static int64_t new_weight(const cutting *c, int64_t channel, int64_t column)
{
    int64_t outputs = c->columns.outputs;
    return amct_columns_weight(&c->columns, channel / outputs, channel % outputs, column);
}

/* Channels of one group come from one group, and read what they read before. */
static bool same_groups(const cutting *c)
{
    for (int64_t i = 0; i < c->layer->channels; i++) {
        int64_t first = i / c->columns.outputs * c->columns.outputs;
        if (c->channel[i] / c->old_columns.outputs != c->channel[first] / c->old_columns.outputs)
            return false;
    }
    return true;
}

static bool same_numbers(const cutting *c)
{
    const float *w = c->tensors[c->layer->weights].data;
    const float *old = c->old_tensors[c->old->weights].data;
    bool bias = c->layer->bias != AMCT_NO_TENSOR;
    if (bias != (c->old->bias != AMCT_NO_TENSOR))
        return false;
    for (int64_t i = 0; i < c->layer->channels; i++) {
        if (bias && amct_constant_number(&c->tensors[c->layer->bias], i) !=
                        amct_constant_number(&c->old_tensors[c->old->bias], c->channel[i]))
            return false;
        for (int64_t k = 0; k < c->columns.columns; k++)
            if (w[new_weight(c, i, k)] != old[old_weight(c, i, k)])
                return false;
    }
    return true;
}

amct_status amct_derived_is_cut(bool *cut, const amct_derive_source *source,
                                const amct_structured *candidate, uint32_t layer, amct_err *err)
{
    cutting c;
    if (candidate->origins[layer].part != AMCT_PART_WHOLE) {
        *cut = false;
        return AMCT_OK;
    }
    amct_status status = begin(&c, source, candidate, layer, err);
    if (status == AMCT_OK)
        *cut = c.whole && same_groups(&c) && same_numbers(&c);
    free(c.channel);
    return status;
}

amct_status amct_derived_cut(amct_quantised *to, const amct_quantised *level,
                             const amct_derive_source *source, const amct_structured *candidate,
                             uint32_t layer, amct_err *err)
{
    cutting c;
    amct_status status = begin(&c, source, candidate, layer, err);
    for (int64_t i = 0; status == AMCT_OK && i < to->channels; i++) {
        for (int64_t k = 0; k < c.columns.columns; k++)
            ((int8_t *)to->weights)[new_weight(&c, i, k)] = level->weights[old_weight(&c, i, k)];
        ((int32_t *)to->bias)[i] = level->bias[c.channel[i]];
        if (to->n_scales > 1 || i == 0)
            ((float *)to->scales)[i] = level->scales[level->n_scales > 1 ? c.channel[i] : 0];
    }
    free(c.channel);
    if (status == AMCT_OK)
        to->weights_hash = amct_hash_bytes((amct_hash){0}, to->weights, (size_t)to->n_weights);
    return status;
}
