/* Slice and Trilu. */
#include "ops/broadcast.h"
#include "ops/move.h"
#include "ops/param.h"

#include <string.h>

/* Where the slice begins, steps and ends; one entry per dim of the source. */
typedef struct slice_plan {
    int64_t begin[AMCT_MAX_RANK], step[AMCT_MAX_RANK];
    amct_shape shape;
} slice_plan;

static int64_t clamp(int64_t x, int64_t least, int64_t greatest)
{
    return x < least ? least : x > greatest ? greatest : x;
}

static void plan_axis(slice_plan *plan, int32_t axis, int64_t start, int64_t end, int64_t step)
{
    int64_t dim = plan->shape.dims[axis];
    bool back = step < 0;
    start += start < 0 ? dim : 0;
    end += end < 0 ? dim : 0;
    /* Backwards the places to begin and end at are each one lower: the end may be at -1. */
    start = clamp(start, back ? -1 : 0, back ? dim - 1 : dim);
    end = clamp(end, back ? -1 : 0, back ? dim - 1 : dim);
    int64_t span = back ? start - end : end - start;
    int64_t stride = !back ? step : step == INT64_MIN ? INT64_MAX : -step;
    int64_t count = span > 0 ? (span - 1) / stride + 1 : 0;
    plan->begin[axis] = count ? start : 0;
    plan->step[axis] = count > 1 ? step : 1;
    plan->shape.dims[axis] = count;
}

/* Sources: data, starts, ends, axes, steps. */
static amct_status plan_slice(slice_plan *out, const amct_node *node, const amct_value *const *src,
                              amct_err *err)
{
    amct_ints starts, ends, axes, steps;
    slice_plan plan = {.shape = src[0]->shape};
    int32_t rank = plan.shape.rank;
    AMCT_TRY(amct_param_ints(&starts, src[1], node, "starts", AMCT_MAX_RANK, err));
    AMCT_TRY(amct_param_ints(&ends, src[2], node, "ends", AMCT_MAX_RANK, err));
    AMCT_TRY(amct_param_axes(&axes, src[3], node, rank, err));
    AMCT_TRY(amct_param_ints(&steps, src[4], node, "steps", AMCT_MAX_RANK, err));
    int32_t n = starts.n;
    if (!starts.given || !ends.given)
        return amct_fail(err, AMCT_E_INVALID, "the input %s is missing",
                         starts.given ? "ends" : "starts");
    if (n != ends.n || (axes.given && n != axes.n) || (steps.given && n != steps.n))
        return amct_fail(err, AMCT_E_INVALID,
                         "starts, ends, axes and steps have %d, %d, %d and %d numbers", n, ends.n,
                         axes.given ? axes.n : n, steps.given ? steps.n : n);
    if (n > rank)
        return amct_fail(err, AMCT_E_INVALID, "%d starts for a tensor of %d dims", n, rank);
    for (int32_t d = 0; d < rank; d++)
        plan.step[d] = 1;
    for (int32_t i = 0; i < n; i++) {
        int64_t step = steps.given ? steps.at[i] : 1;
        if (step == 0)
            return amct_fail(err, AMCT_E_INVALID, "step %d is 0", i);
        plan_axis(&plan, axes.given ? (int32_t)axes.at[i] : i, starts.at[i], ends.at[i], step);
    }
    *out = plan;
    return AMCT_OK;
}

static amct_status slice_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[5];
    const amct_value *src[5];
    slice_plan plan = {.shape.rank = -1};
    amct_infer_sources(values, src, 5, in);
    if (!amct_infer_waits(in, 1, 5))
        AMCT_TRY(plan_slice(&plan, in->node, src, err));
    amct_infer_like(&in->dst[0], in->src[0], &plan.shape);
    return AMCT_OK;
}

static amct_status slice_run(const amct_call *call, amct_err *err)
{
    const amct_value *src[5];
    slice_plan plan;
    int64_t strides[AMCT_MAX_RANK], start = 0;
    amct_call_sources(src, 5, call);
    AMCT_TRY(plan_slice(&plan, call->node, src, err));
    if (amct_shape_size(&plan.shape) == 0)
        return AMCT_OK;
    amct_shape_strides(strides, &src[0]->shape);
    for (int32_t d = 0; d < plan.shape.rank; d++) {
        start += plan.begin[d] * strides[d];
        strides[d] *= plan.step[d];
    }
    amct_move_strided(call->dst[0], src[0], start, strides);
    return AMCT_OK;
}

static amct_status trilu_infer(const amct_infer *in, amct_err *err)
{
    const amct_tensor *src = in->src[0];
    if (src->shape.rank < 2)
        return amct_fail(err, AMCT_E_INVALID, "the input has %d dims, wanted are at least 2",
                         src->shape.rank);
    amct_infer_like(&in->dst[0], src, &src->shape);
    return AMCT_OK;
}

static amct_status trilu_run(const amct_call *call, amct_err *err)
{
    const amct_value *dst = call->dst[0], *src[2];
    amct_ints k;
    bool upper = amct_node_int(call->node, "upper", 1) != 0;
    uint32_t bits = amct_dtype_bits(dst->dtype);
    int32_t rank = dst->shape.rank;
    int64_t rows = dst->shape.dims[rank - 2], columns = dst->shape.dims[rank - 1];
    int64_t matrices = amct_shape_count(&dst->shape, 0, rank - 2), zero = 0;
    amct_call_sources(src, 2, call);
    AMCT_TRY(amct_param_ints(&k, src[1], call->node, "k", 1, err));
    amct_element_put_int(dst->dtype, &zero, 0, dst->zero_point);
    /* Row r keeps columns from r + k on (upper) or up to it (lower). */
    int64_t shift = k.n ? clamp(k.at[0], -rows, columns) : 0;
    for (int64_t row = 0; row < matrices * rows; row++) {
        int64_t edge = clamp(row % rows + shift + !upper, 0, columns), at = row * columns;
        int64_t keep = upper ? edge : 0, kept = upper ? columns - edge : edge;
        int64_t clear = upper ? 0 : edge;
        amct_move(dst->data, at + keep, src[0]->data, at + keep, 1, kept, bits);
        amct_move(dst->data, at + clear, &zero, 0, 0, columns - kept, bits);
    }
    return AMCT_OK;
}

const amct_op amct_ops_slice[] = {
    {"Slice", 1, 5, 1, slice_infer, slice_run},
    {"Trilu", 1, 2, 1, trilu_infer, trilu_run},
};
const size_t amct_n_ops_slice = sizeof amct_ops_slice / sizeof *amct_ops_slice;
