/* Where samples lie behind operators that change dims and leave the elements where they are. */
#include "passes/batch_layout.h"

#include <string.h>

/* Elements behind one sample's part: what lies between two samples. */
static int64_t stride_of(const amct_shape *shape, const amct_batch_at *at)
{
    return at->after * amct_shape_count(shape, at->dim + 1, shape->rank);
}

/* Whether samples that lie `stride` apart, `batch` of them, lie within dim d. */
static bool fits_dim(amct_batch_at *out, const amct_shape *shape, int32_t d, int64_t stride,
                     int64_t batch)
{
    int64_t inner = amct_shape_count(shape, d + 1, shape->rank);
    if (inner < 1 || stride % inner)
        return false;
    int64_t after = stride / inner;
    if (shape->dims[d] % (after * batch))
        return false;
    *out = (amct_batch_at){d, shape->dims[d] / (after * batch), after};
    return true;
}

/* How the target names dim d: 2 a copy of the dim of the samples, 1 what is left, else 0. */
static int named(const amct_ints *target, bool zero_copies, int32_t d, const amct_batch_at *from)
{
    if (!target || d >= target->n)
        return 0;
    if (target->at[d] == 0 && zero_copies)
        return d == from->dim ? 2 : 0;
    return target->at[d] == -1;
}

/* Finds the dim of `to` in which samples lie that lay at `from` in `shape`. At batch 1 several can
 * be meant: a dim of their own comes first, of these the one that the target names so; between a
 * dim to the left and one to the right, that to the right if it is part of what was one dim, or
 * nothing lies to the left. */
static bool place(amct_batch_at *out, const amct_shape *shape, const amct_batch_at *from,
                  const amct_shape *to, const amct_ints *target, bool zero_copies, int64_t batch)
{
    int64_t stride = stride_of(shape, from), all = amct_shape_size(shape);
    int32_t right = 0, best = 0;
    amct_batch_at at;
    if (all < 1)
        return false;
    for (int32_t d = to->rank - 1; d >= 0 && amct_shape_count(to, d, to->rank) <= stride; d--)
        right += to->dims[d] != 1;
    for (int32_t d = shape->rank - 1; d > from->dim; d--)
        right -= shape->dims[d] != 1;
    bool stays = from->after > 1; /* one more factor to the right of the samples */
    bool splits = all == stride * batch || right - stays > 0 || (right - stays == 0 && stays);
    for (int32_t d = 0; d < to->rank; d++) {
        if (!fits_dim(&at, to, d, stride, batch))
            continue;
        int score = at.before == 1 && at.after == 1 ? 4 + named(target, zero_copies, d, from)
                    : at.before == 1                ? 1 + splits
                    : at.after == 1                 ? 2 - splits
                                                    : 1;
        if (score > best) {
            best = score;
            *out = at;
        }
    }
    return best > 0;
}

static amct_status refuse(const amct_shape *from, const amct_shape *to, amct_err *err)
{
    char one[128], other[128];
    return amct_fail(err, AMCT_E_UNSUPPORTED, "samples cannot be followed from %s to %s",
                     amct_shape_print(from, one, sizeof one),
                     amct_shape_print(to, other, sizeof other));
}

/* The target of a Reshape whose result has the samples at `at`, with the batch left open. */
static void open_target(int64_t *numbers, const amct_shape *to, int32_t dim)
{
    for (int32_t d = 0; d < to->rank; d++)
        numbers[d] = d == dim ? -1 : to->dims[d];
}

/* Whether the target as it is gives the right dims at any batch. */
static bool target_follows(const amct_ints *target, bool zero_copies, const amct_batch_at *from,
                           const amct_batch_at *at)
{
    bool follows = true;
    for (int32_t d = 0; d < target->n; d++) {
        bool copies = target->at[d] == 0 && zero_copies && d == from->dim;
        if (d == at->dim)
            follows &= target->at[d] == -1 ||
                       (copies && from->before == at->before && from->after == at->after);
        else
            follows &= !copies;
    }
    return follows;
}

amct_status amct_batch_reshape(amct_batching *b, uint32_t n, amct_err *err)
{
    amct_graph *graph = b->graph;
    const amct_node *node = &graph->nodes[n];
    const amct_batch_at from = amct_batch_src(b, node, 0);
    const amct_shape shape = graph->tensors[node->src[0]].shape;
    const amct_shape to = graph->tensors[node->dst[0]].shape;
    const amct_tensor *t = amct_node_src(graph, node, 1);
    amct_value value;
    amct_ints target;
    amct_batch_at at;
    int64_t numbers[AMCT_MAX_RANK];
    bool zero_copies = !amct_node_int(node, "allowzero", 0);
    if (from.dim < 0 || (t && !t->data))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its target is computed");
    if (t)
        value = (amct_value){t->dtype, 0, t->shape, (void *)(uintptr_t)t->data};
    AMCT_TRY(amct_param_ints(&target, t ? &value : NULL, node, "shape", AMCT_MAX_RANK, err));
    if (!place(&at, &shape, &from, &to, &target, zero_copies, b->from))
        return refuse(&shape, &to, err);
    amct_batch_dst(b, node, 0, at);
    if (target_follows(&target, zero_copies, &from, &at))
        return AMCT_OK;
    if (zero_copies && at.dim == from.dim && amct_batch_same(at, from)) {
        memcpy(numbers, target.at, sizeof numbers); /* leaves what else the target leaves open */
        numbers[at.dim] = 0;
    } else {
        open_target(numbers, &to, at.dim);
    }
    return amct_batch_set_ints(b, n, 1, to.rank, numbers, false, err);
}

amct_status amct_batch_flatten(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape *shape = amct_batch_shape(b, node, 0);
    amct_batch_at at = amct_batch_src(b, node, 0);
    int64_t axis = amct_node_int(node, "axis", 1);
    int32_t split = (int32_t)(axis < 0 ? axis + shape->rank : axis);
    bool left = at.dim < split;
    (void)err;
    at.before *= amct_shape_count(shape, left ? 0 : split, at.dim);
    at.after *= amct_shape_count(shape, at.dim + 1, left ? split : shape->rank);
    at.dim = !left;
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}

amct_status amct_batch_axes(amct_ints *axes, const amct_batching *b, const amct_node *node,
                            int32_t rank, amct_err *err)
{
    const amct_tensor *t = amct_node_src(b->graph, node, 1);
    amct_value value;
    if (t)
        value = (amct_value){t->dtype, 0, t->shape, (void *)(uintptr_t)t->data};
    if (t && !t->data)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its axes are computed");
    return amct_param_axes(axes, t ? &value : NULL, node, rank, err);
}

/* A batch of 1 is squeezed with all dims of 1, and that of others is not. Squeezed, it makes the
 * samples share a dim: only a Reshape can say that. */
amct_status amct_batch_squeeze(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape shape = *amct_batch_shape(b, node, 0);
    const amct_shape to = b->graph->tensors[node->dst[0]].shape;
    amct_batch_at from = amct_batch_src(b, node, 0), at = from;
    int64_t numbers[AMCT_MAX_RANK];
    amct_ints axes;
    bool lost;
    AMCT_TRY(amct_batch_axes(&axes, b, node, shape.rank, err));
    lost = !axes.given && shape.dims[from.dim] == 1;
    for (int32_t i = 0; i < axes.n; i++) {
        lost |= axes.at[i] == from.dim;
        at.dim -= axes.at[i] < from.dim;
    }
    for (int32_t d = 0; !axes.given && d < from.dim; d++)
        at.dim -= shape.dims[d] == 1;
    bool may_be_1 = !axes.given && from.before * from.after == 1;
    if (!lost && !may_be_1) {
        amct_batch_dst(b, node, 0, at);
        return AMCT_OK;
    }
    if (lost && !place(&at, &shape, &from, &to, NULL, false, b->from))
        return refuse(&shape, &to, err);
    amct_batch_dst(b, node, 0, at);
    open_target(numbers, &to, at.dim);
    return amct_batch_set_ints(b, n, 1, to.rank, numbers, true, err);
}

amct_status amct_batch_unsqueeze(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape *to = &b->graph->tensors[node->dst[0]].shape;
    amct_batch_at at = amct_batch_src(b, node, 0);
    amct_ints axes;
    bool added[AMCT_MAX_RANK] = {false};
    AMCT_TRY(amct_batch_axes(&axes, b, node, to->rank, err));
    for (int32_t i = 0; i < axes.n; i++)
        added[axes.at[i]] = true;
    int32_t d = 0;
    for (int32_t old = 0; d < to->rank; d++)
        if (!added[d] && old++ == at.dim)
            break;
    at.dim = d;
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}
