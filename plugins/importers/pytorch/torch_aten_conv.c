/* Convolutions. */
#include "torch_aten.h"

#include <string.h>

typedef struct conv {
    torch_tensor *x, *weight, *bias;
    uint32_t dims; /* of space */
    int64_t stride[AMCT_MAX_RANK], pads[2 * AMCT_MAX_RANK], dilation[AMCT_MAX_RANK],
        grown[AMCT_MAX_RANK];
    int64_t groups;
    bool transposed;
    const char *auto_pad; /* NULL: pads */
} conv;

static int64_t size_after(const conv *v, uint32_t d)
{
    int64_t in = v->x->dims[2 + d], kernel = v->weight->dims[2 + d];
    if (in < 0 || kernel < 0 || v->stride[d] < 1)
        return AMCT_DIM_UNKNOWN;
    if (v->auto_pad)
        return in;
    int64_t pads = v->pads[d] + v->pads[v->dims + d], span = v->dilation[d] * (kernel - 1) + 1;
    int64_t size = v->transposed ? (in - 1) * v->stride[d] - pads + span + v->grown[d]
                                 : (in + pads - span) / v->stride[d] + 1;
    return size > 0 ? size : AMCT_DIM_UNKNOWN;
}

/* A tensor without a batch gets one of 1. */
static int32_t emit(torch_call *c, conv *v)
{
    int64_t dims[AMCT_MAX_RANK] = {v->x->dims[0]}, wide[AMCT_MAX_RANK];
    bool single = v->x->rank == (int32_t)v->dims + 1;
    torch_tensor *out;
    if (single) {
        torch_node node = torch_begin(c, "Unsqueeze", "batch");
        wide[0] = 1;
        memcpy(wide + 1, v->x->dims, (v->dims + 1) * sizeof *wide);
        torch_src(&node, v->x);
        torch_src_ints(&node, "axes", (int64_t[]){0}, 1);
        TORCH_TRY(torch_end(&node, v->x->dtype, v->x->rank + 1, wide, &v->x));
        dims[0] = 1;
    }
    torch_node node =
        torch_begin(c, v->transposed ? "ConvTranspose" : "Conv", single ? "batched" : NULL);
    torch_src(&node, v->x);
    torch_src(&node, v->weight);
    if (v->bias)
        torch_src(&node, v->bias);
    torch_attr_ints(&node, "kernel_shape", v->weight->dims + 2, v->dims);
    torch_attr_ints(&node, "strides", v->stride, v->dims);
    torch_attr_ints(&node, "dilations", v->dilation, v->dims);
    torch_attr_int(&node, "group", v->groups);
    if (v->auto_pad)
        torch_attr_text(&node, "auto_pad", v->auto_pad);
    else
        torch_attr_ints(&node, "pads", v->pads, 2 * v->dims);
    if (v->transposed)
        torch_attr_ints(&node, "output_padding", v->grown, v->dims);
    dims[1] = v->transposed ? v->weight->dims[1] * v->groups : v->weight->dims[0];
    for (uint32_t d = 0; d < v->dims; d++)
        dims[2 + d] = size_after(v, d);
    TORCH_TRY(torch_end(&node, v->x->dtype, (int32_t)v->dims + 2, dims, &out));
    if (!single)
        return torch_return(c, out);
    torch_node back = torch_begin(c, "Squeeze", NULL);
    torch_src(&back, out);
    torch_src_ints(&back, "axis", (int64_t[]){0}, 1);
    TORCH_TRY(torch_end(&back, out->dtype, out->rank - 1, dims + 1, &out));
    return torch_return(c, out);
}

/* "same" of PyTorch pads as ONNX's SAME_UPPER does: the odd one goes to the end. */
static int32_t read_padding(torch_call *c, conv *v, uint32_t at)
{
    const char *word = c->args[at].kind == TORCH_TEXT ? c->args[at].text : NULL;
    if (word && strcmp(word, "same") == 0)
        v->auto_pad = "SAME_UPPER";
    else if (word && strcmp(word, "valid") != 0)
        return torch_unsupported(c, "this word for padding");
    if (!word)
        TORCH_TRY(torch_arg_ints(c, at, "padding", 0, v->pads, v->dims));
    for (uint32_t d = 0; d < v->dims; d++) {
        if (v->pads[d] < 0 || v->pads[d] > INT32_MAX)
            return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: padding is %lld", c->name,
                              (long long)v->pads[d]);
        v->pads[v->dims + d] = v->pads[d];
    }
    return AMCT_OK;
}

static int32_t begin(torch_call *c, conv *v)
{
    *v = (conv){.x = torch_arg_tensor(c, 0),
                .weight = torch_arg_tensor(c, 1),
                .bias = torch_arg_tensor(c, 2)};
    if (v->weight->rank < 3 || v->weight->rank > 5)
        return torch_fail(c->r, AMCT_E_UNSUPPORTED,
                          "aten::%s: 3 to 5 dims of the weights are wanted, here are %d", c->name,
                          v->weight->rank);
    v->dims = (uint32_t)v->weight->rank - 2;
    if (v->x->rank != v->weight->rank && v->x->rank != v->weight->rank - 1)
        return torch_fail(c->r, AMCT_E_FORMAT,
                          "aten::%s: an input of %d dims does not go with weights of %d", c->name,
                          v->x->rank, v->weight->rank);
    return AMCT_OK;
}

static int32_t check(torch_call *c, const conv *v)
{
    for (uint32_t d = 0; d < v->dims; d++)
        if (v->stride[d] < 1 || v->dilation[d] < 1 || v->stride[d] > INT32_MAX ||
            v->dilation[d] > INT32_MAX || v->grown[d] < 0 || v->grown[d] > INT32_MAX)
            return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: stride %lld, dilation %lld", c->name,
                              (long long)v->stride[d], (long long)v->dilation[d]);
    if (v->groups < 1 || v->groups > INT32_MAX)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: groups is %lld", c->name,
                          (long long)v->groups);
    return AMCT_OK;
}

static int32_t run_conv(torch_call *c)
{
    conv v;
    TORCH_TRY(begin(c, &v));
    TORCH_TRY(torch_arg_ints(c, 3, "stride", 1, v.stride, v.dims));
    TORCH_TRY(read_padding(c, &v, 4));
    TORCH_TRY(torch_arg_ints(c, 5, "dilation", 1, v.dilation, v.dims));
    v.groups = torch_arg_int(c, 6, 1);
    TORCH_TRY(check(c, &v));
    return emit(c, &v);
}

static int32_t run_transposed(torch_call *c)
{
    conv v;
    TORCH_TRY(begin(c, &v));
    v.transposed = true;
    TORCH_TRY(torch_arg_ints(c, 3, "stride", 1, v.stride, v.dims));
    TORCH_TRY(read_padding(c, &v, 4));
    TORCH_TRY(torch_arg_ints(c, 5, "output_padding", 0, v.grown, v.dims));
    v.groups = torch_arg_int(c, 6, 1);
    TORCH_TRY(torch_arg_ints(c, 7, "dilation", 1, v.dilation, v.dims));
    TORCH_TRY(check(c, &v));
    return emit(c, &v);
}

static int32_t run_general(torch_call *c)
{
    conv v;
    TORCH_TRY(begin(c, &v));
    TORCH_TRY(torch_arg_ints(c, 3, "stride", 1, v.stride, v.dims));
    TORCH_TRY(read_padding(c, &v, 4));
    TORCH_TRY(torch_arg_ints(c, 5, "dilation", 1, v.dilation, v.dims));
    v.transposed = torch_arg_bool(c, 6, false);
    TORCH_TRY(torch_arg_ints(c, 7, "output_padding", 0, v.grown, v.dims));
    v.groups = torch_arg_int(c, 8, 1);
    TORCH_TRY(check(c, &v));
    return emit(c, &v);
}

#define CONV       "t:input t:weight|t:bias I:stride I:padding I:dilation i:groups"
#define CONV_SAME  "t:input t:weight|t:bias I:stride s:padding I:dilation i:groups"
#define TRANSPOSED "t:input t:weight|t:bias I:stride I:padding I:output_padding i:groups I:dilation"
#define GENERAL                                                                                    \
    "t:input t:weight|t:bias I:stride I:padding I:dilation b:transposed I:output_padding i:groups" \
    " *:benchmark *:deterministic *:cudnn_enabled *:allow_tf32"

const torch_aten torch_aten_conv[] = {
    {"conv1d", CONV, run_conv, NULL},
    {"conv1d", CONV_SAME, run_conv, NULL},
    {"conv2d", CONV, run_conv, NULL},
    {"conv2d", CONV_SAME, run_conv, NULL},
    {"conv3d", CONV, run_conv, NULL},
    {"conv3d", CONV_SAME, run_conv, NULL},
    {"conv_transpose1d", TRANSPOSED, run_transposed, NULL},
    {"conv_transpose2d", TRANSPOSED, run_transposed, NULL},
    {"conv_transpose3d", TRANSPOSED, run_transposed, NULL},
    {"convolution", GENERAL, run_general, NULL},
    {"_convolution", GENERAL, run_general, NULL},
    {"_convolution_mode", CONV_SAME, run_conv, NULL},
};
TORCH_FAMILY(conv);
