/* Convolutions: the primitives of mindspore.ops, and those of mint. */
#include "ms_window.h"

#include <string.h>

typedef struct conv {
    ms_tensor *x, *weight, *bias;
    ms_window w;
    int64_t grown[MS_MAX_SPACE], groups;
} conv;

static int32_t check(ms_call *c, const conv *v)
{
    if (v->groups < 1 || v->groups > INT32_MAX)
        return ms_fail(c->r, AMCT_E_FORMAT, "%lld groups", (long long)v->groups);
    return ms_window_check(c, &v->w);
}

static int32_t begin(ms_call *c, conv *v)
{
    *v = (conv){.groups = 1};
    MS_TRY(ms_arg_ranked(c, 0, &v->x));
    MS_TRY(ms_arg_ranked(c, 1, &v->weight));
    if (v->weight->rank < 3 || v->weight->rank > 2 + MS_MAX_SPACE || v->x->rank != v->weight->rank)
        return ms_fail(c->r, AMCT_E_FORMAT, "an input of %d dims, weights of %d", v->x->rank,
                       v->weight->rank);
    v->w.n = (uint32_t)v->weight->rank - 2;
    for (uint32_t d = 0; d < v->w.n; d++)
        v->w.kernel[d] = v->weight->dims[2 + d];
    return AMCT_OK;
}

/* Stride, dilation, groups, and padding of PAD and VALID, from attributes. */
static int32_t read_attrs(ms_call *c, conv *v, ms_pad_mode *mode)
{
    int64_t groups;
    MS_TRY(ms_need_channels_first(c, MS_ATTR));
    MS_TRY(ms_arg_space(c, MS_ATTR, "stride", 1, v->w.stride, v->w.n));
    MS_TRY(ms_arg_space(c, MS_ATTR, "dilation", 1, v->w.dilation, v->w.n));
    MS_TRY(ms_arg_int(c, MS_ATTR, "groups", v->groups, &groups));
    MS_TRY(ms_arg_int(c, MS_ATTR, "group", groups, &v->groups));
    MS_TRY(ms_window_mode(c, MS_ATTR, mode));
    if (*mode == MS_PAD)
        MS_TRY(ms_window_pairs(c, &v->w));
    return check(c, v);
}

static int32_t emit(ms_call *c, const conv *v, bool transposed)
{
    ms_build b = ms_begin(c, transposed ? "ConvTranspose" : "Conv", NULL);
    const ms_tensor like = {.dtype = v->x->dtype, .rank = -1};
    ms_in(&b, v->x);
    ms_in(&b, v->weight);
    if (v->bias)
        ms_in(&b, v->bias);
    ms_set_ints(&b, "kernel_shape", v->w.kernel, v->w.n);
    ms_set_ints(&b, "dilations", v->w.dilation, v->w.n);
    ms_set_int(&b, "group", v->groups);
    ms_window_set(&b, &v->w);
    if (transposed)
        ms_set_ints(&b, "output_padding", v->grown, v->w.n);
    return ms_finish(&b, &like);
}

static int32_t run_conv(ms_call *c)
{
    conv v;
    ms_pad_mode mode;
    MS_TRY(begin(c, &v));
    MS_TRY(read_attrs(c, &v, &mode));
    if (mode == MS_SAME)
        ms_window_same(&v.w, v.x);
    return emit(c, &v, false);
}

/* Weights of multiplier x channels x height x width, which ONNX wants as channels * multiplier x 1.
 */
static int32_t run_depthwise(ms_call *c)
{
    conv v;
    ms_pad_mode mode;
    MS_TRY(begin(c, &v));
    const int64_t perm[] = {1, 0, 2, 3}, *dims = v.weight->dims;
    if (v.w.n != 2 || dims[0] < 1 || dims[0] > INT32_MAX || dims[1] < 1 || dims[1] > INT32_MAX)
        return ms_unsupported(c, "a depthwise convolution of other than 4 dims");
    const int64_t turned[] = {dims[1], dims[0], dims[2], dims[3]};
    const int64_t flat[] = {dims[0] * dims[1], 1, dims[2], dims[3]};
    v.groups = dims[1];
    ms_build turn = ms_begin(c, "Transpose", "turned");
    ms_in(&turn, v.weight);
    ms_set_ints(&turn, "perm", perm, 4);
    MS_TRY(ms_end(&turn, v.weight->dtype, 4, turned, &v.weight));
    MS_TRY(ms_reshape(c, "weight", v.weight, flat, 4, &v.weight));
    MS_TRY(read_attrs(c, &v, &mode));
    v.groups = turned[0];
    if (mode == MS_SAME)
        ms_window_same(&v.w, v.x);
    return emit(c, &v, false);
}

/* ---- Transposed ---------------------------------------------------------------------------- */

/* The file says the size of the result: what is missing behind is output_padding. */
static int32_t fit_result(ms_call *c, conv *v, ms_pad_mode mode, const int64_t *size)
{
    for (uint32_t d = 0; d < v->w.n; d++) {
        int64_t in = v->x->dims[2 + d], all, whole;
        if (in < 1 || in > INT32_MAX || size[d] < 1 || size[d] > INT32_MAX)
            return ms_unsupported(c, "a result whose size is not known");
        whole = (in - 1) * v->w.stride[d] + ms_window_span(&v->w, d);
        if (mode == MS_SAME) {
            all = whole > size[d] ? whole - size[d] : 0;
            v->w.pads[d] = all / 2;
            v->w.pads[v->w.n + d] = all - all / 2;
        }
        all = v->w.pads[d] + v->w.pads[v->w.n + d];
        v->grown[d] = size[d] - (whole - all);
        if (v->grown[d] < 0 || v->grown[d] > INT32_MAX)
            return ms_fail(c->r, AMCT_E_FORMAT, "a result of %lld elements, %lld or more wanted",
                           (long long)size[d], (long long)(whole - all));
    }
    return AMCT_OK;
}

/* (x, weight, size of the result): Conv2DTranspose and its older name; of Conv3DTranspose the
 * third input is a bias, and output_padding an attribute. */
static int32_t run_transposed(ms_call *c)
{
    conv v;
    ms_pad_mode mode;
    int64_t all[MS_MAX_RANK];
    uint32_t n;
    ms_tensor hint;
    MS_TRY(begin(c, &v));
    MS_TRY(read_attrs(c, &v, &mode));
    if (v.w.n == 3)
        MS_TRY(ms_arg_optional(c, 2, &v.bias));
    if (v.w.n == 3 && mode != MS_SAME) {
        MS_TRY(ms_arg_space(c, MS_ATTR, "output_padding", 0, v.grown, v.w.n));
        return emit(c, &v, true);
    }
    MS_TRY(ms_hint(c, 0, &hint));
    n = hint.rank > 0 ? (uint32_t)hint.rank : 0;
    memcpy(all, hint.dims, sizeof all);
    if (v.w.n == 2)
        MS_TRY(ms_arg_ints(c, 2, "input_sizes", all, MS_MAX_RANK, &n));
    if (n != v.w.n + 2)
        return ms_fail(c->r, AMCT_E_FORMAT, "a result of %u dims, %u wanted", n, v.w.n + 2);
    MS_TRY(fit_result(c, &v, mode, all + 2));
    return emit(c, &v, true);
}

/* ---- mint ---------------------------------------------------------------------------------- */

/* Padding of n numbers, one a dim, or the word "same" or "valid". */
static int32_t read_padding(ms_call *c, conv *v, uint32_t at)
{
    ms_value given;
    MS_TRY(ms_arg(c, at, "padding", &given));
    bool same = (given.kind == MS_TEXT && strcasecmp(given.text, "same") == 0) ||
                (given.kind == MS_INT && given.i == MS_SAME && strstr(c->op, "Str"));
    bool valid = given.kind == MS_TEXT || strstr(c->op, "Str") || strstr(c->op, "Padding");
    if (!same && !valid)
        MS_TRY(ms_window_even(c, &v->w, at, "padding"));
    MS_TRY(check(c, v));
    if (same)
        ms_window_same(&v->w, v->x);
    return AMCT_OK;
}

/* (x, weight, bias, stride, padding, dilation, transposed, output_padding, groups) */
static int32_t run_convolution(ms_call *c)
{
    conv v;
    bool transposed;
    MS_TRY(begin(c, &v));
    MS_TRY(ms_arg_optional(c, 2, &v.bias));
    MS_TRY(ms_arg_space(c, 3, "stride", 1, v.w.stride, v.w.n));
    MS_TRY(ms_arg_space(c, 5, "dilation", 1, v.w.dilation, v.w.n));
    MS_TRY(ms_arg_bool(c, 6, "transposed", false, &transposed));
    MS_TRY(ms_arg_space(c, 7, "output_padding", 0, v.grown, v.w.n));
    MS_TRY(ms_arg_int(c, 8, "groups", 1, &v.groups));
    MS_TRY(read_padding(c, &v, 4));
    return emit(c, &v, transposed);
}

/* (x, weight, bias, stride, padding, dilation, groups) */
static int32_t run_conv_ext(ms_call *c)
{
    conv v;
    MS_TRY(begin(c, &v));
    MS_TRY(ms_arg_optional(c, 2, &v.bias));
    MS_TRY(ms_arg_space(c, 3, "stride", 1, v.w.stride, v.w.n));
    MS_TRY(ms_arg_space(c, 5, "dilation", 1, v.w.dilation, v.w.n));
    MS_TRY(ms_arg_int(c, 6, "groups", 1, &v.groups));
    MS_TRY(read_padding(c, &v, 4));
    return emit(c, &v, false);
}

/* ---- Bias ---------------------------------------------------------------------------------- */

/* A vector is added along dim 1. */
static int32_t run_bias(ms_call *c)
{
    ms_tensor *x, *bias;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ranked(c, 1, &bias));
    MS_TRY(ms_need_channels_first(c, 2));
    if (x->rank < 2 || bias->rank != 1)
        return ms_fail(c->r, AMCT_E_FORMAT, "an input of %d dims, a bias of %d", x->rank,
                       bias->rank);
    if (x->rank > 2) {
        int64_t dims[MS_MAX_RANK] = {bias->dims[0] > 0 ? bias->dims[0] : -1, 1, 1, 1, 1, 1, 1, 1};
        MS_TRY(ms_reshape(c, "bias", bias, dims, (uint32_t)x->rank - 1, &bias));
    }
    ms_build b = ms_begin(c, "Add", NULL);
    ms_in(&b, x);
    ms_in(&b, bias);
    return ms_finish(&b, x);
}

const ms_op ms_ops_conv[] = {
    {"BiasAdd", run_bias, NULL},
    {"Conv2D", run_conv, NULL},
    {"Conv3D", run_conv, NULL},
    {"DepthwiseConv2dNative", run_depthwise, NULL},
    {"Conv2DTranspose", run_transposed, NULL},
    {"Conv2DBackpropInput", run_transposed, NULL},
    {"Conv3DTranspose", run_transposed, NULL},
    {"Convolution", run_convolution, NULL},
    {"ConvolutionStr", run_convolution, NULL},
    {"Conv1DExt", run_conv_ext, NULL},
    {"Conv2DExt", run_conv_ext, NULL},
    {"Conv3DExt", run_conv_ext, NULL},
    {"Conv1DPadding", run_conv_ext, NULL},
    {"Conv2DPadding", run_conv_ext, NULL},
    {"Conv3DPadding", run_conv_ext, NULL},
};
MS_FAMILY(conv);
