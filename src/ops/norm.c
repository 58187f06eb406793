/* Normalisations. Means and variances are kept in double. */
#include "ops/broadcast.h"
#include "ops/elementwise.h"
#include "ops/param.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>
#include <stdlib.h>

static void moments(const double *x, int64_t n, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    *mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (x[i] - *mean) * (x[i] - *mean);
    *variance = squares / (double)n;
}

/* x = x * factor + term */
static void scale_row(double *x, int64_t n, double factor, double term)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = x[i] * factor + term;
}

/* (x - mean) / sqrt(variance + epsilon) */
static void standardise(double *x, int64_t n, double mean, double variance, double epsilon)
{
    double factor = 1 / sqrt(variance + epsilon);
    for (int64_t i = 0; i < n; i++)
        x[i] = (x[i] - mean) * factor;
}

/* Sources 1 to last are floats of one element per channel; the result is like source 0. */
static amct_status infer_per_channel(const amct_infer *in, uint32_t last, int32_t rank,
                                     amct_err *err)
{
    AMCT_TRY(amct_infer_map(in, err));
    AMCT_TRY(amct_want_rank(in, 0, rank, err));
    for (uint32_t i = 1; i <= last; i++) {
        AMCT_TRY(amct_want_float(in, i, err));
        AMCT_TRY(amct_want_vector(in, i, in->src[0]->shape.dims[1], err));
    }
    return AMCT_OK;
}

/* ---- BatchNormalization --------------------------------------------------------------------- */

static amct_status infer_batch(const amct_infer *in, amct_err *err)
{
    if (amct_node_int(in->node, "training_mode", 0) != 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "training_mode is not supported, only inference");
    return infer_per_channel(in, 4, 2, err);
}

static amct_status run_batch(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0];
    double epsilon = amct_node_float(call->node, "epsilon", 1e-5f);
    int64_t channels = x->shape.dims[1], n = amct_shape_count(&x->shape, 2, x->shape.rank);
    double *row = amct_rows_new(1, n);
    if (!row)
        return amct_fail_nomem(err);
    for (int64_t p = 0; p < x->shape.dims[0] * channels; p++) {
        int64_t c = p % channels;
        amct_row_load(row, x, p * n, 1, n);
        standardise(row, n, amct_value_get(call->src[3], c), amct_value_get(call->src[4], c),
                    epsilon);
        scale_row(row, n, amct_value_get(call->src[1], c), amct_value_get(call->src[2], c));
        amct_row_store(call->dst[0], p * n, 1, row, n);
    }
    free(row);
    return AMCT_OK;
}

/* ---- InstanceNormalization, GroupNormalization ---------------------------------------------- */

/* Standardises each group of a sample's channels; scale and bias have one element per channel or
 * per group. */
static amct_status run_groups(const amct_call *call, int64_t groups, amct_err *err)
{
    const amct_value *x = call->src[0], *scale = call->src[1], *bias = call->src[2];
    double epsilon = amct_node_float(call->node, "epsilon", 1e-5f), mean, variance;
    int64_t n = amct_shape_count(&x->shape, 2, x->shape.rank);
    int64_t per_group = x->shape.dims[1] / groups;
    bool by_group = scale->shape.dims[0] != x->shape.dims[1];
    double *row = amct_rows_new(per_group, n);
    if (!row)
        return amct_fail_nomem(err);
    for (int64_t g = 0; g < x->shape.dims[0] * groups; g++) {
        amct_row_load(row, x, g * per_group * n, 1, per_group * n);
        moments(row, per_group * n, &mean, &variance);
        standardise(row, per_group * n, mean, variance, epsilon);
        for (int64_t c = 0; c < per_group; c++) {
            int64_t at = by_group ? g % groups : g % groups * per_group + c;
            scale_row(row + c * n, n, amct_value_get(scale, at), amct_value_get(bias, at));
        }
        amct_row_store(call->dst[0], g * per_group * n, 1, row, per_group * n);
    }
    free(row);
    return AMCT_OK;
}

static amct_status infer_instance(const amct_infer *in, amct_err *err)
{
    return infer_per_channel(in, 2, 3, err);
}

static amct_status run_instance(const amct_call *call, amct_err *err)
{
    int64_t channels = call->src[0]->shape.dims[1];
    return channels ? run_groups(call, channels, err) : AMCT_OK;
}

static amct_status infer_group(const amct_infer *in, amct_err *err)
{
    int64_t groups = amct_node_int(in->node, "num_groups", 0), length;
    AMCT_TRY(amct_infer_map(in, err));
    AMCT_TRY(amct_want_rank(in, 0, 2, err));
    int64_t channels = in->src[0]->shape.dims[1];
    if (groups < 1 || groups > channels || channels % groups != 0)
        return amct_fail(err, AMCT_E_INVALID, "num_groups is %lld, wanted a divisor of %lld",
                         (long long)groups, (long long)channels);
    const amct_shape *scale = &in->src[1]->shape;
    length = scale->rank == 1 && scale->dims[0] == groups ? groups : channels;
    for (uint32_t i = 1; i < 3; i++) {
        AMCT_TRY(amct_want_float(in, i, err));
        AMCT_TRY(amct_want_vector(in, i, length, err));
    }
    return AMCT_OK;
}

static amct_status run_group(const amct_call *call, amct_err *err)
{
    return run_groups(call, amct_node_int(call->node, "num_groups", 1), err);
}

/* ---- LayerNormalization --------------------------------------------------------------------- */

static amct_status infer_layer(const amct_infer *in, amct_err *err)
{
    char one[128], other[128];
    const amct_shape *x = &in->src[0]->shape;
    int64_t stash = amct_node_int(in->node, "stash_type", AMCT_FLOAT);
    int32_t axis;
    AMCT_TRY(amct_infer_map(in, err));
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", -1, x->rank, err));
    for (uint32_t i = 1; i < 3; i++) {
        if (!amct_infer_src(in, i))
            continue;
        AMCT_TRY(amct_want_float(in, i, err));
        if (!amct_broadcast_fits(&in->src[i]->shape, x))
            return amct_fail(err, AMCT_E_INVALID, "input %u of shape %s does not broadcast to %s",
                             i, amct_shape_print(&in->src[i]->shape, one, sizeof one),
                             amct_shape_print(x, other, sizeof other));
    }
    if (stash < 0 || !amct_dtype_is_float((uint32_t)stash))
        return amct_fail(err, AMCT_E_INVALID, "stash_type is %lld, wanted a float type",
                         (long long)stash);
    amct_shape reduced = *x;
    for (int32_t d = axis; d < x->rank; d++)
        reduced.dims[d] = 1;
    amct_infer_dst(in, 1, (uint32_t)stash, &reduced);
    amct_infer_dst(in, 2, (uint32_t)stash, &reduced);
    return AMCT_OK;
}

static void row_multiply(double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        a[i] *= b[i];
}

static void row_add(double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        a[i] += b[i];
}

static amct_status run_layer(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *bias = amct_call_src(call, 2), *dst = call->dst[0];
    const amct_value *means = amct_call_dst(call, 1), *inverses = amct_call_dst(call, 2);
    double epsilon = amct_node_float(call->node, "epsilon", 1e-5f), mean, variance;
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", -1, x->shape.rank, err));
    int64_t rows = amct_shape_count(&x->shape, 0, axis);
    int64_t n = amct_shape_count(&x->shape, axis, x->shape.rank);
    double *row = amct_rows_new(1, n);
    if (!row)
        return amct_fail_nomem(err);
    for (int64_t r = 0; r < rows; r++) {
        amct_row_load(row, x, r * n, 1, n);
        moments(row, n, &mean, &variance);
        standardise(row, n, mean, variance, epsilon);
        if (dst)
            amct_row_store(dst, r * n, 1, row, n);
        if (means)
            amct_value_put(means, r, mean);
        if (inverses)
            amct_value_put(inverses, r, 1 / sqrt(variance + epsilon));
    }
    free(row);
    if (dst) { /* the second stage works in the type of the result */
        amct_zip(dst, dst, call->src[1], row_multiply);
        if (bias)
            amct_zip(dst, dst, bias, row_add);
    }
    return AMCT_OK;
}

/* ---- LRN ------------------------------------------------------------------------------------ */

static amct_status infer_lrn(const amct_infer *in, amct_err *err)
{
    int64_t size = amct_node_int(in->node, "size", 0);
    if (size < 1)
        return amct_fail(err, AMCT_E_INVALID, "size is %lld, wanted at least 1", (long long)size);
    AMCT_TRY(amct_want_rank(in, 0, 2, err));
    return amct_infer_map(in, err);
}

static amct_status run_lrn(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0];
    int64_t size = amct_node_int(call->node, "size", 1), channels = x->shape.dims[1];
    int64_t n = amct_shape_count(&x->shape, 2, x->shape.rank);
    double alpha = amct_node_float(call->node, "alpha", 1e-4f) / (double)size;
    double beta = amct_node_float(call->node, "beta", 0.75f);
    double bias = amct_node_float(call->node, "bias", 1);
    double *sample = amct_rows_new(channels, n), *sums = amct_rows_new(1, n);
    amct_status status = sample && sums ? AMCT_OK : amct_fail_nomem(err);
    for (int64_t p = 0; status == AMCT_OK && p < x->shape.dims[0] * channels; p++) {
        int64_t c = p % channels, first = c - (size - 1) / 2;
        int64_t last = size / 2 < channels - 1 - c ? c + size / 2 : channels - 1;
        if (c == 0)
            amct_row_load(sample, x, p * n, 1, channels * n);
        for (int64_t i = 0; i < n; i++)
            sums[i] = 0;
        for (int64_t k = first > 0 ? first : 0; k <= last; k++)
            for (int64_t i = 0; i < n; i++)
                sums[i] += sample[k * n + i] * sample[k * n + i];
        for (int64_t i = 0; i < n; i++)
            sums[i] = sample[c * n + i] / pow(bias + alpha * sums[i], beta);
        amct_row_store(call->dst[0], p * n, 1, sums, n);
    }
    free(sample);
    free(sums);
    return status;
}

/* ---- LpNormalization ------------------------------------------------------------------------ */

static amct_status infer_lp(const amct_infer *in, amct_err *err)
{
    int64_t p = amct_node_int(in->node, "p", 2);
    int32_t axis;
    if (p != 1 && p != 2)
        return amct_fail(err, AMCT_E_INVALID, "p is %lld, wanted 1 or 2", (long long)p);
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", -1, in->src[0]->shape.rank, err));
    return amct_infer_map(in, err);
}

/* A row of zeros stays. */
static void lp_normalise(double *x, int64_t n, const double *p)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += *p == 1 ? fabs(x[i]) : x[i] * x[i];
    if (sum != 0)
        scale_row(x, n, 1 / (*p == 1 ? sum : sqrt(sum)), 0);
}

static amct_status run_lp(const amct_call *call, amct_err *err)
{
    double p = (double)amct_node_int(call->node, "p", 2);
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", -1, call->src[0]->shape.rank, err));
    return amct_map_axis(call->dst[0], call->src[0], axis, lp_normalise, &p, err);
}

/* ---- MeanVarianceNormalization -------------------------------------------------------------- */

/* The shape of the means: 1 along the axes that are averaged over. */
static amct_status mvn_shape(amct_shape *out, const amct_node *node, const amct_shape *x,
                             amct_err *err)
{
    amct_ints axes;
    AMCT_TRY(amct_param_axes(&axes, NULL, node, x->rank, err));
    if (!axes.given) {
        if (x->rank < 4)
            return amct_fail(err, AMCT_E_INVALID, "axes 0, 2, 3 are outside of a tensor of %d dims",
                             x->rank);
        axes = (amct_ints){.n = 3, .at = {0, 2, 3}};
    }
    amct_shape shape = *x;
    for (int32_t i = 0; i < axes.n; i++)
        shape.dims[axes.at[i]] = 1;
    *out = shape;
    return AMCT_OK;
}

static amct_status infer_mvn(const amct_infer *in, amct_err *err)
{
    amct_shape means;
    AMCT_TRY(mvn_shape(&means, in->node, &in->src[0]->shape, err));
    return amct_infer_map(in, err);
}

static amct_status run_mvn(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *dst = call->dst[0];
    amct_shape few;
    AMCT_TRY(mvn_shape(&few, call->node, &x->shape, err));
    const amct_shape *shapes[] = {&x->shape, &few};
    int64_t n = amct_shape_size(&few);
    double count = n ? (double)(amct_shape_size(&x->shape) / n) : 1;
    double *mean = amct_rows_new(1, n), *variance = amct_rows_new(1, n);
    amct_status status = mean && variance ? AMCT_OK : amct_fail_nomem(err);
    /* sums of the values, sums of their squared distances from the mean, results */
    for (int pass = 0; status == AMCT_OK && pass < 3; pass++) {
        amct_walk w;
        for (amct_walk_broadcast(&w, &x->shape, 2, shapes); !w.done; amct_walk_next(&w))
            for (int64_t i = 0; i < w.run; i++) {
                int64_t at = w.at[0] + i * w.step[0], to = w.at[1] + i * w.step[1];
                double v = amct_value_get(x, at), d = v - mean[to] / count;
                if (pass == 0)
                    mean[to] += v;
                else if (pass == 1)
                    variance[to] += d * d;
                else
                    amct_value_put(dst, at, d / (sqrt(variance[to] / count) + 1e-9));
            }
    }
    free(mean);
    free(variance);
    return status;
}

const amct_op amct_ops_norm[] = {
    {"BatchNormalization", 5, 5, 1, infer_batch, run_batch},
    {"InstanceNormalization", 3, 3, 1, infer_instance, run_instance},
    {"GroupNormalization", 3, 3, 1, infer_group, run_group},
    {"LayerNormalization", 2, 3, 3, infer_layer, run_layer},
    {"LRN", 1, 1, 1, infer_lrn, run_lrn},
    {"LpNormalization", 1, 1, 1, infer_lp, run_lp},
    {"MeanVarianceNormalization", 1, 1, 1, infer_mvn, run_mvn},
};
const size_t amct_n_ops_norm = sizeof amct_ops_norm / sizeof *amct_ops_norm;
