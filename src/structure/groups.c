#include "structure/groups.h"

#include "base/gcd.h"

#include <stdlib.h>
#include <string.h>

/* ---- Lanes that lie in the same places --------------------------------------------------------
 */

typedef struct place_key {
    amct_hash where; /* sum over all places, so that it does not depend on their order */
    uint32_t lane;
} place_key;

static void add_places(place_key *keys, const uint32_t *lanes, int64_t n, uint64_t place)
{
    amct_hash h = amct_hash_u64((amct_hash){0}, place);
    for (int64_t i = 0; i < n; i++) {
        keys[lanes[i]].where.lo += h.lo;
        keys[lanes[i]].where.hi += h.hi;
    }
}

static int64_t operand_count(const amct_graph *graph, const amct_lane_operand *o)
{
    return graph->tensors[graph->nodes[o->node].src[o->src]].shape.dims[o->axis];
}

static void find_places(place_key *keys, const amct_graph *graph, const amct_lanes *lanes)
{
    for (uint32_t i = 0; i < lanes->n; i++) {
        keys[i].lane = i;
        if (lanes->blocked[i])
            keys[i].where = amct_hash_string((amct_hash){0}, lanes->blocked[i]);
    }
    for (uint32_t t = 0; t < lanes->n_tensors; t++)
        if (lanes->axis[t] >= 0)
            add_places(keys, lanes->of[t], graph->tensors[t].shape.dims[lanes->axis[t]], t);
    for (uint32_t i = 0; i < lanes->n_operands; i++)
        add_places(keys, lanes->operands[i].lanes, operand_count(graph, &lanes->operands[i]),
                   ((uint64_t)1 << 32) + i);
}

static int by_place(const void *a, const void *b)
{
    const place_key *x = a, *y = b;
    if (x->where.hi != y->where.hi)
        return x->where.hi < y->where.hi ? -1 : 1;
    if (x->where.lo != y->where.lo)
        return x->where.lo < y->where.lo ? -1 : 1;
    return x->lane < y->lane ? -1 : x->lane > y->lane;
}

/* of_lane[] gets groups numbered by their first lane; returns how many. */
static uint32_t number_groups(uint32_t *of_lane, place_key *keys, uint32_t n)
{
    uint32_t groups = 0;
    qsort(keys, n, sizeof *keys, by_place);
    for (uint32_t i = 0; i < n; i++) { /* first, the lane that stands for each group */
        bool same = i && amct_hash_equal(keys[i].where, keys[i - 1].where);
        of_lane[keys[i].lane] = same ? of_lane[keys[i - 1].lane] : keys[i].lane;
    }
    for (uint32_t i = 0; i < n; i++)
        of_lane[i] = of_lane[i] == i ? groups++ : of_lane[of_lane[i]];
    return groups;
}

/* ---- What a group consists of -----------------------------------------------------------------
 */

static void list_lanes(amct_groups *to, uint32_t *room)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < to->lanes->n; i++)
        to->groups[to->of_lane[i]].n_lanes++;
    for (uint32_t g = 0; g < to->n; g++) {
        to->groups[g].lanes = room + at;
        at += to->groups[g].n_lanes;
        to->groups[g].n_lanes = 0;
    }
    for (uint32_t i = 0; i < to->lanes->n; i++) {
        amct_group *g = &to->groups[to->of_lane[i]];
        room[g->lanes - room + g->n_lanes++] = i;
        g->blocked = to->lanes->blocked[i];
    }
}

/* Counts operand k as a member of its groups, or writes it into room, where their members begin. */
static void list_operand(amct_groups *to, uint32_t k, uint32_t *seen, amct_member *room)
{
    const amct_lane_operand *o = &to->lanes->operands[k];
    int64_t n = operand_count(to->graph, o);
    for (int64_t i = 0; i < n; i++) {
        uint32_t id = to->of_lane[o->lanes[i]];
        amct_group *g = &to->groups[id];
        bool fresh = seen[id] != k + 1;
        seen[id] = k + 1;
        g->n_members += fresh;
        if (!room)
            continue;
        amct_member *m = &room[g->members - room + g->n_members - 1];
        if (fresh)
            *m = (amct_member){k, 0, i};
        m->width += o->lanes[i] == o->lanes[m->offset];
        if (!g->name[0] && (o->use == AMCT_LANE_MADE || o->use == AMCT_LANE_THROUGH))
            g->name = to->graph->nodes[o->node].name;
    }
}

static amct_status list_members(amct_groups *to, amct_err *err)
{
    uint32_t *seen = calloc(to->n + (size_t)1, sizeof *seen);
    size_t total = 0;
    if (!seen)
        return amct_fail_nomem(err);
    for (uint32_t k = 0; k < to->lanes->n_operands; k++)
        list_operand(to, k, seen, NULL);
    for (uint32_t g = 0; g < to->n; g++)
        total += to->groups[g].n_members;
    amct_member *room = amct_arena_array(to->arena, total + 1, sizeof *room);
    total = 0;
    for (uint32_t g = 0; room && g < to->n; g++) {
        to->groups[g].members = room + total;
        total += to->groups[g].n_members;
        to->groups[g].n_members = 0;
        to->groups[g].name = "";
        seen[g] = 0;
    }
    for (uint32_t k = 0; room && k < to->lanes->n_operands; k++)
        list_operand(to, k, seen, room);
    free(seen);
    return room ? AMCT_OK : amct_fail_nomem(err);
}

static amct_status make_groups(amct_groups *to, amct_err *err)
{
    uint32_t n = to->lanes->n;
    uint32_t *of_lane = amct_arena_array(to->arena, n + (size_t)1, sizeof *of_lane);
    uint32_t *room = amct_arena_array(to->arena, n + (size_t)1, sizeof *room);
    place_key *keys = calloc(n + (size_t)1, sizeof *keys);
    if (of_lane && room && keys) {
        find_places(keys, to->graph, to->lanes);
        to->n = number_groups(of_lane, keys, n);
        to->of_lane = of_lane;
        to->groups = amct_arena_array(to->arena, to->n + (size_t)1, sizeof *to->groups);
    }
    free(keys);
    if (!to->groups)
        return amct_fail_nomem(err);
    list_lanes(to, room);
    return list_members(to, err);
}

amct_status amct_groups_find(amct_groups **out, const amct_graph *graph, const amct_graph *other,
                             amct_err *err)
{
    amct_arena *arena = amct_arena_new();
    amct_groups *to = arena ? amct_arena_alloc(arena, sizeof *to) : NULL;
    if (!to) {
        amct_arena_free(arena);
        return amct_fail_nomem(err);
    }
    to->arena = arena;
    to->graph = graph;
    amct_status status = amct_lanes_find(&to->lanes, graph, other, err);
    if (status == AMCT_OK)
        status = make_groups(to, err);
    if (status != AMCT_OK)
        amct_groups_free(to);
    else
        *out = to;
    return status;
}

void amct_groups_free(amct_groups *groups)
{
    if (!groups)
        return;
    amct_lanes_free(groups->lanes);
    amct_arena_free(groups->arena);
}

/* ---- Questions --------------------------------------------------------------------------------
 */

uint32_t amct_group_step(const amct_groups *groups, const amct_group *group, uint32_t multiple)
{
    uint32_t step = 1;
    for (uint32_t i = 0; i < group->n_members; i++) {
        const amct_member *m = &group->members[i];
        if (groups->lanes->operands[m->operand].use == AMCT_LANE_BESIDE)
            continue;
        uint32_t own = multiple / (uint32_t)amct_gcd(multiple, m->width);
        step = step / (uint32_t)amct_gcd(step, own) * own; /* both divide multiple */
    }
    return step;
}

const char *amct_groups_why(const amct_groups *groups, uint32_t node)
{
    const char *why = "its weights are not constant";
    for (uint32_t k = 0; k < groups->lanes->n_operands; k++) {
        const amct_lane_operand *o = &groups->lanes->operands[k];
        if (o->node != node || (o->use != AMCT_LANE_MADE && o->use != AMCT_LANE_THROUGH))
            continue;
        int64_t n = operand_count(groups->graph, o);
        for (int64_t i = 0; i < n; i++) {
            why = groups->lanes->blocked[o->lanes[i]];
            if (!why)
                return NULL;
        }
    }
    return why;
}
