/* Nodes that only put elements elsewhere. Every one is a few boxes copied from one strided place to
 * another; strides follow the layouts in which the tensors happen to be stored, so no change of
 * layout is needed around them. */
#include "exec/step.h"
#include "ops/broadcast.h"

#include <string.h>

static amct_status not_here(amct_err *err)
{
    return amct_fail(err, AMCT_E_UNSUPPORTED, "no move");
}

/* A node being turned into a step. */
typedef struct mover {
    amct_plan *plan;
    const amct_graph *graph;
    const amct_node *node;
    uint32_t n;
    const amct_tensor *src, *dst; /* the first of each */
    int32_t slots[AMCT_MAX_MOVE_ENDS];
    amct_layout layout; /* of the results */
    amct_piece *pieces;
    uint32_t n_pieces;
    bool fill;
    float value;
} mover;

static void strides_of(int64_t strides[AMCT_MAX_RANK], const amct_shape *shape, amct_layout layout)
{
    amct_shape_strides(strides, shape);
    if (layout != AMCT_LAYOUT_LAST || !amct_layout_matters(shape))
        return;
    int64_t channels = shape->dims[1];
    for (int32_t d = 2; d < shape->rank; d++)
        strides[d] *= channels;
    strides[1] = 1;
}

/* A piece that copies all of box from source i to result k, both from their first element, with
 * their own strides. */
static amct_piece *add_piece(mover *m, uint32_t i, uint32_t k, const amct_shape *box)
{
    amct_piece *p = &m->pieces[m->n_pieces++];
    const amct_slot *slot = &m->plan->slots[m->slots[i]];
    *p = (amct_piece){.src = i, .dst = k, .box = *box};
    strides_of(p->strides[0], &m->graph->tensors[m->node->dst[k]].shape, m->layout);
    strides_of(p->strides[1], &slot->shape, slot->layout);
    return p;
}

static bool constant_ints(const amct_tensor *t, int32_t n)
{
    return t && t->data && (t->dtype == AMCT_INT64 || t->dtype == AMCT_INT32) &&
           amct_shape_size(&t->shape) == n;
}

/* ---- One function per operator: false if it is not a move --------------------------------- */

static bool concat(mover *m)
{
    int32_t axis;
    amct_err ignored;
    if (amct_axis_normalise(&axis, amct_node_int(m->node, "axis", 0), m->dst->shape.rank,
                            &ignored) != AMCT_OK)
        return false;
    int64_t at = 0;
    for (uint32_t i = 0; i < m->node->n_src; i++) {
        const amct_shape *shape = &m->graph->tensors[m->node->src[i]].shape;
        amct_piece *p = add_piece(m, i, 0, shape);
        p->dst_at = at * p->strides[0][axis];
        at += shape->dims[axis];
    }
    return true;
}

static bool split(mover *m)
{
    int32_t axis;
    amct_err ignored;
    if (amct_axis_normalise(&axis, amct_node_int(m->node, "axis", 0), m->src->shape.rank,
                            &ignored) != AMCT_OK)
        return false;
    int64_t at = 0;
    for (uint32_t k = 0; k < m->node->n_dst; k++) {
        const amct_shape *shape = &m->graph->tensors[m->node->dst[k]].shape;
        amct_piece *p = add_piece(m, 0, k, shape);
        p->src_at = at * p->strides[1][axis];
        at += shape->dims[axis];
    }
    return true;
}

static bool slice(mover *m)
{
    const amct_tensor *starts = amct_node_src(m->graph, m->node, 1);
    const amct_tensor *axes = amct_node_src(m->graph, m->node, 3);
    const amct_tensor *steps = amct_node_src(m->graph, m->node, 4);
    int32_t n = starts && starts->data ? (int32_t)amct_shape_size(&starts->shape) : 0;
    if (!n || (axes && !constant_ints(axes, n)) || (steps && !constant_ints(steps, n)))
        return false;
    amct_piece *p = add_piece(m, 0, 0, &m->dst->shape);
    for (int32_t i = 0; i < n; i++) {
        int64_t axis = axes ? amct_constant_int(axes, i) : i;
        int64_t step = steps ? amct_constant_int(steps, i) : 1;
        axis += axis < 0 ? m->src->shape.rank : 0;
        if (axis < 0 || axis >= m->src->shape.rank)
            return false;
        int64_t size = m->src->shape.dims[axis], start = amct_constant_int(starts, i);
        start += start < 0 ? size : 0;
        int64_t most = step < 0 ? size - 1 : size;
        start = start < 0 ? 0 : start > most ? most : start;
        p->src_at += start * p->strides[1][axis];
        if (m->dst->shape.dims[axis] > 1)
            p->strides[1][axis] *= step;
    }
    return true;
}

static bool pad(mover *m)
{
    const amct_tensor *pads = amct_node_src(m->graph, m->node, 1);
    const amct_tensor *value = amct_node_src(m->graph, m->node, 2);
    int32_t rank = m->src->shape.rank;
    if (strcmp(amct_node_string(m->node, "mode", "constant"), "constant") != 0 ||
        amct_node_src(m->graph, m->node, 3) || !constant_ints(pads, 2 * rank) ||
        m->src->dtype != AMCT_FLOAT || (value && (!value->data || !value->bytes)))
        return false;
    amct_piece *p = add_piece(m, 0, 0, &m->src->shape);
    for (int32_t d = 0; d < rank; d++) {
        int64_t begin = amct_constant_int(pads, d), end = amct_constant_int(pads, rank + d);
        int64_t cut = begin < 0 ? -begin : 0;
        p->box.dims[d] -= cut + (end < 0 ? -end : 0);
        if (p->box.dims[d] < 0)
            return false;
        p->src_at += cut * p->strides[1][d];
        p->dst_at += (begin > 0 ? begin : 0) * p->strides[0][d];
    }
    m->fill = true;
    m->value = value ? (float)amct_constant_number(value, 0) : 0;
    return true;
}

static bool transpose(mover *m)
{
    size_t n;
    const int64_t *perm = amct_node_ints(m->node, "perm", &n);
    int32_t rank = m->src->shape.rank;
    const amct_slot *slot = &m->plan->slots[m->slots[0]];
    int64_t source[AMCT_MAX_RANK], moved[AMCT_MAX_RANK];
    if (perm && n != (size_t)rank)
        return false;
    strides_of(source, &slot->shape, slot->layout);
    for (int32_t d = 0; d < rank; d++)
        moved[d] = source[perm ? perm[d] : rank - 1 - d];
    /* the layout in which neighbours stay neighbours, if there is one */
    m->layout = amct_layout_for(&m->dst->shape) == AMCT_LAYOUT_LAST && moved[1] == 1
                    ? AMCT_LAYOUT_LAST
                    : AMCT_LAYOUT_PLAIN;
    amct_piece *p = add_piece(m, 0, 0, &m->dst->shape);
    memcpy(p->strides[1], moved, sizeof moved);
    return true;
}

static bool expand(mover *m)
{
    int32_t rank = m->dst->shape.rank, from = rank - m->src->shape.rank;
    if (from < 0)
        return false;
    amct_piece *p = add_piece(m, 0, 0, &m->dst->shape);
    int64_t own[AMCT_MAX_RANK];
    memcpy(own, p->strides[1], sizeof own);
    for (int32_t d = 0; d < rank; d++)
        p->strides[1][d] = d < from || m->src->shape.dims[d - from] == 1 ? 0 : own[d - from];
    return true;
}

/* The result's dims in two: `factor` neighbours for each element of the source. */
static bool repeat_neighbours(mover *m, const int64_t *factors)
{
    int32_t rank = m->src->shape.rank, extra = 0;
    amct_piece *p = add_piece(m, 0, 0, &m->src->shape);
    for (int32_t d = 0; d < rank; d++) {
        if (factors[d] == 1)
            continue;
        if (rank + extra >= AMCT_MAX_RANK)
            return false;
        int32_t inner = rank + extra++;
        p->box.dims[inner] = factors[d];
        p->strides[0][inner] = p->strides[0][d];
        p->strides[1][inner] = 0;
        p->strides[0][d] *= factors[d];
    }
    p->box.rank = rank + extra;
    return true;
}

static bool resize(mover *m)
{
    int64_t factors[AMCT_MAX_RANK];
    const char *where = amct_node_string(m->node, "coordinate_transformation_mode", "half_pixel");
    const char *round = amct_node_string(m->node, "nearest_mode", "round_prefer_floor");
    bool plain = strcmp(where, "asymmetric") == 0 && strcmp(round, "floor") == 0;
    bool half = strcmp(where, "half_pixel") == 0 && strncmp(round, "round_prefer_", 13) == 0;
    if (strcmp(amct_node_string(m->node, "mode", "nearest"), "nearest") != 0 || (!plain && !half) ||
        amct_node_int(m->node, "antialias", 0))
        return false;
    for (int32_t d = 0; d < m->src->shape.rank; d++) {
        int64_t from = m->src->shape.dims[d], to = m->dst->shape.dims[d];
        if (from < 1 || to % from != 0)
            return false;
        factors[d] = to / from;
    }
    const amct_tensor *scales = amct_node_src(m->graph, m->node, 2);
    for (int64_t i = 0; scales && scales->data && i < amct_shape_size(&scales->shape); i++)
        if (amct_constant_number(scales, i) != (double)(int64_t)amct_constant_number(scales, i))
            return false; /* a length cut to a multiple by chance */
    return repeat_neighbours(m, factors);
}

/* Channels of a b x b block side by side; to_space tells the direction. */
static bool blocks(mover *m, bool to_space)
{
    int64_t b = amct_node_int(m->node, "blocksize", 0);
    bool crd = to_space && strcmp(amct_node_string(m->node, "mode", "DCR"), "CRD") == 0;
    if (m->src->shape.rank != 4 || b < 1)
        return false;
    const amct_shape *fine = to_space ? &m->dst->shape : &m->src->shape; /* the larger picture */
    int64_t channels = fine->dims[1];
    int64_t box[] = {fine->dims[0], channels, fine->dims[2] / b, b, fine->dims[3] / b, b};
    amct_shape shape = amct_shape_of(6, box);
    amct_piece *p = add_piece(m, 0, 0, &shape);
    for (int side = 0; side < 2; side++) {
        int64_t s[AMCT_MAX_RANK], *to = p->strides[side];
        bool picture = (side == 0) == to_space; /* this side is the larger picture */
        memcpy(s, to, sizeof s);
        to[0] = s[0];
        to[1] = picture || !crd ? s[1] : s[1] * b * b;
        to[2] = picture ? s[2] * b : s[2];
        to[3] = picture ? s[2] : crd ? s[1] * b : s[1] * b * channels;
        to[4] = picture ? s[3] * b : s[3];
        to[5] = picture ? s[3] : crd ? s[1] : s[1] * channels;
    }
    return true;
}

static bool describe(mover *m)
{
    const amct_node *node = m->node;
    bool one = node->n_dst == 1;
    if (amct_node_is(node, "Concat") && one)
        return concat(m);
    if (amct_node_is(node, "Split"))
        return split(m);
    if (amct_node_is(node, "Slice") && one)
        return slice(m);
    if (amct_node_is(node, "Pad") && one)
        return pad(m);
    if (amct_node_is(node, "Transpose") && one)
        return transpose(m);
    if (amct_node_is(node, "Expand") && one)
        return expand(m);
    if (amct_node_is(node, "Resize") && one)
        return resize(m);
    if (amct_node_is(node, "DepthToSpace") && one)
        return blocks(m, true);
    return amct_node_is(node, "SpaceToDepth") && one && blocks(m, false);
}

/* Dims from far to near neighbours in the destination, so that runs are as long as they can be. */
static void order_dims(amct_piece *p)
{
    for (int32_t i = 1; i < p->box.rank; i++)
        for (int32_t d = i; d > 0 && p->strides[0][d] > p->strides[0][d - 1]; d--) {
            int64_t *lists[] = {p->box.dims, p->strides[0], p->strides[1]};
            for (int k = 0; k < 3; k++) {
                int64_t kept = lists[k][d];
                lists[k][d] = lists[k][d - 1];
                lists[k][d - 1] = kept;
            }
        }
}

amct_status amct_plan_add_move(amct_plan *plan, uint32_t n, amct_err *err)
{
    const amct_graph *graph = plan->graph;
    const amct_node *node = &graph->nodes[n];
    bool concats = amct_node_is(node, "Concat");
    uint32_t n_src = concats ? node->n_src : 1;
    mover m = {.plan = plan, .graph = graph, .node = node, .n = n};
    if (!node->n_src || n_src > AMCT_MAX_MOVE_ENDS || node->n_dst > AMCT_MAX_MOVE_ENDS)
        return not_here(err);
    for (uint32_t k = 0; k < node->n_dst; k++)
        if (node->dst[k] == AMCT_NO_TENSOR)
            return not_here(err);
    m.src = amct_node_src(graph, node, 0);
    m.dst = &graph->tensors[node->dst[0]];
    if (!m.src || m.src->dtype != m.dst->dtype || amct_dtype_bits(m.src->dtype) < 8)
        return not_here(err);
    for (uint32_t i = 0; i < n_src; i++) {
        AMCT_TRY(amct_slot_primary(plan, &m.slots[i], node->src[i], AMCT_LAYOUT_PLAIN, err));
        const amct_slot *slot = &plan->slots[m.slots[i]];
        if (slot->form != AMCT_FORM_VALUE)
            return not_here(err);
        if (slot->layout == AMCT_LAYOUT_LAST && amct_layout_for(&m.dst->shape) == slot->layout)
            m.layout = AMCT_LAYOUT_LAST;
    }
    m.pieces = amct_arena_array(plan->arena, n_src + node->n_dst, sizeof *m.pieces);
    if (!m.pieces)
        return amct_fail_nomem(err);
    if (!describe(&m))
        return not_here(err);
    for (uint32_t i = 0; i < m.n_pieces; i++)
        order_dims(&m.pieces[i]);
    int32_t dst[AMCT_MAX_MOVE_ENDS];
    for (uint32_t k = 0; k < node->n_dst; k++)
        AMCT_TRY(amct_slot_add(plan, &dst[k], node->dst[k], m.dst->dtype, AMCT_FORM_VALUE, m.layout,
                               err));
    amct_step *step;
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_MOVE, n, n_src, node->n_dst, err));
    memcpy(step->src, m.slots, n_src * sizeof *dst);
    memcpy(step->dst, dst, node->n_dst * sizeof *dst);
    step->pieces = m.pieces;
    step->n_pieces = m.n_pieces;
    step->fill = m.fill;
    step->low = m.value;
    return AMCT_OK;
}

amct_status amct_plan_add_relay(amct_plan *plan, int32_t from, int32_t to, amct_err *err)
{
    amct_step *step;
    amct_piece *p = amct_arena_alloc(plan->arena, sizeof *p);
    const amct_slot *src = &plan->slots[from], *dst = &plan->slots[to];
    if (!p)
        return amct_fail_nomem(err);
    p->box = src->shape;
    strides_of(p->strides[0], &dst->shape, dst->layout);
    strides_of(p->strides[1], &src->shape, src->layout);
    order_dims(p);
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_MOVE, AMCT_NO_TENSOR, 1, 1, err));
    step->src[0] = from;
    step->dst[0] = to;
    step->pieces = p;
    step->n_pieces = 1;
    return AMCT_OK;
}

#define MOVE_RUN(type)                                                                             \
    for (int64_t i = 0; i < run; i++)                                                              \
    ((type *)to)[i * to_step] = ((const type *)from)[i * from_step]

static void move_run(char *to, const char *from, int64_t run, int64_t to_step, int64_t from_step,
                     size_t bytes)
{
    if (to_step == 1 && from_step == 1) {
        memcpy(to, from, (size_t)run * bytes);
        return;
    }
    switch (bytes) {
    case 1: MOVE_RUN(uint8_t); break;
    case 2: MOVE_RUN(uint16_t); break;
    case 4: MOVE_RUN(uint32_t); break;
    default: MOVE_RUN(uint64_t); break;
    }
}

void amct_plan_run_move(const amct_step *step, void *const *dst, const void *const *src,
                        size_t bytes)
{
    for (uint32_t i = 0; i < step->n_pieces; i++) {
        const amct_piece *p = &step->pieces[i];
        int64_t start[2] = {p->dst_at, p->src_at};
        amct_walk w;
        for (amct_walk_strided(&w, &p->box, 2, p->strides, start); !w.done; amct_walk_next(&w))
            move_run((char *)dst[p->dst] + (size_t)w.at[0] * bytes,
                     (const char *)src[p->src] + (size_t)w.at[1] * bytes, w.run, w.step[0],
                     w.step[1], bytes);
    }
}
