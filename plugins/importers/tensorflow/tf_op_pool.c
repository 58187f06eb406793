/* Transposed convolutions and pools. */
#include "tf_window.h"

/* ---- Backwards ----------------------------------------------------------------------------- */

/* Sizes of the result, and what of it lies in the padding: pads, or more that is left empty. */
static int32_t measure_back(tf_reader *r, const tf_call *call, const int64_t *sizes, tf_window *w,
                            int64_t *more)
{
    bool same = tf_attr_is(call->node, "padding", "SAME", "");
    if (!same && !tf_attr_is(call->node, "padding", "VALID", ""))
        return tf_fail(r, AMCT_E_UNSUPPORTED, "padding is not SAME or VALID");
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t out = sizes[tf_window_axis(w, i)], whole;
        int64_t forth = same ? (out - 1) / w->strides[i] + 1
                             : (out - tf_window_extent(w, i)) / w->strides[i] + 1;
        if (out < 1 || out > TF_MAX_SIZE || out < (same ? 1 : tf_window_extent(w, i)) ||
            forth != w->in[i])
            return tf_fail(r, AMCT_E_FORMAT, "a result of %lld pixels cannot come of %lld",
                           (long long)out, (long long)w->in[i]);
        if (same)
            tf_window_same(w, i, out, w->in[i]);
        whole = (w->in[i] - 1) * w->strides[i] + tf_window_extent(w, i);
        w->out[i] = out;
        w->pads[w->n + i] = whole - w->pads[i] - out;
        more[i] = w->pads[w->n + i] < 0 ? -w->pads[w->n + i] : 0;
        w->pads[w->n + i] += more[i];
    }
    return AMCT_OK;
}

int32_t tf_conv_transpose(tf_reader *r, tf_call *call)
{
    tf_value *filter = call->src[1], *x = call->src[2];
    const double *known;
    size_t n_known;
    int64_t sizes[TF_MAX_SPACE + 2], more[TF_MAX_SPACE] = {0};
    tf_window w;
    uint32_t src, weights;
    tf_op op = tf_op_of("ConvTranspose");
    TF_TRY(tf_window_read(r, call, x, &w));
    int64_t channels = x->shape.dims[w.last ? w.n + 1 : 1];
    known = tf_known(r, call->src[0], &n_known);
    if (!known || n_known != w.n + 2)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "the size of its result ('%.200s') is not known",
                       call->src[0]->name);
    for (uint32_t i = 0; i < n_known; i++)
        sizes[i] = tf_whole(known[i]);
    if (filter->shape.rank != w.n + 2 || channels < 1 || filter->shape.dims[w.n + 1] != channels ||
        filter->shape.dims[w.n] < 1)
        return tf_fail(r, AMCT_E_FORMAT, "its weights do not fit its input of %lld channels",
                       (long long)channels);
    tf_order weights_order = tf_order_plain();
    weights_order.axis[0] = (uint8_t)(w.n + 1);
    weights_order.axis[1] = (uint8_t)w.n;
    for (uint32_t i = 0; i < w.n; i++) {
        w.kernel[i] = filter->shape.dims[i];
        weights_order.axis[2 + i] = (uint8_t)i;
        if (w.kernel[i] < 1 || w.kernel[i] > TF_MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "a kernel of %lld", (long long)w.kernel[i]);
    }
    TF_TRY(measure_back(r, call, sizes, &w, more));
    tf_order order = tf_order_first(w.n + 2, w.last);
    TF_TRY(tf_want(r, x, &order, &src));
    TF_TRY(tf_want(r, filter, &weights_order, &weights));
    tf_op_src(&op, src);
    tf_op_src(&op, weights);
    tf_window_put(&op, &w, true);
    for (uint32_t i = 0; i < w.n; i++)
        if (more[i]) {
            tf_op_ints(&op, "output_padding", more, w.n);
            break;
        }
    tf_shape shape = tf_window_result(&w, x->shape.dims[0], filter->shape.dims[w.n]);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}

/* ---- Pools --------------------------------------------------------------------------------- */

int32_t tf_pool(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    tf_window w;
    uint32_t src;
    tf_op op = tf_op_of(tf_as(call));
    TF_TRY(tf_window_read(r, call, x, &w));
    TF_TRY(tf_window_list(r, call, "ksize", &w, w.kernel));
    for (uint32_t k = 0; call->n_src == 3 && k < 2; k++) { /* MaxPoolV2 */
        int64_t list[TF_MAX_SPACE + 2];
        uint32_t n;
        TF_TRY(tf_ints(r, call->src[1 + k], k ? "strides" : "ksize", list, TF_MAX_SPACE + 2, &n));
        for (uint32_t i = 0; i < w.n; i++) {
            int64_t number = n == w.n + 2 ? list[tf_window_axis(&w, i)] : 0;
            if (number < 1 || number > TF_MAX_SIZE)
                return tf_fail(r, AMCT_E_FORMAT, "ksize or strides out of range");
            (k ? w.strides : w.kernel)[i] = number;
        }
    }
    TF_TRY(tf_window_pad(r, call, &w));
    TF_TRY(tf_window_measure(r, &w));
    tf_order order = tf_order_first(w.n + 2, w.last);
    TF_TRY(tf_want(r, x, &order, &src));
    tf_op_src(&op, src);
    tf_window_put(&op, &w, false);
    tf_shape shape = tf_window_result(&w, x->shape.dims[0], x->shape.dims[w.last ? w.n + 1 : 1]);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}
