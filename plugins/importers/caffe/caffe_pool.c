/*
 * Pooling. Caffe rounds the number of windows up, then drops one that would begin in the padding at
 * the end; an average divides by the elements of the window within the padded image. Both become
 * explicit pads: windows then fit exactly, whatever the rounding.
 */
#include "caffe_reader.h"

enum { MAX_NUMBER = 1 << 24 };

typedef struct window {
    int64_t kernel[2], stride[2], pad[2];
    int64_t out[2];
    int64_t end[2]; /* padding at the end, without which the last window has too few elements */
} window;

static int32_t read_pair(caffe_reader *r, const char *what, bool has, uint64_t both, bool has_h,
                         uint64_t h, bool has_w, uint64_t w, int64_t min, int64_t out[2])
{
    if ((has_h || has_w) && (has || (min && (!has_h || !has_w))))
        return caffe_fail(r, AMCT_E_FORMAT, "%s_h and %s_w go together, without %s", what, what,
                          what);
    CAFFE_TRY(caffe_range(r, what, has_h ? h : both, min, MAX_NUMBER, &out[0]));
    return caffe_range(r, what, has_w ? w : both, min, MAX_NUMBER, &out[1]);
}

/* The number of windows along one dim, and where the last one ends. */
static int32_t place_windows(caffe_reader *r, const CaffeNet__PoolingParameter *p, int64_t in,
                             window *w, int d)
{
    int64_t k = w->kernel[d], s = w->stride[d], pad = w->pad[d], room = in + 2 * pad - k;
    bool ceil = p->round_mode != CAFFE_NET__POOLING_PARAMETER__ROUND_MODE__FLOOR;
    if (pad >= k)
        return caffe_fail(r, AMCT_E_FORMAT, "pad is %lld, less than the kernel (%lld) wanted",
                          (long long)pad, (long long)k);
    /* division that rounds up or down below 0, too */
    int64_t steps =
        room >= 0 ? (room + (ceil ? s - 1 : 0)) / s : -((-room + (ceil ? 0 : s - 1)) / s);
    int64_t out = steps + 1;
    if ((w->pad[0] || w->pad[1]) && (out - 1) * s >= in + pad)
        out--;
    int64_t end = (out - 1) * s + k - in - pad;
    if (out < 1 || (out - 1) * s >= in + pad)
        return caffe_fail(r, AMCT_E_FORMAT,
                          "a window of %lld with stride %lld and pad %lld does not fit into %lld",
                          (long long)k, (long long)s, (long long)pad, (long long)in);
    w->out[d] = out;
    w->end[d] = end > 0 ? end : 0;
    return AMCT_OK;
}

static int32_t read_window(caffe_reader *r, const CaffeNet__PoolingParameter *p,
                           const caffe_shape *in, window *w)
{
    if (!p->has_kernel_size && !p->has_kernel_h && !p->has_kernel_w)
        return caffe_fail(r, AMCT_E_FORMAT, "has no kernel_size");
    CAFFE_TRY(read_pair(r, "kernel", p->has_kernel_size, p->kernel_size, p->has_kernel_h,
                        p->kernel_h, p->has_kernel_w, p->kernel_w, 1, w->kernel));
    CAFFE_TRY(read_pair(r, "stride", p->has_stride, p->stride, p->has_stride_h, p->stride_h,
                        p->has_stride_w, p->stride_w, 1, w->stride));
    CAFFE_TRY(read_pair(r, "pad", p->has_pad, p->pad, p->has_pad_h, p->pad_h, p->has_pad_w,
                        p->pad_w, 0, w->pad));
    for (int d = 0; d < 2; d++)
        CAFFE_TRY(place_windows(r, p, in->dims[2 + d], w, d));
    return AMCT_OK;
}

static int32_t pool_all(caffe_reader *r, caffe_layer *l, bool average)
{
    caffe_op op = {.op = average ? "GlobalAveragePool" : "GlobalMaxPool",
                   .part = "",
                   .src = l->src,
                   .n_src = 1,
                   .shape = l->in[0]};
    op.shape.dims[2] = op.shape.dims[3] = 1;
    return caffe_result(r, l, &op, 0);
}

/* The padding that an average counts: zeros of their own. */
static int32_t pad_zeros(caffe_reader *r, caffe_layer *l, window *w, uint32_t *id)
{
    const int64_t pads[8] = {0, 0, w->pad[0], w->pad[1], 0, 0, w->pad[0], w->pad[1]};
    uint32_t src[2] = {l->src[0], 0};
    caffe_op op = {.op = "Pad", .part = "pad", .src = src, .n_src = 2, .shape = l->in[0]};
    CAFFE_TRY(caffe_add_ints(r, l, "pads", pads, 8, &src[1]));
    for (int d = 0; d < 2; d++) {
        op.shape.dims[2 + d] += 2 * w->pad[d];
        w->end[d] = w->end[d] > w->pad[d] ? w->end[d] - w->pad[d] : 0;
        w->pad[d] = 0;
    }
    return caffe_inner(r, l, &op, id);
}

int32_t caffe_pooling(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__PoolingParameter none = CAFFE_NET__POOLING_PARAMETER__INIT;
    const CaffeNet__PoolingParameter *p = l->pooling_param ? l->pooling_param : &none;
    bool average = p->pool == CAFFE_NET__POOLING_PARAMETER__POOL_METHOD__AVE;
    window w;
    if (p->pool > CAFFE_NET__POOLING_PARAMETER__POOL_METHOD__AVE)
        return caffe_fail(r, AMCT_E_UNSUPPORTED,
                          "stochastic pooling is not known; MAX and AVE are");
    if (l->n_tops > 1)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "the mask, its second top, is not known");
    if (l->in[0].rank != 4)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 wanted", l->in[0].rank);
    if (p->global_pooling)
        return pool_all(r, l, average);
    CAFFE_TRY(read_window(r, p, &l->in[0], &w));
    uint32_t src = l->src[0];
    bool padded = w.pad[0] || w.pad[1];
    bool beyond = w.end[0] > w.pad[0] || w.end[1] > w.pad[1];
    if (average && padded && beyond) {
        CAFFE_TRY(pad_zeros(r, l, &w, &src));
        padded = false;
    }
    const int64_t pads[4] = {w.pad[0], w.pad[1], w.end[0], w.end[1]};
    caffe_op op = {.op = average ? "AveragePool" : "MaxPool",
                   .part = "",
                   .src = &src,
                   .n_src = 1,
                   .attrs = {import_attr_ints("kernel_shape", w.kernel, 2),
                             import_attr_ints("strides", w.stride, 2),
                             import_attr_ints("pads", pads, 4),
                             import_attr_int("count_include_pad", padded)},
                   .n_attrs = average ? 4 : 3,
                   .shape = l->in[0]};
    op.shape.dims[2] = w.out[0];
    op.shape.dims[3] = w.out[1];
    return caffe_result(r, l, &op, 0);
}
