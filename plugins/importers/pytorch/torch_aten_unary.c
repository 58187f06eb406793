/* Operators on one tensor, element by element: activations, bounds, types. */
#include "torch_aten.h"

#include <math.h>
#include <string.h>

static int32_t end_unary(torch_call *c, const char *op, torch_tensor *x)
{
    torch_node node = torch_begin(c, op, NULL);
    torch_src(&node, x);
    return torch_end_like(&node, x);
}

static int32_t run_same(torch_call *c)
{
    return end_unary(c, c->op, torch_arg_tensor(c, 0));
}

/* One number is a parameter of the same meaning. */
static int32_t run_alpha(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    bool leaky = strcmp(c->op, "LeakyRelu") == 0;
    if (torch_arg_number(c, 2, 1) != 1 || torch_arg_number(c, 3, 1) != 1)
        return torch_unsupported(c, "a scale other than 1");
    torch_node node = torch_begin(c, c->op, NULL);
    torch_src(&node, x);
    torch_attr_float(&node, "alpha", torch_arg_number(c, 1, leaky ? 0.01 : 1));
    return torch_end_like(&node, x);
}

static int32_t bound(torch_call *c, torch_tensor *x, bool has_low, double low, bool has_high,
                     double high)
{
    torch_node node = torch_begin(c, "Clip", NULL);
    torch_src(&node, x);
    if (has_low)
        torch_src_number(&node, "min", x->dtype, low);
    else
        torch_src(&node, NULL);
    if (has_high)
        torch_src_number(&node, "max", x->dtype, high);
    return torch_end_like(&node, x);
}

static int32_t run_relu6(torch_call *c)
{
    return bound(c, torch_arg_tensor(c, 0), true, 0, true, 6);
}

static int32_t run_hardtanh(torch_call *c)
{
    return bound(c, torch_arg_tensor(c, 0), true, torch_arg_number(c, 1, -1), true,
                 torch_arg_number(c, 2, 1));
}

static int32_t run_clamp(torch_call *c)
{
    return bound(c, torch_arg_tensor(c, 0), torch_arg_given(c, 1), torch_arg_number(c, 1, 0),
                 torch_arg_given(c, 2), torch_arg_number(c, 2, 0));
}

static int32_t run_clamp_max(torch_call *c)
{
    return bound(c, torch_arg_tensor(c, 0), false, 0, true, torch_arg_number(c, 1, 0));
}

static int32_t run_clamp_tensors(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *low = torch_arg_tensor(c, 1),
                 *high = torch_arg_tensor(c, 2);
    if (low)
        TORCH_TRY(torch_binary(c, "Max", high ? "low" : NULL, x, low, &x));
    if (high)
        TORCH_TRY(torch_binary(c, "Min", NULL, x, high, &x));
    return torch_return(c, x);
}

static int32_t run_hardsigmoid(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    torch_node node = torch_begin(c, "HardSigmoid", NULL);
    torch_src(&node, x);
    torch_attr_float(&node, "alpha", 1.0 / 6);
    torch_attr_float(&node, "beta", 0.5);
    return torch_end_like(&node, x);
}

static int32_t run_silu(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *gate, *out;
    TORCH_TRY(torch_unary(c, "Sigmoid", "gate", x, &gate));
    TORCH_TRY(torch_binary(c, "Mul", NULL, x, gate, &out));
    return torch_return(c, out);
}

static int32_t run_gelu(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    torch_node node = torch_begin(c, "Gelu", NULL);
    torch_src(&node, x);
    if (torch_arg_given(c, 1))
        torch_attr_text(&node, "approximate", c->args[1].text);
    return torch_end_like(&node, x);
}

static int32_t run_softplus(torch_call *c)
{
    if (torch_arg_number(c, 1, 1) != 1)
        return torch_unsupported(c, "a beta other than 1");
    return end_unary(c, "Softplus", torch_arg_tensor(c, 0));
}

static int32_t run_prelu(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *slope = torch_arg_tensor(c, 1);
    TORCH_TRY(torch_need_rank(c, x));
    if (slope->rank == 1 && x->rank > 2 && slope->dims[0] != 1) { /* one per channel */
        int64_t dims[AMCT_MAX_RANK] = {slope->dims[0], 1, 1, 1, 1, 1, 1, 1};
        if (slope->kind == AMCT_TENSOR_CONSTANT) { /* the same bytes in other dims */
            TORCH_TRY(torch_tensor_view(c->r, slope, &slope));
            slope->id = AMCT_NO_TENSOR;
            for (int32_t d = 1; d < x->rank - 1; d++)
                slope->dims[d] = slope->strides[d] = 1;
            slope->rank = x->rank - 1;
        } else {
            TORCH_TRY(torch_reshape_to(c, "slope", slope, dims, (uint32_t)x->rank - 1, &slope));
        }
    }
    torch_node node = torch_begin(c, "PRelu", NULL);
    torch_src(&node, x);
    torch_src(&node, slope);
    return torch_end_like(&node, x);
}

static int32_t run_rsqrt(torch_call *c)
{
    torch_tensor *root;
    TORCH_TRY(torch_unary(c, "Sqrt", "root", torch_arg_tensor(c, 0), &root));
    return end_unary(c, "Reciprocal", root);
}

static int32_t run_square(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    TORCH_TRY(torch_binary(c, "Mul", NULL, x, x, &out));
    return torch_return(c, out);
}

static int32_t run_glu(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *half[2], *gate, *out;
    int32_t dim;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, -1, x->rank, &dim));
    torch_node node = torch_begin(c, "Split", "halves");
    torch_src(&node, x);
    torch_attr_int(&node, "axis", dim);
    torch_attr_int(&node, "num_outputs", 2);
    for (int i = 0; i < 2; i++) {
        const char *name = import_text(&c->r->memory, "%s_half%d", c->label, i);
        if (!name)
            return torch_nomem(c->r);
        TORCH_TRY(
            torch_tensor_new(c->r, name, AMCT_TENSOR_VALUE, x->dtype, x->rank, x->dims, &half[i]));
        half[i]->dims[dim] = x->dims[dim] < 0 ? AMCT_DIM_UNKNOWN : x->dims[dim] / 2;
    }
    TORCH_TRY(torch_end_all(&node, half, 2));
    TORCH_TRY(torch_unary(c, "Sigmoid", "gate", half[1], &gate));
    TORCH_TRY(torch_binary(c, "Mul", NULL, half[0], gate, &out));
    return torch_return(c, out);
}

static int32_t run_softmax(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    torch_node node = torch_begin(c, c->op, NULL);
    torch_src(&node, x);
    torch_attr_int(&node, "axis", torch_arg_int(c, 1, -1));
    return torch_end_like(&node, x);
}

/* ---- What does nothing here ----------------------------------------------------------------- */

static int32_t run_identity(torch_call *c)
{
    return torch_return(c, torch_arg_tensor(c, 0));
}

/* Whether it copies depends on how the elements lie, which we do not know: changed in place, one of
 * both would be wrong, so that they are two views. */
static int32_t run_contiguous(torch_call *c)
{
    torch_tensor *out;
    TORCH_TRY(torch_tensor_emit(c->r, torch_arg_tensor(c, 0)));
    TORCH_TRY(torch_tensor_view(c->r, torch_arg_tensor(c, 0), &out));
    return torch_return(c, out);
}

static int32_t run_dropout(torch_call *c)
{
    if (torch_arg_bool(c, 2, false) && torch_arg_number(c, 1, 0.5) > 0)
        torch_warn(c->r, "%s is set for training; it is used as for inference", c->label);
    return run_identity(c);
}

static int32_t run_clone(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    torch_alias *alias = import_alloc(&c->r->memory, 1, sizeof *alias);
    TORCH_TRY(torch_tensor_emit(c->r, x));
    TORCH_TRY(torch_tensor_view(c->r, x, &out));
    if (!alias)
        return torch_nomem(c->r);
    out->alias = alias;
    out->version = 0;
    return torch_return(c, out);
}

static int32_t run_nothing(torch_call *c)
{
    c->result = torch_none();
    return AMCT_OK;
}

/* ---- Types ---------------------------------------------------------------------------------- */

static int32_t cast(torch_call *c, uint32_t dtype)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    if (dtype == x->dtype)
        return torch_return(c, x);
    torch_node node = torch_begin(c, "Cast", NULL);
    torch_src(&node, x);
    torch_attr_int(&node, "to", dtype);
    TORCH_TRY(torch_end(&node, dtype, x->rank, x->dims, &out));
    return torch_return(c, out);
}

static int32_t run_to(torch_call *c)
{
    if (!torch_arg_given(c, 1))
        return run_identity(c);
    uint32_t dtype = torch_dtype_of_script(torch_arg_int(c, 1, -1));
    if (!dtype)
        return torch_unsupported(c, "this element type");
    return cast(c, dtype);
}

static int32_t run_type_as(torch_call *c)
{
    torch_tensor *like = torch_arg_tensor(c, 1);
    return like->dtype ? cast(c, like->dtype) : run_identity(c);
}

#define TENSOR "t:self"

const torch_aten torch_aten_unary[] = {
    {"relu", TENSOR, run_same, "Relu"},
    {"sigmoid", TENSOR, run_same, "Sigmoid"},
    {"tanh", TENSOR, run_same, "Tanh"},
    {"hardswish", TENSOR, run_same, "HardSwish"},
    {"selu", TENSOR, run_same, "Selu"},
    {"mish", TENSOR, run_same, "Mish"},
    {"softsign", TENSOR, run_same, "Softsign"},
    {"abs", TENSOR, run_same, "Abs"},
    {"neg", TENSOR, run_same, "Neg"},
    {"exp", TENSOR, run_same, "Exp"},
    {"log", TENSOR, run_same, "Log"},
    {"sqrt", TENSOR, run_same, "Sqrt"},
    {"reciprocal", TENSOR, run_same, "Reciprocal"},
    {"floor", TENSOR, run_same, "Floor"},
    {"ceil", TENSOR, run_same, "Ceil"},
    {"round", TENSOR, run_same, "Round"},
    {"erf", TENSOR, run_same, "Erf"},
    {"sin", TENSOR, run_same, "Sin"},
    {"cos", TENSOR, run_same, "Cos"},
    {"sign", TENSOR, run_same, "Sign"},
    {"logical_not", TENSOR, run_same, "Not"},
    {"bitwise_not", TENSOR, run_same, "Not"},
    {"leaky_relu", "t:self|n:negative_slope", run_alpha, "LeakyRelu"},
    {"elu", "t:self|n:alpha n:scale n:input_scale", run_alpha, "Elu"},
    {"celu", "t:self|n:alpha", run_alpha, "Celu"},
    {"relu6", TENSOR, run_relu6, NULL},
    {"hardtanh", "t:self|n:min_val n:max_val", run_hardtanh, NULL},
    {"clamp", "t:self|n:min n:max", run_clamp, NULL},
    {"clamp", "t:self|t:min t:max", run_clamp_tensors, NULL},
    {"clip", "t:self|n:min n:max", run_clamp, NULL},
    {"clamp_min", "t:self n:min", run_clamp, NULL},
    {"clamp_max", "t:self n:max", run_clamp_max, NULL},
    {"hardsigmoid", TENSOR, run_hardsigmoid, NULL},
    {"silu", TENSOR, run_silu, NULL},
    {"gelu", "t:self|s:approximate", run_gelu, NULL},
    {"softplus", "t:self|n:beta n:threshold", run_softplus, NULL},
    {"prelu", "t:self t:weight", run_prelu, NULL},
    {"_prelu_kernel", "t:self t:weight", run_prelu, NULL},
    {"rsqrt", TENSOR, run_rsqrt, NULL},
    {"square", TENSOR, run_square, NULL},
    {"glu", "t:self|i:dim", run_glu, NULL},
    {"softmax", "t:self i:dim|*:dtype", run_softmax, "Softmax"},
    {"_softmax", "t:self i:dim|*:half_to_float", run_softmax, "Softmax"},
    {"log_softmax", "t:self i:dim|*:dtype", run_softmax, "LogSoftmax"},
    {"_log_softmax", "t:self i:dim|*:half_to_float", run_softmax, "LogSoftmax"},
    {"dropout", "t:input n:p b:train", run_dropout, NULL},
    {"feature_dropout", "t:input n:p b:train", run_dropout, NULL},
    {"alpha_dropout", "t:input n:p b:train", run_dropout, NULL},
    {"contiguous", "t:self|*:memory_format", run_contiguous, NULL},
    {"detach", TENSOR, run_identity, NULL},
    {"alias", TENSOR, run_identity, NULL},
    {"cpu", TENSOR, run_identity, NULL},
    {"lift_fresh", TENSOR, run_identity, NULL},
    {"clone", "t:self|*:memory_format", run_clone, NULL},
    {"lift_fresh_copy", TENSOR, run_clone, NULL},
    {"detach_copy", TENSOR, run_clone, NULL},
    {"to", "t:self|i:dtype *:non_blocking *:copy *:memory_format", run_to, NULL},
    {"to", "t:self *:device i:dtype|*:non_blocking *:copy *:memory_format", run_to, NULL},
    {"to", "t:self|i:dtype *:layout *:device *:pin_memory *:non_blocking *:copy *:memory_format",
     run_to, NULL},
    {"to", "t:self t:other|*:non_blocking *:copy *:memory_format", run_type_as, NULL},
    {"_to_copy", "t:self|i:dtype *:layout *:device *:pin_memory *:non_blocking *:memory_format",
     run_to, NULL},
    {"type_as", "t:self t:other", run_type_as, NULL},
    {"_assert_tensor_metadata", "*:a|*:size *:stride *:dtype *:device *:layout", run_nothing, NULL},
    {"_assert_scalar", "*:self|*:assert_msg", run_nothing, NULL},
    {"_assert_async", "*:self|*:assert_msg", run_nothing, NULL},
    {"sym_constrain_range_for_size", "*:size|*:min *:max", run_nothing, NULL},
    {"warn", "*:message|*:stacklevel", run_nothing, NULL},
};
TORCH_FAMILY(unary);
