/* Convolutions, plain, grouped, depthwise, and dilated as SpaceToBatchND spells them. */
#include "tf_window.h"

#include <string.h>

struct tf_block {
    int64_t sizes[2], pads[4]; /* of height and width; begins, then ends */
    tf_call conv;              /* what is done within the blocks, once it is known */
    bool has_conv;
};

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
        if (w->shape.dims[i] < 1 || w->shape.dims[i] > TF_MAX_SIZE)
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
    TF_TRY(tf_window_read(r, call, x, &w));
    TF_TRY(read_filter(r, call, call->src[1], x->shape.dims[w.last ? w.n + 1 : 1], &w, &f));
    if (block)
        for (uint32_t i = 0; i < 2; i++) {
            w.dilations[i] = block->sizes[i];
            w.pads[i] = block->pads[i];
            w.pads[2 + i] = block->pads[2 + i];
        }
    else
        TF_TRY(tf_window_pad(r, call, &w));
    TF_TRY(tf_window_measure(r, &w));
    tf_order order = tf_order_first(w.n + 2, w.last);
    TF_TRY(tf_want(r, x, &order, &src));
    if (f.groups > 1 && f.dims.dims[1] == 1)
        TF_TRY(tf_want_as(r, call->src[1], &f.order, &f.dims, &weights));
    else
        TF_TRY(tf_want(r, call->src[1], &f.order, &weights));
    tf_op_src(&op, src);
    tf_op_src(&op, weights);
    tf_window_put(&op, &w, true);
    tf_op_int(&op, "group", f.groups);
    tf_shape shape = tf_window_result(&w, x->shape.dims[0], f.dims.dims[0]);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, out);
}

int32_t tf_conv(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t strides[TF_MAX_SPACE + 2];
    uint32_t n;
    if (x->kind != TF_BLOCKED)
        return emit_conv(r, call, x, NULL, &call->dst[0]);
    TF_TRY(tf_attr_ints(r, call->node, "strides", strides, TF_MAX_SPACE + 2, &n));
    for (uint32_t i = 0; i < n; i++)
        n = strides[i] == 1 ? n : 0;
    if (n != 4 || x->block->has_conv || !tf_attr_is(call->node, "padding", "VALID", "") ||
        !tf_channels_last(call))
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "within SpaceToBatchND only one convolution is supported, with stride 1, "
                       "padding VALID and channels last");
    struct tf_block *block = import_alloc(&r->memory, 1, sizeof *block);
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
        if (sizes[i] < 1 || sizes[i] > TF_MAX_SIZE || pads[i] < 0 || pads[i] > TF_MAX_SIZE ||
            pads[2 + i] < 0 || pads[2 + i] > TF_MAX_SIZE)
            return tf_fail(r, AMCT_E_FORMAT, "a block or a padding out of range");
    }
    return AMCT_OK;
}

int32_t tf_space_to_batch(tf_reader *r, tf_call *call)
{
    struct tf_block *block = import_alloc(&r->memory, 1, sizeof *block);
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
