/* Gather, GatherElements, GatherND. Indices count from the end if negative, and are checked when
 * the kernel runs. */
#include "ops/broadcast.h"
#include "ops/move.h"
#include "ops/param.h"

static amct_status check_indices(const amct_tensor *indices, amct_err *err)
{
    const amct_value value = {.dtype = indices->dtype};
    return amct_param_integer(&value, "indices", err);
}

static amct_status read_index(int64_t *out, const amct_value *indices, int64_t i, int64_t dim,
                              amct_err *err)
{
    int64_t index = amct_value_get_int(indices, i);
    if (index < -dim || index >= dim)
        return amct_fail(err, AMCT_E_INVALID, "index %lld is outside of a dim of %lld",
                         (long long)index, (long long)dim);
    *out = index < 0 ? index + dim : index;
    return AMCT_OK;
}

/* Puts dims first .. before last of `from` at the end of `to`. */
static amct_status append_dims(amct_shape *to, const amct_shape *from, int32_t first, int32_t last,
                               amct_err *err)
{
    if (to->rank + (last - first) > AMCT_MAX_RANK)
        return amct_fail(err, AMCT_E_LIMIT, "the result has more than %d dims", AMCT_MAX_RANK);
    for (int32_t d = first; d < last; d++)
        to->dims[to->rank++] = from->dims[d];
    return AMCT_OK;
}

static amct_status gather_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *data = &in->src[0]->shape, *indices = &in->src[1]->shape;
    amct_shape shape = {.rank = 0};
    int32_t axis;
    AMCT_TRY(check_indices(in->src[1], err));
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", 0, data->rank, err));
    AMCT_TRY(append_dims(&shape, data, 0, axis, err));
    AMCT_TRY(append_dims(&shape, indices, 0, indices->rank, err));
    AMCT_TRY(append_dims(&shape, data, axis + 1, data->rank, err));
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status gather_run(const amct_call *call, amct_err *err)
{
    const amct_value *data = call->src[0], *indices = call->src[1];
    const amct_shape *shape = &data->shape;
    uint32_t bits = amct_dtype_bits(data->dtype);
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", 0, shape->rank, err));
    int64_t outer = amct_shape_count(shape, 0, axis), dim = shape->dims[axis];
    int64_t inner = amct_shape_count(shape, axis + 1, shape->rank);
    int64_t n = amct_shape_size(&indices->shape);
    for (int64_t i = 0; i < n; i++) {
        int64_t index;
        AMCT_TRY(read_index(&index, indices, i, dim, err));
        for (int64_t o = 0; o < outer; o++)
            amct_move(call->dst[0]->data, (o * n + i) * inner, data->data,
                      (o * dim + index) * inner, 1, inner, bits);
    }
    return AMCT_OK;
}

static amct_status gather_elements_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *data = &in->src[0]->shape, *indices = &in->src[1]->shape;
    char one[128], other[128];
    int32_t axis;
    AMCT_TRY(check_indices(in->src[1], err));
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", 0, data->rank, err));
    bool fits = data->rank == indices->rank;
    for (int32_t d = 0; fits && d < data->rank; d++)
        fits = d == axis || indices->dims[d] <= data->dims[d];
    if (!fits)
        return amct_fail(err, AMCT_E_INVALID, "indices of %s do not lie within data of %s",
                         amct_shape_print(indices, one, sizeof one),
                         amct_shape_print(data, other, sizeof other));
    amct_infer_like(&in->dst[0], in->src[0], indices);
    return AMCT_OK;
}

static amct_status gather_elements_run(const amct_call *call, amct_err *err)
{
    const amct_value *data = call->src[0], *indices = call->src[1];
    uint32_t bits = amct_dtype_bits(data->dtype);
    int64_t strides[2][AMCT_MAX_RANK];
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", 0, data->shape.rank, err));
    int64_t dim = data->shape.dims[axis];
    amct_shape_strides(strides[0], &indices->shape);
    amct_shape_strides(strides[1], &data->shape);
    int64_t along = strides[1][axis];
    strides[1][axis] = 0;
    amct_walk w;
    for (amct_walk_strided(&w, &indices->shape, 2, (const int64_t(*)[AMCT_MAX_RANK])strides, NULL);
         !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++) {
            int64_t index;
            AMCT_TRY(read_index(&index, indices, w.at[0] + i, dim, err));
            amct_move(call->dst[0]->data, w.at[0] + i, data->data,
                      w.at[1] + i * w.step[1] + index * along, 1, 1, bits);
        }
    return AMCT_OK;
}

/* The leading dims that data and indices share one by one. */
static amct_status read_batch_dims(int32_t *out, const amct_infer *in, amct_err *err)
{
    const amct_shape *data = &in->src[0]->shape, *indices = &in->src[1]->shape;
    int64_t batch = amct_node_int(in->node, "batch_dims", 0);
    if (batch < 0 || batch >= data->rank || batch >= indices->rank)
        return amct_fail(err, AMCT_E_INVALID,
                         "batch_dims %lld for data of %d and indices of %d dims", (long long)batch,
                         data->rank, indices->rank);
    for (int32_t d = 0; d < batch; d++)
        if (data->dims[d] != indices->dims[d])
            return amct_fail(err, AMCT_E_INVALID, "batch dim %d is %lld in data, %lld in indices",
                             d, (long long)data->dims[d], (long long)indices->dims[d]);
    *out = (int32_t)batch;
    return AMCT_OK;
}

static amct_status gather_nd_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *data = &in->src[0]->shape, *indices = &in->src[1]->shape;
    amct_shape shape = {.rank = 0};
    int32_t batch = 0;
    AMCT_TRY(check_indices(in->src[1], err));
    if (data->rank < 1 || indices->rank < 1)
        return amct_fail(err, AMCT_E_INVALID, "data and indices must not be scalars");
    AMCT_TRY(read_batch_dims(&batch, in, err));
    int64_t depth = indices->dims[indices->rank - 1];
    if (depth < 1 || depth > data->rank - batch)
        return amct_fail(err, AMCT_E_INVALID, "indices of %lld numbers for data of %d dims",
                         (long long)depth, data->rank - batch);
    AMCT_TRY(append_dims(&shape, indices, 0, indices->rank - 1, err));
    AMCT_TRY(append_dims(&shape, data, batch + (int32_t)depth, data->rank, err));
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status gather_nd_run(const amct_call *call, amct_err *err)
{
    const amct_value *data = call->src[0], *indices = call->src[1];
    const amct_shape *shape = &data->shape;
    uint32_t bits = amct_dtype_bits(data->dtype);
    int32_t batch = (int32_t)amct_node_int(call->node, "batch_dims", 0);
    int32_t last = indices->shape.rank - 1, depth = (int32_t)indices->shape.dims[last];
    int64_t inner = amct_shape_count(shape, batch + depth, shape->rank);
    int64_t outer = amct_shape_count(&indices->shape, 0, batch);
    int64_t tuples = amct_shape_count(&indices->shape, batch, last);
    for (int64_t i = 0; i < outer * tuples; i++) {
        int64_t at = i / tuples;
        for (int32_t k = 0; k < depth; k++) {
            int64_t index;
            AMCT_TRY(read_index(&index, indices, i * depth + k, shape->dims[batch + k], err));
            at = at * shape->dims[batch + k] + index;
        }
        amct_move(call->dst[0]->data, i * inner, data->data, at * inner, 1, inner, bits);
    }
    return AMCT_OK;
}

const amct_op amct_ops_gather[] = {
    {"Gather", 2, 2, 1, gather_infer, gather_run},
    {"GatherElements", 2, 2, 1, gather_elements_infer, gather_elements_run},
    {"GatherND", 2, 2, 1, gather_nd_infer, gather_nd_run},
};
const size_t amct_n_ops_gather = sizeof amct_ops_gather / sizeof *amct_ops_gather;
