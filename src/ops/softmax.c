/* Softmax, LogSoftmax and Hardmax along one axis, as of opset 13. */
#include "ops/elementwise.h"
#include "ops/param.h"
#include "ops/rule.h"

#include <math.h>

static amct_status infer_softmax(const amct_infer *in, amct_err *err)
{
    int32_t axis;
    const amct_tensor *x = in->src[0];
    AMCT_TRY(amct_want_float(in, 0, err));
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", -1, x->shape.rank, err));
    amct_infer_dst(in, 0, x->dtype, &x->shape);
    return AMCT_OK;
}

static int64_t first_greatest(const double *x, int64_t n)
{
    int64_t at = 0;
    for (int64_t i = 1; i < n; i++)
        at = x[i] > x[at] ? i : at;
    return at;
}

static void softmax(double *x, int64_t n, const double *param)
{
    (void)param;
    double most = x[first_greatest(x, n)], sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] = exp(x[i] - most);
    for (int64_t i = 0; i < n; i++)
        x[i] /= sum;
}

static void log_softmax(double *x, int64_t n, const double *param)
{
    (void)param;
    double most = x[first_greatest(x, n)], sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += exp(x[i] - most);
    for (int64_t i = 0; i < n; i++)
        x[i] -= most + log(sum);
}

static void hardmax(double *x, int64_t n, const double *param)
{
    (void)param;
    int64_t at = first_greatest(x, n);
    for (int64_t i = 0; i < n; i++)
        x[i] = i == at;
}

static amct_status run_rows(const amct_call *call, amct_map_fn *f, amct_err *err)
{
    const amct_value *src = call->src[0];
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", -1, src->shape.rank, err));
    return amct_map_axis(call->dst[0], src, axis, f, NULL, err);
}

static amct_status run_softmax(const amct_call *call, amct_err *err)
{
    return run_rows(call, softmax, err);
}

static amct_status run_log_softmax(const amct_call *call, amct_err *err)
{
    return run_rows(call, log_softmax, err);
}

static amct_status run_hardmax(const amct_call *call, amct_err *err)
{
    return run_rows(call, hardmax, err);
}

const amct_op amct_ops_softmax[] = {
    {"Softmax", 1, 1, 1, infer_softmax, run_softmax},
    {"LogSoftmax", 1, 1, 1, infer_softmax, run_log_softmax},
    {"Hardmax", 1, 1, 1, infer_softmax, run_hardmax},
};
const size_t amct_n_ops_softmax = sizeof amct_ops_softmax / sizeof *amct_ops_softmax;
