/* Operators that change dims and leave the elements where they are: Reshape, Flatten, Squeeze,
 * Unsqueeze, Identity, and Dropout as it is at inference. */
#include "ops/move.h"
#include "ops/param.h"

#include <string.h>

static amct_status move_run(const amct_call *call, amct_err *err)
{
    (void)err;
    if (call->dst[0])
        amct_move_all(call->dst[0], call->src[0]);
    return AMCT_OK;
}

static amct_status reshape_target(amct_shape *out, const amct_shape *src, const amct_ints *wanted,
                                  bool zero_is_zero, amct_err *err)
{
    amct_shape shape = {.rank = wanted->n};
    char one[128], other[128];
    int32_t open = -1;
    int64_t size = amct_shape_size(src), count = 1;
    for (int32_t d = 0; d < shape.rank; d++) {
        int64_t dim = wanted->at[d];
        if (dim == 0 && !zero_is_zero) {
            if (d >= src->rank)
                return amct_fail(err, AMCT_E_INVALID,
                                 "dim %d is to be copied from an input of %d dims", d, src->rank);
            dim = src->dims[d];
        } else if (dim == -1) {
            if (open >= 0)
                return amct_fail(err, AMCT_E_INVALID, "dims %d and %d are both -1", open, d);
            open = d;
        } else if (dim < 0) {
            return amct_fail(err, AMCT_E_INVALID, "dim %d is %lld", d, (long long)dim);
        }
        shape.dims[d] = dim;
        if (dim >= 0 && __builtin_mul_overflow(count, dim, &count))
            return amct_fail(err, AMCT_E_LIMIT, "a tensor of shape %s is too large",
                             amct_shape_print(&shape, one, sizeof one));
    }
    bool fits = open < 0 ? count == size : count > 0 && size % count == 0;
    if (!fits)
        return amct_fail(err, AMCT_E_INVALID, "%s cannot be reshaped to %s",
                         amct_shape_print(src, one, sizeof one),
                         amct_shape_print(&shape, other, sizeof other));
    if (open >= 0)
        shape.dims[open] = size / count;
    *out = shape;
    return AMCT_OK;
}

static amct_status reshape_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[2];
    const amct_value *src[2];
    amct_ints wanted;
    amct_shape shape = {.rank = -1};
    amct_infer_sources(values, src, 2, in);
    if (!amct_infer_waits(in, 1, 2)) {
        AMCT_TRY(amct_param_ints(&wanted, src[1], in->node, "shape", AMCT_MAX_RANK, err));
        if (!wanted.given)
            return amct_fail(err, AMCT_E_INVALID, "the input shape is missing");
        AMCT_TRY(reshape_target(&shape, &src[0]->shape, &wanted,
                                amct_node_int(in->node, "allowzero", 0) != 0, err));
    }
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status flatten_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *src = &in->src[0]->shape;
    int64_t axis = amct_node_int(in->node, "axis", 1);
    if (axis < -(int64_t)src->rank || axis > src->rank)
        return amct_fail(err, AMCT_E_INVALID, "axis %lld is outside of a tensor of %d dims",
                         (long long)axis, src->rank);
    int32_t split = (int32_t)(axis < 0 ? axis + src->rank : axis);
    amct_shape shape = {2,
                        {amct_shape_count(src, 0, split), amct_shape_count(src, split, src->rank)}};
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status squeeze_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[2];
    const amct_value *src[2];
    amct_ints axes;
    amct_shape shape = {.rank = -1};
    amct_infer_sources(values, src, 2, in);
    if (!amct_infer_waits(in, 1, 2)) {
        const amct_shape *from = &src[0]->shape;
        bool drop[AMCT_MAX_RANK];
        AMCT_TRY(amct_param_axes(&axes, src[1], in->node, from->rank, err));
        for (int32_t d = 0; d < from->rank; d++)
            drop[d] = !axes.given && from->dims[d] == 1;
        for (int32_t i = 0; i < axes.n; i++) {
            if (from->dims[axes.at[i]] != 1)
                return amct_fail(err, AMCT_E_INVALID, "axis %lld of size %lld cannot be squeezed",
                                 (long long)axes.at[i], (long long)from->dims[axes.at[i]]);
            drop[axes.at[i]] = true;
        }
        shape.rank = 0;
        for (int32_t d = 0; d < from->rank; d++)
            if (!drop[d])
                shape.dims[shape.rank++] = from->dims[d];
    }
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status unsqueeze_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[2];
    const amct_value *src[2];
    amct_ints axes;
    amct_shape shape = {.rank = -1};
    amct_infer_sources(values, src, 2, in);
    if (!amct_infer_waits(in, 1, 2)) {
        const amct_shape *from = &src[0]->shape;
        bool fresh[AMCT_MAX_RANK] = {false};
        AMCT_TRY(amct_param_ints(&axes, src[1], in->node, "axes", AMCT_MAX_RANK, err));
        if (!axes.given)
            return amct_fail(err, AMCT_E_INVALID, "the input axes is missing");
        int32_t rank = from->rank + axes.n;
        if (rank > AMCT_MAX_RANK)
            return amct_fail(err, AMCT_E_LIMIT, "the result has %d dims, more than %d", rank,
                             AMCT_MAX_RANK);
        AMCT_TRY(amct_param_axes(&axes, src[1], in->node, rank, err));
        for (int32_t i = 0; i < axes.n; i++)
            fresh[axes.at[i]] = true;
        shape.rank = rank;
        for (int32_t d = 0, from_d = 0; d < rank; d++)
            shape.dims[d] = fresh[d] ? 1 : from->dims[from_d++];
    }
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status identity_infer(const amct_infer *in, amct_err *err)
{
    (void)err;
    amct_infer_like(&in->dst[0], in->src[0], &in->src[0]->shape);
    return AMCT_OK;
}

static amct_status dropout_infer(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(identity_infer(in, err));
    if (in->node->n_dst > 1) {
        in->dst[1].dtype = AMCT_BOOL;
        in->dst[1].shape = in->src[0]->shape;
    }
    return AMCT_OK;
}

/* Nothing is dropped, even if the file was saved in training mode: the chip's compiler does the
 * same. */
static amct_status dropout_run(const amct_call *call, amct_err *err)
{
    const amct_value *mask = call->node->n_dst > 1 ? call->dst[1] : NULL;
    if (mask)
        memset(mask->data, 1, (size_t)amct_shape_size(&mask->shape));
    return move_run(call, err);
}

const amct_op amct_ops_reshape[] = {
    {"Dropout", 1, 3, 2, dropout_infer, dropout_run},
    {"Flatten", 1, 1, 1, flatten_infer, move_run},
    {"Identity", 1, 1, 1, identity_infer, move_run},
    {"Reshape", 1, 2, 1, reshape_infer, move_run},
    {"Squeeze", 1, 2, 1, squeeze_infer, move_run},
    {"Unsqueeze", 1, 2, 1, unsqueeze_infer, move_run},
};
const size_t amct_n_ops_reshape = sizeof amct_ops_reshape / sizeof *amct_ops_reshape;
