/* QLinearConv and QLinearMatMul: products of codes, brought to the scale of the result. */
#include "ops/conv_planes.h"
#include "ops/product.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>

/* Where the operands' parts stand among the sources: values of x and weights, then scale and zero
 * point of each and of the result. */
enum { X, X_SCALE, X_ZERO, W, W_SCALE, W_ZERO, Y_SCALE, Y_ZERO, BIAS };

/* Brings sums to codes of the result. */
typedef struct requant {
    const amct_value *x_scale, *w_scale;
    double y_scale, y_zero, least, greatest;
} requant;

static requant requant_make(const amct_call *call)
{
    requant q = {.x_scale = call->src[X_SCALE],
                 .w_scale = call->src[W_SCALE],
                 .y_scale = amct_value_get(call->src[Y_SCALE], 0),
                 .y_zero = amct_value_get(call->src[Y_ZERO], 0)};
    amct_dtype_limits(call->dst[0]->dtype, &q.least, &q.greatest);
    return q;
}

/* The factor has the precision of the scales, as in onnxruntime. */
static double factor(const requant *q, int64_t x_index, int64_t w_index)
{
    uint32_t dtype = q->x_scale->dtype;
    double product = amct_value_each(q->x_scale, x_index) * amct_value_each(q->w_scale, w_index);
    return amct_round_to(dtype, amct_round_to(dtype, product) / q->y_scale);
}

static double to_code(const requant *q, double sum, double by)
{
    double code = rint((double)(float)(sum * by)) + q->y_zero;
    return code < q->least ? q->least : code > q->greatest ? q->greatest : code;
}

static amct_status infer_common(const amct_infer *in, amct_err *err)
{
    for (uint32_t i = X; i <= Y_ZERO; i++) {
        uint32_t dtype = in->src[i]->dtype;
        if (i == X_SCALE || i == W_SCALE || i == Y_SCALE)
            AMCT_TRY(i == X_SCALE ? amct_want_float(in, i, err)
                                  : amct_want_dtype(in, i, in->src[X_SCALE]->dtype, err));
        else if (i == X_ZERO || i == W_ZERO)
            AMCT_TRY(amct_want_dtype(in, i, in->src[i - 2]->dtype, err));
        else if (dtype != AMCT_INT8 && dtype != AMCT_UINT8)
            return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted int8 or uint8", i,
                             amct_dtype_name(dtype));
    }
    AMCT_TRY(amct_want_one(in, Y_SCALE, err));
    return amct_want_one(in, Y_ZERO, err);
}

/* ---- QLinearConv ---------------------------------------------------------------------------- */

static amct_status infer_conv(const amct_infer *in, amct_err *err)
{
    amct_conv conv;
    amct_shape shape;
    AMCT_TRY(infer_common(in, err));
    AMCT_TRY(amct_conv_make(&conv, &shape, in->node, &in->src[X]->shape, &in->src[W]->shape, err));
    AMCT_TRY(amct_want_one(in, X_SCALE, err));
    AMCT_TRY(amct_want_one(in, X_ZERO, err));
    for (uint32_t i = W_SCALE; i <= W_ZERO; i++)
        if (amct_want_one(in, i, err) != AMCT_OK)
            AMCT_TRY(amct_want_vector(in, i, shape.dims[1], err));
    if (amct_infer_src(in, BIAS)) {
        AMCT_TRY(amct_want_dtype(in, BIAS, AMCT_INT32, err));
        AMCT_TRY(amct_want_vector(in, BIAS, shape.dims[1], err));
    }
    amct_infer_dst(in, 0, in->src[Y_ZERO]->dtype, &shape);
    return AMCT_OK;
}

static void finish_plane(const void *ctx, int64_t channel, double *sums, int64_t n)
{
    const requant *q = ctx;
    double by = factor(q, 0, channel);
    for (int64_t i = 0; i < n; i++)
        sums[i] = to_code(q, sums[i], by);
}

static amct_status run_conv(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[X], *weights = call->src[W];
    requant q = requant_make(call);
    amct_conv conv;
    amct_shape shape;
    AMCT_TRY(amct_conv_make(&conv, &shape, call->node, &x->shape, &weights->shape, err));
    amct_conv_terms terms = {.src_zero = amct_value_get(call->src[X_ZERO], 0),
                             .weights_zero = call->src[W_ZERO],
                             .bias = amct_call_src(call, BIAS)};
    return amct_conv_run(&conv, &terms, x, weights, call->dst[0], finish_plane, &q, err);
}

/* ---- QLinearMatMul -------------------------------------------------------------------------- */

/* One element, or one per row or column of the matrices, which all share them. */
static amct_status want_one_or(const amct_infer *in, uint32_t i, int64_t n, const char *what,
                               amct_err *err)
{
    char text[128];
    const amct_shape *shape = &in->src[i]->shape;
    int64_t size = amct_shape_size(shape);
    if (size != 1 && size != n)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "input %u has shape %s, wanted one element or one for each of %lld %s", i,
                         amct_shape_print(shape, text, sizeof text), (long long)n, what);
    return AMCT_OK;
}

static amct_status infer_matmul(const amct_infer *in, amct_err *err)
{
    amct_matmul m;
    AMCT_TRY(infer_common(in, err));
    AMCT_TRY(amct_matmul_make(&m, &in->src[X]->shape, &in->src[W]->shape, err));
    for (uint32_t i = X_SCALE; i <= X_ZERO; i++)
        AMCT_TRY(want_one_or(in, i, m.rows, "rows", err));
    for (uint32_t i = W_SCALE; i <= W_ZERO; i++)
        AMCT_TRY(want_one_or(in, i, m.cols, "columns", err));
    amct_infer_dst(in, 0, in->src[Y_ZERO]->dtype, &m.result);
    return AMCT_OK;
}

static void finish_matrix(const void *ctx, double *sums, int64_t rows, int64_t cols)
{
    const requant *q = ctx;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            sums[r * cols + c] = to_code(q, sums[r * cols + c], factor(q, r, c));
}

static amct_status run_matmul(const amct_call *call, amct_err *err)
{
    amct_matrix a = {.value = call->src[X], .zeros = call->src[X_ZERO]};
    amct_matrix b = {.value = call->src[W], .zeros = call->src[W_ZERO]};
    requant q = requant_make(call);
    amct_matmul m;
    AMCT_TRY(amct_matmul_make(&m, &a.value->shape, &b.value->shape, err));
    return amct_matmul_run(&m, &a, &b, call->dst[0], finish_matrix, &q, err);
}

const amct_op amct_ops_qlinear[] = {
    {"QLinearConv", 8, 9, 1, infer_conv, run_conv},
    {"QLinearMatMul", 8, 8, 1, infer_matmul, run_matmul},
};
const size_t amct_n_ops_qlinear = sizeof amct_ops_qlinear / sizeof *amct_ops_qlinear;
