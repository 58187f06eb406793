/*
 * Convolutions and pools. TensorFlow's SAME pads so that there are ceil(in / stride) results, the
 * odd pixel at the end; the numbers are written out, as pads.
 */
#include "tf_rules.h"

#include <string.h>

enum { MAX_SPACE = 3, MAX_SIZE = 1 << 24 };

/* Per spatial dim. */
typedef struct tf_window {
    uint32_t n; /* spatial dims */
    bool last;  /* channels */
    int64_t in[MAX_SPACE], kernel[MAX_SPACE], strides[MAX_SPACE], dilations[MAX_SPACE];
    int64_t pads[2 * MAX_SPACE], out[MAX_SPACE]; /* begins, then ends */
} tf_window;

struct tf_block {
    int64_t sizes[2], pads[4]; /* of height and width; begins, then ends */
    tf_call conv;              /* what is done within the blocks, once it is known */
    bool has_conv;
};

/* TensorFlow's axis of spatial dim i. */
static uint32_t space_axis(const tf_window *w, uint32_t i)
{
    return i + (w->last ? 1 : 2);
}

static int32_t read_list(tf_reader *r, const tf_call *call, const char *name, const tf_window *w,
                         int64_t *out)
{
    int64_t all[MAX_SPACE + 2];
    uint32_t n;
    TF_TRY(tf_attr_ints(r, call->node, name, all, MAX_SPACE + 2, &n));
    if (n == 0)
        for (; n < w->n + 2; n++)
            all[n] = 1;
    if (n != w->n + 2)
        return tf_fail(r, AMCT_E_FORMAT, "%s has %u numbers, %u wanted", name, n, w->n + 2);
    if (all[0] != 1 || all[w->last ? n - 1 : 1] != 1)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "%s over the batch or the channels is not supported",
                       name);
    for (uint32_t i = 0; i < w->n; i++) {
        out[i] = all[space_axis(w, i)];
        if (out[i] < 1 || out[i] > MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "%s has %lld, 1 to %d wanted", name, (long long)out[i],
                           MAX_SIZE);
    }
    return AMCT_OK;
}

static int32_t read_explicit(tf_reader *r, const tf_call *call, tf_window *w)
{
    int64_t all[2 * (MAX_SPACE + 2)];
    uint32_t n;
    TF_TRY(tf_attr_ints(r, call->node, "explicit_paddings", all, 2 * (MAX_SPACE + 2), &n));
    if (n != 2 * (w->n + 2))
        return tf_fail(r, AMCT_E_FORMAT, "explicit_paddings has %u numbers, %u wanted", n,
                       2 * (w->n + 2));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t axis = i / 2;
        bool space = axis >= space_axis(w, 0) && axis < space_axis(w, 0) + w->n;
        if (all[i] < 0 || all[i] > MAX_SIZE || (!space && all[i]))
            return tf_fail(r, AMCT_E_FORMAT, "explicit_paddings has %lld", (long long)all[i]);
        if (space)
            w->pads[(i % 2) * w->n + axis - space_axis(w, 0)] = all[i];
    }
    return AMCT_OK;
}

/* The source's sizes, strides and the rest, but for the kernel. */
static int32_t read_window(tf_reader *r, const tf_call *call, const tf_value *x, tf_window *w)
{
    *w = (tf_window){.last = tf_channels_last(call)};
    if (x->shape.rank < 3 || x->shape.rank > MAX_SPACE + 2)
        return tf_fail(r, AMCT_E_FORMAT, "its input has %u dims, 4 or 5 wanted", x->shape.rank);
    w->n = x->shape.rank - 2;
    for (uint32_t i = 0; i < w->n; i++) {
        w->in[i] = x->shape.dims[space_axis(w, i)];
        if (w->in[i] < 1 || w->in[i] > MAX_SIZE)
            return tf_fail(r, AMCT_E_UNSUPPORTED,
                           "the size of its input is not known or not sane in dim %u: all dims but "
                           "the batch must be fixed in the file",
                           space_axis(w, i));
    }
    TF_TRY(read_list(r, call, "strides", w, w->strides));
    return read_list(r, call, "dilations", w, w->dilations);
}

static int64_t extent(const tf_window *w, uint32_t i)
{
    return (w->kernel[i] - 1) * w->dilations[i] + 1;
}

/* SAME for `in` pixels of which there are `out` windows. */
static void pad_same(tf_window *w, uint32_t i, int64_t in, int64_t out)
{
    int64_t all = (out - 1) * w->strides[i] + extent(w, i) - in;
    all = all > 0 ? all : 0;
    w->pads[i] = all / 2;
    w->pads[w->n + i] = all - all / 2;
}

static int32_t pad(tf_reader *r, const tf_call *call, tf_window *w)
{
    bool same = tf_attr_is(call->node, "padding", "SAME", "");
    if (!same && !tf_attr_is(call->node, "padding", "VALID", "")) {
        if (!tf_attr_is(call->node, "padding", "EXPLICIT", ""))
            return tf_fail(r, AMCT_E_FORMAT, "padding is not SAME, VALID or EXPLICIT");
        TF_TRY(read_explicit(r, call, w));
    }
    for (uint32_t i = 0; i < w->n; i++)
        if (same)
            pad_same(w, i, w->in[i], (w->in[i] - 1) / w->strides[i] + 1);
    return AMCT_OK;
}

static int32_t measure(tf_reader *r, tf_window *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t in = w->in[i] + w->pads[i] + w->pads[w->n + i];
        if (in < extent(w, i))
            return tf_fail(r, AMCT_E_FORMAT, "a window of %lld does not fit into %lld pixels",
                           (long long)extent(w, i), (long long)in);
        w->out[i] = (in - extent(w, i)) / w->strides[i] + 1;
    }
    return AMCT_OK;
}

static tf_shape result_shape(const tf_window *w, int64_t batch, int64_t channels)
{
    tf_shape shape = {.rank = w->n + 2, .dims = {batch}};
    shape.dims[w->last ? w->n + 1 : 1] = channels;
    for (uint32_t i = 0; i < w->n; i++)
        shape.dims[space_axis(w, i)] = w->out[i];
    return shape;
}

static void put_window(tf_op *op, const tf_window *w, bool dilated)
{
    tf_op_ints(op, "kernel_shape", w->kernel, w->n);
    tf_op_ints(op, "strides", w->strides, w->n);
    tf_op_ints(op, "pads", w->pads, 2 * w->n);
    if (dilated)
        tf_op_ints(op, "dilations", w->dilations, w->n);
}

/* ---- Convolution --------------------------------------------------------------------------- */

typedef struct tf_filter {
    tf_order order;
    tf_shape dims; /* as ONNX has it */
    int64_t groups;
} tf_filter;

/* height x width x in x out, of a depthwise one height x width x channels x multiplier. */
static int32_t read_filter(tf_reader *r, const tf_call *call, const tf_value *w, int64_t channels,
                           tf_window *window, tf_filter *f)
{
    bool depthwise = strcmp(call->node->op, "DepthwiseConv2dNative") == 0;
    uint32_t n = window->n;
    char text[200];
    if (w->shape.rank != n + 2)
        return tf_fail(r, AMCT_E_FORMAT, "its weights have %u dims, %u wanted", w->shape.rank,
                       n + 2);
    for (uint32_t i = 0; i < n + 2; i++)
        if (w->shape.dims[i] < 1 || w->shape.dims[i] > MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "its weights are %s",
                           tf_shape_text(&w->shape, text, sizeof text));
    int64_t in = w->shape.dims[n], out = w->shape.dims[n + 1];
    if (channels < 1 || channels % in || (depthwise && channels != in))
        return tf_fail(r, AMCT_E_FORMAT, "its weights are %s, its input has %lld channels",
                       tf_shape_text(&w->shape, text, sizeof text), (long long)channels);
    f->groups = depthwise ? in : channels / in;
    f->order = tf_order_plain();
    f->order.axis[0] = (uint8_t)(depthwise ? n : n + 1);
    f->order.axis[1] = (uint8_t)(depthwise ? n + 1 : n);
    f->dims = (tf_shape){.rank = n + 2, .dims = {depthwise ? in * out : out, depthwise ? 1 : in}};
    for (uint32_t i = 0; i < n; i++) {
        f->order.axis[2 + i] = (uint8_t)i;
        window->kernel[i] = f->dims.dims[2 + i] = w->shape.dims[i];
    }
    if (f->dims.dims[0] % f->groups)
        return tf_fail(r, AMCT_E_FORMAT, "%lld channels in %lld groups", (long long)f->dims.dims[0],
                       (long long)f->groups);
    return AMCT_OK;
}

/* block: the convolution is dilated, as SpaceToBatchND and BatchToSpaceND spell it. */
static int32_t emit_conv(tf_reader *r, const tf_call *call, tf_value *x,
                         const struct tf_block *block, tf_value **out)
{
    tf_window w;
    tf_filter f;
    uint32_t src, weights;
    tf_op op = tf_op_of("Conv");
    TF_TRY(read_window(r, call, x, &w));
    TF_TRY(read_filter(r, call, call->src[1], x->shape.dims[w.last ? w.n + 1 : 1], &w, &f));
    if (block)
        for (uint32_t i = 0; i < 2; i++) {
            w.dilations[i] = block->sizes[i];
            w.pads[i] = block->pads[i];
            w.pads[2 + i] = block->pads[2 + i];
        }
    else
        TF_TRY(pad(r, call, &w));
    TF_TRY(measure(r, &w));
    tf_order order = tf_order_first(w.n + 2, w.last);
    TF_TRY(tf_want(r, x, &order, &src));
    if (f.groups > 1 && f.dims.dims[1] == 1)
        TF_TRY(tf_want_as(r, call->src[1], &f.order, &f.dims, &weights));
    else
        TF_TRY(tf_want(r, call->src[1], &f.order, &weights));
    tf_op_src(&op, src);
    tf_op_src(&op, weights);
    put_window(&op, &w, true);
    tf_op_int(&op, "group", f.groups);
    tf_shape shape = result_shape(&w, x->shape.dims[0], f.dims.dims[0]);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, out);
}

int32_t tf_conv(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t strides[MAX_SPACE + 2];
    uint32_t n;
    if (x->kind != TF_BLOCKED)
        return emit_conv(r, call, x, NULL, &call->dst[0]);
    TF_TRY(tf_attr_ints(r, call->node, "strides", strides, MAX_SPACE + 2, &n));
    for (uint32_t i = 0; i < n; i++)
        n = strides[i] == 1 ? n : 0;
    if (n != 4 || x->block->has_conv || !tf_attr_is(call->node, "padding", "VALID", "") ||
        !tf_channels_last(call))
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "within SpaceToBatchND only one convolution is supported, with stride 1, "
                       "padding VALID and channels last");
    struct tf_block *block = tf_alloc(&r->memory, 1, sizeof *block);
    if (!block)
        return tf_nomem(r);
    *block = *x->block;
    block->conv = *call;
    block->has_conv = true;
    TF_TRY(tf_value_new(r, call->name, x->dtype, &x->shape, &call->dst[0]));
    call->dst[0]->kind = TF_BLOCKED;
    call->dst[0]->block = block;
    call->dst[0]->from = x->from;
    return AMCT_OK;
}

/* Block sizes and paddings or crops of height and width. */
static int32_t read_block(tf_reader *r, const tf_call *call, int64_t *sizes, int64_t *pads)
{
    uint32_t n, n_pads;
    int64_t pairs[4];
    TF_TRY(tf_ints(r, call->src[1], "the block", sizes, 2, &n));
    TF_TRY(tf_ints(r, call->src[2], "the padding", pairs, 4, &n_pads));
    if (n != 2 || n_pads != 4)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "only blocks of height and width are supported");
    for (uint32_t i = 0; i < 2; i++) {
        pads[i] = pairs[2 * i];
        pads[2 + i] = pairs[2 * i + 1];
        if (sizes[i] < 1 || sizes[i] > MAX_SIZE || pads[i] < 0 || pads[i] > MAX_SIZE ||
            pads[2 + i] < 0 || pads[2 + i] > MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "a block or a padding out of range");
    }
    return AMCT_OK;
}

int32_t tf_space_to_batch(tf_reader *r, tf_call *call)
{
    struct tf_block *block = tf_alloc(&r->memory, 1, sizeof *block);
    tf_value *x = call->src[0];
    if (!block)
        return tf_nomem(r);
    if (x->shape.rank != 4)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 are supported",
                       x->shape.rank);
    TF_TRY(read_block(r, call, block->sizes, block->pads));
    TF_TRY(tf_value_new(r, call->name, x->dtype, &x->shape, &call->dst[0]));
    call->dst[0]->kind = TF_BLOCKED;
    call->dst[0]->block = block;
    call->dst[0]->from = x;
    return AMCT_OK;
}

int32_t tf_batch_to_space(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t sizes[2], crops[4];
    TF_TRY(read_block(r, call, sizes, crops));
    if (x->kind != TF_BLOCKED || !x->block->has_conv ||
        memcmp(sizes, x->block->sizes, sizeof sizes) != 0)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "is supported behind SpaceToBatchND and a convolution only");
    struct tf_block block = *x->block;
    for (uint32_t i = 0; i < 4; i++)
        block.pads[i] -= crops[i];
    for (uint32_t i = 0; i < 4; i++)
        if (block.pads[i] < 0)
            return tf_fail(r, AMCT_E_UNSUPPORTED, "cuts more off than was padded");
    return emit_conv(r, &block.conv, x->from, &block, &call->dst[0]);
}

/* ---- Backwards ----------------------------------------------------------------------------- */

/* Sizes of the result, and what of it lies in the padding: pads, or more that is left empty. */
static int32_t measure_back(tf_reader *r, const tf_call *call, const int64_t *sizes, tf_window *w,
                            int64_t *more)
{
    bool same = tf_attr_is(call->node, "padding", "SAME", "");
    if (!same && !tf_attr_is(call->node, "padding", "VALID", ""))
        return tf_fail(r, AMCT_E_UNSUPPORTED, "padding is not SAME or VALID");
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t out = sizes[space_axis(w, i)], whole;
        int64_t forth =
            same ? (out - 1) / w->strides[i] + 1 : (out - extent(w, i)) / w->strides[i] + 1;
        if (out < 1 || out > MAX_SIZE || out < (same ? 1 : extent(w, i)) || forth != w->in[i])
            return tf_fail(r, AMCT_E_FORMAT, "a result of %lld pixels cannot come of %lld",
                           (long long)out, (long long)w->in[i]);
        if (same)
            pad_same(w, i, out, w->in[i]);
        whole = (w->in[i] - 1) * w->strides[i] + extent(w, i);
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
    int64_t sizes[MAX_SPACE + 2], more[MAX_SPACE] = {0};
    tf_window w;
    uint32_t src, weights;
    tf_op op = tf_op_of("ConvTranspose");
    TF_TRY(read_window(r, call, x, &w));
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
        if (w.kernel[i] < 1 || w.kernel[i] > MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "a kernel of %lld", (long long)w.kernel[i]);
    }
    TF_TRY(measure_back(r, call, sizes, &w, more));
    tf_order order = tf_order_first(w.n + 2, w.last);
    TF_TRY(tf_want(r, x, &order, &src));
    TF_TRY(tf_want(r, filter, &weights_order, &weights));
    tf_op_src(&op, src);
    tf_op_src(&op, weights);
    put_window(&op, &w, true);
    for (uint32_t i = 0; i < w.n; i++)
        if (more[i]) {
            tf_op_ints(&op, "output_padding", more, w.n);
            break;
        }
    tf_shape shape = result_shape(&w, x->shape.dims[0], filter->shape.dims[w.n]);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}

/* ---- Pools --------------------------------------------------------------------------------- */

int32_t tf_pool(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    tf_window w;
    uint32_t src;
    tf_op op = tf_op_of(tf_as(call));
    TF_TRY(read_window(r, call, x, &w));
    TF_TRY(read_list(r, call, "ksize", &w, w.kernel));
    for (uint32_t k = 0; call->n_src == 3 && k < 2; k++) { /* MaxPoolV2 */
        int64_t list[MAX_SPACE + 2];
        uint32_t n;
        TF_TRY(tf_ints(r, call->src[1 + k], k ? "strides" : "ksize", list, MAX_SPACE + 2, &n));
        for (uint32_t i = 0; i < w.n; i++) {
            int64_t number = n == w.n + 2 ? list[space_axis(&w, i)] : 0;
            if (number < 1 || number > MAX_SIZE)
                return tf_fail(r, AMCT_E_FORMAT, "ksize or strides out of range");
            (k ? w.strides : w.kernel)[i] = number;
        }
    }
    TF_TRY(pad(r, call, &w));
    TF_TRY(measure(r, &w));
    tf_order order = tf_order_first(w.n + 2, w.last);
    TF_TRY(tf_want(r, x, &order, &src));
    tf_op_src(&op, src);
    put_window(&op, &w, false);
    tf_shape shape = result_shape(&w, x->shape.dims[0], x->shape.dims[w.last ? w.n + 1 : 1]);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}
