#include "tf_window.h"

int32_t tf_window_list(tf_reader *r, const tf_call *call, const char *name, const tf_window *w,
                       int64_t *out)
{
    int64_t all[TF_MAX_SPACE + 2];
    uint32_t n;
    TF_TRY(tf_attr_ints(r, call->node, name, all, TF_MAX_SPACE + 2, &n));
    if (n == 0)
        for (; n < w->n + 2; n++)
            all[n] = 1;
    if (n != w->n + 2)
        return tf_fail(r, AMCT_E_FORMAT, "%s has %u numbers, %u wanted", name, n, w->n + 2);
    if (all[0] != 1 || all[w->last ? n - 1 : 1] != 1)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "%s over the batch or the channels is not supported",
                       name);
    for (uint32_t i = 0; i < w->n; i++) {
        out[i] = all[tf_window_axis(w, i)];
        if (out[i] < 1 || out[i] > TF_MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "%s has %lld, 1 to %d wanted", name, (long long)out[i],
                           TF_MAX_SIZE);
    }
    return AMCT_OK;
}

static int32_t read_explicit(tf_reader *r, const tf_call *call, tf_window *w)
{
    int64_t all[2 * (TF_MAX_SPACE + 2)];
    uint32_t n;
    TF_TRY(tf_attr_ints(r, call->node, "explicit_paddings", all, 2 * (TF_MAX_SPACE + 2), &n));
    if (n != 2 * (w->n + 2))
        return tf_fail(r, AMCT_E_FORMAT, "explicit_paddings has %u numbers, %u wanted", n,
                       2 * (w->n + 2));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t axis = i / 2;
        bool space = axis >= tf_window_axis(w, 0) && axis < tf_window_axis(w, 0) + w->n;
        if (all[i] < 0 || all[i] > TF_MAX_SIZE || (!space && all[i]))
            return tf_fail(r, AMCT_E_FORMAT, "explicit_paddings has %lld", (long long)all[i]);
        if (space)
            w->pads[(i % 2) * w->n + axis - tf_window_axis(w, 0)] = all[i];
    }
    return AMCT_OK;
}

/* The source's sizes, strides and the rest, but for the kernel. */
int32_t tf_window_read(tf_reader *r, const tf_call *call, const tf_value *x, tf_window *w)
{
    *w = (tf_window){.last = tf_channels_last(call)};
    if (x->shape.rank < 3 || x->shape.rank > TF_MAX_SPACE + 2)
        return tf_fail(r, AMCT_E_FORMAT, "its input has %u dims, 4 or 5 wanted", x->shape.rank);
    w->n = x->shape.rank - 2;
    for (uint32_t i = 0; i < w->n; i++) {
        w->in[i] = x->shape.dims[tf_window_axis(w, i)];
        if (w->in[i] < 1 || w->in[i] > TF_MAX_SIZE)
            return tf_fail(r, AMCT_E_UNSUPPORTED,
                           "the size of its input is not known or not sane in dim %u: all dims but "
                           "the batch must be fixed, in the file or by option shape",
                           tf_window_axis(w, i));
    }
    TF_TRY(tf_window_list(r, call, "strides", w, w->strides));
    return tf_window_list(r, call, "dilations", w, w->dilations);
}

/* SAME for `in` pixels of which there are `out` windows. */
void tf_window_same(tf_window *w, uint32_t i, int64_t in, int64_t out)
{
    int64_t all = (out - 1) * w->strides[i] + tf_window_extent(w, i) - in;
    all = all > 0 ? all : 0;
    w->pads[i] = all / 2;
    w->pads[w->n + i] = all - all / 2;
}

int32_t tf_window_pad(tf_reader *r, const tf_call *call, tf_window *w)
{
    bool same = tf_attr_is(call->node, "padding", "SAME", "");
    if (!same && !tf_attr_is(call->node, "padding", "VALID", "")) {
        if (!tf_attr_is(call->node, "padding", "EXPLICIT", ""))
            return tf_fail(r, AMCT_E_FORMAT, "padding is not SAME, VALID or EXPLICIT");
        TF_TRY(read_explicit(r, call, w));
    }
    for (uint32_t i = 0; i < w->n; i++)
        if (same)
            tf_window_same(w, i, w->in[i], (w->in[i] - 1) / w->strides[i] + 1);
    return AMCT_OK;
}

int32_t tf_window_measure(tf_reader *r, tf_window *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t in = w->in[i] + w->pads[i] + w->pads[w->n + i];
        if (in < tf_window_extent(w, i))
            return tf_fail(r, AMCT_E_FORMAT, "a window of %lld does not fit into %lld pixels",
                           (long long)tf_window_extent(w, i), (long long)in);
        w->out[i] = (in - tf_window_extent(w, i)) / w->strides[i] + 1;
    }
    return AMCT_OK;
}

tf_shape tf_window_result(const tf_window *w, int64_t batch, int64_t channels)
{
    tf_shape shape = {.rank = w->n + 2, .dims = {batch}};
    shape.dims[w->last ? w->n + 1 : 1] = channels;
    for (uint32_t i = 0; i < w->n; i++)
        shape.dims[tf_window_axis(w, i)] = w->out[i];
    return shape;
}

void tf_window_put(tf_op *op, const tf_window *w, bool dilated)
{
    tf_op_ints(op, "kernel_shape", w->kernel, w->n);
    tf_op_ints(op, "strides", w->strides, w->n);
    tf_op_ints(op, "pads", w->pads, 2 * w->n);
    if (dilated)
        tf_op_ints(op, "dilations", w->dilations, w->n);
}
