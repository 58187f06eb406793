#include "structure/structure_piece.h"

#include "structure/covariance.h"

#include <stdlib.h>
#include <string.h>

static int64_t size_of(const amct_graph *graph, const amct_lane_operand *o)
{
    return graph->tensors[graph->nodes[o->node].src[o->src]].shape.dims[o->axis];
}

bool amct_piece_loses(const amct_graph *graph, const amct_lanes *lanes, uint32_t node,
                      amct_lane_use use, const bool *keep)
{
    const amct_lane_operand *o = amct_lanes_operand(lanes, node, use);
    for (int64_t i = 0; o && i < size_of(graph, o); i++)
        if (!keep[o->lanes[i]])
            return true;
    return false;
}

static int64_t left_of(const amct_lanes *lanes, uint32_t node, amct_lane_use use, int64_t all,
                       const bool *keep)
{
    const amct_lane_operand *o = amct_lanes_operand(lanes, node, use);
    int64_t left = 0;
    for (int64_t i = 0; i < all; i++)
        left += !o || keep[o->lanes[i]];
    return left;
}

amct_columns amct_piece_columns(const amct_lanes *lanes, const amct_layer *layer,
                                const amct_gram *gram, const bool *keep)
{
    const amct_columns *c = &gram->columns;
    int64_t channels = left_of(lanes, layer->node, AMCT_LANE_TAKEN, c->channels, keep);
    int64_t outputs = left_of(lanes, layer->node, AMCT_LANE_MADE, c->outputs, keep);
    return amct_refit_smaller(c, channels, outputs);
}

static amct_hash key_of(const amct_pieces *pieces, const amct_lanes *lanes, const bool *keep)
{
    static const amct_lane_use uses[] = {AMCT_LANE_TAKEN, AMCT_LANE_MADE};
    amct_hash h = {0};
    for (int u = 0; u < 2; u++) {
        const amct_lane_operand *o = amct_lanes_operand(lanes, pieces->layer->node, uses[u]);
        for (int64_t i = 0; o && i < size_of(pieces->graph, o); i++)
            h = amct_hash_u64(h, keep[o->lanes[i]]);
    }
    return h;
}

/* ---- Weights ----------------------------------------------------------------------------------
 */

static amct_status make_refit(amct_pieces *pieces, amct_piece_maker *maker, amct_err *err)
{
    if (pieces->refit)
        return AMCT_OK;
    size_t k = (size_t)pieces->gram->columns.columns;
    AMCT_TRY(amct_refit_new(&pieces->refit, pieces->graph, pieces->layer, pieces->gram,
                            maker->lanes, maker->place, maker->ridge, err));
    maker->bytes += k * k * sizeof(double) * (size_t)pieces->gram->columns.groups;
    return AMCT_OK;
}

static amct_status fill_whole(amct_piece *p, const amct_pieces *pieces, float *bias)
{
    const amct_layer *layer = pieces->layer;
    p->columns = pieces->gram->columns;
    p->weights = pieces->graph->tensors[layer->weights].data;
    for (int64_t i = 0; i < layer->channels && layer->bias != AMCT_NO_TENSOR; i++)
        bias[i] = (float)amct_constant_number(&pieces->graph->tensors[layer->bias], i);
    return AMCT_OK;
}

static amct_status fill(amct_piece *p, amct_pieces *pieces, amct_piece_maker *maker,
                        const bool *keep, amct_err *err)
{
    const amct_layer *layer = pieces->layer;
    float *bias = amct_arena_array(maker->arena, (size_t)layer->channels + 1, sizeof *bias);
    if (!bias)
        return amct_fail_nomem(err);
    p->bias = bias;
    if (!amct_piece_loses(pieces->graph, maker->lanes, layer->node, AMCT_LANE_TAKEN, keep) &&
        !amct_piece_loses(pieces->graph, maker->lanes, layer->node, AMCT_LANE_MADE, keep))
        return fill_whole(p, pieces, bias);
    AMCT_TRY(make_refit(pieces, maker, err));
    p->columns = amct_refit_columns(pieces->refit, keep);
    float *weights = amct_arena_array(
        maker->arena, (size_t)amct_refit_size_of(pieces->refit, keep).weights + 1, sizeof *weights);
    if (!weights)
        return amct_fail_nomem(err);
    p->weights = weights;
    return amct_refit_run(weights, bias, &p->error, pieces->refit, keep, err);
}

amct_status amct_piece_get(amct_piece **out, amct_pieces *pieces, amct_piece_maker *maker,
                           const bool *keep, amct_err *err)
{
    amct_hash key = key_of(pieces, maker->lanes, keep);
    for (uint32_t i = 0; i < pieces->n; i++)
        if (amct_hash_equal(pieces->at[i]->key, key)) {
            *out = pieces->at[i];
            return AMCT_OK;
        }
    amct_piece *p = amct_arena_alloc(maker->arena, sizeof *p);
    amct_piece **at = realloc(pieces->at, (pieces->n + (size_t)1) * sizeof *at);
    if (at)
        pieces->at = at;
    if (!p || !at)
        return amct_fail_nomem(err);
    p->key = key;
    AMCT_TRY(fill(p, pieces, maker, keep, err));
    *out = pieces->at[pieces->n++] = p;
    return AMCT_OK;
}

/* ---- Factors ----------------------------------------------------------------------------------
 */

/* Covariance and means of the columns that are kept. */
static amct_status read_kept(double *c, double *mean, const amct_pieces *pieces,
                             const amct_lanes *lanes, const bool *keep, amct_err *err)
{
    const amct_columns *all = &pieces->gram->columns;
    const amct_lane_operand *taken =
        amct_lanes_operand(lanes, pieces->layer->node, AMCT_LANE_TAKEN);
    size_t n = (size_t)all->columns, kept = 0;
    double *plain = malloc((n * n + 1) * sizeof *plain), *means = malloc((n + 1) * sizeof *means);
    size_t *at = malloc((n + 1) * sizeof *at);
    amct_status status = plain && means && at ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        amct_gram_covariance(plain, means, pieces->gram, 0, 0);
        for (size_t i = 0; i < n; i++)
            if (!taken || keep[taken->lanes[i / (size_t)all->taps]])
                at[kept++] = i;
        for (size_t i = 0; i < kept; i++) {
            mean[i] = means[at[i]];
            for (size_t k = 0; k < kept; k++)
                c[i * kept + k] = plain[at[i] * n + at[k]];
        }
    }
    free(plain);
    free(means);
    free(at);
    return status;
}

static amct_status make_factoring(amct_piece *p, amct_pieces *pieces, amct_piece_maker *maker,
                                  const bool *keep, amct_split_form form, amct_err *err)
{
    size_t n = (size_t)p->columns.columns;
    double *c = malloc((n * n + 1) * sizeof *c), *mean = malloc((n + 1) * sizeof *mean);
    amct_status status =
        c && mean ? read_kept(c, mean, pieces, maker->lanes, keep, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        amct_factor_source source = {.columns = &p->columns,
                                     .weights = p->weights,
                                     .bias = p->bias,
                                     .c = c,
                                     .mean = mean,
                                     .ridge = maker->ridge};
        status = amct_factorise(&p->factorings[form], &source, form,
                                amct_factorise_most(&p->columns, form), err);
    }
    if (status == AMCT_OK)
        maker->bytes += amct_factorise_bytes(p->factorings[form]);
    free(c);
    free(mean);
    return status;
}

static amct_status make_factors(amct_piece_factors *f, amct_piece *p, amct_piece_maker *maker,
                                amct_split_form form, int64_t rank, amct_err *err)
{
    const amct_factoring *from = p->factorings[form];
    size_t channels = (size_t)p->columns.outputs;
    float *first =
        amct_arena_array(maker->arena, (size_t)amct_factorise_first(from, rank), sizeof *first);
    float *second =
        amct_arena_array(maker->arena, (size_t)amct_factorise_second(from, rank), sizeof *second);
    float *bias = amct_arena_array(maker->arena, channels, sizeof *bias);
    if (!first || !second || !bias)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_factorise_get(first, second, bias, &f->error, from, rank, err));
    f->error += p->error;
    f->bias = bias;
    f->factors = (amct_factors){form, rank, first, second};
    return AMCT_OK;
}

amct_status amct_piece_split(const amct_piece_factors **out, amct_piece *p, amct_pieces *pieces,
                             amct_piece_maker *maker, const bool *keep, amct_split_form form,
                             int64_t rank, amct_err *err)
{
    for (uint32_t i = 0; i < p->n_factors; i++)
        if (p->factors[i]->factors.form == form && p->factors[i]->factors.rank == rank) {
            *out = p->factors[i];
            return AMCT_OK;
        }
    if (rank > amct_factorise_most(&p->columns, form)) {
        *out = NULL;
        return AMCT_OK;
    }
    if (!p->factorings[form])
        AMCT_TRY(make_factoring(p, pieces, maker, keep, form, err));
    amct_piece_factors *f = amct_arena_alloc(maker->arena, sizeof *f);
    const amct_piece_factors **all = realloc(p->factors, (p->n_factors + (size_t)1) * sizeof *all);
    if (all)
        p->factors = all;
    if (!f || !all)
        return amct_fail_nomem(err);
    AMCT_TRY(make_factors(f, p, maker, form, rank, err));
    *out = p->factors[p->n_factors++] = f;
    return AMCT_OK;
}

void amct_pieces_shrink(amct_pieces *pieces)
{
    amct_refit_free(pieces->refit);
    pieces->refit = NULL;
    for (uint32_t i = 0; i < pieces->n; i++)
        for (int f = 0; f < AMCT_SPLIT_FORMS; f++) {
            amct_factorise_free(pieces->at[i]->factorings[f]);
            pieces->at[i]->factorings[f] = NULL;
        }
}

void amct_pieces_free(amct_pieces *pieces)
{
    amct_pieces_shrink(pieces);
    for (uint32_t i = 0; i < pieces->n; i++)
        free(pieces->at[i]->factors);
    free(pieces->at);
}
