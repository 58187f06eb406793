/* Convolution, Deconvolution and InnerProduct. */
#include "caffe_reader.h"

#include <string.h>

enum { DIMS = 3, MAX_NUMBER = 1 << 24 };

/* A sliding window over the spatial dims. */
typedef struct window {
    uint32_t n;
    int64_t kernel[DIMS], stride[DIMS], dilation[DIMS], pads[2 * DIMS];
} window;

/* A repeated field that has one number for all dims, or one for each; none: otherwise. */
static int32_t read_each(caffe_reader *r, const char *what, const uint64_t *values, size_t n_values,
                         int64_t min, int64_t otherwise, uint32_t n, int64_t *out)
{
    if (n_values > 1 && n_values != n)
        return caffe_fail(r, AMCT_E_FORMAT, "%s has %zu numbers, 1 or %u wanted", what, n_values,
                          n);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = otherwise;
        if (n_values)
            CAFFE_TRY(caffe_range(r, what, values[n_values > 1 ? i : 0], min, MAX_NUMBER, &out[i]));
    }
    return AMCT_OK;
}

/* The fields *_h and *_w, which are for two dims and exclude the repeated field. */
static int32_t read_both(caffe_reader *r, const char *what, bool has_h, bool has_w, uint64_t h,
                         uint64_t w, size_t n_values, int64_t min, uint32_t n, int64_t *out)
{
    if (!has_h && !has_w)
        return AMCT_OK;
    if (n != 2 || n_values || (min && (!has_h || !has_w)))
        return caffe_fail(r, AMCT_E_FORMAT, "%s_h and %s_w go together, without %s, in 2 dims",
                          what, what, what);
    CAFFE_TRY(caffe_range(r, what, h, min, MAX_NUMBER, &out[0]));
    return caffe_range(r, what, w, min, MAX_NUMBER, &out[1]);
}

static int32_t read_window(caffe_reader *r, const CaffeNet__ConvolutionParameter *p,
                           const caffe_shape *in, window *out)
{
    window w = {.n = in->rank - 2};
    int64_t pad[DIMS];
    if (in->rank < 3 || w.n > DIMS)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 3 to 5 wanted", in->rank);
    if (p->axis != 1)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "axis is %lld, only 1 is known",
                          (long long)p->axis);
    if (!p->n_kernel_size && !p->has_kernel_h && !p->has_kernel_w)
        return caffe_fail(r, AMCT_E_FORMAT, "has no kernel_size");
    CAFFE_TRY(read_each(r, "kernel_size", p->kernel_size, p->n_kernel_size, 1, 1, w.n, w.kernel));
    CAFFE_TRY(read_both(r, "kernel", p->has_kernel_h, p->has_kernel_w, p->kernel_h, p->kernel_w,
                        p->n_kernel_size, 1, w.n, w.kernel));
    CAFFE_TRY(read_each(r, "stride", p->stride, p->n_stride, 1, 1, w.n, w.stride));
    CAFFE_TRY(read_both(r, "stride", p->has_stride_h, p->has_stride_w, p->stride_h, p->stride_w,
                        p->n_stride, 1, w.n, w.stride));
    CAFFE_TRY(read_each(r, "pad", p->pad, p->n_pad, 0, 0, w.n, pad));
    CAFFE_TRY(
        read_both(r, "pad", p->has_pad_h, p->has_pad_w, p->pad_h, p->pad_w, p->n_pad, 0, w.n, pad));
    CAFFE_TRY(read_each(r, "dilation", p->dilation, p->n_dilation, 1, 1, w.n, w.dilation));
    for (uint32_t i = 0; i < w.n; i++)
        w.pads[i] = w.pads[w.n + i] = pad[i];
    *out = w;
    return AMCT_OK;
}

static int64_t extent(const window *w, uint32_t i)
{
    return w->dilation[i] * (w->kernel[i] - 1) + 1;
}

/* One bottom of a layer whose weights are constants already. */
static int32_t slide(caffe_reader *r, caffe_layer *l, const window *w, const uint32_t weights[2],
                     int64_t outputs, int64_t group, bool forward, uint32_t i)
{
    uint32_t src[3] = {l->src[i], weights[0], weights[1]};
    caffe_op op = {.op = forward ? "Conv" : "ConvTranspose",
                   .part = "",
                   .src = src,
                   .n_src = weights[1] == AMCT_NO_TENSOR ? 2 : 3,
                   .attrs = {import_attr_ints("kernel_shape", w->kernel, w->n),
                             import_attr_ints("strides", w->stride, w->n),
                             import_attr_ints("pads", w->pads, 2 * w->n),
                             import_attr_ints("dilations", w->dilation, w->n),
                             import_attr_int("group", group)},
                   .n_attrs = 5,
                   .shape = l->in[i]};
    op.shape.dims[1] = outputs;
    for (uint32_t d = 0; d < w->n; d++) {
        int64_t in = l->in[i].dims[2 + d], room = in + 2 * w->pads[d] - extent(w, d);
        op.shape.dims[2 + d] = forward ? (room < 0 ? 0 : room / w->stride[d] + 1)
                                       : w->stride[d] * (in - 1) + extent(w, d) - 2 * w->pads[d];
    }
    return caffe_result(r, l, &op, i);
}

static int32_t convolve(caffe_reader *r, caffe_layer *l, bool forward)
{
    static const CaffeNet__ConvolutionParameter none = CAFFE_NET__CONVOLUTION_PARAMETER__INIT;
    const CaffeNet__ConvolutionParameter *p = l->convolution_param ? l->convolution_param : &none;
    window w;
    int64_t outputs, group, inputs = l->in[0].rank > 1 ? l->in[0].dims[1] : 0;
    bool depthwise = strstr(l->type, "Depthwise") != NULL;
    if (l->n_tops != l->n_bottoms)
        return caffe_fail(r, AMCT_E_FORMAT, "has %u bottoms and %u tops, as many wanted",
                          l->n_bottoms, l->n_tops);
    CAFFE_TRY(read_window(r, p, &l->in[0], &w));
    CAFFE_TRY(caffe_range(r, "num_output", p->num_output, 1, MAX_NUMBER, &outputs));
    CAFFE_TRY(caffe_range(r, "group", p->group, 1, MAX_NUMBER, &group));
    if (depthwise && group == 1)
        group = inputs;
    if (inputs % group || outputs % group)
        return caffe_fail(r, AMCT_E_FORMAT,
                          "%lld channels to %lld cannot be split into %lld groups",
                          (long long)inputs, (long long)outputs, (long long)group);
    caffe_shape weights = {
        .rank = 2 + w.n,
        .dims = {forward ? outputs : inputs, (forward ? inputs : outputs) / group}};
    const caffe_shape bias = {.rank = 1, .dims = {outputs}};
    for (uint32_t d = 0; d < w.n; d++)
        weights.dims[2 + d] = w.kernel[d];
    uint32_t ids[2] = {0, AMCT_NO_TENSOR};
    CAFFE_TRY(caffe_take(r, l, "weights", &weights, &weights, &ids[0]));
    if (p->bias_term)
        CAFFE_TRY(caffe_take(r, l, "bias", &bias, &bias, &ids[1]));
    for (uint32_t i = 0; i < l->n_bottoms; i++) {
        if (l->in[i].rank != l->in[0].rank || l->in[i].dims[1] != inputs)
            return caffe_fail(r, AMCT_E_FORMAT, "its bottoms have different channels");
        CAFFE_TRY(slide(r, l, &w, ids, outputs, group, forward, i));
    }
    return AMCT_OK;
}

int32_t caffe_convolution(caffe_reader *r, caffe_layer *l)
{
    return convolve(r, l, true);
}

int32_t caffe_deconvolution(caffe_reader *r, caffe_layer *l)
{
    return convolve(r, l, false);
}

/* The product's rows back to the dims before the axis. */
static int32_t unflatten(caffe_reader *r, caffe_layer *l, uint32_t product,
                         const caffe_shape *shape)
{
    uint32_t src[2] = {product, 0};
    int64_t dims[AMCT_MAX_RANK];
    for (uint32_t i = 0; i < shape->rank; i++)
        dims[i] = i == 0 && shape->rank > 1 ? -1 : shape->dims[i]; /* whatever the batch size is */
    CAFFE_TRY(caffe_add_ints(r, l, "dims", dims, shape->rank, &src[1]));
    return caffe_result(
        r, l,
        &(caffe_op){.op = "Reshape", .part = "reshape", .src = src, .n_src = 2, .shape = *shape},
        0);
}

int32_t caffe_inner_product(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__InnerProductParameter none = CAFFE_NET__INNER_PRODUCT_PARAMETER__INIT;
    const CaffeNet__InnerProductParameter *p =
        l->inner_product_param ? l->inner_product_param : &none;
    uint32_t axis, src[3] = {l->src[0], 0, AMCT_NO_TENSOR};
    int64_t outputs;
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, l->in[0].rank, &axis));
    CAFFE_TRY(caffe_range(r, "num_output", p->num_output, 1, MAX_NUMBER, &outputs));
    int64_t rows = caffe_count(&l->in[0], 0, axis),
            sums = caffe_count(&l->in[0], axis, l->in[0].rank);
    caffe_shape weights = {.rank = 2, .dims = {outputs, sums}};
    const caffe_shape bias = {.rank = 1, .dims = {outputs}};
    if (p->transpose)
        weights = (caffe_shape){.rank = 2, .dims = {sums, outputs}};
    CAFFE_TRY(caffe_take(r, l, "weights", &weights, &weights, &src[1]));
    if (p->bias_term)
        CAFFE_TRY(caffe_take(r, l, "bias", &bias, &bias, &src[2]));
    if (l->in[0].rank != 2 || axis != 1)
        CAFFE_TRY(caffe_inner(r, l,
                              &(caffe_op){.op = "Flatten",
                                          .part = "flatten",
                                          .src = &l->src[0],
                                          .n_src = 1,
                                          .attrs = {import_attr_int("axis", axis)},
                                          .n_attrs = 1,
                                          .shape = {.rank = 2, .dims = {rows, sums}}},
                              &src[0]));
    caffe_op product = {.op = "Gemm",
                        .part = "",
                        .src = src,
                        .n_src = p->bias_term ? 3 : 2,
                        .attrs = {import_attr_int("transB", !p->transpose)},
                        .n_attrs = 1,
                        .shape = {.rank = 2, .dims = {rows, outputs}}};
    if (axis == 1)
        return caffe_result(r, l, &product, 0);
    caffe_shape shape = l->in[0];
    shape.rank = axis + 1;
    shape.dims[axis] = outputs;
    uint32_t id;
    CAFFE_TRY(caffe_inner(r, l, &product, &id));
    return unflatten(r, l, id, &shape);
}
