#include "structure/derive_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- What is left of the source ---------------------------------------------------------------
 */

static amct_status find_kept(amct_deriving *d, amct_err *err)
{
    const amct_lanes *lanes = d->source->lanes;
    uint32_t src = d->from->src;
    const amct_shape *shape = &d->source->graph->tensors[src].shape;
    int32_t axis = amct_layer_axis(d->from, shape);
    d->n_channels = shape->dims[axis];
    d->kept = malloc((size_t)d->n_channels + 1);
    if (!d->kept)
        return amct_fail_nomem(err);
    for (int64_t c = 0; c < d->n_channels; c++)
        d->n_kept += d->kept[c] = lanes->axis[src] != axis || d->candidate->keep[lanes->of[src][c]];
    return AMCT_OK;
}

/* Which places of the two windows a tap of the whole one is made of. Dims along which the first one
 * does not reach are the second one's. */
static void split_tap(size_t *i, size_t *j, const amct_columns *whole, const amct_columns *first,
                      int64_t tap)
{
    *i = *j = 0;
    for (int d = 0; whole->plane && d < 3; d++) {
        const int64_t *k = whole->window.kernel;
        int64_t place = d == 0 ? tap / (k[1] * k[2]) : d == 1 ? tap / k[2] % k[1] : tap % k[2];
        size_t *to = first->window.kernel[d] > 1 ? i : j;
        *to = *to * (size_t)k[d] + (size_t)place;
    }
}

static amct_status no_origin(const amct_deriving *d, amct_err *err)
{
    return amct_fail(err, AMCT_E_INTERNAL, "it does not come from '%s'", d->from->name);
}

static amct_status find_places(amct_deriving *d, const amct_columns *first, amct_err *err)
{
    const amct_columns *whole = &d->gram->columns;
    size_t n = 0;
    for (int i = 0; whole->plane && i < 3; i++)
        if (!first->plane ||
            (first->window.kernel[i] != 1 && first->window.kernel[i] != whole->window.kernel[i]))
            return no_origin(d, err);
    int64_t group = 0; /* the first that is kept */
    while (group < whole->groups - 1 &&
           !memchr(d->kept + group * whole->channels, true, (size_t)whole->channels))
        group++;
    d->p = (size_t)first->columns;
    d->s = (size_t)(whole->taps / first->taps);
    d->at = malloc((d->p * d->s + 1) * sizeof *d->at);
    if (!d->at)
        return amct_fail_nomem(err);
    for (int64_t c = 0; c < whole->channels; c++) {
        if (!d->kept[group * whole->channels + c])
            continue;
        for (int64_t tap = 0; tap < whole->taps && n < (size_t)first->channels; tap++) {
            size_t i, j;
            split_tap(&i, &j, whole, first, tap);
            d->at[j * d->p + n * (size_t)first->taps + i] = c * whole->taps + tap;
        }
        n++;
    }
    return n == (size_t)first->channels ? AMCT_OK : no_origin(d, err);
}

/* ---- Whole layers and first factors -----------------------------------------------------------
 */

amct_gram *amct_derive_new_gram(const amct_deriving *d)
{
    size_t k = (size_t)d->columns.columns, n = amct_derive_group(k) * (size_t)d->columns.groups;
    amct_gram *gram = malloc(sizeof *gram + (n + 1) * sizeof *gram->sums);
    if (gram)
        *gram = (amct_gram){.columns = d->columns,
                            .parts = 1,
                            .part_columns = d->columns.columns,
                            .rows = d->gram->rows,
                            .sums = (const int64_t *)(gram + 1),
                            .unit = d->gram->unit,
                            .mean_unit = d->gram->mean_unit};
    return gram;
}

/* The sums of the columns that are left, as they are. */
static amct_status select_gram(amct_derivation *out, const amct_deriving *d, amct_err *err)
{
    const amct_columns *whole = &d->gram->columns;
    amct_gram *gram = out->gram = amct_derive_new_gram(d);
    if (!gram)
        return amct_fail_nomem(err);
    int64_t *to = (int64_t *)gram->sums, k = whole->columns;
    const int64_t *at = d->at + d->s / 2 * d->p; /* the centre */
    int64_t left = d->columns.groups;
    for (int64_t g = 0; g < whole->groups; g++) {
        if (!memchr(d->kept + g * whole->channels, true, (size_t)whole->channels))
            continue;
        if (left-- == 0)
            break;
        const int64_t *from = d->gram->sums + (size_t)g * amct_derive_group((size_t)k);
        for (size_t i = 0; i < d->p; i++) {
            const int64_t *row = from + at[i] * (2 * k - at[i] + 1) / 2 - at[i];
            for (size_t j = i; j < d->p; j++)
                *to++ = row[at[j]];
        }
        for (size_t i = 0; i < d->p; i++)
            *to++ = from[k * (k + 1) / 2 + at[i]];
    }
    return left ? no_origin(d, err) : AMCT_OK;
}

static amct_status select_source(amct_derivation *out, amct_deriving *d,
                                 const amct_columns *columns, amct_err *err)
{
    double *mean = malloc(((size_t)d->n_kept + 1) * sizeof *mean);
    if (!mean)
        return amct_fail_nomem(err);
    out->stats = *d->stats;
    out->stats.result_mean = NULL;
    out->stats.src_mean = mean;
    out->stats.n_src_channels = d->n_kept;
    for (int64_t c = 0; c < d->n_channels; c++)
        if (d->kept[c])
            *mean++ = d->stats->src_mean[c];
    if (d->n_kept != columns->groups * columns->channels)
        return no_origin(d, err);
    if (!d->gram || !d->want_gram)
        return AMCT_OK;
    AMCT_TRY(find_places(d, columns, err));
    return select_gram(out, d, err);
}

/* ---- The whole --------------------------------------------------------------------------------
 */

static amct_status derive(amct_derivation *out, amct_deriving *d, amct_err *err)
{
    const amct_graph *graph = d->candidate->graph;
    AMCT_TRY(amct_columns_make(&d->columns, graph, d->layer, amct_batch_of(graph), err));
    AMCT_TRY(find_kept(d, err));
    if (d->part != AMCT_PART_SECOND)
        return select_source(out, d, &d->columns, err);
    if (!d->gram)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "'%s' has no second moments", d->from->name);
    uint32_t i = 0;
    while (i < d->candidate->n_layers && d->candidate->layers[i].dst != d->layer->src)
        i++;
    if (i == d->candidate->n_layers || d->candidate->origins[i].part != AMCT_PART_FIRST)
        return no_origin(d, err);
    amct_columns first;
    AMCT_TRY(amct_columns_make(&first, graph, &d->candidate->layers[i], amct_batch_of(graph), err));
    AMCT_TRY(find_places(d, &first, err));
    return amct_derive_second(out, d, &d->candidate->layers[i], &first, err);
}

amct_status amct_derive(amct_derivation *out, const amct_derive_source *source,
                        const amct_structured *candidate, uint32_t layer, bool want_gram,
                        amct_err *err)
{
    const amct_layer_origin *origin = &candidate->origins[layer];
    const amct_gram *gram = source->grams[origin->layer];
    amct_derivation made = {.gram = NULL};
    amct_deriving d = {.source = source,
                       .candidate = candidate,
                       .layer = &candidate->layers[layer],
                       .from = &source->layers[origin->layer],
                       .stats = &source->calibration->layers[origin->layer],
                       .gram = gram && gram->parts == 1 ? gram : NULL,
                       .part = origin->part,
                       .want_gram = want_gram};
    amct_status status = AMCT_OK;
    if (d.stats->seen)
        status = derive(&made, &d, err);
    free(d.kept);
    free(d.at);
    if (status != AMCT_OK) {
        amct_derivation_free(&made);
        return amct_fail_in(err, "layer '%s'", d.layer->name);
    }
    *out = made;
    return AMCT_OK;
}

void amct_derivation_free(amct_derivation *derivation)
{
    free((double *)derivation->stats.src_mean);
    free(derivation->gram);
    *derivation = (amct_derivation){.gram = NULL};
}
