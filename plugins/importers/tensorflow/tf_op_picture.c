/* Padded, gathered, resized; blocks of pixels as channels. */
#include "tf_rules.h"

#include <string.h>

int32_t tf_pad(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t pairs[2 * TF_MAX_RANK], pads[2 * TF_MAX_RANK], most = 0;
    uint32_t n, rank = x->shape.rank, id, list, value;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of("Pad");
    TF_TRY(tf_ints(r, call->src[1], "the padding", pairs, 2 * TF_MAX_RANK, &n));
    if (n != 2 * rank)
        return tf_fail(r, AMCT_E_FORMAT, "pads %u dims of %u", n / 2, rank);
    tf_order order = tf_order_of(r, &x, 1, rank);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = tf_order_place(&order, rank, i / 2);
        if (pairs[i] < 0 || pairs[i] > INT32_MAX)
            return tf_fail(r, AMCT_E_FORMAT, "pads by %lld", (long long)pairs[i]);
        most = pairs[i] > most ? pairs[i] : most;
        pads[(i % 2) * rank + place] = pairs[i];
        if (shape.dims[i / 2] >= 0)
            shape.dims[i / 2] += pairs[i];
    }
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "pads"), pads, n, &list));
    tf_op_src(&op, id);
    tf_op_src(&op, list);
    if (strcmp(call->node->op, "MirrorPad") == 0) {
        bool symmetric = tf_attr_is(call->node, "mode", "SYMMETRIC", "");
        if (symmetric && most > 1)
            return tf_fail(r, AMCT_E_UNSUPPORTED, "SYMMETRIC by more than 1 is not supported");
        tf_op_text(&op, "mode", symmetric ? "edge" : "reflect");
    } else if (call->n_src == 3) {
        TF_TRY(tf_want_plain(r, call->src[2], &value));
        tf_op_src(&op, value);
    }
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}

int32_t tf_gather(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0], *indices = call->src[1];
    int64_t where = 0;
    uint32_t axis, ids[2];
    tf_shape shape = {.rank = 0};
    const tf_order plain = tf_order_plain();
    tf_op op = tf_op_of("Gather");
    if (call->n_src == 3)
        TF_TRY(tf_int(r, call->src[2], "the axis", &where));
    if (tf_attr_int(call->node, "batch_dims", 0))
        return tf_fail(r, AMCT_E_UNSUPPORTED, "batch_dims are not supported");
    TF_TRY(tf_axis(r, where, x->shape.rank, &axis));
    if (x->shape.rank - 1 + indices->shape.rank > TF_MAX_RANK)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "more than %d dims", TF_MAX_RANK);
    for (uint32_t i = 0; i < x->shape.rank; i++)
        if (i != axis)
            shape.dims[shape.rank++] = x->shape.dims[i];
        else
            for (uint32_t k = 0; k < indices->shape.rank; k++)
                shape.dims[shape.rank++] = indices->shape.dims[k];
    TF_TRY(tf_want_plain(r, x, &ids[0]));
    TF_TRY(tf_want_plain(r, indices, &ids[1]));
    tf_op_src(&op, ids[0]);
    tf_op_src(&op, ids[1]);
    tf_op_int(&op, "axis", axis);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &plain, &call->dst[0]);
}

/* TensorFlow rounds halves up where ONNX has a choice. */
int32_t tf_resize(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    const char *mode = tf_as(call);
    bool corners = tf_attr_bool(call->node, "align_corners", false);
    bool centers = tf_attr_bool(call->node, "half_pixel_centers", false);
    int64_t size[2];
    uint32_t n, id, list;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of("Resize");
    TF_TRY(tf_ints(r, call->src[1], "the size", size, 2, &n));
    if (n != 2 || x->shape.rank != 4 || size[0] < 1 || size[1] < 1 || shape.dims[3] < 1)
        return tf_fail(r, AMCT_E_FORMAT, "the size wanted or its input are not those of an image");
    shape.dims[1] = size[0];
    shape.dims[2] = size[1];
    tf_order order = tf_order_first(4, true);
    tf_shape stored = tf_order_apply(&order, &shape);
    stored.dims[0] = stored.dims[0] < 0 ? 1 : stored.dims[0]; /* until a batch size is chosen */
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "sizes"), stored.dims, 4, &list));
    tf_op_src(&op, id);
    tf_op_src(&op, AMCT_NO_TENSOR);
    tf_op_src(&op, AMCT_NO_TENSOR);
    tf_op_src(&op, list);
    tf_op_text(&op, "mode", mode);
    tf_op_text(&op, "coordinate_transformation_mode",
               corners   ? "align_corners"
               : centers ? "half_pixel"
                         : "asymmetric");
    if (strcmp(mode, "nearest") == 0)
        tf_op_text(&op, "nearest_mode", corners || centers ? "round_prefer_ceil" : "floor");
    if (strcmp(mode, "cubic") == 0) {
        tf_op_float(&op, "cubic_coeff_a", centers ? -0.5f : -0.75f);
        tf_op_int(&op, "exclude_outside", centers);
    }
    return tf_emit(r, &op, call->name, mode[0] == 'n' ? x->dtype : AMCT_FLOAT, &shape, &order,
                   &call->dst[0]);
}

int32_t tf_depth_to_space(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    const char *as = tf_as(call);
    int64_t block = tf_attr_int(call->node, "block_size", 0);
    bool last = tf_channels_last(call), deep = strcmp(as, "SpaceToDepth") == 0;
    uint32_t id, channel = last ? 3 : 1;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of(as);
    if (shape.rank != 4 || block < 1 || block > 1 << 15)
        return tf_fail(r, AMCT_E_FORMAT, "4 dims and a block of 1 or more are wanted");
    for (uint32_t i = 1; i < 4; i++) {
        int64_t by = i == channel ? block * block : block, dim = shape.dims[i];
        bool divide = (i == channel) != deep;
        if (dim < 0 || (divide && dim % by) || (!divide && dim > INT32_MAX))
            return tf_fail(r, AMCT_E_FORMAT, "dim %u is %lld, blocks of %lld", i, (long long)dim,
                           (long long)block);
        shape.dims[i] = divide ? dim / by : dim * by;
    }
    tf_order order = tf_order_first(4, last);
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    tf_op_int(&op, "blocksize", block);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}
