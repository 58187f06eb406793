/* Normalisations. */
#include "ms_ops.h"

#include <string.h>

/* (x, scale, shift, mean, variance, ...): training and epsilon stand at other places of mint's. */
static int32_t batch_norm(ms_call *c, uint32_t training_at, uint32_t epsilon_at, const char *word,
                          uint32_t n_results)
{
    ms_tensor *t, *x;
    bool training;
    double epsilon;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_bool(c, training_at, word, false, &training));
    MS_TRY(ms_arg_number(c, epsilon_at, "epsilon", 1e-5, &epsilon));
    if (training && !c->r->training_warned) {
        c->r->training_warned = true;
        ms_warn(c->r, "is set for training; it and others are used as for inference");
    }
    ms_build b = ms_begin(c, "BatchNormalization", NULL);
    for (uint32_t i = 0; i < 5; i++) {
        MS_TRY(ms_arg_tensor(c, i, &t));
        ms_in(&b, t);
    }
    ms_set_float(&b, "epsilon", epsilon);
    return ms_finish_first(&b, x, n_results);
}

static int32_t run_batch_norm(ms_call *c)
{
    MS_TRY(ms_need_channels_first(c, 8));
    return batch_norm(c, 5, 6, "is_training", 5);
}

/* (x, scale, shift, mean, variance, training, momentum, epsilon) */
static int32_t run_batch_norm_ext(ms_call *c)
{
    return batch_norm(c, 5, 7, "training", 3);
}

/* (x, gamma, beta, begin_norm_axis, begin_params_axis, epsilon) */
static int32_t run_layer_norm(ms_call *c)
{
    ms_tensor *x, *gamma, *beta;
    int64_t from, params;
    double epsilon;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &gamma));
    MS_TRY(ms_arg_tensor(c, 2, &beta));
    MS_TRY(ms_arg_int(c, 3, "begin_norm_axis", 1, &from));
    MS_TRY(ms_arg_int(c, 4, "begin_params_axis", 1, &params));
    MS_TRY(ms_arg_number(c, 5, "epsilon", 1e-7, &epsilon));
    MS_TRY(ms_axis(c, from, x->rank, &from));
    MS_TRY(ms_axis(c, params, x->rank, &params));
    if (from != params)
        return ms_unsupported(c, "a scale along other dims than those of the norm");
    ms_build b = ms_begin(c, "LayerNormalization", NULL);
    ms_in(&b, x);
    ms_in(&b, gamma);
    ms_in(&b, beta);
    ms_set_int(&b, "axis", from - x->rank);
    ms_set_float(&b, "epsilon", epsilon);
    return ms_finish_first(&b, x, 3);
}

/* (x, normalized_shape, weight, bias, eps) */
static int32_t run_layer_norm_ext(ms_call *c)
{
    ms_tensor *x, *weight, *bias;
    int64_t shape[MS_MAX_RANK];
    uint32_t n;
    double epsilon;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "normalized_shape", shape, MS_MAX_RANK, &n));
    MS_TRY(ms_arg_tensor(c, 2, &weight));
    MS_TRY(ms_arg_optional(c, 3, &bias));
    MS_TRY(ms_arg_number(c, 4, "eps", 1e-5, &epsilon));
    if (!n)
        return ms_unsupported(c, "an empty normalized_shape");
    ms_build b = ms_begin(c, "LayerNormalization", NULL);
    ms_in(&b, x);
    ms_in(&b, weight);
    if (bias)
        ms_in(&b, bias);
    ms_set_int(&b, "axis", -(int64_t)n);
    ms_set_float(&b, "epsilon", epsilon);
    return ms_finish_first(&b, x, 3);
}

/* (x, num_groups, weight, bias, eps), scale and shift by channel as since opset 21 */
static int32_t run_group_norm(ms_call *c)
{
    ms_tensor *x, *weight, *bias;
    int64_t groups;
    double epsilon;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "num_groups", 1, &groups));
    MS_TRY(ms_arg_tensor(c, 2, &weight));
    MS_TRY(ms_arg_tensor(c, 3, &bias));
    MS_TRY(ms_arg_number(c, 4, "eps", 1e-5, &epsilon));
    ms_build b = ms_begin(c, "GroupNormalization", NULL);
    ms_in(&b, x);
    ms_in(&b, weight);
    ms_in(&b, bias);
    ms_set_int(&b, "num_groups", groups);
    ms_set_float(&b, "epsilon", epsilon);
    return ms_finish_first(&b, x, 3);
}

static int32_t reduce(ms_call *c, const char *op, const char *part, ms_tensor *x, int64_t axis,
                      ms_tensor **out)
{
    ms_build b = ms_begin(c, op, part);
    ms_in(&b, x);
    ms_in_ints(&b, "axes", &axis, 1);
    return ms_end(&b, x->dtype, -1, NULL, out);
}

/* x / sqrt(mean(x^2) + epsilon) * gamma, over the last dim */
static int32_t run_rms_norm(ms_call *c)
{
    ms_tensor *x, *gamma, *t;
    double epsilon;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ranked(c, 1, &gamma));
    MS_TRY(ms_arg_number(c, 2, "epsilon", 1e-6, &epsilon));
    if (gamma->rank != 1)
        return ms_unsupported(c, "a scale of other than 1 dim");
    MS_TRY(ms_binary(c, "Mul", "square", x, x, &t));
    MS_TRY(reduce(c, "ReduceMean", "mean", t, -1, &t));
    MS_TRY(ms_binary_number(c, "Add", "shifted", t, epsilon, &t));
    MS_TRY(ms_unary(c, "Sqrt", "root", t, &t));
    MS_TRY(ms_binary(c, "Div", "normal", x, t, &t));
    ms_build b = ms_begin(c, "Mul", NULL);
    ms_in(&b, t);
    ms_in(&b, gamma);
    return ms_finish_first(&b, x, 2);
}

/* x / sqrt(max(sum(x^2), epsilon)) along an axis */
static int32_t run_l2(ms_call *c)
{
    ms_tensor *x, *t;
    int64_t axis;
    double epsilon;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, MS_ATTR, "axis", 0, &axis));
    MS_TRY(ms_arg_number(c, MS_ATTR, "epsilon", 1e-4, &epsilon));
    MS_TRY(ms_binary(c, "Mul", "square", x, x, &t));
    MS_TRY(reduce(c, "ReduceSum", "sum", t, axis, &t));
    MS_TRY(ms_binary_number(c, "Max", "bounded", t, epsilon, &t));
    MS_TRY(ms_unary(c, "Sqrt", "root", t, &t));
    ms_build b = ms_begin(c, "Div", NULL);
    ms_in(&b, x);
    ms_in(&b, t);
    return ms_finish(&b, x);
}

/* Across channels; ONNX divides alpha by the size of the window. */
static int32_t run_lrn(ms_call *c)
{
    ms_tensor *x;
    int64_t radius;
    double bias, alpha, beta;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, MS_ATTR, "depth_radius", 5, &radius));
    MS_TRY(ms_arg_number(c, MS_ATTR, "bias", 1, &bias));
    MS_TRY(ms_arg_number(c, MS_ATTR, "alpha", 1, &alpha));
    MS_TRY(ms_arg_number(c, MS_ATTR, "beta", 0.5, &beta));
    if (radius < 0 || radius > INT16_MAX)
        return ms_fail(c->r, AMCT_E_FORMAT, "depth_radius is %lld", (long long)radius);
    ms_build b = ms_begin(c, "LRN", NULL);
    ms_in(&b, x);
    ms_set_int(&b, "size", 2 * radius + 1);
    ms_set_float(&b, "bias", bias);
    ms_set_float(&b, "alpha", alpha * (double)(2 * radius + 1));
    ms_set_float(&b, "beta", beta);
    return ms_finish(&b, x);
}

const ms_op ms_ops_norm[] = {
    {"BatchNorm", run_batch_norm, NULL},
    {"FusedBatchNorm", run_batch_norm, NULL},
    {"BatchNormExt", run_batch_norm_ext, NULL},
    {"LayerNorm", run_layer_norm, NULL},
    {"LayerNormV3", run_layer_norm, NULL},
    {"LayerNormExt", run_layer_norm_ext, NULL},
    {"GroupNorm", run_group_norm, NULL},
    {"RmsNorm", run_rms_norm, NULL},
    {"L2Normalize", run_l2, NULL},
    {"LRN", run_lrn, NULL},
};
MS_FAMILY(norm);
