/* What can be chosen for groups of channels and for ranks. */
#include "structure/fixed_rank.h"
#include "structure/structure_parts.h"

#include <string.h>

static amct_status order_lanes(uint32_t *order, const amct_structure *s, const amct_group *group,
                               const amct_gram *const *grams, amct_err *err)
{
    if (!s->outline)
        return amct_choose(order, s->groups, group, s->options.choice, s->layers, s->n_layers,
                           grams, s->options.ridge, err);
    memcpy(order, group->lanes, group->n_lanes * sizeof *order);
    return AMCT_OK;
}

amct_status amct_structure_list_group(amct_structure *s, uint32_t g, const amct_gram *const *grams,
                                      amct_err *err)
{
    const amct_group *group = &s->groups->groups[g];
    amct_group_levels *l = &s->levels[g];
    uint32_t step = amct_group_step(s->groups, group, s->options.multiple);
    *l = (amct_group_levels){.group = group, .why = group->blocked, .step = step};
    if (!l->why && !group->n_members)
        l->why = "no layer makes or reads its channels";
    if (!l->why && step >= group->n_lanes) {
        l->why = amct_arena_printf(s->arena, "no multiple of %u is below its %u channel%s", step,
                                   group->n_lanes, group->n_lanes == 1 ? "" : "s");
        return l->why ? AMCT_OK : amct_fail_nomem(err);
    }
    if (l->why)
        return AMCT_OK;
    uint32_t *order = amct_arena_array(s->arena, group->n_lanes, sizeof *order);
    uint32_t *kept = amct_arena_array(s->arena, group->n_lanes / step + 1, sizeof *kept);
    if (!order || !kept)
        return amct_fail_nomem(err);
    AMCT_TRY(order_lanes(order, s, group, grams, err));
    for (uint32_t k = (group->n_lanes - 1) / step * step; k > 0; k -= step)
        kept[l->n++] = k;
    l->kept = kept;
    s->orders[g] = order;
    for (uint32_t i = 0; i < group->n_lanes; i++)
        s->place[order[i]] = i + 1;
    return AMCT_OK;
}

/* Of two forms the one that is cheaper at the same rank. */
static bool cheaper(amct_split_form *form, const amct_columns *c, amct_split_form a,
                    amct_split_form b)
{
    bool has_a = !amct_factorise_why(c, a), has_b = !amct_factorise_why(c, b);
    *form =
        has_b && (!has_a || amct_factorise_macs(c, b, 16) < amct_factorise_macs(c, a, 16)) ? b : a;
    return has_a || has_b;
}

static amct_status list_amct_rank(amct_structure *s, uint32_t l, const amct_gram *gram,
                                  amct_err *err)
{
    amct_layer_ranks *r = &s->ranks[l];
    amct_rank *rank = amct_arena_array(s->arena, 1, sizeof *rank);
    if (!rank)
        return amct_fail_nomem(err);
    AMCT_TRY(
        amct_fixed_rank(rank, &gram->columns, s->graph->tensors[s->layers[l].weights].data, err));
    if (!rank->rank)
        r->why = "AMCT's rule leaves it whole";
    else if (rank->rank > amct_factorise_most(&gram->columns, rank->form))
        r->why = "AMCT's rank saves nothing";
    r->ranks = rank;
    r->n = !r->why;
    return AMCT_OK;
}

amct_status amct_structure_list_ranks(amct_structure *s, uint32_t l, const amct_gram *gram,
                                      amct_err *err)
{
    const amct_node *node = &s->graph->nodes[s->layers[l].node];
    amct_layer_ranks *r = &s->ranks[l];
    amct_split_form forms[2];
    int64_t multiple = s->options.multiple, total = 0, most = 0;
    int n = 0;
    r->why = amct_node_is(node, "AveragePool") ? "pooling has no weights"
             : s->layers[l].no_int8            ? s->layers[l].no_int8
             : !gram           ? "its second moments do not fit into the memory limit"
             : gram->parts > 1 ? "it has too many columns"
                               : NULL;
    if (!r->why)
        r->why = amct_factorise_why(&gram->columns, AMCT_SPLIT_AFTER);
    if (r->why)
        return AMCT_OK;
    if (s->options.amct_ranks)
        return list_amct_rank(s, l, gram, err);
    n += cheaper(&forms[n], &gram->columns, AMCT_SPLIT_AFTER, AMCT_SPLIT_BEFORE);
    n += cheaper(&forms[n], &gram->columns, AMCT_SPLIT_ROWS, AMCT_SPLIT_COLUMNS);
    for (int i = 0; i < n; i++) {
        int64_t own = amct_factorise_most(&gram->columns, forms[i]);
        total += own / multiple;
        most = own > most ? own : most;
    }
    amct_rank *ranks = amct_arena_array(s->arena, (size_t)total + 1, sizeof *ranks);
    if (!ranks)
        return amct_fail_nomem(err);
    for (int i = 0; i < n; i++)
        for (int64_t k = amct_factorise_most(&gram->columns, forms[i]) / multiple; k > 0; k--)
            ranks[r->n++] = (amct_rank){forms[i], k * multiple};
    r->ranks = ranks;
    if (!most)
        r->why = "no rank saves anything";
    else if (!total)
        r->why = amct_arena_printf(s->arena,
                                   "no multiple of %u saves anything as a rank: the largest that "
                                   "does is %lld",
                                   s->options.multiple, (long long)most);
    return total || r->why ? AMCT_OK : amct_fail_nomem(err);
}
