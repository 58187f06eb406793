#define _GNU_SOURCE /* qsort_r */
#include "structure/choose.h"

#include "structure/covariance.h"
#include "structure/readers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *amct_choice_name(amct_choice choice)
{
    static const char *const names[] = {"energy", "schur", "l1", "l2", "balanced-l2"};
    return names[choice];
}

uint32_t amct_choice_kept(uint32_t n, double ratio, bool ascend_optimized)
{
    double kept = n - rint(n * ratio);
    if (ascend_optimized)
        kept = fmax(ceil(kept / 16), 1) * 16;
    return kept < 0 ? 0 : kept > n ? n : (uint32_t)kept;
}

/* ---- By energy --------------------------------------------------------------------------------
 */

static void add_energy(double *need, const amct_reader *v)
{
    for (size_t i = 0; i < v->n; i++)
        for (size_t k = 0; k < v->n; k++) {
            if (v->lane[i] == UINT32_MAX || v->lane[i] != v->lane[k])
                continue;
            double dot =
                amct_covariance_dot(v->w + i * v->outputs, v->w + k * v->outputs, v->outputs);
            need[v->lane[i]] += v->share * v->c[i * v->n + k] * dot;
        }
}

/* ---- By the weights that make them ------------------------------------------------------------
 */

/* Norms of what one layer's weights make of each lane; false if they make none. */
static bool norms(double *norm, const amct_groups *groups, const amct_lane_operand *o,
                  const uint32_t *place, uint32_t n_lanes, amct_choice choice)
{
    const amct_graph *graph = groups->graph;
    const amct_tensor *w = &graph->tensors[graph->nodes[o->node].src[o->src]];
    int64_t n = amct_shape_size(&w->shape), dim = w->shape.dims[o->axis];
    int64_t inner = amct_shape_count(&w->shape, o->axis + 1, w->shape.rank);
    bool any = false;
    memset(norm, 0, n_lanes * sizeof *norm);
    for (int64_t i = 0; i < n; i++) {
        uint32_t at = place[o->lanes[i / inner % dim]];
        if (at == UINT32_MAX)
            continue;
        double x = fabs((double)((const float *)w->data)[i]);
        norm[at] += choice == AMCT_CHOOSE_L1 ? x : x * x;
        any = true;
    }
    for (uint32_t l = 0; l < n_lanes && choice != AMCT_CHOOSE_L1; l++)
        norm[l] = sqrt(norm[l]);
    return any;
}

static void balance(double *norm, uint32_t n)
{
    double least = norm[0], most = norm[0];
    for (uint32_t l = 1; l < n; l++) {
        least = fmin(least, norm[l]);
        most = fmax(most, norm[l]);
    }
    for (uint32_t l = 0; l < n; l++)
        norm[l] = most > least ? (norm[l] - least) / (most - least) : 0;
}

static amct_status add_norms(double *need, const amct_groups *groups, const amct_group *group,
                             amct_choice choice, amct_err *err)
{
    uint32_t *place;
    AMCT_TRY(amct_group_places(&place, groups, group, err));
    double *norm = malloc((group->n_lanes + (size_t)1) * sizeof *norm);
    amct_status status = norm ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < group->n_members; i++) {
        const amct_lane_operand *o = &groups->lanes->operands[group->members[i].operand];
        if ((o->use != AMCT_LANE_MADE && o->use != AMCT_LANE_THROUGH) ||
            !norms(norm, groups, o, place, group->n_lanes, choice))
            continue;
        if (choice == AMCT_CHOOSE_BALANCED)
            balance(norm, group->n_lanes);
        for (uint32_t l = 0; l < group->n_lanes; l++)
            need[l] += norm[l];
    }
    free(place);
    free(norm);
    return status;
}

/* ---- The order --------------------------------------------------------------------------------
 */

static int most_needed_first(const void *a, const void *b, void *context)
{
    const double *need = context;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    return need[i] != need[k] ? (need[i] < need[k]) - (need[i] > need[k]) : (i > k) - (i < k);
}

static amct_status reckon(double *need, const amct_groups *groups, const amct_group *group,
                          amct_choice choice, const amct_layer *layers, uint32_t n_layers,
                          const amct_gram *const *grams, double ridge, amct_err *err)
{
    amct_readers readers = {0};
    amct_status status = AMCT_OK;
    if (choice == AMCT_CHOOSE_ENERGY || choice == AMCT_CHOOSE_SCHUR)
        status = amct_readers_find(&readers, groups, group, layers, n_layers, grams, err);
    if (status == AMCT_OK && !readers.n)
        status = add_norms(need, groups, group,
                           choice > AMCT_CHOOSE_SCHUR ? choice : AMCT_CHOOSE_L2, err);
    else if (status == AMCT_OK && choice == AMCT_CHOOSE_SCHUR)
        status = amct_readers_eliminate(need, &readers, group->n_lanes, ridge, err);
    for (uint32_t i = 0; status == AMCT_OK && choice == AMCT_CHOOSE_ENERGY && i < readers.n; i++)
        add_energy(need, &readers.at[i]);
    amct_readers_free(&readers);
    return status;
}

amct_status amct_choose(uint32_t *order, const amct_groups *groups, const amct_group *group,
                        amct_choice choice, const amct_layer *layers, uint32_t n_layers,
                        const amct_gram *const *grams, double ridge, amct_err *err)
{
    double *need = calloc(group->n_lanes + (size_t)1, sizeof *need);
    if (!need)
        return amct_fail_nomem(err);
    amct_status status = reckon(need, groups, group, choice, layers, n_layers, grams, ridge, err);
    if (status == AMCT_OK) {
        for (uint32_t i = 0; i < group->n_lanes; i++)
            order[i] = i;
        qsort_r(order, group->n_lanes, sizeof *order, most_needed_first, need);
        for (uint32_t i = 0; i < group->n_lanes; i++)
            order[i] = group->lanes[order[i]];
    }
    free(need);
    return status;
}
