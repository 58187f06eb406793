/* Local response normalisation, across channels or within them. */
#include "caffe_reader.h"

static int32_t across(caffe_reader *r, caffe_layer *l, const CaffeNet__LRNParameter *p,
                      int64_t size)
{
    return caffe_result(
        r, l,
        &(caffe_op){.op = "LRN",
                    .part = "",
                    .src = l->src,
                    .n_src = 1,
                    .attrs = {import_attr_int("size", size), import_attr_float("alpha", p->alpha),
                              import_attr_float("beta", p->beta), import_attr_float("bias", p->k)},
                    .n_attrs = 4,
                    .shape = l->in[0]},
        0);
}

/* x * (1 + alpha * mean of x^2 over the window)^-beta; k is not asked. */
static int32_t within(caffe_reader *r, caffe_layer *l, const CaffeNet__LRNParameter *p,
                      int64_t size)
{
    const int64_t kernel[2] = {size, size}, pad = (size - 1) / 2, pads[4] = {pad, pad, pad, pad};
    uint32_t src[2] = {l->src[0], l->src[0]};
    caffe_op square = {.op = "Mul", .part = "square", .src = src, .n_src = 2, .shape = l->in[0]};
    caffe_op mean = {.op = "AveragePool",
                     .part = "mean",
                     .src = src,
                     .n_src = 1,
                     .attrs = {import_attr_ints("kernel_shape", kernel, 2),
                               import_attr_ints("pads", pads, 4),
                               import_attr_int("count_include_pad", 1)},
                     .n_attrs = 3,
                     .shape = l->in[0]};
    caffe_op scale = {.op = "Mul", .part = "scale", .src = src, .n_src = 2, .shape = l->in[0]};
    caffe_op shift = {.op = "Add", .part = "shift", .src = src, .n_src = 2, .shape = l->in[0]};
    caffe_op power = {.op = "Pow", .part = "power", .src = src, .n_src = 2, .shape = l->in[0]};
    caffe_op product = {.op = "Mul", .part = "", .src = src, .n_src = 2, .shape = l->in[0]};
    CAFFE_TRY(caffe_inner(r, l, &square, &src[0]));
    CAFFE_TRY(caffe_inner(r, l, &mean, &src[0]));
    CAFFE_TRY(caffe_add_number(r, l, "alpha", p->alpha, &src[1]));
    CAFFE_TRY(caffe_inner(r, l, &scale, &src[0]));
    CAFFE_TRY(caffe_add_number(r, l, "one", 1, &src[1]));
    CAFFE_TRY(caffe_inner(r, l, &shift, &src[0]));
    CAFFE_TRY(caffe_add_number(r, l, "beta", -p->beta, &src[1]));
    CAFFE_TRY(caffe_inner(r, l, &power, &src[1]));
    src[0] = l->src[0];
    return caffe_result(r, l, &product, 0);
}

int32_t caffe_lrn(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__LRNParameter none = CAFFE_NET__LRNPARAMETER__INIT;
    const CaffeNet__LRNParameter *p = l->lrn_param ? l->lrn_param : &none;
    int64_t size;
    CAFFE_TRY(caffe_range(r, "local_size", p->local_size, 1, 1 << 20, &size));
    if (size % 2 == 0)
        return caffe_fail(r, AMCT_E_FORMAT, "local_size is %lld, an odd number wanted",
                          (long long)size);
    if (l->in[0].rank != 4)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 wanted", l->in[0].rank);
    bool inside = p->norm_region == CAFFE_NET__LRNPARAMETER__NORM_REGION__WITHIN_CHANNEL;
    return inside ? within(r, l, p, size) : across(r, l, p, size);
}
