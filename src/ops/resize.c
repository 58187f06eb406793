/* Resize as of opset 19 and Upsample as of opset 9. */
#include "ops/move.h"
#include "ops/param.h"
#include "ops/resize_axis.h"
#include "ops/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct resize_plan {
    amct_resize_mode mode;
    double extrapolation;
    amct_shape shape;
    double scale[AMCT_MAX_RANK];
    double roi[AMCT_MAX_RANK][2];
} resize_plan;

static amct_status read_mode(resize_plan *plan, const amct_node *node, int32_t zero_point,
                             amct_err *err)
{
    static const char *const kinds[] = {"nearest", "linear", "cubic", NULL};
    static const char *const coordinates[] = {
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
        "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                            "ceil", NULL};
    amct_resize_mode *mode = &plan->mode;
    AMCT_TRY(amct_param_word(&mode->kind, node, "mode", kinds, err));
    if (amct_node_is(node, "Upsample")) {
        mode->coordinates = AMCT_RESIZE_ASYMMETRIC;
        mode->rounding = AMCT_RESIZE_FLOOR;
        return AMCT_OK;
    }
    AMCT_TRY(amct_param_word(&mode->coordinates, node, "coordinate_transformation_mode",
                             coordinates, err));
    AMCT_TRY(amct_param_word(&mode->rounding, node, "nearest_mode", roundings, err));
    mode->antialias = amct_node_int(node, "antialias", 0) != 0;
    mode->exclude_outside = amct_node_int(node, "exclude_outside", 0) != 0;
    mode->cubic_a = amct_node_float(node, "cubic_coeff_a", -0.75f);
    if (mode->antialias && mode->kind == AMCT_RESIZE_NEAREST)
        return amct_fail(err, AMCT_E_INVALID, "antialias is for linear and cubic, not for nearest");
    plan->extrapolation = amct_node_float(node, "extrapolation_value", (float)zero_point);
    return AMCT_OK;
}

static amct_status use_scales(resize_plan *plan, const amct_value *scales, const amct_ints *axes,
                              amct_err *err)
{
    for (int32_t i = 0; i < axes->n; i++) {
        float scale = (float)amct_value_get(scales, i);
        int64_t *dim = &plan->shape.dims[axes->at[i]];
        /* In single precision, as ONNX's shape inference does: 10 * 0.7f is 7. */
        float length = floorf((float)*dim * scale);
        if (!(scale > 0) || !isfinite(scale))
            return amct_fail(err, AMCT_E_INVALID, "scale %d is %g", i, (double)scale);
        if (!(length <= (float)AMCT_MAX_TENSOR_BYTES))
            return amct_fail(err, AMCT_E_LIMIT, "%lld times %g is too large", (long long)*dim,
                             (double)scale);
        *dim = (int64_t)length;
        plan->scale[axes->at[i]] = scale;
    }
    return AMCT_OK;
}

static amct_status use_sizes(resize_plan *plan, const amct_value *sizes, const amct_node *node,
                             const amct_ints *axes, amct_err *err)
{
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    uint32_t policy;
    double common = 0;
    AMCT_TRY(amct_param_word(&policy, node, "keep_aspect_ratio_policy", policies, err));
    AMCT_TRY(amct_param_integer(sizes, "sizes", err));
    for (int32_t i = 0; i < axes->n; i++) {
        int64_t size = amct_value_get_int(sizes, i), *dim = &plan->shape.dims[axes->at[i]];
        if (size < 0 || (size > 0 && *dim == 0))
            return amct_fail(err, AMCT_E_INVALID, "axis %lld of size %lld cannot become %lld",
                             (long long)axes->at[i], (long long)*dim, (long long)size);
        double scale = *dim ? (double)size / (double)*dim : 1;
        if (i == 0 || (policy == 1 ? scale < common : scale > common))
            common = scale;
        plan->scale[axes->at[i]] = scale;
        if (policy == 0)
            *dim = size;
    }
    for (int32_t i = 0; policy && i < axes->n; i++) {
        double length = floor(common * (double)plan->shape.dims[axes->at[i]] + 0.5);
        if (!(length <= (double)AMCT_MAX_TENSOR_BYTES))
            return amct_fail(err, AMCT_E_LIMIT, "axis %lld becomes too large",
                             (long long)axes->at[i]);
        plan->shape.dims[axes->at[i]] = (int64_t)length;
        plan->scale[axes->at[i]] = common;
    }
    return AMCT_OK;
}

static amct_status use_roi(resize_plan *plan, const amct_value *roi, const amct_ints *axes,
                           amct_err *err)
{
    if (!roi || amct_shape_size(&roi->shape) != 2 * axes->n)
        return amct_fail(err, AMCT_E_INVALID, "roi must have %d numbers for tf_crop_and_resize",
                         2 * axes->n);
    for (int32_t i = 0; roi->data && i < axes->n; i++) {
        plan->roi[axes->at[i]][0] = amct_value_get(roi, i);
        plan->roi[axes->at[i]][1] = amct_value_get(roi, axes->n + i);
    }
    return AMCT_OK;
}

static bool is_given(const amct_value *src)
{
    return src && amct_shape_size(&src->shape) > 0;
}

/* Where a rule or a kernel finds its parameters: Upsample has its scales in the place of roi. */
static void name_sources(const amct_value *src[4], const amct_node *node)
{
    if (amct_node_is(node, "Upsample")) {
        src[2] = src[1];
        src[1] = src[3] = NULL;
    }
}

/* Sources: data, roi (may still be without data), scales, sizes. */
static amct_status plan_resize(resize_plan *out, const amct_node *node,
                               const amct_value *const *src, amct_err *err)
{
    resize_plan plan = {.shape = src[0]->shape};
    const amct_value *target = is_given(src[2]) ? src[2] : src[3];
    int32_t rank = plan.shape.rank;
    amct_ints axes;
    AMCT_TRY(read_mode(&plan, node, src[0]->zero_point, err));
    AMCT_TRY(amct_param_axes(&axes, NULL, node, rank, err));
    if (!axes.given)
        for (axes.n = 0; axes.n < rank; axes.n++)
            axes.at[axes.n] = axes.n;
    for (int32_t d = 0; d < rank; d++) {
        plan.scale[d] = plan.roi[d][1] = 1;
        plan.roi[d][0] = 0;
    }
    if (is_given(src[2]) == is_given(src[3]) && axes.n)
        return amct_fail(err, AMCT_E_INVALID, "%s given, wanted is one of scales and sizes",
                         is_given(src[2]) ? "both are" : "neither is");
    if (axes.n && amct_shape_size(&target->shape) != axes.n)
        return amct_fail(err, AMCT_E_INVALID, "%lld scales or sizes for %d axes",
                         (long long)amct_shape_size(&target->shape), axes.n);
    if (axes.n && target == src[2])
        AMCT_TRY(use_scales(&plan, target, &axes, err));
    else if (axes.n)
        AMCT_TRY(use_sizes(&plan, target, node, &axes, err));
    if (plan.mode.coordinates == AMCT_RESIZE_TF_CROP_AND_RESIZE)
        AMCT_TRY(use_roi(&plan, src[1], &axes, err));
    *out = plan;
    return AMCT_OK;
}

static amct_status resize_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[4];
    const amct_value *src[4];
    resize_plan plan = {.shape.rank = -1};
    amct_infer_sources(values, src, 4, in);
    name_sources(src, in->node);
    bool waits = false;
    for (int i = 2; i < 4; i++)
        waits |= is_given(src[i]) && !src[i]->data;
    if (!waits)
        AMCT_TRY(plan_resize(&plan, in->node, src, err));
    amct_infer_like(&in->dst[0], in->src[0], &plan.shape);
    return AMCT_OK;
}

/* Whether the dim stays as it is. */
static bool keeps(const resize_plan *plan, const amct_shape *from, int32_t d)
{
    return plan->scale[d] == 1 && plan->shape.dims[d] == from->dims[d] && plan->roi[d][0] == 0 &&
           plan->roi[d][1] == 1;
}

/* ---- Nearest: rows of elements are picked ---------------------------------------------------- */

/* Row y of the result from row x of the source, one element per index; -1 is the fill. */
static void pick_row(const amct_value *dst, int64_t y, const amct_value *src, int64_t x,
                     const amct_resize_axis *axis, int64_t inner, const void *fill, uint32_t bits)
{
    if (inner == 1 && dst->dtype == AMCT_FLOAT) {
        float *to = (float *)dst->data + y;
        const char *from = (const char *)src->data + x * (int64_t)sizeof *to;
        for (int64_t o = 0; o < axis->out; o++)
            memcpy(&to[o], axis->index[o] < 0 ? fill : from + axis->index[o] * (int64_t)sizeof *to,
                   sizeof *to);
        return;
    }
    for (int64_t o = 0; o < axis->out; o++)
        if (axis->index[o] < 0)
            amct_move(dst->data, y + o * inner, fill, 0, 0, inner, bits);
        else
            amct_move(dst->data, y + o * inner, src->data, x + axis->index[o] * inner, 1, inner,
                      bits);
}

static void pick(const amct_value *dst, const amct_value *src, const resize_plan *plan,
                 const amct_resize_axis *axes, int32_t last)
{
    const amct_shape *from = &src->shape;
    uint32_t bits = amct_dtype_bits(src->dtype);
    int64_t inner = amct_shape_count(from, last + 1, from->rank), fill = 0;
    int64_t row = axes[last].out * inner, from_row = axes[last].in * inner;
    int64_t n_rows = amct_shape_count(&plan->shape, 0, last), index[AMCT_MAX_RANK] = {0};
    int64_t before = -2;
    amct_element_put(src->dtype, &fill, 0, plan->extrapolation);
    for (int64_t r = 0; r < n_rows; r++) {
        int64_t at = 0;
        for (int32_t d = 0; at >= 0 && d < last; d++) {
            int64_t i = axes[d].index ? axes[d].index[index[d]] : index[d];
            at = i < 0 ? -1 : at * from->dims[d] + i;
        }
        if (at == before)
            amct_move(dst->data, r * row, dst->data, (r - 1) * row, 1, row, bits);
        else if (at < 0)
            amct_move(dst->data, r * row, &fill, 0, 0, row, bits);
        else
            pick_row(dst, r * row, src, at * from_row, &axes[last], inner, &fill, bits);
        before = at;
        for (int32_t d = last - 1; d >= 0 && ++index[d] == plan->shape.dims[d]; d--)
            index[d] = 0;
    }
}

/* ---- Linear and cubic: one axis after the other, in double ----------------------------------- */

/* One result per element of y (out) from x (in): the last axis, whose taps lie side by side. */
static void blend_last(double *y, const double *x, const amct_resize_axis *axis,
                       double extrapolation)
{
    for (int64_t o = 0; o < axis->out; o++) {
        const int64_t *index = axis->index + o * axis->taps;
        const double *weights = axis->weights + o * axis->taps;
        double sum = 0;
        for (int64_t k = 0; k < axis->taps; k++)
            sum += weights[k] != 0 && index[k] >= 0 ? weights[k] * x[index[k]] : 0;
        y[o] = index[0] < 0 ? extrapolation : sum;
    }
}

static void add_scaled(double *restrict y, const double *restrict x, double scale, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}

/* y (out x inner) from x (in x inner). A weight of 0 takes nothing, not even an infinity. */
static void blend_rows(double *y, const double *x, const amct_resize_axis *axis, int64_t inner,
                       double extrapolation)
{
    for (int64_t o = 0; o < axis->out; o++, y += inner) {
        const int64_t *index = axis->index + o * axis->taps;
        const double *weights = axis->weights + o * axis->taps;
        bool beyond = index[0] < 0;
        for (int64_t i = 0; i < inner; i++)
            y[i] = beyond ? extrapolation : 0;
        for (int64_t k = 0; !beyond && k < axis->taps; k++)
            if (weights[k] != 0)
                add_scaled(y, x + index[k] * inner, weights[k], inner);
    }
}

static void blend_axis(double *y, const double *x, const amct_resize_axis *axis, int64_t pre,
                       int64_t inner, double extrapolation)
{
    for (int64_t p = 0; p < pre; p++, x += axis->in * inner, y += axis->out * inner)
        if (inner == 1)
            blend_last(y, x, axis, extrapolation);
        else
            blend_rows(y, x, axis, inner, extrapolation);
}

static void round_row(double *row, int64_t n, uint32_t dtype)
{
    if (amct_dtype_is_float(dtype))
        return;
    double least = -0x1p63, greatest = 0x1p64;
    if (amct_dtype_bits(dtype) <= 32)
        amct_dtype_limits(dtype, &least, &greatest);
    for (int64_t i = 0; i < n; i++)
        row[i] = fmin(fmax(rint(row[i]), least), greatest);
}

static amct_status blend(const amct_value *dst, const amct_value *src, const resize_plan *plan,
                         const amct_resize_axis *axes, int32_t first, amct_err *err)
{
    int32_t rank = plan->shape.rank;
    int64_t n_in = amct_shape_count(&src->shape, first, rank);
    int64_t n_out = amct_shape_count(&plan->shape, first, rank), n = n_in > n_out ? n_in : n_out;
    int64_t planes = amct_shape_count(&plan->shape, 0, first);
    double *rows = amct_rows_new(2, n);
    if (!rows)
        return amct_fail_nomem(err);
    for (int64_t p = 0; p < planes; p++) {
        amct_shape now = src->shape;
        double *x = rows, *y = rows + n;
        amct_row_load(x, src, p * n_in, 1, n_in);
        /* Shrinking axes come first, so that nothing in between is larger than source or result;
         * growing ones from the last on, which costs most per element. */
        for (int32_t step = 0; step < 2 * (rank - first); step++) {
            bool grow = step >= rank - first;
            int32_t d = grow ? 2 * rank - first - 1 - step : first + step;
            if (!axes[d].index || (axes[d].out > axes[d].in) != grow)
                continue;
            blend_axis(y, x, &axes[d], amct_shape_count(&now, first, d),
                       amct_shape_count(&now, d + 1, rank), plan->extrapolation);
            now.dims[d] = axes[d].out;
            double *spare = x;
            x = y;
            y = spare;
        }
        round_row(x, n_out, dst->dtype);
        amct_row_store(dst, p * n_out, 1, x, n_out);
    }
    free(rows);
    return AMCT_OK;
}

static amct_status resize_run(const amct_call *call, amct_err *err)
{
    const amct_value *src[4];
    resize_plan plan;
    amct_resize_axis axes[AMCT_MAX_RANK] = {{0}};
    amct_status status = AMCT_OK;
    int32_t first = -1, last = -1;
    amct_call_sources(src, 4, call);
    name_sources(src, call->node);
    AMCT_TRY(plan_resize(&plan, call->node, src, err));
    for (int32_t d = 0; status == AMCT_OK && d < plan.shape.rank; d++) {
        if (keeps(&plan, &src[0]->shape, d))
            continue;
        first = first < 0 ? d : first;
        last = d;
        status = amct_resize_axis_make(&axes[d], &plan.mode, src[0]->shape.dims[d],
                                       plan.shape.dims[d], plan.scale[d], plan.roi[d], err);
    }
    if (status == AMCT_OK && last < 0)
        amct_move_all(call->dst[0], src[0]);
    else if (status == AMCT_OK && plan.mode.kind == AMCT_RESIZE_NEAREST)
        pick(call->dst[0], src[0], &plan, axes, last);
    else if (status == AMCT_OK)
        status = blend(call->dst[0], src[0], &plan, axes, first, err);
    for (int32_t d = 0; d < AMCT_MAX_RANK; d++)
        amct_resize_axis_free(&axes[d]);
    return status;
}

const amct_op amct_ops_resize[] = {
    {"Resize", 1, 4, 1, resize_infer, resize_run},
    {"Upsample", 2, 2, 1, resize_infer, resize_run},
};
const size_t amct_n_ops_resize = sizeof amct_ops_resize / sizeof *amct_ops_resize;
