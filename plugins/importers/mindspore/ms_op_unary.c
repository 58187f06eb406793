/* Element by element on one tensor. */
#include "ms_ops.h"

#include <math.h>
#include <string.h>

static int32_t end_unary(ms_call *c, const char *op, ms_tensor *x)
{
    ms_build b = ms_begin(c, op, NULL);
    ms_in(&b, x);
    return ms_finish(&b, x);
}

static int32_t run_same(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    return end_unary(c, c->onnx, x);
}

/* With a second result that training wants. */
static int32_t run_with_mask(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    ms_build b = ms_begin(c, c->onnx, NULL);
    ms_in(&b, x);
    return ms_finish_first(&b, x, 2);
}

static int32_t clip(ms_call *c, ms_tensor *x, bool has_low, double low, bool has_high, double high)
{
    ms_build b = ms_begin(c, "Clip", NULL);
    ms_in(&b, x);
    if (has_low)
        ms_in_number(&b, "min", x->dtype, low);
    else
        ms_in(&b, NULL);
    if (has_high)
        ms_in_number(&b, "max", x->dtype, high);
    return ms_finish(&b, x);
}

static int32_t run_relu6(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    return clip(c, x, true, 0, true, 6);
}

/* (x, min, max), either of which may be None */
static int32_t run_clamp(ms_call *c)
{
    ms_tensor *x;
    ms_value low, high;
    double min, max;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg(c, 1, "min", &low));
    MS_TRY(ms_arg(c, 2, "max", &high));
    MS_TRY(ms_arg_number(c, 1, "min", 0, &min));
    MS_TRY(ms_arg_number(c, 2, "max", 0, &max));
    return clip(c, x, low.kind > MS_NONE, min, high.kind > MS_NONE, max);
}

/* (x, min_val, max_val) */
static int32_t run_hard_tanh(ms_call *c)
{
    ms_tensor *x;
    double min, max;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_number(c, 1, "min_val", -1, &min));
    MS_TRY(ms_arg_number(c, 2, "max_val", 1, &max));
    return clip(c, x, true, min, true, max);
}

/* min(max(0, x + 3), 6) / 6 */
static int32_t run_hard_sigmoid(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    ms_build b = ms_begin(c, "HardSigmoid", NULL);
    ms_in(&b, x);
    ms_set_float(&b, "alpha", 1.0 / 6);
    ms_set_float(&b, "beta", 0.5);
    return ms_finish(&b, x);
}

static int32_t run_silu(ms_call *c)
{
    ms_tensor *x, *gate;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_unary(c, "Sigmoid", "gate", x, &gate));
    ms_build b = ms_begin(c, "Mul", NULL);
    ms_in(&b, x);
    ms_in(&b, gate);
    return ms_finish(&b, x);
}

static int32_t end_gelu(ms_call *c, bool tanh)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    ms_build b = ms_begin(c, "Gelu", NULL);
    ms_in(&b, x);
    ms_set_text(&b, "approximate", tanh ? "tanh" : "none");
    return ms_finish(&b, x);
}

/* The primitive is the approximation by tanh. */
static int32_t run_gelu(ms_call *c)
{
    return end_gelu(c, true);
}

/* mint: (x, approximate), "none" or "tanh", or 0 or 1 */
static int32_t run_gelu_ext(ms_call *c)
{
    ms_value v;
    MS_TRY(ms_arg(c, 1, "approximate", &v));
    return end_gelu(c,
                    v.kind == MS_TEXT ? strcmp(v.text, "tanh") == 0 : v.kind == MS_INT && v.i == 1);
}

/* x / (1 + exp(-1.702 x)), whichever way it is spelt */
static int32_t run_fast_gelu(ms_call *c)
{
    ms_tensor *x, *t;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_binary_number(c, "Mul", "scaled", x, 1.702, &t));
    MS_TRY(ms_unary(c, "Sigmoid", "gate", t, &t));
    ms_build b = ms_begin(c, "Mul", NULL);
    ms_in(&b, x);
    ms_in(&b, t);
    return ms_finish(&b, x);
}

static int32_t with_alpha(ms_call *c, const char *name, double otherwise)
{
    ms_tensor *x;
    double alpha;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_number(c, 1, name, otherwise, &alpha));
    ms_build b = ms_begin(c, c->onnx, NULL);
    ms_in(&b, x);
    ms_set_float(&b, "alpha", alpha);
    return ms_finish(&b, x);
}

static int32_t run_elu(ms_call *c)
{
    return with_alpha(c, "alpha", 1);
}

static int32_t run_leaky_relu(ms_call *c)
{
    return with_alpha(c, "negative_slope", 0.01);
}

/* (x, slopes): one, or one a channel */
static int32_t run_prelu(ms_call *c)
{
    ms_tensor *x, *slope;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ranked(c, 1, &slope));
    if (slope->rank == 1 && x->rank > 2 && slope->dims[0] != 1) {
        const int64_t dims[MS_MAX_RANK] = {slope->dims[0], 1, 1, 1, 1, 1, 1, 1};
        MS_TRY(ms_reshape(c, "slope", slope, dims, (uint32_t)x->rank - 1, &slope));
    }
    ms_build b = ms_begin(c, "PRelu", NULL);
    ms_in(&b, x);
    ms_in(&b, slope);
    return ms_finish(&b, x);
}

static int32_t run_rsqrt(ms_call *c)
{
    ms_tensor *x, *root;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_unary(c, "Sqrt", "root", x, &root));
    return end_unary(c, "Reciprocal", root);
}

static int32_t run_square(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    ms_build b = ms_begin(c, "Mul", NULL);
    ms_in(&b, x);
    ms_in(&b, x);
    return ms_finish(&b, x);
}

/* 1 - erf(x) */
static int32_t run_erfc(ms_call *c)
{
    ms_tensor *x, *t;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_unary(c, "Erf", "erf", x, &t));
    ms_build b = ms_begin(c, "Sub", NULL);
    ms_in_number(&b, "one", x->dtype, 1);
    ms_in(&b, t);
    return ms_finish(&b, x);
}

static int32_t run_log1p(ms_call *c)
{
    ms_tensor *x, *t;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_binary_number(c, "Add", "shifted", x, 1, &t));
    return end_unary(c, "Log", t);
}

static int32_t run_expm1(ms_call *c)
{
    ms_tensor *x, *t;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_unary(c, "Exp", "exp", x, &t));
    ms_build b = ms_begin(c, "Sub", NULL);
    ms_in(&b, t);
    ms_in_number(&b, "one", x->dtype, 1);
    return ms_finish(&b, x);
}

/* (x, axis): a number or a tuple of one */
static int32_t run_softmax(ms_call *c)
{
    ms_tensor *x;
    int64_t axis;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "axis", -1, &axis));
    ms_build b = ms_begin(c, c->onnx, NULL);
    ms_in(&b, x);
    ms_set_int(&b, "axis", axis);
    return ms_finish(&b, x);
}

/* (x, type): the type is that of the result, where the file says it */
static int32_t run_cast(ms_call *c)
{
    ms_tensor *x, hint;
    ms_value type;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_hint(c, 0, &hint));
    MS_TRY(ms_arg(c, 1, "dst_type", &type));
    uint32_t dtype = hint.dtype             ? hint.dtype
                     : type.kind == MS_TYPE ? (uint32_t)type.i
                     : type.kind == MS_INT  ? ms_dtype_of_id(type.i)
                                            : AMCT_UNDEFINED;
    if (!ms_dtype_bytes(dtype))
        return ms_unsupported(c, "this type");
    if (dtype == x->dtype)
        return ms_return(c, x);
    ms_build b = ms_begin(c, "Cast", NULL);
    ms_tensor like = *x;
    like.dtype = dtype;
    ms_in(&b, x);
    ms_set_int(&b, "to", dtype);
    return ms_finish(&b, &like);
}

/* ---- What does nothing at inference ---------------------------------------------------------- */

static int32_t run_nothing(ms_call *c)
{
    if (!c->n_args)
        return ms_fail(c->r, AMCT_E_FORMAT, "has no input");
    c->result = c->args[0];
    return AMCT_OK;
}

/* (x, keep_prob, ...): the second result is the mask */
static int32_t run_dropout(ms_call *c)
{
    double keep;
    MS_TRY(ms_arg_number(c, 1, "keep_prob", 0.5, &keep));
    if (keep != 1 && !c->r->training_warned) {
        c->r->training_warned = true;
        ms_warn(c->r, "is set for training; it and others are used as for inference");
    }
    MS_TRY(run_nothing(c));
    ms_value first = c->result;
    MS_TRY(ms_list_new(c->r, 2, &c->result));
    c->result.list->at[0] = first;
    c->result.list->at[1] = (ms_value){.kind = MS_LOST, .text = "a mask of training"};
    return AMCT_OK;
}

const ms_op ms_ops_unary[] = {
    {"ReLU", run_same, "Relu"},
    {"ReLUV2", run_with_mask, "Relu"},
    {"ReLU6", run_relu6, NULL},
    {"Sigmoid", run_same, "Sigmoid"},
    {"Tanh", run_same, "Tanh"},
    {"HSwish", run_same, "HardSwish"},
    {"HSigmoid", run_hard_sigmoid, NULL},
    {"SiLU", run_silu, NULL},
    {"Swish", run_silu, NULL},
    {"GeLU", run_gelu, NULL},
    {"Gelu", run_gelu, NULL},
    {"GeluExt", run_gelu_ext, NULL},
    {"FastGeLU", run_fast_gelu, NULL},
    {"FastGelu", run_fast_gelu, NULL},
    {"Elu", run_elu, "Elu"},
    {"EluExt", run_elu, "Elu"},
    {"CeLU", run_elu, "Celu"},
    {"SeLU", run_same, "Selu"},
    {"SeLUExt", run_same, "Selu"},
    {"LeakyReLU", run_leaky_relu, "LeakyRelu"},
    {"LeakyReLUExt", run_leaky_relu, "LeakyRelu"},
    {"PReLU", run_prelu, NULL},
    {"Hardtanh", run_hard_tanh, NULL},
    {"ClampScalar", run_clamp, NULL},
    {"ClampTensor", run_clamp, NULL},
    {"Softplus", run_same, "Softplus"},
    {"Softsign", run_same, "Softsign"},
    {"Mish", run_same, "Mish"},
    {"MishExt", run_same, "Mish"},
    {"Softmax", run_softmax, "Softmax"},
    {"LogSoftmax", run_softmax, "LogSoftmax"},
    {"LogSoftmaxExt", run_softmax, "LogSoftmax"},
    {"Abs", run_same, "Abs"},
    {"Neg", run_same, "Neg"},
    {"Exp", run_same, "Exp"},
    {"Expm1", run_expm1, NULL},
    {"Log", run_same, "Log"},
    {"Log1p", run_log1p, NULL},
    {"Sqrt", run_same, "Sqrt"},
    {"Rsqrt", run_rsqrt, NULL},
    {"Square", run_square, NULL},
    {"Reciprocal", run_same, "Reciprocal"},
    {"Inv", run_same, "Reciprocal"},
    {"Floor", run_same, "Floor"},
    {"Ceil", run_same, "Ceil"},
    {"Round", run_same, "Round"},
    {"Rint", run_same, "Round"},
    {"Sign", run_same, "Sign"},
    {"Erf", run_same, "Erf"},
    {"Erfc", run_erfc, NULL},
    {"Sin", run_same, "Sin"},
    {"Cos", run_same, "Cos"},
    {"Tan", run_same, "Tan"},
    {"LogicalNot", run_same, "Not"},
    {"Cast", run_cast, NULL},
    {"Dropout", run_dropout, NULL},
    {"Dropout2D", run_dropout, NULL},
    {"Dropout3D", run_dropout, NULL},
    {"DropoutExt", run_dropout, NULL},
    {"Identity", run_nothing, NULL},
    {"StopGradient", run_nothing, NULL},
    {"stop_gradient", run_nothing, NULL},
    {"Depend", run_nothing, NULL},
    {"Load", run_nothing, NULL},
    {"return", run_nothing, NULL},
    {"Return", run_nothing, NULL},
    {"Contiguous", run_nothing, NULL},
    {"Copy", run_nothing, NULL},
    {"TensorMove", run_nothing, NULL},
};
MS_FAMILY(unary);
