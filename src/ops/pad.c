/* Pad. Negative pads cut first; what is left is then padded, as onnxruntime does. */
#include "ops/move.h"
#include "ops/param.h"

#include <stdlib.h>

enum { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP };

/* Per dim of the source: how many are added before, and which of its elements stay. */
typedef struct pad_plan {
    uint32_t mode;
    int64_t before[AMCT_MAX_RANK], first[AMCT_MAX_RANK], kept[AMCT_MAX_RANK];
    amct_shape shape;
} pad_plan;

static amct_status plan_axis(pad_plan *plan, int32_t axis, int64_t begin, int64_t end,
                             amct_err *err)
{
    int64_t dim = plan->shape.dims[axis];
    if (begin > AMCT_MAX_TENSOR_BYTES || end > AMCT_MAX_TENSOR_BYTES)
        return amct_fail(err, AMCT_E_LIMIT, "pads %lld and %lld of axis %d are too large",
                         (long long)begin, (long long)end, axis);
    if (begin < -dim || end < -dim || (begin < 0 ? -begin : 0) + (end < 0 ? -end : 0) > dim)
        return amct_fail(err, AMCT_E_INVALID, "pads %lld and %lld cut more than axis %d has: %lld",
                         (long long)begin, (long long)end, axis, (long long)dim);
    plan->first[axis] = begin < 0 ? -begin : 0;
    plan->kept[axis] = dim + (begin < 0 ? begin : 0) + (end < 0 ? end : 0);
    plan->before[axis] = begin > 0 ? begin : 0;
    plan->shape.dims[axis] = dim + begin + end;
    if (plan->mode != PAD_CONSTANT && plan->kept[axis] == 0 && plan->shape.dims[axis] > 0)
        return amct_fail(err, AMCT_E_INVALID, "axis %d is empty: nothing to pad it with", axis);
    return AMCT_OK;
}

/* Sources: data, pads, constant_value, axes. */
static amct_status plan_pad(pad_plan *out, const amct_node *node, const amct_value *const *src,
                            amct_err *err)
{
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap", NULL};
    pad_plan plan = {.shape = src[0]->shape};
    amct_ints pads, axes;
    int32_t rank = plan.shape.rank;
    AMCT_TRY(amct_param_word(&plan.mode, node, "mode", modes, err));
    AMCT_TRY(amct_param_ints(&pads, src[1], node, "pads", AMCT_MAX_INTS, err));
    AMCT_TRY(amct_param_axes(&axes, src[3], node, rank, err));
    int32_t n = axes.given ? axes.n : rank;
    if (!pads.given || pads.n != 2 * n)
        return amct_fail(err, AMCT_E_INVALID, "pads has %d numbers for %d axes", pads.n, n);
    for (int32_t d = 0; d < rank; d++)
        plan.kept[d] = plan.shape.dims[d];
    for (int32_t i = 0; i < n; i++)
        AMCT_TRY(plan_axis(&plan, axes.given ? (int32_t)axes.at[i] : i, pads.at[i], pads.at[n + i],
                           err));
    *out = plan;
    return AMCT_OK;
}

static amct_status pad_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[4];
    const amct_value *src[4];
    pad_plan plan = {.shape.rank = -1};
    amct_infer_sources(values, src, 4, in);
    if (src[2] && (src[2]->dtype != src[0]->dtype || amct_shape_size(&src[2]->shape) != 1))
        return amct_fail(err, AMCT_E_INVALID, "constant_value must be one %s",
                         amct_dtype_name(src[0]->dtype));
    if (!amct_infer_waits(in, 1, 2) && !amct_infer_waits(in, 3, 4))
        AMCT_TRY(plan_pad(&plan, in->node, src, err));
    amct_infer_like(&in->dst[0], in->src[0], &plan.shape);
    return AMCT_OK;
}

/* The element of a padded axis' source that lies at place i of the result, -1: the constant. */
static int64_t source_of(const pad_plan *plan, int32_t axis, int64_t i)
{
    int64_t n = plan->kept[axis], at = i - plan->before[axis];
    if (at < 0 || at >= n) {
        int64_t period = plan->mode == PAD_WRAP ? n : 2 * (n - 1);
        switch (plan->mode) {
        case PAD_CONSTANT: return -1;
        case PAD_EDGE: at = at < 0 ? 0 : n - 1; break;
        default: at = period ? (at % period + period) % period : 0; at = at < n ? at : period - at;
        }
    }
    return plan->first[axis] + at;
}

/* What one row needs: the last padded axis with everything behind it. */
typedef struct pad_rows {
    const pad_plan *plan;
    const amct_value *dst, *src;
    const void *fill;
    int32_t axis;
    int64_t inner; /* elements behind the axis */
    uint32_t bits;
} pad_rows;

static void pad_between(const pad_rows *rows, int64_t to, int64_t from, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++) {
        int64_t at = source_of(rows->plan, rows->axis, i);
        amct_move(rows->dst->data, to + i * rows->inner, rows->src->data, from + at * rows->inner,
                  1, rows->inner, rows->bits);
    }
}

/* Row at element `to` of the result from the row at element `from` of the source, -1: all fill. */
static void pad_row(const pad_rows *rows, int64_t to, int64_t from)
{
    const pad_plan *plan = rows->plan;
    int64_t n = plan->shape.dims[rows->axis], inner = rows->inner;
    int64_t before = plan->before[rows->axis], kept = plan->kept[rows->axis];
    void *y = rows->dst->data;
    if (from < 0) {
        amct_move(y, to, rows->fill, 0, 0, n * inner, rows->bits);
        return;
    }
    if (plan->mode == PAD_CONSTANT) {
        amct_move(y, to, rows->fill, 0, 0, before * inner, rows->bits);
        amct_move(y, to + (before + kept) * inner, rows->fill, 0, 0, (n - before - kept) * inner,
                  rows->bits);
    } else {
        pad_between(rows, to, from, 0, before);
        pad_between(rows, to, from, before + kept, n);
    }
    amct_move(y, to + before * inner, rows->src->data, from + plan->first[rows->axis] * inner, 1,
              kept * inner, rows->bits);
}

static amct_status pad_run(const amct_call *call, amct_err *err)
{
    const amct_value *src[4];
    pad_plan plan;
    amct_call_sources(src, 4, call);
    AMCT_TRY(plan_pad(&plan, call->node, src, err));
    const amct_shape *from = &src[0]->shape;
    int32_t axis = from->rank - 1;
    if (axis < 0) {
        amct_move_all(call->dst[0], src[0]);
        return AMCT_OK;
    }
    while (axis > 0 && plan.before[axis] == 0 && plan.shape.dims[axis] == from->dims[axis] &&
           plan.first[axis] == 0)
        axis--;
    /* Left out, it is what stands for 0.0; older forms have it as an attribute. */
    double number = amct_node_float(call->node, "value", (float)src[0]->zero_point);
    int64_t fill = 0;
    amct_element_put(src[0]->dtype, &fill, 0, number);
    pad_rows rows = {&plan,
                     call->dst[0],
                     src[0],
                     src[2] ? src[2]->data : &fill,
                     axis,
                     amct_shape_count(from, axis + 1, from->rank),
                     amct_dtype_bits(src[0]->dtype)};
    int64_t row = plan.shape.dims[axis] * rows.inner, from_row = from->dims[axis] * rows.inner;
    int64_t n_rows = amct_shape_count(&plan.shape, 0, axis), index[AMCT_MAX_RANK] = {0};
    for (int64_t r = 0; r < n_rows; r++) {
        int64_t at = 0;
        for (int32_t d = 0; at >= 0 && d < axis; d++) {
            int64_t i = source_of(&plan, d, index[d]);
            at = i < 0 ? -1 : at * from->dims[d] + i;
        }
        pad_row(&rows, r * row, at < 0 ? -1 : at * from_row);
        for (int32_t d = axis - 1; d >= 0 && ++index[d] == plan.shape.dims[d]; d--)
            index[d] = 0;
    }
    return AMCT_OK;
}

const amct_op amct_ops_pad[] = {
    {"Pad", 1, 4, 1, pad_infer, pad_run},
};
const size_t amct_n_ops_pad = sizeof amct_ops_pad / sizeof *amct_ops_pad;
