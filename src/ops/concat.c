/* Concat and Split. */
#include "ops/move.h"
#include "ops/param.h"

static amct_status concat_infer(const amct_infer *in, amct_err *err)
{
    const amct_tensor *first = in->src[0];
    char one[128], other[128];
    amct_shape shape = first->shape;
    int32_t axis;
    if (!amct_node_attr(in->node, "axis"))
        return amct_fail(err, AMCT_E_INVALID, "the attribute axis is missing");
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", 0, shape.rank, err));
    for (uint32_t i = 1; i < in->node->n_src; i++) {
        const amct_tensor *src = in->src[i];
        if (!src)
            return amct_fail(err, AMCT_E_INVALID, "input %u is left out but needed", i);
        if (src->dtype != first->dtype || src->zero_point != first->zero_point)
            return amct_fail(err, AMCT_E_INVALID,
                             "input %u is %s with zero point %d, input 0 %s with %d", i,
                             amct_dtype_name(src->dtype), src->zero_point,
                             amct_dtype_name(first->dtype), first->zero_point);
        bool fits = src->shape.rank == shape.rank;
        for (int32_t d = 0; fits && d < shape.rank; d++)
            fits = d == axis || src->shape.dims[d] == shape.dims[d];
        if (!fits)
            return amct_fail(err, AMCT_E_INVALID,
                             "input %u of %s does not continue input 0 of %s along axis %d", i,
                             amct_shape_print(&src->shape, one, sizeof one),
                             amct_shape_print(&first->shape, other, sizeof other), axis);
        if (__builtin_add_overflow(shape.dims[axis], src->shape.dims[axis], &shape.dims[axis]))
            return amct_fail(err, AMCT_E_LIMIT, "the sum of the dims of axis %d overflows", axis);
    }
    amct_infer_like(&in->dst[0], first, &shape);
    return AMCT_OK;
}

static amct_status concat_run(const amct_call *call, amct_err *err)
{
    const amct_value *dst = call->dst[0];
    uint32_t bits = amct_dtype_bits(dst->dtype);
    int32_t axis, rank = dst->shape.rank;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", 0, rank, err));
    int64_t outer = amct_shape_count(&dst->shape, 0, axis);
    int64_t row = amct_shape_count(&dst->shape, axis, rank), at = 0;
    for (uint32_t i = 0; i < call->node->n_src; i++) {
        const amct_value *src = call->src[i];
        int64_t part = amct_shape_count(&src->shape, axis, rank);
        for (int64_t o = 0; part > 0 && o < outer; o++)
            amct_move(dst->data, o * row + at, src->data, o * part, 1, part, bits);
        at += part;
    }
    return AMCT_OK;
}

/* Size of part i of n along a dim: as the input or the attribute `split` says, else equal parts
 * with smaller ones at the end. The input's or attribute's length has been checked. */
static int64_t part_size(const amct_value *split, const amct_node *node, int64_t dim, uint32_t i)
{
    size_t n_listed;
    const int64_t *listed = amct_node_ints(node, "split", &n_listed);
    if (split)
        return amct_value_get_int(split, i);
    if (listed)
        return listed[i];
    int64_t chunk = dim / node->n_dst + (dim % node->n_dst != 0), left = dim - i * chunk;
    return left < 0 ? 0 : left < chunk ? left : chunk;
}

static amct_status check_split(const amct_value *split, const amct_node *node, amct_err *err)
{
    uint32_t n = node->n_dst;
    int64_t outputs = amct_node_int(node, "num_outputs", n), n_sizes = n;
    if (outputs != n)
        return amct_fail(err, AMCT_E_INVALID, "num_outputs is %lld, but there are %u results",
                         (long long)outputs, n);
    if (split) {
        AMCT_TRY(amct_param_integer(split, "split", err));
        n_sizes = amct_shape_size(&split->shape);
    } else if (amct_node_attr(node, "split")) {
        size_t n_listed;
        amct_node_ints(node, "split", &n_listed);
        n_sizes = (int64_t)n_listed;
    }
    if (n_sizes != n)
        return amct_fail(err, AMCT_E_INVALID, "split has %lld sizes for %u results",
                         (long long)n_sizes, n);
    return AMCT_OK;
}

static amct_status split_infer(const amct_infer *in, amct_err *err)
{
    const amct_value *src[2];
    amct_value values[2];
    bool waits = amct_infer_waits(in, 1, 2);
    amct_infer_sources(values, src, 2, in);
    amct_shape shape = src[0]->shape;
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", 0, shape.rank, err));
    AMCT_TRY(check_split(src[1], in->node, err));
    int64_t dim = shape.dims[axis], left = dim;
    for (uint32_t i = 0; i < in->node->n_dst; i++) {
        if (waits) {
            shape.rank = -1;
        } else {
            int64_t size = shape.dims[axis] = part_size(src[1], in->node, dim, i);
            if (size < 0 || size > left)
                return amct_fail(err, AMCT_E_INVALID, "part %u of size %lld: %lld of %lld are left",
                                 i, (long long)size, (long long)left, (long long)dim);
            left -= size;
        }
        amct_infer_like(&in->dst[i], in->src[0], &shape);
    }
    if (!waits && left)
        return amct_fail(err, AMCT_E_INVALID, "the parts leave %lld of %lld", (long long)left,
                         (long long)dim);
    return AMCT_OK;
}

static amct_status split_run(const amct_call *call, amct_err *err)
{
    const amct_value *src[2];
    amct_call_sources(src, 2, call);
    const amct_shape *shape = &src[0]->shape;
    uint32_t bits = amct_dtype_bits(src[0]->dtype);
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", 0, shape->rank, err));
    int64_t outer = amct_shape_count(shape, 0, axis);
    int64_t inner = amct_shape_count(shape, axis + 1, shape->rank);
    int64_t row = shape->dims[axis] * inner, at = 0;
    for (uint32_t i = 0; i < call->node->n_dst; i++) {
        int64_t part = part_size(src[1], call->node, shape->dims[axis], i) * inner;
        for (int64_t o = 0; call->dst[i] && part > 0 && o < outer; o++)
            amct_move(call->dst[i]->data, o * part, src[0]->data, o * row + at, 1, part, bits);
        at += part;
    }
    return AMCT_OK;
}

const amct_op amct_ops_concat[] = {
    {"Concat", 1, UINT32_MAX, 1, concat_infer, concat_run},
    {"Split", 1, 2, UINT32_MAX, split_infer, split_run},
};
const size_t amct_n_ops_concat = sizeof amct_ops_concat / sizeof *amct_ops_concat;
