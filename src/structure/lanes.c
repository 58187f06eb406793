#include "structure/lane_walk.h"

#include "base/grow.h"
#include "passes/prepare.h"

#include <stdlib.h>

/* Channels that are followed in all tensors together: a hostile file must not fill the memory. */
static const int64_t MAX_TOTAL = (int64_t)1 << 24;

/* ---- For rules --------------------------------------------------------------------------------
 */

amct_status amct_lane_new_array(amct_lane_walk *w, uint32_t **lanes, int64_t n, amct_err *err)
{
    if (n > MAX_TOTAL - w->total)
        return amct_fail(err, AMCT_E_LIMIT, "the tensors have more than %lld channels to follow",
                         (long long)MAX_TOTAL);
    AMCT_TRY(amct_grow(&w->arrays, w->n_arrays, &w->cap_arrays, sizeof *w->arrays, err));
    uint32_t *array = amct_arena_array(w->arena, (size_t)n + 1, sizeof *array);
    if (!array)
        return amct_fail_nomem(err);
    w->arrays[w->n_arrays].lanes = array;
    w->arrays[w->n_arrays++].n = n;
    w->total += n;
    *lanes = array;
    return AMCT_OK;
}

amct_status amct_lane_fresh(amct_lane_walk *w, uint32_t **lanes, int64_t n, amct_err *err)
{
    uint32_t *array;
    size_t cap = w->cap;
    AMCT_TRY(amct_lane_new_array(w, &array, n, err));
    AMCT_TRY(amct_grow(&w->parent, w->n + (size_t)n, &cap, sizeof *w->parent, err));
    cap = w->cap;
    AMCT_TRY(amct_grow(&w->why, w->n + (size_t)n, &cap, sizeof *w->why, err));
    w->cap = cap;
    for (int64_t i = 0; i < n; i++) {
        w->why[w->n] = NULL;
        array[i] = w->parent[w->n] = w->n;
        w->n++;
    }
    *lanes = array;
    return AMCT_OK;
}

static const char *say(amct_lane_walk *w, const amct_node *node, const char *words)
{
    return amct_arena_printf(w->arena, "%s '%s' %s", node->op, node->name, words);
}

amct_status amct_lane_fixed(amct_lane_walk *w, uint32_t **lanes, int64_t n, const amct_node *node,
                            const char *words, amct_err *err)
{
    const char *why = say(w, node, words);
    uint32_t first = w->n;
    if (!why)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_lane_fresh(w, lanes, n, err));
    for (uint32_t i = first; i < w->n; i++)
        w->why[i] = why;
    return AMCT_OK;
}

static uint32_t root_of(amct_lane_walk *w, uint32_t lane)
{
    while (w->parent[lane] != lane)
        lane = w->parent[lane] = w->parent[w->parent[lane]];
    return lane;
}

void amct_lane_unite(amct_lane_walk *w, uint32_t a, uint32_t b)
{
    a = root_of(w, a);
    b = root_of(w, b);
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    if (!w->why[low])
        w->why[low] = w->why[high];
    w->parent[high] = low;
}

static void block(amct_lane_walk *w, uint32_t tensor, const char *why)
{
    int64_t n = amct_lane_count(w, tensor);
    for (int64_t i = 0; i < n; i++) {
        uint32_t root = root_of(w, w->of[tensor][i]);
        if (!w->why[root])
            w->why[root] = why;
    }
}

amct_status amct_lane_block(amct_lane_walk *w, uint32_t tensor, const amct_node *node,
                            const char *words, amct_err *err)
{
    if (tensor == AMCT_NO_TENSOR || w->axis[tensor] < 0)
        return AMCT_OK;
    const char *why = say(w, node, words);
    if (!why)
        return amct_fail_nomem(err);
    block(w, tensor, why);
    return AMCT_OK;
}

amct_status amct_lane_block_sources(amct_lane_walk *w, const amct_node *node, const char *words,
                                    amct_err *err)
{
    for (uint32_t i = 0; i < node->n_src; i++)
        AMCT_TRY(amct_lane_block(w, node->src[i], node, words, err));
    return AMCT_OK;
}

amct_status amct_lane_add_operand(amct_lane_walk *w, uint32_t node, uint32_t src, int32_t axis,
                                  amct_lane_use use, const uint32_t *lanes, amct_err *err)
{
    AMCT_TRY(amct_grow(&w->operands, w->n_operands, &w->cap_operands, sizeof *w->operands, err));
    w->operands[w->n_operands++] = (amct_lane_operand){node, src, axis, use, lanes};
    return AMCT_OK;
}

/* ---- The walk ---------------------------------------------------------------------------------
 */

static bool shapes_known(const amct_graph *graph, const amct_node *node)
{
    for (uint32_t i = 0; i < node->n_src; i++)
        if (node->src[i] != AMCT_NO_TENSOR &&
            !amct_shape_known(&graph->tensors[node->src[i]].shape))
            return false;
    for (uint32_t i = 0; i < node->n_dst; i++)
        if (node->dst[i] != AMCT_NO_TENSOR &&
            !amct_shape_known(&graph->tensors[node->dst[i]].shape))
            return false;
    return true;
}

/* Whether the dim whose channels are followed is of another size at another batch size. At batch 1
 * it cannot always be told where the samples lie: where there is another graph, that counts. */
static bool holds_samples(const amct_lane_walk *w, uint32_t tensor)
{
    int32_t axis = w->axis[tensor];
    const amct_shape *shape = &w->graph->tensors[tensor].shape, *other;
    if (axis == w->batch[tensor])
        return true;
    if (!w->other)
        return false;
    if (tensor >= w->other->n_tensors)
        return true;
    other = &w->other->tensors[tensor].shape;
    return other->rank != shape->rank || other->dims[axis] != shape->dims[axis];
}

static amct_status walk_node(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    bool any = false, makes = false;
    amct_lane_rule *rule = node->domain[0] ? NULL : amct_lane_rule_find(node->op, &makes);
    for (uint32_t i = 0; i < node->n_src; i++)
        any |= amct_lane_has(w, node, i);
    if (!any && !makes)
        return AMCT_OK;
    if (!rule)
        return amct_lane_block_sources(w, node, "is not known to keep channels apart", err);
    if (!shapes_known(w->graph, node))
        return amct_lane_block_sources(w, node, "has a shape that is not known", err);
    AMCT_TRY(rule(w, n, err));
    for (uint32_t i = 0; i < node->n_dst; i++) {
        uint32_t t = node->dst[i];
        if (t == AMCT_NO_TENSOR || w->axis[t] < 0 || !holds_samples(w, t))
            continue;
        AMCT_TRY(amct_lane_block(w, t, node, "joins channels with samples", err));
        w->axis[t] = -1;
        w->of[t] = NULL;
    }
    return AMCT_OK;
}

static amct_status walk_all(amct_lane_walk *w, amct_err *err)
{
    const amct_graph *graph = w->graph;
    w->axis = amct_arena_array(w->arena, graph->n_tensors + (size_t)1, sizeof *w->axis);
    w->of = amct_arena_array(w->arena, graph->n_tensors + (size_t)1, sizeof *w->of);
    w->batch = amct_arena_array(w->arena, graph->n_tensors + (size_t)1, sizeof *w->batch);
    if (!w->axis || !w->of || !w->batch)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_batch_dims(w->batch, graph, err));
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        w->axis[t] = -1;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        AMCT_TRY(walk_node(w, n, err));
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        uint32_t t = graph->outputs[i];
        const char *why =
            amct_arena_printf(w->arena, "'%s' is an output of the network", graph->tensors[t].name);
        if (!why)
            return amct_fail_nomem(err);
        if (w->axis[t] >= 0)
            block(w, t, why);
    }
    return AMCT_OK;
}

/* Numbers the lanes that are left without gaps. */
static amct_status finish(amct_lanes *to, amct_lane_walk *w, amct_err *err)
{
    uint32_t *number = calloc(w->n + (size_t)1, sizeof *number);
    to->blocked = amct_arena_array(w->arena, w->n + (size_t)1, sizeof *to->blocked);
    to->operands = amct_arena_copy(w->arena, w->operands, w->n_operands * sizeof *w->operands);
    if (!number || !to->blocked || !to->operands) {
        free(number);
        return amct_fail_nomem(err);
    }
    for (uint32_t i = 0; i < w->n; i++) { /* a root comes before those that it was united with */
        uint32_t root = root_of(w, i);
        if (root == i) {
            to->blocked[to->n] = w->why[i];
            number[i] = to->n++;
        } else {
            number[i] = number[root];
        }
    }
    for (uint32_t k = 0; k < w->n_arrays; k++)
        for (int64_t i = 0; i < w->arrays[k].n; i++)
            w->arrays[k].lanes[i] = number[w->arrays[k].lanes[i]];
    free(number);
    to->n_operands = w->n_operands;
    to->n_tensors = w->graph->n_tensors;
    to->axis = w->axis;
    to->of = w->of;
    return AMCT_OK;
}

amct_status amct_lanes_find(amct_lanes **out, const amct_graph *graph, const amct_graph *other,
                            amct_err *err)
{
    amct_arena *arena = amct_arena_new();
    amct_lanes *to = arena ? amct_arena_alloc(arena, sizeof *to) : NULL;
    amct_lane_walk w = {.graph = graph, .other = other, .arena = arena};
    amct_status status = to ? walk_all(&w, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = finish(to, &w, err);
    free(w.parent);
    free(w.why);
    free(w.operands);
    free(w.arrays);
    if (status != AMCT_OK) {
        amct_arena_free(arena);
        return status;
    }
    to->arena = arena;
    *out = to;
    return AMCT_OK;
}

void amct_lanes_free(amct_lanes *lanes)
{
    if (lanes)
        amct_arena_free(lanes->arena);
}

const amct_lane_operand *amct_lanes_operand(const amct_lanes *lanes, uint32_t node,
                                            amct_lane_use use)
{
    uint32_t low = 0, high = lanes->n_operands;
    while (low < high) { /* the walk has added them node by node */
        uint32_t middle = low + (high - low) / 2;
        if (lanes->operands[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < lanes->n_operands && lanes->operands[low].node == node; low++)
        if (lanes->operands[low].use == use)
            return &lanes->operands[low];
    return NULL;
}
