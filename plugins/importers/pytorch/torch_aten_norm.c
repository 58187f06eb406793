/* Normalisations, with what is learned. */
#include "torch_aten.h"

/* A vector of n equal numbers, for a scale or a shift that the network does not have. */
static int32_t fill(torch_call *c, const char *what, uint32_t dtype, int64_t n, double number,
                    torch_tensor **out)
{
    if (n < 0 || n > INT32_MAX)
        return torch_unsupported(c, "a number of channels that is not known");
    const char *name = import_text(&c->r->memory, "%s_%s", c->label, what);
    torch_tensor *one;
    if (!name)
        return torch_nomem(c->r);
    TORCH_TRY(torch_const_number(c->r, name, dtype, number, &one));
    one->rank = 1; /* of the same element, n times */
    one->dims[0] = n;
    one->strides[0] = 0;
    *out = one;
    return AMCT_OK;
}

/* Scale and shift of the arguments i and i + 1, or 1 and 0. */
static int32_t affine(torch_call *c, uint32_t i, int64_t n, torch_tensor **scale,
                      torch_tensor **shift)
{
    uint32_t dtype = torch_arg_tensor(c, 0)->dtype;
    *scale = torch_arg_tensor(c, i);
    *shift = torch_arg_tensor(c, i + 1);
    if (!*scale)
        TORCH_TRY(fill(c, "scale", dtype, n, 1, scale));
    if (!*shift)
        TORCH_TRY(fill(c, "shift", dtype, n, 0, shift));
    return AMCT_OK;
}

/* ---- Batch --------------------------------------------------------------------------------- */

static int32_t batch_norm(torch_call *c, torch_tensor *mean, torch_tensor *var, double epsilon)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *scale, *shift;
    if (!mean || !var)
        return torch_unsupported(c, "normalisation by the batch's own statistics");
    TORCH_TRY(affine(c, 1, mean->rank == 1 ? mean->dims[0] : -1, &scale, &shift));
    torch_node node = torch_begin(c, "BatchNormalization", NULL);
    torch_src(&node, x);
    torch_src(&node, scale);
    torch_src(&node, shift);
    torch_src(&node, mean);
    torch_src(&node, var);
    torch_attr_float(&node, "epsilon", epsilon);
    return torch_end_like(&node, x);
}

static int32_t run_batch_norm(torch_call *c)
{
    if (torch_arg_bool(c, 5, false))
        torch_warn(c->r, "%s is set for training; it is used as for inference", c->label);
    return batch_norm(c, torch_arg_tensor(c, 3), torch_arg_tensor(c, 4),
                      torch_arg_number(c, 7, 1e-5));
}

/* The first of several results; the others are of training. */
static int32_t first_of(torch_call *c, size_t n)
{
    torch_value first = c->result;
    TORCH_TRY(torch_list_new(c->r, TORCH_TUPLE, n, &c->result));
    c->result.list->at[0] = first;
    return AMCT_OK;
}

static int32_t run_batch_norm_core(torch_call *c)
{
    TORCH_TRY(batch_norm(c, torch_arg_tensor(c, 3), torch_arg_tensor(c, 4),
                         torch_arg_number(c, 6, 1e-5)));
    return first_of(c, 3);
}

static int32_t run_native_batch_norm(torch_call *c)
{
    TORCH_TRY(run_batch_norm(c));
    return first_of(c, 3);
}

/* ---- Layer --------------------------------------------------------------------------------- */

static int32_t run_layer_norm(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *scale = torch_arg_tensor(c, 2);
    int64_t shape[AMCT_MAX_RANK];
    uint32_t n;
    TORCH_TRY(torch_arg_list(c, 1, "normalized_shape", shape, &n));
    if (n == 0)
        return torch_unsupported(c, "an empty normalized_shape");
    if (!scale && n != 1)
        return torch_unsupported(c, "several dims without a scale");
    if (!scale)
        TORCH_TRY(fill(c, "scale", x->dtype, shape[0], 1, &scale));
    torch_node node = torch_begin(c, "LayerNormalization", NULL);
    torch_src(&node, x);
    torch_src(&node, scale);
    if (torch_arg_tensor(c, 3))
        torch_src(&node, torch_arg_tensor(c, 3));
    torch_attr_int(&node, "axis", -(int64_t)n);
    torch_attr_float(&node, "epsilon", torch_arg_number(c, 4, 1e-5));
    return torch_end_like(&node, x);
}

static int32_t run_native_layer_norm(torch_call *c)
{
    TORCH_TRY(run_layer_norm(c));
    return first_of(c, 3);
}

/* x / sqrt(mean(x^2) + epsilon) * scale, over the last dims */
static int32_t run_rms_norm(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *t;
    int64_t shape[AMCT_MAX_RANK], axes[AMCT_MAX_RANK];
    uint32_t n;
    double otherwise = x->dtype == AMCT_DOUBLE ? 0x1p-52 : 0x1p-23;
    TORCH_TRY(torch_arg_list(c, 1, "normalized_shape", shape, &n));
    for (uint32_t i = 0; i < n; i++)
        axes[i] = (int64_t)i - n;
    TORCH_TRY(torch_binary(c, "Mul", "square", x, x, &t));
    torch_node mean = torch_begin(c, "ReduceMean", "mean");
    torch_src(&mean, t);
    torch_src_ints(&mean, "axes", axes, n);
    TORCH_TRY(torch_end(&mean, x->dtype, x->rank, NULL, &t));
    torch_node add = torch_begin(c, "Add", "shifted");
    torch_src(&add, t);
    torch_src_number(&add, "epsilon", x->dtype, torch_arg_number(c, 3, otherwise));
    TORCH_TRY(torch_end(&add, x->dtype, x->rank, NULL, &t));
    TORCH_TRY(torch_unary(c, "Sqrt", "root", t, &t));
    torch_tensor *scale = torch_arg_tensor(c, 2);
    torch_node div = torch_begin(c, "Div", scale ? "normal" : NULL);
    torch_src(&div, x);
    torch_src(&div, t);
    TORCH_TRY(torch_end(&div, x->dtype, x->rank, x->dims, &t));
    if (scale)
        TORCH_TRY(torch_binary(c, "Mul", NULL, t, scale, &t));
    return torch_return(c, t);
}

/* ---- Groups -------------------------------------------------------------------------------- */

/* Scale and shift by channel, as since opset 21. */
static int32_t group_norm(torch_call *c, int64_t groups, uint32_t at, double epsilon)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *scale, *shift;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(affine(c, at, x->rank > 1 ? x->dims[1] : -1, &scale, &shift));
    torch_node node = torch_begin(c, "GroupNormalization", NULL);
    torch_src(&node, x);
    torch_src(&node, scale);
    torch_src(&node, shift);
    torch_attr_int(&node, "num_groups", groups);
    torch_attr_float(&node, "epsilon", epsilon);
    return torch_end_like(&node, x);
}

static int32_t run_group_norm(torch_call *c)
{
    return group_norm(c, torch_arg_int(c, 1, 1), 2, torch_arg_number(c, 4, 1e-5));
}

/* (input, weight, bias, N, C, HxW, group, eps) */
static int32_t run_native_group_norm(torch_call *c)
{
    TORCH_TRY(group_norm(c, torch_arg_int(c, 6, 1), 1, torch_arg_number(c, 7, 1e-5)));
    return first_of(c, 3);
}

static int32_t run_instance_norm(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *scale, *shift;
    double epsilon = torch_arg_number(c, 7, 1e-5);
    if (!torch_arg_bool(c, 5, true))
        return batch_norm(c, torch_arg_tensor(c, 3), torch_arg_tensor(c, 4), epsilon);
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(affine(c, 1, x->rank > 1 ? x->dims[1] : -1, &scale, &shift));
    torch_node node = torch_begin(c, "InstanceNormalization", NULL);
    torch_src(&node, x);
    torch_src(&node, scale);
    torch_src(&node, shift);
    torch_attr_float(&node, "epsilon", epsilon);
    return torch_end_like(&node, x);
}

const torch_aten torch_aten_norm[] = {
    {"batch_norm",
     "t:input|t:weight t:bias t:running_mean t:running_var b:training n:momentum n:eps "
     "*:cudnn_enabled",
     run_batch_norm, NULL},
    {"_native_batch_norm_legit_no_training",
     "t:input|t:weight t:bias t:running_mean t:running_var n:momentum n:eps", run_batch_norm_core,
     NULL},
    {"native_batch_norm",
     "t:input|t:weight t:bias t:running_mean t:running_var b:training n:momentum n:eps",
     run_native_batch_norm, NULL},
    {"layer_norm", "t:input I:normalized_shape|t:weight t:bias n:eps *:cudnn_enable",
     run_layer_norm, NULL},
    {"native_layer_norm", "t:input I:normalized_shape|t:weight t:bias n:eps", run_native_layer_norm,
     NULL},
    {"rms_norm", "t:input I:normalized_shape|t:weight n:eps", run_rms_norm, NULL},
    {"group_norm", "t:input i:num_groups|t:weight t:bias n:eps *:cudnn_enabled", run_group_norm,
     NULL},
    {"native_group_norm", "t:input|t:weight t:bias *:N *:C *:HxW i:group n:eps",
     run_native_group_norm, NULL},
    {"instance_norm",
     "t:input|t:weight t:bias t:running_mean t:running_var b:use_input_stats n:momentum n:eps "
     "*:cudnn_enabled",
     run_instance_norm, NULL},
};
TORCH_FAMILY(norm);
