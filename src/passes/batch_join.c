/* Where samples lie behind operators in which several sources may have some, and that they do not
 * meet there. */
#include "passes/batch_layout.h"

/* ---- Aligned sources --------------------------------------------------------------------------
 */

/* Where the samples of sources `first` to before `last` lie in a result of `rank` dims, to which
 * they are aligned at their ends. */
static amct_status common_place(amct_batch_at *out, const amct_batching *b, const amct_node *node,
                                uint32_t first, uint32_t last, int32_t rank, amct_err *err)
{
    amct_batch_at common = {.dim = AMCT_BATCH_NONE};
    for (uint32_t i = first; i < last && i < node->n_src; i++) {
        amct_batch_at at = amct_batch_src(b, node, i);
        if (at.dim < 0)
            continue;
        at.dim += rank - amct_batch_shape(b, node, i)->rank;
        if (common.dim >= 0 && !amct_batch_same(common, at))
            return amct_fail(
                err, AMCT_E_UNSUPPORTED,
                "its inputs have the samples along axes %d and %d, or in another order", common.dim,
                at.dim);
        common = at;
    }
    *out = common;
    return AMCT_OK;
}

/* Repeats the sources that have no samples but a dim where the others have theirs. With `always`
 * also dims of 1: nothing is broadcast there. */
static amct_status repeat_others(amct_batching *b, uint32_t n, uint32_t first, uint32_t last,
                                 amct_batch_at at, int32_t rank, bool always, amct_err *err)
{
    int64_t full = at.before * at.after * b->from;
    for (uint32_t i = first; i < last && i < b->graph->nodes[n].n_src; i++) {
        const amct_node *node = &b->graph->nodes[n];
        if (!amct_node_src(b->graph, node, i) || amct_batch_src(b, node, i).dim >= 0)
            continue;
        const amct_shape *shape = amct_batch_shape(b, node, i);
        amct_batch_at own = at;
        own.dim += shape->rank - rank;
        if (own.dim < 0 || (shape->dims[own.dim] == 1 && !always))
            continue;
        if (shape->dims[own.dim] != full)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "axis %d, along which the samples lie, is broadcast", at.dim);
        AMCT_TRY(amct_batch_repeat(b, n, i, own, err));
    }
    return AMCT_OK;
}

/* Broadcasting operators. */
amct_status amct_batch_zip(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_shape to = b->graph->tensors[node->dst[0]].shape;
    amct_batch_at at;
    AMCT_TRY(common_place(&at, b, node, 0, node->n_src, to.rank, err));
    for (uint32_t i = 0; i < node->n_src; i++) /* a batch of 1 beside a dim that is larger */
        if (amct_batch_src(b, node, i).dim >= 0 &&
            to.dims[at.dim] != at.before * at.after * b->from)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "axis %d, along which the samples lie, is broadcast", at.dim);
    amct_batch_dst(b, node, 0, at);
    return repeat_others(b, n, 0, node->n_src, at, to.rank, false, err);
}

/* Concat, and GatherElements: dims but that of the axis are shared one by one. */
amct_status amct_batch_concat(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    int32_t axis, rank = amct_batch_shape(b, node, 0)->rank;
    amct_batch_at at;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, rank, err));
    AMCT_TRY(common_place(&at, b, node, 0, node->n_src, rank, err));
    if (at.dim == axis)
        return amct_batch_meet(axis, err);
    amct_batch_dst(b, node, 0, at);
    return repeat_others(b, n, 0, node->n_src, at, rank, true, err);
}

/* ---- Gather -----------------------------------------------------------------------------------
 */

amct_status amct_batch_gather(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at data = amct_batch_src(b, node, 0), index = amct_batch_src(b, node, 1);
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, amct_batch_shape(b, node, 0)->rank, err));
    if (data.dim == axis)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it takes some of the samples, along axis %d",
                         axis);
    if (data.dim >= 0 && index.dim >= 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its data and its indices have samples");
    if (index.dim >= 0)
        index.dim += axis;
    else if (data.dim > axis)
        data.dim += amct_batch_shape(b, node, 1)->rank - 1;
    amct_batch_dst(b, node, 0, index.dim >= 0 ? index : data);
    return AMCT_OK;
}

amct_status amct_batch_gather_nd(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at data = amct_batch_src(b, node, 0), index = amct_batch_src(b, node, 1);
    int64_t shared = amct_node_int(node, "batch_dims", 0);
    bool both = data.dim >= 0 && data.dim < shared && amct_batch_same(data, index);
    bool alone =
        data.dim < 0 && index.dim >= shared && index.dim < amct_batch_shape(b, node, 1)->rank - 1;
    if (!both && !alone)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it takes some of the samples");
    amct_batch_dst(b, node, 0, index);
    return AMCT_OK;
}

/* ---- Products ---------------------------------------------------------------------------------
 */

/* a is source 0, b source `other`; vectors are not followed. */
static amct_status product(amct_batching *b, uint32_t n, uint32_t other, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at left = amct_batch_src(b, node, 0), right = amct_batch_src(b, node, other);
    int32_t rank_a = amct_batch_shape(b, node, 0)->rank,
            rank_b = amct_batch_shape(b, node, other)->rank;
    int32_t rank = rank_a > rank_b ? rank_a : rank_b;
    for (uint32_t i = 1; i < node->n_src; i++)
        if (i != other && amct_batch_src(b, node, i).dim != AMCT_BATCH_NONE)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "its input %u is another for every sample",
                             i);
    if (left.dim == rank_a - 1 || (right.dim >= 0 && right.dim == (rank_b > 1 ? rank_b - 2 : 0)))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it sums over the axis along which samples lie");
    if (rank_a < 2 || rank_b < 2) { /* a vector is a dim less in the result */
        if (left.dim >= 0 && right.dim >= 0)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "a product of vectors and samples");
        if (right.dim == rank_b - 1)
            right.dim -= rank_a < 2;
        amct_batch_dst(b, node, 0, left.dim >= 0 ? left : right);
        return AMCT_OK;
    }
    bool rows = left.dim == rank_a - 2, columns = right.dim >= 0 && right.dim == rank_b - 1;
    if ((rows || columns) && left.dim >= 0 && right.dim >= 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "samples meet in the products of rows");
    amct_batch_at at = left.dim >= 0 ? left : right, aligned = right;
    at.dim += rank - (left.dim >= 0 ? rank_a : rank_b);
    aligned.dim += rank - rank_b;
    if (left.dim >= 0 && right.dim >= 0 && !amct_batch_same(at, aligned))
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "its inputs have the samples along axes %d and %d, or in another order",
                         at.dim, aligned.dim);
    amct_batch_dst(b, node, 0, at);
    if (rows || columns)
        return AMCT_OK;
    const amct_shape to = b->graph->tensors[node->dst[0]].shape;
    if (to.dims[at.dim] != at.before * at.after * b->from)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "axis %d, along which the samples lie, is broadcast", at.dim);
    AMCT_TRY(repeat_others(b, n, 0, 1, at, rank, false, err));
    return repeat_others(b, n, other, other + 1, at, rank, false, err);
}

amct_status amct_batch_matmul(amct_batching *b, uint32_t n, amct_err *err)
{
    return product(b, n, 1, err);
}

amct_status amct_batch_qlinear_matmul(amct_batching *b, uint32_t n, amct_err *err)
{
    return product(b, n, 3, err);
}

amct_status amct_batch_gemm(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    AMCT_TRY(amct_batch_want_alone(b, node, 1, err));
    if (at.dim != (amct_node_int(node, "transA", 0) != 0))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it sums over the axis along which samples lie");
    at.dim = 0;
    amct_batch_dst(b, node, 0, at);
    return repeat_others(b, n, 2, 3, at, 2, false, err);
}

/* Sources: X of steps x batch x inputs, W, R, B, lengths, first h, first c, P. */
amct_status amct_batch_recurrent(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    for (uint32_t i = 0; i < node->n_src; i++) {
        int32_t dim = amct_batch_src(b, node, i).dim;
        if (dim >= 0 && (i == 0 || i == 5 || i == 6 ? dim != 1 : i != 4))
            return i == 0 && dim == 0
                       ? amct_fail(err, AMCT_E_UNSUPPORTED,
                                   "its steps lie along axis 0, where the network's batch is")
                       : amct_fail(err, AMCT_E_UNSUPPORTED,
                                   "the samples of input %u lie along axis %d", i, dim);
        if (dim >= 0 && !(amct_batch_src(b, node, i).before == at.before &&
                          amct_batch_src(b, node, i).after == at.after))
            return amct_fail(err, AMCT_E_UNSUPPORTED, "its input %u has samples in another order",
                             i);
    }
    if (at.dim != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its input 0 is the same for all samples");
    for (uint32_t i = 4; i < 7 && i < b->graph->nodes[n].n_src; i++) {
        node = &b->graph->nodes[n];
        amct_batch_at own = {.dim = i > 4, .before = at.before, .after = at.after};
        if (node->src[i] != AMCT_NO_TENSOR && amct_batch_src(b, node, i).dim < 0)
            AMCT_TRY(amct_batch_repeat(b, n, i, own, err));
    }
    node = &b->graph->nodes[n];
    for (uint32_t i = 0; i < node->n_dst; i++)
        amct_batch_dst(b, node, i,
                       (amct_batch_at){.dim = i ? 1 : 2, .before = at.before, .after = at.after});
    return AMCT_OK;
}
